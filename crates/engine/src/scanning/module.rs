//! A module that is not built yet: a folder, or `module@version`.
//!
//! Its programs are built for a target into a temporary folder and scanned, so that functions are known; the vulnerabilities
//! are those of that target. A library is listed (`go list -deps`), which gives packages and no functions.

use super::gobuild::{Go, Listing, Wanted};
use super::{Scanned, Scanner};
use crate::session::Session;
use goferry_report::{Code, Diagnostic, Diagnostics};
use goferry_target::GoTarget;
use std::path::Path;

impl Scanner {
    /// Scans what a folder with go.mod, or `module@version`, would be built to for a target.
    ///
    /// # Errors
    /// The go command is missing or fails, the version is not the one that was asked for, or the module has programs but none
    /// for this target.
    fn module(&self, session: &Session, named: &str, target: GoTarget) -> Result<Vec<Scanned>, Diagnostics> {
        let temp = tempfile::tempdir().map_err(|e| *crate::dist::failure(&std::env::temp_dir(), &e))?;
        let (program, _) = session.go()?;
        let mut env: Vec<(String, String)> =
            target.go_env().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let folder = session.cwd.join(named);
        let is_folder = folder.join("go.mod").is_file();
        if !is_folder {
            env.push(("GOFLAGS".to_owned(), "-mod=mod".to_owned()));
            env.push(("GOWORK".to_owned(), "off".to_owned()));
        }
        let cwd = if is_folder { folder } else { temp.path().to_owned() };
        let go = Go { session, program, cwd, env };
        let wanted = if is_folder { Wanted::here() } else { go.fetch(named)? };
        // `latest` and the like as what they were.
        let name = match (wanted.version(), named.split_once('@')) {
            (Some(version), Some((path, _))) => format!("{path}@{version}"),
            (Some(version), None) => format!("{named}@{version}"),
            (None, _) => named.to_owned(),
        };
        let listing = go.list(&wanted)?;
        if listing.mains.is_empty() {
            return Ok(vec![self.library(listing, name, target)?]);
        }
        let mut out = vec![];
        for built in go.build(&listing.mains, &temp.path().join("bin"))? {
            let scanned = self.program(&built.path, None, None)?;
            out.push(Scanned { name: format!("{name}: {}", built.package), ..scanned });
        }
        Ok(out)
    }

    fn library(&self, listing: Listing, name: String, target: GoTarget) -> Result<Scanned, Diagnostics> {
        if !listing.has_own || listing.has_program_elsewhere() {
            let what = if listing.has_own { "program" } else { "package" };
            let message = format!("{name} has no {what} for {target}, so nothing of it was scanned");
            return Err(Diagnostic::error(Code::MainMissing, message)
                .hint_with(
                    "choose the target that it is built for:",
                    format!("goferry scan --target TARGET {name}"),
                )
                .into());
        }
        let found = self.find(&[listing.subject(target)]).map_err(|e| *super::programs::drawn(&name, &e))?;
        Ok(Scanned { name, target: target.to_string(), sha256: None, report: self.judge(found) })
    }
}

/// Whether an argument of `goferry scan` means a module.
pub(super) fn is_module(cwd: &Path, named: &str) -> bool {
    let path = cwd.join(named);
    path.join("go.mod").is_file() && !super::listed::is_release(&path) || !path.exists()
}

impl Scanner {
    /// Scans whatever an argument of `goferry scan` names: a program, a release's folder, a module's folder, or
    /// `module@version` if nothing of that name is there. `targets` are those that a module is built for; none: this host's.
    ///
    /// # Errors
    /// It cannot be read or built.
    pub fn anything(
        &self,
        session: &Session,
        named: &str,
        targets: &[GoTarget],
    ) -> Result<Vec<Scanned>, Diagnostics> {
        let path = session.cwd.join(named);
        if !is_module(&session.cwd, named) {
            if !targets.is_empty() {
                let message =
                    format!("--target is for modules, which are built; {named} is scanned as it is");
                return Err(Diagnostic::error(Code::ConfigValue, message).into());
            }
            if path.is_dir() && !super::listed::is_release(&path) {
                let message = format!(
                    "{named} is neither a release's folder (goferry.json, artifacts.json) nor a module"
                );
                return Err(Diagnostic::error(Code::OutputMissing, message).into());
            }
            let mut scanned = self.path(&path)?;
            for s in &mut scanned {
                s.name = shown(&session.cwd, &s.name);
            }
            return Ok(scanned);
        }
        let first = named.split(['/', '@']).next().unwrap_or_default();
        let is_host = first.contains('.') && !first.starts_with('.');
        if !path.exists() && !is_host {
            let message = format!("{named}: there is no such file, and it is no module's path");
            return Err(Diagnostic::error(Code::Io, message).into());
        }
        let host = [crate::host::host_target()];
        let targets = if targets.is_empty() { &host[..] } else { targets };
        let (mut out, mut problems) = (vec![], Diagnostics::default());
        for target in targets {
            match self.module(session, named, *target) {
                Ok(scanned) => out.extend(scanned),
                Err(found) => problems.append(found),
            }
        }
        if problems.has_errors() { Err(problems) } else { Ok(out) }
    }
}

/// A path as the user would write it.
fn shown(cwd: &Path, path: &str) -> String {
    Path::new(path).strip_prefix(cwd).map_or_else(|_| path.to_owned(), |p| p.display().to_string())
}
