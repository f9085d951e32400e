//! The process that the caller started: stays outside, tries the ways one after the other, waits, passes signals on.

use super::folders::Folders;
use super::group::Group;
use super::{
    Answer, Begun, Dispatch, Exceeded, Fallback, GuestRun, GuestSpec, Level, OnStart, Orders, descendants,
};
use crate::relay::{Passes, Relay, Verdict, deadline};
use crate::sandbox::{self, Isolation};
use crate::{Limits, SpawnError, Status};
use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
use nix::sys::prctl;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

/// What a try came to.
enum Tried {
    Ran { level: Level, not_registered: Option<String>, status: Status, exceeded: Option<Exceeded> },
    Refused(String),
}

/// See [`super::run`].
pub(super) fn run(spec: &GuestSpec, on_start: OnStart<'_>) -> Result<GuestRun, SpawnError> {
    let relay = Relay::new().map_err(|e| spec.io(e))?;
    let mut relay = match Group::start(&helper(spec)) {
        Some(group) => relay.passing(Passes::NotTheGroups(group)),
        None => relay,
    };
    let off = (!spec.isolate).then(|| "switched off".to_owned());
    let why = match off.or_else(sandbox::refused_beforehand) {
        Some(why) => why,
        None => match apart(spec, &mut relay, on_start)? {
            Tried::Refused(why) => why,
            Tried::Ran { level, not_registered, status, exceeded } => {
                let isolation = Isolation::Namespaces;
                return Ok(GuestRun { status, exceeded, isolation, level, not_registered });
            }
        },
    };
    let refuses = matches!(spec.dispatch, Dispatch::Registered { otherwise: Fallback::Refuse, .. });
    if refuses || spec.root.is_some() {
        return Err(spec.io(std::io::Error::other(why)));
    }
    let not_registered = matches!(spec.dispatch, Dispatch::Registered { .. }).then(|| why.clone());
    let own_choice = !spec.isolate || std::env::var_os(sandbox::NO_NAMESPACES).is_some();
    let not_apart = (!own_choice).then_some(why.as_str());
    let mut begun = |b: Begun<'_>| {
        on_start(Begun { not_registered: not_registered.as_deref(), not_apart, ..b });
    };
    match limits_only(spec, &mut relay, &mut begun)? {
        Tried::Refused(refused) => Err(spec.io(std::io::Error::other(refused))),
        Tried::Ran { level, not_registered: _, status, exceeded } => {
            let isolation = Isolation::None { why };
            Ok(GuestRun { status, exceeded, isolation, level, not_registered })
        }
    }
}

/// In namespaces.
fn apart(spec: &GuestSpec, relay: &mut Relay, on_start: OnStart<'_>) -> Result<Tried, SpawnError> {
    let orders = orders(spec);
    let mut child = Helper::start(spec, relay, "__guest", &orders)?;
    let mut exceeded = None;
    let end = deadline(spec.limits.wall);
    let pid = child.pid;
    let mut look = || match end {
        Some(end) if Instant::now() >= end => {
            exceeded = Some(Exceeded::Wall);
            // pid 1 dies with its parent, and everything in its namespace with it.
            let _ = kill(pid, Signal::SIGKILL);
            Verdict::Killed
        }
        _ => Verdict::GoOn,
    };
    let look: Option<&mut dyn FnMut() -> Verdict> = if end.is_some() { Some(&mut look) } else { None };
    let end = child.finish(spec, relay, look, on_start)?;
    Ok(match end.first {
        Some(Answer::Refused { why }) => Tried::Refused(why),
        Some(Answer::NotStarted { errno }) => return Err(not_started(spec, errno)),
        Some(Answer::Started { level, not_registered }) => {
            let (status, exceeded) = match (exceeded, end.second) {
                (Some(e), _) => (Status::TimedOut, Some(e)),
                (None, Some(Answer::Ended { status, exceeded })) => (status, exceeded),
                // Somebody killed the helpers.
                (None, _) => (end.status, None),
            };
            Tried::Ran { level, not_registered, status, exceeded }
        }
        _ => Tried::Refused(format!("the helper ended with {:?} and no answer", end.status)),
    })
}

/// Without namespaces: the program with its limits, everything below it counted and ended here.
fn limits_only(spec: &GuestSpec, relay: &mut Relay, on_start: OnStart<'_>) -> Result<Tried, SpawnError> {
    let io = |e| spec.io(e);
    let orders = orders(spec);
    // Whatever the program leaves behind becomes a child of this process.
    prctl::set_child_subreaper(true).map_err(|e| io(e.into()))?;
    let mut child = Helper::start(spec, relay, "__guest-limits", &orders)?;
    let pid = child.pid;
    let mut exceeded = None;
    let mut end = deadline(spec.limits.wall);
    let mut grace = spec.grace;
    let most = spec.limits.processes.map(|n| n + relay.companions());
    let mut look = || {
        if end.is_some_and(|e| Instant::now() >= e) {
            exceeded = Some(Exceeded::Wall);
            if !grace.is_zero() {
                let _ = kill(pid, Signal::SIGTERM);
                end = deadline(Some(std::mem::take(&mut grace)));
                return Verdict::GoOn;
            }
        } else if most.is_some_and(|m| descendants::of(std::process::id()).values().sum::<u64>() > m) {
            exceeded = Some(Exceeded::Processes);
        } else {
            return Verdict::GoOn;
        }
        descendants::freeze();
        // The program itself is left to be waited for.
        let _ = kill(pid, Signal::SIGKILL);
        Verdict::Killed
    };
    let limited = spec.limits.wall.is_some() || most.is_some();
    let look: Option<&mut dyn FnMut() -> Verdict> = if limited { Some(&mut look) } else { None };
    let level = orders.unregistered().0;
    let ended = child.finish(spec, relay, look, &mut |b| on_start(Begun { level, ..b }));
    descendants::kill_all();
    drop(child);
    let end = ended?;
    let status = if exceeded == Some(Exceeded::Wall) { Status::TimedOut } else { end.status };
    match end.first {
        Some(Answer::NotStarted { errno }) => Err(not_started(spec, errno)),
        Some(Answer::Refused { why }) => Ok(Tried::Refused(why)),
        // The helper became the program, which closed the pipe.
        _ => Ok(Tried::Ran { level, not_registered: None, status, exceeded }),
    }
}

fn not_started(spec: &GuestSpec, errno: i32) -> SpawnError {
    crate::host::exec_error("running the program", &spec.program, std::io::Error::from_raw_os_error(errno))
}

fn orders(spec: &GuestSpec) -> Orders {
    let (user, group) = spec.root.as_ref().map_or_else(sandbox::caller, |r| r.user);
    // Of the limits the clock is watched here.
    let limits = Limits { wall: None, ..spec.limits };
    Orders {
        program: spec.program.clone().into(),
        name: spec.name.clone(),
        dispatch: spec.dispatch.clone(),
        network: spec.network,
        root: spec.root.clone(),
        limits,
        parent: std::process::id(),
        user,
        group,
    }
}

/// The executable that is goferry once more.
fn helper(spec: &GuestSpec) -> PathBuf {
    spec.helper.clone().unwrap_or_else(|| PathBuf::from("/proc/self/exe"))
}

/// A helper that runs, and the pipe by which it answers.
struct Helper {
    pid: Pid,
    answers: BufReader<File>,
    /// Removed when it has ended.
    _folders: Option<Folders>,
}

/// A helper's answers and its end.
struct End {
    first: Option<Answer>,
    second: Option<Answer>,
    status: Status,
}

impl Helper {
    fn start(spec: &GuestSpec, relay: &Relay, role: &str, orders: &Orders) -> Result<Helper, SpawnError> {
        let io = |e| spec.io(e);
        let text = serde_json::to_string(orders).map_err(|e| io(e.into()))?;
        let folders = spec.own_folders.then(Folders::new).transpose().map_err(io)?;
        let (read, write) = nix::unistd::pipe2(OFlag::O_CLOEXEC).map_err(|e| io(e.into()))?;
        // For the helper alone, which closes it before the program starts.
        fcntl(&write, FcntlArg::F_SETFD(FdFlag::empty())).map_err(|e| io(e.into()))?;
        let mut command = Command::new(helper(spec));
        command.arg(role).arg(text).arg(write.as_raw_fd().to_string()).args(&spec.args);
        if spec.root.is_some() {
            command.env_clear();
        }
        command.envs(spec.set.iter().map(|(k, v)| (k, v)));
        command.envs(folders.iter().flat_map(Folders::variables));
        let pid = relay.spawn_helper(&mut command).map_err(io)?;
        drop::<OwnedFd>(write);
        Ok(Helper { pid, answers: BufReader::new(File::from(read)), _folders: folders })
    }

    /// Waits for it: first for its word, before which there is nothing to watch.
    fn finish(
        &mut self,
        spec: &GuestSpec,
        relay: &mut Relay,
        look: Option<&mut dyn FnMut() -> Verdict>,
        on_start: OnStart<'_>,
    ) -> Result<End, SpawnError> {
        let first = self.answer().map_err(|e| spec.io(e))?;
        relay.program_starts();
        match &first {
            Some(Answer::Started { level, not_registered }) => {
                on_start(Begun { level: *level, not_registered: not_registered.as_deref(), not_apart: None });
            }
            // A helper that became the program says nothing; its level is the caller's to say.
            None => on_start(Begun { level: Level::Kernel, not_registered: None, not_apart: None }),
            Some(_) => {}
        }
        let status = relay.follow(self.pid, look).map_err(|e| spec.io(e))?;
        let second = self.answer().map_err(|e| spec.io(e))?;
        Ok(End { first, second, status })
    }

    fn answer(&mut self) -> std::io::Result<Option<Answer>> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        Ok(serde_json::from_str(&line).ok())
    }
}
