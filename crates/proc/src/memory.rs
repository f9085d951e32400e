//! How much memory there is, and whether the kernel killed for want of it.
//!
//! Owns: reading /proc/meminfo and the memory controllers of both cgroup versions. Must not: decide what to do.
//! Sources: proc(5); Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst of the Linux kernel.

use std::path::{Path, PathBuf};

/// Bytes that new processes can use now: MemAvailable, or less where a cgroup allows less; none where nothing tells.
pub fn available_memory() -> Option<u64> {
    Memory::at(Path::new("/")).available()
}

/// Bytes of memory that this machine has, or less where a cgroup allows less: the same from run to run.
pub fn total_memory() -> Option<u64> {
    Memory::at(Path::new("/")).total()
}

/// Free bytes of the file system that holds a path, for this user.
#[cfg(unix)]
pub fn free_disk(path: &Path) -> Option<u64> {
    let s = nix::sys::statvfs::statvfs(path).ok()?;
    // Their widths differ between systems.
    #[allow(clippy::useless_conversion, reason = "u32 on some systems")]
    Some(u64::from(s.blocks_available()).saturating_mul(u64::from(s.fragment_size())))
}

/// Free bytes of the file system that holds a path; not known here.
#[cfg(not(unix))]
pub fn free_disk(_: &Path) -> Option<u64> {
    None
}

/// The kernel's count of processes killed for want of memory in this process's cgroup (or, without cgroups, on the
/// whole machine), to be compared before and after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OomCounter(Option<u64>);

impl OomCounter {
    /// The count now.
    pub fn now() -> Self {
        OomCounter(Memory::at(Path::new("/")).oom_kills())
    }

    /// Whether the kernel killed since; none where it does not tell.
    pub fn rose(self) -> Option<bool> {
        Some(Self::now().0? > self.0?)
    }
}

/// The files, under a root that tests can choose.
struct Memory {
    root: PathBuf,
    groups: Vec<Group>,
}

/// A directory of a memory controller that binds this process.
struct Group {
    dir: PathBuf,
    v2: bool,
}

impl Memory {
    fn at(root: &Path) -> Self {
        let read = |p: &str| std::fs::read_to_string(root.join(p)).unwrap_or_default();
        let groups = groups(&read("proc/self/mountinfo"), &read("proc/self/cgroup"), root);
        Memory { root: root.to_owned(), groups }
    }

    fn available(&self) -> Option<u64> {
        self.groups.iter().filter_map(Group::left).chain(self.machine("MemAvailable:")).min()
    }

    fn total(&self) -> Option<u64> {
        self.groups.iter().filter_map(Group::limit).chain(self.machine("MemTotal:")).min()
    }

    /// A line of /proc/meminfo, in bytes.
    fn machine(&self, word: &str) -> Option<u64> {
        let meminfo = std::fs::read_to_string(self.root.join("proc/meminfo")).ok()?;
        keyed(&meminfo, word).map(|kib| kib * 1024)
    }

    fn oom_kills(&self) -> Option<u64> {
        let innermost = self.groups.first().and_then(Group::oom_kills);
        innermost.or_else(|| keyed(&std::fs::read_to_string(self.root.join("proc/vmstat")).ok()?, "oom_kill"))
    }
}

impl Group {
    /// Limit less use, where there is a limit. Page cache that can be dropped is not use.
    fn left(&self) -> Option<u64> {
        let (used, cache) = if self.v2 {
            ("memory.current", "inactive_file")
        } else {
            ("memory.usage_in_bytes", "total_inactive_file")
        };
        let limit = self.limit()?;
        let stat = std::fs::read_to_string(self.dir.join("memory.stat")).unwrap_or_default();
        let used = self.number(used)?.saturating_sub(keyed(&stat, cache).unwrap_or(0));
        Some(limit.saturating_sub(used))
    }

    /// The limit, where there is one: v2 writes "max", v1 a number near 2^63, for none.
    fn limit(&self) -> Option<u64> {
        let file = if self.v2 { "memory.max" } else { "memory.limit_in_bytes" };
        self.number(file).filter(|l| *l < 1 << 60)
    }

    fn oom_kills(&self) -> Option<u64> {
        let file = if self.v2 { "memory.events" } else { "memory.oom_control" };
        keyed(&std::fs::read_to_string(self.dir.join(file)).ok()?, "oom_kill")
    }

    fn number(&self, file: &str) -> Option<u64> {
        std::fs::read_to_string(self.dir.join(file)).ok()?.trim().parse().ok()
    }
}

/// The number after a word at a line's beginning.
fn keyed(text: &str, word: &str) -> Option<u64> {
    text.lines().find_map(|l| {
        let mut fields = l.split_ascii_whitespace();
        if fields.next()? != word {
            return None;
        }
        fields.next()?.parse().ok()
    })
}

/// The memory controllers' directories from the process's own outwards.
fn groups(mountinfo: &str, cgroup: &str, root: &Path) -> Vec<Group> {
    let mut out = Vec::new();
    for line in mountinfo.lines() {
        let Some((mount, kind)) = line.split_once(" - ") else { continue };
        let fields: Vec<&str> = mount.split(' ').collect();
        let kind: Vec<&str> = kind.split(' ').collect();
        let (Some(inside), Some(point), Some(fs)) = (fields.get(3), fields.get(4), kind.first()) else {
            continue;
        };
        let v2 = *fs == "cgroup2";
        let memory = *fs == "cgroup" && kind.get(2).is_some_and(|o| o.split(',').any(|o| o == "memory"));
        if !v2 && !memory {
            continue;
        }
        let own = cgroup.lines().find_map(|l| {
            let mut parts = l.splitn(3, ':').skip(1);
            let controllers = parts.next()?;
            let path = parts.next()?;
            let matches =
                if v2 { controllers.is_empty() } else { controllers.split(',').any(|c| c == "memory") };
            matches.then_some(path)
        });
        let Some(own) = own else { continue };
        let own = own.strip_prefix(inside.trim_end_matches('/')).unwrap_or("");
        let mount = root.join(point.trim_start_matches('/'));
        let mut path = Path::new(own.trim_matches('/'));
        // A path that leads out of the mount belongs to another cgroup namespace.
        if path.components().any(|c| c == std::path::Component::ParentDir) {
            path = Path::new("");
        }
        out.extend(path.ancestors().map(|p| Group { dir: mount.join(p), v2 }));
    }
    // A v2 hierarchy without the memory controller (hybrid set-ups) has no such files.
    out.retain(|g| g.dir.join(if g.v2 { "memory.current" } else { "memory.usage_in_bytes" }).exists());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        dir
    }

    const MEMINFO: (&str, &str) = ("proc/meminfo", "MemTotal: 9000 kB\nMemAvailable:    4000 kB\n");

    #[test]
    fn the_tightest_of_nested_groups_counts() {
        let m = machine(&[
            MEMINFO,
            ("proc/self/mountinfo", "30 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"),
            ("proc/self/cgroup", "0::/a/b\n"),
            ("sys/fs/cgroup/a/memory.max", "2000000\n"),
            ("sys/fs/cgroup/a/memory.current", "1900000\n"),
            ("sys/fs/cgroup/a/memory.stat", "anon 5\ninactive_file 500000\n"),
            ("sys/fs/cgroup/a/b/memory.max", "max\n"),
            ("sys/fs/cgroup/a/b/memory.current", "1\n"),
            ("sys/fs/cgroup/a/b/memory.events", "low 0\noom 3\noom_kill 2\n"),
        ]);
        let memory = Memory::at(m.path());
        assert_eq!(memory.available(), Some(600_000));
        assert_eq!(memory.oom_kills(), Some(2));
    }

    #[test]
    fn version_one_and_hybrid() {
        let m = machine(&[
            MEMINFO,
            (
                "proc/self/mountinfo",
                "35 31 0:33 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
            ),
            ("proc/self/cgroup", "4:memory:/job\n0::/\n"),
            ("sys/fs/cgroup/memory/job/memory.limit_in_bytes", "1000000\n"),
            ("sys/fs/cgroup/memory/job/memory.usage_in_bytes", "250000\n"),
            ("sys/fs/cgroup/memory/job/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 7\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
            ("sys/fs/cgroup/memory/memory.usage_in_bytes", "250000\n"),
        ]);
        let memory = Memory::at(m.path());
        assert_eq!(memory.available(), Some(750_000));
        assert_eq!(memory.oom_kills(), Some(7));
    }

    #[test]
    fn without_cgroups_the_machine_counts() {
        let m = machine(&[MEMINFO, ("proc/vmstat", "pgfault 9\noom_kill 1\n")]);
        let memory = Memory::at(m.path());
        assert_eq!((memory.available(), memory.oom_kills()), (Some(4_096_000), Some(1)));
        let nothing = machine(&[]);
        assert_eq!(Memory::at(nothing.path()).available(), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_machine_tells() {
        assert!(available_memory().unwrap() > 1 << 20);
    }
}
