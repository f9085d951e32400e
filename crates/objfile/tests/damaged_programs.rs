//! Damaged programs: an answer or an error in every case, never a panic, and never more memory or reads than the
//! file's own size warrants.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod programs;

use goferry_objfile::{Format, GlibcVersion, ObjError, ReadAt, glibc_needs_above, inspect};
use programs::{Program, all, find};
use proptest::prelude::*;
use std::cell::Cell;
use std::sync::OnceLock;

/// One program of each format, byte order and class.
const KINDS: [&str; 11] = [
    "linux/amd64",
    "linux/arm/v7",
    "linux/mips",
    "linux/riscv64",
    "linux/s390x",
    "openbsd/amd64",
    "windows/amd64",
    "darwin/arm64",
    "plan9/amd64",
    "aix/ppc64",
    "wasip1/wasm",
];

fn originals() -> &'static [(&'static Program, Vec<u8>)] {
    static BYTES: OnceLock<Vec<(&'static Program, Vec<u8>)>> = OnceLock::new();
    BYTES.get_or_init(|| {
        let pie = all().iter().find(|p| p.pie).unwrap();
        KINDS.iter().map(|k| find(k, true)).chain([pie]).map(|p| (p, p.bytes())).collect()
    })
}

/// A small program that asks for versions of glibc's symbols; none on systems with another C library.
fn versioned() -> Option<&'static [u8]> {
    static BYTES: OnceLock<Option<Vec<u8>>> = OnceLock::new();
    let needs = |bytes: &Vec<u8>| glibc_needs_above(bytes, ANY).is_ok_and(|n| !n.is_empty());
    let read = || ["/bin/ls", "/usr/bin/env"].iter().filter_map(|p| std::fs::read(p).ok()).find(needs);
    BYTES.get_or_init(read).as_deref()
}

const ANY: GlibcVersion = GlibcVersion { major: 0, minor: 0, patch: 0 };

/// Where build information begins in each of them.
fn marks() -> &'static [usize] {
    static MARKS: OnceLock<Vec<usize>> = OnceLock::new();
    let marks: [&[u8]; 2] = [b"\xff Go buildinf:", b"\x30\x77\xaf\x0c\x92\x74\x08\x02\x41"];
    MARKS.get_or_init(|| {
        let first = |bytes: &[u8]| marks.iter().filter_map(|m| memchr::memmem::find(bytes, m)).min();
        originals().iter().map(|(_, bytes)| first(bytes).unwrap()).collect()
    })
}

/// A file with some bytes changed and its end cut off, that counts what is asked of it.
struct Damaged<'a> {
    bytes: &'a [u8],
    len: usize,
    changes: &'a [(usize, u8)],
    reads: Cell<u64>,
    total: Cell<u64>,
    largest: Cell<u64>,
}

impl<'a> Damaged<'a> {
    fn new(bytes: &'a [u8], len: usize, changes: &'a [(usize, u8)]) -> Self {
        let zero = || Cell::new(0);
        Damaged { bytes, len, changes, reads: zero(), total: zero(), largest: zero() }
    }

    /// Inspects it and checks what that cost.
    fn inspect(&self) -> Result<goferry_objfile::Binary, ObjError> {
        let result = inspect(self);
        self.check_cost();
        result
    }

    fn check_cost(&self) {
        let len = self.len as u64;
        assert!(self.largest.get() <= len, "one read of {} bytes", self.largest.get());
        assert!(self.total.get() <= 8 * len + (1 << 20), "{} bytes read of {len}", self.total.get());
        assert!(self.reads.get() <= 100_000, "{} reads", self.reads.get());
    }
}

impl ReadAt for Damaged<'_> {
    fn len(&self) -> u64 {
        self.len as u64
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> std::io::Result<()> {
        self.bytes[..self.len].read_at(offset, buf)?;
        let start = offset as usize;
        for &(at, byte) in self.changes {
            if let Some(b) = at.checked_sub(start).and_then(|i| buf.get_mut(i)) {
                *b = byte;
            }
        }
        let size = buf.len() as u64;
        self.reads.set(self.reads.get() + 1);
        self.total.set(self.total.get() + size);
        self.largest.set(self.largest.get().max(size));
        Ok(())
    }
}

/// Every cut in the headers, then at and around each section's ends.
#[test]
fn truncated_programs_are_errors() {
    for (p, bytes) in originals() {
        let whole = Damaged::new(bytes, bytes.len(), &[]).inspect().unwrap();
        let near = |n: usize| [n.saturating_sub(1), n, n + 1];
        let cuts = (0..1024).chain((1..64).flat_map(|i| near(bytes.len() / 64 * i)));
        for len in cuts.filter(|&n| n < bytes.len()) {
            let found = Damaged::new(bytes, len, &[]).inspect();
            // An ELF, PE, Mach-O or XCOFF header says where everything ends; so does each wasm section.
            let at_section_end = matches!(&found, Ok(b) if b.sections.len() < whole.sections.len());
            // Behind an XCOFF file's last section comes padding that nothing points to.
            let only_padding = whole.format == Format::Xcoff && matches!(&found, Ok(b) if *b == whole);
            assert!(found.is_err() || at_section_end || only_padding, "{} cut at {len}", p.name());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn changed_headers_never_panic(
        which in 0usize..12,
        changes in prop::collection::vec((0usize..1024, any::<u8>()), 1..8),
    ) {
        let (_, bytes) = &originals()[which];
        let _ = Damaged::new(bytes, bytes.len(), &changes).inspect();
    }

    /// Large numbers where sizes and offsets stand, as a fuzzer would find last.
    #[test]
    fn extreme_words_never_panic(
        which in 0usize..12,
        at in 0usize..256,
        width in prop::sample::select(vec![2usize, 4, 8]),
        fill in prop::sample::select(vec![0u8, 0x7f, 0x80, 0xff]),
    ) {
        let (_, bytes) = &originals()[which];
        let changes: Vec<_> = (at * 4..at * 4 + width).map(|i| (i, fill)).collect();
        let _ = Damaged::new(bytes, bytes.len(), &changes).inspect();
    }

    /// Section headers, symbol and string tables stand at the end; Go build information somewhere between.
    #[test]
    fn changes_and_cuts_anywhere_never_panic(
        which in 0usize..12,
        from_end in prop::collection::vec((1usize..8192, any::<u8>()), 0..6),
        anywhere in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in prop_oneof![3 => Just(0usize), 1 => 0usize..100_000],
    ) {
        let (_, bytes) = &originals()[which];
        let mut changes: Vec<_> = from_end.into_iter().map(|(d, b)| (bytes.len() - d, b)).collect();
        changes.extend(anywhere.into_iter().map(|(i, b)| (i.index(bytes.len()), b)));
        let _ = Damaged::new(bytes, bytes.len() - cut, &changes).inspect();
    }

    /// Symbols, their versions and their names stand at the start of a dynamic program.
    #[test]
    fn changed_symbol_versions_never_panic(
        changes in prop::collection::vec((64usize..16_384, any::<u8>()), 1..64),
    ) {
        if let Some(bytes) = versioned() {
            let damaged = Damaged::new(bytes, bytes.len(), &changes);
            let _ = glibc_needs_above(&damaged, ANY);
            damaged.check_cost();
        }
    }

    /// Around the blob itself: its header, lengths and text.
    #[test]
    fn changed_build_information_never_panics(
        which in 0usize..12,
        changes in prop::collection::vec((0usize..600, any::<u8>()), 1..5),
    ) {
        let (_, bytes) = &originals()[which];
        let start = marks()[which];
        let changes: Vec<_> = changes.into_iter().map(|(d, b)| (start + d, b)).collect();
        let _ = Damaged::new(bytes, bytes.len(), &changes).inspect();
    }

    #[test]
    fn random_bytes_behind_every_magic_never_panic(
        magic in prop::sample::select(vec![
            &b"\x7fELF\x01\x01"[..], b"\x7fELF\x02\x02", b"MZ", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe\0\0\0\x02",
            b"\0asm\x01\0\0\0", b"\x01\xf7", b"\x01\xdf", b"\0\0\x8a\x97", b"!<arch>\n", b"<bigaf>\n",
        ]),
        rest in prop::collection::vec(any::<u8>(), 0..2000),
    ) {
        let bytes = [magic, &rest].concat();
        let _ = Damaged::new(&bytes, bytes.len(), &[]).inspect();
    }
}
