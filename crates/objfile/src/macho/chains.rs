//! Chained fixups: which words of a Mach-O program are pointers, and to where (Apple's `mach-o/fixup-chains.h`).

use super::{Header, Segment};
use crate::ObjError;
use crate::read::{Source, Table};

const WHAT: &str = "Mach-O chained fixups";
/// One 16-bit start for each page.
const MAX_STARTS: u64 = 16 << 20;
/// `DYLD_CHAINED_PTR_64` and `DYLD_CHAINED_PTR_64_OFFSET`: what programs that are not for arm64e have.
const PTR_64: u16 = 2;
const PTR_64_OFFSET: u16 = 6;
const NO_START: u16 = 0xffff;
const TARGET: u64 = (1 << 36) - 1;

/// Address and value of each word that a chain sets, sorted by address. Words that are bound to other images are left
/// out.
pub(super) fn pointers(source: Source<'_>, header: &Header) -> Result<Vec<(u64, u64)>, ObjError> {
    let Some((offset, size)) = header.commands.chains else { return Ok(Vec::new()) };
    let malformed = || ObjError::Malformed { what: WHAT, offset: offset.into() };
    let bytes = source.bytes(WHAT, offset.into(), size.into(), MAX_STARTS)?;
    let t = Table::new(&bytes, header.endian);
    let segments = &header.commands.segments;
    // The segment that holds the file's own header is the image's start.
    let base = segments.iter().find(|s| s.offset == 0 && s.file_size > 0).map_or(0, |s| s.addr);
    let starts = t.u32(4).ok_or_else(malformed)? as usize;
    let count = t.u32(starts).ok_or_else(malformed)? as usize;
    let (mut out, mut left) = (Vec::new(), source.len());
    for (i, segment) in segments.iter().enumerate().take(count) {
        let info = t.u32(starts + 4 + 4 * i).ok_or_else(malformed)? as usize;
        if info != 0 {
            // Segments of a sane file do not share bytes.
            left = left.checked_sub(segment.file_size).ok_or_else(malformed)?;
            let chains = chains(t, starts + info).ok_or_else(malformed)?;
            walk(source, header, segment, &chains, base, &mut out)?;
        }
    }
    out.sort_unstable_by_key(|r| r.0);
    Ok(out)
}

/// What `dyld_chained_starts_in_segment` says.
struct Chains {
    page_size: u64,
    format: u16,
    /// Where in each page the first pointer is.
    starts: Vec<u16>,
}

fn chains(t: Table<'_>, at: usize) -> Option<Chains> {
    let count = usize::from(t.u16(at + 20)?);
    let starts = (0..count).map(|i| t.u16(at + 22 + 2 * i)).collect::<Option<_>>()?;
    Some(Chains { page_size: t.u16(at + 4)?.into(), format: t.u16(at + 6)?, starts })
}

fn walk(
    source: Source<'_>,
    header: &Header,
    segment: &Segment,
    chains: &Chains,
    base: u64,
    out: &mut Vec<(u64, u64)>,
) -> Result<(), ObjError> {
    if !matches!(chains.format, PTR_64 | PTR_64_OFFSET) || header.bits != 64 {
        return Ok(());
    }
    let bytes = source.bytes(WHAT, segment.offset, segment.file_size, source.len())?;
    let t = Table::new(&bytes, header.endian);
    for (page, start) in chains.starts.iter().enumerate().filter(|s| *s.1 != NO_START) {
        let first = page as u64 * chains.page_size;
        let mut at = u64::from(*start);
        // A chain only goes forward, within its page.
        while at < chains.page_size {
            let place = first + at;
            let Some(word) = usize::try_from(place).ok().and_then(|p| t.u64(p)) else { break };
            // The highest bit: bound to a symbol of another image.
            if word >> 63 == 0 {
                let target = word & TARGET;
                let target = if chains.format == PTR_64_OFFSET { base.wrapping_add(target) } else { target };
                out.push((segment.addr.wrapping_add(place), target));
            }
            match word >> 51 & 0xfff {
                0 => break,
                next => at += next * 4,
            }
        }
    }
    Ok(())
}
