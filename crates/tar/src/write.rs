//! Headers as Go's `archive/tar` writes them: ustar, and a pax record before a member that ustar cannot say
//! (POSIX.1-2017, pax, "ustar Interchange Format" and "pax Extended Header").

use crate::{BLOCK, Header, Kind};

/// What ends a stream: two empty blocks.
pub const END: [u8; 2 * BLOCK] = [0; 2 * BLOCK];

/// Largest number in eleven octal digits: sizes and times.
pub(crate) const OCTAL_11: u64 = 0o777_7777_7777;
/// Largest number in seven octal digits: owner and group.
const OCTAL_7: u64 = 0o777_7777;

/// Zeros that follow a content of `size` bytes.
pub fn padding(size: u64) -> &'static [u8] {
    const ZEROS: [u8; BLOCK] = [0; BLOCK];
    &ZEROS[..(BLOCK - (size % BLOCK as u64) as usize) % BLOCK]
}

impl Header {
    /// The header's blocks, preceded by its pax record where there must be one. The content follows, then [`padding`].
    pub fn blocks(&self) -> Vec<u8> {
        let name = self.name_as_written();
        let split = split_name(&name);
        let pax = self.pax(&name, split.is_none());
        let fields = Fields { split, ..self.fields(&name) };
        let mut blocks = Vec::new();
        if !pax.is_empty() {
            push_pax(&mut blocks, &name, &pax);
        }
        blocks.extend_from_slice(&ustar(&fields));
        blocks
    }

    /// Folders end in a slash.
    pub(crate) fn name_as_written(&self) -> String {
        match self.kind {
            Kind::Directory => format!("{}/", self.name.trim_end_matches('/')),
            _ => self.name.clone(),
        }
    }

    pub(crate) fn fields<'a>(&'a self, name: &'a str) -> Fields<'a> {
        Fields {
            name,
            split: None,
            mode: self.mode & 0o7777,
            uid: self.uid,
            gid: self.gid,
            size: self.size,
            mtime: self.mtime,
            kind: self.kind.letter(),
            link: &self.link,
            owner: &self.owner,
            group: &self.group,
            device: self.device,
        }
    }

    /// What ustar cannot say, sorted by key.
    fn pax(&self, name: &str, long: bool) -> Vec<(String, Vec<u8>)> {
        let mut pax: Vec<(String, Vec<u8>)> = Vec::new();
        let mut say = |key: &str, text: String| pax.push((key.to_owned(), text.into_bytes()));
        if long {
            say("path", name.to_owned());
        }
        if self.link.len() > 100 || !self.link.is_ascii() {
            say("linkpath", self.link.clone());
        }
        for (key, text) in [("uname", &self.owner), ("gname", &self.group)] {
            if text.len() > 32 || !text.is_ascii() {
                say(key, text.clone());
            }
        }
        for (key, number) in [("uid", u64::from(self.uid)), ("gid", u64::from(self.gid))] {
            if number > OCTAL_7 {
                say(key, number.to_string());
            }
        }
        if self.size > OCTAL_11 {
            say("size", self.size.to_string());
        }
        if self.mtime < 0 || self.mtime as u64 > OCTAL_11 {
            say("mtime", self.mtime.to_string());
        }
        pax.extend(self.xattrs.iter().map(|(k, v)| (format!("SCHILY.xattr.{k}"), v.clone())));
        pax.extend(self.records.iter().map(|(k, v)| (k.clone(), v.clone())));
        pax.sort_unstable();
        pax
    }
}

pub(crate) struct Fields<'a> {
    name: &'a str,
    split: Option<(&'a str, &'a str)>,
    mode: u32,
    uid: u32,
    gid: u32,
    size: u64,
    mtime: i64,
    kind: u8,
    link: &'a str,
    owner: &'a str,
    group: &'a str,
    device: (u32, u32),
}

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
    put_octal(&mut h[329..337], u64::from(f.device.0));
    put_octal(&mut h[337..345], u64::from(f.device.1));
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
fn split_name(name: &str) -> Option<(&str, &str)> {
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
fn push_pax(blocks: &mut Vec<u8>, name: &str, pairs: &[(String, Vec<u8>)]) {
    let mut body = Vec::new();
    for (key, value) in pairs {
        push_pax_line(&mut body, key, value);
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
        device: (0, 0),
    }));
    let padding = padding(body.len() as u64);
    blocks.extend_from_slice(&body);
    blocks.extend_from_slice(padding);
}

/// A line whose number counts itself.
fn push_pax_line(body: &mut Vec<u8>, key: &str, value: &[u8]) {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + rest.to_string().len();
    if length.to_string().len() != rest.to_string().len() {
        length = rest + length.to_string().len();
    }
    body.extend_from_slice(format!("{length} {key}=").as_bytes());
    body.extend_from_slice(value);
    body.push(b'\n');
}
