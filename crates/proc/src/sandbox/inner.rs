//! The inner helper: pid 1 of the sandbox. Gives up every privilege, runs the program, reaps, reports.

use super::outer::BROKEN;
use super::{Answer, Orders, Users, ids, mounts, privileges};
use crate::relay::Relay;
use crate::root;
use nix::sched::{CloneFlags, unshare};
use nix::sys::resource::{UsageWho, getrusage};
use nix::unistd::{getegid, geteuid};
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
    let opened = Relay::new().and_then(|relay| {
        let orders = read_orders(Path::new(&file))?;
        Ok((relay, File::options().write(true).open(&answer)?, orders))
    });
    let Ok((mut relay, mut answer, orders)) = opened else { std::process::exit(BROKEN) };
    // Before the namespace's own /proc hides where it was mounted.
    let registered = orders.register.as_deref().is_some_and(mounts::is_registered);
    let _held = mounts::hold_registrations();
    let result = match descend(&orders, registered) {
        Ok(()) => run(&orders, &mut relay, registered),
        Err(why) => Answer::Refused { why },
    };
    write_answer(&mut answer, &result);
    std::process::exit(0)
}

/// From the namespace's root to the caller's own user without privileges.
fn descend(orders: &Orders, registered: bool) -> Result<(), String> {
    // Containers hide parts of /proc, and then the kernel forbids a whole one: the host's stays.
    let own_proc = match &orders.root {
        Some(root) => root::enter(root, orders.emulator.as_ref().filter(|_| !registered)).map(|()| true)?,
        None => mounts::fresh_proc().is_ok(),
    };
    if own_proc {
        orders.limits.processes.into_iter().for_each(mounts::limit_processes);
    }
    mounts::read_only_settings()
        .map_err(|e| format!("the settings of the host cannot be made read-only: {e}"))?;
    if orders.users == Users::Many {
        return privileges::limit(&orders.limits, None).map_err(|e| format!("limits: {e}"));
    }
    let (uid, gid) = (geteuid().as_raw(), getegid().as_raw());
    unshare(CloneFlags::CLONE_NEWUSER).map_err(|e| format!("no second user namespace: {}", e.desc()))?;
    ids::map((orders.user, uid), (orders.group, gid))
        .map_err(|e| format!("the user cannot be mapped back: {e}"))?;
    let file_bytes = orders.root.is_none().then_some(orders.scratch_bytes);
    privileges::limit(&orders.limits, file_bytes).map_err(|e| format!("limits: {e}"))?;
    privileges::drop_all().map_err(|e| format!("privileges cannot be given up: {e}"))
}

fn command(orders: &Orders, registered: bool) -> Command {
    let rooted = orders.root.is_some();
    let mut command = match orders.emulator.as_ref().filter(|_| rooted && !registered) {
        None => Command::new(&orders.program),
        Some(emulator) => {
            let mut command = Command::new(root::EMULATOR);
            command.args(&emulator.args).arg(&orders.program);
            command
        }
    };
    command.args(&orders.args).env_clear().envs(orders.environment());
    if !rooted {
        command.current_dir(orders.work());
    }
    command
}

fn not_started(e: &std::io::Error) -> Answer {
    Answer::NotStarted { errno: e.raw_os_error().unwrap_or(0) }
}

/// Runs the program; passes signals on to it and reaps whatever is orphaned.
fn run(orders: &Orders, relay: &mut Relay, registered: bool) -> Answer {
    let child = match relay.spawn_program(&mut command(orders, registered)) {
        Ok(child) => child,
        Err(e) => return not_started(&e),
    };
    match relay.follow(child, None) {
        Ok(status) => {
            let used = getrusage(UsageWho::RUSAGE_CHILDREN).ok();
            let max_rss = used.and_then(|u| u64::try_from(u.max_rss()).ok()).map(|kib| kib * 1024);
            Answer::Ended { status, max_rss, registered }
        }
        Err(e) => Answer::Refused { why: format!("the program cannot be waited for: {e}") },
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
        Ok(()) => not_started(&command(&orders, false).exec()),
    };
    write_answer(&mut answer, &answered);
    std::process::exit(BROKEN)
}
