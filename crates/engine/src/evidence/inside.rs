//! What is inside archives against the binaries that the provenance names.

use super::facts::Facts;
use super::folder::Folder;
use super::kind::Kind;
use super::{Ledger, Question};
use goferry_package::archive::{EntryKind, is_archive_name, read_members};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::io;

/// The most that may come out of one archive.
const UNPACKED_LIMIT: u64 = 1 << 30;

/// Compares the programs inside every archive that is asked about.
pub(super) fn compare(folder: &Folder, facts: &Facts, question: &Question<'_>, ledger: &mut Ledger) {
    let vouched = ledger.vouched();
    // What is known to be another file is not unpacked, however little it would take.
    let wrong = |n: &str| {
        ledger.wrong.iter().any(|(f, _)| f == n) || question.signer.is_some() && !vouched.contains(n)
    };
    let asked = |n: &str| folder.chosen.as_ref().is_none_or(|c| c.contains(n)) && !wrong(n);
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
    let visited = read_members(&held.path, &mut |entry, content| {
        if entry.kind != EntryKind::File {
            return Ok(());
        }
        let mut content = io::Read::take(content, left);
        let digest = program(&mut content)?;
        left = content.limit();
        if left == 0 {
            return Err(io::Error::other("more comes out of it than a release has"));
        }
        match digest {
            Some(d) if known.contains_key(d.as_str()) => right += 1,
            Some(_) => others.push(entry.name.clone()),
            None => {}
        }
        Ok(())
    });
    visited.map_err(|e| e.to_string())?;
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

/// The SHA-256 of a program; none of what is none.
fn program(content: &mut impl io::Read) -> io::Result<Option<String>> {
    let mut buffer = vec![0; 64 << 10];
    let mut hash: Option<Sha256> = None;
    loop {
        let n = fill(content, &mut buffer)?;
        match &mut hash {
            _ if n == 0 => break,
            Some(hash) => hash.update(&buffer[..n]),
            None if is_program(&buffer[..n]) => hash = Some(Sha256::new_with_prefix(&buffer[..n])),
            None => return Ok(None),
        }
    }
    Ok(hash.map(|h| h.finalize().iter().map(|b| format!("{b:02x}")).collect()))
}

/// Reads until the buffer is full or nothing is left, so that the first piece holds the first bytes.
fn fill(content: &mut impl io::Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut n = 0;
    while n < buffer.len() {
        match content.read(&mut buffer[n..]) {
            Ok(0) => break,
            Ok(more) => n += more,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(n)
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
