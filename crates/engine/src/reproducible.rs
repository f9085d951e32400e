//! `--check-reproducible`: the same plan once more, in a copy of the project somewhere else and without the action
//! cache, and a comparison of every file.
//!
//! Go's own build cache is shared by both runs, so what is compared is goferry's and the linker's work and every path
//! that could get in, not the compiler's determinism.

use crate::copy;
use crate::dist::failure;
use crate::inputs;
use crate::release::{Outcome, release};
use crate::session::{Request, Session, Subject};
use goferry_cache::Digest;
use goferry_report::{Code, Collect, Diagnostic, Diagnostics};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Runs a release, then a second one elsewhere, and compares them.
///
/// # Errors
/// As [`release`]; [`Code::NotReproducible`] is among [`Outcome::failures`].
pub fn release_twice(session: &Session, request: &Request) -> Result<Outcome, Diagnostics> {
    let mut first = release(session, request)?;
    if !first.failures.list.is_empty() {
        return Ok(first);
    }
    let elsewhere = tempfile::Builder::new()
        .prefix("goferry-again-")
        .tempdir()
        .map_err(|e| Diagnostics::from(*failure(&std::env::temp_dir(), &e)))?;
    let dist = session.cwd.join(&first.summary.dist);
    let Again { cwd, dist: second_dist, env } = again(session, request, &first, &dist, elsewhere.path())?;
    let second = Session {
        cwd,
        env,
        sink: Arc::new(Collect::default()),
        host: goferry_proc::Host::new(Arc::clone(session.host.cancel())),
        cache: None,
        tools: session.tools.clone(),
        parallelism: session.parallelism,
        version: session.version.clone(),
        net: std::sync::OnceLock::new(),
    };
    let mut repeat = request.clone();
    repeat.clean = true;
    repeat.dist =
        Some(second_dist.strip_prefix(&second.cwd).unwrap_or(&second_dist).to_string_lossy().into_owned());
    // What has an effect on the world happens once.
    repeat.skip.insert("after".to_owned());
    repeat.output = None;
    repeat.record = false;
    let outcome = release(&second, &repeat)?;
    first.failures.append(outcome.failures);
    let (a, b) = (digests(&dist)?, digests(&second_dist)?);
    let differ: Vec<String> = a
        .keys()
        .chain(b.keys())
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .filter(|k| a.get(*k) != b.get(*k))
        .cloned()
        .collect();
    if differ.is_empty() {
        session
            .sink
            .note(format!("reproducible: {} files are the same when made again in another folder", a.len()));
    } else {
        let mut d = Diagnostic::error(
            Code::NotReproducible,
            format!(
                "{} of {} files differ when they are made again in another folder",
                differ.len(),
                a.len()
            ),
        )
        .hint("look for times, absolute paths and generated files in ldflags and hooks");
        d.notes = differ;
        first.failures.push(d);
    }
    Ok(first)
}

/// Where the second run works.
struct Again {
    cwd: PathBuf,
    dist: PathBuf,
    env: BTreeMap<String, String>,
}

/// Makes a copy of the whole repository and of every folder outside of it that builds read, each at the same place
/// relative to the others; or an empty folder for a module.
fn again(
    session: &Session,
    request: &Request,
    first: &Outcome,
    dist: &Path,
    to: &Path,
) -> Result<Again, Diagnostics> {
    let mut env = session.env.clone();
    // A folder that was given as an absolute path would be the first run's own.
    let relative = match Path::new(&first.summary.dist).is_absolute() {
        true => PathBuf::from("dist-again"),
        false => PathBuf::from(&first.summary.dist),
    };
    if let Subject::Module(_) = request.subject {
        return Ok(Again { cwd: to.to_owned(), dist: to.join(relative), env });
    }
    let repository = session.cwd.ancestors().find(|p| p.join(".git").exists()).unwrap_or(&session.cwd);
    let read = first.roots.iter().flat_map(|r| r.dirs.iter().cloned()).chain([repository.to_owned()]);
    let folders = inputs::outermost(read.collect());
    let work = first.roots.as_ref().and_then(|r| r.work_file.as_deref());
    let above =
        above_all(repository, folders.iter().map(PathBuf::as_path).chain(work.and_then(Path::parent)));
    let place = |p: &Path| Some(to.join("project").join(p.strip_prefix(above).ok()?));
    for (from, at) in folders.iter().filter_map(|f| Some((f, place(f)?))) {
        let ours = |p: &Path| p == dist || p == to;
        copy::tree(from, &at, &ours).map_err(|e| Diagnostics::from(*failure(from, &e)))?;
    }
    if let Some((file, at)) = work.and_then(|w| Some((w, place(w)?))) {
        for (from, to) in [(file.to_owned(), at.clone()), (work_sum(file), work_sum(&at))] {
            if from.is_file() {
                let folder = to.parent().map_or(Ok(()), std::fs::create_dir_all);
                folder
                    .and_then(|()| std::fs::copy(&from, &to))
                    .map_err(|e| Diagnostics::from(*failure(&from, &e)))?;
            }
        }
        // Named by its path, it would lead to the first run's folders.
        if session.env.get("GOWORK").is_some_and(|v| !v.is_empty()) {
            env.insert("GOWORK".to_owned(), at.to_string_lossy().into_owned());
        }
    }
    let cwd = place(&session.cwd).unwrap_or_else(|| to.to_owned());
    Ok(Again { dist: cwd.join(relative), cwd, env })
}

fn work_sum(work: &Path) -> PathBuf {
    work.with_extension("work.sum")
}

/// The innermost folder at or above `first` that holds all the others.
fn above_all<'p>(first: &'p Path, others: impl Iterator<Item = &'p Path>) -> &'p Path {
    others.fold(first, |above, other| above.ancestors().find(|a| other.starts_with(a)).unwrap_or(above))
}

/// Every file of a dist folder but goferry's own record, which holds times.
fn digests(dist: &Path) -> Result<BTreeMap<String, Digest>, Diagnostics> {
    let mut out = BTreeMap::new();
    let mut todo = vec![dist.to_owned()];
    while let Some(dir) = todo.pop() {
        let list = std::fs::read_dir(&dir).map_err(|e| Diagnostics::from(*failure(&dir, &e)))?;
        for entry in list.flatten() {
            let path = entry.path();
            let name = path.strip_prefix(dist).unwrap_or(&path).to_string_lossy().into_owned();
            if path.is_dir() {
                todo.push(path);
            } else if !name.starts_with(".goferry") && name != "goferry.json" {
                let digest = Digest::of_file(&path)
                    .map_err(|e| Diagnostics::from(Diagnostic::error(Code::Io, e.to_string())))?;
                out.insert(name, digest);
            }
        }
    }
    Ok(out)
}
