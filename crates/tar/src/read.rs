//! Streams that somebody else wrote: POSIX ustar, pax headers, GNU's long names. No length that a header claims is
//! trusted: nothing is allocated for it.

use crate::{BLOCK, Header, Kind};
use std::collections::BTreeMap;
use std::io::{self, Read};

/// A stream may name as many members as it likes.
const MAX_MEMBERS: usize = 1_000_000;
/// Names and link texts are paths; extended attributes end at 64 KiB each.
const MAX_RECORD: u64 = 1 << 20;
/// A layer of a hundred thousand files with long names and signed attributes has a third of this.
const MAX_RECORDS: u64 = 128 << 20;

/// A member and where its content lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its header.
    pub header: Header,
    /// Bytes of the stream before the content.
    pub offset: u64,
}

/// What is done with each member; the content need not be read.
pub type Visit<'v> = dyn FnMut(&Entry, &mut dyn Read) -> io::Result<()> + 'v;

/// Shows every member to `visit`, in the stream's order.
///
/// # Errors
/// The stream is damaged or ends in the middle of a member, or `visit` fails.
pub fn read(from: &mut dyn Read, visit: &mut Visit<'_>) -> io::Result<()> {
    let mut from = Counted { from, at: 0 };
    let mut said = Said::default();
    let mut records = 0;
    for _ in 0..MAX_MEMBERS {
        let mut block = [0; BLOCK];
        if !fill(&mut from, &mut block)? || block.iter().all(|b| *b == 0) {
            return Ok(());
        }
        check_sum(&block)?;
        let own = number(&block[124..136]).ok_or_else(|| damaged("a tar header without a size"))?;
        if matches!(block[156], b'L' | b'K' | b'x') {
            records += own;
            if records > MAX_RECORDS {
                return Err(damaged("names and attributes of more than 128 MiB in all"));
            }
        }
        match block[156] {
            b'L' => said.name = Some(path(&content(&mut from, own)?)?),
            b'K' => said.link = Some(path(&content(&mut from, own)?)?),
            b'x' => said.pax(&content(&mut from, own)?)?,
            b'g' => skip(&mut from, padded(own))?,
            kind => {
                let header = std::mem::take(&mut said).header(&block, Kind::of(kind), own)?;
                let size = if holds_content(header.kind) { header.size } else { 0 };
                let entry = Entry { header, offset: from.at };
                let mut body = (&mut from).take(size);
                visit(&entry, &mut body)?;
                let rest = body.limit();
                skip(&mut from, rest + (padded(size) - size))?;
            }
        }
    }
    Err(damaged("too many members"))
}

/// Links, folders and devices have none, whatever their size says (as Go's `archive/tar` has it).
fn holds_content(kind: Kind) -> bool {
    matches!(kind, Kind::File | Kind::Other(_))
}

/// What the records before a header say of it.
#[derive(Default)]
struct Said {
    name: Option<String>,
    link: Option<String>,
    size: Option<u64>,
    mtime: Option<i64>,
    uid: Option<u32>,
    gid: Option<u32>,
    owner: Option<String>,
    group: Option<String>,
    xattrs: BTreeMap<String, Vec<u8>>,
    sparse: bool,
}

impl Said {
    fn pax(&mut self, bytes: &[u8]) -> io::Result<()> {
        for (key, value) in records(bytes) {
            let words = || String::from_utf8_lossy(value).into_owned();
            match key {
                "path" => self.name = Some(path(value)?),
                "linkpath" => self.link = Some(path(value)?),
                "GNU.sparse.name" => self.name = Some(path(value)?),
                _ if key.starts_with("GNU.sparse.") => self.sparse = true,
                "uname" => self.owner = Some(words()),
                "gname" => self.group = Some(words()),
                "uid" => self.uid = words().parse().ok(),
                "gid" => self.gid = words().parse().ok(),
                "mtime" => self.mtime = words().split('.').next().and_then(|n| n.parse().ok()),
                "size" => {
                    let size = words().parse().ok().filter(|n| *n < 1 << 62);
                    self.size = Some(size.ok_or_else(|| damaged("a pax header with a bad size"))?);
                }
                _ => {
                    if let Some(name) = key.strip_prefix("SCHILY.xattr.") {
                        self.xattrs.insert(name.to_owned(), value.to_vec());
                    }
                }
            }
        }
        Ok(())
    }

    fn header(self, block: &[u8; BLOCK], kind: Kind, size: u64) -> io::Result<Header> {
        let small = |at: std::ops::Range<usize>| {
            number(&block[at]).and_then(|n| u32::try_from(n).ok()).unwrap_or_default()
        };
        let name = match self.name {
            Some(name) => name,
            None => ustar_name(block)?,
        };
        // Its content is a map and pieces: as it stands it would be another file.
        if self.sparse || kind == Kind::Other(b'S') {
            let why = format!("`{name}` is a sparse file of GNU's tar, which is not read here");
            return Err(damaged(&why));
        }
        // Old archives have no other sign of a folder.
        let kind = if kind == Kind::File && name.ends_with('/') { Kind::Directory } else { kind };
        Ok(Header {
            name: if kind == Kind::Directory { name.trim_end_matches('/').to_owned() } else { name },
            kind,
            link: match self.link {
                Some(link) => link,
                None => path(&block[157..257])?,
            },
            mode: small(100..108) & 0o7777,
            uid: self.uid.unwrap_or_else(|| small(108..116)),
            gid: self.gid.unwrap_or_else(|| small(116..124)),
            owner: self.owner.unwrap_or_else(|| text(&block[265..297])),
            group: self.group.unwrap_or_else(|| text(&block[297..329])),
            size: self.size.unwrap_or(size),
            mtime: self.mtime.unwrap_or_else(|| {
                number(&block[136..148]).and_then(|n| i64::try_from(n).ok()).unwrap_or_default()
            }),
            device: (small(329..337), small(337..345)),
            xattrs: self.xattrs,
            records: BTreeMap::new(),
        })
    }
}

/// Counts what was read.
struct Counted<'r> {
    from: &'r mut dyn Read,
    at: u64,
}

impl Read for Counted<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.from.read(out)?;
        self.at += n as u64;
        Ok(n)
    }
}

fn damaged(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// The header's checksum, with blanks in its own place.
fn check_sum(header: &[u8; BLOCK]) -> io::Result<()> {
    let own = (148..156).map(|i| u64::from(header[i])).sum::<u64>();
    let sum = header.iter().map(|b| u64::from(*b)).sum::<u64>() - own + 8 * u64::from(b' ');
    match number(&header[148..156]) {
        Some(n) if n == sum => Ok(()),
        _ => Err(damaged("no tar, or damaged: a header's checksum is wrong")),
    }
}

fn ustar_name(header: &[u8; BLOCK]) -> io::Result<String> {
    let name = path(&header[..100])?;
    // GNU's format has other things where ustar has the prefix.
    if header[345] == 0 || &header[257..263] != b"ustar\0" {
        return Ok(name);
    }
    Ok(format!("{}/{name}", path(&header[345..500])?))
}

/// Octal digits, or GNU's big-endian number behind 0x80.
fn number(field: &[u8]) -> Option<u64> {
    if field.first().is_some_and(|b| b & 0x80 != 0) {
        let bytes = &field[field.len().saturating_sub(8)..];
        let first = if field.len() > 8 { 0xff } else { 0x7f };
        let fold = |n: u64, (i, b): (usize, &u8)| n << 8 | u64::from(if i == 0 { *b & first } else { *b });
        return Some(bytes.iter().enumerate().fold(0, fold)).filter(|n| *n < 1 << 62);
    }
    let digits: Vec<u8> = field.iter().copied().filter(|b| !matches!(b, 0 | b' ')).collect();
    digits.iter().try_fold(0_u64, |n, b| match b {
        b'0'..=b'7' => n.checked_mul(8)?.checked_add(u64::from(b - b'0')).filter(|n| *n < 1 << 62),
        _ => None,
    })
}

/// Up to the first NUL.
fn until_nul(field: &[u8]) -> &[u8] {
    let end = field.iter().position(|b| *b == 0).unwrap_or(field.len());
    &field[..end]
}

/// An owner's or group's name, which nothing depends on.
fn text(field: &[u8]) -> String {
    String::from_utf8_lossy(until_nul(field)).into_owned()
}

/// A path. Two that differ in bytes that are not UTF-8 would become one, and no other name could be written again.
fn path(field: &[u8]) -> io::Result<String> {
    let bytes = until_nul(field);
    match std::str::from_utf8(bytes) {
        Ok(path) => Ok(path.to_owned()),
        Err(_) => Err(damaged(&format!("the path `{}` is not UTF-8", bytes.escape_ascii()))),
    }
}

/// Records `LENGTH KEY=VALUE\n`.
fn records(mut bytes: &[u8]) -> Vec<(&str, &[u8])> {
    let mut out = vec![];
    while let Some(space) = bytes.iter().position(|b| *b == b' ') {
        let len = std::str::from_utf8(&bytes[..space]).ok().and_then(|n| n.parse::<usize>().ok());
        let Some(record) = len.filter(|n| *n > space + 1 && *n <= bytes.len()).map(|n| &bytes[space + 1..n])
        else {
            break;
        };
        bytes = &bytes[space + 1 + record.len()..];
        let record = record.strip_suffix(b"\n").unwrap_or(record);
        if let Some(equal) = record.iter().position(|b| *b == b'=')
            && let Ok(key) = std::str::from_utf8(&record[..equal])
        {
            out.push((key, &record[equal + 1..]));
        }
    }
    out
}

fn padded(size: u64) -> u64 {
    size.div_ceil(BLOCK as u64) * BLOCK as u64
}

/// A record's own content, with its padding.
fn content(from: &mut dyn Read, size: u64) -> io::Result<Vec<u8>> {
    if size > MAX_RECORD {
        return Err(damaged("names and attributes of more than 1 MiB"));
    }
    let mut out = vec![];
    if from.take(padded(size)).read_to_end(&mut out)? as u64 != padded(size) {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    out.truncate(usize::try_from(size).unwrap_or_default());
    Ok(out)
}

fn skip(from: &mut dyn Read, bytes: u64) -> io::Result<()> {
    let skipped = io::copy(&mut from.take(bytes), &mut io::sink())?;
    if skipped == bytes { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// False at the very end; an error in the middle of a block.
fn fill(from: &mut dyn Read, block: &mut [u8; BLOCK]) -> io::Result<bool> {
    let mut have = 0;
    while have < BLOCK {
        match from.read(&mut block[have..])? {
            0 if have == 0 => return Ok(false),
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => have += n,
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{END, padding};
    use proptest::prelude::*;

    fn members() -> Vec<(Header, Vec<u8>)> {
        let file = |name: String, body: Vec<u8>| {
            let size = body.len() as u64;
            (
                Header { name, size, mode: 0o4755, uid: 3, gid: 0o1000_0000, mtime: 7, ..Header::default() },
                body,
            )
        };
        let bare = |name: &str, kind, link: &str| {
            let header =
                Header { name: name.into(), kind, link: link.into(), mode: 0o644, ..Header::default() };
            (header, vec![])
        };
        let mut all = vec![
            file("a/README.md".into(), b"hello".to_vec()),
            file(format!("a/{}/tool", "long".repeat(40)), vec![7; 70_000]),
            file("a/\u{e9}t\u{e9}".into(), vec![]),
            bare("a/b", Kind::Directory, ""),
            bare("a/l", Kind::Symlink, &"../".repeat(60)),
            bare("a/h", Kind::HardLink, "a/README.md"),
            bare("a/null", Kind::CharDevice, ""),
            bare("a/pipe", Kind::Fifo, ""),
        ];
        all[0].0.xattrs.insert("security.capability".into(), vec![1, 0, 0, 2, b'\n', 0]);
        all[0].0.owner = "r\u{f6}\u{f6}t".into();
        all[1].0.mtime = -5;
        all[6].0.device = (1, 3);
        all
    }

    fn stream(members: &[(Header, Vec<u8>)]) -> Vec<u8> {
        let mut out = vec![];
        for (header, body) in members {
            out.extend(header.blocks());
            out.extend(body);
            out.extend(padding(body.len() as u64));
        }
        out.extend(END);
        out
    }

    fn all(bytes: &[u8]) -> io::Result<Vec<(Header, Vec<u8>)>> {
        let mut out = vec![];
        read(&mut { bytes }, &mut |e, body| {
            let mut content = vec![];
            body.take(1 << 20).read_to_end(&mut content)?;
            let at = usize::try_from(e.offset).unwrap();
            assert_eq!(bytes.get(at..at + content.len()), Some(content.as_slice()));
            out.push((e.header.clone(), content));
            Ok(())
        })?;
        Ok(out)
    }

    #[test]
    fn what_was_written_is_read() {
        assert_eq!(all(&stream(&members())).unwrap(), members());
    }

    /// The marks alone; archives of GNU tar itself are in the tests of images.
    #[test]
    fn what_cannot_be_read_is_said() {
        let named = |name: &[u8], kind: u8, more: &[u8]| {
            let mut block = Header { name: "x".into(), ..Header::default() }.blocks();
            block[..name.len()].copy_from_slice(name);
            block[156] = kind;
            let sum = block.iter().map(|b| u64::from(*b)).sum::<u64>()
                - block[148..156].iter().map(|b| u64::from(*b)).sum::<u64>()
                + 8 * 32;
            block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
            [more, &block, &END].concat()
        };
        let error = |bytes: &[u8]| all(bytes).unwrap_err().to_string();
        assert_eq!(
            error(&named(b"x", b'S', &[])),
            "`x` is a sparse file of GNU's tar, which is not read here"
        );
        assert_eq!(error(&named(b"caf\xe9", b'0', &[])), "the path `caf\\xe9` is not UTF-8");
        let record = |text: &[u8]| {
            let mut out = named(b"pax", b'x', &[])[..BLOCK].to_vec();
            out[124..136].copy_from_slice(format!("{:011o}\0", text.len()).as_bytes());
            out[148..156].fill(b' ');
            let sum = out.iter().map(|b| u64::from(*b)).sum::<u64>();
            out[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
            out.extend(text);
            out.extend(padding(text.len() as u64));
            out
        };
        let sparse = record(b"22 GNU.sparse.major=1\n");
        assert_eq!(
            error(&named(b"x", b'0', &sparse)),
            "`x` is a sparse file of GNU's tar, which is not read here"
        );
        let latin = record(b"13 path=caf\xe9\n");
        assert_eq!(error(&named(b"x", b'0', &latin)), "the path `caf\\xe9` is not UTF-8");
        // What belongs to a file before is not this file's.
        assert_eq!(all(&named(b"x", b'0', &record(b"13 path=cafe\n"))).unwrap()[0].0.name, "cafe");
    }

    /// The same bytes again and again.
    struct Again<'b>(&'b [u8], usize);

    impl Read for Again<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let n = (&self.0[self.1..]).read(out)?;
            self.1 = (self.1 + n) % self.0.len();
            Ok(n)
        }
    }

    #[test]
    fn names_and_attributes_end() {
        let mut member = Header { name: "a".into(), ..Header::default() };
        member.xattrs.insert("user.x".into(), vec![1; 1_000_000]);
        let bytes = member.blocks();
        let mut members = 0;
        let e = read(&mut Again(&bytes, 0), &mut |_, _| {
            members += 1;
            Ok(())
        });
        assert_eq!(e.unwrap_err().to_string(), "names and attributes of more than 128 MiB in all");
        assert_eq!(members, 134);
    }

    #[test]
    fn damage_is_an_error_or_other_content_but_no_panic() {
        let whole = stream(&members());
        proptest!(ProptestConfig::with_cases(300), |(at in 0..whole.len(), byte in any::<u8>(), cut in 0..whole.len())| {
            let mut bytes = whole.clone();
            bytes[at] = byte;
            let _ = all(&bytes);
            let _ = all(&whole[..cut]);
        });
        assert!(all(&whole[..700]).is_err());
        assert!(all(&[b'x'; 600]).is_err());
    }
}
