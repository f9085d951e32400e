//! tar streams, for archives, packages and image layers alike.
//!
//! Owns: headers as data; writing them as Go's `archive/tar` does (ustar, with a pax record before a member that ustar
//! cannot say) and as GNU tar does; reading ustar, pax and GNU's long names. Must not: open files, know what a member is for.

mod gnu;
mod read;
mod write;

pub use read::{Entry, Visit, read};
pub use write::{END, padding};

use std::collections::BTreeMap;

/// Size of tar's blocks in bytes.
pub const BLOCK: usize = 512;

/// Everything that a header says of a member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// Path as it stands in the stream; for folders without the `/` at the end.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Text of a symbolic link, or the member that a hard link names.
    pub link: String,
    /// Permission bits, with set-uid, set-gid and sticky.
    pub mode: u32,
    /// Owner's number.
    pub uid: u32,
    /// Group's number.
    pub gid: u32,
    /// Owner's name; may be empty.
    pub owner: String,
    /// Group's name; may be empty.
    pub group: String,
    /// Bytes of content.
    pub size: u64,
    /// Unix seconds; parts of a second are cut off when read.
    pub mtime: i64,
    /// Major and minor number of a device.
    pub device: (u32, u32),
    /// Extended attributes, by name (`security.capability`).
    pub xattrs: BTreeMap<String, Vec<u8>>,
    /// Further pax records, by key; written only.
    pub records: BTreeMap<String, Vec<u8>>,
}

/// What a member is (POSIX.1-2017, pax, "ustar Interchange Format", typeflag).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A regular file.
    #[default]
    File,
    /// Another name of an earlier member.
    HardLink,
    /// A symbolic link.
    Symlink,
    /// A character device.
    CharDevice,
    /// A block device.
    BlockDevice,
    /// A folder.
    Directory,
    /// A named pipe.
    Fifo,
    /// Anything else, by its letter.
    Other(u8),
}

impl Kind {
    fn of(letter: u8) -> Kind {
        match letter {
            b'0' | 0 | b'7' => Kind::File,
            b'1' => Kind::HardLink,
            b'2' => Kind::Symlink,
            b'3' => Kind::CharDevice,
            b'4' => Kind::BlockDevice,
            b'5' => Kind::Directory,
            b'6' => Kind::Fifo,
            other => Kind::Other(other),
        }
    }

    fn letter(self) -> u8 {
        match self {
            Kind::File => b'0',
            Kind::HardLink => b'1',
            Kind::Symlink => b'2',
            Kind::CharDevice => b'3',
            Kind::BlockDevice => b'4',
            Kind::Directory => b'5',
            Kind::Fifo => b'6',
            Kind::Other(letter) => letter,
        }
    }
}
