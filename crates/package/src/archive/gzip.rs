//! gzip (RFC 1952): one member, always, because many readers stop after the first.

use super::deflate::{Deflated, Level};
use super::feed::{Feed, Tally, Total};
use super::{Member, tar};
use crate::PackageError;
use std::fs::File;
use std::io::{self, Write};

/// Writes members as tar.gz.
pub(super) fn write_tar(
    members: &[Member],
    feed: &mut Feed,
    file: &mut File,
    level: Level,
) -> Result<Total, PackageError> {
    let made = Deflated::make(Feed::expected_size(members), level, |sink| tar::write(members, feed, sink))?;
    write_gzip(&made, &header("", 0), feed, file)
}

/// Writes one file with its name and time in the header, as goreleaser's `gz` does.
pub(super) fn write_single(
    member: &Member,
    feed: &mut Feed,
    file: &mut File,
    level: Level,
) -> Result<Total, PackageError> {
    let expected = Feed::expected_size(std::slice::from_ref(member));
    let made = Deflated::make(expected, level, |sink| {
        let content = feed.open(member)?;
        feed.pour(member, content, sink)
    })?;
    write_gzip(&made, &header(&member.name, feed.mtime(member)), feed, file)
}

fn write_gzip(made: &Deflated, header: &[u8], feed: &Feed, file: &mut File) -> Result<Total, PackageError> {
    let mut tally = Tally::new(file);
    let failed = |e: io::Error| PackageError::io("write", feed.archive())(e);
    tally.write_all(header).map_err(failed)?;
    tally.write_all(&made.packed).map_err(failed)?;
    tally.write_all(&made.crc.to_le_bytes()).map_err(failed)?;
    // The length modulo 2^32, as the RFC has it.
    tally.write_all(&(made.size as u32).to_le_bytes()).map_err(failed)?;
    Ok(tally.total())
}

/// The header: no name unless given, no time for tar.gz like Go, operating system "unknown" like Go. Names are Latin-1 in
/// gzip; one that is not is left out.
fn header(name: &str, mtime: i64) -> Vec<u8> {
    let latin1: Option<Vec<u8>> = name.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
    let latin1 = latin1.filter(|n| !n.is_empty());
    let mut h = vec![0x1f, 0x8b, 8, if latin1.is_some() { 8 } else { 0 }];
    h.extend_from_slice(&u32::try_from(mtime).unwrap_or(0).to_le_bytes());
    h.extend_from_slice(&[0, 255]);
    if let Some(name) = latin1 {
        h.extend_from_slice(&name);
        h.push(0);
    }
    h
}
