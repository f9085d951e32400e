//! What the provenance says of the files, compared with what was asked for.
//!
//! An expectation is about files: it is met by a provenance that speaks of them, and by no other that lies beside them. An older file, well
//! signed, next to a newer release's provenance is still the older file.

use super::facts::{Facts, Release, plain};
use super::folder::Folder;
use super::kind::Kind;
use super::{Ledger, Question};
use goferry_supply::PurlParts;
use std::collections::BTreeSet;

/// Compares what the statements say with what was asked for.
pub(super) fn compare(question: &Question<'_>, folder: &Folder, facts: &Facts, ledger: &mut Ledger) {
    let asked = question.version.is_some() || question.source.is_some() || question.tag.is_some();
    if facts.releases.is_empty() {
        if asked {
            ledger.wrong("provenance", "there is none that holds, so that version and source are not known");
        } else {
            ledger.unproved("version and source: there is no provenance");
        }
        return;
    }
    match &folder.chosen {
        Some(chosen) => {
            chosen.iter().for_each(|name| of_file(question, folder, facts, name, asked, ledger));
        }
        None => of_folder(question, folder, facts, asked, ledger),
    }
    let given =
        [("version", question.version.is_some()), ("source", question.source.or(question.tag).is_some())];
    for (what, _) in given.iter().filter(|(_, asked)| !asked) {
        ledger.unproved(format!(
            "{what}: it is what the provenance says, and was not compared with an expectation (--{what})"
        ));
    }
}

/// The provenances that speak of a file: it is a subject, or listed in one, or a signature or statement over such a file. VEX comes
/// after them and says itself of which version it is.
pub(super) fn of<'f>(folder: &Folder, facts: &'f Facts, name: &str, ledger: &Ledger) -> Vec<&'f Release> {
    // A signature is of the release that the signed file is of.
    let names = [Some(name), ledger.over.get(name).map(String::as_str)];
    let is_vex = |n: &&str| folder.files.get(*n).is_some_and(|h| h.kind == Kind::Vex);
    let vex = names.into_iter().flatten().find(is_vex).and_then(|n| folder.json(n));
    let products = vex.as_ref().map(super::bom::products).unwrap_or_default();
    let version = |p: &String| PurlParts::parse(p).map(|p| plain(&p.version).to_owned());
    let about = |r: &&Release| {
        let subjects = ledger.follow(BTreeSet::from([r.file.clone()]));
        names.into_iter().flatten().any(|n| subjects.contains(n))
            || products.iter().any(|p| version(p).as_ref() == Some(&r.version))
    };
    facts.releases.iter().filter(about).collect()
}

/// A file that was named: one provenance that speaks of it must be as expected, and others are no matter.
fn of_file(
    question: &Question<'_>,
    folder: &Folder,
    facts: &Facts,
    name: &str,
    asked: bool,
    ledger: &mut Ledger,
) {
    let Some(held) = folder.files.get(name) else { return };
    let unread = held.kind == Kind::OtherSignature && !ledger.over.contains_key(name);
    if held.kind == Kind::Note || unread {
        return;
    }
    let releases = of(folder, facts, name, ledger);
    let mut faults = releases.iter().map(|r| (r, faults(question, facts, r)));
    match (faults.next(), asked) {
        (None, true) => {
            ledger
                .wrong(name, "no provenance here speaks of it, so that its version and source are not known");
        }
        (None, false) => {
            ledger.unproved(format!("{name}: version and source: no provenance here speaks of it"));
        }
        (Some((r, first)), _) if !first.is_empty() && !faults.any(|(_, f)| f.is_empty()) => {
            first.into_iter().for_each(|why| ledger.wrong(name, format!("{} says that {why}", r.file)));
        }
        (Some(_), _) => {}
    }
}

/// A whole folder: every provenance must be as expected, and everything that is handed to users be spoken of by one.
fn of_folder(question: &Question<'_>, folder: &Folder, facts: &Facts, asked: bool, ledger: &mut Ledger) {
    for r in &facts.releases {
        faults(question, facts, r).into_iter().for_each(|why| ledger.wrong(&r.file, why));
    }
    if !asked {
        return;
    }
    let known = ledger.follow(facts.releases.iter().map(|r| r.file.clone()).collect());
    let handed = folder.of_kind(Kind::Artifact).chain(folder.of_kind(Kind::Image));
    for (name, _) in handed.filter(|(n, _)| !known.contains(*n)) {
        ledger.wrong(name, "no provenance here speaks of it, so that its version and source are not known");
    }
}

/// In what a provenance is not as expected.
fn faults(question: &Question<'_>, facts: &Facts, r: &Release) -> Vec<String> {
    let mut out = vec![];
    if let Some(want) = question.version
        && plain(want) != r.version
    {
        out.push(format!("it is about version {}, and {} was expected", r.version, plain(want)));
    }
    if let Some(want) = question.source {
        let based = facts.summaries.iter().filter(|s| s.is_based_on(&r.file));
        let also: Vec<&str> = based.map(|s| s.resource.as_str()).collect();
        if !is_source(&r.source, &also, want) {
            let from = if r.source.is_empty() { "no source" } else { r.source.as_str() };
            out.push(format!("it names {from}, and {want} was expected"));
        }
    }
    if let Some(want) = question.tag {
        let tag = r.source.split_once("@refs/tags/").map(|(_, t)| t.to_owned());
        let module = PurlParts::parse(&r.source).map(|p| p.version);
        if tag.or(module).as_deref() != Some(want) {
            out.push(format!("it names {}, and the tag {want} was expected", r.source));
        }
    }
    out
}

/// Whether a source is the repository or the module that was expected, however either is written.
fn is_source(source: &str, also: &[&str], want: &str) -> bool {
    let module = |purl: &str| PurlParts::parse(purl).and_then(|p| p.go_path());
    if std::iter::once(source).chain(also.iter().copied()).any(|s| module(s).as_deref() == Some(want)) {
        return true;
    }
    !source.is_empty() && repository(source) == repository(want)
}

/// Host and path of a repository's address, without scheme, user, tag and `.git`.
fn repository(address: &str) -> String {
    let address = address.strip_prefix("git+").unwrap_or(address);
    let address = address.split_once("@refs/").map_or(address, |(a, _)| a);
    let rest = match address.split_once("://") {
        Some((_, rest)) => rest.to_owned(),
        None => match address.split_once(':') {
            Some((host, path)) if !host.contains('/') => format!("{host}/{path}"),
            _ => address.to_owned(),
        },
    };
    let (host, path) = rest.split_once('/').unwrap_or((&rest, ""));
    let host = host.rsplit_once('@').map_or(host, |(_, h)| h).to_ascii_lowercase();
    let path = path.trim_end_matches('/');
    format!("{host}/{}", path.strip_suffix(".git").unwrap_or(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_however_it_is_written() {
        let git = "git+https://github.com/o/r.git@refs/tags/v1.0.0";
        let purl = "pkg:golang/github.com/o/r/v2@v2.0.0";
        for (source, also, want, is) in [
            (git, &[][..], "https://github.com/o/r", true),
            (git, &[], "github.com/o/r", true),
            (git, &[], "git@GitHub.com:o/r.git", true),
            (git, &[], "https://github.com/o/r/", true),
            (git, &[], "https://github.com/o/r2", false),
            (git, &[], "https://gitlab.com/o/r", false),
            (git, &[purl], "github.com/o/r/v2", true),
            (purl, &[], "github.com/o/r/v2", true),
            (purl, &[], "github.com/o/r", false),
            ("", &[], "", false),
        ] {
            assert_eq!(is_source(source, also, want), is, "{source} {want}");
        }
    }
}
