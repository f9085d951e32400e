//! Recorded traces of several architectures, and the same damaged.
#![expect(clippy::unwrap_used, reason = "the functions that tests share are not marked as tests")]

use goferry_emulate::trace::{Difference, Event, Log, Side, What, compare, read_qemu, read_strace, summary};
use goferry_target::ArchKind;
use proptest::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// What was recorded, and of which architecture.
const RECORDED: [(&str, ArchKind); 9] = [
    ("qemu7-arm64", ArchKind::Arm64),
    ("qemu7-mips64le", ArchKind::Mips64le),
    ("qemu7-s390x", ArchKind::S390x),
    ("qemu7-riscv64", ArchKind::Riscv64),
    ("qemu7-arm", ArchKind::Arm),
    ("qemu10-arm64", ArchKind::Arm64),
    ("qemu10-mips64le", ArchKind::Mips64le),
    ("shared-arm64", ArchKind::Arm64),
    ("strace-amd64", ArchKind::Amd64),
];

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/traces").join(name)
}

fn logs(name: &str) -> Vec<Log> {
    let mut out: Vec<Log> = std::fs::read_dir(folder(name))
        .unwrap()
        .map(|e| e.unwrap().path())
        .map(|p| Log {
            thread: p.file_stem().unwrap().to_str().unwrap().parse().ok(),
            text: String::from_utf8_lossy(&std::fs::read(&p).unwrap()).into_owned(),
        })
        .collect();
    out.sort_by_key(|l| l.thread);
    out
}

fn read(name: &str, arch: ArchKind) -> Vec<Event> {
    let logs = logs(name);
    if name.starts_with("strace") { read_strace(&logs[0].text) } else { read_qemu(&logs, arch) }
}

fn position(events: &[Event], what: &str) -> usize {
    let found = events.iter().position(|e| e.raw.contains(what));
    found.unwrap_or_else(|| panic!("no {what}"))
}

/// The program's own steps are found in the order in which it made them, whichever threads did.
#[test]
fn every_recorded_trace_is_understood() {
    for (name, arch) in RECORDED {
        let events = read(name, arch);
        let calls = events.iter().filter(|e| e.call().is_some()).count();
        let strange: Vec<&Event> = events.iter().filter(|e| e.what == What::Other).collect();
        assert!(calls > 200 && strange.is_empty(), "{name}: {calls} calls, {strange:?}");
        let steps =
            ["/etc/hostname", "/no/such", "bind(", "/tmp/x", "unlink", "kill(", "/bin/true", "exit_group(3)"];
        let places = steps.map(|s| {
            let upper = events.iter().position(|e| e.raw.contains(&s.to_uppercase()));
            events
                .iter()
                .position(|e| e.raw.contains(s))
                .or(upper)
                .unwrap_or_else(|| panic!("{name}: no {s}"))
        });
        assert!(places.is_sorted(), "{name}: {places:?}");
        let missing = events[places[1]].call().unwrap();
        assert_eq!(
            (missing.error(), missing.args.len()),
            (Some("ENOENT"), if missing.name == "open" { 2 } else { 3 }),
            "{name}"
        );
        let signals =
            events.iter().filter(|e| matches!(&e.what, What::Signal { name, .. } if name == "SIGURG"));
        assert!(signals.count() > 0, "{name}");
    }
}

#[test]
fn threads_are_told_apart() {
    for (name, arch) in RECORDED.into_iter().filter(|(n, _)| n.starts_with("qemu")) {
        let events = read(name, arch);
        for thread in logs(name).iter().filter_map(|l| l.thread) {
            let first = events.iter().find(|e| e.thread == thread).unwrap();
            let made = events.iter().any(|e| {
                e.call().is_some_and(|c| c.name == "clone" && c.returned() == Some(&thread.to_string()))
            });
            // A thread begins with asking for its number (runtime·minit), and after the call that made it.
            let begins = first.call().unwrap();
            assert!(!made || begins.returned() == Some(&thread.to_string()), "{name}: {first:?}");
        }
        // The child of the fork is a process of its own, in its parent's file.
        let child = &events[position(&events, "execve(\"/bin/true\"")];
        assert!(logs(name).iter().all(|l| l.thread != Some(child.thread)), "{name}");
        let fork = events.iter().find(|e| {
            e.call().is_some_and(|c| c.name == "clone" && c.returned() == Some(&child.thread.to_string()))
        });
        assert!(fork.is_some(), "{name}: the fork returned {} nowhere", child.thread);
    }
}

#[test]
fn the_same_program_is_the_same_everywhere() {
    let left = read("qemu7-arm64", ArchKind::Arm64);
    for (name, arch) in RECORDED.into_iter().filter(|(n, _)| n.starts_with("qemu")) {
        let found = compare((&left, ArchKind::Arm64), (&read(name, arch), arch));
        assert!(found.compared > 60, "{name}: {}", found.compared);
        assert_eq!(found.differences, [], "{name}");
    }
}

/// Against strace the differences are real: what the kernel can and the emulator cannot.
#[test]
fn what_the_emulator_cannot() {
    let (left, right) = (read("qemu7-arm64", ArchKind::Arm64), read("strace-amd64", ArchKind::Amd64));
    let found = compare((&left, ArchKind::Arm64), (&right, ArchKind::Amd64));
    let pidfd = found.differences.iter().any(|d| {
        matches!(d, Difference::Fails { on: Side::Left, call, error, .. } if call == "clone" && error == "EINVAL")
    });
    assert!(pidfd, "{:#?}", found.differences);
    // Nothing of what both do: files, sockets, names.
    for about in ["/etc/hostname", "/no/such\"file\n", "socket INET", "/tmp", "/tmp/x#", "standard error"] {
        let wrong = found.differences.iter().find(|d| match d {
            Difference::Differs { about: a, .. } | Difference::Only { about: a, .. } => a == about,
            _ => false,
        });
        assert_eq!(wrong, None);
    }
}

#[test]
fn a_changed_flag_size_or_error_is_found() {
    let original = logs("qemu7-s390x");
    let left = read_qemu(&original, ArchKind::S390x);
    let changed = |from: &str, to: &str| {
        let mut logs = original.clone();
        assert!(logs.iter().any(|l| l.text.contains(from)), "no {from}");
        logs.iter_mut().for_each(|l| l.text = l.text.replacen(from, to, 1));
        let right = read_qemu(&logs, ArchKind::S390x);
        compare((&left, ArchKind::S390x), (&right, ArchKind::S390x)).differences
    };
    let what = |found: &[Difference]| match found {
        [Difference::Differs { what, about, .. }] => format!("{about}: {what}"),
        other => panic!("{other:#?}"),
    };
    assert_eq!(
        what(&changed("O_RDWR|O_CREAT|O_EXCL|O_CLOEXEC,", "O_RDWR|O_CREAT|O_CLOEXEC,")),
        "/tmp/x#: flags"
    );
    let (from, to) = ("inet_addr(\"127.0.0.1\")}, 16,)", "inet_addr(\"127.0.0.1\")}, 28,)");
    assert_eq!(what(&changed(from, to)), "socket INET: size or count");
    let found = changed("LISTEN(7,4096) = 0", "LISTEN(7,4096) = -1 errno=38 (Function not implemented)");
    assert_eq!(what(&found), "socket INET: error");
    let found = changed("sigaltstack((nil),", "Unknown syscall 9999\n7 sigaltstack((nil),");
    assert!(
        matches!(&found[..], [Difference::Setup { on: Side::Right, call }] if call == "syscall_9999"),
        "{found:#?}"
    );
}

#[test]
fn counts() {
    let events = read("strace-amd64", ArchKind::Amd64);
    let counts = summary(&events);
    assert!(counts.is_sorted_by_key(|c| std::cmp::Reverse(c.calls)));
    let total: u64 = counts.iter().map(|c| c.calls).sum();
    assert_eq!(total, events.iter().filter(|e| e.call().is_some()).count() as u64);
    let openat = counts.iter().find(|c| c.call == "openat").unwrap();
    assert_eq!(openat.errors.get("ENOENT"), Some(&openat.failed));
}

fn texts() -> &'static Vec<(String, bool, ArchKind)> {
    static TEXTS: OnceLock<Vec<(String, bool, ArchKind)>> = OnceLock::new();
    TEXTS.get_or_init(|| {
        let all = RECORDED.into_iter().flat_map(|(name, arch)| {
            logs(name)
                .into_iter()
                .map(move |l| (l.text.chars().take(30_000).collect(), name.starts_with("strace"), arch))
        });
        all.collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    /// Cut off, with pieces removed, doubled and replaced: an answer, and the same again.
    #[test]
    fn damaged_traces(
        which in any::<prop::sample::Index>(),
        shared in any::<bool>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0usize..40, "[\\PC\n\"()=,{} 0-9]{0,12}"), 0..12),
        end in any::<prop::sample::Index>(),
    ) {
        let (text, strace, arch) = which.get(texts());
        let mut chars: Vec<char> = text.chars().collect();
        for (at, remove, insert) in &edits {
            let at = at.index(chars.len() + 1);
            let to = (at + remove).min(chars.len());
            chars.splice(at..to, insert.chars());
        }
        chars.truncate(end.index(chars.len() + 1));
        let text: String = chars.into_iter().collect();
        let read = || match strace {
            true => read_strace(&text),
            false => read_qemu(&[Log { thread: (!shared).then_some(7), text: text.clone() }], *arch),
        };
        let events = read();
        prop_assert_eq!(&events, &read());
        prop_assert!(events.iter().map(|e| e.raw.len()).sum::<usize>() <= 2 * text.len() + 64);
        // Against itself nothing differs.
        prop_assert_eq!(compare((&events, *arch), (&events, *arch)).differences, vec![]);
    }
}
