//! tar headers of a package's members. dpkg and opkg, which know no pax records, get [`Header::gnu_blocks`]; apk and pacman
//! [`Header::blocks`].
//!
//! Must not: know a package.

use super::contents::{Entry, What};
use goferry_tar::{Header, Kind};

/// A regular file without an owner's name, as the formats' own members are.
pub(super) fn own_file(name: &str, size: usize, mode: u32, mtime: i64) -> Header {
    Header { name: name.to_owned(), size: size as u64, mode, mtime, ..Header::default() }
}

/// The header of an entry whose content has `size` bytes; none for a ghost, of which only the metadata know.
pub(super) fn member(entry: &Entry, name: String, size: u64) -> Option<Header> {
    let (kind, link) = match &entry.what {
        What::Folder { .. } => (Kind::Directory, ""),
        What::Link(text) => (Kind::Symlink, text.as_str()),
        What::File(..) => (Kind::File, ""),
        What::Ghost => return None,
    };
    Some(Header {
        name,
        kind,
        link: link.to_owned(),
        mode: entry.mode,
        owner: entry.owner.clone(),
        group: entry.group.clone(),
        size,
        mtime: entry.mtime,
        ..Header::default()
    })
}
