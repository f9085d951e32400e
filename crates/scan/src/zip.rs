//! The members of a zip file: what vuln.go.dev and OSV's own dumps are.
//!
//! Source: APPNOTE.TXT 6.3.10 and RFC 1951. Owns: the central directory, stored and deflated members, sizes and checksums
//! checked. Must not: read encrypted, split or zip64 files; those are errors.

use goferry_objfile::ReadAt;
use std::io::Read;

const END: [u8; 4] = *b"PK\x05\x06";
const ENTRY: [u8; 4] = *b"PK\x01\x02";
const LOCAL: [u8; 4] = *b"PK\x03\x04";
/// End record with the longest comment.
const LONGEST_END: u64 = 22 + 65_535;

/// A member.
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) size: u64,
    method: u16,
    packed: u64,
    crc: u32,
    offset: u64,
}

fn u16_at(b: &[u8], at: usize) -> Option<u16> {
    b.get(at..at + 2).map(|b| u16::from_le_bytes([b[0], b[1]]))
}

fn u32_at(b: &[u8], at: usize) -> Option<u32> {
    b.get(at..at + 4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
}

/// The members in the directory's order.
pub(crate) fn members(bytes: &dyn ReadAt) -> Result<Vec<Member>, String> {
    let len = bytes.len();
    let tail = read(bytes, len.saturating_sub(LONGEST_END), len.min(LONGEST_END))?;
    let end = tail.windows(4).rposition(|w| w == END).ok_or("no end record: it is cut, or no zip file")?;
    let field = |at| u32_at(&tail, end + at).ok_or("a cut end record".to_owned());
    let (size, offset) = (field(12)?, field(16)?);
    let count = u16_at(&tail, end + 10).ok_or("a cut end record")?;
    if size == u32::MAX || offset == u32::MAX || count == u16::MAX {
        return Err("zip64 is not read".to_owned());
    }
    let directory = read(bytes, offset.into(), size.into())?;
    let mut out = Vec::with_capacity(count.into());
    let mut at = 0;
    for _ in 0..count {
        let (member, next) = entry(&directory, at).ok_or("a damaged directory")?;
        out.push(member);
        at = next;
    }
    Ok(out)
}

fn entry(d: &[u8], at: usize) -> Option<(Member, usize)> {
    if d.get(at..at + 4)? != ENTRY || u16_at(d, at + 8)? & 1 != 0 {
        return None;
    }
    let lens = [28, 30, 32].map(|n| u16_at(d, at + n).map(usize::from));
    let (name_len, extra, comment) = (lens[0]?, lens[1]?, lens[2]?);
    let name = d.get(at + 46..at + 46 + name_len)?;
    let member = Member {
        name: String::from_utf8_lossy(name).into_owned(),
        size: u32_at(d, at + 24)?.into(),
        method: u16_at(d, at + 10)?,
        packed: u32_at(d, at + 20)?.into(),
        crc: u32_at(d, at + 16)?,
        offset: u32_at(d, at + 42)?.into(),
    };
    Some((member, at + 46 + name_len + extra + comment))
}

/// The content of a member.
pub(crate) fn content(bytes: &dyn ReadAt, m: &Member) -> Result<Vec<u8>, String> {
    let head = read(bytes, m.offset, 30)?;
    let lens = u16_at(&head, 26).zip(u16_at(&head, 28)).filter(|_| head[..4] == LOCAL);
    let (name, extra) = lens.ok_or("a damaged member")?;
    let packed = read(bytes, m.offset + 30 + u64::from(name) + u64::from(extra), m.packed)?;
    let out = match m.method {
        0 => packed,
        8 => {
            let mut out = Vec::new();
            let limited = flate2::read::DeflateDecoder::new(packed.as_slice());
            limited.take(m.size + 1).read_to_end(&mut out).map_err(|e| e.to_string())?;
            out
        }
        n => return Err(format!("compression method {n} is not read")),
    };
    let mut crc = flate2::Crc::new();
    crc.update(&out);
    if out.len() as u64 == m.size && crc.sum() == m.crc {
        Ok(out)
    } else {
        Err("its checksum is wrong".to_owned())
    }
}

fn read(bytes: &dyn ReadAt, offset: u64, len: u64) -> Result<Vec<u8>, String> {
    if offset.checked_add(len).is_none_or(|end| end > bytes.len()) {
        return Err("it is cut".to_owned());
    }
    let mut out = vec![0; usize::try_from(len).map_err(|e| e.to_string())?];
    bytes.read_at(offset, &mut out).map_err(|e| e.to_string())?;
    Ok(out)
}
