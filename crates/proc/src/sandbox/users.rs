//! Many users in one user namespace: root's number is the caller's, the others are subordinate numbers that the system's
//! administrator gave the caller (subuid(5)).
//!
//! Only a process outside can map them, so one is started before the namespace is made and does it when told.

use nix::unistd::{geteuid, getpid};
use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The role of the process outside.
pub(super) const ROLE: &str = "__sandbox-map";

/// How many numbers a system of its own has.
const COUNT: u32 = 65_536;

/// The process outside, waiting.
pub(super) struct Mapper(Child);

impl Mapper {
    /// Starts it, for this process.
    pub(super) fn start() -> Result<Mapper, String> {
        let child = Command::new("/proc/self/exe")
            .args([ROLE, &getpid().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| format!("the helper cannot start itself: {e}"))?;
        Ok(Mapper(child))
    }

    /// Has this process, which is in its new namespace by now, mapped.
    pub(super) fn map(mut self) -> Result<(), String> {
        let asked = self.0.stdin.take().map_or(Ok(()), |mut pipe| pipe.write_all(b"."));
        let out = self.0.wait_with_output().map_err(|e| format!("the helper that maps users: {e}"))?;
        match (asked, out.status.success()) {
            (Ok(()), true) => Ok(()),
            _ => Err(String::from_utf8_lossy(&out.stdout).into_owned()),
        }
    }
}

/// The process outside. Never returns.
pub(super) fn enter(pid: Option<OsString>) -> ! {
    let mut told = [0];
    // Nothing comes if the one that is to be mapped died.
    let pid =
        pid.and_then(|p| p.into_string().ok()).filter(|_| std::io::stdin().read_exact(&mut told).is_ok());
    let done = pid.map_or_else(|| Err("nobody is to be mapped".to_owned()), |pid| map(&pid));
    if let Err(why) = &done {
        let _ = std::io::stdout().write_all(why.as_bytes());
    }
    std::process::exit(i32::from(done.is_err()))
}

fn map(pid: &str) -> Result<(), String> {
    let (uid, gid) = super::caller();
    for (file, tool, own) in [("uid_map", "newuidmap", uid), ("gid_map", "newgidmap", gid)] {
        let list = if file == "uid_map" { "/etc/subuid" } else { "/etc/subgid" };
        match range(list, geteuid().as_raw()) {
            Some(start) => by_tool(tool, pid, own, start)?,
            // Root needs nobody's leave.
            None if uid == 0 => std::fs::write(format!("/proc/{pid}/{file}"), format!("0 0 {COUNT}\n"))
                .map_err(|e| format!("users cannot be mapped: {e}"))?,
            None => {
                return Err(format!(
                    "{list} has no range of {} numbers for this user: usermod --add-subuids 100000-165535 \
                     --add-subgids 100000-165535 USER",
                    COUNT - 1
                ));
            }
        }
    }
    Ok(())
}

fn by_tool(tool: &str, pid: &str, own: u32, start: u32) -> Result<(), String> {
    let numbers = [0, own, 1, 1, start, COUNT - 1].map(|n| n.to_string());
    let out = Command::new(tool).arg(pid).args(numbers).stdin(Stdio::null()).output().map_err(|e| match e
        .kind()
    {
        std::io::ErrorKind::NotFound => {
            format!("{tool} is missing (Debian and Ubuntu: apt-get install uidmap)")
        }
        _ => format!("{tool}: {e}"),
    })?;
    let said = String::from_utf8_lossy(&out.stderr);
    if out.status.success() { Ok(()) } else { Err(format!("{tool}: {}", said.trim())) }
}

/// The first number of the user's range in a file of subuid(5), if it is long enough.
fn range(list: &str, uid: u32) -> Option<u32> {
    let names = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    in_list(&std::fs::read_to_string(Path::new(list)).ok()?, &names, uid)
}

/// `list` has lines `name-or-number:start:count`, `passwd` those of passwd(5).
fn in_list(list: &str, passwd: &str, uid: u32) -> Option<u32> {
    let number = uid.to_string();
    let name = passwd.lines().find_map(|l| {
        let mut fields = l.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == number).then_some(name)
    });
    list.lines().find_map(|line| {
        let mut fields = line.trim().split(':');
        let who = fields.next()?;
        let start = fields.next()?.parse().ok()?;
        let count: u32 = fields.next()?.parse().ok()?;
        ((who == number || Some(who) == name) && count >= COUNT - 1).then_some(start)
    })
}

#[cfg(test)]
mod tests {
    use super::in_list;

    #[test]
    fn ranges_of_subordinate_numbers() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\nme:x:1000:1000::/home/me:/bin/sh\n";
        for (list, uid, start) in [
            ("me:100000:65536\n", 1000, Some(100_000)),
            ("1000:200000:65535\n", 1000, Some(200_000)),
            ("me:100000:1000\nme:300000:65536\n", 1000, Some(300_000)),
            ("me:100000:65536\n", 0, None),
            ("you:100000:65536\n", 1000, None),
            ("broken\nme:x:65536\n\n", 1000, None),
            ("", 1000, None),
        ] {
            assert_eq!(in_list(list, passwd, uid), start, "{list} {uid}");
        }
    }
}
