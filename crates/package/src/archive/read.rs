//! Archives that are there already, read member by member: tar with gzip, xz, zstd or nothing around it, and zip.
//!
//! Owns: names, kinds and contents of members, each once, in the archive's order. Must not: unpack to disk, trust a
//! length that a header claims (nothing is allocated for it).

use crate::PackageError;
use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

/// A header of an archive that somebody else wrote may name as many members as it likes.
const MAX_MEMBERS: usize = 200_000;
/// Names and link texts are paths.
const MAX_NAME: u64 = 64 << 10;
const BLOCK: usize = 512;

/// A member's header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Path as it stands in the archive.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
    /// Permission bits.
    pub mode: u32,
    /// Bytes of its content, as the header says; 0 where there is no header.
    pub size: u64,
}

/// What a member is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    #[default]
    File,
    /// A symbolic link with its text; empty in zip, where the text is the content.
    Symlink(String),
    /// A folder.
    Directory,
    /// Anything else.
    Other,
}

/// What is done with each member; the content need not be read.
pub type Visit<'v> = dyn FnMut(&Entry, &mut dyn Read) -> io::Result<()> + 'v;

/// Whether a file of this name is taken for an archive here, or for one file that was compressed by itself.
pub fn is_archive_name(name: &str) -> bool {
    holds_many(name) || one_file(name).is_some()
}

fn holds_many(name: &str) -> bool {
    [".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.zst", ".tzst", ".tar", ".zip"]
        .iter()
        .any(|e| name.ends_with(e))
}

/// `tool` for `tool.gz`: goreleaser's formats `gz` and `xz`.
fn one_file(name: &str) -> Option<&str> {
    let stem = [".gz", ".xz", ".zst"].iter().find_map(|e| name.strip_suffix(e));
    stem.filter(|s| !s.is_empty() && !holds_many(name))
}

/// Shows every member to `visit`. How it is compressed is known by the first bytes, and by the name whether it is one file only.
/// At most `limit` bytes are unpacked, those of members that are passed over too: a small archive may hold a great deal of nothing.
///
/// # Errors
/// The file cannot be read or is damaged, more than `limit` bytes come out of it, or `visit` fails.
pub fn read_members(path: &Path, limit: u64, visit: &mut Visit<'_>) -> Result<(), PackageError> {
    let failed = PackageError::io("read", path);
    let mut file = File::open(path).map_err(PackageError::io("read", path))?;
    let mut magic = [0; 6];
    let len = file.read(&mut magic).map_err(PackageError::io("read", path))?;
    file.rewind().map_err(PackageError::io("read", path))?;
    let file = BufReader::with_capacity(1 << 16, file);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let left = Cell::new(limit);
    let mut members = |from: &mut dyn Read| {
        let from = &mut Bounded { from, left: &left };
        match one_file(&name) {
            Some(name) => visit(&Entry { name: name.to_owned(), ..Entry::default() }, from),
            None => tar(from, visit),
        }
    };
    match &magic[..len] {
        [b'P', b'K', 3 | 5, ..] => {
            zip(file, &mut |entry, from| visit(entry, &mut Bounded { from, left: &left }))
        }
        [0x1f, 0x8b, ..] => members(&mut flate2::bufread::MultiGzDecoder::new(file)),
        [0xfd, b'7', b'z', b'X', b'Z', 0] => members(&mut liblzma::bufread::XzDecoder::new(file)),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            zstd::stream::read::Decoder::with_buffer(file).and_then(|mut d| members(&mut d))
        }
        _ => members(&mut { file }),
    }
    .map_err(failed)
}

/// What is left of a limit that several readers share; beyond it is an error, and not an end.
pub(crate) struct Bounded<'a> {
    pub(crate) from: &'a mut dyn Read,
    pub(crate) left: &'a Cell<u64>,
}

impl Read for Bounded<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = self.left.get();
        if left == 0 && !into.is_empty() {
            return match self.from.read(&mut [0])? {
                0 => Ok(0),
                _ => Err(damaged("more comes out of it than an archive of programs has")),
            };
        }
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(into.len());
        let n = self.from.read(&mut into[..most])?;
        self.left.set(left - n as u64);
        Ok(n)
    }
}

fn damaged(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// POSIX ustar with GNU's long names and pax headers.
pub(crate) fn tar(from: &mut dyn Read, visit: &mut Visit<'_>) -> io::Result<()> {
    let (mut name, mut link, mut size): (Option<String>, Option<String>, Option<u64>) = (None, None, None);
    for _ in 0..MAX_MEMBERS {
        let mut header = [0; BLOCK];
        if !fill(from, &mut header)? || header.iter().all(|b| *b == 0) {
            return Ok(());
        }
        check_sum(&header)?;
        let own = number(&header[124..136]).ok_or_else(|| damaged("a tar header without a size"))?;
        let here = size.unwrap_or(own);
        match header[156] {
            b'L' => name = Some(text(&content(from, own)?)),
            b'K' => link = Some(text(&content(from, own)?)),
            b'x' => {
                for (key, value) in pax(&content(from, own)?) {
                    match key.as_str() {
                        "path" => name = Some(value),
                        "linkpath" => link = Some(value),
                        "size" => {
                            size = Some(value.parse().map_err(|_| damaged("a pax header with a bad size"))?)
                        }
                        _ => {}
                    }
                }
            }
            b'g' => skip(from, padded(own))?,
            kind => {
                let entry = Entry {
                    name: name.take().unwrap_or_else(|| ustar_name(&header)),
                    kind: match kind {
                        b'0' | 0 | b'7' => EntryKind::File,
                        b'2' => EntryKind::Symlink(link.take().unwrap_or_else(|| text(&header[157..257]))),
                        b'5' => EntryKind::Directory,
                        _ => EntryKind::Other,
                    },
                    mode: u32::try_from(number(&header[100..108]).unwrap_or_default() & 0o7777)
                        .unwrap_or_default(),
                    size: here,
                };
                (link, size) = (None, None);
                let mut body = from.take(here);
                visit(&entry, &mut body)?;
                let rest = body.limit();
                skip(from, rest + (padded(here) - here))?;
            }
        }
    }
    Err(damaged("too many members"))
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

fn ustar_name(header: &[u8; BLOCK]) -> String {
    let (name, prefix) = (text(&header[..100]), text(&header[345..500]));
    match prefix.is_empty() || &header[257..262] != b"ustar" {
        true => name,
        false => format!("{prefix}/{name}"),
    }
}

/// Octal digits, or GNU's big-endian number behind 0x80.
fn number(field: &[u8]) -> Option<u64> {
    if field.first().is_some_and(|b| b & 0x80 != 0) {
        let bytes = &field[field.len().saturating_sub(8)..];
        return Some(bytes.iter().fold(0, |n, b| n << 8 | u64::from(*b))).filter(|n| *n < 1 << 62);
    }
    let digits: Vec<u8> = field.iter().copied().filter(|b| !matches!(b, 0 | b' ')).collect();
    digits.iter().try_fold(0_u64, |n, b| match b {
        b'0'..=b'7' => n.checked_mul(8)?.checked_add(u64::from(b - b'0')).filter(|n| *n < 1 << 62),
        _ => None,
    })
}

/// Up to the first NUL.
fn text(field: &[u8]) -> String {
    let end = field.iter().position(|b| *b == 0).unwrap_or(field.len());
    String::from_utf8_lossy(&field[..end]).into_owned()
}

/// Records `LENGTH KEY=VALUE\n`.
fn pax(mut bytes: &[u8]) -> Vec<(String, String)> {
    let mut out = vec![];
    while let Some(space) = bytes.iter().position(|b| *b == b' ') {
        let len = std::str::from_utf8(&bytes[..space]).ok().and_then(|n| n.parse::<usize>().ok());
        let Some(record) = len.filter(|n| *n > space + 1 && *n <= bytes.len()).map(|n| &bytes[space + 1..n])
        else {
            break;
        };
        bytes = &bytes[space + 1 + record.len()..];
        let record = String::from_utf8_lossy(record);
        if let Some((key, value)) = record.trim_end_matches('\n').split_once('=') {
            out.push((key.to_owned(), value.to_owned()));
        }
    }
    out
}

fn padded(size: u64) -> u64 {
    size.div_ceil(BLOCK as u64) * BLOCK as u64
}

/// A header's own content, with its padding.
fn content(from: &mut dyn Read, size: u64) -> io::Result<Vec<u8>> {
    if size > MAX_NAME {
        return Err(damaged("a name of more than 64 KiB"));
    }
    let mut out = vec![];
    from.take(padded(size)).read_to_end(&mut out)?;
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

/// By the central directory (APPNOTE 6.3.10), ZIP64 sizes included; stored and deflated members.
fn zip(mut file: BufReader<File>, visit: &mut Visit<'_>) -> io::Result<()> {
    let len = file.seek(SeekFrom::End(0))?;
    let tail = len.min(22 + 0xffff + 20);
    file.seek(SeekFrom::End(-i64::try_from(tail).unwrap_or_default()))?;
    let mut bytes = vec![];
    file.by_ref().take(tail).read_to_end(&mut bytes)?;
    let at = bytes
        .windows(4)
        .rposition(|w| w == b"PK\x05\x06")
        .ok_or_else(|| damaged("a zip file without its end"))?;
    let end = bytes.get(at..at + 22).ok_or_else(|| damaged("a zip file without its end"))?;
    let (mut count, mut start) = (u64::from(word(end, 10)), u64::from(double(end, 16)));
    let mut size = u64::from(double(end, 12));
    if start == 0xffff_ffff || count == 0xffff {
        let locator =
            at.checked_sub(20).and_then(|l| bytes.get(l..l + 20)).filter(|l| l.starts_with(b"PK\x06\x07"));
        let locator = locator.ok_or_else(|| damaged("a zip file without its ZIP64 end"))?;
        file.seek(SeekFrom::Start(quad(locator, 8)))?;
        let mut end = [0; 56];
        file.read_exact(&mut end)?;
        (count, size, start) = (quad(&end, 32), quad(&end, 40), quad(&end, 48));
    }
    if count > MAX_MEMBERS as u64 || size > 64 << 20 {
        return Err(damaged("too many members"));
    }
    file.seek(SeekFrom::Start(start))?;
    let mut directory = vec![];
    file.by_ref().take(size).read_to_end(&mut directory)?;
    let mut rest = directory.as_slice();
    for _ in 0..count {
        let (member, next) = central(rest).ok_or_else(|| damaged("a zip file with a damaged directory"))?;
        rest = next;
        zip_member(&mut file, &member, visit)?;
    }
    Ok(())
}

struct ZipMember {
    entry: Entry,
    method: u16,
    packed: u64,
    offset: u64,
}

/// One header of the central directory, and what follows it.
fn central(bytes: &[u8]) -> Option<(ZipMember, &[u8])> {
    let head = bytes.get(..46).filter(|h| h.starts_with(b"PK\x01\x02"))?;
    let (name_len, extra_len, comment_len) = (word(head, 28), word(head, 30), word(head, 32));
    let name_end = 46 + usize::from(name_len);
    let extra_end = name_end + usize::from(extra_len);
    let name = String::from_utf8_lossy(bytes.get(46..name_end)?).into_owned();
    let mut large = zip64(bytes.get(name_end..extra_end)?);
    let mut real = |n: u32| if n == u32::MAX { large.next() } else { Some(u64::from(n)) };
    let (size, packed, offset) = (real(double(head, 24))?, real(double(head, 20))?, real(double(head, 42))?);
    let mode = double(head, 38) >> 16;
    let kind = match mode & 0o170_000 {
        0o120_000 => EntryKind::Symlink(String::new()),
        _ if name.ends_with('/') => EntryKind::Directory,
        _ => EntryKind::File,
    };
    let entry = Entry { name, kind, mode: mode & 0o7777, size };
    let next = bytes.get(extra_end + usize::from(comment_len)..)?;
    Some((ZipMember { entry, method: word(head, 10), packed, offset }, next))
}

/// The numbers of the ZIP64 extra field, in their order.
fn zip64(mut extra: &[u8]) -> std::vec::IntoIter<u64> {
    while extra.len() >= 4 {
        let (id, len) = (word(extra, 0), usize::from(word(extra, 2)));
        let Some(data) = extra.get(4..4 + len) else { break };
        if id == 1 {
            return data
                .as_chunks::<8>()
                .0
                .iter()
                .map(|c| u64::from_le_bytes(*c))
                .collect::<Vec<_>>()
                .into_iter();
        }
        extra = &extra[4 + len..];
    }
    vec![].into_iter()
}

fn zip_member(file: &mut BufReader<File>, m: &ZipMember, visit: &mut Visit<'_>) -> io::Result<()> {
    file.seek(SeekFrom::Start(m.offset))?;
    let mut head = [0; 30];
    file.read_exact(&mut head)?;
    if !head.starts_with(b"PK\x03\x04") {
        return Err(damaged("a zip member without its header"));
    }
    file.seek_relative(i64::from(word(&head, 26)) + i64::from(word(&head, 28)))?;
    let packed = file.by_ref().take(m.packed);
    match m.method {
        0 => visit(&m.entry, &mut packed.take(m.entry.size)),
        8 => visit(&m.entry, &mut flate2::read::DeflateDecoder::new(packed).take(m.entry.size)),
        _ => Err(damaged("a zip member that is compressed in a way not known here")),
    }
}

fn word(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).and_then(|b| b.try_into().ok()).map_or(0, u16::from_le_bytes)
}

fn double(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes)
}

fn quad(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..at + 8).and_then(|b| b.try_into().ok()).map_or(0, u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::super::{ArchiveFormat, Member, Source, WriteOptions, write_archive};
    use super::*;
    use proptest::prelude::*;

    type Read1 = (String, EntryKind, u32, Vec<u8>);

    fn all(path: &Path) -> Result<Vec<Read1>, PackageError> {
        let mut out = vec![];
        read_members(path, 1 << 30, &mut |e, body| {
            let mut bytes = vec![];
            body.take(1 << 20).read_to_end(&mut bytes)?;
            out.push((e.name.clone(), e.kind.clone(), e.mode, bytes));
            Ok(())
        })?;
        Ok(out)
    }

    fn members() -> Vec<Member> {
        vec![
            Member::new("a/README.md", Source::Bytes(b"hello".to_vec()), 0o644),
            Member::new(format!("a/{}/tool", "long".repeat(40)), Source::Bytes(vec![7; 70_000]), 0o755),
            Member::new("a/empty", Source::Bytes(vec![]), 0o600),
        ]
    }

    #[test]
    fn a_file_that_was_compressed_by_itself_is_its_only_member() {
        let dir = tempfile::tempdir().unwrap();
        for format in ["gz", "xz"] {
            let format: ArchiveFormat = format.parse().unwrap();
            let path = dir.path().join(format!("tool.{format}"));
            let tool = Member::new("tool", Source::Bytes(vec![7; 70_000]), 0o755);
            write_archive(format, &[tool], &path, &WriteOptions::new(0)).unwrap();
            assert_eq!(all(&path).unwrap(), [("tool".to_owned(), EntryKind::File, 0, vec![7; 70_000])]);
        }
        for (name, is) in
            [("a.gz", true), ("a.tar.gz", true), (".gz", false), ("a", false), ("a.json", false)]
        {
            assert_eq!(is_archive_name(name), is, "{name}");
        }
    }

    #[test]
    fn what_was_written_is_read() {
        let dir = tempfile::tempdir().unwrap();
        for format in ["tar.gz", "tar.xz", "tar.zst", "tar", "zip"] {
            let format: ArchiveFormat = format.parse().unwrap();
            let path = dir.path().join(format!("x.{format}"));
            write_archive(format, &members(), &path, &WriteOptions::new(1_700_000_000)).unwrap();
            let read = all(&path).unwrap();
            let want: Vec<Read1> = members()
                .into_iter()
                .map(|m| {
                    let Source::Bytes(bytes) = m.source else { panic!() };
                    (m.name, EntryKind::File, m.mode, bytes)
                })
                .collect();
            assert_eq!(read, want, "{format}");
            assert!(is_archive_name(path.to_str().unwrap()));
            // A member's content may be left alone.
            let mut names = 0;
            read_members(&path, 1 << 30, &mut |_, _| {
                names += 1;
                Ok(())
            })
            .unwrap();
            assert_eq!(names, 3);
        }
    }

    #[test]
    fn what_is_passed_over_counts_too() {
        let dir = tempfile::tempdir().unwrap();
        let hollow = Member::new("hollow", Source::Bytes(vec![0; 8 << 20]), 0o644);
        let last = Member::new("tool", Source::Bytes(vec![7; 1000]), 0o755);
        for format in ["tar.gz", "tar.xz", "tar.zst", "tar", "zip"] {
            let format: ArchiveFormat = format.parse().unwrap();
            let path = dir.path().join(format!("x.{format}"));
            write_archive(format, &[hollow.clone(), last.clone()], &path, &WriteOptions::new(0)).unwrap();
            let passed = |limit, read: bool| {
                let mut names = vec![];
                let done = read_members(&path, limit, &mut |e, body| {
                    names.push(e.name.clone());
                    if read { io::copy(body, &mut io::sink()).map(drop) } else { Ok(()) }
                });
                (done.is_ok(), names.len())
            };
            assert_eq!(passed(9 << 20, false), (true, 2), "{format}");
            assert_eq!(passed(9 << 20, true), (true, 2), "{format}");
            assert_eq!(passed(1 << 20, true), (false, 1), "{format}");
            // A member of a zip file that is passed over is not unpacked.
            let zip = format == ArchiveFormat::Zip;
            assert_eq!(passed(1 << 20, false), (zip, if zip { 2 } else { 1 }), "{format}");
        }
    }

    #[test]
    fn damage_is_an_error_or_other_content_but_no_panic() {
        let dir = tempfile::tempdir().unwrap();
        for format in [ArchiveFormat::Tar, ArchiveFormat::Zip, ArchiveFormat::TarGz] {
            let path = dir.path().join(format!("x.{format}"));
            write_archive(format, &members(), &path, &WriteOptions::new(0)).unwrap();
            let whole = std::fs::read(&path).unwrap();
            let damaged = dir.path().join("damaged");
            proptest!(ProptestConfig::with_cases(100), |(at in 0..whole.len(), byte in any::<u8>(), cut in 0..whole.len())| {
                let mut bytes = whole.clone();
                bytes[at] = byte;
                std::fs::write(&damaged, &bytes).unwrap();
                let _ = all(&damaged);
                std::fs::write(&damaged, &whole[..cut]).unwrap();
                let _ = all(&damaged);
            });
        }
        let text = dir.path().join("text");
        std::fs::write(&text, "x".repeat(600)).unwrap();
        assert!(all(&text).is_err());
    }
}
