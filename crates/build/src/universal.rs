//! Universal binaries: several Mach-O files behind one fat header.
//!
//! Format: Apple's `mach-o/fat.h`: a big-endian header, one entry for each slice (cputype, cpusubtype, offset, size,
//! alignment as a power of two), slices at multiples of their alignment (2^12 for amd64, 2^14 for arm64, as Apple's
//! lipo chooses).

use crate::{BuildError, Built};
use std::io::Write;
use std::path::Path;

const FAT_MAGIC: u32 = 0xcafe_babe;
const MH_MAGIC_64: u32 = 0xfeed_facf;
const CPU_ARM64: u32 = 0x0100_000c;

/// Merges the binaries of `parts` into `path` (relative to dist), in the order given, then runs `after` (post hooks,
/// which may still change the bytes).
///
/// # Errors
/// A part that is no thin 64-bit Mach-O file; files that cannot be read or written.
pub fn universal(
    parts: &[&Built],
    dist: &Path,
    path: &str,
    after: &dyn Fn() -> Result<(), BuildError>,
) -> Result<Built, BuildError> {
    let out = dist.join(path);
    let io = |p: &Path| {
        let path = p.to_owned();
        move |source| BuildError::Io { path, source }
    };
    let mut slices = vec![];
    for part in parts {
        let bytes = std::fs::read(part.path()).map_err(io(part.path()))?;
        slices.push(slice(bytes).map_err(|why| BuildError::NotMachO { path: part.path().to_owned(), why })?);
    }
    if let Some(parent) = out.parent() {
        std::fs::create_dir_all(parent).map_err(io(parent))?;
    }
    let temp = out.with_extension("goferry-part");
    let mut file = std::fs::File::create(&temp).map_err(io(&temp))?;
    file.write_all(&merge(&slices)).map_err(io(&temp))?;
    executable(&file).map_err(io(&temp))?;
    std::fs::rename(&temp, &out).map_err(io(&out))?;
    after()?;
    Built::from_run(None, dist, &[path.to_owned()])
}

struct Slice {
    cpu: u32,
    subtype: u32,
    align: u32,
    bytes: Vec<u8>,
}

fn slice(bytes: Vec<u8>) -> Result<Slice, String> {
    let word = |at: usize| bytes.get(at..at + 4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    let (Some(MH_MAGIC_64), Some(cpu), Some(subtype)) = (word(0), word(4), word(8)) else {
        return Err("it is not a 64-bit Mach-O file".to_owned());
    };
    Ok(Slice { cpu, subtype, align: if cpu == CPU_ARM64 { 14 } else { 12 }, bytes })
}

fn merge(slices: &[Slice]) -> Vec<u8> {
    let mut out = vec![];
    let mut offset = 8 + 20 * slices.len();
    let mut places = vec![];
    for s in slices {
        offset = offset.next_multiple_of(1 << s.align);
        places.push(offset);
        offset += s.bytes.len();
    }
    let mut word = |w: u32| out.extend(w.to_be_bytes());
    word(FAT_MAGIC);
    word(slices.len() as u32);
    for (s, place) in slices.iter().zip(&places) {
        for w in [s.cpu, s.subtype, *place as u32, s.bytes.len() as u32, s.align] {
            word(w);
        }
    }
    for (s, place) in slices.iter().zip(places) {
        out.resize(place, 0);
        out.extend(&s.bytes);
    }
    out
}

#[cfg(unix)]
fn executable(file: &std::fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn executable(_: &std::fs::File) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn macho(cpu: u32, len: usize) -> Vec<u8> {
        let mut b = vec![0; len];
        b[..4].copy_from_slice(&MH_MAGIC_64.to_le_bytes());
        b[4..8].copy_from_slice(&cpu.to_le_bytes());
        b
    }

    #[test]
    fn slices_lie_at_their_alignment() {
        let a = slice(macho(0x0100_0007, 5000)).unwrap();
        let b = slice(macho(CPU_ARM64, 100)).unwrap();
        let fat = merge(&[a, b]);
        let word = |at: usize| u32::from_be_bytes(fat[at..at + 4].try_into().unwrap());
        assert_eq!((word(0), word(4)), (FAT_MAGIC, 2));
        assert_eq!((word(8), word(16), word(20), word(24)), (0x0100_0007, 4096, 5000, 12));
        assert_eq!((word(28), word(36), word(40), word(44)), (CPU_ARM64, 16384, 100, 14));
        assert_eq!(fat.len(), 16384 + 100);
        assert_eq!(&fat[4096..4100], &MH_MAGIC_64.to_le_bytes());
    }

    #[test]
    fn other_files_are_refused() {
        assert!(slice(b"\x7fELF".to_vec()).is_err());
        assert!(slice(vec![]).is_err());
    }
}
