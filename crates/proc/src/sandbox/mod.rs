//! Running a program that nobody has vouched for: without network, without write access, within limits, without root.
//!
//! Owns: what isolation means, whether this machine grants it, and the record of what was granted.
//! Must not: know what the program is, or why it is run.
//!
//! Namespaces cannot be entered by a process with threads, and fork without exec is not safe code. So this executable
//! starts itself twice: the *outer* helper makes the namespaces and mounts, the *inner* one is pid 1 in them, gives up
//! every privilege, starts the program and reports its end. What is hidden: the network, other processes, every write
//! except to the scratch directories. What is not: files that the caller can read, and sockets that have a path.

#[cfg(target_os = "linux")]
pub(crate) mod ids;
#[cfg(target_os = "linux")]
mod inner;
#[cfg(target_os = "linux")]
pub(crate) mod loopback;
#[cfg(target_os = "linux")]
pub(crate) mod mounts;
#[cfg(target_os = "linux")]
mod outer;
#[cfg(target_os = "linux")]
pub(crate) mod privileges;
#[cfg(target_os = "linux")]
mod users;

use crate::guest::EmulatorCommand;
use crate::host::After;
use crate::{Cancel, CommandSpec, Env, Finished, Host, Limits, OutputMode, Root, SpawnError, Status, Stdin};
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The variable that forbids namespaces (`1`), for tests of the other way and for hosts where they misbehave.
pub const NO_NAMESPACES: &str = "GOFERRY_NO_NAMESPACES";

/// Set for helpers, so that an executable that does not call [`enter_if_asked`] cannot start itself for ever.
const HELPER: &str = "GOFERRY_SANDBOX_HELPER";

/// Room in the scratch directories, and the largest file where there are no namespaces: 256 MiB.
#[cfg(target_os = "linux")]
const SCRATCH_BYTES: u64 = 256 << 20;

/// A program to be run apart.
#[derive(Clone, Debug)]
pub struct SandboxSpec {
    /// What it is for, in words that fit "… failed".
    pub purpose: String,
    /// The program, by absolute path.
    pub program: PathBuf,
    /// Arguments without the program's name.
    pub args: Vec<OsString>,
    /// The whole environment; HOME and TMPDIR are set to empty directories.
    pub env: Vec<(String, String)>,
    /// What it reads.
    pub stdin: Stdin,
    /// What it may use.
    pub limits: Limits,
    /// Whether it is to be kept apart at all; false: limits and an empty directory only.
    pub isolate: bool,
    /// An emulator's registration, for programs of the same machine that this one starts; where the kernel does not grant
    /// it they do not run.
    pub register: Option<String>,
    /// A folder that is its whole file system, where namespaces are granted; where they are not, the run is refused. The
    /// environment is then exactly `env`, and `program` a path in that folder.
    pub root: Option<Root>,
    /// What runs a program of such a folder where no emulator can be registered for it.
    pub emulator: Option<EmulatorCommand>,
    /// Whether it sees the host's network.
    pub network: bool,
    /// Which users there are.
    pub users: Users,
    /// Bytes of its empty folders, in memory.
    pub scratch_bytes: u64,
    /// Bytes kept of each output stream.
    pub max_output: usize,
    /// The executable that calls [`enter_if_asked`] first in its main; none: this one.
    pub helper: Option<PathBuf>,
}

impl SandboxSpec {
    /// A program without arguments, environment, input or limits; 1 MiB of each output stream is kept.
    pub fn new(purpose: impl Into<String>, program: impl Into<PathBuf>) -> Self {
        SandboxSpec {
            purpose: purpose.into(),
            program: program.into(),
            args: Vec::new(),
            env: Vec::new(),
            stdin: Stdin::Null,
            limits: Limits::default(),
            isolate: true,
            register: None,
            root: None,
            emulator: None,
            network: false,
            users: Users::One,
            scratch_bytes: SCRATCH_BYTES,
            max_output: 1 << 20,
            helper: None,
        }
    }
}

/// Which users there are where a program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Users {
    /// The caller alone, under its own number, without any privilege.
    One,
    /// Root, which is the caller, and 65535 more of subordinate numbers, with root's privileges over what is in the
    /// namespaces. For a helper of goferry's own, which makes a [`crate::Root`] there and starts programs in it by
    /// [`crate::root::run`]; the file system is not made read-only for it. Refused where such namespaces are not granted.
    Many,
}

/// How far a program was kept apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Isolation {
    /// Namespaces of its own: no network, a read-only file system, its own processes.
    Namespaces,
    /// Only limits and empty directories.
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
    /// Whether the emulator was registered for what the program starts.
    pub registered: bool,
}

/// What the helpers are told, as a file.
#[derive(Debug, Serialize, Deserialize)]
struct Orders {
    program: PathBuf,
    args: Vec<OsString>,
    env: Vec<(String, String)>,
    limits: Limits,
    register: Option<String>,
    root: Option<Root>,
    emulator: Option<EmulatorCommand>,
    network: bool,
    users: Users,
    scratch_bytes: u64,
    /// Where the scratch directories are, or are to be.
    scratch: PathBuf,
    /// The process that waits; when it dies, the helper is to die too.
    parent: u32,
    /// The caller's user and group, by the caller's numbers.
    user: u32,
    group: u32,
}

/// What the helpers answer, as a file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Answer {
    /// The system does not grant what was asked for; the program was not started.
    Refused { why: String },
    /// The program could not be executed: the number of the error.
    NotStarted { errno: i32 },
    /// It ended.
    Ended { status: Status, max_rss: Option<u64>, registered: bool },
}

impl Orders {
    fn work(&self) -> PathBuf {
        self.scratch.join("work")
    }

    fn home(&self) -> PathBuf {
        self.scratch.join("home")
    }

    fn tmp(&self) -> PathBuf {
        self.scratch.join("tmp")
    }

    fn make_directories(&self) -> std::io::Result<()> {
        [self.work(), self.home(), self.tmp()].iter().try_for_each(std::fs::create_dir)
    }

    /// The program's whole environment.
    fn environment(&self) -> Vec<(String, String)> {
        if self.root.is_some() {
            return self.env.clone();
        }
        let own = |n: &str| n == "HOME" || n == "TMPDIR";
        let mut env: Vec<_> = self.env.iter().filter(|(n, _)| !own(n)).cloned().collect();
        env.push(("HOME".to_owned(), self.home().to_string_lossy().into_owned()));
        env.push(("TMPDIR".to_owned(), self.tmp().to_string_lossy().into_owned()));
        env
    }
}

/// To be called first in `main`, before any thread starts: if this process was started as a helper of the sandbox it
/// does that work and never returns.
pub fn enter_if_asked() {
    #[cfg(target_os = "linux")]
    {
        let mut args = std::env::args_os().skip(1);
        let Some(role) = args.next() else { return };
        if role == "__sandbox" {
            outer::enter(args.next())
        }
        if role == "__sandbox-init" {
            inner::enter(args.next(), args.next())
        }
        if role == users::ROLE {
            users::enter(args.next())
        }
        if role == crate::root::ROLE {
            crate::root::become_program(args.next())
        }
        if role == "__limits" {
            inner::limits_only(args.next())
        }
        if role == "__nothing" {
            std::process::exit(0)
        }
    }
}

/// The first refusal of this process; a machine does not change its mind within a run.
static REFUSED: OnceLock<String> = OnceLock::new();

/// Whether this machine grants namespaces, found by trying, once per process. The environment variable
/// `GOFERRY_NO_NAMESPACES=1` says no.
pub fn probe() -> Isolation {
    static PROBED: OnceLock<Isolation> = OnceLock::new();
    let try_it = || {
        let Ok(me) = std::env::current_exe() else {
            return Isolation::None { why: "the path of this executable is unknown".to_owned() };
        };
        let spec = SandboxSpec { args: vec!["__nothing".into()], ..SandboxSpec::new("sandbox probe", me) };
        match run(&spec, &Host::new(Cancel::new())) {
            Ok(run) => run.isolation,
            Err(e) => Isolation::None { why: e.to_string() },
        }
    };
    PROBED.get_or_init(try_it).clone()
}

/// Runs a program apart, as far as the machine allows.
///
/// # Errors
/// As [`crate::Spawner::run`]: if the program could not be started, or the run was cancelled.
pub fn run(spec: &SandboxSpec, host: &Host) -> Result<SandboxRun, SpawnError> {
    let switched_off = (!spec.isolate).then(|| "switched off in the configuration".to_owned());
    let apart_or_not_at_all = spec.root.is_some() || spec.users == Users::Many;
    let why = match switched_off.or_else(refused_beforehand) {
        Some(why) => why,
        None => match attempt(spec, host, "__sandbox")? {
            Outcome::Ran(finished, registered) => {
                return Ok(SandboxRun { finished, isolation: Isolation::Namespaces, registered });
            }
            // That may be the folder's fault, and says nothing of the machine.
            Outcome::Refused(why) if apart_or_not_at_all => why,
            Outcome::Refused(why) => REFUSED.get_or_init(|| why).clone(),
        },
    };
    if apart_or_not_at_all {
        return Err(spec.io(std::io::Error::other(why)));
    }
    let finished = match attempt(spec, host, "__limits")? {
        Outcome::Ran(finished, _) => finished,
        Outcome::Refused(why) => return Err(spec.io(std::io::Error::other(why))),
    };
    Ok(SandboxRun { finished, isolation: Isolation::None { why }, registered: false })
}

pub(crate) fn refused_beforehand() -> Option<String> {
    if cfg!(not(target_os = "linux")) {
        return Some("only Linux has namespaces".to_owned());
    }
    if std::env::var_os(NO_NAMESPACES).is_some_and(|v| v == "1") {
        return Some(format!("{NO_NAMESPACES}=1"));
    }
    REFUSED.get().cloned()
}

enum Outcome {
    Ran(Finished, bool),
    Refused(String),
}

/// One try in the given role.
fn attempt(spec: &SandboxSpec, host: &Host, role: &str) -> Result<Outcome, SpawnError> {
    if std::env::var_os(HELPER).is_some() {
        return Err(
            spec.io(std::io::Error::other("this executable does not know the sandbox's helper roles"))
        );
    }
    let control = tempfile::Builder::new().prefix("goferry-").tempdir().map_err(|e| spec.io(e))?;
    let orders = spec.orders(control.path(), role == "__sandbox").map_err(|e| spec.io(e))?;
    if cfg!(not(target_os = "linux")) {
        return direct(spec, &orders, host);
    }
    let file = control.path().join("orders.json");
    let text = serde_json::to_vec(&orders).map_err(|e| spec.io(e.into()))?;
    std::fs::write(&file, text)
        .and_then(|()| std::fs::write(file.with_file_name("answer.json"), ""))
        .map_err(|e| spec.io(e))?;
    let helper = match &spec.helper {
        Some(helper) => helper.clone(),
        None => std::env::current_exe().map_err(|e| spec.io(e))?,
    };
    let command = CommandSpec {
        purpose: spec.purpose.clone(),
        program: helper.into(),
        args: vec![role.into(), file.clone().into()],
        env: Env::Exactly(vec![(HELPER.to_owned(), "1".to_owned())]),
        cwd: None,
        stdin: spec.stdin.clone(),
        limits: Limits { wall: spec.limits.wall, ..Limits::default() },
        output: OutputMode::Capture { max_bytes: spec.max_output },
    };
    let finished = host.run_with(&command, None, After::KillGroup, None)?;
    let answer = std::fs::read(file.with_file_name("answer.json")).map_err(|e| spec.io(e))?;
    spec.judge(finished, serde_json::from_slice(&answer).ok(), role)
}

/// Without helpers: the program itself, in its own directories.
fn direct(spec: &SandboxSpec, orders: &Orders, host: &Host) -> Result<Outcome, SpawnError> {
    let command = CommandSpec {
        purpose: spec.purpose.clone(),
        program: spec.program.clone().into(),
        args: spec.args.clone(),
        env: Env::Exactly(orders.environment()),
        cwd: Some(orders.work()),
        stdin: spec.stdin.clone(),
        limits: spec.limits,
        output: OutputMode::Capture { max_bytes: spec.max_output },
    };
    host.run_with(&command, None, After::KillGroup, None).map(|f| Outcome::Ran(f, false))
}

impl SandboxSpec {
    fn io(&self, source: std::io::Error) -> SpawnError {
        SpawnError::Io {
            program: self.program.to_string_lossy().into_owned(),
            purpose: self.purpose.clone(),
            source,
        }
    }

    fn orders(&self, control: &Path, namespaces: bool) -> std::io::Result<Orders> {
        let scratch = if namespaces { mount_point(control)? } else { control.to_owned() };
        let (user, group) = self.root.as_ref().map_or_else(caller, |r| r.user);
        let orders = Orders {
            program: if self.root.is_some() {
                self.program.clone()
            } else {
                std::path::absolute(&self.program)?
            },
            args: self.args.clone(),
            env: self.env.clone(),
            limits: self.limits,
            register: self.register.clone(),
            root: self.root.clone(),
            emulator: self.emulator.clone(),
            network: self.network,
            users: self.users,
            scratch_bytes: self.scratch_bytes,
            scratch,
            parent: std::process::id(),
            user,
            group,
        };
        if !namespaces {
            orders.make_directories()?;
        }
        Ok(orders)
    }

    /// What became of the program, from the helper's end and its answer.
    fn judge(&self, finished: Finished, answer: Option<Answer>, role: &str) -> Result<Outcome, SpawnError> {
        if finished.status == Status::TimedOut {
            return Ok(Outcome::Ran(finished, false));
        }
        match answer {
            Some(Answer::Refused { why }) => Ok(Outcome::Refused(why)),
            Some(Answer::Ended { status, max_rss, registered }) => {
                Ok(Outcome::Ran(Finished { status, max_rss_bytes: max_rss, ..finished }, registered))
            }
            Some(Answer::NotStarted { errno }) => Err(crate::host::exec_error(
                &self.purpose,
                &self.program,
                std::io::Error::from_raw_os_error(errno),
            )),
            // `__limits` becomes the program; and who was killed cannot answer.
            None if role == "__limits" || matches!(finished.status, Status::Signaled(_)) => {
                Ok(Outcome::Ran(finished, false))
            }
            None => Ok(Outcome::Refused(format!(
                "the sandbox helper ended with {:?} and no answer: {}",
                finished.status,
                finished.stderr_text().trim()
            ))),
        }
    }
}

/// An empty directory to mount the scratch directories on: the fixed one, else one beside the orders.
#[cfg(unix)]
fn mount_point(control: &Path) -> std::io::Result<PathBuf> {
    if let Some(fixed) = fixed_mount_point() {
        return Ok(fixed);
    }
    let dir = control.join("scratch");
    std::fs::create_dir(&dir)?;
    std::fs::canonicalize(dir)
}

/// The same empty directory each time, so that what a program prints of HOME is the same; every sandbox mounts its own
/// file system there, unseen by others. None where somebody else has it.
#[cfg(unix)]
fn fixed_mount_point() -> Option<PathBuf> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};
    let (uid, _) = caller();
    let fixed = std::env::temp_dir().join(format!("goferry-sandbox-{uid}"));
    // Made by somebody else, or a link, it could be led elsewhere.
    let _ = std::fs::DirBuilder::new().mode(0o700).create(&fixed);
    let ours = fixed.symlink_metadata().is_ok_and(|m| m.is_dir() && m.uid() == uid);
    ours.then(|| std::fs::canonicalize(fixed).ok()).flatten()
}

/// The effective user and group.
pub(crate) fn caller() -> (u32, u32) {
    #[cfg(unix)]
    return (nix::unistd::geteuid().as_raw(), nix::unistd::getegid().as_raw());
    #[cfg(not(unix))]
    (0, 0)
}

#[cfg(not(unix))]
fn mount_point(control: &Path) -> std::io::Result<PathBuf> {
    Ok(control.to_owned())
}
