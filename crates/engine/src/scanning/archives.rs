//! The Go programs in archives, in packages and in files that were compressed by themselves. Must not: unpack to disk, leave out a program.

use super::programs::drawn;
use super::{Scanned, Scanner};
use crate::unpacked::{is_damage, visit_programs};
use goferry_cache::Digest;
use goferry_report::{Code, Diagnostic, Diagnostics, Label};
use std::path::Path;

impl Scanner {
    /// Scans every program in an archive or a package.
    ///
    /// # Errors
    /// It cannot be read, has no Go program, or one that cannot be scanned.
    pub(super) fn archive(&self, path: &Path) -> Result<Vec<Scanned>, Diagnostics> {
        let name = path.display().to_string();
        let (mut out, mut passed_over, mut problems) = (vec![], vec![], Diagnostics::default());
        let visited = visit_programs(path, &mut |member, bytes| match self
            .member(format!("{name}: {member}"), &bytes)
        {
            Ok(scanned) => out.extend(scanned),
            Err(_) if is_library(member) => passed_over.push(member.to_owned()),
            Err(d) => problems.push(*d),
        });
        visited.map_err(|e| Diagnostic::error(Code::Io, e.to_string()).label(Label::file(&name)))?;
        if out.is_empty() && !problems.has_errors() {
            let message = format!("{name}: there is no Go program in it");
            problems.push(Diagnostic::error(Code::NotABinary, message).label(Label::file(&name)));
        }
        if problems.has_errors() {
            return Err(problems);
        }
        if let Some(first) = out.first_mut() {
            let note =
                |l| format!("{name}: {l} is a library without Go build information, and is not compared");
            first.report.notes.extend(passed_over.into_iter().map(note));
        }
        Ok(out)
    }

    /// None for what only begins like a program.
    fn member(&self, name: String, bytes: &[u8]) -> Result<Option<Scanned>, Box<Diagnostic>> {
        let binary = match goferry_objfile::inspect(&bytes) {
            Ok(binary) => binary,
            Err(e) if !is_damage(&e, bytes) => return Ok(None),
            Err(e) => {
                let d = Diagnostic::error(Code::NotABinary, format!("{name}: {e}"));
                return Err(Box::new(d.label(Label::file(&name))));
            }
        };
        let found = self.binary(&bytes, &binary).map_err(|e| drawn(&name, &e))?;
        let target = goferry_diagnose::target_of(&binary).map(|t| t.to_string()).unwrap_or_default();
        let sha256 = Some(Digest::of(bytes).to_hex());
        Ok(Some(Scanned { name, target, sha256, report: self.judge(found) }))
    }
}

/// By its name: `.dll`, `.dylib`, `.so`, `.so.1.2`.
fn is_library(name: &str) -> bool {
    let last = name.rsplit('/').next().unwrap_or(name);
    [".dll", ".dylib", ".so"].iter().any(|e| last.ends_with(e)) || last.contains(".so.")
}
