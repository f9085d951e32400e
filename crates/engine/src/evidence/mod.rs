//! `goferry verify DIR|FILE…`: what the files of a release prove about each other, offline.
//!
//! Owns: which file says what about which other, and what follows for each. Must not: fetch, unpack onto the disk, print, decide whom to
//! trust (the caller names a key or an identity). docs/verifying.md says what counts as proof.

mod bom;
mod bundles;
mod expected;
mod facts;
mod folder;
mod inside;
mod judge;
mod kind;
mod statements;
mod sums;

use folder::Folder;
use goferry_report::{Code, Diagnostic, Diagnostics};
use goferry_supply::{Signer, Trust, TrustedKey};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Whose signature counts.
#[derive(Clone, Copy)]
pub enum Whose<'a> {
    /// Of the owner of this key.
    Key(&'a TrustedKey),
    /// Of whoever has a certificate with this identity.
    Identity(Signer<'a>),
}

/// What is asked.
pub struct Question<'a> {
    /// One folder, or files of one folder.
    pub paths: &'a [PathBuf],
    /// Who must have signed; none: only whether the files agree with each other.
    pub signer: Option<Whose<'a>>,
    /// Whose certificates, logs and timestamps count.
    pub trust: &'a Trust,
    /// The repository or module that it must come from.
    pub source: Option<&'a str>,
    /// The tag that it must be made of.
    pub tag: Option<&'a str>,
    /// The version that it must be.
    pub version: Option<&'a str>,
}

/// How far it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Whoever was named vouches for every file that was asked about.
    Proved,
    /// The files agree with each other; nobody who was named vouches for them.
    Consistent,
    /// There is nothing to compare.
    Nothing,
    /// Something is not as it should be.
    Failed,
}

/// What is known of one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileReport {
    /// Its name in the folder.
    pub file: String,
    /// SHA-256, hex.
    pub sha256: String,
    /// What follows for it.
    pub state: State,
    /// What says so: `listed in x_checksums.txt`, `signed: x_checksums.txt.sigstore.json`.
    pub by: Vec<String>,
}

/// What follows for a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Signed by whoever was named, directly or by what is.
    Proved,
    /// As something else here says.
    Consistent,
    /// Nothing speaks of it, and nothing has to.
    NotChecked,
    /// It is not what it should be, or nothing that was signed speaks of it.
    Failed,
}

/// The answer.
#[derive(Debug, Serialize)]
pub struct Report {
    /// How far it goes.
    pub verdict: Verdict,
    /// Version, as the provenance has it.
    pub version: Option<String>,
    /// Source, as the provenance has it: an address, or a package URL.
    pub source: Option<String>,
    /// Commit, as the provenance has it.
    pub commit: Option<String>,
    /// Every file that was asked about, by name.
    pub files: Vec<FileReport>,
    /// Statements that nobody who was named signed, though others were: what they say does not count.
    pub unsigned: Vec<String>,
    /// What was compared, in words.
    pub checked: Vec<String>,
    /// What was not, in words.
    pub unproved: Vec<String>,
    /// What is wrong.
    #[serde(skip)]
    pub problems: Diagnostics,
}

/// What evidence was found, while it is gathered.
#[derive(Default)]
struct Ledger {
    /// File → what says that it is right; the evidence's own name, or none for a signature over the file itself.
    claims: BTreeMap<String, Vec<Claim>>,
    /// Files that a signature of whoever was named is directly about, and bundles that hold one.
    signed: BTreeSet<String>,
    /// A signature or statement → the file, or one of those, that it is over.
    over: BTreeMap<String, String>,
    /// What is wrong: the file, and why.
    wrong: Vec<(String, String)>,
    /// What was compared.
    checked: Vec<String>,
    /// What was not.
    unproved: Vec<String>,
}

/// One piece of evidence for a file.
struct Claim {
    /// The file that holds it.
    evidence: String,
    /// In words.
    text: String,
    /// Whether an attacker could make another file that it fits (CRC-32, MD5, SHA-1).
    weak: bool,
}

impl Ledger {
    fn claim(&mut self, file: &str, evidence: &str, text: String, weak: bool) {
        let claim = Claim { evidence: evidence.to_owned(), text, weak };
        self.claims.entry(file.to_owned()).or_default().push(claim);
    }

    fn wrong(&mut self, file: &str, why: impl Into<String>) {
        let entry = (file.to_owned(), why.into());
        if !self.wrong.contains(&entry) {
            self.wrong.push(entry);
        }
    }

    fn unproved(&mut self, what: impl Into<String>) {
        let what = what.into();
        if !self.unproved.contains(&what) {
            self.unproved.push(what);
        }
    }

    /// The files that whoever was named vouches for: signed, or claimed by one that is vouched for.
    fn vouched(&self) -> BTreeSet<String> {
        self.follow(self.signed.clone())
    }

    /// These files, and all that good claims lead to from them.
    fn follow(&self, mut known: BTreeSet<String>) -> BTreeSet<String> {
        loop {
            let more: Vec<String> = self
                .claims
                .iter()
                .filter(|(f, _)| !known.contains(*f))
                .filter(|(_, claims)| claims.iter().any(|c| !c.weak && known.contains(&c.evidence)))
                .map(|(f, _)| f.clone())
                .collect();
            if more.is_empty() {
                return known;
            }
            known.extend(more);
        }
    }
}

/// Verifies a folder, or files with what lies beside them.
///
/// # Errors
/// The paths are none, lie in several folders, or cannot be read; what is wrong with the files is in [`Report::problems`].
pub fn check(question: &Question<'_>) -> Result<Report, Diagnostics> {
    let folder = Folder::read(question.paths)?;
    let mut ledger = Ledger::default();
    if folder.chosen.is_none() {
        folder.nameless.iter().for_each(|name| ledger.wrong(name, folder::NOT_UTF8));
    }
    sums::compare(&folder, &mut ledger);
    let statements = bundles::gather(&folder, question, &mut ledger);
    let facts = statements::compare(&folder, &statements, question, &mut ledger);
    let programs = inside::programs(&folder, question, &mut ledger);
    inside::compare(&programs, &facts, &mut ledger);
    bom::compare(&folder, &facts, &programs, question, &mut ledger);
    expected::compare(question, &folder, &facts, &mut ledger);
    Ok(judge::report(question, &folder, &facts, ledger))
}

fn unreadable(path: &std::path::Path, e: &std::io::Error) -> Diagnostics {
    Diagnostic::error(Code::Io, format!("cannot read {}: {e}", path.display())).into()
}

#[cfg(test)]
mod tests;
