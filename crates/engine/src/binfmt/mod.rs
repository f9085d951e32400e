//! `goferry binfmt`: the kernel's table of emulators shown, explained for a file, and changed where that is asked for.
//!
//! Owns: names and lifetime of goferry's own entries, binfmt.d/goferry.conf. Must not: touch an entry of anybody else;
//! be needed by anything, since goferry starts emulators itself.

mod change;
mod conf;
mod file;
mod status;
mod wanted;

pub use change::{Changed, Changes, register, unregister};
pub use file::{By, FileReport, explain};
pub use status::{ConflictRow, EntryRow, Status, status};
pub use wanted::lines;

pub(crate) use file::head;

use goferry_emulate::binfmt::{FOLDER, TableState};
use goferry_report::{Code, Diagnostic};
use goferry_target::ArchKind;
use std::path::PathBuf;

/// Where the kernel's table and the file for the next boot are.
#[derive(Clone, Debug)]
pub struct Places {
    /// The mounted binfmt_misc.
    pub table: PathBuf,
    /// The file that systemd-binfmt reads at boot (binfmt.d(5)).
    pub conf: PathBuf,
}

impl Default for Places {
    fn default() -> Self {
        Places { table: FOLDER.into(), conf: "/etc/binfmt.d/goferry.conf".into() }
    }
}

/// The mark of our entries: `goferry-aarch64`.
const OURS: &str = "goferry-";

/// Whether an entry of this name is goferry's.
fn is_ours(name: &str) -> bool {
    name.starts_with(OURS)
}

/// The name of our entry for an architecture; none for wasm.
fn own_name(kind: ArchKind) -> Option<String> {
    let emulator = goferry_emulate::binfmt::entry(kind)?.name;
    Some(format!("{OURS}{}", emulator.trim_start_matches("qemu-")))
}

/// A word for a state, and what it means where something is wrong.
fn state_words(state: &TableState) -> (&'static str, Option<String>) {
    match state {
        TableState::Enabled => ("enabled", None),
        TableState::Disabled => ("disabled", Some("binfmt_misc is switched off as a whole".to_owned())),
        TableState::NotMounted => ("not-mounted", Some("binfmt_misc is not mounted".to_owned())),
        TableState::Absent => {
            ("absent", Some("this kernel has no binfmt_misc, or its module is not loaded".to_owned()))
        }
        TableState::Unreadable { why } => ("unreadable", Some(format!("binfmt_misc cannot be read: {why}"))),
    }
}

/// The error of a table that is not used, with what root can do about it. None where it is used.
fn not_in_use(places: &Places, state: &TableState) -> Option<Diagnostic> {
    let (_, why) = state_words(state);
    let d = Diagnostic::error(Code::BinfmtRefused, why?);
    let table = places.table.display();
    Some(unneeded(match state {
        TableState::Disabled => {
            d.hint_with("root switches it on", format!("echo 1 | sudo tee {table}/status"))
        }
        TableState::NotMounted => {
            d.hint_with("root mounts it", format!("sudo mount -t binfmt_misc binfmt_misc {table}"))
        }
        TableState::Absent => d.hint_with("root loads it", "sudo modprobe binfmt_misc"),
        _ => d,
    }))
}

/// Adds that nothing has to be registered.
fn unneeded(d: Diagnostic) -> Diagnostic {
    d.hint_with(
        "goferry starts emulators itself, and in private namespaces where it can: it needs no registration",
        "goferry run linux/arm64 FILE",
    )
}
