//! The real spawner with real programs.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "the functions that tests share are not marked as tests")]

use goferry_proc::{
    Cancel, CommandSpec, Env, Finished, Host, Limits, OutputMode, SpawnError, Spawner, Status, Stdin, Stream,
};
use std::sync::Mutex;
use std::time::{Duration, Instant};

fn sh(script: &str) -> CommandSpec {
    CommandSpec::new("test", "sh").args(["-c", script])
}

fn run(spec: &CommandSpec) -> Finished {
    Host::new(Cancel::new()).run(spec).unwrap()
}

#[test]
fn status_output_and_memory() {
    let ran = run(&sh("echo out; echo err >&2; exit 3"));
    assert_eq!(
        (ran.status, ran.stdout_text().as_str(), ran.stderr_text().as_str()),
        (Status::Exited(3), "out\n", "err\n")
    );
    assert!(ran.max_rss_bytes.unwrap() > 100_000);
    let ran = run(&sh("kill -9 $$"));
    assert!(ran.killed_from_outside());
    assert_eq!(ran.status.shell_code(), 137);
}

#[test]
fn environment_and_directory() {
    let dir = tempfile::tempdir().unwrap();
    let path = ("PATH".to_owned(), "/usr/bin:/bin".to_owned());
    let ran =
        run(&CommandSpec::new("test", "env").env(Env::Exactly(vec![path])).set("A", "1").cwd(dir.path()));
    assert_eq!(ran.stdout_text(), "A=1\nPATH=/usr/bin:/bin\n");
    let ran = run(&sh("pwd -P").cwd(dir.path()));
    assert_eq!(ran.stdout_text().trim(), dir.path().canonicalize().unwrap().to_str().unwrap());
    let ran = run(&sh("echo ${HOME-none} $X")
        .env(Env::Inherit { set: vec![("X".into(), "y".into())], remove: vec!["HOME".into()] }));
    assert_eq!(ran.stdout_text(), "none y\n");
}

#[test]
fn big_input_and_output_at_once() {
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|i| i.to_le_bytes()[1]).collect();
    let mut spec = CommandSpec::new("test", "cat");
    spec.stdin = Stdin::Bytes(bytes.clone());
    assert!(run(&spec).stdout == bytes);
    spec.output = OutputMode::Capture { max_bytes: 10 };
    let ran = run(&spec);
    assert_eq!((ran.stdout.len(), ran.truncated), (10, true));
    // One that does not read is no error.
    spec.program = "true".into();
    assert!(run(&spec).status.success());
}

#[test]
fn lines_as_they_come() {
    let seen = Mutex::new(Vec::new());
    let on_line = |s: Stream, l: &str| seen.lock().unwrap().push((s, l.to_owned(), Instant::now()));
    let ran = Host::new(Cancel::new()).run_lines(&sh("echo one; sleep 0.3; printf two"), &on_line).unwrap();
    let seen = seen.into_inner().unwrap();
    assert_eq!(seen.iter().map(|s| s.1.as_str()).collect::<Vec<_>>(), ["one", "two"]);
    assert!(seen[1].2 - seen[0].2 > Duration::from_millis(100));
    assert_eq!(ran.stdout_text(), "one\ntwo");
}

#[test]
fn a_daemon_that_keeps_the_pipe_does_not_hold_us() {
    let began = Instant::now();
    let ran = run(&sh("sleep 30 & echo done"));
    assert_eq!((ran.status, ran.stdout_text().as_str(), ran.truncated), (Status::Exited(0), "done\n", true));
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[test]
fn the_limit_of_time_kills_the_group() {
    for script in ["sleep 300 & sleep 300", "trap '' TERM; sleep 300", "yes"] {
        let began = Instant::now();
        let mut spec = sh(script).limits(Limits::wall(Duration::from_millis(200)));
        spec.output = OutputMode::Capture { max_bytes: 1000 };
        assert_eq!(run(&spec).status, Status::TimedOut, "{script}");
        assert!(began.elapsed() < Duration::from_secs(10));
    }
}

#[test]
fn an_interrupt_ends_everything_and_nothing_starts_after_it() {
    let cancel = Cancel::new();
    let host = Host::new(cancel.clone());
    let waiting: Vec<_> = ["sleep 300", "trap '' TERM; while :; do sleep 1; done"]
        .into_iter()
        .map(|script| {
            let host = host.clone();
            std::thread::spawn(move || host.run(&sh(script)))
        })
        .collect();
    std::thread::sleep(Duration::from_millis(200));
    cancel.cancel();
    for thread in waiting {
        assert!(matches!(thread.join().unwrap(), Err(SpawnError::Cancelled { .. })));
    }
    assert!(matches!(host.run(&sh("true")), Err(SpawnError::Cancelled { .. })));
}

#[test]
fn what_cannot_be_started() {
    let dir = tempfile::tempdir().unwrap();
    let host = Host::new(Cancel::new());
    let fails = |program: &str| host.run(&CommandSpec::new("test", program).cwd(dir.path())).unwrap_err();
    assert!(matches!(fails("goferry-no-such-program"), SpawnError::NotFound { .. }));
    std::fs::write(dir.path().join("text"), "hello").unwrap();
    assert!(matches!(fails("./text"), SpawnError::NotExecutable { .. }));
    let spec = CommandSpec::new("test", "true").cwd(dir.path().join("absent"));
    assert!(matches!(host.run(&spec), Err(SpawnError::NoDirectory { .. })));
    // Only the command's own PATH counts.
    let spec = CommandSpec::new("test", "true").env(Env::Exactly(vec![("PATH".into(), "/nowhere".into())]));
    assert!(matches!(host.run(&spec), Err(SpawnError::NotFound { .. })));
}
