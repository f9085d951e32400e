//! A function's record (`runtime._func`) in each version.

use super::header::{Header, TableVersion};
use crate::read::Table;

const PCDATA_INLTREE: u32 = 2;
const FUNCDATA_INLTREE: u64 = 3;

/// What a record says; offsets into the table's parts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record {
    pub(crate) name: u32,
    pub(crate) file: u32,
    pub(crate) line: u32,
    pub(crate) unit: u32,
    /// Since Go 1.20.
    pub(crate) start_line: Option<u32>,
    /// The table of inlined calls by address; 0 for none.
    pub(crate) inlined: u32,
    /// The inline tree: an offset from `go:func.*`, before Go 1.18 an address; none for none.
    pub(crate) tree: Option<Tree>,
}

/// Where an inline tree is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tree {
    /// From `moduledata.gofunc`.
    Offset(u32),
    /// Offset, in the table of functions, of a pointer to it.
    PointerAt(u64),
}

/// Reads the record at `at` of the table of functions.
pub(crate) fn read(table: Table<'_>, at: u64, h: &Header) -> Option<Record> {
    let at = usize::try_from(at).ok()?;
    let first = h.field() as usize;
    let word = |i: usize| table.u32(at.checked_add(first + 4 * i)?);
    let start_line = if h.version >= TableVersion::Go120 { Some(word(8)?) } else { None };
    let last = if start_line.is_some() { 9 } else { 8 };
    // funcID, flag, padding, nfuncdata.
    let count = u64::from(*table.bytes.get(at + first + 4 * last + 3)?);
    let (values, tail) = (word(6)?, last + 1);
    let inlined = if values > PCDATA_INLTREE { word(tail + PCDATA_INLTREE as usize)? } else { 0 };
    let mut out = Record {
        name: word(0)?,
        file: word(4)?,
        line: word(5)?,
        unit: word(7)?,
        start_line,
        inlined,
        tree: None,
    };
    if count > FUNCDATA_INLTREE {
        let data = at as u64 + first as u64 + 4 * (tail as u64 + u64::from(values));
        out.tree = tree(table, data, h)?;
    }
    Some(out)
}

/// The fourth of the function data that begins at `data`; none within for a function without one.
fn tree(table: Table<'_>, data: u64, h: &Header) -> Option<Option<Tree>> {
    if h.version == TableVersion::Go116 {
        // Pointers, aligned. The table of functions is aligned itself.
        let width = u64::from(h.bits / 8);
        let at = data.next_multiple_of(width).checked_add(FUNCDATA_INLTREE * width)?;
        table.word(usize::try_from(at).ok()?, h.bits)?;
        return Some(Some(Tree::PointerAt(at)));
    }
    let at = usize::try_from(data + 4 * FUNCDATA_INLTREE).ok()?;
    let offset = table.u32(at)?;
    Some((offset != u32::MAX).then_some(Tree::Offset(offset)))
}
