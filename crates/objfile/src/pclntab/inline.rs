//! Inline trees: which calls the compiler replaced by their function's body (`runtime.inlinedCall`).
//!
//! Owns: finding them through the module data, reading and checking them. They stand outside of the table, in
//! `go:func.*`, whose address a stripped program has only in its module data.

use super::header::{Header, TableVersion};
use super::locate::Found;
use super::memory::Memory;
use super::record::{Record, Tree};
use super::values::Values;
use crate::ObjError;
use crate::read::Table;

/// Trees that are tried with each possible base.
const TRIED: usize = 64;
/// Steps through tables of values, in bytes of these tables: equal ones are shared by functions.
const STEPS: u64 = 64;

/// One call that was replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    /// Offset of the called function's name.
    pub(crate) name: u32,
    /// Where in the function the call was, from its start.
    pub(crate) parent: u32,
    /// Since Go 1.20.
    pub(crate) start_line: Option<u32>,
}

/// The trees of all functions, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Trees {
    calls: Vec<Call>,
    /// For each function where its calls begin; one more for the end.
    starts: Vec<u32>,
}

impl Trees {
    pub(crate) fn all(&self) -> &[Call] {
        &self.calls
    }

    pub(crate) fn of(&self, function: usize) -> &[Call] {
        let range = self.starts.get(function).zip(self.starts.get(function + 1));
        let range = range.map(|(&from, &to)| from as usize..to as usize);
        range.and_then(|r| self.calls.get(r)).unwrap_or_default()
    }
}

/// A function that has a tree.
struct Wanted {
    function: usize,
    tree: Tree,
    count: u32,
    size: u64,
}

/// What is needed to read trees.
pub(crate) struct Reader<'a> {
    pub(crate) memory: &'a Memory<'a>,
    pub(crate) found: &'a Found,
    pub(crate) names: &'a [u8],
    pub(crate) values: &'a [u8],
    /// Record and size of each function.
    pub(crate) functions: &'a [(Record, u64)],
}

/// What became of reading the trees.
pub(crate) enum Read {
    Trees(Trees),
    /// The program has inlined calls, but what says where their trees are was not found.
    Unknown,
    /// A tree contradicts the table.
    Damaged,
}

impl Reader<'_> {
    fn header(&self) -> &Header {
        &self.found.header
    }

    pub(crate) fn read(&self) -> Result<Read, ObjError> {
        let Some(wanted) = self.wanted() else { return Ok(Read::Damaged) };
        if wanted.is_empty() {
            return Ok(Read::Trees(Trees { calls: vec![], starts: vec![0; self.functions.len() + 1] }));
        }
        let bases = match self.header().version {
            TableVersion::Go116 => vec![0],
            _ => self.found.gofunc_candidates().into_iter().map(|c| c.1).collect(),
        };
        for base in bases {
            if self.fits(base, &wanted)? {
                return Ok(self.all(base, &wanted)?.map_or(Read::Damaged, Read::Trees));
            }
        }
        Ok(Read::Unknown)
    }

    /// The functions with trees, each with the number of calls: the highest that its addresses have, and one.
    /// None if the tables are longer than they could be.
    fn wanted(&self) -> Option<Vec<Wanted>> {
        let mut fuel = STEPS * (self.values.len() as u64 + 1024);
        let mut out = Vec::new();
        for (function, (record, size)) in self.functions.iter().enumerate() {
            let Some(tree) = record.tree.filter(|_| record.inlined != 0) else { continue };
            let mut count = 0;
            for stretch in Values::new(self.values, record.inlined, self.header().quantum, *size) {
                fuel = fuel.checked_sub(1)?;
                // Not negative: one more than the highest index.
                count = count.max(u32::try_from(stretch.value).map_or(0, |n| n + 1));
            }
            if count > 0 {
                out.push(Wanted { function, tree, count, size: *size });
            }
        }
        Some(out)
    }

    fn entry_size(&self) -> u64 {
        if self.header().version >= TableVersion::Go120 { 16 } else { 20 }
    }

    fn address(&self, base: u64, w: &Wanted) -> u64 {
        match w.tree {
            Tree::Offset(offset) => base.wrapping_add(offset.into()),
            // The words of this one field, relocated.
            Tree::PointerAt(at) => {
                let at = self.found.addr.wrapping_add(self.header().table).wrapping_add(at);
                self.memory.words(at, 1).ok().and_then(|w| w.first().copied()).unwrap_or(0)
            }
        }
    }

    /// Whether trees spread over all the program make sense from this base.
    fn fits(&self, base: u64, wanted: &[Wanted]) -> Result<bool, ObjError> {
        if base == 0 && self.header().version != TableVersion::Go116 {
            return Ok(false);
        }
        let step = wanted.len().div_ceil(TRIED);
        for w in wanted.iter().step_by(step) {
            let len = u64::from(w.count.min(256)) * self.entry_size();
            let bytes = self.memory.read(self.address(base, w), len)?;
            if bytes.len() as u64 != len || self.calls(&bytes, w, &mut Vec::new()).is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads every tree; none if one makes no sense.
    fn all(&self, base: u64, wanted: &[Wanted]) -> Result<Option<Trees>, ObjError> {
        let place = |w: &Wanted| (self.address(base, w), u64::from(w.count) * self.entry_size());
        let places: Vec<_> = wanted.iter().map(place).collect();
        let total: u64 = places.iter().map(|p| p.1).sum();
        let first = places.iter().map(|p| p.0).min().unwrap_or(0);
        let end = places.iter().map(|p| p.0.saturating_add(p.1)).max().unwrap_or(0);
        // Equal trees are shared, but not so often that they outgrow the file.
        if total > 4 * self.memory.limit() || end - first > self.memory.limit() {
            return Ok(None);
        }
        let bytes = self.memory.read(first, end - first)?;
        let mut out = Trees::default();
        for (w, (addr, len)) in wanted.iter().zip(places) {
            let start = (addr - first) as usize;
            let Some(bytes) = bytes.get(start..start + len as usize) else { return Ok(None) };
            out.starts.resize(w.function + 1, out.calls.len() as u32);
            if self.calls(bytes, w, &mut out.calls).is_none() {
                return Ok(None);
            }
        }
        out.starts.resize(self.functions.len() + 1, out.calls.len() as u32);
        Ok(Some(out))
    }

    /// The calls in `bytes`; none if one of them is impossible.
    fn calls(&self, bytes: &[u8], w: &Wanted, out: &mut Vec<Call>) -> Option<()> {
        for entry in bytes.chunks_exact(self.entry_size() as usize) {
            let t = Table::new(entry, self.header().endian);
            let call = if self.header().version >= TableVersion::Go120 {
                Call { name: t.u32(4)?, parent: t.u32(8)?, start_line: Some(t.u32(12)?) }
            } else {
                // parent, funcID, file, line, func, parentPc.
                Call { name: t.u32(12)?, parent: t.u32(16)?, start_line: None }
            };
            let name = call.name as usize;
            let starts_a_name =
                name == 0 || name.checked_sub(1).and_then(|i| self.names.get(i)).is_some_and(|b| *b == 0);
            if !starts_a_name || self.names.get(name)? == &0 || u64::from(call.parent) > w.size {
                return None;
            }
            out.push(call);
        }
        Some(())
    }
}
