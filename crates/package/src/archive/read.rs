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

/// The members of a tar stream; what only a file system has is [`EntryKind::Other`] here.
pub(crate) fn tar(from: &mut dyn Read, visit: &mut Visit<'_>) -> io::Result<()> {
    goferry_tar::read(from, &mut |e, body| {
        let h = &e.header;
        let kind = match h.kind {
            goferry_tar::Kind::File => EntryKind::File,
            goferry_tar::Kind::Symlink => EntryKind::Symlink(h.link.clone()),
            goferry_tar::Kind::Directory => EntryKind::Directory,
            _ => EntryKind::Other,
        };
        visit(&Entry { name: h.name.clone(), kind, mode: h.mode, size: h.size }, body)
    })
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
