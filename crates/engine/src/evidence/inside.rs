//! What is inside archives against the binaries that the provenance names.

use super::Ledger;
use super::facts::Facts;
use super::folder::Folder;
use super::kind::Kind;
use goferry_cache::Digest;
use goferry_package::archive::{is_archive_name, read_members};
use std::collections::BTreeMap;
use std::io::{self, Read};

/// The most that may come out of one archive.
const UNPACKED_LIMIT: u64 = 1 << 30;

/// Compares the programs inside every archive that is asked about.
pub(super) fn compare(folder: &Folder, facts: &Facts, ledger: &mut Ledger) {
    let asked = |n: &str| folder.chosen.as_ref().is_none_or(|c| c.contains(n));
    let archives: Vec<&str> =
        folder.of_kind(Kind::Artifact).map(|(n, _)| n).filter(|n| asked(n) && is_archive_name(n)).collect();
    if archives.is_empty() {
        return;
    }
    let known: BTreeMap<&str, &str> =
        facts.byproducts.iter().map(|(path, sha256, _)| (sha256.as_str(), path.as_str())).collect();
    if known.is_empty() {
        ledger.unproved("what is inside the archives: no provenance names the programs");
        return;
    }
    let mut compared = 0;
    for name in archives {
        match one(folder, name, &known, ledger) {
            Ok(programs) => compared += programs,
            Err(why) => ledger.wrong(name, why),
        }
    }
    ledger.checked.push(format!("{compared} programs inside archives are those of the provenance"));
}

/// The number of programs in an archive that are known. One of a known name that is not, or none that is, is a fault: what else a
/// maker packs is the maker's own matter, and is said.
fn one(
    folder: &Folder,
    name: &str,
    known: &BTreeMap<&str, &str>,
    ledger: &mut Ledger,
) -> Result<usize, String> {
    let Some(held) = folder.files.get(name) else { return Ok(0) };
    let (mut right, mut others, mut left) = (0, vec![], UNPACKED_LIMIT);
    read_members(&held.path, &mut |entry, content| {
        let mut bytes = vec![];
        content.take(left + 1).read_to_end(&mut bytes)?;
        left = left
            .checked_sub(bytes.len() as u64)
            .ok_or_else(|| io::Error::other(format!("it holds more than {UNPACKED_LIMIT} bytes")))?;
        match known.contains_key(Digest::of(&bytes).to_hex().as_str()) {
            _ if !is_program(&bytes) => {}
            true => right += 1,
            false => others.push(entry.name.clone()),
        }
        Ok(())
    })
    .map_err(|e| e.to_string())?;
    let base = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let names: Vec<String> = known.values().map(|p| base(p)).collect();
    let fault = others.iter().find(|o| right == 0 || names.contains(&base(o)));
    if let Some(fault) = fault {
        return Err(format!("{fault} in it is not the program that the provenance names"));
    }
    for other in others {
        ledger.unproved(format!("{other} in {name}: a program that the provenance does not name"));
    }
    Ok(right)
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
