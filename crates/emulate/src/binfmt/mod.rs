//! What the kernel's binfmt_misc is told and what it holds, as data.
//!
//! Owns: the entry for each Linux architecture of Go, its register line, and which files an entry takes.
//! Must not: read or write /proc, choose an emulator.
//! Sources: the kernel's `Documentation/admin-guide/binfmt-misc.rst` and `fs/binfmt_misc.c`; the gABI's ELF header;
//! `EF_MIPS_ABI2` from the MIPS n32 ABI handbook.

mod entry;
mod line;
mod pattern;

pub use entry::{Entry, entry};
pub use line::LineError;
pub use pattern::{HEAD, Pattern};
