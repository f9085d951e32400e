//! The kernel's binfmt_misc: what it is told, what it holds, and which entry it takes for a file.
//!
//! Owns: the entry for each Linux architecture of Go, its register line and flags; reading the table.
//! Must not: change the table, choose an emulator.
//! Sources: the kernel's `Documentation/admin-guide/binfmt-misc.rst` and `fs/binfmt_misc.c`; the gABI's ELF header;
//! `EF_MIPS_ABI2` from the MIPS n32 ABI handbook.

mod entry;
mod flags;
mod line;
mod pattern;
mod table;

pub use entry::{Entry, entry};
pub use flags::flags_for;
pub use line::LineError;
pub use pattern::{HEAD, Pattern};
pub use table::{Conflict, FOLDER, Liveness, Registered, Rule, Table, TableState, flag_meaning};
