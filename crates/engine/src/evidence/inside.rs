//! The programs of a release, also those inside archives, against the binaries that the provenance names.

use super::facts::Facts;
use super::folder::Folder;
use super::kind::Kind;
use super::{Ledger, Question};
use goferry_cache::Digest;
use goferry_objfile::GoBuildInfo;
use goferry_package::archive::EntryKind;
use goferry_package::opened::{holds_files, read_files};
use std::collections::BTreeMap;
use std::io::{self, Read};

/// The most that may come out of one archive.
pub(crate) const UNPACKED_LIMIT: u64 = 1 << 30;

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
    let mut file = std::fs::File::open(path).map_err(|e| e.to_string())?.take(UNPACKED_LIMIT + 1);
    let bytes = program(&mut file).map_err(|e| e.to_string())?;
    if file.limit() == 0 {
        return Err("it is larger than a program of a release".to_owned());
    }
    Ok(bytes.map(|b| known(name, name, b)))
}

fn of_archive(name: &str, path: &std::path::Path) -> Result<Vec<Program>, String> {
    let mut out = vec![];
    let visited = read_files(path, UNPACKED_LIMIT, &mut |entry, mut content| {
        if entry.kind == EntryKind::File {
            out.extend(program(&mut content)?.map(|b| known(name, &entry.name, b)));
        }
        Ok(())
    });
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

/// The bytes of a program; none of what is none.
pub(crate) fn program(content: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = vec![];
    content.by_ref().take(8).read_to_end(&mut bytes)?;
    if !is_program(&bytes) {
        return Ok(None);
    }
    content.read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// ELF, PE, Mach-O (also universal) and WebAssembly, by their first bytes.
fn is_program(bytes: &[u8]) -> bool {
    const MAGIC: [&[u8]; 7] = [
        b"\x7fELF",
        b"MZ",
        b"\xcf\xfa\xed\xfe",
        b"\xce\xfa\xed\xfe",
        b"\xca\xfe\xba\xbe",
        b"\xca\xfe\xba\xbf",
        b"\0asm",
    ];
    MAGIC.iter().any(|m| bytes.starts_with(m))
}
