//! `goferry exec` and `run` with real programs under real emulators: as the caller and as an ordinary user, in namespaces
//! and without, and where the host has an emulator registered.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "what a test cannot set up has failed")]

mod exec;
mod levels;
mod limits;
mod machine;
mod suite;
#[path = "../support/mod.rs"]
mod support;
