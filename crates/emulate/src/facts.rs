//! What this host has that runs programs.

use goferry_target::{Amd64, ArchKind, Os};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A qemu-user that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QemuFound {
    /// The emulator.
    pub path: PathBuf,
    /// As it says itself.
    pub version: String,
    /// SHA-256, hex.
    pub digest: String,
}

/// What decides the choice of a runner.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostFacts {
    /// The host's system, where Go has a name for it.
    pub os: Option<Os>,
    /// The host's processor, where Go has a name for it.
    pub arch: Option<ArchKind>,
    /// The host processor's level, if it is amd64.
    pub amd64_level: Amd64,
    /// Whether an amd64 kernel runs 32-bit programs.
    pub runs_386: bool,
    /// Whether an arm64 kernel and processor run 32-bit programs.
    pub runs_arm: bool,
    /// By name without `-static`: `qemu-aarch64`.
    pub qemu: BTreeMap<String, QemuFound>,
}
