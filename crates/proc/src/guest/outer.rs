//! The outer helper: makes the namespaces and mounts, registers the emulator, starts pid 1.

use super::{Answer, Dispatch, Fallback, Orders};
use crate::relay::{Passes, Relay};
use crate::sandbox::{ids, loopback, mounts, privileges};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getegid, geteuid};
use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::process::Command;

/// Exit status of a helper that could not even answer.
pub(super) const BROKEN: i32 = 125;

/// What a helper was started with.
pub(super) struct Asked {
    pub(super) orders: Orders,
    /// The orders as they came, to hand them on.
    pub(super) text: OsString,
    /// Where it answers.
    pub(super) answers: File,
    /// The program's arguments.
    pub(super) args: Vec<OsString>,
}

impl Asked {
    /// Orders, then where to answer: the number of a descriptor, or a path.
    pub(super) fn read(mut args: impl Iterator<Item = OsString>) -> Option<Asked> {
        let text = args.next()?;
        let place = args.next()?;
        let orders = serde_json::from_str(text.to_str()?).ok()?;
        let number = place.to_str().and_then(|p| p.parse::<i32>().ok());
        let path =
            number.map_or_else(|| place.into(), |n| std::path::PathBuf::from(format!("/proc/self/fd/{n}")));
        let answers = File::options().write(true).open(path).ok()?;
        if let Some(n) = number {
            // The copy is closed on exec, the inherited one would not be.
            nix::unistd::close(n).ok()?;
        }
        Some(Asked { orders, text, answers, args: args.collect() })
    }

    pub(super) fn answer(&mut self, answer: &Answer) {
        // If nobody reads it the waiter is gone, and with it this process.
        if let Ok(mut text) = serde_json::to_vec(answer) {
            text.push(b'\n');
            let _ = self.answers.write_all(&text);
        }
    }
}

/// Never returns.
pub(super) fn enter(args: impl Iterator<Item = OsString>) -> ! {
    let Some(mut asked) = Asked::read(args) else { std::process::exit(BROKEN) };
    let prepared =
        Relay::new().map_err(|e| format!("signals: {e}")).and_then(|r| Ok((r, prepare(&asked.orders)?)));
    let (mut relay, registered) = match prepared {
        Ok((relay, registered)) => (relay.passing(Passes::From(asked.orders.parent)), registered),
        Err(why) => {
            asked.answer(&Answer::Refused { why });
            std::process::exit(BROKEN)
        }
    };
    let place = format!("/proc/{}/fd/{}", std::process::id(), asked.answers.as_raw_fd());
    let mut command = Command::new("/proc/self/exe");
    command.arg("__guest-init").arg(&asked.text).arg(place);
    // What became of the registration; an argument, so that it is in nobody's environment.
    command.arg(registered.as_ref().map_or("", |r| r.as_ref().err().map_or("yes", |why| why)));
    command.args(&asked.args);
    match relay.spawn_helper(&mut command) {
        Ok(pid) => {
            // pid 1 opens the pipe by this process's descriptor before it answers: it is kept until then.
            let status = relay.follow(pid, None);
            std::process::exit(status.map_or(BROKEN, crate::Status::shell_code))
        }
        Err(e) => {
            asked.answer(&Answer::Refused { why: format!("the helper cannot start itself: {e}") });
            std::process::exit(BROKEN)
        }
    }
}

/// Namespaces and mounts; whether the emulator was registered, if that was asked.
fn prepare(orders: &Orders) -> Result<Option<Result<(), String>>, String> {
    privileges::die_with_parent(orders.parent).map_err(|e| format!("prctl: {e}"))?;
    let (uid, gid) = (geteuid(), getegid());
    let mut all = CloneFlags::CLONE_NEWUSER
        | CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWPID
        | CloneFlags::CLONE_NEWIPC;
    all.set(CloneFlags::CLONE_NEWNET, !orders.network);
    unshare(all).map_err(|e| format!("the kernel refuses user namespaces: {}", e.desc()))?;
    ids::map((0, uid.as_raw()), (0, gid.as_raw())).map_err(|e| format!("the user cannot be mapped: {e}"))?;
    mounts::cut_off().map_err(|e| format!("mounts are refused: {}", e.desc()))?;
    if !orders.network {
        // Without it every test of a server fails.
        loopback::bring_up().map_err(|e| format!("the loopback cannot be brought up: {}", e.desc()))?;
    }
    Ok(match &orders.dispatch {
        Dispatch::Registered { line, otherwise: Fallback::Refuse } => Some(Ok(mounts::register(line)?)),
        Dispatch::Registered { line, .. } => Some(mounts::register(line)),
        Dispatch::Kernel | Dispatch::Emulator(_) => None,
    })
}
