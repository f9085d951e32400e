//! tar as the package managers read it: GNU's long names for dpkg and opkg, which know no pax records; pax for apk and pacman.
//!
//! Owns: which dialect a member is written in. The bytes are `goferry_tar`'s. Must not: know a package.

use goferry_tar::Kind;

/// How a header says what ustar cannot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Long names and links in members of their own (`L`, `K`), large numbers in base 256 (tar(5), "GNU tar archives").
    Gnu,
    /// POSIX.1-2017 "pax Interchange Format".
    Pax,
}

/// A member's header in plain values.
#[derive(Clone, Debug)]
pub(super) struct Header<'a> {
    pub(super) name: &'a str,
    /// `0` file, `2` link, `5` folder.
    pub(super) kind: u8,
    pub(super) mode: u32,
    pub(super) size: u64,
    pub(super) mtime: i64,
    pub(super) owner: &'a str,
    pub(super) group: &'a str,
    pub(super) link: &'a str,
    /// More pax records; only pax writes them.
    pub(super) records: Vec<(&'static str, String)>,
}

impl<'a> Header<'a> {
    /// A regular file without an owner's name, as the formats' own members are.
    pub(super) fn file(name: &'a str, size: usize, mode: u32, mtime: i64) -> Self {
        Header {
            name,
            kind: b'0',
            mode,
            size: size as u64,
            mtime,
            owner: "",
            group: "",
            link: "",
            records: Vec::new(),
        }
    }

    /// The blocks of this header, with what must come before it.
    pub(super) fn blocks(&self, dialect: Dialect) -> Vec<u8> {
        let kind = match self.kind {
            b'0' => Kind::File,
            b'2' => Kind::Symlink,
            b'5' => Kind::Directory,
            other => Kind::Other(other),
        };
        let header = goferry_tar::Header {
            name: self.name.to_owned(),
            kind,
            link: self.link.to_owned(),
            mode: self.mode,
            owner: self.owner.to_owned(),
            group: self.group.to_owned(),
            size: self.size,
            mtime: self.mtime,
            records: self.records.iter().map(|(k, v)| ((*k).to_owned(), v.clone().into_bytes())).collect(),
            ..goferry_tar::Header::default()
        };
        match dialect {
            Dialect::Gnu => header.gnu_blocks(),
            Dialect::Pax => header.blocks(),
        }
    }
}
