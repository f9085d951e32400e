//! What of a PE file is memory, for [`crate::pclntab`].

use super::{headers, ranges};
use crate::ObjError;
use crate::pclntab::Memory;
use crate::read::Source;
use goferry_target::Endian;

const CODE: u32 = 0x20;
const WRITE: u32 = 0x8000_0000;

/// Pointers stand in place: base relocations only add what the image was moved by.
pub(crate) fn memory(source: Source<'_>) -> Result<Memory<'_>, ObjError> {
    let (_, optional, sections) = headers(source)?;
    let mut out = Memory::new(source, ranges(&optional, &sections), Endian::Little, optional.bits);
    let loaded = || sections.iter().filter(|s| s.addr != 0 && s.offset != 0);
    let part = |s: &super::SectionHeader| (optional.image_base.wrapping_add(s.addr), s.file_size);
    // No section is the table's own: .rdata has it, .data where it needs relocation, .text before Go 1.16.
    for (wanted, mask) in [(0, CODE | WRITE), (WRITE, WRITE), (CODE, CODE | WRITE)] {
        out.searched.extend(loaded().filter(|s| s.characteristics & mask == wanted).map(part));
    }
    out.data = loaded().filter(|s| s.characteristics & WRITE != 0).map(part).collect();
    Ok(out)
}
