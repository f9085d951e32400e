//! The dynamic section: needed libraries, and the versions that are asked of them.

use super::{Layout, MAX_PATH};
use crate::ObjError;
use crate::binary::GlibcVersion;
use crate::read::{Source, Table};

const PT_DYNAMIC: u32 = 2;
const DT_NEEDED: u64 = 1;
const DT_STRTAB: u64 = 5;
const DT_SONAME: u64 = 14;
const DT_FLAGS_1: u64 = 0x6fff_fffb;
const DT_VERNEED: u64 = 0x6fff_fffe;
const DT_VERNEEDNUM: u64 = 0x6fff_ffff;
const DF_1_PIE: u64 = 0x0800_0000;

const MAX_DYNAMIC: u64 = 1 << 20;
const MAX_NEEDED: usize = 4096;
/// A program asks for some twenty versions.
const MAX_VERSIONS: u32 = 8192;

/// What the dynamic section says; all empty for a static program.
#[derive(Default)]
pub(super) struct Dynamic {
    pub(super) needed: Vec<String>,
    pub(super) glibc: Option<GlibcVersion>,
    pub(super) pie: bool,
    pub(super) has_name: bool,
}

pub(super) fn read(source: Source<'_>, layout: &Layout<'_>) -> Result<Dynamic, ObjError> {
    let mut out = Dynamic::default();
    let Some(segment) = layout.segment(PT_DYNAMIC) else { return Ok(out) };
    let what = "ELF dynamic section";
    let malformed = || ObjError::Malformed { what, offset: segment.offset };
    let bytes = source.bytes(what, segment.offset, segment.file_size, MAX_DYNAMIC)?;
    let bits = layout.header.bits;
    let word = usize::from(bits / 8);
    let t = Table::new(&bytes, layout.header.endian);
    let (mut names, mut strings, mut versions, mut version_count) = (Vec::new(), None, None, 0);
    for at in (0..).step_by(2 * word) {
        let (Some(tag), Some(value)) = (t.word(at, bits), t.word(at + word, bits)) else { break };
        match tag {
            0 => break,
            DT_NEEDED => names.push(value),
            DT_STRTAB => strings = Some(value),
            DT_SONAME => out.has_name = true,
            DT_FLAGS_1 => out.pie = value & DF_1_PIE != 0,
            DT_VERNEED => versions = Some(value),
            DT_VERNEEDNUM => version_count = value,
            _ => {}
        }
    }
    if names.is_empty() && versions.is_none() {
        return Ok(out);
    }
    if names.len() > MAX_NEEDED {
        return Err(malformed());
    }
    let strings = strings.and_then(|a| layout.image.offset(a)).ok_or_else(malformed)?.0;
    for name in names {
        let at = strings.checked_add(name).ok_or_else(malformed)?;
        out.needed.push(source.c_string("name of a needed library", at, MAX_PATH)?);
    }
    if let Some(addr) = versions {
        let at = layout.image.offset(addr).ok_or_else(malformed)?.0;
        out.glibc = glibc(source, layout, strings, (at, version_count))?;
    }
    Ok(out)
}

/// Walks Elf_Verneed and Elf_Vernaux (the same in both classes) for the highest `GLIBC_x.y`.
fn glibc(
    source: Source<'_>,
    layout: &Layout<'_>,
    strings: u64,
    (mut need, count): (u64, u64),
) -> Result<Option<GlibcVersion>, ObjError> {
    let what = "ELF version requirements";
    let malformed = |offset| ObjError::Malformed { what, offset };
    let entry = |offset| source.array::<16>(what, offset);
    let mut highest = None;
    let mut left = MAX_VERSIONS;
    for _ in 0..count {
        let bytes = entry(need)?;
        let t = Table::new(&bytes, layout.header.endian);
        let (Some(versions), Some(first), Some(next)) = (t.u16(2), t.u32(8), t.u32(12)) else {
            return Err(malformed(need));
        };
        let mut aux = need.saturating_add(u64::from(first));
        for _ in 0..versions {
            left = left.checked_sub(1).ok_or(malformed(aux))?;
            let bytes = entry(aux)?;
            let t = Table::new(&bytes, layout.header.endian);
            let (Some(name), Some(next)) = (t.u32(8), t.u32(12)) else { return Err(malformed(aux)) };
            let name = source.c_string(what, strings.saturating_add(u64::from(name)), MAX_PATH)?;
            // GLIBC_PRIVATE and GLIBC_ABI_DT_RELR are no numbers and pass by.
            highest = highest.max(name.strip_prefix("GLIBC_").and_then(GlibcVersion::parse));
            if next == 0 {
                break;
            }
            aux = aux.saturating_add(u64::from(next));
        }
        left = left.checked_sub(1).ok_or(malformed(need))?;
        if next == 0 {
            break;
        }
        need = need.saturating_add(u64::from(next));
    }
    Ok(highest)
}
