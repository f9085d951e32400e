//! Reading archives back, whoever made them: what is inside, in memory and within a limit.
//!
//! Nothing is written, so names need no trust; a name that is taken for a path is the caller's own matter.

use super::{ArchiveFormat, Source};
use crate::PackageError;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// A regular file of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadMember {
    /// Its name as the archive has it.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// The format that a file's name says; none for what is no archive.
pub fn format_of_name(name: &str) -> Option<ArchiveFormat> {
    // The longest ending first: `.tar.gz` is not `.gz`.
    let mut formats: Vec<ArchiveFormat> =
        ArchiveFormat::ALL.into_iter().filter(|f| *f != ArchiveFormat::Binary).collect();
    formats.sort_by_key(|f| std::cmp::Reverse(f.as_str().len()));
    formats.into_iter().find(|f| name.ends_with(&f.extension()) && name.len() > f.extension().len())
}

/// The regular files in an archive, in its order. `limit` is the most bytes that may come out of it.
///
/// # Errors
/// It cannot be read, is damaged, or holds more than `limit`.
pub fn read_archive(format: ArchiveFormat, path: &Path, limit: u64) -> Result<Vec<ReadMember>, PackageError> {
    let failed = |reason: String| PackageError::Damaged { path: path.to_owned(), reason };
    let mut file = File::open(path).map_err(PackageError::io("read", path))?;
    if format == ArchiveFormat::Zip {
        let mut bytes = vec![];
        file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(PackageError::io("read", path))?;
        return zip(&bytes, limit).map_err(failed);
    }
    let mut bytes = vec![];
    let done = match format {
        ArchiveFormat::TarGz | ArchiveFormat::Tgz | ArchiveFormat::Gz => {
            bounded(&mut flate2::read::MultiGzDecoder::new(&mut file), limit, &mut bytes)
        }
        ArchiveFormat::TarXz | ArchiveFormat::Txz | ArchiveFormat::Xz => {
            bounded(&mut liblzma::read::XzDecoder::new_multi_decoder(&mut file), limit, &mut bytes)
        }
        ArchiveFormat::TarZst | ArchiveFormat::Tzst => match zstd::stream::read::Decoder::new(&mut file) {
            Ok(mut d) => bounded(&mut d, limit, &mut bytes),
            Err(e) => Err(e.to_string()),
        },
        ArchiveFormat::Tar | ArchiveFormat::Binary => bounded(&mut file, limit, &mut bytes),
        ArchiveFormat::Zip => Ok(()),
    };
    done.map_err(failed)?;
    if format.holds_one_file() {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let name = name.strip_suffix(&format.extension()).unwrap_or(&name).to_owned();
        return Ok(vec![ReadMember { name, bytes }]);
    }
    let members = crate::source::parse(&bytes).map_err(|e| failed(e.to_owned()))?;
    let regular = members.into_iter().filter_map(|m| match m.source {
        Source::Bytes(bytes) => Some(ReadMember { name: m.name, bytes }),
        _ => None,
    });
    Ok(regular.collect())
}

fn bounded(input: &mut impl Read, limit: u64, out: &mut Vec<u8>) -> Result<(), String> {
    input.take(limit.saturating_add(1)).read_to_end(out).map_err(|e| e.to_string())?;
    match out.len() as u64 > limit {
        true => Err(format!("it holds more than {limit} bytes")),
        false => Ok(()),
    }
}

fn u16_at(b: &[u8], at: usize) -> Option<usize> {
    Some(usize::from(u16::from_le_bytes(*b.get(at..)?.first_chunk()?)))
}

fn u32_at(b: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u32::from_le_bytes(*b.get(at..)?.first_chunk()?)).ok()
}

/// Zip by its central directory (APPNOTE 6.3, sections 4.3.7, 4.3.12 and 4.3.16); stored and deflated members, no Zip64.
fn zip(bytes: &[u8], limit: u64) -> Result<Vec<ReadMember>, String> {
    const SHORT: &str = "it ends too early";
    // The end record has 22 bytes and a comment of at most 65535.
    let from = bytes.len().saturating_sub(22 + 65535);
    let tail = bytes.get(from..).unwrap_or_default();
    let end = tail.windows(4).rposition(|w| w == b"PK\x05\x06").ok_or("it has no end record")? + from;
    let count = u16_at(bytes, end + 10).ok_or(SHORT)?;
    let mut at = u32_at(bytes, end + 16).ok_or(SHORT)?;
    if count == 0xffff || at == 0xffff_ffff {
        return Err("it is a Zip64 file".to_owned());
    }
    let (mut out, mut left) = (vec![], limit);
    for _ in 0..count {
        let head =
            bytes.get(at..).filter(|h| h.starts_with(b"PK\x01\x02")).ok_or("its directory is damaged")?;
        let field = |offset| u32_at(head, offset).ok_or(SHORT);
        let (method, crc) = (u16_at(head, 10).ok_or(SHORT)?, field(16)?);
        let (packed, size, local) = (field(20)?, field(24)?, field(42)?);
        let lengths = [28, 30, 32].map(|o| u16_at(head, o));
        let [Some(name_length), Some(extra), Some(comment)] = lengths else { return Err(SHORT.to_owned()) };
        let name = head.get(46..46 + name_length).ok_or(SHORT)?;
        let name = String::from_utf8(name.to_vec()).map_err(|_| "a name is not UTF-8")?;
        at += 46 + name_length + extra + comment;
        let is_link = field(38)? >> 16 & 0o170_000 == 0o120_000;
        if name.ends_with('/') || is_link {
            continue;
        }
        left = left.checked_sub(size as u64).ok_or_else(|| format!("it holds more than {limit} bytes"))?;
        let content = zip_content(bytes, local, packed)?;
        let data = match method {
            0 => content.to_vec(),
            8 => {
                let mut data = vec![];
                bounded(&mut flate2::read::DeflateDecoder::new(content), size as u64, &mut data)?;
                data
            }
            other => return Err(format!("a member is compressed by method {other}")),
        };
        let mut sum = flate2::Crc::new();
        sum.update(&data);
        if data.len() != size || sum.sum() as usize != crc {
            return Err(format!("{name} is not what its directory says"));
        }
        out.push(ReadMember { name, bytes: data });
    }
    Ok(out)
}

fn zip_content(bytes: &[u8], local: usize, packed: usize) -> Result<&[u8], String> {
    let head = bytes.get(local..).filter(|h| h.starts_with(b"PK\x03\x04")).ok_or("a member is not there")?;
    let (name, extra) = (u16_at(head, 26).ok_or("short")?, u16_at(head, 28).ok_or("short")?);
    let begin = 30 + name + extra;
    Ok(head.get(begin..begin.saturating_add(packed)).ok_or("a member ends too early")?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::{Member, WriteOptions, write_archive};
    use proptest::prelude::*;

    fn written(format: ArchiveFormat, dir: &Path) -> std::path::PathBuf {
        let bytes = |n: u8| Source::Bytes((0..5000u32).map(|i| (i / 7) as u8 ^ n).collect());
        let long = format!("a/{}", "n".repeat(150));
        let members = match format.holds_one_file() {
            true => vec![Member::new("tool", bytes(1), 0o755)],
            false => vec![
                Member::new("tool", bytes(1), 0o755),
                Member::new(long, bytes(2), 0o644),
                Member::new("empty", Source::Bytes(vec![]), 0o644),
            ],
        };
        let path = dir.join(format!("tool{}", format.extension()));
        write_archive(format, &members, &path, &WriteOptions::new(0)).unwrap();
        path
    }

    #[test]
    fn every_format_comes_back_as_it_went_in() {
        let dir = tempfile::tempdir().unwrap();
        for format in ArchiveFormat::ALL.into_iter().filter(|f| *f != ArchiveFormat::Binary) {
            let path = written(format, dir.path());
            let name = path.file_name().unwrap().to_str().unwrap();
            assert_eq!(format_of_name(name), Some(format), "{name}");
            let members = read_archive(format, &path, 1 << 20).unwrap();
            assert_eq!((members[0].name.as_str(), members[0].bytes.len()), ("tool", 5000), "{name}");
            if !format.holds_one_file() {
                assert_eq!(members[1].name, format!("a/{}", "n".repeat(150)));
                assert_eq!((members.len(), members[2].bytes.len()), (3, 0));
            }
            assert!(read_archive(format, &path, 4000).is_err(), "{name} is over the limit");
        }
        for name in ["tool", ".gz", "tool.exe", "x.json"] {
            assert_eq!(format_of_name(name), None, "{name}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn damage_is_refused_or_read_and_never_panics(
            zipped: bool, at in 0usize..4000, byte: u8, cut in 0usize..4000, keep: bool,
        ) {
            let dir = tempfile::tempdir().unwrap();
            let format = if zipped { ArchiveFormat::Zip } else { ArchiveFormat::Tar };
            let path = written(format, dir.path());
            let mut bytes = std::fs::read(&path).unwrap();
            let n = bytes.len();
            bytes[at % n] = byte;
            if !keep {
                bytes.truncate(cut % n);
            }
            std::fs::write(&path, bytes).unwrap();
            if let Ok(members) = read_archive(format, &path, 1 << 20) {
                prop_assert!(members.iter().map(|m| m.bytes.len()).sum::<usize>() <= 1 << 20);
            }
        }
    }
}
