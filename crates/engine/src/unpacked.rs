//! The programs among files, and in archives and packages, each whole in memory for as long as it is looked at.
//!
//! Owns: what is taken for a program, how much is unpacked. Must not: unpack to disk, leave a program out.

use goferry_objfile::ObjError;
use goferry_package::PackageError;
use goferry_package::archive::EntryKind;
use goferry_package::opened::read_files;
use std::io::{self, Read};
use std::path::Path;

/// The most that may come out of one archive.
const UNPACKED_LIMIT: u64 = 4 << 30;
/// The largest program; the largest that is known has half of this.
const MAX_PROGRAM: u64 = 2 << 30;

/// Where the stub of Windows programs says what they are.
pub(crate) const HEAD: usize = 512;

/// Shows every program in an archive or a package to `visit`, with its name there.
///
/// # Errors
/// It cannot be read, is damaged, or holds more than goferry unpacks.
pub(crate) fn visit_programs(path: &Path, visit: &mut dyn FnMut(&str, Vec<u8>)) -> Result<(), PackageError> {
    read_files(path, UNPACKED_LIMIT, &mut |entry, content| {
        if entry.kind == EntryKind::File
            && let Some(bytes) = read_program(content)?
        {
            visit(&entry.name, bytes);
        }
        Ok(())
    })
}

/// The bytes of a program; none of what is none.
///
/// # Errors
/// It cannot be read, or is larger than any program.
pub(crate) fn read_program(content: &mut dyn Read) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = vec![];
    content.take(8).read_to_end(&mut bytes)?;
    if !goferry_objfile::is_program(&bytes) {
        return Ok(None);
    }
    content.take(MAX_PROGRAM).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > MAX_PROGRAM {
        true => Err(io::Error::other("a program of more than 2 GiB")),
        false => Ok(Some(bytes)),
    }
}

/// Whether what cannot be read is a program that lost something, which a bill must not pass over. A text that begins with `MZ` is none.
pub(crate) fn is_damage(e: &ObjError, head: &[u8]) -> bool {
    const STUB: &[u8] = b"DOS mode";
    let is_pe = || head.windows(STUB.len()).take(HEAD).any(|w| w == STUB);
    !matches!(e, ObjError::Unrecognized { .. }) && (!head.starts_with(b"MZ") || is_pe())
}
