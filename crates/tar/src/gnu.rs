//! Headers as GNU tar writes them (tar(5), "GNU tar archives"), for readers that know no pax records, such as dpkg.

use crate::write::{OCTAL_11, padding, ustar};
use crate::{BLOCK, Header, Kind};

impl Header {
    /// The header's blocks: long names and links in members of their own (`L`, `K`), large numbers in base 256. Attributes and
    /// records cannot be said. The content follows, then [`padding`].
    pub fn gnu_blocks(&self) -> Vec<u8> {
        let name = self.name_as_written();
        let mut blocks = Vec::new();
        for (text, kind) in [(self.link.as_str(), b'K'), (&name, b'L')] {
            if text.len() > 100 {
                push_long(&mut blocks, text, kind);
            }
        }
        blocks.extend_from_slice(&self.gnu(&name));
        blocks
    }

    fn gnu(&self, name: &str) -> [u8; BLOCK] {
        let mut h = ustar(&self.fields(name));
        h[257..265].copy_from_slice(b"ustar  \0");
        put_bytes(&mut h[0..100], name);
        put_bytes(&mut h[157..257], &self.link);
        put_bytes(&mut h[265..297], &self.owner);
        put_bytes(&mut h[297..329], &self.group);
        if self.size > OCTAL_11 {
            put_base_256(&mut h[124..136], self.size as i64);
        }
        if !u64::try_from(self.mtime).is_ok_and(|n| n <= OCTAL_11) {
            put_base_256(&mut h[136..148], self.mtime);
        }
        put_checksum(&mut h);
        h
    }
}

/// GNU's members that hold the next member's name or link, with a NUL at the end.
fn push_long(blocks: &mut Vec<u8>, text: &str, kind: u8) {
    let size = text.len() as u64 + 1;
    let header =
        Header { name: "././@LongLink".to_owned(), kind: Kind::Other(kind), size, ..Header::default() };
    blocks.extend_from_slice(&header.gnu(&header.name));
    blocks.extend_from_slice(text.as_bytes());
    blocks.push(0);
    blocks.extend_from_slice(padding(size));
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
