//! Starting a program once, apart, and the record of it.
//!
//! Owns: the limits of an emulated start and its record. Must not: judge the record.

use crate::guest::registration_for;
use crate::{Runner, command_for, machine};
use goferry_proc::guest::EmulatorCommand;
use goferry_proc::sandbox::{self, Isolation, SandboxSpec};
use goferry_proc::{Host, Limits, Root, SpawnError, Status};
use goferry_target::GoTarget;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Private memory that an emulator or an interpreter needs for itself, on top of the program's limit.
const EMULATOR_BYTES: u64 = 512 << 20;

/// Bytes kept of each output stream, both ends.
const OUTPUT_BYTES: usize = 256 << 10;

/// Why a start could not be tried. A program that starts and fails is a record, not an error.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The runner or the program could not be executed.
    #[error(transparent)]
    Spawn(#[from] SpawnError),
    /// The program's path could not be made absolute.
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
    /// Its environment; HOME and TMPDIR are added, and for qemu QEMU_CPU.
    pub env: Vec<(String, String)>,
    /// Where a dynamic program's loader and libraries are.
    pub sysroot: Option<PathBuf>,
    /// Whether it is kept apart in namespaces where they are granted.
    pub isolate: bool,
    /// What it may use; an emulator's own memory is added.
    pub limits: Limits,
    /// A folder that is its whole file system: `program` and a loader are then in that folder, and `env` is all of its
    /// environment, but for QEMU_CPU. The run is refused where no namespaces are granted.
    pub root: Option<Root>,
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
    /// Whether programs of the same machine that it started would have run; not asked where it needs no emulator.
    pub starts_others: Option<bool>,
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
    let io = |source| StartError::Io { path: spec.program.clone(), source };
    let program = match &spec.root {
        Some(_) => spec.program.clone(),
        None => std::path::absolute(&spec.program).map_err(io)?,
    };
    let command = sandboxed(spec, &program, &spec.args);
    let run = sandbox::run(&command, host)?;
    let isolation = match spec.runner {
        Runner::Wine { .. } => {
            Isolation::None { why: "wine's server wants a /tmp that can be written".into() }
        }
        _ => run.isolation,
    };
    Ok(StartRecord {
        runner: spec.runner.clone(),
        isolation,
        starts_others: matches!(spec.runner, Runner::QemuUser { .. }).then_some(run.registered),
        status: run.finished.status,
        stdout: run.finished.stdout_text(),
        stderr: run.finished.stderr_text(),
        millis: u64::try_from(run.finished.wall.as_millis()).unwrap_or(u64::MAX),
        uname: machine_seen(spec, host),
    })
}

fn sandboxed(spec: &StartSpec, program: &Path, args: &[String]) -> SandboxSpec {
    let command = command_for(&spec.runner, &spec.target, program, args, spec.sysroot.as_deref());
    let mut limits = spec.limits;
    if spec.runner != Runner::Native {
        limits.memory_bytes = limits.memory_bytes.map(|b| b.saturating_add(EMULATOR_BYTES));
    }
    let register = registration_for(&spec.runner, &spec.target);
    let sandbox = SandboxSpec {
        register,
        args: command.args,
        env: spec.env.iter().cloned().chain(command.env).collect(),
        limits,
        isolate: spec.isolate && !matches!(spec.runner, Runner::Wine { .. }),
        max_output: OUTPUT_BYTES,
        helper: spec.helper.clone(),
        ..SandboxSpec::new(format!("starting the {} program", spec.target), command.program)
    };
    match &spec.root {
        Some(root) => in_root(spec, sandbox, root.clone()),
        None => sandbox,
    }
}

/// The kernel starts the program in its folder, by an emulator that is registered, else called.
fn in_root(spec: &StartSpec, sandbox: SandboxSpec, root: Root) -> SandboxSpec {
    let Runner::QemuUser { path, .. } = &spec.runner else {
        return SandboxSpec { network: root.network, root: Some(root), ..sandbox };
    };
    SandboxSpec {
        program: spec.program.clone(),
        args: spec.args.iter().map(Into::into).collect(),
        emulator: Some(EmulatorCommand { program: path.clone(), args: vec![] }),
        network: root.network,
        root: Some(root),
        ..sandbox
    }
}

/// What `uname -m` says on the machine that the spec's runner shows to its program, measured by a tiny program of the
/// same architecture under the same runner and processor model; once per process and kind. None where there is no
/// such program or it did not run.
pub fn machine_seen(spec: &StartSpec, host: &Host) -> Option<String> {
    static SEEN: Mutex<BTreeMap<String, Option<String>>> = Mutex::new(BTreeMap::new());
    let key = format!("{:?} {}", spec.runner, spec.target);
    if let Some(seen) = SEEN.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
        return seen.clone();
    }
    let seen = ask(spec, host);
    SEEN.lock().unwrap_or_else(PoisonError::into_inner).insert(key, seen.clone());
    seen
}

fn ask(spec: &StartSpec, host: &Host) -> Option<String> {
    // It is an ELF file, and Windows has no such call.
    if spec.target.os == goferry_target::Os::Windows {
        return None;
    }
    let dir = tempfile::tempdir().ok()?;
    let file = dir.path().join("uname");
    std::fs::write(&file, machine::program(spec.target.arch.kind())?).ok()?;
    #[cfg(unix)]
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o755)).ok()?;
    let spec = StartSpec {
        limits: Limits::wall(Duration::from_secs(10)),
        sysroot: None,
        root: None,
        ..spec.clone()
    };
    let run = sandbox::run(&sandboxed(&spec, &file, &[]), host).ok()?;
    machine::answer(&run.finished.stdout)
}
