//! Everything that a build may read, as digests: the sources, git's state, the toolchain, the environment.

use crate::outside::{self, Outside};
use crate::project::Project;
use crate::session::Session;
use goferry_cache::{Digest, FileHasher, KeyBuilder, Store};
use goferry_toolchain::go::GoIdentity;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What all builds of a run share.
#[derive(Clone, Debug)]
pub(crate) struct Inputs {
    /// Every local folder that may be compiled, embedded or read by cgo.
    pub sources: Digest,
    /// HEAD, tags and the state of the tree, which Go stamps.
    pub vcs: Digest,
    /// Which Go and its configuration.
    pub go: Digest,
    /// Variables that can change what is built.
    pub env: Vec<String>,
    /// What lies outside of the project and was hashed too.
    pub outside: Outside,
}

/// Hashes the inputs; the stat cache makes this cheap where nothing changed.
///
/// # Errors
/// A file that cannot be read.
pub(crate) fn gather(
    session: &Session,
    project: &Project,
    go: &GoIdentity,
    env: &BTreeMap<String, String>,
    dist: &Path,
) -> Result<Inputs, goferry_cache::CacheError> {
    let (sources, outside) = sources(session.cache.as_ref(), project, dist)?;
    Ok(Inputs {
        sources,
        outside,
        vcs: vcs(project),
        go: Digest::of(format!("{go:?}").as_bytes()),
        env: env
            .iter()
            .filter(|(k, _)| goferry_build::is_key_variable(k))
            .map(|(k, v)| format!("{k}={v}"))
            .collect(),
    })
}

fn sources(
    cache: Option<&Store>,
    project: &Project,
    dist: &Path,
) -> Result<(Digest, Outside), goferry_cache::CacheError> {
    let mut key = KeyBuilder::new("sources/2");
    if let (Some(m), false) = (&project.module, project.copied) {
        // The module cache is read-only and was checked by the go command.
        key.text("module", &m.path).text("version", &m.version).text("sum", &m.sum);
        return Ok((*key.finish().digest(), Outside::default()));
    }
    let roots = roots(project);
    let mut places = vec![];
    for dir in &roots {
        let Some(store) = cache else { break };
        let hasher = FileHasher::open(store.folder(), dir, 2);
        let inside = dist.strip_prefix(dir).map(Path::to_owned).unwrap_or_else(|_| PathBuf::from("\0"));
        let tree = hasher.tree(dir, &|p| p == inside || p.file_name().is_some_and(|n| n == ".git"))?;
        // Not written: the next run hashes again, nothing worse.
        let _ = hasher.save();
        key.text("root", "");
        outside::add_tree(dir, &tree, &mut key)?;
        places.extend(outside::links(dir, &tree));
        places.extend(outside::named(store, dir, &tree));
    }
    let outside = match cache {
        Some(store) => outside::add(store, places, &roots, &[dist, store.folder()], &mut key),
        None => Outside::default(),
    };
    if let Some(work) = project.roots.as_ref().and_then(|r| r.work_file.as_ref()) {
        for file in [work.clone(), work.with_extension("work.sum")] {
            key.bytes("go.work", &std::fs::read(&file).unwrap_or_default());
        }
    }
    Ok((*key.finish().digest(), outside))
}

/// The outermost of the folders that builds read, each once.
fn roots(project: &Project) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = project.roots.iter().flat_map(|r| r.dirs.iter().cloned()).collect();
    all.push(project.root.clone());
    outermost(all)
}

/// Without folders that lie in others of the list.
pub(crate) fn outermost(mut all: Vec<PathBuf>) -> Vec<PathBuf> {
    all.sort();
    all.dedup();
    let mut out: Vec<PathBuf> = vec![];
    for dir in all {
        if !out.iter().any(|o| dir.starts_with(o)) {
            out.push(dir);
        }
    }
    out
}

fn vcs(project: &Project) -> Digest {
    let mut key = KeyBuilder::new("vcs/1");
    if let Some(g) = &project.git {
        key.text("head", &g.commit);
        key.list("tags at head", &g.tags_at_head);
        key.list("tags below", &g.tags_merged);
        key.text("dirty", if g.is_dirty() { "yes" } else { "no" });
        key.list("status", g.status.iter().map(|s| format!("{} {}", s.code, s.path)));
    }
    *key.finish().digest()
}
