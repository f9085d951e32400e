//! A program's memory as its Go tables are looked for in it.
//!
//! Owns: where bytes of an address stand, where a table may be, what a pointer becomes when it is relocated.
//! Must not: know a format; each format's own `memory` module fills it in.

use crate::ObjError;
use crate::image::Range;
use crate::read::{Source, Table};
use goferry_target::Endian;

/// Address and size of a piece of memory.
pub(crate) type Part = (u64, u64);

/// A program has some ten sections or segments that may hold a table.
const MAX_PARTS: usize = 256;

/// What a pointer in the file becomes when the program is loaded at the addresses that the file states.
#[derive(Debug, Default)]
pub(crate) enum Pointers {
    /// The file has it as it is.
    #[default]
    InPlace,
    /// ELF with addends, Mach-O with chains: address and value of each relocated word, sorted by address. Other words are
    /// in place.
    Relocated(Vec<(u64, u64)>),
}

/// Memory as the loader would fill it, and where to look.
pub(crate) struct Memory<'a> {
    pub(crate) source: Source<'a>,
    /// Sorted by address.
    ranges: Vec<Range>,
    /// Addresses without bytes in the file are zeros: wasm's data segments leave runs of zeros out.
    pub(crate) gaps_are_zero: bool,
    pub(crate) endian: Endian,
    /// Width of Go's pointers: 64 for wasm.
    pub(crate) bits: u8,
    /// Sections that are a pclntab by their name.
    pub(crate) tables: Vec<Part>,
    /// Where a pclntab may be otherwise, the likeliest first.
    pub(crate) searched: Vec<Part>,
    /// Where the runtime's module data may be.
    pub(crate) data: Vec<Part>,
    pub(crate) pointers: Pointers,
    /// Sizes of the code of wasm's functions; none elsewhere, where addresses tell.
    pub(crate) wasm: Option<Vec<u32>>,
}

impl<'a> Memory<'a> {
    pub(crate) fn new(source: Source<'a>, mut ranges: Vec<Range>, endian: Endian, bits: u8) -> Self {
        ranges.retain(|r| r.len > 0);
        ranges.sort_by_key(|r| r.addr);
        Memory {
            source,
            ranges,
            gaps_are_zero: false,
            endian,
            bits,
            tables: Vec::new(),
            searched: Vec::new(),
            data: Vec::new(),
            pointers: Pointers::InPlace,
            wasm: None,
        }
    }

    /// The most that a table may take: no file holds more than its own size, but wasm leaves zeros out.
    pub(crate) fn limit(&self) -> u64 {
        let size = self.source.len();
        if self.gaps_are_zero { size.saturating_mul(8).min(1 << 30) } else { size }
    }

    fn range(&self, addr: u64) -> Option<&Range> {
        let next = self.ranges.partition_point(|r| r.addr <= addr);
        // Ranges of a sane file do not overlap: the last one that begins before it has it or none has.
        self.ranges[..next].last().filter(|r| addr - r.addr < r.len)
    }

    /// Up to `len` bytes from `addr`; fewer where the file has no more, none where it has none.
    pub(crate) fn read(&self, addr: u64, len: u64) -> Result<Vec<u8>, ObjError> {
        if self.gaps_are_zero {
            return self.read_over_gaps(addr, len.min(self.limit()));
        }
        match self.range(addr) {
            Some(r) => {
                let skip = addr - r.addr;
                self.source.up_to(r.offset.saturating_add(skip), len.min(r.len - skip))
            }
            None => Ok(Vec::new()),
        }
    }

    fn read_over_gaps(&self, addr: u64, len: u64) -> Result<Vec<u8>, ObjError> {
        let last = self.ranges.last().map_or(0, |r| r.addr.saturating_add(r.len));
        let end = addr.saturating_add(len).min(last);
        let mut out = vec![0; end.saturating_sub(addr) as usize];
        let first = self.ranges.partition_point(|r| r.addr.saturating_add(r.len) <= addr);
        for r in self.ranges[first..].iter().take_while(|r| r.addr < end) {
            let from = r.addr.max(addr);
            let to = r.addr.saturating_add(r.len).min(end);
            if from < to {
                let place = &mut out[(from - addr) as usize..(to - addr) as usize];
                self.source.fill("wasm data", r.offset + (from - r.addr), place)?;
            }
        }
        Ok(out)
    }

    /// The pieces of `parts` that are worth reading: no more of them, and no more bytes, than a real file has.
    pub(crate) fn bounded<'p>(&self, parts: &'p [Part]) -> impl Iterator<Item = Part> + use<'p> {
        let mut left = self.limit();
        parts.iter().take(MAX_PARTS).filter_map(move |&(addr, size)| {
            let size = size.min(left);
            left -= size;
            (size > 0).then_some((addr, size))
        })
    }

    /// `count` words from `addr` as pointers, relocated.
    pub(crate) fn words(&self, addr: u64, count: usize) -> Result<Vec<u64>, ObjError> {
        let step = u64::from(self.bits / 8);
        let bytes = self.read(addr, count as u64 * step)?;
        let t = Table::new(&bytes, self.endian);
        let raw = (0..count).map_while(|i| t.word(i * step as usize, self.bits));
        Ok(raw.enumerate().map(|(i, w)| self.pointer(addr + i as u64 * step, w)).collect())
    }

    /// What the word `raw` at `addr` becomes.
    pub(crate) fn pointer(&self, addr: u64, raw: u64) -> u64 {
        match &self.pointers {
            Pointers::InPlace => raw,
            Pointers::Relocated(list) => match list.binary_search_by_key(&addr, |r| r.0) {
                Ok(i) => list[i].1,
                Err(_) => raw,
            },
        }
    }
}
