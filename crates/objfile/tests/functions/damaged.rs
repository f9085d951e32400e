//! Damaged tables of functions: an answer or an error in every case, never a panic, and no more memory or reads than
//! the file's own size warrants.

use crate::fixtures::{Build, build};
use goferry_objfile::ReadAt;
use goferry_objfile::pclntab::{self, Pclntab, PclntabError};
use proptest::prelude::*;
use std::cell::Cell;
use std::sync::OnceLock;

const KINDS: [&str; 6] =
    ["linux/amd64", "linux/386", "linux/s390x", "windows/amd64", "darwin/arm64", "wasip1/wasm"];

/// A program, where its table begins in the file, and a length from there that covers all of it.
struct Original {
    bytes: Vec<u8>,
    table: usize,
    len: usize,
}

fn originals() -> &'static [Original] {
    static BYTES: OnceLock<Vec<Original>> = OnceLock::new();
    BYTES.get_or_init(|| {
        let pie = Build { pie: true, ..Build::new("linux/amd64", true) };
        // With symbols, too.
        let all =
            KINDS.map(|k| Build::new(k, true)).into_iter().chain([pie, Build::new("linux/amd64", false)]);
        all.map(|b| {
            let mut bytes = std::fs::read(build(&b).path).unwrap();
            if b.target.os == goferry_target::Os::Darwin {
                crate::fixtures::chain_pointers(&mut bytes, true);
            }
            let at =
                |magic: &[u8]| memchr::memmem::find_iter(&bytes, magic).find(|i| bytes[i + 7] | 12 == 12);
            let table = at(b"\xf1\xff\xff\xff\0\0").or_else(|| at(b"\xff\xff\xff\xf1\0\0")).unwrap();
            let len = (bytes.len() - table).min(800_000);
            Original { bytes, table, len }
        })
        .collect()
    })
}

/// A file with some bytes changed and its end cut off, that counts what is asked of it.
struct Damaged<'a> {
    bytes: &'a [u8],
    len: usize,
    changes: &'a [(usize, u8)],
    total: Cell<u64>,
    largest: Cell<u64>,
}

impl<'a> Damaged<'a> {
    fn new(bytes: &'a [u8], len: usize, changes: &'a [(usize, u8)]) -> Self {
        Damaged { bytes, len, changes, total: Cell::new(0), largest: Cell::new(0) }
    }

    /// Reads it, asks everything of what comes back, and checks what that cost.
    fn read(&self) -> Result<Pclntab, PclntabError> {
        let result = pclntab::read(self);
        let len = self.len as u64;
        assert!(self.largest.get() <= len, "one read of {} bytes", self.largest.get());
        // Each candidate for a table may have the data searched for what belongs to it.
        assert!(self.total.get() <= 32 * len + (1 << 20), "{} bytes read of {len}", self.total.get());
        if let Ok(symbols) = goferry_objfile::data_symbols(self) {
            assert!(symbols.len() <= self.len / 12);
        }
        if let Ok(table) = &result {
            ask(table);
        }
        result
    }
}

fn ask(table: &Pclntab) {
    let names = table.names();
    assert!(!names.is_empty() && names.is_sorted());
    for f in table.functions() {
        let _ = (f.symbol(), f.file(), f.size(), f.start_line());
        assert!(f.entry() <= f.end());
        // Damaged sizes are large ones.
        for address in [f.entry(), f.entry() + f.size().min(40) / 2, f.end().saturating_sub(1)] {
            assert!(f.frames(address).len() <= f.inlined().count() + 1);
        }
    }
    let _ = (table.frames(0), table.frames(u64::MAX), table.find(table.address()));
}

impl ReadAt for Damaged<'_> {
    fn len(&self) -> u64 {
        self.len as u64
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> std::io::Result<()> {
        self.bytes[..self.len].read_at(offset, buf)?;
        for &(at, byte) in self.changes {
            if let Some(b) = at.checked_sub(offset as usize).and_then(|i| buf.get_mut(i)) {
                *b = byte;
            }
        }
        let size = buf.len() as u64;
        self.total.set(self.total.get() + size);
        self.largest.set(self.largest.get().max(size));
        Ok(())
    }
}

#[test]
fn truncated_programs_are_errors() {
    for Original { bytes, .. } in originals() {
        for len in (0..40).map(|i| bytes.len() / 40 * i) {
            let _ = Damaged::new(bytes, len, &[]).read();
        }
        let whole = Damaged::new(bytes, bytes.len(), &[]).read().unwrap();
        assert!(whole.knows_inlined() && whole.len() > 1000);
        assert!(Damaged::new(bytes, bytes.len() / 8, &[]).read().is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn changed_headers_never_panic(
        which in 0usize..8,
        changes in prop::collection::vec((0usize..82, any::<u8>()), 1..5),
    ) {
        let Original { bytes, table, .. } = &originals()[which];
        let changes: Vec<_> = changes.into_iter().map(|(d, b)| (table + d, b)).collect();
        let _ = Damaged::new(bytes, bytes.len(), &changes).read();
    }

    #[test]
    fn changes_anywhere_in_the_table_never_panic(
        which in 0usize..8,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..400),
    ) {
        let Original { bytes, table, len } = &originals()[which];
        let changes: Vec<_> = changes.into_iter().map(|(i, b)| (table + i.index(*len), b)).collect();
        let _ = Damaged::new(bytes, bytes.len(), &changes).read();
    }

    /// Module data, inline trees and the file's own headers stand elsewhere.
    #[test]
    fn changes_and_cuts_anywhere_never_panic(
        which in 0usize..8,
        start in prop::collection::vec((0usize..1024, any::<u8>()), 0..4),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..400),
        cut in prop_oneof![3 => Just(0usize), 1 => 0usize..400_000],
    ) {
        let Original { bytes, .. } = &originals()[which];
        let anywhere = changes.into_iter().map(|(i, b)| (i.index(bytes.len()), b));
        let changes: Vec<_> = start.into_iter().chain(anywhere).collect();
        let _ = Damaged::new(bytes, bytes.len() - cut, &changes).read();
    }
}

/// A file of nothing but marks: every one of them is looked at, none makes the data be searched for ever.
#[test]
fn many_false_tables_cost_little() {
    let original = &originals()[0];
    let header = &original.bytes[original.table..original.table + 72];
    let mut bytes = original.bytes.clone();
    let from = original.table;
    for place in bytes[from..from + original.len].chunks_exact_mut(72) {
        place.copy_from_slice(header);
    }
    let _ = Damaged::new(&bytes, bytes.len(), &[]).read();
}
