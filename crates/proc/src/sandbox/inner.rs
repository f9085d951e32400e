//! The inner helper: pid 1 of the sandbox. Gives up every privilege, runs the program, reaps, reports.

use super::outer::BROKEN;
use super::{Answer, Orders, ids, mounts, privileges};
use crate::Status;
use crate::host::spawn_retrying;
use nix::sched::{CloneFlags, unshare};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, getegid, geteuid};
use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

pub(super) fn read_orders(file: &Path) -> std::io::Result<Orders> {
    Ok(serde_json::from_slice(&std::fs::read(file)?)?)
}

pub(super) fn write_answer(file: &mut File, answer: &Answer) {
    // Nobody is left to tell if this fails; the caller treats a missing answer as a refusal.
    if let Ok(text) = serde_json::to_vec(answer) {
        let _ = file.write_all(&text);
    }
}

/// Pid 1. Never returns; the kernel ends whatever the program left behind.
pub(super) fn enter(file: Option<OsString>, answer: Option<OsString>) -> ! {
    let (Some(file), Some(answer)) = (file, answer) else { std::process::exit(BROKEN) };
    // Blocked before anything can send them: pid 1 never sees what it neither handles nor blocks.
    let signals: SigSet = [
        Signal::SIGCHLD,
        Signal::SIGTERM,
        Signal::SIGINT,
        Signal::SIGHUP,
        Signal::SIGQUIT,
        Signal::SIGUSR1,
        Signal::SIGUSR2,
    ]
    .into_iter()
    .collect();
    let opened = (|| {
        signals.thread_block()?;
        let orders = read_orders(Path::new(&file))?;
        Ok::<_, std::io::Error>((File::options().write(true).open(&answer)?, orders))
    })();
    let Ok((mut answer, orders)) = opened else { std::process::exit(BROKEN) };
    // Before the namespace's own /proc hides where it was mounted.
    let registered = orders.register.as_deref().is_some_and(mounts::is_registered);
    let result = match descend(&orders) {
        Ok(()) => run(&orders, &signals, registered),
        Err(why) => Answer::Refused { why },
    };
    write_answer(&mut answer, &result);
    std::process::exit(0)
}

/// From the namespace's root to the caller's own user without privileges.
fn descend(orders: &Orders) -> Result<(), String> {
    // Containers hide parts of /proc, and then the kernel forbids a whole one: the host's stays.
    if mounts::fresh_proc().is_ok() {
        orders.limits.processes.into_iter().for_each(mounts::limit_processes);
    }
    mounts::read_only_settings().map_err(|e| format!("/proc/sys cannot be made read-only: {}", e.desc()))?;
    let (uid, gid) = (geteuid().as_raw(), getegid().as_raw());
    unshare(CloneFlags::CLONE_NEWUSER).map_err(|e| format!("no second user namespace: {}", e.desc()))?;
    ids::map((orders.user, uid), (orders.group, gid))
        .map_err(|e| format!("the user cannot be mapped back: {e}"))?;
    privileges::limit(&orders.limits, Some(super::SCRATCH_BYTES)).map_err(|e| format!("limits: {e}"))?;
    privileges::drop_all().map_err(|e| format!("privileges cannot be given up: {e}"))
}

fn command(orders: &Orders) -> Command {
    let mut command = Command::new(&orders.program);
    command.args(&orders.args).env_clear().envs(orders.environment()).current_dir(orders.work());
    command
}

fn not_started(e: &std::io::Error) -> Answer {
    Answer::NotStarted { errno: e.raw_os_error().unwrap_or(0) }
}

/// Runs the program; passes signals on to it and reaps whatever is orphaned.
fn run(orders: &Orders, signals: &SigSet, registered: bool) -> Answer {
    // The child inherits the mask, so it is lifted for that moment. Until it is back, pid 1 loses signals but does not
    // die of them; hence the look for a child that has already ended before the first wait.
    let spawned = signals
        .thread_unblock()
        .map_err(Into::into)
        .and_then(|()| spawn_retrying(&mut command(orders)))
        .and_then(|child| signals.thread_block().map(|()| child).map_err(Into::into));
    let child = match spawned {
        Ok(child) => Pid::from_raw(i32::try_from(child.id()).unwrap_or(i32::MAX)),
        Err(e) => return not_started(&e),
    };
    loop {
        if let Some(status) = reap(child) {
            let max_rss = getrusage(UsageWho::RUSAGE_CHILDREN)
                .ok()
                .and_then(|u| u64::try_from(u.max_rss()).ok())
                .map(|kib| kib * 1024);
            return Answer::Ended { status, max_rss, registered };
        }
        match signals.wait() {
            Ok(Signal::SIGCHLD) | Err(_) => {}
            Ok(signal) => drop(kill(child, signal)),
        }
    }
}

/// Reaps everything that has ended; the program's status if it is among them.
fn reap(child: Pid) -> Option<Status> {
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(pid, code)) if pid == child => return Some(Status::Exited(code)),
            Ok(WaitStatus::Signaled(pid, signal, _)) if pid == child => {
                return Some(Status::Signaled(signal as i32));
            }
            Ok(WaitStatus::StillAlive) | Err(_) => return None,
            Ok(_) => {}
        }
    }
}

/// Without namespaces: sets the limits and becomes the program. Never returns.
pub(super) fn limits_only(file: Option<OsString>) -> ! {
    let Some(file) = file else { std::process::exit(BROKEN) };
    let file = Path::new(&file);
    let opened = read_orders(file).and_then(|orders| {
        Ok((orders, File::options().write(true).open(file.with_file_name("answer.json"))?))
    });
    let Ok((orders, mut answer)) = opened else { std::process::exit(BROKEN) };
    let limited = privileges::die_with_parent(orders.parent)
        .and_then(|()| privileges::limit(&orders.limits, Some(super::SCRATCH_BYTES)))
        .and_then(|()| privileges::no_new());
    let answered = match limited {
        Err(e) => Answer::Refused { why: format!("limits: {e}") },
        Ok(()) => not_started(&command(&orders).exec()),
    };
    write_answer(&mut answer, &answered);
    std::process::exit(BROKEN)
}
