//! What runs a target's programs on this host, and running them once to see that they start.
//!
//! Owns: the choice of a runner and its reason; command lines and processor models of emulators; the start record.
//! Must not: fetch emulators, judge whether a record is good enough to ship.

pub mod binfmt;
mod facts;
mod guest;
mod limits;
mod machine;
mod runner;
pub mod ssh;
mod start;
pub mod trace;
pub mod wasi;
mod wasm;
mod wine;

pub use facts::{HostFacts, QemuFound, QemuMemory};
pub use guest::{Apart, GuestProgram, Way, guest, in_root, registration_for, with_test_log};
pub use limits::{KnownLimit, known_limit, known_limits};
pub use machine::program as uname_program;
pub use runner::{
    Class, MissingRunner, Runner, RunnerChoice, RunnerCommand, choose_runner, choose_runner_for, command_for,
    knows_c_code, processor_model,
};
pub use ssh::Remote;
pub use start::{StartError, StartRecord, StartSpec, machine_seen, start};
pub use wasm::{Load, WasiRuntime, WasmFacts};
pub use wine::{LEAST_WINE, WineFacts, WineFound, wine_too_old, wine_version};
