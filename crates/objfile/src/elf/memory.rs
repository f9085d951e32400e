//! What of an ELF file is memory, for [`crate::pclntab`].

use super::dynamic;
use super::{PF_W, PF_X, PT_LOAD, layout};
use crate::ObjError;
use crate::image::Range;
use crate::pclntab::{Memory, Pointers};
use crate::read::{Source, Table};

/// A relocation is 12 or 24 bytes; a large position-independent program has some hundred thousand.
const MAX_RELOCATIONS: u64 = 256 << 20;

pub(crate) fn memory(source: Source<'_>) -> Result<Memory<'_>, ObjError> {
    let layout = layout(source)?;
    let header = layout.header;
    let loads: Vec<_> = layout.segments.iter().filter(|s| s.kind == PT_LOAD).collect();
    let ranges = loads.iter().map(|s| Range { addr: s.addr, offset: s.offset, len: s.file_size }).collect();
    let mut out = Memory::new(source, ranges, header.endian, header.bits);
    let named = |names: &'static [&'static str]| {
        let sections = layout.sections.iter().filter(|s| names.contains(&s.name.as_str()) && s.addr != 0);
        sections.map(|s| (s.addr, s.size))
    };
    out.tables = named(&[".gopclntab", ".data.rel.ro.gopclntab"]).collect();
    // Read-only data, then data (where a position-independent program has it before Go 1.26), then code.
    for (wanted, mask) in [(0, PF_W | PF_X), (PF_W, PF_W), (PF_X, PF_W | PF_X)] {
        let these = loads.iter().filter(|s| s.flags & mask == wanted);
        out.searched.extend(these.map(|s| (s.addr, s.file_size)));
    }
    out.data = named(&[".go.module", ".noptrdata"]).collect();
    out.data.extend(loads.iter().filter(|s| s.flags & PF_W != 0).map(|s| (s.addr, s.file_size)));
    let relocations = relocated(&out, dynamic::relocations(source, &layout)?)?;
    if !relocations.is_empty() {
        out.pointers = Pointers::Relocated(relocations);
    }
    Ok(out)
}

/// Address and value of each word that a relocation without a symbol sets (Elf_Rela: `R_*_RELATIVE`).
fn relocated(memory: &Memory<'_>, place: Option<(u64, u64)>) -> Result<Vec<(u64, u64)>, ObjError> {
    let Some((addr, size)) = place else { return Ok(Vec::new()) };
    let bytes = memory.read(addr, size.min(MAX_RELOCATIONS))?;
    let step = usize::from(memory.bits / 8);
    let mut out = Vec::new();
    for entry in bytes.chunks_exact(3 * step) {
        let t = Table::new(entry, memory.endian);
        let word = |i| t.word(i * step, memory.bits).unwrap_or(0);
        let symbol = if memory.bits == 64 { word(1) >> 32 } else { word(1) >> 8 };
        if symbol == 0 {
            out.push((word(0), word(2)));
        }
    }
    out.sort_unstable_by_key(|r| r.0);
    Ok(out)
}
