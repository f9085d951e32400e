//! Starting a program once, apart, and the record of it.

use crate::Runner;
use goferry_proc::sandbox::Isolation;
use goferry_proc::{Host, Limits, SpawnError, Status};
use goferry_target::GoTarget;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Why a start could not be tried. A program that starts and fails is a record, not an error.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The runner or the program could not be executed.
    #[error(transparent)]
    Spawn(#[from] SpawnError),
    /// The program's path could not be made absolute, or a temporary file not be written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
}

/// What to start.
#[derive(Clone, Debug)]
pub struct StartSpec {
    /// The program.
    pub program: PathBuf,
    /// What it was built for.
    pub target: GoTarget,
    /// What runs it.
    pub runner: Runner,
    /// Its arguments.
    pub args: Vec<String>,
    /// Its environment; HOME and TMPDIR are added.
    pub env: Vec<(String, String)>,
    /// Where a dynamic program's loader and libraries are.
    pub sysroot: Option<PathBuf>,
    /// What it may use.
    pub limits: Limits,
    /// The executable that calls `goferry_proc::sandbox::enter_if_asked` first; none: this one.
    pub helper: Option<PathBuf>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartRecord {
    /// What ran it.
    pub runner: Runner,
    /// How far it was kept apart.
    pub isolation: Isolation,
    /// How it ended.
    pub status: Status,
    /// Standard output, both ends of it if it was long, invalid UTF-8 replaced.
    pub stdout: String,
    /// Standard error, likewise.
    pub stderr: String,
    /// Wall time in milliseconds, with the sandbox.
    pub millis: u64,
    /// What `uname -m` says where it ran: `aarch64`; none where that could not be measured.
    pub uname: Option<String>,
}

/// Starts a program in the sandbox.
///
/// # Errors
/// If it could not be tried, or the run was cancelled.
pub fn start(spec: &StartSpec, host: &Host) -> Result<StartRecord, StartError> {
    let _ = (spec, host);
    Err(StartError::Io { path: spec.program.clone(), source: std::io::ErrorKind::Unsupported.into() })
}

/// What `uname -m` says on the machine that a runner shows.
pub fn machine_seen(runner: &Runner, target: &GoTarget, host: &Host) -> Option<String> {
    let _ = (runner, target, host);
    None
}
