//! `--check-reproducible`: the same plan once more, in a copy of the project somewhere else and without the action
//! cache, and a comparison of every file.
//!
//! Go's own build cache is shared by both runs, so what is compared is goferry's and the linker's work and every path
//! that could get in, not the compiler's determinism.

use crate::copy;
use crate::dist::failure;
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
    let (cwd, second_dist) = again(session, request, &dist, &first.summary.dist, elsewhere.path())?;
    let second = Session {
        cwd,
        env: session.env.clone(),
        sink: Arc::new(Collect::default()),
        host: goferry_proc::Host::new(Arc::clone(session.host.cancel())),
        cache: None,
        tools: session.tools.clone(),
        parallelism: session.parallelism,
        version: session.version.clone(),
    };
    let mut repeat = request.clone();
    repeat.clean = true;
    repeat.dist =
        Some(second_dist.strip_prefix(&second.cwd).unwrap_or(&second_dist).to_string_lossy().into_owned());
    // What has an effect on the world happens once.
    repeat.skip.insert("after".to_owned());
    repeat.output = None;
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

/// Where the second run works: a copy of the whole repository, or an empty folder for a module.
fn again(
    session: &Session,
    request: &Request,
    dist: &Path,
    name: &str,
    to: &Path,
) -> Result<(PathBuf, PathBuf), Diagnostics> {
    // A folder that was given as an absolute path would be the first run's own.
    let relative = match Path::new(name).is_absolute() {
        true => PathBuf::from("dist-again"),
        false => PathBuf::from(name),
    };
    if let Subject::Module(_) = request.subject {
        return Ok((to.to_owned(), to.join(relative)));
    }
    let repository = session.cwd.ancestors().find(|p| p.join(".git").exists()).unwrap_or(&session.cwd);
    let root = to.join("project");
    copy::tree(repository, &root, &|p| p == dist).map_err(|e| Diagnostics::from(*failure(repository, &e)))?;
    let inside = session.cwd.strip_prefix(repository).unwrap_or(Path::new(""));
    let cwd = root.join(inside);
    Ok((cwd.clone(), cwd.join(relative)))
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
