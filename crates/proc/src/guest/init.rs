//! pid 1 of the namespaces: gives up every privilege, starts the program, reaps, keeps the number of processes.

use super::outer::{Asked, BROKEN};
use super::{Answer, EmulatorCommand, Exceeded, Level, Orders};
use crate::relay::{Relay, Verdict};
use crate::root;
use crate::sandbox::{ids, mounts, privileges};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getegid, geteuid};
use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Never returns; the kernel ends whatever the program left behind.
pub(super) fn enter(mut args: impl Iterator<Item = OsString>) -> ! {
    let (text, place, registered) = (args.next(), args.next(), args.next());
    let asked = text.zip(place).and_then(|(t, p)| Asked::read([t, p].into_iter().chain(args)));
    let (Some(mut asked), Some(registered), Ok(mut relay)) = (asked, registered, Relay::new()) else {
        std::process::exit(BROKEN)
    };
    let level = level(&asked.orders, &registered);
    let _held = mounts::hold_registrations();
    let mut command = match descend(&asked.orders, level) {
        Ok(()) => command(&asked.orders, level, &asked.args),
        Err(why) => {
            asked.answer(&Answer::Refused { why });
            std::process::exit(BROKEN)
        }
    };
    let child = match relay.spawn_program(&mut command) {
        Ok(child) => child,
        Err(e) => {
            asked.answer(&Answer::NotStarted { errno: e.raw_os_error().unwrap_or(0) });
            std::process::exit(BROKEN)
        }
    };
    // Who sends is not to be seen from in here. The program stays in the caller's group and gets what is sent to that.
    let _ = nix::unistd::setpgid(Pid::from_raw(0), Pid::from_raw(0));
    let not_registered = (level != Level::PrivateRegistration && !registered.is_empty())
        .then(|| registered.to_string_lossy().into_owned());
    let most = asked.orders.limits.processes;
    asked.answer(&Answer::Started { level, not_registered });
    let mut exceeded = None;
    let mut look = || {
        if count().is_some_and(|n| most.is_some_and(|m| n > m)) {
            exceeded = Some(Exceeded::Processes);
            // Everything in the namespace but this process.
            let _ = kill(Pid::from_raw(-1), Signal::SIGKILL);
            return Verdict::Killed;
        }
        Verdict::GoOn
    };
    let look: Option<&mut dyn FnMut() -> Verdict> = if most.is_some() { Some(&mut look) } else { None };
    let Ok(status) = relay.follow(child, look) else { std::process::exit(BROKEN) };
    asked.answer(&Answer::Ended { status, exceeded });
    std::process::exit(status.shell_code())
}

/// How the program is started, by what became of the registration: nothing (not asked), `yes`, or why not.
fn level(orders: &Orders, registered: &OsStr) -> Level {
    if registered == "yes" { Level::PrivateRegistration } else { orders.unregistered().0 }
}

fn command(orders: &Orders, level: Level, args: &[OsString]) -> Command {
    let mut command = match called(orders, level) {
        None => {
            let mut c = Command::new(&orders.program);
            c.arg0(&orders.name);
            c
        }
        Some(e) => {
            let mut c = match &orders.root {
                Some(_) => Command::new(root::EMULATOR),
                None => Command::new(&e.program),
            };
            c.args(&e.args).arg(&orders.program);
            c
        }
    };
    command.args(args);
    command
}

/// From the namespace's root to the caller's own user without privileges.
fn descend(orders: &Orders, level: Level) -> Result<(), String> {
    // Containers hide parts of /proc, and then the kernel forbids a whole one: the host's stays.
    let own_proc = match &orders.root {
        Some(root) => root::enter(root, called(orders, level)).map(|()| true)?,
        None => mounts::fresh_proc().is_ok(),
    };
    if own_proc {
        // Above the limit, at which the counting ends the program and says so.
        orders.limits.processes.iter().for_each(|n| mounts::limit_processes(n.saturating_mul(2)));
    }
    mounts::read_only_settings()
        .map_err(|e| format!("the settings of the host cannot be made read-only: {e}"))?;
    let (uid, gid) = (geteuid().as_raw(), getegid().as_raw());
    unshare(CloneFlags::CLONE_NEWUSER).map_err(|e| format!("no second user namespace: {}", e.desc()))?;
    ids::map((orders.user, uid), (orders.group, gid))
        .map_err(|e| format!("the user cannot be mapped back: {e}"))?;
    let processes = orders.limits.processes.map(|n| n.saturating_mul(2));
    privileges::limit(&crate::Limits { processes, ..orders.limits }, None)
        .map_err(|e| format!("limits: {e}"))?;
    privileges::drop_all().map_err(|e| format!("privileges cannot be given up: {e}"))
}

/// The emulator that has to be called.
fn called(orders: &Orders, level: Level) -> Option<&EmulatorCommand> {
    orders.unregistered().1.filter(|_| level == Level::Emulator)
}

/// Threads of the namespace, as far as its own /proc shows; none without one.
fn count() -> Option<u64> {
    // This process is pid 1 there, and only there.
    (std::fs::read_link("/proc/self").ok()?.as_os_str() == "1")
        .then(|| super::descendants::of(1).values().sum())
}

/// Without namespaces: sets the limits and becomes the program. Never returns.
pub(super) fn limits_only(args: impl Iterator<Item = OsString>) -> ! {
    let Some(mut asked) = Asked::read(args) else { std::process::exit(BROKEN) };
    // RLIMIT_NPROC counts all the user's processes, so those that there are come on top; it does not bind root, whom
    // the waiter's counting ends.
    let processes = asked.orders.limits.processes;
    let processes =
        processes.map(|n| n.saturating_mul(2) + super::descendants::threads_of_user(asked.orders.user));
    let limits = crate::Limits { processes, ..asked.orders.limits };
    let limited = privileges::die_with_parent(asked.orders.parent)
        .and_then(|()| privileges::limit(&limits, None))
        .and_then(|()| privileges::no_new());
    let answer = match limited {
        Err(e) => Answer::Refused { why: format!("limits: {e}") },
        Ok(()) => {
            // The waiter's mask came along.
            let unblocked = Relay::unblock();
            let error = unblocked.map_or_else(
                |e| e,
                |()| command(&asked.orders, asked.orders.unregistered().0, &asked.args).exec(),
            );
            Answer::NotStarted { errno: error.raw_os_error().unwrap_or(0) }
        }
    };
    asked.answer(&answer);
    std::process::exit(BROKEN)
}
