//! What is to be done about what was found: the list of ignored ones and the threshold.

use crate::database::About;
use crate::finding::{Depth, Finding, Found, Level, Vulnerability};
use crate::ignore::Ignore;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// From which level on findings stop a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Threshold {
    /// From level `present` on.
    Present,
    /// From level `imported` on.
    Imported,
    /// Level `linked`. What could not be looked into that far counts as linked.
    Linked,
    /// None does.
    Never,
}

/// A finding that an entry covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Covered {
    /// What was found.
    #[serde(flatten)]
    pub finding: Finding,
    /// The entry.
    pub ignore: Ignore,
}

/// The result for one program, list of modules or SBOM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// What is not ignored; sorted, each once.
    pub findings: Vec<Finding>,
    /// What is.
    pub ignored: Vec<Covered>,
    /// Entries that do not hold any more. They stop a release whatever they named.
    pub expired: Vec<Ignore>,
    /// The ids of findings at the threshold or above; sorted, each once.
    pub blocking: Vec<String>,
    /// What the ids stand for, ignored ones too.
    pub vulnerabilities: Vec<Vulnerability>,
    /// How much could be seen.
    pub depth: Depth,
    /// The threshold.
    pub threshold: Threshold,
    /// The database.
    pub database: About,
    /// What could not be compared, as sentences.
    pub notes: Vec<String>,
}

impl Report {
    /// Whether a release stops here.
    pub fn blocks(&self) -> bool {
        !self.blocking.is_empty() || !self.expired.is_empty()
    }

    /// The ids of findings of a level, sorted, each once.
    pub fn ids(&self, level: Level) -> Vec<&str> {
        let ids: BTreeSet<&str> =
            self.findings.iter().filter(|f| f.level == level).map(|f| f.id.as_str()).collect();
        ids.into_iter().collect()
    }
}

impl Threshold {
    /// Whether a finding reaches it, in something that was seen to this depth.
    pub fn is_reached(self, finding: &Finding, depth: &Depth) -> bool {
        let level = finding.weight(depth);
        match self {
            Threshold::Present => true,
            Threshold::Imported => level >= Level::Imported,
            Threshold::Linked => level == Level::Linked,
            Threshold::Never => false,
        }
    }
}

/// Judges what was found on a day (`2026-11-25`).
pub fn judge(found: Found, database: About, ignores: &[Ignore], threshold: Threshold, today: &str) -> Report {
    let (expired, valid): (Vec<_>, Vec<_>) = ignores.iter().partition(|i| i.is_expired(today));
    let mut findings = Vec::new();
    let mut ignored = Vec::new();
    for finding in &found.findings {
        match valid.iter().find(|i| i.covers(finding, &found)) {
            Some(i) => ignored.push(Covered { finding: finding.clone(), ignore: (*i).clone() }),
            None => findings.push(finding.clone()),
        }
    }
    let blocking: BTreeSet<&String> =
        findings.iter().filter(|f| threshold.is_reached(f, &found.depth)).map(|f| &f.id).collect();
    let blocking = blocking.into_iter().cloned().collect();
    Report {
        findings,
        ignored,
        expired: expired.into_iter().cloned().collect(),
        blocking,
        vulnerabilities: found.vulnerabilities,
        depth: found.depth,
        threshold,
        database,
        notes: found.notes,
    }
}
