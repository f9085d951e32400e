//! zip (APPNOTE 6.3.10): deflate, sizes in the local headers, Unix modes, the time in UTC and as an extended timestamp.

use super::deflate::{Deflated, Level};
use super::feed::{Feed, Tally, Total};
use super::{Member, Source};
use crate::PackageError;
use std::fs::File;
use std::io::{self, Write};

const STORED: u16 = 0;
const DEFLATED: u16 = 8;
/// Bit 11 of the flags: the name is UTF-8.
const UTF8: u16 = 1 << 11;

struct Entry {
    name: String,
    flags: u16,
    method: u16,
    crc: u32,
    packed: u32,
    plain: u32,
    attributes: u32,
    mtime: i64,
    offset: u32,
}

/// Writes members as zip.
pub(super) fn write(
    members: &[Member],
    feed: &mut Feed,
    file: &mut File,
    level: Level,
) -> Result<Total, PackageError> {
    let archive = feed.archive().to_owned();
    let failed = |e: io::Error| PackageError::io("write", &archive)(e);
    let mut tally = Tally::new(file);
    let mut entries = Vec::with_capacity(members.len());
    for member in members {
        let expected = Feed::expected_size(std::slice::from_ref(member));
        let Deflated { packed, crc, size } = Deflated::make(expected, level, |sink| {
            let content = feed.open(member)?;
            feed.pour(member, content, sink)?;
            match &member.source {
                Source::Symlink(text) => {
                    sink.write_all(text.as_bytes()).map_err(PackageError::io("write", &archive))
                }
                _ => Ok(()),
            }
        })?;
        let too_large = |_| feed.unstorable(member, "zip holds up to 4 GiB");
        let packed = if size == 0 { Vec::new() } else { packed };
        let name = match member.source {
            Source::Directory => format!("{}/", member.name.trim_end_matches('/')),
            _ => member.name.clone(),
        };
        if name.len() > usize::from(u16::MAX) {
            return Err(feed.unstorable(member, "its name is longer than 65535 bytes"));
        }
        let entry = Entry {
            flags: if name.is_ascii() { 0 } else { UTF8 },
            method: if size == 0 { STORED } else { DEFLATED },
            crc,
            packed: u32::try_from(packed.len()).map_err(too_large)?,
            plain: u32::try_from(size).map_err(too_large)?,
            attributes: attributes(member),
            mtime: feed.mtime(member),
            offset: u32::try_from(tally.size()).map_err(too_large)?,
            name,
        };
        tally.write_all(&local_header(&entry)).map_err(failed)?;
        tally.write_all(&packed).map_err(failed)?;
        entries.push(entry);
    }
    let start = tally.size();
    for entry in &entries {
        tally.write_all(&central_header(entry)).map_err(failed)?;
    }
    let too_large = || PackageError::Unstorable {
        path: archive.clone(),
        name: String::new(),
        reason: "zip holds up to 65535 members and 4 GiB",
    };
    let count = u16::try_from(entries.len()).map_err(|_| too_large())?;
    let start32 = u32::try_from(start).map_err(|_| too_large())?;
    let length = u32::try_from(tally.size() - start).map_err(|_| too_large())?;
    tally.write_all(&end_record(count, start32, length)).map_err(failed)?;
    Ok(tally.total())
}

/// Upper half: Unix mode with file type; lower half: the DOS folder bit. Mode 0 states none, as git's zip files do not.
fn attributes(member: &Member) -> u32 {
    let mode = member.mode & 0o7777;
    if mode == 0 {
        return if member.source == Source::Directory { 0x10 } else { 0 };
    }
    match member.source {
        Source::File(_) | Source::Bytes(_) => (0o100_000 | mode) << 16,
        Source::Symlink(_) => (0o120_000 | mode) << 16,
        Source::Directory => ((0o040_000 | mode) << 16) | 0x10,
    }
}

fn common(out: &mut Vec<u8>, e: &Entry) {
    let (date, time) = dos_time(e.mtime);
    for v in [20, e.flags, e.method, time, date] {
        out.extend_from_slice(&v.to_le_bytes());
    }
    for v in [e.crc, e.packed, e.plain] {
        out.extend_from_slice(&v.to_le_bytes());
    }
    out.extend_from_slice(&(e.name.len() as u16).to_le_bytes());
    out.extend_from_slice(&9u16.to_le_bytes());
}

fn local_header(e: &Entry) -> Vec<u8> {
    let mut h = b"PK\x03\x04".to_vec();
    common(&mut h, e);
    h.extend_from_slice(e.name.as_bytes());
    push_timestamp(&mut h, e.mtime);
    h
}

fn central_header(e: &Entry) -> Vec<u8> {
    let mut h = b"PK\x01\x02".to_vec();
    // Made by: Unix where there is a mode, else DOS; specification 2.0.
    let maker: u16 = if e.attributes >> 16 == 0 { 0 } else { 3 };
    h.extend_from_slice(&((maker << 8) | 20).to_le_bytes());
    common(&mut h, e);
    // Comment length, disk, internal attributes.
    h.extend_from_slice(&[0; 6]);
    h.extend_from_slice(&e.attributes.to_le_bytes());
    h.extend_from_slice(&e.offset.to_le_bytes());
    h.extend_from_slice(e.name.as_bytes());
    push_timestamp(&mut h, e.mtime);
    h
}

/// Info-ZIP's extended timestamp: modification time only.
fn push_timestamp(out: &mut Vec<u8>, mtime: i64) {
    out.extend_from_slice(b"UT\x05\x00\x01");
    out.extend_from_slice(&(mtime.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32).to_le_bytes());
}

fn end_record(count: u16, start: u32, length: u32) -> Vec<u8> {
    let mut r = b"PK\x05\x06\0\0\0\0".to_vec();
    r.extend_from_slice(&count.to_le_bytes());
    r.extend_from_slice(&count.to_le_bytes());
    r.extend_from_slice(&length.to_le_bytes());
    r.extend_from_slice(&start.to_le_bytes());
    r.extend_from_slice(&[0, 0]);
    r
}

/// DOS date and time of a moment in UTC, held inside 1980 … 2107.
fn dos_time(unix: i64) -> (u16, u16) {
    const FIRST: i64 = 315_532_800; // 1980-01-01T00:00:00Z
    const LAST: i64 = 4_354_819_198; // 2107-12-31T23:59:58Z
    let unix = unix.clamp(FIRST, LAST);
    let (days, second) = (unix.div_euclid(86_400), unix.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    let date = ((year - 1980) << 9) | (month << 5) | day;
    let time = ((second / 3600) << 11) | ((second / 60 % 60) << 5) | (second % 60 / 2);
    (date as u16, time as u16)
}

/// Year, month and day of a number of days since 1970 (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + i64::from(month <= 2), month, doy - (153 * mp + 2) / 5 + 1)
}
