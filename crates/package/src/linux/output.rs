//! The way of a package's bytes: contents read once and digested, compressed, put together in the file.
//!
//! Owns: compression settings, spooling, the digests of the contents and of the whole. Must not: know a format's metadata.

use super::contents::{Bytes, Entry, What};
use crate::PackageError;
use crate::archive::deflate::{Deflated, Level};
use crate::archive::hex;
use crate::{Written, WrittenMember};
use goferry_tar::padding;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// How much may be held in memory uncompressed to be compressed in one go by libdeflate; more streams through zlib.
const WHOLE: u64 = 32 << 20;
/// libdeflate's level if the configuration states none (docs/design/deflate-level.md).
const DEFLATE_LEVEL: u8 = crate::archive::DEFAULT_DEFLATE_LEVEL;
/// zstd's level if the configuration states none.
const ZSTD_LEVEL: i32 = 9;
const XZ_PRESET: u32 = 6;
/// Size of the pieces in which files are read.
const PIECE: usize = 128 * 1024;

/// A compression with its level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Gzip(u8),
    Xz,
    /// The older format of xz(1), `.lzma`.
    Lzma,
    Zstd(i32),
}

impl Compression {
    /// nfpm's `gzip`, `gzip:9`, `xz`, `zstd:19`, `none`; empty means gzip. None if it is no such setting.
    pub(super) fn parse(text: &str) -> Option<Compression> {
        let (word, level) = text.split_once(':').map_or((text, None), |(w, l)| (w, Some(l)));
        Some(match (word, level) {
            ("" | "gzip" | "gz", None) => Compression::Gzip(DEFLATE_LEVEL),
            // -1 is zlib's word for its default.
            ("" | "gzip" | "gz", Some(level)) => match level.parse::<i8>().ok()? {
                -1 => Compression::Gzip(DEFLATE_LEVEL),
                level @ 0..=9 => Compression::Gzip(level as u8),
                _ => return None,
            },
            ("xz", None) => Compression::Xz,
            ("lzma", None) => Compression::Lzma,
            ("zstd", None) => Compression::Zstd(ZSTD_LEVEL),
            ("zstd", Some(level)) => Compression::Zstd(zstd_level(level)?),
            ("none", None) => Compression::None,
            _ => return None,
        })
    }
}

/// A number, or one of the words of nfpm's zstd library.
fn zstd_level(text: &str) -> Option<i32> {
    Some(match text {
        "fastest" => 1,
        "default" => 3,
        "better" => 7,
        "best" => 19,
        number => number.parse().ok().filter(|n| (1..=22).contains(n))?,
    })
}

/// Digests of a content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Digests {
    pub(super) sha256: String,
    /// Only if asked for.
    pub(super) md5: Option<String>,
    /// Only if asked for.
    pub(super) sha1: Option<String>,
}

/// Which digests a format wants besides SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Sha256,
    Md5Too,
    Sha1Too,
}

/// Opens and pours contents, and notes what was packed.
pub(super) struct Feed {
    out: PathBuf,
    wanted: Wanted,
    members: Vec<WrittenMember>,
    piece: Vec<u8>,
}

/// A content that is open, with its length.
pub(super) enum Open<'e> {
    File(File, &'e Path, u64),
    Memory(&'e [u8]),
}

impl Open<'_> {
    pub(super) fn size(&self) -> u64 {
        match self {
            Open::File(_, _, size) => *size,
            Open::Memory(bytes) => bytes.len() as u64,
        }
    }
}

impl Feed {
    pub(super) fn new(out: &Path, wanted: Wanted) -> Self {
        Feed { out: out.to_owned(), wanted, members: Vec::new(), piece: vec![0; PIECE] }
    }

    pub(super) fn into_members(self) -> Vec<WrittenMember> {
        self.members
    }

    /// Turns an error of writing the package into ours.
    pub(super) fn write_error(&self) -> impl FnOnce(io::Error) -> PackageError {
        PackageError::io("write", &self.out)
    }

    /// Opens a regular file's content.
    pub(super) fn open<'e>(&self, entry: &'e Entry) -> Result<Option<Open<'e>>, PackageError> {
        match &entry.what {
            What::File(_, Bytes::Memory(bytes)) => Ok(Some(Open::Memory(bytes))),
            What::File(_, Bytes::File(path)) => {
                let file = File::open(path).map_err(PackageError::io("read", path))?;
                let facts = file.metadata().map_err(PackageError::io("read", path))?;
                if !facts.is_file() {
                    return Err(PackageError::Unstorable {
                        path: self.out.clone(),
                        name: entry.path.clone(),
                        reason: "its source is not a regular file",
                    });
                }
                Ok(Some(Open::File(file, path, facts.len())))
            }
            What::Folder { .. } | What::Link(_) | What::Ghost => Ok(None),
        }
    }

    /// SHA-1 of a regular file's content, which is read once more for it: apk has it in front of the content.
    pub(super) fn sha1_ahead(&mut self, entry: &Entry) -> Result<Option<String>, PackageError> {
        let mut digest = Sha1::new();
        match self.open(entry)? {
            None => return Ok(None),
            Some(Open::Memory(bytes)) => digest.update(bytes),
            Some(Open::File(mut file, path, _)) => {
                while let n @ 1.. = read_piece(&mut file, &mut self.piece, path)? {
                    digest.update(&self.piece[..n]);
                }
            }
        }
        Ok(Some(hex(&digest.finalize())))
    }

    /// Sends a content to `sink`, notes it and says its digests.
    pub(super) fn pour(
        &mut self,
        entry: &Entry,
        open: Open<'_>,
        sink: &mut dyn Write,
    ) -> Result<Digests, PackageError> {
        let size = open.size();
        let mut sha256 = Sha256::new();
        let mut md5 = (self.wanted == Wanted::Md5Too).then(Md5::new);
        let mut sha1 = (self.wanted == Wanted::Sha1Too).then(Sha1::new);
        let mut take = |bytes: &[u8]| {
            sha256.update(bytes);
            if let Some(md5) = &mut md5 {
                md5.update(bytes);
            }
            if let Some(sha1) = &mut sha1 {
                sha1.update(bytes);
            }
            sink.write_all(bytes)
        };
        match open {
            Open::Memory(bytes) => take(bytes).map_err(self.write_error())?,
            Open::File(mut file, path, mut left) => {
                while let n @ 1.. = read_piece(&mut file, &mut self.piece, path)? {
                    if n as u64 > left {
                        return Err(PackageError::Changed { path: path.to_owned() });
                    }
                    left -= n as u64;
                    take(&self.piece[..n]).map_err(PackageError::io("write", &self.out))?;
                }
                if left != 0 {
                    return Err(PackageError::Changed { path: path.to_owned() });
                }
            }
        }
        let digests = Digests {
            sha256: hex(&sha256.finalize()),
            md5: md5.map(|m| hex(&m.finalize())),
            sha1: sha1.map(|s| hex(&s.finalize())),
        };
        self.members.push(WrittenMember {
            name: entry.relative().to_owned(),
            sha256: digests.sha256.clone(),
            size,
        });
        Ok(digests)
    }

    /// As [`Feed::pour`], with the zeros that fill up tar's last block.
    pub(super) fn pour_padded(
        &mut self,
        entry: &Entry,
        open: Open<'_>,
        sink: &mut dyn Write,
    ) -> Result<Digests, PackageError> {
        let size = open.size();
        let digests = self.pour(entry, open, sink)?;
        sink.write_all(padding(size)).map_err(self.write_error())?;
        Ok(digests)
    }
}

fn read_piece(file: &mut File, piece: &mut [u8], path: &Path) -> Result<usize, PackageError> {
    loop {
        match file.read(piece) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            other => return other.map_err(PackageError::io("read", path)),
        }
    }
}

/// Roughly how many bytes the contents have with their headers: what decides how they are compressed, so it is taken from
/// the contents only.
pub(super) fn expected_size(entries: &[Entry]) -> u64 {
    let size = |e: &Entry| match &e.what {
        What::File(_, Bytes::File(path)) => std::fs::metadata(path).map_or(0, |f| f.len()),
        What::File(_, Bytes::Memory(bytes)) => bytes.len() as u64,
        What::Folder { .. } | What::Link(_) | What::Ghost => 0,
    };
    entries.iter().map(|e| size(e).saturating_add(2048)).fold(1024, u64::saturating_add)
}

/// What `write` writes, compressed.
pub(super) fn compress(
    compression: Compression,
    expected: u64,
    out: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<(), PackageError>,
) -> Result<Vec<u8>, PackageError> {
    let failed = |e: io::Error| PackageError::io("compress", out)(e);
    match compression {
        Compression::None => {
            let mut plain = Vec::new();
            write(&mut plain)?;
            Ok(plain)
        }
        Compression::Gzip(level) => {
            let made = Deflated::make_within(WHOLE, expected, Level::new(level), write)?;
            Ok(gzip_member(&made, 0))
        }
        Compression::Xz => {
            let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), XZ_PRESET);
            write(&mut encoder)?;
            encoder.finish().map_err(failed)
        }
        Compression::Lzma => {
            let options = liblzma::stream::LzmaOptions::new_preset(XZ_PRESET)
                .map_err(|e| failed(io::Error::other(e)))?;
            let stream = liblzma::stream::Stream::new_lzma_encoder(&options)
                .map_err(|e| failed(io::Error::other(e)))?;
            let mut encoder = liblzma::write::XzEncoder::new_stream(Vec::new(), stream);
            write(&mut encoder)?;
            encoder.finish().map_err(failed)
        }
        Compression::Zstd(level) => {
            let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), level).map_err(failed)?;
            encoder.include_checksum(true).map_err(failed)?;
            write(&mut encoder)?;
            encoder.finish().map_err(failed)
        }
    }
}

/// Some bytes as a gzip member, as small as it gets.
pub(super) fn gzip_best(bytes: &[u8]) -> Result<Vec<u8>, PackageError> {
    let made = Deflated::make_within(u64::MAX, 0, Level::new(12), |sink| {
        sink.write_all(bytes).map_err(PackageError::io("compress", Path::new("gzip")))
    })?;
    // 2: the most that the method gives, which lintian asks of changelogs.
    Ok(gzip_member(&made, 2))
}

/// One gzip member (RFC 1952) without name and time, system "unknown", as Go's library writes it; `extra`
/// is its field XFL.
fn gzip_member(made: &Deflated, extra: u8) -> Vec<u8> {
    let mut member = Vec::with_capacity(made.packed.len() + 18);
    member.extend_from_slice(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, extra, 255]);
    member.extend_from_slice(&made.packed);
    member.extend_from_slice(&made.crc.to_le_bytes());
    // The length modulo 2^32, as the RFC has it.
    member.extend_from_slice(&(made.size as u32).to_le_bytes());
    member
}

/// Writes the parts of a package to its file, which appears when it is whole.
pub(super) fn finish(out: &Path, parts: &[&[u8]], feed: Feed) -> Result<Written, PackageError> {
    let mut pending = crate::pending::PendingFile::create(out)?;
    let mut digest = Sha256::new();
    let mut size = 0;
    for part in parts {
        pending.file().write_all(part).map_err(PackageError::io("write", out))?;
        digest.update(part);
        size += part.len() as u64;
    }
    pending.finish(0o644)?;
    Ok(Written { size, sha256: hex(&digest.finalize()), members: feed.into_members() })
}

/// Lower-case SHA-256 of some bytes.
pub(super) fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Lower-case SHA-1 of some bytes.
pub(super) fn sha1_hex(bytes: &[u8]) -> String {
    hex(&Sha1::digest(bytes))
}

/// Lower-case MD5 of some bytes.
pub(super) fn md5_hex(bytes: &[u8]) -> String {
    hex(&Md5::digest(bytes))
}
