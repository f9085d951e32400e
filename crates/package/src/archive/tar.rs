//! The tar stream, with headers as Go's `archive/tar` writes them: ustar, and a pax record before a member that ustar
//! cannot say (POSIX.1-2017, pax, "ustar Interchange Format" and "pax Extended Header").

use super::feed::Feed;
use super::{Member, Source};
use crate::PackageError;
use std::io::Write;

pub(crate) const BLOCK: usize = 512;
/// Largest number in eleven octal digits: sizes and times.
pub(crate) const OCTAL_11: u64 = 0o777_7777_7777;
/// Largest number in seven octal digits: owner and group.
const OCTAL_7: u64 = 0o777_7777;

/// Writes all members and the end mark.
pub(super) fn write(members: &[Member], feed: &mut Feed, sink: &mut dyn Write) -> Result<(), PackageError> {
    for member in members {
        write_member(member, feed, sink)?;
    }
    sink.write_all(&[0; 2 * BLOCK]).map_err(PackageError::io("write", feed.archive()))
}

/// Writes one member: pax record if needed, header, content, padding.
pub(super) fn write_member(
    member: &Member,
    feed: &mut Feed,
    sink: &mut dyn Write,
) -> Result<(), PackageError> {
    let content = feed.open(member)?;
    let size = content.size();
    let header = header_blocks(member, size, feed.mtime(member));
    sink.write_all(&header).map_err(PackageError::io("write", feed.archive()))?;
    feed.pour(member, content, sink)?;
    let padding = (BLOCK - (size % BLOCK as u64) as usize) % BLOCK;
    sink.write_all(&[0; BLOCK][..padding]).map_err(PackageError::io("write", feed.archive()))
}

/// The header of a member, preceded by its pax record where there must be one.
fn header_blocks(member: &Member, size: u64, mtime: i64) -> Vec<u8> {
    let (kind, link) = match &member.source {
        Source::File(_) | Source::Bytes(_) => (b'0', ""),
        Source::Symlink(text) => (b'2', text.as_str()),
        Source::Directory => (b'5', ""),
    };
    let name = match member.source {
        Source::Directory => format!("{}/", member.name.trim_end_matches('/')),
        _ => member.name.clone(),
    };
    let mut pax = Vec::new();
    let split = split_name(&name);
    if split.is_none() {
        pax.push(("path", name.clone()));
    }
    if link.len() > 100 || !link.is_ascii() {
        pax.push(("linkpath", link.to_owned()));
    }
    for (key, text) in [("uname", &member.owner), ("gname", &member.group)] {
        if text.len() > 32 || !text.is_ascii() {
            pax.push((key, text.clone()));
        }
    }
    for (key, number) in [("uid", u64::from(member.uid)), ("gid", u64::from(member.gid))] {
        if number > OCTAL_7 {
            pax.push((key, number.to_string()));
        }
    }
    if size > OCTAL_11 {
        pax.push(("size", size.to_string()));
    }
    if mtime < 0 || mtime as u64 > OCTAL_11 {
        pax.push(("mtime", mtime.to_string()));
    }
    let fields = Fields {
        name: &name,
        split,
        mode: member.mode & 0o7777,
        uid: member.uid,
        gid: member.gid,
        size,
        mtime,
        kind,
        link,
        owner: &member.owner,
        group: &member.group,
    };
    let mut blocks = Vec::new();
    if !pax.is_empty() {
        pax.sort_unstable();
        push_pax(&mut blocks, &name, &pax);
    }
    blocks.extend_from_slice(&ustar(&fields));
    blocks
}

/// What a ustar header says.
pub(crate) struct Fields<'a> {
    pub(crate) name: &'a str,
    /// How the name goes into prefix and name, see [`split_name`]; none cuts it.
    pub(crate) split: Option<(&'a str, &'a str)>,
    pub(crate) mode: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) size: u64,
    pub(crate) mtime: i64,
    pub(crate) kind: u8,
    pub(crate) link: &'a str,
    pub(crate) owner: &'a str,
    pub(crate) group: &'a str,
}

/// One header block. What does not fit is cut or 0: a pax record before it carries the whole.
pub(crate) fn ustar(f: &Fields<'_>) -> [u8; BLOCK] {
    let mut h = [0; BLOCK];
    let (prefix, name) = f.split.unwrap_or(("", f.name));
    put_text(&mut h[0..100], name);
    put_octal(&mut h[100..108], u64::from(f.mode));
    put_octal(&mut h[108..116], u64::from(f.uid));
    put_octal(&mut h[116..124], u64::from(f.gid));
    put_octal(&mut h[124..136], f.size);
    put_octal(&mut h[136..148], u64::try_from(f.mtime).unwrap_or(0));
    h[156] = f.kind;
    put_text(&mut h[157..257], f.link);
    h[257..265].copy_from_slice(b"ustar\x0000");
    put_text(&mut h[265..297], f.owner);
    put_text(&mut h[297..329], f.group);
    put_octal(&mut h[329..337], 0);
    put_octal(&mut h[337..345], 0);
    put_text(&mut h[345..500], prefix);
    h[148..156].fill(b' ');
    let sum: u32 = h.iter().map(|b| u32::from(*b)).sum();
    put_octal(&mut h[148..155], u64::from(sum));
    h
}

/// Text, cut to the field: a pax record carries the whole where that matters. Non-ASCII is left out like Go does.
fn put_text(field: &mut [u8], text: &str) {
    let ascii = text.bytes().filter(u8::is_ascii);
    for (to, from) in field.iter_mut().zip(ascii) {
        *to = from;
    }
}

/// Octal digits and a NUL; a number that does not fit becomes 0, the pax record carries it.
fn put_octal(field: &mut [u8], number: u64) {
    let width = field.len() - 1;
    let digits = format!("{number:0width$o}");
    let digits = if digits.len() > width { "0".repeat(width) } else { digits };
    field[..width].copy_from_slice(digits.as_bytes());
}

/// How a name goes into the fields `prefix` (155) and `name` (100), or none if it does not.
pub(crate) fn split_name(name: &str) -> Option<(&str, &str)> {
    if !name.is_ascii() {
        return None;
    }
    if name.len() <= 100 {
        return Some(("", name));
    }
    if name.len() > 256 {
        return None;
    }
    // A folder's own slash at the end is no place to split.
    let searchable = if name.ends_with('/') { name.len() - 1 } else { name.len() };
    let at = name.as_bytes()[..searchable.min(156)].iter().rposition(|b| *b == b'/')?;
    let rest = &name[at + 1..];
    (at > 0 && rest.len() <= 100 && !rest.is_empty()).then_some((&name[..at], rest))
}

/// A pax record: a member of its own, type `x`, `PaxHeaders.0/<base>`, lines of `<length> <key>=<value>`.
pub(crate) fn push_pax(blocks: &mut Vec<u8>, name: &str, pairs: &[(&str, String)]) {
    let mut body = Vec::new();
    for (key, value) in pairs {
        body.extend_from_slice(pax_line(key, value).as_bytes());
    }
    let trimmed = name.trim_end_matches('/');
    let (folder, base) = trimmed.rsplit_once('/').unwrap_or(("", trimmed));
    let slash = if folder.is_empty() { "" } else { "/" };
    let record = format!("{folder}{slash}PaxHeaders.0/{base}");
    let ascii: String = record.chars().filter(char::is_ascii).take(100).collect();
    blocks.extend_from_slice(&ustar(&Fields {
        name: &ascii,
        split: None,
        mode: 0,
        uid: 0,
        gid: 0,
        size: body.len() as u64,
        mtime: 0,
        kind: b'x',
        link: "",
        owner: "",
        group: "",
    }));
    let padding = (BLOCK - body.len() % BLOCK) % BLOCK;
    blocks.extend_from_slice(&body);
    blocks.resize(blocks.len() + padding, 0);
}

/// A line whose number counts itself.
fn pax_line(key: &str, value: &str) -> String {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + rest.to_string().len();
    if length.to_string().len() != rest.to_string().len() {
        length = rest + length.to_string().len();
    }
    format!("{length} {key}={value}\n")
}
