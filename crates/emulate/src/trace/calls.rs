//! What is known of system calls: which names mean the same, what their arguments are, whether chance decides them.
//!
//! Source: the tables of Linux 6.x (arch/*/kernel/syscalls, include/uapi/asm-generic/unistd.h), syscalls(2), and what
//! Go's runtime and package syscall use on each architecture.

use goferry_target::ArchKind;
use std::collections::HashMap;
use std::sync::OnceLock;

/// What a call says of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// What the program does: compared call by call.
    Program,
    /// Setting up the process: compared by whether it happens and which errors it has.
    Setup,
    /// Threads, memory, clocks, signals: how often is chance; only errors that no chance explains are compared.
    Chance,
    /// The architecture's own; others have none like it.
    Machine,
}

/// What an argument or a result is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A file descriptor.
    Descriptor,
    /// The descriptor of an epoll, by which something happens to another.
    Poller,
    /// AT_FDCWD or a descriptor of a folder.
    Folder,
    /// A path.
    Path,
    /// Names joined by `|`, or a number.
    Flags,
    /// The flags CLOEXEC and NONBLOCK, whose values and names differ by machine and call.
    OpenFlags,
    /// A file mode.
    Mode,
    /// A number that is the same everywhere: sizes, counts, lengths.
    Number,
    /// A word or its number.
    Word,
    /// A level of socket options.
    Level,
    /// A socket option.
    Option,
    /// A protocol family.
    Family,
    /// An operation of epoll_ctl.
    EpollOperation,
    /// A resource of getrlimit.
    Resource,
    /// An address, a struct, a process, a time: not compared.
    Other,
}

/// A call by its usual name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known<'a> {
    /// The name under which it is compared.
    pub(super) name: &'a str,
    /// What it says.
    pub(super) class: Class,
    /// Kinds of its arguments, a letter each.
    args: &'static str,
    /// Where the usual call has AT_FDCWD and this one nothing.
    at: &'static [usize],
    /// What it returns.
    pub(super) returns: Kind,
}

impl Known<'_> {
    /// The arguments in their usual places with their kinds; those that no kind is known of are left out.
    pub(super) fn kinds<'t>(&self, args: &'t [String]) -> impl Iterator<Item = (Kind, &'t str)> + use<'t> {
        let mut given = args.iter().map(String::as_str);
        let at = self.at;
        self.args.bytes().enumerate().map_while(move |(i, letter)| {
            let text = if at.contains(&i) { Some("AT_FDCWD") } else { given.next() };
            text.map(|t| (kind(letter), t))
        })
    }
}

fn kind(letter: u8) -> Kind {
    match letter {
        b'd' => Kind::Descriptor,
        b'E' => Kind::Poller,
        b'D' => Kind::Folder,
        b'p' => Kind::Path,
        b'f' => Kind::Flags,
        b'k' => Kind::OpenFlags,
        b'o' => Kind::Mode,
        b'n' => Kind::Number,
        b'w' => Kind::Word,
        b'l' => Kind::Level,
        b't' => Kind::Option,
        b'y' => Kind::Family,
        b'e' => Kind::EpollOperation,
        b'r' => Kind::Resource,
        _ => Kind::Other,
    }
}

/// Names by number from 403, where all architectures have the same (MIPS after 4000 or 5000), for writers older than the calls.
const NUMBERED: &[(u32, &str)] = &[
    (403, "clock_gettime64"),
    (406, "clock_getres_time64"),
    (407, "clock_nanosleep_time64"),
    (409, "timer_settime64"),
    (411, "timerfd_settime64"),
    (412, "utimensat_time64"),
    (413, "pselect6_time64"),
    (414, "ppoll_time64"),
    (417, "recvmmsg_time64"),
    (421, "rt_sigtimedwait_time64"),
    (422, "futex_time64"),
    (424, "pidfd_send_signal"),
    (425, "io_uring_setup"),
    (426, "io_uring_enter"),
    (427, "io_uring_register"),
    (434, "pidfd_open"),
    (435, "clone3"),
    (436, "close_range"),
    (437, "openat2"),
    (438, "pidfd_getfd"),
    (439, "faccessat2"),
    (440, "process_madvise"),
    (441, "epoll_pwait2"),
    (444, "landlock_create_ruleset"),
    (445, "landlock_add_rule"),
    (446, "landlock_restrict_self"),
    (447, "memfd_secret"),
    (448, "process_mrelease"),
    (449, "futex_waitv"),
    (451, "cachestat"),
    (452, "fchmodat2"),
    (462, "mseal"),
];

/// The name of a call that its writer has only a number for: `futex_time64`, else `syscall_1000`.
pub(super) fn by_number(number: &str, arch: ArchKind) -> String {
    let n: Option<u32> = number.parse().ok();
    let name = n.and_then(|n| match (arch, n) {
        (ArchKind::Riscv64, 258) => Some("riscv_hwprobe"),
        (ArchKind::Riscv64, 259) => Some("riscv_flush_icache"),
        (ArchKind::Mips | ArchKind::Mipsle, _) => numbered(n.checked_sub(4000)?),
        (ArchKind::Mips64 | ArchKind::Mips64le, _) => numbered(n.checked_sub(5000)?),
        _ => numbered(n),
    });
    name.map_or_else(|| format!("syscall_{number}"), str::to_owned)
}

/// socketcall(2)'s own numbers (linux/net.h), from 1; on s390x an emulator may give no more than these.
const SOCKET_CALLS: [&str; 20] = [
    "socket",
    "bind",
    "connect",
    "listen",
    "accept",
    "getsockname",
    "getpeername",
    "socketpair",
    "send",
    "recv",
    "sendto",
    "recvfrom",
    "shutdown",
    "setsockopt",
    "getsockopt",
    "sendmsg",
    "recvmsg",
    "accept4",
    "recvmmsg",
    "sendmmsg",
];

/// The call that `socketcall` with this first argument is.
pub(super) fn socket_call(number: &str) -> Option<&'static str> {
    number.parse::<usize>().ok()?.checked_sub(1).and_then(|n| SOCKET_CALLS.get(n)).copied()
}

fn numbered(n: u32) -> Option<&'static str> {
    NUMBERED.iter().find(|(k, _)| *k == n).map(|(_, name)| *name)
}

/// What is known of the call `name`. One that is not in the table is the program's, its arguments unknown.
pub(super) fn canonical(name: &str) -> Known<'_> {
    static TABLE: OnceLock<HashMap<&'static str, Known<'static>>> = OnceLock::new();
    let table = TABLE.get_or_init(table);
    let unknown = if name.starts_with("syscall_") { Class::Setup } else { Class::Program };
    table.get(name).copied().unwrap_or(Known {
        name,
        class: unknown,
        args: "",
        at: &[],
        returns: Kind::Other,
    })
}

fn table() -> HashMap<&'static str, Known<'static>> {
    let mut out = HashMap::new();
    for (line, class) in
        [(PROGRAM, Class::Program), (SETUP, Class::Setup), (CHANCE, Class::Chance), (MACHINE, Class::Machine)]
            .into_iter()
            .flat_map(|(text, class)| text.lines().map(move |l| (l, class)))
    {
        let mut words = line.split_whitespace();
        let Some(name) = words.next() else { continue };
        let args = words.next().filter(|w| *w != "-").unwrap_or_default();
        let returns = words.next().and_then(|w| w.bytes().next()).map_or(Kind::Other, kind);
        out.insert(name, Known { name, class, args, at: &[], returns });
        for alias in words {
            let (alias, at) = alias.split_once('@').unwrap_or((alias, ""));
            let at: &[usize] = match at {
                "0" => &[0],
                "1" => &[1],
                "02" => &[0, 2],
                _ => &[],
            };
            out.insert(alias, Known { name, class, args, at, returns });
        }
    }
    out
}

/// Name, kinds of arguments, kind of result, and other names for the same; `@02`: without the folders that the usual
/// call has there.
const PROGRAM: &str = "
openat Dpfo d open@0
openat2 Dpxn d
creat po d
close d x
read dxn n
write dxn n
pread64 dxnx n pread
pwrite64 dxnx n pwrite
readv dxn n
writev dxn n
preadv dxnx n
pwritev dxnx n
sendfile ddxn n sendfile64
splice dxdxnf n
copy_file_range dxdxnf n
lseek dxw x _llseek llseek
ftruncate dx x ftruncate64
truncate px x truncate64
fsync d x
fdatasync d x
fallocate dfxx x
fadvise64 dxxw x fadvise64_64 arm_fadvise64_64 posix_fadvise
flock df x
fcntl dwf n fcntl64
ioctl dwx x
dup d d
dup3 dxk d dup2
newfstatat Dpx x stat@0 stat64@0 lstat@0 lstat64@0 fstatat64
statx Dpffx x
fstat dx x fstat64
statfs px x statfs64
fstatfs dx x fstatfs64
faccessat Dpf x access@0 faccessat2
mkdirat Dpo x mkdir@0
mknodat Dpox x mknod@0
unlinkat Dpf x unlink@0
rmdir p x
renameat DpDpf x rename@02 renameat2
linkat DpDpf x link@02
symlinkat pDp x symlink@1
readlinkat Dpxn n readlink@0
fchmodat Dpo x chmod@0 fchmodat2
fchmod do x
fchownat Dpxxf x chown@0 lchown@0 chown32@0 lchown32@0
fchown dxx x fchown32
utimensat Dpxf x utime@0 utimes@0 futimesat utimensat_time64
getdents64 dxn n getdents
getcwd xn n
chdir p x
fchdir d x
chroot p x
umask o o
mount pp x
umount2 pf x
getxattr ppxn n
lgetxattr ppxn n
fgetxattr dpxn n
setxattr ppxnf x
listxattr pxn n
inotify_init1 k d inotify_init
inotify_add_watch dpf x
inotify_rm_watch dx x
pipe2 xk x pipe
eventfd2 xk d eventfd
epoll_create1 k d epoll_create
epoll_ctl Eedx x
timerfd_create wk d
timerfd_settime dfxx x timerfd_settime64
signalfd4 dxnk d signalfd
memfd_create pf d
socket yff d
socketpair yffx x
bind dxn x
connect dxn x
listen dn x
accept4 dxxk d accept
getsockname dxx x
getpeername dxx x
setsockopt dltxn x
getsockopt dltxx x
sendto dxnfxx n send
recvfrom dxnfxx n recv
sendmsg dxf n
recvmsg dxf n
sendmmsg dxnf n
recvmmsg dxnfx n recvmmsg_time64
shutdown dw x
execve p x execveat
exit_group n x
waitid wxxf x
wait4 xxfx x waitpid
kill xw x
pidfd_open xk d
pidfd_send_signal dwxx x
pidfd_getfd dxx d
sysinfo x x
getuid - x getuid32
geteuid - x geteuid32
getgid - x getgid32
getegid - x getegid32
getgroups nx n getgroups32
setuid x x setuid32
setgid x x setgid32
setgroups nx x setgroups32
setreuid xx x setreuid32
setresuid xxx x setresuid32
setsid - x
setpgid xx x
getpgid x x
getppid - x
prlimit64 xrxx x
getrlimit rx x ugetrlimit
setrlimit rx x
getrusage wx x
setpriority wxx x
getpriority wx x
sched_setaffinity xnx x
capget xx x
capset xx x
unshare f x
setns df x
pselect6 nxxxxx x select _newselect pselect6_time64
ppoll xnxxx x poll ppoll_time64
ptrace wxxx x
bpf wxn d
io_uring_setup nx d
io_uring_enter dnnf n
";

const SETUP: &str = "
uname x x olduname
set_tid_address x x
set_robust_list xn x
rseq xnxx x
sched_getaffinity xnx x
prctl w x
getrandom xnf n
personality x x
membarrier w x
";

const CHANCE: &str = "
mmap - x mmap2
munmap - x
mprotect - x
mremap - x
madvise - x
mincore - x
brk - x
futex - x futex_time64
nanosleep - x
clock_nanosleep - x clock_nanosleep_time64
sched_yield - x
getpid - x
gettid - x
tgkill - x tkill
rt_sigaction - x sigaction
rt_sigprocmask - x sigprocmask
rt_sigreturn - x sigreturn
rt_sigtimedwait - x rt_sigtimedwait_time64
sigaltstack - x
clone fx x clone3 fork vfork
exit - x
epoll_pwait E x epoll_wait epoll_pwait2
clock_gettime - x clock_gettime64
clock_getres - x clock_getres_time64
gettimeofday - x
time - x
restart_syscall - x
timer_create - x
timer_settime - x timer_settime64
timer_delete - x
setitimer - x
";

const MACHINE: &str = "
arch_prctl - x
set_thread_area - x
get_thread_area - x
set_tls - x
cacheflush - x
sysmips - x
riscv_hwprobe - x
riscv_flush_icache - x
s390_runtime_instr - x
";

#[cfg(test)]
mod tests {
    use super::*;

    fn known(name: &str, args: &[&str]) -> (String, Vec<(Kind, String)>) {
        let args: Vec<String> = args.iter().map(|a| (*a).to_owned()).collect();
        let k = canonical(name);
        (k.name.to_owned(), k.kinds(&args).map(|(k, a)| (k, a.to_owned())).collect())
    }

    #[test]
    fn names_that_mean_the_same() {
        let folder = (Kind::Folder, "AT_FDCWD".to_owned());
        let path = |p: &str| (Kind::Path, p.to_owned());
        let (name, args) = known("open", &["\"/x\"", "O_RDONLY"]);
        assert_eq!(name, "openat");
        assert_eq!(args, [folder.clone(), path("\"/x\""), (Kind::Flags, "O_RDONLY".to_owned())]);
        let (name, args) = known("rename", &["\"/a\"", "\"/b\""]);
        assert_eq!(
            (name.as_str(), args),
            ("renameat", vec![folder.clone(), path("\"/a\""), folder, path("\"/b\"")])
        );
        for (a, b) in [
            ("mmap2", "mmap"),
            ("fcntl64", "fcntl"),
            ("_llseek", "lseek"),
            ("clone3", "clone"),
            ("vfork", "clone"),
        ] {
            assert_eq!((canonical(a).name, canonical(a).class), (b, canonical(b).class));
        }
        assert_eq!(canonical("accept").returns, Kind::Descriptor);
        assert_eq!(
            (canonical("syscall_258").class, canonical("syscall_258").name),
            (Class::Setup, "syscall_258")
        );
        assert_eq!(canonical("brand_new").class, Class::Program);
        let number = |n, arch| by_number(n, arch);
        assert_eq!(number("422", ArchKind::Arm), "futex_time64");
        assert_eq!(number("5435", ArchKind::Mips64le), "clone3");
        assert_eq!(number("258", ArchKind::Riscv64), "riscv_hwprobe");
        assert_eq!(
            (number("258", ArchKind::Arm64), number("x", ArchKind::Arm)),
            ("syscall_258".into(), "syscall_x".into())
        );
    }

    #[test]
    fn every_letter_has_a_kind() {
        for text in [PROGRAM, SETUP, CHANCE, MACHINE] {
            for line in text.lines().filter(|l| !l.is_empty()) {
                let words: Vec<&str> = line.split_whitespace().collect();
                assert!(words.len() >= 3, "{line}");
                let letters = words[1].trim_matches('-').bytes().chain(words[2].bytes());
                for l in letters {
                    assert!(l == b'x' || kind(l) != Kind::Other, "{line}");
                }
            }
        }
    }
}
