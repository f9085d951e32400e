//! The Go programs in archives and in files that were compressed by themselves. Must not: unpack to disk, leave out a program.

use super::programs::drawn;
use super::{Scanned, Scanner};
use crate::evidence::{UNPACKED_LIMIT, program};
use goferry_cache::Digest;
use goferry_package::archive::{EntryKind, read_members};
use goferry_report::{Code, Diagnostic, Diagnostics, Label};
use std::path::Path;

impl Scanner {
    /// Scans every program in an archive.
    ///
    /// # Errors
    /// It cannot be read, has no Go program, or one that cannot be scanned.
    pub(super) fn archive(&self, path: &Path) -> Result<Vec<Scanned>, Diagnostics> {
        let name = path.display().to_string();
        let (mut out, mut passed_over, mut problems) = (vec![], vec![], Diagnostics::default());
        let visited = read_members(path, UNPACKED_LIMIT, &mut |entry, mut content| {
            if entry.kind != EntryKind::File {
                return Ok(());
            }
            let bytes = program(&mut content)?;
            let Some(bytes) = bytes else { return Ok(()) };
            match self.member(format!("{name}: {}", entry.name), bytes) {
                Ok(scanned) => out.push(scanned),
                Err(_) if is_library(&entry.name) => passed_over.push(entry.name.clone()),
                Err(d) => problems.push(*d),
            }
            Ok(())
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

    fn member(&self, name: String, bytes: Vec<u8>) -> Result<Scanned, Box<Diagnostic>> {
        let unreadable = |e: goferry_objfile::ObjError| {
            Box::new(Diagnostic::error(Code::NotABinary, format!("{name}: {e}")).label(Label::file(&name)))
        };
        let binary = goferry_objfile::inspect(&bytes).map_err(unreadable)?;
        let found = self.binary(&bytes, &binary).map_err(|e| drawn(&name, &e))?;
        let target = goferry_diagnose::target_of(&binary).map(|t| t.to_string()).unwrap_or_default();
        let sha256 = Some(Digest::of(&bytes).to_hex());
        Ok(Scanned { name, target, sha256, report: self.judge(found) })
    }
}

/// By its name: `.dll`, `.dylib`, `.so`, `.so.1.2`.
fn is_library(name: &str) -> bool {
    let last = name.rsplit('/').next().unwrap_or(name);
    [".dll", ".dylib", ".so"].iter().any(|e| last.ends_with(e)) || last.contains(".so.")
}
