//! Reads members' content once, digesting what is read: the digests say what is in the archive, not what was on disk
//! before or after.

use super::{Member, Source, WrittenMember};
use crate::PackageError;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Size of the pieces in which files are read; large enough to make calls rare, small enough to stay in the L2 cache.
const PIECE: usize = 128 * 1024;

/// The source of members' bytes, and the list of what was packed.
pub(super) struct Feed {
    archive: PathBuf,
    default_mtime: i64,
    members: Vec<WrittenMember>,
    piece: Vec<u8>,
}

/// A member's content, opened.
pub(super) enum Content<'a> {
    /// A file and its length when it was opened.
    File(File, &'a Path, u64),
    /// Bytes in memory.
    Bytes(&'a [u8]),
    /// Nothing: links and folders.
    None,
}

impl Content<'_> {
    /// Bytes that will come.
    pub(super) fn size(&self) -> u64 {
        match self {
            Content::File(_, _, size) => *size,
            Content::Bytes(b) => b.len() as u64,
            Content::None => 0,
        }
    }
}

impl Feed {
    pub(super) fn new(archive: &Path, default_mtime: i64) -> Self {
        Feed { archive: archive.to_owned(), default_mtime, members: Vec::new(), piece: vec![0; PIECE] }
    }

    pub(super) fn into_members(self) -> Vec<WrittenMember> {
        self.members
    }

    /// The archive that is written, for errors.
    pub(super) fn archive(&self) -> &Path {
        &self.archive
    }

    pub(super) fn mtime(&self, member: &Member) -> i64 {
        member.mtime.unwrap_or(self.default_mtime)
    }

    pub(super) fn unstorable(&self, member: &Member, reason: &'static str) -> PackageError {
        PackageError::Unstorable { path: self.archive.clone(), name: member.name.clone(), reason }
    }

    /// Roughly how many bytes a tar of these members has; a hint for buffers, so a file that is missing counts nothing.
    pub(super) fn expected_size(members: &[Member]) -> u64 {
        let content = members.iter().map(|m| match &m.source {
            Source::File(path) => std::fs::metadata(path).map_or(0, |f| f.len()),
            Source::Bytes(bytes) => bytes.len() as u64,
            Source::Symlink(_) | Source::Directory => 0,
        });
        content.map(|size| size.saturating_add(2048)).fold(1024, u64::saturating_add)
    }

    /// Opens a member's content.
    pub(super) fn open<'a>(&self, member: &'a Member) -> Result<Content<'a>, PackageError> {
        match &member.source {
            Source::File(path) => {
                let file = File::open(path).map_err(PackageError::io("read", path))?;
                let facts = file.metadata().map_err(PackageError::io("read", path))?;
                if !facts.is_file() {
                    return Err(self.unstorable(member, "its source is not a regular file"));
                }
                Ok(Content::File(file, path, facts.len()))
            }
            Source::Bytes(bytes) => Ok(Content::Bytes(bytes)),
            Source::Symlink(_) | Source::Directory => Ok(Content::None),
        }
    }

    /// Sends a member's content to `sink` in pieces and notes its digest.
    pub(super) fn pour(
        &mut self,
        member: &Member,
        content: Content<'_>,
        sink: &mut dyn Write,
    ) -> Result<(), PackageError> {
        let mut digest = Sha256::new();
        let size = content.size();
        match content {
            Content::Bytes(bytes) => {
                digest.update(bytes);
                sink.write_all(bytes).map_err(PackageError::io("write", &self.archive))?;
            }
            Content::File(mut file, path, size) => {
                let mut left = size;
                loop {
                    let n = read_some(&mut file, &mut self.piece).map_err(PackageError::io("read", path))?;
                    if n == 0 {
                        break;
                    }
                    if n as u64 > left {
                        return Err(PackageError::Changed { path: path.to_owned() });
                    }
                    left -= n as u64;
                    digest.update(&self.piece[..n]);
                    sink.write_all(&self.piece[..n]).map_err(PackageError::io("write", &self.archive))?;
                }
                if left != 0 {
                    return Err(PackageError::Changed { path: path.to_owned() });
                }
            }
            Content::None => {}
        }
        self.members.push(WrittenMember { name: member.name.clone(), sha256: hex(&digest.finalize()), size });
        Ok(())
    }
}

fn read_some(file: &mut File, piece: &mut [u8]) -> io::Result<usize> {
    loop {
        match file.read(piece) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for b in bytes {
        text.push(char::from(DIGITS[usize::from(b >> 4)]));
        text.push(char::from(DIGITS[usize::from(b & 15)]));
    }
    text
}

/// Counts and digests what is written to the archive itself.
pub(super) struct Tally<'f> {
    file: &'f mut File,
    digest: Sha256,
    size: u64,
}

/// Size and digest of a finished archive.
pub(super) struct Total {
    pub(super) size: u64,
    pub(super) sha256: String,
}

impl<'f> Tally<'f> {
    pub(super) fn new(file: &'f mut File) -> Self {
        Tally { file, digest: Sha256::new(), size: 0 }
    }

    /// Bytes written so far.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    pub(super) fn total(self) -> Total {
        Total { size: self.size, sha256: hex(&self.digest.finalize()) }
    }
}

impl Write for Tally<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.file.write(bytes)?;
        self.digest.update(&bytes[..n]);
        self.size += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
