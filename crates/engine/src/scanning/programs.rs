//! What is scanned: programs, archives of them, the binaries of a release, SBOMs.

use super::listed::listed;
use super::{Scanner, diagnostics};
use crate::symbols;
use goferry_objfile::{Binary, ReadAt};
use goferry_package::opened::holds_files;
use goferry_report::{Code, Diagnostic, Diagnostics, Label};
use goferry_scan::{Found, Level, Report, ScanError, Subject};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

/// The result for one thing that was scanned.
#[derive(Clone, Debug, Serialize)]
pub struct Scanned {
    /// The file, module or SBOM, as it was named.
    pub name: String,
    /// What it was built for, if that is known.
    pub target: String,
    /// SHA-256 of the file, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// What was found.
    #[serde(flatten)]
    pub report: Report,
}

impl Scanned {
    /// What stops a release.
    pub fn diagnostics(&self) -> Diagnostics {
        diagnostics(&self.name, &self.report)
    }

    /// What was found, in a few words: `2 linked, 1 imported, 7 present`. A vulnerability counts at its nearest level.
    pub fn words(&self) -> String {
        let mut nearest: BTreeMap<&str, Level> = BTreeMap::new();
        for f in &self.report.findings {
            let level = nearest.entry(&f.id).or_insert(f.level);
            *level = f.level.max(*level);
        }
        let count = |level| nearest.values().filter(|l| **l == level).count();
        let parts = [Level::Linked, Level::Imported, Level::Present]
            .map(|l| (count(l), l))
            .into_iter()
            .filter(|(n, _)| *n > 0)
            .map(|(n, l)| format!("{n} {l}"));
        let words = parts.collect::<Vec<_>>().join(", ");
        match (words.is_empty(), self.report.notes.is_empty()) {
            (false, _) => words,
            (true, true) => "no known vulnerability".to_owned(),
            (true, false) => "no known vulnerability in what was compared".to_owned(),
        }
    }
}

impl Scanner {
    /// Scans a program, every program of an archive, or, of a folder of a release, every binary that it names.
    ///
    /// # Errors
    /// It cannot be read, is no Go program or has none, or is not the one that the release made.
    pub fn path(&self, path: &Path) -> Result<Vec<Scanned>, Diagnostics> {
        if !path.is_dir() {
            let is_archive = path.file_name().is_some_and(|n| holds_files(&n.to_string_lossy()));
            return if is_archive { self.archive(path) } else { Ok(vec![self.program(path, None, None)?]) };
        }
        let listed = listed(path)?;
        let mut out = Vec::new();
        let mut problems = Diagnostics::default();
        for l in listed {
            let scanned = l.check().and_then(|()| self.program(&l.path, Some(l.target), l.sha256));
            match scanned {
                Ok(scanned) => out.push(scanned),
                Err(d) => problems.push(*d),
            }
        }
        if problems.has_errors() { Err(problems) } else { Ok(out) }
    }

    /// Scans one program.
    ///
    /// # Errors
    /// As [`Scanner::path`].
    pub(crate) fn program(
        &self,
        path: &Path,
        target: Option<String>,
        sha256: Option<String>,
    ) -> Result<Scanned, Box<Diagnostic>> {
        let (bytes, binary) = symbols::open(path)?;
        let name = path.display().to_string();
        let found = self.binary(&bytes, &binary).map_err(|e| drawn(&name, &e))?;
        let stated = || goferry_diagnose::target_of(&binary).map(|t| t.to_string()).unwrap_or_default();
        let target = target.unwrap_or_else(stated);
        Ok(Scanned { name: path.display().to_string(), target, sha256, report: self.judge(found) })
    }

    /// What is in a program's bytes, not judged.
    pub(crate) fn binary(&self, bytes: &dyn ReadAt, binary: &Binary) -> Result<Found, ScanError> {
        self.find(&Subject::of_program(bytes, binary)?)
    }

    /// Scans what an SBOM names. With it what of it could not be compared.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn sbom(&self, path: &Path) -> Result<(Scanned, Diagnostics), Diagnostics> {
        let name = path.display().to_string();
        let json = std::fs::read(path).map_err(|e| *crate::dist::failure(path, &e))?;
        let named = goferry_scan::sbom::read(&json).map_err(|e| *drawn(&name, &e))?;
        let found = self.find(&[named.subject]).map_err(|e| *drawn(&name, &e))?;
        let mut problems = Diagnostics::default();
        for why in named.unread {
            let message = format!("{name}: a component cannot be compared: {why}");
            problems.push(Diagnostic::error(Code::NotScanned, message).label(Label::file(&name)));
        }
        Ok((Scanned { name, target: String::new(), sha256: None, report: self.judge(found) }, problems))
    }
}

pub(super) fn drawn(name: &str, e: &ScanError) -> Box<Diagnostic> {
    Box::new(match e {
        ScanError::NotGo(_) | ScanError::Sbom(_) => {
            Diagnostic::error(Code::NotABinary, format!("{name}: {e}")).label(Label::file(name))
        }
        e => super::unusable(e),
    })
}
