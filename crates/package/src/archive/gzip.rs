//! gzip (RFC 1952): one member, always, because many readers stop after the first.

use super::feed::{Feed, Tally, Total};
use super::{Member, tar};
use crate::PackageError;
use libdeflater::{CompressionLvl, Compressor, Crc};
use std::fs::File;
use std::io::{self, Write};

/// libdeflate's level; the choice is measured.
pub(super) const LEVEL: i32 = 1;

/// Writes members as tar.gz.
pub(super) fn write_tar(members: &[Member], feed: &mut Feed, file: &mut File) -> Result<Total, PackageError> {
    let mut plain = Vec::new();
    tar::write(members, feed, &mut plain)?;
    write_gzip(&plain, &header("", 0), feed, file)
}

/// Writes one file with its name and time in the header, as goreleaser's `gz` does.
pub(super) fn write_single(member: &Member, feed: &mut Feed, file: &mut File) -> Result<Total, PackageError> {
    let content = feed.open(member)?;
    let mut plain = Vec::new();
    feed.pour(member, content, &mut plain)?;
    write_gzip(&plain, &header(&member.name, feed.mtime(member)), feed, file)
}

fn write_gzip(plain: &[u8], header: &[u8], feed: &Feed, file: &mut File) -> Result<Total, PackageError> {
    let mut tally = Tally::new(file);
    let failed = |e: io::Error| PackageError::io("write", feed.archive())(e);
    tally.write_all(header).map_err(failed)?;
    tally.write_all(&deflate(plain).map_err(failed)?).map_err(failed)?;
    let mut crc = Crc::new();
    crc.update(plain);
    tally.write_all(&crc.sum().to_le_bytes()).map_err(failed)?;
    tally.write_all(&(plain.len() as u32).to_le_bytes()).map_err(failed)?;
    Ok(tally.total())
}

/// A deflate stream (RFC 1951) of the whole input.
pub(super) fn deflate(plain: &[u8]) -> io::Result<Vec<u8>> {
    let level = CompressionLvl::new(LEVEL).map_err(|_| io::Error::other("compression level"))?;
    let mut compressor = Compressor::new(level);
    let mut out = vec![0; compressor.deflate_compress_bound(plain.len())];
    let n = compressor.deflate_compress(plain, &mut out).map_err(io::Error::other)?;
    out.truncate(n);
    Ok(out)
}

/// The header: no name unless given, no time for tar.gz like Go, operating system "unknown" like Go.
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
