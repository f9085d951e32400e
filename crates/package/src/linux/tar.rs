//! tar as the package managers read it: GNU's long names for dpkg and opkg, which know no pax records; pax for apk and pacman.
//!
//! Owns: headers in both dialects. Must not: know a package.

use crate::archive::tar::{BLOCK, Fields, OCTAL_11, push_pax, split_name, ustar};

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
        match dialect {
            Dialect::Gnu => self.gnu(),
            Dialect::Pax => self.pax(),
        }
    }

    fn fields(&self) -> Fields<'_> {
        Fields {
            name: self.name,
            split: None,
            mode: self.mode & 0o7777,
            uid: 0,
            gid: 0,
            size: self.size,
            mtime: self.mtime,
            kind: self.kind,
            link: self.link,
            owner: self.owner,
            group: self.group,
        }
    }

    fn pax(&self) -> Vec<u8> {
        let split = split_name(self.name);
        let mut records = self.records.clone();
        if split.is_none() {
            records.push(("path", self.name.to_owned()));
        }
        let long = |text: &str, limit: usize| text.len() > limit || !text.is_ascii();
        for (key, text, limit) in
            [("linkpath", self.link, 100), ("uname", self.owner, 32), ("gname", self.group, 32)]
        {
            if long(text, limit) {
                records.push((key, text.to_owned()));
            }
        }
        if self.size > OCTAL_11 {
            records.push(("size", self.size.to_string()));
        }
        if !is_octal_11(self.mtime) {
            records.push(("mtime", self.mtime.to_string()));
        }
        let mut blocks = Vec::new();
        if !records.is_empty() {
            records.sort_unstable();
            push_pax(&mut blocks, self.name, &records);
        }
        blocks.extend_from_slice(&ustar(&Fields { split, ..self.fields() }));
        blocks
    }

    fn gnu(&self) -> Vec<u8> {
        let mut blocks = Vec::new();
        for (text, kind) in [(self.link, b'K'), (self.name, b'L')] {
            if text.len() > 100 {
                push_long(&mut blocks, text, kind);
            }
        }
        let mut h = ustar(&self.fields());
        h[257..265].copy_from_slice(b"ustar  \0");
        put_bytes(&mut h[0..100], self.name);
        put_bytes(&mut h[157..257], self.link);
        put_bytes(&mut h[265..297], self.owner);
        put_bytes(&mut h[297..329], self.group);
        if self.size > OCTAL_11 {
            put_base_256(&mut h[124..136], self.size as i64);
        }
        if !is_octal_11(self.mtime) {
            put_base_256(&mut h[136..148], self.mtime);
        }
        put_checksum(&mut h);
        blocks.extend_from_slice(&h);
        blocks
    }
}

fn is_octal_11(number: i64) -> bool {
    u64::try_from(number).is_ok_and(|n| n <= OCTAL_11)
}

/// GNU's members that hold the next member's name or link, with a NUL at the end.
fn push_long(blocks: &mut Vec<u8>, text: &str, kind: u8) {
    let size = text.len() as u64 + 1;
    let header = Header { kind, ..Header::file("././@LongLink", text.len() + 1, 0, 0) };
    blocks.extend_from_slice(&header.gnu());
    blocks.extend_from_slice(text.as_bytes());
    blocks.push(0);
    blocks.resize(blocks.len() + padding(size), 0);
}

/// Bytes as they are, cut to the field.
fn put_bytes(field: &mut [u8], text: &str) {
    field.fill(0);
    for (to, from) in field.iter_mut().zip(text.bytes()) {
        *to = from;
    }
}

fn put_base_256(field: &mut [u8], number: i64) {
    let fill = if number < 0 { 0xff } else { 0 };
    field.fill(fill);
    let at = field.len() - 8;
    field[at..].copy_from_slice(&number.to_be_bytes());
    field[0] = 0x80 | (fill & 0x7f);
}

fn put_checksum(h: &mut [u8; BLOCK]) {
    h[148..156].fill(b' ');
    let sum: u32 = h.iter().map(|b| u32::from(*b)).sum();
    h[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

/// Bytes that fill up the last block of a content.
pub(super) fn padding(size: u64) -> usize {
    (BLOCK - (size % BLOCK as u64) as usize) % BLOCK
}

/// The two blocks that end an archive.
pub(super) const END: [u8; 2 * BLOCK] = [0; 2 * BLOCK];
