//! Archives of every format of goreleaser's `archives[].formats`, byte for byte the same for the same members.
//!
//! Owns: formats, members, the order and the fields of their headers, compression. Must not: decide what is packed.
//!
//! Nothing of the machine gets in: no clock, no user, no umask, no number of threads.

mod compress;
pub(crate) mod deflate;
mod feed;
mod gzip;
mod read;
pub(crate) mod tar;
mod zip;

use crate::PackageError;
use crate::pending::PendingFile;
use feed::Feed;
pub(crate) use feed::hex;
pub(crate) use read::{Bounded, tar as tar_members};
pub use read::{Entry, EntryKind, Visit, is_archive_name, read_members};
use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A format of goreleaser's `archives[].formats`. Aliases are formats of their own because the word is the extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are the formats")]
pub enum ArchiveFormat {
    TarGz,
    Tgz,
    TarXz,
    Txz,
    TarZst,
    Tzst,
    Tar,
    Gz,
    Xz,
    Zip,
    /// The file as it is, without an extension of the format's own.
    Binary,
}

impl ArchiveFormat {
    /// Every format.
    pub const ALL: [ArchiveFormat; 11] = [
        ArchiveFormat::TarGz,
        ArchiveFormat::Tgz,
        ArchiveFormat::TarXz,
        ArchiveFormat::Txz,
        ArchiveFormat::TarZst,
        ArchiveFormat::Tzst,
        ArchiveFormat::Tar,
        ArchiveFormat::Gz,
        ArchiveFormat::Xz,
        ArchiveFormat::Zip,
        ArchiveFormat::Binary,
    ];

    /// goreleaser's word, which is also what follows the dot in the file name (nothing does for `binary`).
    pub fn as_str(self) -> &'static str {
        match self {
            ArchiveFormat::TarGz => "tar.gz",
            ArchiveFormat::Tgz => "tgz",
            ArchiveFormat::TarXz => "tar.xz",
            ArchiveFormat::Txz => "txz",
            ArchiveFormat::TarZst => "tar.zst",
            ArchiveFormat::Tzst => "tzst",
            ArchiveFormat::Tar => "tar",
            ArchiveFormat::Gz => "gz",
            ArchiveFormat::Xz => "xz",
            ArchiveFormat::Zip => "zip",
            ArchiveFormat::Binary => "binary",
        }
    }

    /// `.tar.gz` and so on; empty for [`ArchiveFormat::Binary`].
    pub fn extension(self) -> String {
        match self {
            ArchiveFormat::Binary => String::new(),
            other => format!(".{}", other.as_str()),
        }
    }

    fn holds_one_file(self) -> bool {
        matches!(self, ArchiveFormat::Gz | ArchiveFormat::Xz | ArchiveFormat::Binary)
    }
}

impl fmt::Display for ArchiveFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ArchiveFormat {
    type Err = PackageError;

    fn from_str(word: &str) -> Result<Self, PackageError> {
        ArchiveFormat::ALL
            .into_iter()
            .find(|f| f.as_str() == word)
            .ok_or_else(|| PackageError::UnknownFormat { word: word.to_owned() })
    }
}

/// Where a member's content comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A regular file, read while the archive is written.
    File(PathBuf),
    /// These bytes.
    Bytes(Vec<u8>),
    /// A symbolic link with this text; what it points to is not looked at.
    Symlink(String),
    /// A folder entry.
    Directory,
}

/// One entry of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Path in the archive, separated by `/`, no `/` at either end.
    pub name: String,
    /// The content.
    pub source: Source,
    /// Permission bits, e.g. `0o755`.
    pub mode: u32,
    /// Unix seconds; none means the archive's default.
    pub mtime: Option<i64>,
    /// Owner's name.
    pub owner: String,
    /// Group's name.
    pub group: String,
    /// Owner's number.
    pub uid: u32,
    /// Group's number.
    pub gid: u32,
}

impl Member {
    /// A member that belongs to root (0, 0), as those that goreleaser packs in a container do; goreleaser itself
    /// writes whoever runs it, which would make the bytes depend on the machine.
    pub fn new(name: impl Into<String>, source: Source, mode: u32) -> Self {
        Member {
            name: name.into(),
            source,
            mode,
            mtime: None,
            owner: "root".into(),
            group: "root".into(),
            uid: 0,
            gid: 0,
        }
    }

    /// A regular file from disk.
    pub fn file(name: impl Into<String>, path: impl Into<PathBuf>, mode: u32) -> Self {
        Member::new(name, Source::File(path.into()), mode)
    }
}

/// libdeflate's level for gzip and zip: 10 % smaller than level 1 for 3 % of a release's time (docs/design/deflate-level.md).
pub const DEFAULT_DEFLATE_LEVEL: u8 = 4;

/// How to write an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriteOptions {
    /// Unix seconds for members that say none.
    pub default_mtime: i64,
    /// 1 (fast) to 12 (small) for gzip and zip; other values are brought into that range.
    pub deflate_level: u8,
}

impl WriteOptions {
    /// The default level.
    pub fn new(default_mtime: i64) -> Self {
        WriteOptions { default_mtime, deflate_level: DEFAULT_DEFLATE_LEVEL }
    }
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Bytes of the archive.
    pub size: u64,
    /// SHA-256 of the archive, hex.
    pub sha256: String,
    /// Its members in order.
    pub members: Vec<WrittenMember>,
}

/// A member as it was packed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenMember {
    /// Path in the archive.
    pub name: String,
    /// SHA-256 of the content as it was read while packing, hex; of nothing for links and folders.
    pub sha256: String,
    /// Bytes of the content.
    pub size: u64,
}

/// Writes an archive with `members` in the order given (goreleaser's is: files sorted by name, then binaries).
///
/// The file appears under its name only when it is complete, mode 0644 (`binary`: the member's mode).
///
/// # Errors
/// Members that the format cannot hold, two with one name, and I/O; then `out` is as it was before.
pub fn write_archive(
    format: ArchiveFormat,
    members: &[Member],
    out: &Path,
    options: &WriteOptions,
) -> Result<Written, PackageError> {
    check_members(format, members, out)?;
    let mut pending = PendingFile::create(out)?;
    let mut feed = Feed::new(out, options.default_mtime);
    let level = deflate::Level::new(options.deflate_level);
    let written = match format {
        ArchiveFormat::Zip => zip::write(members, &mut feed, pending.file(), level)?,
        ArchiveFormat::Gz => gzip::write_single(&members[0], &mut feed, pending.file(), level)?,
        ArchiveFormat::Xz => {
            compress::write_raw(&members[0], &mut feed, compress::Filter::Xz, pending.file())?
        }
        ArchiveFormat::Binary => {
            compress::write_raw(&members[0], &mut feed, compress::Filter::None, pending.file())?
        }
        ArchiveFormat::TarGz | ArchiveFormat::Tgz => {
            gzip::write_tar(members, &mut feed, pending.file(), level)?
        }
        ArchiveFormat::TarXz | ArchiveFormat::Txz => {
            compress::write_tar(members, &mut feed, compress::Filter::Xz, pending.file())?
        }
        ArchiveFormat::TarZst | ArchiveFormat::Tzst => {
            compress::write_tar(members, &mut feed, compress::Filter::Zstd, pending.file())?
        }
        ArchiveFormat::Tar => {
            compress::write_tar(members, &mut feed, compress::Filter::None, pending.file())?
        }
    };
    let mode = if format == ArchiveFormat::Binary { members[0].mode } else { 0o644 };
    pending.finish(mode)?;
    Ok(Written { size: written.size, sha256: written.sha256, members: feed.into_members() })
}

fn check_members(format: ArchiveFormat, members: &[Member], out: &Path) -> Result<(), PackageError> {
    if format.holds_one_file() && members.len() != 1 {
        return Err(PackageError::OneFileOnly {
            path: out.to_owned(),
            format: format.as_str(),
            count: members.len(),
        });
    }
    let mut names = HashSet::with_capacity(members.len());
    for member in members {
        let refuse =
            |reason| PackageError::Unstorable { path: out.to_owned(), name: member.name.clone(), reason };
        if member.name.is_empty() {
            return Err(refuse("it has no name"));
        }
        if member.name.contains('\0') {
            return Err(refuse("its name holds a NUL"));
        }
        if format.holds_one_file() && matches!(member.source, Source::Symlink(_) | Source::Directory) {
            return Err(refuse("the format holds regular files only"));
        }
        if !names.insert(member.name.trim_end_matches('/')) {
            return Err(PackageError::DuplicateMember { path: out.to_owned(), name: member.name.clone() });
        }
    }
    Ok(())
}
