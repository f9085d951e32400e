//! The programs of a release, also those inside archives, against the binaries that the provenance names.

use super::facts::Facts;
use super::folder::Folder;
use super::kind::Kind;
use super::{Ledger, Question};
use crate::unpacked::{read_program, visit_programs};
use goferry_cache::Digest;
use goferry_objfile::GoBuildInfo;
use goferry_package::opened::holds_files;
use std::collections::BTreeMap;

/// A program of the release.
pub(super) struct Program {
    /// The artifact that it is, or is in.
    pub artifact: String,
    /// Its name there.
    pub name: String,
    /// SHA-256.
    pub sha256: String,
    /// What the go command wrote into it.
    pub info: Option<GoBuildInfo>,
}

/// Reads the programs of every artifact that is asked about and not known to be another file.
pub(super) fn programs(folder: &Folder, question: &Question<'_>, ledger: &mut Ledger) -> Vec<Program> {
    let vouched = ledger.vouched();
    let mut out = vec![];
    for (name, held) in folder.of_kind(Kind::Artifact) {
        // What is known to be another file is not unpacked, however little it would take.
        let wrong = ledger.wrong.iter().any(|(f, _)| f == name)
            || question.signer.is_some() && !vouched.contains(name);
        if wrong || folder.chosen.as_ref().is_some_and(|c| !c.contains(name)) {
            continue;
        }
        let read = match holds_files(name) {
            true => of_archive(name, &held.path),
            false => of_file(name, &held.path).map(|p| p.into_iter().collect()),
        };
        match read {
            Ok(programs) => out.extend(programs),
            Err(why) => ledger.wrong(name, why),
        }
    }
    out
}

fn of_file(name: &str, path: &std::path::Path) -> Result<Option<Program>, String> {
    let read = std::fs::File::open(path).and_then(|mut file| read_program(&mut file));
    read.map(|bytes| bytes.map(|b| known(name, name, b))).map_err(|e| e.to_string())
}

fn of_archive(name: &str, path: &std::path::Path) -> Result<Vec<Program>, String> {
    let mut out = vec![];
    let visited = visit_programs(path, &mut |member, bytes| out.push(known(name, member, bytes)));
    visited.map(|()| out).map_err(|e| e.to_string())
}

fn known(artifact: &str, name: &str, bytes: Vec<u8>) -> Program {
    Program {
        artifact: artifact.to_owned(),
        name: name.to_owned(),
        sha256: Digest::of(&bytes).to_hex(),
        info: goferry_objfile::inspect(&bytes).ok().and_then(|b| b.go),
    }
}

/// Compares the programs with those that the provenance names. One of a known name that is not, or an archive of which none
/// is, is a fault: what else a maker packs is the maker's own matter, and is said.
pub(super) fn compare(programs: &[Program], facts: &Facts, ledger: &mut Ledger) {
    if programs.is_empty() {
        return;
    }
    if facts.byproducts.is_empty() {
        ledger.unproved("the programs: no provenance names them");
        return;
    }
    let base = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let names: Vec<String> = facts.byproducts.iter().map(|(p, _, _)| base(p)).collect();
    let is_known = |p: &&Program| facts.byproducts.iter().any(|(_, d, _)| *d == p.sha256);
    let mut by_artifact: BTreeMap<&str, Vec<&Program>> = BTreeMap::new();
    for p in programs {
        by_artifact.entry(&p.artifact).or_default().push(p);
    }
    let mut right = 0;
    for (artifact, all) in by_artifact {
        let (good, others): (Vec<&Program>, Vec<&Program>) = all.into_iter().partition(is_known);
        right += good.len();
        // A program that is an artifact itself is a subject, and compared as such.
        let others: Vec<&Program> = others.into_iter().filter(|o| o.name != artifact).collect();
        match others.iter().find(|o| good.is_empty() || names.contains(&base(&o.name))) {
            Some(o) => ledger
                .wrong(artifact, format!("{} in it is not the program that the provenance names", o.name)),
            None => others.iter().for_each(|o| {
                ledger.unproved(format!(
                    "{} in {artifact}: a program that the provenance does not name",
                    o.name
                ));
            }),
        }
    }
    ledger.checked.push(format!("{right} programs are those of the provenance"));
}
