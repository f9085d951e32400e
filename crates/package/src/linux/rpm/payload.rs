//! rpm's payload: a cpio archive in its new ASCII format (cpio(5), "New ASCII Format"), compressed.
//!
//! Owns: the archive's members. Must not: know the header.

use super::super::contents::{Entry, What};
use super::super::output::{self, Compression, Feed};
use crate::PackageError;
use crate::archive::hex;
use sha2::{Digest, Sha256};
use std::io::{self, Write};
use std::path::Path;

/// What the header says about the payload.
pub(super) struct Payload {
    pub(super) packed: Vec<u8>,
    /// SHA-256 of the archive before it was compressed.
    pub(super) plain_sha256: String,
    /// Bytes of the archive before it was compressed.
    pub(super) plain_size: u64,
    /// Of each entry: SHA-256, empty for what is no regular file; and its size as the header has it.
    pub(super) files: Vec<(String, u32)>,
}

/// Packs the entries, whose order is the header's.
pub(super) fn make(
    entries: &[Entry],
    compression: Compression,
    feed: &mut Feed,
    out: &Path,
) -> Result<Payload, PackageError> {
    let mut files = Vec::with_capacity(entries.len());
    let mut plain = (String::new(), 0);
    let packed = output::compress(compression, output::expected_size(entries), out, |sink| {
        let mut tally = Tally { sink, digest: Sha256::new(), size: 0 };
        for (i, entry) in entries.iter().enumerate() {
            files.push(member(i as u32 + 1, entry, feed, &mut tally)?);
        }
        tally.write_all(&head("TRAILER!!!", 0, 0, 0, 0)).map_err(feed.write_error())?;
        plain = (hex(&tally.digest.finalize()), tally.size);
        Ok(())
    })?;
    Ok(Payload { packed, plain_sha256: plain.0, plain_size: plain.1, files })
}

/// The file type and permissions as stat(2) has them.
pub(super) fn mode(entry: &Entry) -> u32 {
    entry.mode
        | match entry.what {
            What::Folder { .. } => 0o040_000,
            What::Link(_) => 0o120_000,
            What::File(..) | What::Ghost => 0o100_000,
        }
}

fn member(
    inode: u32,
    entry: &Entry,
    feed: &mut Feed,
    tally: &mut Tally<'_>,
) -> Result<(String, u32), PackageError> {
    let name = format!("./{}", entry.relative());
    let mtime = u32::try_from(entry.mtime).unwrap_or(0);
    let mut start = |size: u32| {
        tally.write_all(&head(&name, inode, mode(entry), mtime, size)).map_err(feed.write_error())
    };
    match &entry.what {
        What::Folder { .. } => {
            start(0)?;
            Ok((String::new(), 4096))
        }
        What::Ghost => Ok((hex(&Sha256::digest([])), 0)),
        What::Link(text) => {
            let size = text.len() as u32;
            start(size)?;
            tally.write_all(text.as_bytes()).map_err(feed.write_error())?;
            tally.fill().map_err(feed.write_error())?;
            Ok((String::new(), size))
        }
        What::File(..) => {
            let Some(open) = feed.open(entry)? else { return Ok((String::new(), 0)) };
            let size = u32::try_from(open.size()).map_err(|_| PackageError::Unstorable {
                path: entry.path.clone().into(),
                name: entry.path.clone(),
                reason: "it has 4 GiB or more, which cpio cannot say",
            })?;
            start(size)?;
            let digests = feed.pour(entry, open, tally)?;
            tally.fill().map_err(feed.write_error())?;
            Ok((digests.sha256, size))
        }
    }
}

/// A member's header and name, filled up to four bytes.
fn head(name: &str, inode: u32, mode: u32, mtime: u32, size: u32) -> Vec<u8> {
    let name_size = name.len() as u32 + 1;
    let numbers = [inode, mode, 0, 0, 1, mtime, size, 0, 0, 0, 0, name_size, 0];
    let mut head = b"070701".to_vec();
    for number in numbers {
        head.extend_from_slice(format!("{number:08x}").as_bytes());
    }
    head.extend_from_slice(name.as_bytes());
    head.push(0);
    while !head.len().is_multiple_of(4) {
        head.push(0);
    }
    head
}

/// Counts and digests the archive on its way to the compressor.
struct Tally<'s> {
    sink: &'s mut dyn Write,
    digest: Sha256,
    size: u64,
}

impl Tally<'_> {
    /// Zeros up to the next four bytes.
    fn fill(&mut self) -> io::Result<()> {
        let zeros = [0; 4];
        self.write_all(&zeros[..(4 - (self.size % 4) as usize) % 4])
    }
}

impl Write for Tally<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.sink.write(bytes)?;
        self.digest.update(&bytes[..n]);
        self.size += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
