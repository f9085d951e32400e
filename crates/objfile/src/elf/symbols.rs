//! The symbol table, as far as data goes (gABI, "Symbol Table").

use super::{SHT_NOBITS, SHT_SYMTAB, layout};
use crate::data::DataSymbol;
use crate::read::{Source, Table, name_at};
use crate::{ObjError, elf};

const STT_OBJECT: u8 = 1;

pub(crate) fn data_symbols(source: Source<'_>) -> Result<Vec<DataSymbol>, ObjError> {
    let layout = layout(source)?;
    let what = "ELF symbol table";
    let Some(table) = layout.sections.iter().find(|s| s.kind == SHT_SYMTAB) else { return Ok(Vec::new()) };
    let strings = layout.sections.get(table.link as usize).filter(|s| s.kind != SHT_NOBITS);
    let strings = strings.ok_or(ObjError::Malformed { what, offset: table.offset })?;
    let names = source.bytes(what, strings.offset, strings.size, source.len())?;
    let bytes = source.bytes(what, table.offset, table.size, source.len())?;
    let elf::Header { bits, endian, .. } = layout.header;
    let mut out = Vec::new();
    for entry in bytes.chunks_exact(if bits == 64 { 24 } else { 16 }) {
        let t = Table::new(entry, endian);
        // Info, section, value, size.
        let at = if bits == 64 { [4, 6, 8, 16] } else { [12, 14, 4, 8] };
        let read = || Some((t.u32(0)?, t.u16(at[1])?, t.word(at[2], bits)?, t.word(at[3], bits)?));
        let Some((name, section, addr, size)) = read() else { continue };
        if entry[at[0]] & 15 != STT_OBJECT || size == 0 {
            continue;
        }
        let Some(section) = layout.sections.get(usize::from(section)).filter(|s| s.addr != 0) else {
            continue;
        };
        // A symbol is no larger than its section.
        let size = size.min(section.size);
        let name = name_at(&names, name as usize).unwrap_or_default();
        out.push(DataSymbol { name, addr, size, zero: section.kind == SHT_NOBITS });
    }
    Ok(out)
}
