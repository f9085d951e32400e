//! Symbols of data, from a program's symbol table: what is there besides code, and how large it is.
//!
//! Owns: tables of ELF, PE and Mach-O. A stripped program and other formats have none.

use crate::read::{ReadAt, Source};
use crate::{ObjError, elf, macho, pe};

/// One symbol of data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataSymbol {
    /// Its name, without the underscore that Mach-O puts before each.
    pub name: String,
    /// Address in memory.
    pub addr: u64,
    /// Bytes in memory. PE and Mach-O do not state it: up to the next symbol or the section's end.
    pub size: u64,
    /// It takes no room in the file, for it is all zeros.
    pub zero: bool,
}

/// A section for symbols without a size.
pub(crate) struct Room {
    pub(crate) addr: u64,
    pub(crate) end: u64,
    pub(crate) code: bool,
    /// Where the bytes that the file has end.
    pub(crate) filled: u64,
}

/// The symbols of data of a program with a symbol table, sorted by address; empty for other files.
///
/// # Errors
/// [`ObjError`] if the file cannot be read or its headers or its table are damaged.
pub fn data_symbols(bytes: &dyn ReadAt) -> Result<Vec<DataSymbol>, ObjError> {
    let source = Source::whole(bytes);
    let mut out = match *source.up_to(0, 4)?.as_slice() {
        [0x7f, b'E', b'L', b'F'] => elf::data_symbols(source)?,
        [b'M', b'Z', ..] => pe::data_symbols(source)?,
        [0xfe, 0xed, 0xfa, 0xce | 0xcf] | [0xce | 0xcf, 0xfa, 0xed, 0xfe] => macho::data_symbols(source)?,
        _ => Vec::new(),
    };
    out.sort_by(|a, b| a.addr.cmp(&b.addr).then_with(|| a.name.cmp(&b.name)));
    Ok(out)
}

/// Gives symbols, each with its address and section, the room up to the next one.
pub(crate) fn with_sizes(mut all: Vec<(u64, usize, String)>, rooms: &[Room]) -> Vec<DataSymbol> {
    // Of several names of one place the first counts, but not the linker's own marks (`runtime.data`).
    all.sort_by_cached_key(|(addr, section, name)| {
        (*addr, *section, name.starts_with("runtime."), name.clone())
    });
    all.dedup_by_key(|s| (s.0, s.1));
    let mut out: Vec<DataSymbol> = Vec::new();
    let mut next = all.iter().skip(1).map(|s| (s.0, s.1)).collect::<Vec<_>>().into_iter();
    for (addr, section, name) in all {
        let following = next.next().filter(|n| n.1 == section).map(|n| n.0);
        let Some(room) = rooms.get(section).filter(|r| !r.code) else { continue };
        let size = following.unwrap_or(room.end).min(room.end).saturating_sub(addr);
        if size > 0 && addr >= room.addr {
            out.push(DataSymbol { name, addr, size, zero: addr >= room.filled });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_reach_to_the_next_symbol() {
        let rooms = [
            Room { addr: 0, end: 100, code: true, filled: 100 },
            Room { addr: 100, end: 200, code: false, filled: 200 },
            Room { addr: 200, end: 300, code: false, filled: 200 },
        ];
        let symbol = |addr, section, name: &str| (addr, section, name.to_owned());
        let all = vec![
            symbol(150, 1, "b"),
            symbol(10, 0, "code"),
            symbol(100, 1, "a"),
            symbol(100, 1, "runtime.data"),
            symbol(200, 2, "c"),
            symbol(400, 2, "outside"),
        ];
        let out: Vec<_> = with_sizes(all, &rooms).into_iter().map(|s| (s.name, s.size, s.zero)).collect();
        let expected = [("a", 50, false), ("b", 50, false), ("c", 100, true)];
        assert_eq!(out, expected.map(|(n, s, z)| (n.to_owned(), s, z)));
    }
}
