//! The table's header, of each version that Go has written (`runtime.pcHeader`; Go's internal/abi/symtab.go).

use crate::read::Table;
use goferry_target::Endian;

/// A table of functions by the first Go that wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TableVersion {
    /// Go 1.16 and 1.17.
    Go116,
    /// Go 1.18 and 1.19.
    Go118,
    /// Go 1.20 and later.
    Go120,
}

/// What stands at the start of a table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    pub(crate) version: TableVersion,
    pub(crate) endian: Endian,
    /// Least size of an instruction: what differences of addresses are counted in.
    pub(crate) quantum: u32,
    /// Width of a pointer, in bits.
    pub(crate) bits: u8,
    pub(crate) functions: u64,
    /// Address of the first function: only here before Go 1.26, and not relocated.
    pub(crate) text: u64,
    /// Offsets from the header: names, files of compilation units, file names, values by address, functions.
    pub(crate) names: u64,
    pub(crate) units: u64,
    pub(crate) files: u64,
    pub(crate) values: u64,
    pub(crate) table: u64,
}

/// What begins at some bytes.
#[derive(Debug)]
pub(crate) enum Begins {
    /// A table.
    Table(Header),
    /// A table of Go 1.2 to 1.15.
    Older,
    /// Something else.
    Nothing,
}

/// The longest header.
pub(crate) const MAX_HEADER: u64 = 8 + 8 * 8;

/// Reads the header at the start of `bytes`, all of whose offsets must lie within `limit`.
pub(crate) fn read(bytes: &[u8], endian: Endian, limit: u64) -> Begins {
    let t = Table::new(bytes, endian);
    let version = match t.u32(0) {
        Some(0xffff_fffb) => None,
        Some(0xffff_fffa) => Some(TableVersion::Go116),
        Some(0xffff_fff0) => Some(TableVersion::Go118),
        Some(0xffff_fff1) => Some(TableVersion::Go120),
        _ => return Begins::Nothing,
    };
    let (quantum, bits) = match bytes.get(4..8) {
        Some(&[0, 0, quantum @ (1 | 2 | 4), width @ (4 | 8)]) => (u32::from(quantum), width * 8),
        _ => return Begins::Nothing,
    };
    let Some(version) = version else { return Begins::Older };
    let step = usize::from(bits / 8);
    let word = |i: usize| t.word(8 + i * step, bits);
    let header = || {
        // Go 1.18 put the text's address before the offsets.
        let first = if version == TableVersion::Go116 { 2 } else { 3 };
        Some(Header {
            version,
            endian,
            quantum,
            bits,
            functions: word(0)?,
            text: if version == TableVersion::Go116 { 0 } else { word(2)? },
            names: word(first)?,
            units: word(first + 1)?,
            files: word(first + 2)?,
            values: word(first + 3)?,
            table: word(first + 4)?,
        })
    };
    match header() {
        Some(h) if h.is_sane(limit) => Begins::Table(h),
        _ => Begins::Nothing,
    }
}

impl Header {
    /// The linker writes the parts in this order; none of the first three is empty in a program.
    fn is_sane(&self, limit: u64) -> bool {
        let parts = [self.names, self.units, self.files, self.values, self.table];
        let entry = 2 * self.field();
        self.names >= 8 + 7 * u64::from(self.bits / 8)
            && self.functions > 0
            && parts.is_sorted()
            && self
                .functions
                .checked_mul(entry)
                .and_then(|n| n.checked_add(self.table))
                .is_some_and(|end| end <= limit)
    }

    /// Width of a field of the table of functions, in bytes.
    pub(crate) fn field(&self) -> u64 {
        if self.version == TableVersion::Go116 { u64::from(self.bits / 8) } else { 4 }
    }
}
