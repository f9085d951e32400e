//! From the evidence to an answer.

use super::expected;
use super::facts::Facts;
use super::folder::Folder;
use super::kind::Kind;
use super::{FileReport, Ledger, Question, Report, State, Verdict};
use goferry_report::{Code, Diagnostic, Diagnostics};
use std::collections::BTreeSet;

/// The answer.
pub(super) fn report(question: &Question<'_>, folder: &Folder, facts: &Facts, mut ledger: Ledger) -> Report {
    let vouched = ledger.vouched();
    let evidence = ledger.claims.values().flatten().count() + ledger.signed.len();
    let mut files = vec![];
    for (name, held) in &folder.files {
        if folder.chosen.as_ref().is_some_and(|c| !c.contains(name)) {
            continue;
        }
        // Only provenance speaks of images; without one they are no fault.
        let spoken = match held.kind {
            Kind::Image => !facts.releases.is_empty(),
            _ => evidence > 0,
        };
        let state = state(question, folder.chosen.is_some(), name, held.kind, spoken, &vouched, &mut ledger);
        let mut by: Vec<String> =
            ledger.claims.get(name).into_iter().flatten().map(|c| c.text.clone()).collect();
        by.sort();
        by.dedup();
        files.push(FileReport { file: name.clone(), sha256: held.sha256.clone(), state, by });
    }
    let verdict = match () {
        () if !ledger.wrong.is_empty() => Verdict::Failed,
        () if evidence == 0 => Verdict::Nothing,
        // Evidence about other files is none about these.
        () if question.signer.is_some() && !files.iter().any(|f| f.state == State::Proved) => {
            Verdict::Nothing
        }
        () if question.signer.is_some() => Verdict::Proved,
        () if !files.iter().any(|f| f.state == State::Consistent) => Verdict::Nothing,
        () => Verdict::Consistent,
    };
    let is_statement = |f: &&FileReport| folder.files.get(&f.file).is_some_and(|h| h.kind == Kind::Statement);
    let unsigned = files.iter().filter(|f| f.state == State::NotChecked).filter(is_statement);
    let unsigned = unsigned.map(|f| f.file.clone()).collect();
    let release = match &folder.chosen {
        Some(chosen) => {
            chosen.iter().find_map(|name| expected::of(folder, facts, name, &ledger).first().copied())
        }
        None => facts.releases.first(),
    };
    let release = release.cloned().unwrap_or_default();
    let some = |s: String| Some(s).filter(|s| !s.is_empty());
    Report {
        verdict,
        version: some(release.version),
        source: some(release.source),
        commit: release.commit,
        files,
        unsigned,
        checked: ledger.checked,
        unproved: ledger.unproved,
        problems: problems(&ledger.wrong, verdict),
    }
}

/// What follows for one file; a new fault is written down.
fn state(
    question: &Question<'_>,
    chosen: bool,
    name: &str,
    kind: Kind,
    evidence: bool,
    vouched: &BTreeSet<String>,
    ledger: &mut Ledger,
) -> State {
    if ledger.wrong.iter().any(|(f, _)| f == name) {
        return State::Failed;
    }
    if vouched.contains(name) {
        return State::Proved;
    }
    let claimed = ledger.claims.contains_key(name);
    // Who names a file wants it proved, whatever it looks like.
    let kind = if chosen && question.signer.is_some() { Kind::Artifact } else { kind };
    match kind {
        Kind::Note if claimed && question.signer.is_none() => return State::Consistent,
        Kind::Note => {
            ledger.unproved(format!("{name}: the maker's own note, which nothing is about"));
            return State::NotChecked;
        }
        Kind::OtherSignature => return State::NotChecked,
        // A statement that nobody signed is not believed (which is said), and is no fault of the files that others vouch for.
        Kind::Statement if question.signer.is_some() => return State::NotChecked,
        _ => {}
    }
    if question.signer.is_some() {
        ledger.wrong(name, "nothing that was signed as asked for speaks of it");
        return State::Failed;
    }
    match kind {
        _ if claimed => State::Consistent,
        // What speaks of others need not be spoken of.
        Kind::Sums | Kind::Bundle | Kind::Statement => State::Consistent,
        _ if evidence => {
            ledger.wrong(name, "no checksum and no statement here speaks of it");
            State::Failed
        }
        _ => State::NotChecked,
    }
}

fn problems(wrong: &[(String, String)], verdict: Verdict) -> Diagnostics {
    let one = |(file, why): &(String, String)| {
        Diagnostic::error(Code::VerificationFailed, format!("{file} is not proved: {why}"))
    };
    let mut list: Vec<Diagnostic> = wrong.iter().map(one).collect();
    if verdict == Verdict::Nothing {
        let d = Diagnostic::error(
            Code::NothingToVerify,
            "nothing is proved: there is no checksum, no signature and no statement about these files",
        );
        list.push(d.hint("put the release's checksum file, its signature and its provenance beside them"));
    }
    Diagnostics { list }
}
