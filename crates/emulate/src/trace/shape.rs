//! A call without what differs from run to run: values that can be compared across machines and writers.

use super::calls::{Kind, Known};
use goferry_target::ArchKind;

/// A value of a call; none: it is not known in a form that can be compared.
pub(super) type Value = Option<String>;

/// Whether two values do not contradict each other: one writer has numbers where another has names.
pub(super) fn agree(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a == b || (is_number(a) != is_number(b)),
        _ => true,
    }
}

fn is_number(text: &str) -> bool {
    text.strip_prefix('-').unwrap_or(text).starts_with(|c: char| c.is_ascii_digit())
}

/// The values of a call's arguments.
pub(super) fn values(kinds: &[(Kind, &str)], arch: ArchKind) -> impl Iterator<Item = (Kind, Value)> {
    // Only the options of this level are numbered by the machine.
    let machines = kinds.iter().any(|(k, t)| *k == Kind::Level && level(t, arch) == "SOL_SOCKET");
    kinds.iter().map(move |(k, t)| match k {
        Kind::Option if !machines => (*k, Some((*t).to_owned())),
        _ => (*k, value(*k, t, arch)),
    })
}

/// The value of an argument that is no descriptor, path or address.
pub(super) fn value(kind: Kind, text: &str, arch: ArchKind) -> Value {
    match kind {
        Kind::Flags => Some(flags(text)),
        Kind::OpenFlags => Some(open_flags(text, arch)),
        Kind::Number | Kind::Mode => number(text).map(|n| n.to_string()).or_else(|| plain(text)),
        Kind::Word => plain(text),
        Kind::Level => Some(level(text, arch)),
        Kind::Option => Some(option(text, arch)),
        Kind::Family => Some(family(text)),
        Kind::Resource => Some(resource(text, arch)),
        Kind::EpollOperation => Some(match text {
            "1" => "EPOLL_CTL_ADD".to_owned(),
            "2" => "EPOLL_CTL_DEL".to_owned(),
            "3" => "EPOLL_CTL_MOD".to_owned(),
            other => other.to_owned(),
        }),
        Kind::Descriptor | Kind::Poller | Kind::Folder | Kind::Path | Kind::Other => None,
    }
}

fn plain(text: &str) -> Value {
    Some(text.to_owned()).filter(|t| t.len() <= 256)
}

/// A number as it may be written: `4096`, `0x1000`, `0600`.
fn number(text: &str) -> Option<i64> {
    if let Some(hex) = text.strip_prefix("0x") {
        return i64::from_str_radix(hex, 16).ok();
    }
    match text.strip_prefix('0').filter(|o| !o.is_empty() && o.bytes().all(|b| b.is_ascii_digit())) {
        Some(octal) => i64::from_str_radix(octal, 8).ok(),
        None => text.parse().ok(),
    }
}

/// In the alphabet's order, without O_LARGEFILE, which 32-bit programs name and others have anyway.
fn flags(text: &str) -> String {
    let mut names: Vec<&str> = text.split('|').map(str::trim).filter(|n| *n != "O_LARGEFILE").collect();
    names.sort_unstable();
    names.join("|")
}

/// Of `EFD_CLOEXEC|EFD_NONBLOCK` or their number: `CLOEXEC|NONBLOCK`. Source: the kernel's asm/fcntl.h.
fn open_flags(text: &str, arch: ArchKind) -> String {
    let Some(mut bits) = number(text) else {
        let mut names: Vec<&str> = text.split('|').map(|n| n.split_once('_').map_or(n, |(_, n)| n)).collect();
        names.sort_unstable();
        return names.join("|");
    };
    let nonblock = if is_mips(arch) { 0x80 } else { 0x800 };
    let mut names = Vec::new();
    for (bit, name) in [(0x8_0000, "CLOEXEC"), (nonblock, "NONBLOCK")] {
        if bits & bit != 0 {
            bits &= !bit;
            names.push(name.to_owned());
        }
    }
    if bits != 0 || names.is_empty() {
        names.push(bits.to_string());
    }
    names.join("|")
}

fn is_mips(arch: ArchKind) -> bool {
    matches!(arch, ArchKind::Mips | ArchKind::Mipsle | ArchKind::Mips64 | ArchKind::Mips64le)
}

fn level(text: &str, arch: ArchKind) -> String {
    let socket = if is_mips(arch) { "65535" } else { "1" };
    match text {
        t if t == socket || t == "0xffff" => "SOL_SOCKET".to_owned(),
        "0" => "SOL_IP".to_owned(),
        "6" => "SOL_TCP".to_owned(),
        "41" => "SOL_IPV6".to_owned(),
        other => other.to_owned(),
    }
}

/// Options of SOL_SOCKET that MIPS numbers otherwise (arch/mips/include/uapi/asm/socket.h), by the usual number.
const MIPS_OPTIONS: &[(&str, &str)] = &[
    ("4", "2"),
    ("8", "9"),
    ("16", "5"),
    ("32", "6"),
    ("128", "13"),
    ("256", "10"),
    ("512", "15"),
    ("4097", "7"),
    ("4098", "8"),
    ("4103", "4"),
    ("4104", "3"),
];

fn option(text: &str, arch: ArchKind) -> String {
    let usual =
        MIPS_OPTIONS.iter().find(|(m, _)| is_mips(arch) && *m == text).map_or(text, |(_, usual)| *usual);
    usual.to_owned()
}

/// By the usual number: MIPS counts some otherwise (arch/mips/include/uapi/asm/resource.h).
fn resource(text: &str, arch: ArchKind) -> String {
    let names = [
        ("RSS", "5", "7"),
        ("NPROC", "6", "8"),
        ("NOFILE", "7", "5"),
        ("MEMLOCK", "8", "9"),
        ("AS", "9", "6"),
        ("CPU", "0", "0"),
        ("FSIZE", "1", "1"),
        ("DATA", "2", "2"),
        ("STACK", "3", "3"),
        ("CORE", "4", "4"),
    ];
    let found = names.iter().find(|(_, usual, mips)| text == if is_mips(arch) { *mips } else { *usual });
    found.map_or_else(|| text.to_owned(), |(name, _, _)| format!("RLIMIT_{name}"))
}

fn family(text: &str) -> String {
    match text.trim_start_matches("PF_").trim_start_matches("AF_") {
        "1" | "LOCAL" => "UNIX",
        "2" => "INET",
        "10" => "INET6",
        "16" => "NETLINK",
        other => other,
    }
    .to_owned()
}

/// What a call returns, as far as it is comparable.
pub(super) fn returned(known: &Known<'_>, args: &[String], text: &str) -> Value {
    // Flags that the machine numbers in its own way.
    let is_flags = known.name == "fcntl" && args.get(1).is_some_and(|a| a.starts_with("F_GETFL"));
    match known.returns {
        Kind::Number | Kind::Mode if !is_flags => number(text).map(|n| n.to_string()),
        _ => None,
    }
}

/// A path without what is random or a process's number: `/tmp/x1470482910` → `/tmp/x#`, `/proc/28449/` → `/proc/#/`.
pub(super) fn path(text: &str) -> String {
    let text = text.trim_end_matches("...");
    let text = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(text);
    // As strace escapes them; an emulator writes them as they are.
    let text = text.replace("\\n", "\n").replace("\\\"", "\"");
    let mut out = String::with_capacity(text.len());
    let mut digits = String::new();
    let proc = text.starts_with("/proc/");
    for c in text.chars().chain(['\0']) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        match digits.len() > 5 || (proc && !digits.is_empty() && out == "/proc/") {
            true => out.push('#'),
            false => out.push_str(&digits),
        }
        digits.clear();
        if c != '\0' {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        let v = |k, t, a| value(k, t, a).unwrap();
        use ArchKind::{Amd64, Arm, Mips64le};
        assert_eq!(v(Kind::Flags, "O_RDONLY|O_LARGEFILE|O_CLOEXEC", Arm), "O_CLOEXEC|O_RDONLY");
        assert_eq!(v(Kind::OpenFlags, "526336", Arm), "CLOEXEC|NONBLOCK");
        assert_eq!(v(Kind::OpenFlags, "524416", Mips64le), "CLOEXEC|NONBLOCK");
        assert_eq!(v(Kind::OpenFlags, "EFD_CLOEXEC|EFD_NONBLOCK", Amd64), "CLOEXEC|NONBLOCK");
        assert_eq!(v(Kind::OpenFlags, "0", Amd64), "0");
        assert_eq!(
            (v(Kind::Level, "1", Arm), v(Kind::Level, "65535", Mips64le)),
            ("SOL_SOCKET".into(), "SOL_SOCKET".into())
        );
        assert_eq!((v(Kind::Option, "2", Arm), v(Kind::Option, "4", Mips64le)), ("2".into(), "2".into()));
        assert_eq!(
            (v(Kind::Family, "10", Arm), v(Kind::Family, "AF_INET6", Amd64)),
            ("INET6".into(), "INET6".into())
        );
        assert_eq!(
            (v(Kind::Mode, "0600", Arm), v(Kind::Number, "0x180", Amd64)),
            ("384".into(), "384".into())
        );
    }

    #[test]
    fn a_number_does_not_contradict_a_name() {
        let s = |t: &str| Some(t.to_owned());
        assert!(agree(&s("SO_REUSEADDR"), &s("2")) && agree(&None, &s("2")) && agree(&s("2"), &s("2")));
        assert!(!agree(&s("2"), &s("4")) && !agree(&s("A"), &s("B")));
    }

    #[test]
    fn paths() {
        assert_eq!(path("\"/tmp/x1470482910y\""), "/tmp/x#y");
        assert_eq!(path("\"/proc/28449/maps\""), "/proc/#/maps");
        assert_eq!(path("\"/etc/v2/1234\""), "/etc/v2/1234");
    }
}
