//! Streams, status, signals, limits and what a program sees.

use crate::machine::{in_both_worlds, machine, output, processes_with, text};
use crate::support::ran;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::Stdio;
use std::time::{Duration, Instant};

fn pid_of(child: &std::process::Child) -> nix::unistd::Pid {
    nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap())
}

/// Waits for something that another process does; fails after ten seconds.
fn until(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(10);
    while !done() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn status_name_and_streams_are_the_programs_own() {
    let program = machine().program("arm64");
    in_both_worlds(|goferry, _| {
        for (args, status) in [
            (&["exit", "0"][..], 0),
            (&["exit", "7"], 7),
            (&["exit", "124"], 124),
            (&["die", "9"], 137),
            (&["die", "15"], 143),
        ] {
            let r = output(goferry(&[&["exec", text(&program)], args].concat()));
            assert_eq!(r.status, status, "{args:?}: {}", r.stderr);
            assert_eq!(r.stdout, format!("arm64 {}\n", args.join(" ")));
        }
        // As the caller wrote it, and not where it was found.
        let r = output(goferry(&["exec", "./guest-arm64", "name", "--network", "-x"]));
        assert_eq!(r.stdout, "arm64 name --network -x\nname ./guest-arm64\n", "{}", r.stderr);
        let mut c = goferry(&["exec", "--", text(&program), "cat"]);
        let mut child = c.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(b"one\ntwo\n").unwrap();
        assert_eq!(ran(&child.wait_with_output().unwrap()).stdout, "arm64 cat\none\ntwo\n");
    });
}

#[test]
fn signals_reach_the_program() {
    use nix::sys::signal::Signal;
    for arch in ["arm64", "amd64"] {
        let program = machine().program(arch);
        in_both_worlds(|goferry, _| {
            for (signal, name) in [
                (Signal::SIGTERM, "terminated"),
                (Signal::SIGINT, "interrupt"),
                (Signal::SIGUSR1, "user defined signal 1"),
                (Signal::SIGQUIT, "quit"),
            ] {
                let mut c = goferry(&["exec", text(&program), "wait"]);
                let mut child = c.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
                let pid = pid_of(&child);
                let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines().map(Result::unwrap);
                assert_eq!(
                    (lines.next(), lines.next()),
                    (Some(format!("{arch} wait")), Some("ready".into()))
                );
                nix::sys::signal::kill(pid, signal).unwrap();
                assert_eq!(lines.next(), Some(format!("got {name}")));
                drop(lines);
                assert_eq!(ran(&child.wait_with_output().unwrap()).status, 9);
            }
        });
    }
}

/// The program is in the group that a terminal, a shell or timeout(1) sends to, and goferry too.
#[test]
fn a_signal_to_the_whole_group_reaches_the_program_once() {
    use nix::sys::signal::{Signal, kill, killpg};
    use std::os::unix::process::CommandExt;
    const TIMES: usize = 5;
    for arch in ["arm64", "amd64"] {
        let program = machine().program(arch);
        in_both_worlds(|goferry, _| {
            let mut c = goferry(&["exec", text(&program), "count"]);
            let mut child = c.process_group(0).stdout(Stdio::piped()).spawn().unwrap();
            let pid = pid_of(&child);
            let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines().map(Result::unwrap);
            assert_eq!((lines.next(), lines.next()), (Some(format!("{arch} count")), Some("ready".into())));
            let mut came = 0;
            for _ in 0..TIMES {
                killpg(pid, Signal::SIGUSR1).unwrap();
                assert_eq!(lines.next().as_deref(), Some("got user defined signal 1"));
                came += 1;
            }
            // What is sent to goferry alone is passed on, and takes the way that a second one would have taken.
            kill(pid, Signal::SIGTERM).unwrap();
            let rest: Vec<String> = lines.collect();
            came += rest.iter().filter(|l| l.contains("user defined")).count();
            assert_eq!((came, rest.last().map(String::as_str)), (TIMES, Some("got terminated")));
            assert_eq!(child.wait().unwrap().code(), Some(9));
        });
    }
}

/// The kernel lets whoever has root's number write there, capabilities or not.
#[test]
fn settings_of_the_host_are_read_only() {
    if std::env::var_os("GOFERRY_NO_NAMESPACES").is_some() {
        return;
    }
    let m = machine();
    let program = m.program("amd64");
    for file in
        ["/sys/kernel/profiling", "/sys/kernel/mm/transparent_hugepage/enabled", "/proc/sys/kernel/hostname"]
            .into_iter()
            .filter(|f| std::path::Path::new(f).exists())
    {
        let r = output(m.goferry(&["exec", text(&program), "write", file]));
        let root = nix::unistd::geteuid().is_root();
        let why = if root { "read-only file system" } else { "" };
        assert!(r.stdout.contains(why) && !r.stdout.contains("opened <nil>"), "{file}: {}", r.stdout);
    }
}

#[test]
fn nothing_is_left_when_goferry_is_killed_or_the_program_leaves_something() {
    let program = machine().program("amd64");
    in_both_worlds(|goferry, isolated| {
        let mark = format!("killed-{}-{isolated}", std::process::id());
        let mut child =
            goferry(&["exec", text(&program), "sleep", &mark]).stdout(Stdio::null()).spawn().unwrap();
        // The helpers carry the program's arguments too; the program itself is the last to come.
        until("the program starts", || processes_with(&mark) >= if isolated { 4 } else { 2 });
        child.kill().unwrap();
        child.wait().unwrap();
        until("a process is left after kill -9", || processes_with(&mark) == 0);
        let mark = format!("left-{}-{isolated}", std::process::id());
        let r = output(goferry(&["exec", text(&program), "leave", &mark]));
        assert_eq!((r.status, r.stdout), (0, format!("amd64 leave {mark}\nleft <nil>\n")));
        assert_eq!(processes_with(&mark), 0, "a process is left");
    });
}

#[test]
fn limits_end_what_does_not_end() {
    let program = machine().program("amd64");
    in_both_worlds(|goferry, isolated| {
        let r = output(goferry(&["exec", "--time-limit=300ms", text(&program), "spin"]));
        assert_eq!(r.status, 124, "{}", r.stderr);
        assert!(r.stderr.contains("was ended: it ran longer than 0.3 s"), "{}", r.stderr);
        let r = output(goferry(&["exec", "--time-limit=50ms", text(&program), "spin"]));
        assert!(r.stderr.contains("was ended: it ran longer than 50 ms"), "{}", r.stderr);
        let r = output(goferry(&["exec", "--memory-limit=300M", text(&program), "hog"]));
        assert_ne!(r.status, 0);
        assert!(!r.stdout.contains("hogged") && r.stderr.contains("out of memory"), "{}", r.stderr);
        // Not more than a hundred processes of a few threads each, which sleep.
        let mark = format!("crowd-{}-{isolated}", std::process::id());
        let limits = ["--process-limit=150", "--time-limit=5s"];
        let began = Instant::now();
        let r = output(goferry(&[&["exec"], &limits[..], &[text(&program), "crowd", "100", &mark]].concat()));
        // A pid namespace refuses more than 300 and the clock ends the rest; else the counting does.
        assert!(r.stderr.contains("was ended: it "), "{} {}", r.status, r.stderr);
        assert!(r.status == 124 || r.status == 137, "{}", r.status);
        assert!(began.elapsed() < Duration::from_secs(30));
        assert_eq!(processes_with(&mark), 0, "a process is left");
    });
}

#[test]
fn a_program_sees_its_own_loopback_and_nothing_else_unless_told() {
    if std::env::var_os("GOFERRY_NO_NAMESPACES").is_some() {
        return;
    }
    let m = machine();
    let program = m.program("arm64");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let r = output(m.goferry(&["exec", text(&program), "dial", &address]));
    assert!(r.stdout.ends_with("dial false\n"), "{} {}", r.stdout, r.stderr);
    let r = output(m.goferry(&["exec", text(&program), "serve"]));
    assert!(r.stdout.ends_with("serve <nil>\n"), "{} {}", r.stdout, r.stderr);
    let r = output(m.goferry(&["exec", "--network", text(&program), "dial", &address]));
    assert!(r.stdout.ends_with("dial true\n"), "{} {}", r.stdout, r.stderr);
}

#[test]
fn the_user_is_kept_and_has_no_privileges_and_folders_of_its_own() {
    let m = machine();
    let program = m.program("arm64");
    in_both_worlds(|goferry, isolated| {
        let r = output(goferry(&["exec", text(&program), "who"]));
        assert!(r.stdout.contains(&format!("uid {} home 0 <nil> ", nix::unistd::geteuid())), "{}", r.stdout);
        let tmp = r.stdout.lines().nth(1).unwrap().split(' ').next_back().unwrap();
        assert!(!std::path::Path::new(tmp).exists(), "{tmp} is left");
        assert!(r.stdout.contains("NoNewPrivs:\t1"), "{}", r.stdout);
        if isolated {
            for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
                assert!(r.stdout.contains(&format!("{set}:\t0000000000000000")), "{set}: {}", r.stdout);
            }
        }
        let mut c = goferry(&["exec", "--bind", text(&program), "who"]);
        let r = output({
            c.env("HOME", &m.root).env("TMPDIR", "/var/tmp");
            c
        });
        assert!(r.stdout.contains(" <nil> /var/tmp\n") && !r.stdout.contains(" home 0 "), "{}", r.stdout);
    });
}

/// Names are bytes, and a configuration that only a release needs is none of a program's business.
#[test]
fn any_name_runs_whatever_goreleaser_is_told() {
    use std::os::unix::ffi::OsStrExt;
    let dir = tempfile::tempdir().unwrap();
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9");
    for arch in ["amd64", "arm64"] {
        std::fs::copy(machine().program(arch), dir.path().join(name)).unwrap();
        std::fs::write(dir.path().join(".goreleaser.yaml"), "builds: [\n").unwrap();
        in_both_worlds(|goferry, _| {
            let mut c = goferry(&["exec", "--"]);
            let mut path = std::ffi::OsString::from("./");
            path.push(name);
            let r = output({
                c.arg(path).args(["exit", "4"]).current_dir(dir.path());
                c
            });
            assert_eq!((r.status, r.stdout), (4, format!("{arch} exit 4\n")), "{}", r.stderr);
        });
    }
}

/// What the caller says of qemu's processor counts.
#[test]
fn the_callers_processor_is_kept() {
    let program = machine().program("arm64");
    for (chosen, lse) in [(None, false), (Some("max"), true)] {
        let mut c = machine().goferry(&["exec", text(&program), "features"]);
        c.env_remove("QEMU_CPU").envs(chosen.map(|name| ("QEMU_CPU", name)));
        let r = output(c);
        assert_eq!(r.stdout, format!("arm64 features\natomics {lse}\n"), "{chosen:?} {}", r.stderr);
    }
}

#[test]
fn what_cannot_be_run_is_said_with_a_status_of_its_own() {
    let m = machine();
    let r = output(m.goferry(&["exec", "./missing"]));
    assert_eq!(r.status, 127, "{}", r.stderr);
    assert!(r.stderr.contains("error[main-missing]") && r.stderr.contains("missing"), "{}", r.stderr);
    let r = output(m.goferry(&["exec", "./main.go"]));
    assert_eq!(r.status, 126, "{}", r.stderr);
    assert!(r.stderr.contains("error[not-a-binary]"), "{}", r.stderr);
    let program = m.program("arm64");
    let r = output(m.goferry(&["exec", "--target=linux/riscv64", text(&program)]));
    assert_eq!(r.status, 126, "{}", r.stderr);
    assert!(r.stderr.contains("is for linux/arm64, not for linux/riscv64"), "{}", r.stderr);
    let r = output(m.goferry(&["exec", "--runner={", text(&program)]));
    assert_eq!(r.status, 125, "{}", r.stderr);
}
