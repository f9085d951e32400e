//! The symbol table, as far as data goes (Apple's `mach-o/nlist.h`).

use super::header;
use crate::ObjError;
use crate::data::{DataSymbol, Room, with_sizes};
use crate::read::{Source, Table, name_at};

/// Debugging entries, and the kind "defined in a section".
const N_STAB: u8 = 0xe0;
const N_TYPE: u8 = 0x0e;

pub(crate) fn data_symbols(source: Source<'_>) -> Result<Vec<DataSymbol>, ObjError> {
    let header = header(source)?;
    let what = "Mach-O symbol table";
    let Some((at, count, strings, strings_size)) = header.commands.table else { return Ok(Vec::new()) };
    let size = if header.bits == 64 { 16 } else { 12 };
    let bytes = source.bytes(what, at.into(), u64::from(count) * size, source.len())?;
    let names = source.bytes(what, strings.into(), strings_size.into(), source.len())?;
    let rooms: Vec<_> = header.commands.sections.iter().map(room).collect();
    let mut all = Vec::new();
    for entry in bytes.chunks_exact(size as usize) {
        let t = Table::new(entry, header.endian);
        let (kind, section) = (entry[4], usize::from(entry[5]));
        if kind & N_STAB != 0 || kind & N_TYPE != N_TYPE || section == 0 {
            continue;
        }
        let Some((name, addr)) = t.u32(0).zip(t.word(8, header.bits)) else { continue };
        let name = name_at(&names, name as usize).unwrap_or_default();
        let name = name.strip_prefix('_').map(str::to_owned).unwrap_or(name);
        all.push((addr, section - 1, name));
    }
    Ok(with_sizes(all, &rooms))
}

fn room(s: &crate::Section) -> Room {
    let end = s.addr.saturating_add(s.size);
    Room {
        addr: s.addr,
        end,
        code: s.name.ends_with(",__text") || s.name.contains("stub"),
        filled: if s.name.ends_with("bss") { s.addr } else { end },
    }
}
