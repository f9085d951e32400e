//! Running a program in the caller's place: its streams, its status, its signals; in namespaces of its own where they
//! are granted, with emulators registered there and nowhere else.
//!
//! Owns: what such a run is, which of its ways this machine grants, what is said when a limit ends it.
//! Must not: know what an emulator is; it writes the lines it is given and starts what it is told.
//!
//! Three processes stand between the caller and the program: the *waiter* (this process: it stays outside, so that it
//! can still go the other way when something is refused), the *outer* helper (makes namespaces and mounts) and the
//! *init* (pid 1: gives up every privilege, starts the program, reaps). All three pass signals on, each those of the one
//! before it; the waiter those that came to it alone, because the program is in its process group.

#[cfg(target_os = "linux")]
mod descendants;
#[cfg(target_os = "linux")]
mod folders;
#[cfg(target_os = "linux")]
mod group;
#[cfg(target_os = "linux")]
mod init;
#[cfg(target_os = "linux")]
mod outer;
#[cfg(target_os = "linux")]
mod waiter;

#[cfg(target_os = "linux")]
pub(crate) use group::Group;

use crate::sandbox::Isolation;
use crate::{Limits, Root, SpawnError, Status};
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// A program to be run in the caller's place.
#[derive(Clone, Debug)]
pub struct GuestSpec {
    /// The program, by absolute path.
    pub program: PathBuf,
    /// Its `argv[0]`, where the kernel starts it.
    pub name: OsString,
    /// Its arguments without its name.
    pub args: Vec<OsString>,
    /// Variables to set beside the caller's own.
    pub set: Vec<(String, String)>,
    /// Who starts it.
    pub dispatch: Dispatch,
    /// Whether namespaces are tried at all; the variable [`crate::sandbox::NO_NAMESPACES`] forbids them too.
    pub isolate: bool,
    /// Whether it sees the host's network; otherwise a loopback of its own and nothing else.
    pub network: bool,
    /// Whether HOME and TMPDIR are empty folders of its own, gone with it.
    pub own_folders: bool,
    /// What it may use. `processes` is kept by a pid namespace, or by counting.
    pub limits: Limits,
    /// How long it may take to wind up after a SIGTERM when its time is over; zero: it is killed.
    pub grace: Duration,
    /// A folder that is its whole file system, where namespaces are granted; where they are not, the run is refused. Then
    /// `program` is a path in that folder or a name that its PATH has, and `set` is all of its environment.
    pub root: Option<Root>,
    /// The executable that calls [`enter_if_asked`] first in its main; none: this one.
    pub helper: Option<PathBuf>,
}

/// Who starts a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Dispatch {
    /// The kernel, as it is.
    Kernel,
    /// The kernel by an emulator that is registered for this program and what it starts, in a user namespace of its
    /// own; else what stands in `otherwise`.
    Registered {
        /// What is written to `binfmt_misc/register`.
        line: String,
        /// Where the kernel grants no such namespace.
        otherwise: Fallback,
    },
    /// The emulator's own command line: whatever the program starts itself is not emulated.
    Emulator(EmulatorCommand),
}

/// What to do where nothing can be registered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fallback {
    /// The host has a registration for such programs.
    Kernel,
    /// The emulator is called.
    Emulator(EmulatorCommand),
    /// It is not run.
    Refuse,
}

/// An emulator and what stands before the program on its command line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmulatorCommand {
    /// The emulator.
    pub program: PathBuf,
    /// Its own arguments.
    pub args: Vec<OsString>,
}

/// How a program came to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// By the kernel as it is: a program of the host's own, or one for which the host has an emulator registered.
    Kernel,
    /// By the kernel and an emulator registered in a namespace: what it starts runs too.
    PrivateRegistration,
    /// By calling the emulator: a program of the same machine that it starts does not run.
    Emulator,
}

/// A limit that ended a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exceeded {
    /// [`Limits::wall`].
    Wall,
    /// [`Limits::processes`].
    Processes,
}

/// How it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuestRun {
    /// How the program ended.
    pub status: Status,
    /// The limit that ended it, if one did.
    pub exceeded: Option<Exceeded>,
    /// How far it was kept apart.
    pub isolation: Isolation,
    /// How it came to run.
    pub level: Level,
    /// Why nothing was registered, where that was wanted.
    pub not_registered: Option<String>,
}

/// What the helpers are told.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Orders {
    /// A path; its bytes need not be UTF-8, which those of a [`PathBuf`] must be to be written here.
    program: OsString,
    name: OsString,
    dispatch: Dispatch,
    network: bool,
    root: Option<Root>,
    limits: Limits,
    /// The process that waits; when it dies, the helper is to die too.
    parent: u32,
    /// The caller's user and group, by the caller's numbers.
    user: u32,
    group: u32,
}

/// What the helpers answer, a line each: one before the program runs or instead of it, one when it has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Answer {
    /// It runs.
    Started { level: Level, not_registered: Option<String> },
    /// It ran.
    Ended { status: Status, exceeded: Option<Exceeded> },
    /// The system does not grant the namespaces; the program was not started.
    Refused { why: String },
    /// The program could not be executed: the number of the error.
    NotStarted { errno: i32 },
}

impl Orders {
    /// The command that starts the program, when nothing is registered for it.
    fn unregistered(&self) -> (Level, Option<&EmulatorCommand>) {
        match &self.dispatch {
            Dispatch::Kernel
            | Dispatch::Registered { otherwise: Fallback::Kernel | Fallback::Refuse, .. } => {
                (Level::Kernel, None)
            }
            Dispatch::Emulator(e) | Dispatch::Registered { otherwise: Fallback::Emulator(e), .. } => {
                (Level::Emulator, Some(e))
            }
        }
    }
}

impl GuestSpec {
    /// A program of the host's own, apart from the network and with folders of its own, without limits.
    pub fn new(program: impl Into<PathBuf>, args: Vec<OsString>) -> Self {
        let program = program.into();
        GuestSpec {
            name: program.clone().into(),
            program,
            args,
            set: Vec::new(),
            dispatch: Dispatch::Kernel,
            isolate: true,
            network: false,
            own_folders: true,
            limits: Limits::default(),
            grace: Duration::ZERO,
            root: None,
            helper: None,
        }
    }

    fn io(&self, source: std::io::Error) -> SpawnError {
        SpawnError::Io {
            program: self.program.to_string_lossy().into_owned(),
            purpose: "running the program".to_owned(),
            source,
        }
    }
}

/// How a program that has just begun is run.
#[derive(Clone, Copy, Debug)]
pub struct Begun<'a> {
    /// How it came to run.
    pub level: Level,
    /// Why nothing was registered, where that was wanted.
    pub not_registered: Option<&'a str>,
    /// Why the kernel refuses to keep it apart, where that was wanted and not switched off.
    pub not_apart: Option<&'a str>,
}

/// Is told once, when the program begins.
pub type OnStart<'a> = &'a mut dyn FnMut(Begun<'_>);

/// Runs a program to its end with the caller's own streams. Signals that this process gets, it gets. To be called
/// while this process has no other thread.
///
/// # Errors
/// The program could not be started.
#[cfg(target_os = "linux")]
pub fn run(spec: &GuestSpec, on_start: OnStart<'_>) -> Result<GuestRun, SpawnError> {
    waiter::run(spec, on_start)
}

/// Elsewhere there are neither namespaces nor emulators: the program itself.
///
/// # Errors
/// The program could not be started.
#[cfg(not(target_os = "linux"))]
pub fn run(spec: &GuestSpec, on_start: OnStart<'_>) -> Result<GuestRun, SpawnError> {
    on_start(Begun { level: Level::Kernel, not_registered: None, not_apart: None });
    let mut command = std::process::Command::new(&spec.program);
    command.args(&spec.args).envs(spec.set.iter().map(|(k, v)| (k, v)));
    let status = command.status().map_err(|e| spec.io(e))?;
    Ok(GuestRun {
        status: Status::Exited(status.code().unwrap_or(-1)),
        exceeded: None,
        isolation: Isolation::None { why: "only Linux has namespaces".to_owned() },
        level: Level::Kernel,
        not_registered: None,
    })
}

/// To be called first in `main`, before any thread starts: if this process was started as a helper it does that work
/// and never returns.
pub fn enter_if_asked() {
    #[cfg(target_os = "linux")]
    {
        let mut args = std::env::args_os().skip(1);
        let Some(role) = args.next() else { return };
        match role.to_str() {
            Some("__guest") => outer::enter(args),
            Some("__guest-init") => init::enter(args),
            Some("__guest-limits") => init::limits_only(args),
            Some(group::ROLE) => group::enter(),
            _ => {}
        }
    }
}
