//! Running a program that nobody has vouched for: without network, without write access, within limits, without root.
//!
//! Owns: what isolation means, whether this machine grants it, and the record of what was granted.
//! Must not: know what the program is, or why it is run.

use crate::{CommandSpec, Env, Finished, Host, Limits, OutputMode, SpawnError, Spawner, Stdin};
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::path::PathBuf;

/// A program to be run apart.
#[derive(Clone, Debug)]
pub struct SandboxSpec {
    /// What it is for, in words that fit "… failed".
    pub purpose: String,
    /// The program, by absolute path.
    pub program: PathBuf,
    /// Arguments without the program's name.
    pub args: Vec<OsString>,
    /// The whole environment; HOME and TMPDIR are added.
    pub env: Vec<(String, String)>,
    /// What it reads.
    pub stdin: Stdin,
    /// What it may use.
    pub limits: Limits,
    /// Bytes kept of each output stream.
    pub max_output: usize,
    /// The executable that calls [`enter_if_asked`] first in its main; none: this one.
    pub helper: Option<PathBuf>,
}

/// How far a program was kept apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Isolation {
    /// Namespaces of its own: no network, a read-only file system, its own processes.
    Namespaces,
    /// Only limits and an empty directory.
    None {
        /// What the system refused.
        why: String,
    },
}

/// A run and how far it was kept apart.
#[derive(Clone, Debug)]
pub struct SandboxRun {
    /// How it ended.
    pub finished: Finished,
    /// How far it was kept apart.
    pub isolation: Isolation,
}

/// To be called first in `main`, before any thread starts: if this process was started as a helper of the sandbox it
/// does that work and never returns.
pub fn enter_if_asked() {}

/// Whether this machine grants namespaces, found by trying, once per process. The environment variable
/// `GOFERRY_NO_NAMESPACES=1` says no.
pub fn probe() -> Isolation {
    Isolation::None { why: "not built yet".to_owned() }
}

/// Runs a program apart, as far as the machine allows.
///
/// # Errors
/// As [`Spawner::run`]: if the program could not be started, or the run was cancelled.
pub fn run(spec: &SandboxSpec, host: &Host) -> Result<SandboxRun, SpawnError> {
    let command = CommandSpec {
        purpose: spec.purpose.clone(),
        program: spec.program.clone().into(),
        args: spec.args.clone(),
        env: Env::Exactly(spec.env.clone()),
        cwd: None,
        stdin: spec.stdin.clone(),
        limits: spec.limits,
        output: OutputMode::Capture { max_bytes: spec.max_output },
    };
    Ok(SandboxRun { finished: host.run(&command)?, isolation: probe() })
}
