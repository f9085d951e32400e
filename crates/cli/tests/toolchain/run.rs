//! `goferry run`.

use crate::Check;
use crate::machine::Machine;
use crate::support::ran;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

pub(crate) const CHECKS: &[Check] = &[
    ("run-from-nothing-gives-the-programs-own-status", from_nothing),
    ("run-has-statuses-of-its-own", own_statuses),
    ("run-passes-signals", signals),
    ("run-offline-with-an-empty-cache-says-so", offline),
];

const PLAIN: &str = "package main\n\nfunc main() { println(\"plain\") }\n";

fn from_nothing(m: &Machine) {
    let first = m.first();
    assert_eq!(first.run.status, 7, "{}", first.run.stderr);
    assert_eq!(first.run.stdout, "root 4 127.0.0.1 [fail]\n");
    assert!(first.run.stderr.contains("fetching"), "nothing was fetched: {}", first.run.stderr);
    let mut c = first.user.goferry(&["run", "linux/arm64", "--", "fail", "twice"]);
    let again = ran(&c.env("GOFERRY_OFFLINE", "1").output().unwrap());
    assert_eq!(again.status, 7, "{}", again.stderr);
    assert_eq!(again.stdout, "root 4 127.0.0.1 [fail twice]\n");
    assert_eq!(again.stderr, "", "a second run has nothing to say");
}

fn own_statuses(m: &Machine) {
    let user = m.user("statuses");
    user.hello();
    user.write("plain/main.go", PLAIN);
    user.write("broken/main.go", "package main\n\nfunc main() { nowhere() }\n");
    let r = user.must(127, &["run", "linux/arm64", "./missing"]);
    assert!(r.stderr.contains("error[main-missing]"), "{}", r.stderr);
    let r = user.must(125, &["run", "linux/arm64", "./broken"]);
    assert!(r.stderr.contains("error[build-failed]") && r.stderr.contains("nowhere"), "{}", r.stderr);
    let r = user.must(126, &["run", "darwin/arm64", "./plain"]);
    assert!(r.stderr.contains("error[runner-missing]"), "{}", r.stderr);
    assert_eq!(r.stdout, "");
    let r = user.must(125, &["run", "linux/nonsense", "./plain"]);
    assert!(r.stderr.contains("error[unknown-target]"), "{}", r.stderr);
    // None of it needed anything that is not here.
    assert!(!user.tools().join("unpacked").exists());
}

/// A program that waits, started by goferry; then the signal goes to goferry's own process.
fn signals(m: &Machine) {
    let user = m.heir("signals", &["files", "resolved", "unpacked"]);
    let waits = "package main\n\nimport (\n\t\"os\"\n\t\"time\"\n)\n\nfunc main() {\n\tos.Stdout.WriteString(\"ready\\n\")\n\ttime.Sleep(time.Minute)\n}\n";
    user.write("wait/main.go", waits);
    for target in ["linux/arm64", "linux/amd64"] {
        let mut c = user.goferry(&["run", target, "./wait"]);
        let mut child = c.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
        let r = ran(&child.wait_with_output().unwrap());
        assert_eq!((line.as_str(), r.status), ("ready\n", 143), "{target}: {}", r.stderr);
    }
}

fn offline(m: &Machine) {
    let mut user = m.user("offline");
    user.hello();
    user.set("GOFERRY_OFFLINE", "1");
    let r = user.must(125, &["run", "linux/arm64"]);
    assert!(r.stderr.contains("error[fetch-failed]"), "{}", r.stderr);
    let r = user.must(5, &["toolchain", "install", "linux/arm64"]);
    assert!(r.stderr.contains("error[fetch-failed]"), "{}", r.stderr);
    assert!(r.stderr.contains("nothing may be fetched"), "{}", r.stderr);
    assert!(!user.work.join("goferry.lock").exists());
}
