//! The processes below one, where no pid namespace keeps them together.

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How long processes that were killed may take to be gone.
const GONE: Duration = Duration::from_secs(5);

/// Every process below `root`, itself not among them, with its number of threads.
pub(super) fn of(root: u32) -> BTreeMap<u32, u64> {
    let mut children: BTreeMap<u32, Vec<(u32, u64)>> = BTreeMap::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|n| n.parse::<u32>().ok()) else { continue };
        if let Ok(text) = std::fs::read_to_string(entry.path().join("stat"))
            && let Some((parent, threads)) = parent_and_threads(&text)
        {
            children.entry(parent).or_default().push((pid, threads));
        }
    }
    let (mut found, mut open) = (BTreeMap::new(), vec![root]);
    while let Some(pid) = open.pop() {
        for (child, threads) in children.remove(&pid).unwrap_or_default() {
            found.insert(child, threads);
            open.push(child);
        }
    }
    found
}

/// Fields 4 and 20 of /proc/PID/stat (proc_pid_stat(5)); the name in field 2 may hold blanks and parentheses. A
/// process that has ended and is not reaped counts as none.
fn parent_and_threads(stat: &str) -> Option<(u32, u64)> {
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let alive = *fields.first()? != "Z";
    Some((fields.get(1)?.parse().ok()?, if alive { fields.get(17)?.parse().ok()? } else { 0 }))
}

/// Threads of all processes of a user, as far as /proc shows them.
pub(super) fn threads_of_user(user: u32) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let theirs = entries.filter(|e| e.metadata().is_ok_and(|m| m.uid() == user));
    let stats = theirs.filter_map(|e| std::fs::read_to_string(e.path().join("stat")).ok());
    stats.filter_map(|text| parent_and_threads(&text)).map(|(_, threads)| threads).sum()
}

/// Stops everything below this process, until nothing new appears: what is killed one by one while the rest forks on
/// is never all killed.
pub(super) fn freeze() {
    let end = Instant::now() + GONE;
    let mut stopped = BTreeMap::new();
    loop {
        let found = of(std::process::id());
        let fresh: Vec<u32> = found.keys().filter(|p| !stopped.contains_key(*p)).copied().collect();
        fresh.iter().for_each(|p| send(*p, Signal::SIGSTOP));
        if fresh.is_empty() || Instant::now() > end {
            return;
        }
        stopped = found;
    }
}

/// Kills everything below this process, which is their reaper, until nothing is left.
pub(super) fn kill_all() {
    freeze();
    let end = Instant::now() + GONE;
    loop {
        reap();
        let left = of(std::process::id());
        if left.is_empty() || Instant::now() > end {
            return;
        }
        left.keys().for_each(|p| send(*p, Signal::SIGKILL));
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn send(pid: u32, signal: Signal) {
    if let Ok(pid) = i32::try_from(pid) {
        // Whoever ended meanwhile is reaped in the next round.
        let _ = kill(Pid::from_raw(pid), signal);
    }
}

fn reap() {
    while let Ok(status) = waitpid(None, Some(WaitPidFlag::WNOHANG)) {
        if status == WaitStatus::StillAlive {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stat_lines() {
        let line = "4242 (a b) c) S 17 4242 4242 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 9 0 100 1 1 1";
        assert_eq!(parent_and_threads(line), Some((17, 9)));
        assert_eq!(parent_and_threads(&line.replace(") S", ") Z")), Some((17, 0)));
        assert_eq!(parent_and_threads("4242 (a"), None);
        assert_eq!(parent_and_threads("1 (a) S x"), None);
    }

    #[test]
    fn own_children_are_found() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        assert_eq!(of(std::process::id()).get(&child.id()), Some(&1));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!of(std::process::id()).contains_key(&child.id()));
    }
}
