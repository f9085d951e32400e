//! The source archive: what `git archive` says, recompressed by us, with `source.files` added.
//!
//! Owns: reading git's tar. Must not: run git. The caller runs `git archive --format=tar --prefix=… COMMIT` into a file,
//! hands the members that [`git_members`] finds, and those of `source.files` below the same prefix, to
//! [`crate::write_archive`]. Recompressing makes the bytes independent of git's zlib.

use crate::PackageError;
use crate::archive::{ArchiveFormat, Member, Source};
use std::path::Path;

const BLOCK: usize = 512;
/// More than any source tree worth an archive; the whole of it is held in memory.
const MAX_TAR: u64 = 2 << 30;

/// Whether goreleaser allows the format for source archives.
pub fn is_source_format(format: ArchiveFormat) -> bool {
    matches!(format, ArchiveFormat::Zip | ArchiveFormat::Tar | ArchiveFormat::Tgz | ArchiveFormat::TarGz)
}

/// The members of a tar file that `git archive` wrote, in its order, for an archive of `format`: zip states the mode of
/// links and executables only, as git's own zip files do.
///
/// # Errors
/// The file cannot be read or is not a complete tar file of regular files, folders and symbolic links.
pub fn git_members(tar: &Path, format: ArchiveFormat) -> Result<Vec<Member>, PackageError> {
    let size = std::fs::metadata(tar).map_err(PackageError::io("read", tar))?.len();
    let damaged = |reason| PackageError::DamagedTar { path: tar.to_owned(), reason };
    if size > MAX_TAR {
        return Err(damaged("it is larger than 2 GiB"));
    }
    let bytes = std::fs::read(tar).map_err(PackageError::io("read", tar))?;
    let mut members = parse(&bytes).map_err(damaged)?;
    if format == ArchiveFormat::Zip {
        for member in &mut members {
            member.mode = match member.source {
                Source::Symlink(_) => 0o777,
                Source::File(_) | Source::Bytes(_) if member.mode & 0o111 != 0 => 0o755,
                _ => 0,
            };
        }
    }
    Ok(members)
}

/// What a pax record says about the next member.
#[derive(Default)]
struct Extended {
    path: Option<String>,
    link: Option<String>,
    size: Option<u64>,
}

/// The members of a tar file: regular files, folders and symbolic links.
pub(crate) fn parse(bytes: &[u8]) -> Result<Vec<Member>, &'static str> {
    let mut members = Vec::new();
    let mut rest = bytes;
    let mut extended = Extended::default();
    loop {
        let (header, tail) = rest.split_first_chunk::<BLOCK>().ok_or("it ends without an end mark")?;
        rest = tail;
        if header.iter().all(|b| *b == 0) {
            return Ok(members);
        }
        check_sum(header)?;
        let size = match header[156] {
            b'x' | b'g' => octal(&header[124..136])?,
            _ => extended.size.map_or_else(|| octal(&header[124..136]), Ok)?,
        };
        let size = usize::try_from(size).map_err(|_| "a member is too large")?;
        let padded = size.checked_next_multiple_of(BLOCK).ok_or("a member is too large")?;
        let (content, tail) = rest.split_at_checked(padded).ok_or("it ends inside a member")?;
        rest = tail;
        let content = &content[..size];
        match header[156] {
            b'g' => {}
            b'x' => extended = parse_pax(content)?,
            kind => {
                let now = std::mem::take(&mut extended);
                members.push(member(header, kind, content, now)?);
            }
        }
    }
}

fn member(
    header: &[u8; BLOCK],
    kind: u8,
    content: &[u8],
    extended: Extended,
) -> Result<Member, &'static str> {
    let name = match extended.path {
        Some(path) => path,
        None => match text(&header[345..500])? {
            prefix if prefix.is_empty() => text(&header[..100])?,
            prefix => format!("{prefix}/{}", text(&header[..100])?),
        },
    };
    let source = match kind {
        b'0' | 0 => Source::Bytes(content.to_vec()),
        b'2' => Source::Symlink(match extended.link {
            Some(link) => link,
            None => text(&header[157..257])?,
        }),
        b'5' => Source::Directory,
        _ => return Err("it holds something that is no file, folder or symbolic link"),
    };
    let mode = u32::try_from(octal(&header[100..108])?).map_err(|_| "a mode is too large")? & 0o7777;
    let mut member = Member::new(name.trim_end_matches('/'), source, mode);
    member.mtime = Some(i64::try_from(octal(&header[136..148])?).map_err(|_| "a time is too large")?);
    Ok(member)
}

fn parse_pax(mut records: &[u8]) -> Result<Extended, &'static str> {
    const BAD: &str = "a pax record is damaged";
    let mut extended = Extended::default();
    while !records.is_empty() {
        let blank = records.iter().position(|b| *b == b' ').ok_or(BAD)?;
        let length: usize =
            std::str::from_utf8(&records[..blank]).ok().and_then(|t| t.parse().ok()).ok_or(BAD)?;
        let (record, tail) = records.split_at_checked(length).ok_or(BAD)?;
        records = tail;
        let record = record.get(blank + 1..).and_then(|r| r.strip_suffix(b"\n")).ok_or(BAD)?;
        let (key, value) = std::str::from_utf8(record).ok().and_then(|r| r.split_once('=')).ok_or(BAD)?;
        match key {
            "path" => extended.path = Some(value.to_owned()),
            "linkpath" => extended.link = Some(value.to_owned()),
            "size" => extended.size = Some(value.parse().map_err(|_| BAD)?),
            _ => {}
        }
    }
    Ok(extended)
}

fn check_sum(header: &[u8; BLOCK]) -> Result<(), &'static str> {
    let sum: u64 = header
        .iter()
        .enumerate()
        .map(|(i, b)| if (148..156).contains(&i) { u64::from(b' ') } else { u64::from(*b) })
        .sum();
    if octal(&header[148..156])? == sum { Ok(()) } else { Err("a header's checksum is wrong") }
}

fn octal(field: &[u8]) -> Result<u64, &'static str> {
    field
        .iter()
        .copied()
        .skip_while(|b| *b == b' ')
        .take_while(|b| *b != 0 && *b != b' ')
        .try_fold(0u64, |n, b| match b {
            b'0'..=b'7' => n.checked_mul(8).map(|n| n + u64::from(b - b'0')),
            _ => None,
        })
        .ok_or("a number is damaged")
}

fn text(field: &[u8]) -> Result<String, &'static str> {
    let end = field.iter().position(|b| *b == 0).unwrap_or(field.len());
    String::from_utf8(field[..end].to_vec()).map_err(|_| "a name is not UTF-8")
}
