//! The sandbox's view of the file system: everything read-only, three empty directories that are not.

use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

const NONE: Option<&str> = None;

/// Cuts the mounts off from the host's.
pub(crate) fn cut_off() -> nix::Result<()> {
    mount(NONE, "/", NONE, MsFlags::MS_REC | MsFlags::MS_PRIVATE, NONE)
}

/// Puts an empty file system of at most `bytes` at `at`.
pub(crate) fn tmpfs(at: &Path, bytes: u64) -> nix::Result<()> {
    let options = format!("size={bytes},mode=0700");
    mount(Some("tmpfs"), at, Some("tmpfs"), MsFlags::MS_NOSUID | MsFlags::MS_NODEV, Some(options.as_str()))
}

/// The same for everybody to enter.
pub(crate) fn tmpfs_open(at: &Path, bytes: u64) -> nix::Result<()> {
    let options = format!("size={bytes},mode=0755");
    mount(Some("tmpfs"), at, Some("tmpfs"), MsFlags::MS_NOSUID, Some(options.as_str()))
}

const BINFMT_MISC: &str = "/proc/sys/fs/binfmt_misc";

/// Mounts the user namespace's own binfmt_misc (Linux 6.7) and registers an emulator there, which nobody else sees.
pub(crate) fn register(line: &str) -> Result<(), String> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("binfmt_misc"), BINFMT_MISC, Some("binfmt_misc"), flags, NONE)
        .map_err(|e| format!("no binfmt_misc of its own (that needs Linux 6.7): {}", e.desc()))?;
    std::fs::write(Path::new(BINFMT_MISC).join("register"), line)
        .map_err(|e| format!("the emulator cannot be registered: {e}"))
}

/// Keeps what is registered while this process is another root's: the kernel forgets it with the last use of its mount.
pub(crate) fn hold_registrations() -> Option<std::fs::File> {
    std::fs::File::open(BINFMT_MISC).ok()
}

/// Whether the entry of a registration is there. (`:name:…`, the first character being the separator.)
pub(crate) fn is_registered(line: &str) -> bool {
    let separator = line.chars().next().unwrap_or(':');
    line.split(separator).nth(1).is_some_and(|name| Path::new(BINFMT_MISC).join(name).exists())
}

/// Makes every mount read-only, except `keep` and /proc, which pid 1 replaces.
pub(super) fn read_only_but(keep: &Path) -> std::io::Result<()> {
    read_only(|point| point != keep && !point.starts_with("/proc"))
}

/// Makes these mounts read-only.
///
/// mount_setattr(2) would do it in one call; no safe wrapper has it, and it needs Linux 5.12.
fn read_only(which: impl Fn(&Path) -> bool) -> std::io::Result<()> {
    let table = std::fs::read("/proc/self/mountinfo")?;
    for (point, flags) in mount_points(&table) {
        if !which(&point) || flags.contains(MsFlags::MS_RDONLY) {
            continue;
        }
        let flags = flags | MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY;
        match mount(NONE, &point, NONE, flags, NONE) {
            Ok(()) => {}
            // Covered by another mount, or in a directory that this user may not even enter: out of reach anyway.
            Err(Errno::EINVAL | Errno::EACCES | Errno::ENOENT | Errno::ENOTDIR)
                if point != Path::new("/") => {}
            Err(e) => return Err(std::io::Error::other(format!("{}: {}", point.display(), e.desc()))),
        }
    }
    Ok(())
}

/// Mounts the new pid namespace's own /proc.
pub(crate) fn fresh_proc() -> nix::Result<()> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("proc"), "/proc", Some("proc"), flags, NONE)
}

/// What in /proc changes the host and not a process. The kernel asks for no capability there, only for root's number,
/// which a program that root runs has.
const HOST_SETTINGS: [&str; 5] = ["/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs"];

/// Makes the settings of the host below /proc and /sys read-only; the rest of /proc must be writable, for the maps of
/// users.
///
/// # Errors
/// Of those that are there, one that cannot be.
pub(crate) fn read_only_settings() -> std::io::Result<()> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    for place in HOST_SETTINGS.iter().filter(|p| Path::new(p).exists()) {
        mount(Some(*place), *place, NONE, MsFlags::MS_BIND, NONE)?;
        let only = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY;
        mount(NONE, *place, NONE, flags | only, NONE)?;
    }
    read_only(|point| point.starts_with("/sys"))
}

/// Limits the processes and threads of this pid namespace, where the limit is its own (Linux 6.14) and not the host's.
/// The kernel wants more than 300.
pub(crate) fn limit_processes(most: u64) {
    if has_own_pid_max(&std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default()) {
        // Else the counting has to do.
        let _ = std::fs::write("/proc/sys/kernel/pid_max", most.max(301).to_string());
    }
}

fn has_own_pid_max(release: &str) -> bool {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(|n| n.parse::<u32>().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= (6, 14)
}

/// Mount points with the flags that a remount must repeat: a user namespace may not drop them. Of several at one
/// point the last counts, which is the one that is seen (proc(5), mountinfo).
fn mount_points(table: &[u8]) -> BTreeMap<PathBuf, MsFlags> {
    let mut out = BTreeMap::new();
    for line in table.split(|b| *b == b'\n') {
        let mut fields = line.split(|b| *b == b' ').skip(4);
        if let (Some(point), Some(options)) = (fields.next(), fields.next()) {
            out.insert(PathBuf::from(OsString::from_vec(unescaped(point))), flags(options));
        }
    }
    out
}

fn flags(options: &[u8]) -> MsFlags {
    options.split(|b| *b == b',').fold(MsFlags::empty(), |all, option| {
        all | match option {
            b"ro" => MsFlags::MS_RDONLY,
            b"nosuid" => MsFlags::MS_NOSUID,
            b"nodev" => MsFlags::MS_NODEV,
            b"noexec" => MsFlags::MS_NOEXEC,
            b"noatime" => MsFlags::MS_NOATIME,
            b"nodiratime" => MsFlags::MS_NODIRATIME,
            b"relatime" => MsFlags::MS_RELATIME,
            _ => MsFlags::empty(),
        }
    })
}

/// Space, tab, newline and backslash are written as a backslash and three octal digits.
fn unescaped(field: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&first, after)) = rest.split_first() {
        let code = (first == b'\\').then(|| after.get(..3)).flatten().and_then(|digits| {
            let text = std::str::from_utf8(digits).ok()?;
            u8::from_str_radix(text, 8).ok()
        });
        match code {
            Some(byte) => {
                out.push(byte);
                rest = &after[3..];
            }
            None => {
                out.push(first);
                rest = after;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_whose_pid_namespaces_have_a_limit_of_their_own() {
        for (release, own) in
            [("6.18.44-fc", true), ("6.14.0", true), ("6.13.9-amd64", false), ("5.15.0", false), ("", false)]
        {
            assert_eq!(has_own_pid_max(release), own, "{release}");
        }
    }

    #[test]
    fn mountinfo_lines() {
        let table = b"27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n\
            26 24 0:26 / /dev/pts rw,relatime - devpts devpts rw\n\
            29 26 0:26 / /dev/pts ro,nosuid,noexec shared:3 - devpts devpts rw\n\
            30 27 0:9 / /mnt/a\\040b\\134 rw,nodev master:1 - tmpfs none rw\nbroken\n";
        let points = mount_points(table);
        assert_eq!(points[Path::new("/")], MsFlags::MS_RELATIME);
        assert_eq!(
            points[Path::new("/dev/pts")],
            MsFlags::MS_RDONLY | MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC
        );
        assert_eq!(points[Path::new("/mnt/a b\\")], MsFlags::MS_NODEV);
        assert_eq!(points.len(), 3);
        assert_eq!(unescaped(b"a\\0"), b"a\\0");
        assert_eq!(unescaped(b"\\999x"), b"\\999x");
    }
}
