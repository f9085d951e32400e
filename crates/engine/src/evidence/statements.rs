//! Statements against the files that they are about, and what they say of the release.

use super::bundles::Found;
use super::facts::Facts;
use super::folder::Folder;
use super::{Ledger, Question, images};
use goferry_cache::Digest;
use goferry_supply::slsa::{PROVENANCE, VERIFICATION_SUMMARY};
use serde_json::Value;

/// Name and SHA-256 of the files that a statement is about.
pub(super) fn subjects(statement: &Value) -> Vec<(&str, &str)> {
    let all = statement["subject"].as_array().map(Vec::as_slice).unwrap_or_default();
    let files = all.iter().filter(|s| !images::is_one(s));
    files.filter_map(|s| Some((s["name"].as_str()?, s["digest"]["sha256"].as_str()?))).collect()
}

/// Compares every statement's subjects; what the provenance and the summary say is the result.
pub(super) fn compare(
    folder: &Folder,
    statements: &[Found],
    question: &Question<'_>,
    ledger: &mut Ledger,
) -> Facts {
    let mut facts = Facts::default();
    for found in statements {
        of_files(folder, found, ledger);
        // Anybody can write a statement: where a signature was asked for, only those count that it vouches for.
        if question.signer.is_some() && !ledger.vouched().contains(&found.file) {
            ledger.unproved(format!(
                "{}: it is not signed as asked for, and what it says does not count",
                found.file
            ));
            continue;
        }
        match found.statement["predicateType"].as_str() {
            Some(PROVENANCE) => facts.add_provenance(found, ledger),
            Some(VERIFICATION_SUMMARY) => facts.add_summary(found, ledger),
            _ => {}
        }
    }
    facts.agree(folder, ledger);
    binaries(folder, &facts, ledger);
    facts
}

fn of_files(folder: &Folder, found: &Found, ledger: &mut Ledger) {
    let subjects = subjects(&found.statement);
    let images = images::subjects(&found.statement).len();
    let mut compared = images::compare(folder, found, ledger);
    for (name, sha256) in &subjects {
        match folder.files.get(*name) {
            Some(held) if held.sha256 == *sha256 => {
                compared += 1;
                ledger.over.entry(found.file.clone()).or_insert_with(|| (*name).to_owned());
                ledger.claim(name, &found.file, format!("subject of {}", found.file), false);
            }
            Some(_) => ledger.wrong(name, format!("it is not the file that {} is about", found.file)),
            None if folder.must_have(name) => {
                ledger.wrong(name, format!("it is missing, and {} is about it", found.file));
            }
            None => {}
        }
    }
    let known = subjects.len() + images;
    if known != found.statement["subject"].as_array().map_or(0, Vec::len) {
        ledger.wrong(&found.file, "it is about something without a name or without a SHA-256");
    }
    ledger.checked.push(format!("{}: {compared} of {known} subjects compared", found.file));
}

/// In dist/ the binaries lie beside their archives.
fn binaries(folder: &Folder, facts: &Facts, ledger: &mut Ledger) {
    if !folder.dist || folder.chosen.is_some() {
        return;
    }
    for (path, sha256, by) in &facts.byproducts {
        let inside = path.split('/').all(|w| !w.is_empty() && w != "..");
        let here = folder.dir.join(path);
        // What lies at the top is among the files already.
        if !inside || !here.is_file() {
            continue;
        }
        let same = Digest::of_file(&here).is_ok_and(|d| d.to_hex() == *sha256);
        match (same, folder.files.contains_key(path)) {
            (true, true) => ledger.claim(path, by, format!("byproduct in {by}"), false),
            (true, false) => {}
            (false, _) => ledger.wrong(path, format!("it is not the file that {by} has")),
        }
    }
}
