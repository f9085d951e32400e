//! Where a program's table is, and what its module data says of it.
//!
//! The runtime's module data (`runtime.moduledata`) is found by the pointer to the table that it begins with: its symbol
//! is gone in a stripped program. Without it there are names, but neither addresses nor inlined calls.

use super::header::{self, Begins, Header, MAX_HEADER, TableVersion};
use super::memory::{Memory, Part, Pointers};
use crate::ObjError;
use crate::read::Table;
use goferry_target::Endian;
use memchr::memmem::Finder;

const CHUNK: u64 = 1 << 20;
const MAGIC: usize = 6;
/// Enough to pass by what only looks like a table.
const MAX_CANDIDATES: usize = 16;
/// Words of module data that are read: all up to the table of text sections, in every version.
const WORDS: usize = 64;
/// Index of `moduledata.text`: behind a pointer, six slices and three pointers, in every version since Go 1.16.
const TEXT: usize = 22;

/// A table and what is known of it.
pub(crate) struct Found {
    pub(crate) addr: u64,
    /// Bytes that may belong to it.
    pub(crate) len: u64,
    pub(crate) header: Header,
    /// The words of its module data, relocated.
    pub(crate) module: Option<Vec<u64>>,
}

impl Found {
    /// `moduledata.text`: the address that offsets of functions count from.
    pub(crate) fn text(&self) -> Option<u64> {
        self.module.as_ref()?.get(TEXT).copied()
    }
}

/// What a search came to.
pub(crate) enum Search {
    Table(Found),
    /// Only a table of Go 1.2 to 1.15.
    Older,
    Nothing,
}

pub(crate) fn find(memory: &Memory<'_>) -> Result<Search, ObjError> {
    let mut older = false;
    let mut bare = None;
    let mut seen = 0;
    let mut look = |addr: u64, len: u64| -> Result<Option<Found>, ObjError> {
        let head = memory.read(addr, MAX_HEADER.min(len))?;
        let header = match header::read(&head, memory.endian, memory.limit().min(len)) {
            Begins::Table(h) if h.bits == memory.bits => h,
            Begins::Older => {
                older = true;
                return Ok(None);
            }
            _ => return Ok(None),
        };
        seen += 1;
        let module = if seen <= MAX_CANDIDATES { module_data(memory, addr, &header)? } else { None };
        let found = Found { addr, len, header, module };
        if found.module.is_some() {
            return Ok(Some(found));
        }
        bare.get_or_insert(found);
        Ok(None)
    };
    for (addr, len) in memory.bounded(&memory.tables) {
        if let Some(found) = look(addr, len)? {
            return Ok(Search::Table(found));
        }
    }
    for part in memory.bounded(&memory.searched) {
        if let Some(found) = scan(memory, part, &mut look)? {
            return Ok(Search::Table(found));
        }
    }
    Ok(match bare {
        Some(found) => Search::Table(found),
        None if older => Search::Older,
        None => Search::Nothing,
    })
}

/// The magic and the two zeros behind it, of every version.
fn magics(endian: Endian) -> [[u8; MAGIC]; 4] {
    [0xf1, 0xf0, 0xfa, 0xfb].map(|n| match endian {
        Endian::Little => [n, 0xff, 0xff, 0xff, 0, 0],
        Endian::Big => [0xff, 0xff, 0xff, n, 0, 0],
    })
}

/// Looks at every place of `part` that has the bytes of a magic.
fn scan(
    memory: &Memory<'_>,
    (addr, size): Part,
    look: &mut impl FnMut(u64, u64) -> Result<Option<Found>, ObjError>,
) -> Result<Option<Found>, ObjError> {
    let finders = magics(memory.endian);
    let finders: Vec<_> = finders.iter().map(Finder::new).collect();
    let align = u64::from(memory.bits / 8);
    let end = addr.saturating_add(size);
    let mut at = addr;
    while at < end {
        let bytes = memory.read(at, CHUNK.min(end - at))?;
        let starts = finders.iter().flat_map(|f| f.find_iter(&bytes)).map(|i| at + i as u64);
        for start in starts.filter(|s| s % align == 0) {
            if let Some(found) = look(start, end - start)? {
                return Ok(Some(found));
            }
        }
        // A magic may lie across two chunks.
        let whole = (bytes.len() as u64).saturating_sub(MAGIC as u64 - 1);
        if whole == 0 || at + bytes.len() as u64 >= end {
            break;
        }
        at += whole;
    }
    Ok(None)
}

/// The words of the module data that belongs to the table at `table`.
fn module_data(memory: &Memory<'_>, table: u64, header: &Header) -> Result<Option<Vec<u64>>, ObjError> {
    if let Pointers::Relocated(list) = &memory.pointers {
        for (addr, _) in list.iter().filter(|r| r.1 == table).take(MAX_CANDIDATES) {
            if let Some(words) = module_at(memory, *addr, table, header)? {
                return Ok(Some(words));
            }
        }
    }
    let step = u64::from(memory.bits / 8);
    for (start, size) in memory.bounded(&memory.data) {
        let mut at = start.next_multiple_of(step);
        let end = start.saturating_add(size);
        while at < end {
            let bytes = memory.read(at, CHUNK.min(end - at))?;
            let t = Table::new(&bytes, memory.endian);
            let count = bytes.len() / step as usize;
            for i in 0..count {
                let here = at + i as u64 * step;
                let raw = t.word(i * step as usize, memory.bits).unwrap_or(0);
                if raw == table
                    && let Some(words) = module_at(memory, here, table, header)?
                {
                    return Ok(Some(words));
                }
            }
            if count == 0 {
                break;
            }
            at += count as u64 * step;
        }
    }
    Ok(None)
}

/// The words at `addr`, if what they say of the table is what its header says.
fn module_at(memory: &Memory<'_>, addr: u64, table: u64, h: &Header) -> Result<Option<Vec<u64>>, ObjError> {
    let words = memory.words(addr, WORDS)?;
    let slice = |i: usize| words.get(i..i + 3);
    // pcHeader, funcnametab, cutab, filetab, pctab, pclntable.
    let starts = [(1, h.names), (4, h.units), (7, h.files), (10, h.values), (13, h.table)];
    let fits = words.first() == Some(&table)
        && starts.iter().all(|&(i, offset)| {
            slice(i).is_some_and(|s| s[0] == table.wrapping_add(offset) && s[1] == s[2] && s[1] <= memory.limit())
        })
        // ftab counts one more than there are functions.
        && slice(16).is_some_and(|s| s[1] == h.functions.wrapping_add(1));
    Ok((fits && words.len() > TEXT).then_some(words))
}

impl Found {
    /// End of the table, as an offset from its header: where the slice of functions ends.
    pub(crate) fn end(&self) -> Option<u64> {
        let len = *self.module.as_ref()?.get(14)?;
        self.header.table.checked_add(len)
    }

    /// What `moduledata.gofunc` may be, the likeliest first: the base of what the compiler notes of functions. Its
    /// index was 38 when Go 1.18 brought it, and is 40 since Go 1.20; that it is right shows in the inline trees.
    pub(crate) fn gofunc_candidates(&self) -> Vec<(usize, u64)> {
        let Some(words) = &self.module else { return Vec::new() };
        let usual = if self.header.version == TableVersion::Go118 { [38, 40] } else { [40, 38] };
        let others = (30..52).filter(|i| !usual.contains(i));
        usual.into_iter().chain(others).filter_map(|i| Some((i, *words.get(i)?))).collect()
    }
}
