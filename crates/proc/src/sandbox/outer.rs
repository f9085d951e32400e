//! The outer helper: makes the namespaces and mounts, and starts the inner one as their pid 1.

use super::users::Mapper;
use super::{Answer, Orders, Users, ids, loopback, mounts};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getegid, geteuid};
use std::ffi::OsString;
use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::process::Command;

/// Exit status of a helper that could not even answer.
pub(super) const BROKEN: i32 = 125;

/// Never returns.
pub(super) fn enter(file: Option<OsString>) -> ! {
    let Some(file) = file else { std::process::exit(BROKEN) };
    let file = Path::new(&file);
    let opened = super::inner::read_orders(file).and_then(|orders| {
        // Opened before the file system becomes read-only.
        let answer = File::options().write(true).open(file.with_file_name("answer.json"))?;
        Ok((orders, answer))
    });
    let Ok((orders, mut answer)) = opened else { std::process::exit(BROKEN) };
    match prepare(&orders).and_then(|()| start_inner(file, &answer)) {
        Ok(()) => std::process::exit(0),
        Err(why) => {
            super::inner::write_answer(&mut answer, &Answer::Refused { why });
            std::process::exit(BROKEN)
        }
    }
}

fn prepare(orders: &Orders) -> Result<(), String> {
    super::privileges::die_with_parent(orders.parent).map_err(|e| format!("prctl: {e}"))?;
    let (uid, gid) = (geteuid(), getegid());
    let mut all = CloneFlags::CLONE_NEWUSER
        | CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWPID
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWUTS;
    all.set(CloneFlags::CLONE_NEWNET, !orders.network);
    let mapper = (orders.users == Users::Many).then(Mapper::start).transpose()?;
    unshare(all).map_err(|e| format!("the kernel refuses user namespaces: {}", e.desc()))?;
    match mapper {
        Some(mapper) => mapper.map()?,
        None => ids::map((0, uid.as_raw()), (0, gid.as_raw()))
            .map_err(|e| format!("the user cannot be mapped: {e}"))?,
    }
    mounts::cut_off().map_err(|e| format!("mounts are refused: {e}"))?;
    if orders.root.is_none() {
        mounts::tmpfs(&orders.scratch, orders.scratch_bytes)
            .map_err(|e| format!("mounts are refused: {e}"))?;
        orders.make_directories().map_err(|e| format!("scratch directories: {e}"))?;
    }
    if let Some(line) = &orders.register {
        // What the kernel does not grant is in the answer, and costs only programs that start themselves.
        let _ = mounts::register(line);
    }
    if orders.root.is_none() && orders.users == Users::One {
        mounts::read_only_but(&orders.scratch)
            .map_err(|e| format!("the file system cannot be made read-only: {e}"))?;
    }
    if !orders.network {
        // Without it only a program that talks to itself over the network would notice.
        let _ = loopback::bring_up();
    }
    Ok(())
}

/// Starts pid 1 and waits for it. It opens the answer through this process's descriptor, because by path the file is
/// read-only for it.
fn start_inner(file: &Path, answer: &File) -> Result<(), String> {
    let uid_gid = format!("/proc/{}/fd/{}", std::process::id(), answer.as_raw_fd());
    let status = Command::new("/proc/self/exe")
        .arg("__sandbox-init")
        .arg(file)
        .arg(uid_gid)
        .status()
        .map_err(|e| format!("the helper cannot start itself: {e}"))?;
    match status.code() {
        Some(0) => Ok(()),
        // It has answered, or was killed and cannot: either way not for this process to overwrite.
        _ => std::process::exit(BROKEN),
    }
}
