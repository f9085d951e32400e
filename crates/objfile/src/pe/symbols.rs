//! The symbol table, as far as data goes (Microsoft PE/COFF specification, "COFF Symbol Table").

use super::{SYMBOL, headers};
use crate::ObjError;
use crate::data::{DataSymbol, Room, with_sizes};
use crate::read::{Source, Table, fixed_str, name_at};
use goferry_target::Endian;

const CODE: u32 = 0x20;

pub(crate) fn data_symbols(source: Source<'_>) -> Result<Vec<DataSymbol>, ObjError> {
    let (coff, optional, sections) = headers(source)?;
    let what = "COFF symbol table";
    if coff.symbol_count == 0 || coff.symbols == 0 {
        return Ok(Vec::new());
    }
    let bytes = source.bytes(what, coff.symbols, coff.symbol_count * SYMBOL, source.len())?;
    let strings = coff.symbols + coff.symbol_count * SYMBOL;
    let names = source.up_to(strings, source.len().saturating_sub(strings))?;
    let rooms: Vec<_> = sections.iter().map(|s| room(s, optional.image_base)).collect();
    let mut all = Vec::new();
    let mut entries = bytes.chunks_exact(SYMBOL as usize);
    while let Some(entry) = entries.next() {
        let t = Table::new(entry, Endian::Little);
        let Some((value, section)) = t.u32(8).zip(t.u16(12)) else { continue };
        // Sections count from 1; from 0xfffe on they mean something else.
        if let Some(room) = usize::from(section).checked_sub(1).and_then(|i| rooms.get(i)) {
            let name = match t.u32(0) {
                Some(0) => t.u32(4).and_then(|at| name_at(&names, at as usize)).unwrap_or_default(),
                _ => fixed_str(&entry[..8]),
            };
            // A section's own symbol has its name.
            if !name.starts_with('.') {
                all.push((room.addr.wrapping_add(value.into()), usize::from(section) - 1, name));
            }
        }
        // What else is said of a symbol follows it.
        for _ in 0..entry[17] {
            entries.next();
        }
    }
    Ok(with_sizes(all, &rooms))
}

fn room(s: &super::SectionHeader, base: u64) -> Room {
    let addr = base.wrapping_add(s.addr);
    Room {
        addr,
        end: addr.saturating_add(s.virtual_size.max(s.file_size)),
        code: s.characteristics & CODE != 0,
        filled: if s.offset == 0 { addr } else { addr.saturating_add(s.file_size) },
    }
}
