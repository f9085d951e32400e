//! The sandbox with real programs: as whoever runs the tests, as an ordinary user, and where namespaces are refused.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "the functions that tests share are not marked as tests")]

use goferry_proc::sandbox::{Isolation, SandboxRun, SandboxSpec, run};
use goferry_proc::{Cancel, CommandSpec, Env, Host, SpawnError, Spawner, Status, Stdin};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Says which isolation the tests must find when they start themselves as another user.
const EXPECT: &str = "GOFERRY_TEST_ISOLATION";

fn helper() -> PathBuf {
    std::env::var_os("GOFERRY_TEST_HELPER")
        .map_or(env!("CARGO_BIN_EXE_goferry-sandbox-probe").into(), Into::into)
}

fn sh(script: &str) -> SandboxSpec {
    SandboxSpec {
        args: vec!["-c".into(), script.into()],
        env: vec![("PATH".into(), "/usr/bin:/bin".into())],
        helper: Some(helper()),
        ..SandboxSpec::new("test", "/bin/sh")
    }
}

fn go(spec: &SandboxSpec) -> SandboxRun {
    let ran = run(spec, &Host::new(Cancel::new())).unwrap();
    match std::env::var(EXPECT).as_deref() {
        Ok("namespaces") => assert_eq!(ran.isolation, Isolation::Namespaces),
        Ok("none") => assert_ne!(ran.isolation, Isolation::Namespaces),
        _ => {}
    }
    ran
}

fn says(script: &str) -> (String, bool) {
    let ran = go(&sh(script));
    assert_eq!(ran.finished.status, Status::Exited(0), "{script}: {}", ran.finished.stderr_text());
    (ran.finished.stdout_text(), ran.isolation == Isolation::Namespaces)
}

#[test]
fn the_user_is_still_the_caller() {
    let own = Host::new(Cancel::new()).run(&CommandSpec::new("test", "id").arg("-u")).unwrap().stdout_text();
    assert_eq!(says("id -u").0, own);
}

#[test]
fn no_privileges_are_left() {
    let (status, isolated) = says("cat /proc/self/status");
    assert!(status.contains("NoNewPrivs:\t1"));
    if isolated {
        for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
            assert!(status.contains(&format!("{set}:\t0000000000000000")), "{set}: {status}");
        }
    }
}

#[test]
fn directories_are_empty_and_the_only_ones_to_write_to() {
    let (out, isolated) = says(
        "ls -A; ls -A $HOME; ls -A $TMPDIR; echo x >here && echo x >$HOME/x && echo x >$TMPDIR/x && echo written; \
         for d in / /tmp /usr /dev/shm /var/tmp; do touch $d/goferry-x 2>/dev/null && rm $d/goferry-x && echo bad $d; done; true",
    );
    let first = out.lines().next();
    assert_eq!(first, Some("written"));
    if isolated {
        assert_eq!(out, "written\n");
    }
}

#[test]
fn the_network_is_the_loopback() {
    let (out, isolated) = says(
        "cat /proc/net/dev | tail -n +3 | cut -d: -f1; cat /sys/class/net/lo/operstate >/dev/null; cat /proc/net/fib_trie",
    );
    if isolated {
        assert_eq!(out.lines().next().map(str::trim), Some("lo"));
        assert!(out.contains("127.0.0.1"), "the loopback is up: {out}");
        assert!(!out.contains("0.0.0.0/0\n"), "{out}");
    }
}

#[test]
fn the_environment_is_exact() {
    let mut spec = SandboxSpec { helper: Some(helper()), ..SandboxSpec::new("test", "/usr/bin/env") };
    spec.env = vec![("ONE".into(), "1 2".into()), ("HOME".into(), "/root".into())];
    let out = go(&spec).finished.stdout_text();
    let mut names: Vec<&str> = out.lines().filter_map(|l| l.split('=').next()).collect();
    names.sort_unstable();
    assert_eq!(names, ["HOME", "ONE", "TMPDIR"]);
    assert!(out.contains("ONE=1 2\n") && !out.contains("HOME=/root\n"));
}

#[test]
fn exits_and_signals_pass_through() {
    for code in [0, 3, 125, 143, 255] {
        assert_eq!(go(&sh(&format!("exit {code}"))).finished.status, Status::Exited(code));
    }
    for signal in [6, 9, 11, 15] {
        assert_eq!(go(&sh(&format!("kill -{signal} $$"))).finished.status, Status::Signaled(signal));
    }
}

#[test]
fn standard_input_reaches_the_program() {
    let spec = SandboxSpec { stdin: Stdin::Bytes(b"hello\n".to_vec()), ..sh("cat; echo to stderr >&2") };
    let ran = go(&spec).finished;
    assert_eq!((ran.stdout_text().as_str(), ran.stderr_text().as_str()), ("hello\n", "to stderr\n"));
}

#[test]
fn programs_that_cannot_be_executed() {
    let dir = tempfile::tempdir().unwrap();
    open_to_all(dir.path());
    let script = dir.path().join("lost");
    std::fs::write(&script, "#!/no/such/interpreter\n").unwrap();
    let try_it = |program: &Path| {
        let spec = SandboxSpec { helper: Some(helper()), ..SandboxSpec::new("test", program) };
        run(&spec, &Host::new(Cancel::new())).unwrap_err()
    };
    assert!(matches!(try_it(&script), SpawnError::NotExecutable { .. }));
    open_to_all(&script);
    assert!(matches!(try_it(&script), SpawnError::NotExecutable { why, .. } if why.contains("interpreter")));
    assert!(matches!(try_it(&dir.path().join("absent")), SpawnError::NotFound { .. }));
}

#[test]
fn nothing_outlives_the_limit_of_time() {
    // A number of seconds that no other process of this machine sleeps.
    let mark = format!("1000.{}", std::process::id());
    let mut spec = sh(&format!("for i in 1 2 3 4; do (sleep {mark} & sleep {mark}) & done; sleep {mark}"));
    spec.limits.wall = Some(Duration::from_millis(300));
    let began = Instant::now();
    let ran = go(&spec);
    assert_eq!(ran.finished.status, Status::TimedOut);
    assert!(began.elapsed() < Duration::from_secs(20));
    assert!(gone(&mark), "sleepers are left");
}

#[test]
fn nothing_outlives_the_program_or_an_interrupt() {
    let mark = format!("2000.{}", std::process::id());
    let ran = go(&sh(&format!("sleep {mark} & sleep {mark} & exit 0")));
    assert_eq!(ran.finished.status, Status::Exited(0));
    assert!(gone(&mark), "sleepers are left");

    let cancel = Cancel::new();
    let host = Host::new(cancel.clone());
    let spec = sh(&format!("sleep {mark} & sleep {mark}"));
    let waiting = std::thread::spawn(move || run(&spec, &host));
    std::thread::sleep(Duration::from_millis(200));
    cancel.cancel();
    assert!(matches!(waiting.join().unwrap(), Err(SpawnError::Cancelled { .. })));
    assert!(gone(&mark), "sleepers are left");
}

/// Whether no process with this in its command line is left; killed ones may take a moment to vanish.
fn gone(mark: &str) -> bool {
    let there = || {
        std::fs::read_dir("/proc").unwrap().flatten().any(|p| {
            let line = std::fs::read(p.path().join("cmdline")).unwrap_or_default();
            line.starts_with(b"sleep") && String::from_utf8_lossy(&line).contains(mark)
        })
    };
    (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        !there()
    })
}

#[test]
fn memory_is_limited() {
    let mut spec = sh("head -c 400000000 /dev/zero | tail -n 1 | wc -c");
    assert_eq!(go(&spec).finished.stdout_text().trim(), "400000000");
    spec.limits.memory_bytes = Some(64 << 20);
    let ran = go(&spec).finished;
    assert_ne!(ran.stdout_text().trim(), "400000000", "tail kept it all: {ran:?}");
}

#[test]
fn output_is_cut_at_the_limit() {
    let spec = SandboxSpec { max_output: 1000, ..sh("echo first; head -c 5000000 /dev/zero; echo last") };
    let ran = go(&spec).finished;
    assert_eq!((ran.stdout.len(), ran.truncated), (1000, true));
    assert!(ran.stdout.starts_with(b"first\n") && ran.stdout.ends_with(b"last\n"));
}

#[test]
fn many_at_once() {
    let threads: Vec<_> = (0..8)
        .map(|i| {
            std::thread::spawn(move || {
                says(&format!("echo {i} >f; sleep 0.05; cat f; ls")).0 == format!("{i}\nf\n")
            })
        })
        .collect();
    assert!(threads.into_iter().all(|t| t.join().unwrap()));
}

fn open_to_all(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
}

/// Runs all tests above again, from a place that everybody can read, behind another command.
fn again(behind: &[&str], expect: &str) {
    let dir = tempfile::Builder::new().tempdir_in("/tmp").unwrap();
    open_to_all(dir.path());
    let (tests, probe) = (dir.path().join("tests"), dir.path().join("probe"));
    std::fs::copy(std::env::current_exe().unwrap(), &tests).unwrap();
    std::fs::copy(helper(), &probe).unwrap();
    let argv = behind.iter().map(|a| a.replace("{}", &tests.to_string_lossy()));
    let mut argv = argv.collect::<Vec<_>>();
    let spec = CommandSpec::new("tests as another user", argv.remove(0))
        .args(argv)
        .env(Env::Exactly(vec![("PATH".into(), "/usr/bin:/bin:/usr/sbin:/sbin".into())]))
        .set("GOFERRY_TEST_HELPER", probe.to_string_lossy())
        .set(EXPECT, expect)
        .cwd("/");
    let ran = Host::new(Cancel::new()).run(&spec).unwrap();
    assert!(ran.status.success(), "{}\n{}", ran.stdout_text(), ran.stderr_text());
    assert!(ran.stdout_text().contains("test result: ok"));
}

#[test]
fn again_where_namespaces_are_refused() {
    if std::env::var_os(EXPECT).is_none() {
        let refuse = "echo 0 >/proc/sys/user/max_user_namespaces; exec {} --skip again";
        again(&["unshare", "-Ur", "sh", "-c", refuse], "none");
        again(&["env", "GOFERRY_NO_NAMESPACES=1", "{}", "--skip", "again"], "none");
    }
}

#[test]
fn again_as_an_ordinary_user() {
    let root = std::fs::metadata("/proc/self").is_ok_and(|m| std::os::unix::fs::MetadataExt::uid(&m) == 0);
    if root && std::env::var_os(EXPECT).is_none() {
        let granted = go(&sh("true")).isolation == Isolation::Namespaces;
        let expect = if granted { "namespaces" } else { "none" };
        again(
            &["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "{}", "--skip", "again"],
            expect,
        );
    }
}
