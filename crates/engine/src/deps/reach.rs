//! What of a database is linked into the module's programs.
//!
//! Owns: building and scanning for one target, putting the targets' findings together.

use super::Work;
use super::compile::{Builder, Failure};
use super::report::{Outcome, Reachable, SeenIn};
use crate::symbols;
use goferry_report::{Code, Diagnostic};
use goferry_scan::{Depth, Finding, Level, Linked, Report, Subject};
use goferry_target::GoTarget;
use goferry_toolchain::go::ListedModule;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What was found in a target's programs.
#[derive(Default)]
pub(super) struct OfTarget {
    pub(super) seen_in: SeenIn,
    found: Vec<Report>,
}

/// The same of all targets.
#[derive(Default)]
pub(super) struct Reached {
    list: BTreeMap<(String, String), Reachable>,
    pub(super) notes: BTreeSet<String>,
}

impl Reached {
    pub(super) fn add(&mut self, target: GoTarget, of: OfTarget) {
        for found in of.found {
            self.notes.extend(found.notes.iter().cloned());
            // Without a table of functions a package that is linked may as well be called.
            let least = if found.depth == Depth::Functions { Level::Linked } else { Level::Imported };
            let about =
                |f: &Finding| found.vulnerabilities.iter().find(|v| v.id == f.id && v.module == f.module);
            // What was accepted, and still is, is not among them: it wants no upgrade.
            for finding in found.findings.iter().filter(|f| f.level >= least || !f.unseen.is_empty()) {
                let Some(about) = about(finding) else { continue };
                let key = (finding.id.clone(), finding.module.clone());
                let entry = self.list.entry(key).or_insert_with(|| Reachable {
                    id: about.id.clone(),
                    aliases: about.aliases.clone(),
                    summary: about.summary.clone(),
                    url: about.url.clone(),
                    module: about.module.clone(),
                    version: about.version.clone(),
                    fixed: about.fixed.clone(),
                    symbols: BTreeSet::new(),
                    targets: BTreeSet::new(),
                    outcome: Outcome::Left,
                });
                let dot = if finding.symbol.is_empty() { "" } else { "." };
                entry.symbols.insert(format!("{}{dot}{}", finding.package, finding.symbol));
                entry.targets.insert(target);
            }
        }
    }

    /// Sorted by id and module.
    pub(super) fn reachable(&self) -> Vec<Reachable> {
        self.list.values().cloned().collect()
    }
}

/// What is there on some targets together.
pub(super) fn merged(left: &[Reachable]) -> Vec<Reachable> {
    let mut out: BTreeMap<(String, String), Reachable> = BTreeMap::new();
    for r in left {
        let entry = out.entry((r.id.clone(), r.module.clone())).or_insert_with(|| r.clone());
        entry.targets.extend(r.targets.iter().copied());
        entry.symbols.extend(r.symbols.iter().cloned());
    }
    out.into_values().collect()
}

/// A module that is selected; the main one is none.
fn linked(m: &ListedModule) -> Option<Linked> {
    let replace = m.replace.as_ref().map(|r| (r.path.clone(), r.version.clone()));
    (!m.main).then(|| Linked { path: m.path.clone(), version: m.version.clone(), replace })
}

impl Work<'_> {
    /// Builds for a target and scans what was built.
    pub(super) fn reach(&self, target: GoTarget) -> Result<OfTarget, Failure> {
        self.reach_with(&Builder::new(self, target)?, target)
    }

    pub(super) fn reach_with(&self, builder: &Builder<'_>, target: GoTarget) -> Result<OfTarget, Failure> {
        let programs = builder.programs()?;
        let broken = |d: Box<Diagnostic>| Failure {
            target,
            step: "the scan".to_owned(),
            text: String::new(),
            other: Some(d),
        };
        let modules = match programs.seen_in {
            SeenIn::Programs => vec![],
            // The go command does not write into the tests of a library what modules they are built from.
            SeenIn::Tests => self.modules().map_err(broken)?.iter().filter_map(linked).collect(),
        };
        let found = programs.files.iter().filter(|f| f.is_file()).map(|f| self.scan(f, &modules));
        let found = found.collect::<Result<Vec<_>, _>>().map_err(broken)?;
        Ok(OfTarget { seen_in: programs.seen_in, found })
    }

    fn scan(&self, file: &Path, modules: &[Linked]) -> Result<Report, Box<Diagnostic>> {
        let (bytes, binary) = symbols::open(file)?;
        let failed = |e: goferry_scan::ScanError| {
            Box::new(Diagnostic::error(Code::Io, format!("{}: {e}", file.display())))
        };
        let mut subjects = Subject::of_program(&bytes, &binary).map_err(failed)?;
        for subject in &mut subjects {
            let known = |m: &&Linked| subject.modules.iter().any(|o| o.path == m.path);
            let missing: Vec<Linked> = modules.iter().filter(|m| !known(m)).cloned().collect();
            subject.modules.extend(missing);
        }
        Ok(self.scanner.judge(self.scanner.find(&subjects).map_err(failed)?))
    }
}
