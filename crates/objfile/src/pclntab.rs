//! The functions of a Go program, from the table that its runtime uses (pclntab); a stripped program has it too.
//!
//! Owns: finding and reading the table of Go 1.16 and later in ELF, PE, Mach-O and wasm files of either byte order and
//! width, position-independent ones included; the calls that were inlined; names of functions taken apart.
//! Must not: guess. A table that contradicts itself is an error, and what could not be found is a value of its own.
//! Sources: Go's runtime/symtab.go, runtime/symtabinl.go, internal/abi/symtab.go, cmd/link/internal/ld/pcln.go.

mod function;
mod header;
mod inline;
mod load;
mod locate;
mod memory;
mod name;
mod record;
mod values;

pub use function::{Frame, Function};
pub use header::TableVersion;
pub use load::{read, read_slices};
pub(crate) use memory::{Memory, Pointers};
pub use name::{Receiver, SymbolName};

use crate::ObjError;
use crate::read::Table;
use header::Header;
use inline::Trees;
use record::Record;

/// Why there are no functions to tell.
#[derive(Debug, thiserror::Error)]
pub enum PclntabError {
    /// The file cannot be read, or its headers are damaged.
    #[error(transparent)]
    File(#[from] ObjError),
    /// Nothing in it looks like a table: not a Go program, or a packed or obfuscated one.
    #[error("no table of Go functions in it (not a Go program, or a packed one)")]
    Missing,
    /// Only a table of Go 1.2 to 1.15.
    #[error("its table of functions is from before Go 1.16, which is not read")]
    Older,
    /// A container in which tables are not looked for.
    #[error("tables of Go functions are not read in {0}")]
    Container(&'static str),
    /// The table contradicts itself.
    #[error("damaged table of Go functions: {0}")]
    Damaged(&'static str),
}

/// One program's functions, in the order of their addresses.
#[derive(Debug)]
pub struct Pclntab {
    header: Header,
    addr: u64,
    size: u64,
    /// Address of the first function, if it is known.
    text: Option<u64>,
    sections: Vec<TextSection>,
    /// Addresses count functions, not bytes.
    wasm: Option<WasmCode>,
    names: String,
    files: String,
    units: Vec<u8>,
    values: Vec<u8>,
    functions: Vec<Entry>,
    /// None if the program's trees could not be found.
    trees: Option<Trees>,
}

/// A function's place and record.
#[derive(Clone, Copy, Debug)]
struct Entry {
    /// From the first function (Go 1.16: the address).
    offset: u64,
    /// In units of addresses.
    size: u64,
    record: Record,
}

/// A piece of a text that the linker had to split (`runtime.textsect`).
#[derive(Clone, Copy, Debug)]
struct TextSection {
    start: u64,
    end: u64,
    addr: u64,
}

/// How wasm's addresses are made: a function's number and, in the lower 16 bits, a block's.
#[derive(Debug)]
struct WasmCode {
    /// Sizes of the functions' bodies, in the code section's order.
    sizes: Vec<u32>,
    /// Offsets in the table are numbers of functions (since Go 1.25 or 1.26).
    counted: bool,
}

/// Functions begin at this address in wasm (cmd/link/internal/wasm, `funcValueOffset`).
const WASM_TEXT: u64 = 0x1000 << 16;

impl Pclntab {
    /// Which Go wrote it, by the table's form.
    pub fn version(&self) -> TableVersion {
        self.header.version
    }

    /// Address of the table in memory.
    pub fn address(&self) -> u64 {
        self.addr
    }

    /// Bytes of the table: names, files, values and functions; up to what follows it if that is not known.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Width of Go's pointers in bits: 64 for wasm.
    pub fn bits(&self) -> u8 {
        self.header.bits
    }

    /// Address of the first function, as the file states it. None if the runtime's module data was not found; then
    /// functions' addresses count from 0.
    pub fn text(&self) -> Option<u64> {
        self.text
    }

    /// Whether inlined calls are known. If not, the program has some, but [`Function::inlined`] gives none.
    pub fn knows_inlined(&self) -> bool {
        self.trees.is_some()
    }

    /// How many functions there are.
    pub fn len(&self) -> usize {
        self.functions.len()
    }

    /// Whether there are none; [`read`] gives no such table.
    pub fn is_empty(&self) -> bool {
        self.functions.is_empty()
    }

    /// Every function that has code of its own, sorted by address.
    pub fn functions(&self) -> impl ExactSizeIterator<Item = Function<'_>> {
        (0..self.functions.len()).map(|index| Function { table: self, index })
    }

    /// The function whose code has this address.
    pub fn find(&self, address: u64) -> Option<Function<'_>> {
        // With several text sections addresses need not follow the table's order.
        if self.sections.len() > 1 {
            return self.functions().find(|f| (f.entry()..f.end()).contains(&address));
        }
        let entry = |index| Function { table: self, index }.entry();
        let next = self.partition(|index| entry(index) <= address);
        let found = Function { table: self, index: next.checked_sub(1)? };
        (address < found.end()).then_some(found)
    }

    fn partition(&self, before: impl Fn(usize) -> bool) -> usize {
        let (mut low, mut high) = (0, self.functions.len());
        while low < high {
            let middle = low.midpoint(high);
            if before(middle) { low = middle + 1 } else { high = middle }
        }
        low
    }

    /// The chain of functions at an address, the innermost inlined one first and the one with the code last; empty
    /// outside of Go's code. For a return address ask for the one before it.
    pub fn frames(&self, address: u64) -> Vec<Frame<'_>> {
        self.find(address).map(|f| f.frames(address)).unwrap_or_default()
    }

    /// The names of all functions that are in the program, inlined ones included; sorted, each once.
    pub fn names(&self) -> Vec<&str> {
        let inlined = self.trees.iter().flat_map(|t| t.all().iter().map(|c| c.name));
        self.names_at(self.functions.iter().map(|f| f.record.name).chain(inlined).collect())
    }

    /// The names of the functions that have code of their own; sorted, each once.
    pub fn own_names(&self) -> Vec<&str> {
        self.names_at(self.functions.iter().map(|f| f.record.name).collect())
    }

    /// The names of the functions whose calls were inlined; sorted, each once.
    pub fn inlined_names(&self) -> Vec<&str> {
        self.names_at(self.trees.iter().flat_map(|t| t.all().iter().map(|c| c.name)).collect())
    }

    fn names_at(&self, mut offsets: Vec<u32>) -> Vec<&str> {
        offsets.sort_unstable();
        offsets.dedup();
        let mut names: Vec<&str> = offsets.into_iter().map(|o| self.name_at(o)).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    fn name_at(&self, offset: u32) -> &str {
        text_at(&self.names, offset)
    }

    /// The name of file number `number` of a unit.
    fn file_at(&self, unit: u32, number: i32) -> Option<&str> {
        let index = u64::from(unit) + u64::try_from(number).ok()?;
        let units = Table::new(&self.units, self.header.endian);
        let offset = units.u32(usize::try_from(index.checked_mul(4)?).ok()?)?;
        // A file that the linker left out.
        (offset != u32::MAX).then(|| text_at(&self.files, offset))
    }

    /// The address of an offset from the first function.
    fn to_address(&self, offset: u64) -> u64 {
        if let Some(wasm) = &self.wasm {
            let offset = if wasm.counted { offset << 16 } else { offset };
            return self.text.unwrap_or(WASM_TEXT).wrapping_add(offset);
        }
        let split = self.sections.iter().find(|s| (s.start..s.end).contains(&offset));
        match split {
            Some(s) if self.sections.len() > 1 => s.addr.wrapping_add(offset - s.start),
            _ if self.header.version == TableVersion::Go116 => offset,
            _ => self.text.unwrap_or(0).wrapping_add(offset),
        }
    }
}

/// The zero-terminated text at `offset`; empty outside.
fn text_at(all: &str, offset: u32) -> &str {
    let rest = all.get(offset as usize..).unwrap_or_default();
    rest.split_once('\0').map_or("", |(text, _)| text)
}
