//! Programs on another machine, which is this one behind a real sshd with keys, a port and a configuration of its own.
//! Without sshd the tests are counted as skipped, but not in CI.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "what a test cannot set up has failed")]

mod support;

use libtest_mimic::{Arguments, Trial};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::{Project, Ran, executable, ran};

const PROGRAM: &str = r#"package main

import (
	"fmt"
	"io"
	"os"
	"time"
)

func main() {
	switch os.Args[1] {
	case "args":
		fmt.Printf("%q\n", os.Args[2:])
	case "exit":
		fmt.Fprintln(os.Stderr, "to stderr")
		var n int
		fmt.Sscan(os.Args[2], &n)
		os.Exit(n)
	case "read":
		text, err := io.ReadAll(os.Stdin)
		fmt.Println(len(text), err)
	case "where":
		path, _ := os.Executable()
		fmt.Println(path, os.Getenv("SSH_CONNECTION") != "")
	case "wait":
		fmt.Println(os.Getpid())
		time.Sleep(time.Minute)
	}
}
"#;

const SSHD: &str = "/usr/sbin/sshd";

type Check = (&'static str, fn(&Bench));

const CHECKS: &[Check] = &[
    ("a-program-there-is-as-one-here", as_here),
    ("what-was-copied-is-removed", removed),
    ("an-interruption-ends-the-program-there", interrupted),
    ("a-machine-that-does-not-answer-is-said", no_answer),
];

fn main() -> ExitCode {
    let args = Arguments::from_args();
    let there = Path::new(SSHD).exists();
    assert!(there || std::env::var_os("CI").is_none(), "CI has sshd");
    let bench = there.then(|| Arc::new(Bench::new()));
    let trials = CHECKS.iter().map(|(name, check)| {
        let bench = bench.clone();
        Trial::test(*name, move || {
            check(&bench.unwrap());
            Ok(())
        })
        .with_ignored_flag(!there)
    });
    let conclusion = libtest_mimic::run(&args, trials.collect());
    conclusion.exit_code()
}

struct Bench {
    project: Project,
    daemon: Child,
    port: u16,
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

fn must(c: &mut Command) {
    let r = ran(&c.output().unwrap());
    assert_eq!(r.status, 0, "{}", r.stderr);
}

impl Bench {
    fn new() -> Bench {
        let mut project = Project::new(&[("main.go", PROGRAM)]);
        let dir = project.scratch.path().join("ssh");
        std::fs::create_dir(&dir).unwrap();
        let at = |name: &str| dir.join(name).to_str().unwrap().to_owned();
        for key in ["host", "user"] {
            must(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f", &at(key)]));
        }
        std::fs::copy(at("user.pub"), at("authorized")).unwrap();
        let port = free_port();
        let lines = [
            format!("ListenAddress 127.0.0.1:{port}"),
            format!("HostKey {}", at("host")),
            format!("AuthorizedKeysFile {}", at("authorized")),
            format!("PidFile {}", at("pid")),
            "StrictModes no\nUsePAM no\nPermitRootLogin yes\nPasswordAuthentication no\nPrintMotd no"
                .to_owned(),
        ];
        std::fs::write(at("sshd_config"), lines.join("\n") + "\n").unwrap();
        if nix::unistd::geteuid().is_root() {
            // sshd's own folder, which its unit makes at boot.
            std::fs::create_dir_all("/run/sshd").unwrap();
        }
        // ssh reads the configuration of the user's real home, whatever HOME says: it is told of ours by name.
        let client = format!(
            "IdentityFile {}\nIdentitiesOnly yes\nBatchMode yes\nStrictHostKeyChecking accept-new\nUserKnownHostsFile {}\nLogLevel ERROR\n",
            at("user"),
            at("known")
        );
        std::fs::write(at("config"), client).unwrap();
        let real = support::which("ssh");
        let bin = dir.join("bin");
        std::fs::create_dir(&bin).unwrap();
        let script = format!("#!/bin/sh\nexec {} -F {} \"$@\"\n", real.display(), at("config"));
        std::fs::write(bin.join("ssh"), script).unwrap();
        executable(&bin.join("ssh"));
        project.set("PATH", &format!("{}:{}", bin.display(), std::env::var("PATH").unwrap()));
        let log = std::fs::File::create(at("log")).unwrap();
        let daemon =
            Command::new(SSHD).args(["-D", "-e", "-f", &at("sshd_config")]).stderr(log).spawn().unwrap();
        wait_until("sshd listens", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
        let mut go = Command::new("go");
        go.args(["build", "-o", "../it's a program"]).current_dir(&project.root);
        must(go.env_clear().envs(support::fixed()).env("CGO_ENABLED", "0"));
        Bench { project, daemon, port }
    }

    fn address(&self) -> String {
        format!(
            "ssh://{}@127.0.0.1:{}",
            nix::unistd::User::from_uid(nix::unistd::geteuid()).unwrap().unwrap().name,
            self.port
        )
    }

    fn command(&self, args: &[&str]) -> Command {
        let on = format!("--on={}", self.address());
        let all: Vec<&str> = ["exec", &on, "../it's a program"].iter().chain(args).copied().collect();
        self.project.command(&all)
    }

    fn exec(&self, args: &[&str]) -> Ran {
        ran(&self.command(args).output().unwrap())
    }
}

/// A port that was free just now.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Looks every now and then, for a long time: what is waited for comes by itself.
fn wait_until(what: &str, done: impl Fn() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn as_here(b: &Bench) {
    let r = b.exec(&["args", "a b", "it's", "$HOME", "", "*"]);
    assert_eq!(
        (r.status, r.stdout.as_str()),
        (0, "[\"a b\" \"it's\" \"$HOME\" \"\" \"*\"]\n"),
        "{}",
        r.stderr
    );
    for status in ["0", "7", "125", "255"] {
        let r = b.exec(&["exit", status]);
        assert_eq!((r.status.to_string().as_str(), r.stderr.as_str()), (status, "to stderr\n"));
    }
    let mut c = b.command(&["read"]);
    let mut child = c.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all("line\n".repeat(50_000).as_bytes()).unwrap();
    let r = ran(&child.wait_with_output().unwrap());
    assert_eq!((r.status, r.stdout.as_str()), (0, "250000 <nil>\n"), "{}", r.stderr);
    let own = goferry_target::ArchKind::host().unwrap().goarch();
    let on = format!("--on={}", b.address());
    let r = b.project.run(&["run", &on, &format!("linux/{own}"), "--", "args", "x"]);
    assert_eq!((r.status, r.stdout.as_str()), (0, "[\"x\"]\n"), "{}", r.stderr);
}

fn removed(b: &Bench) {
    let r = b.exec(&["where"]);
    let (path, connected) = r.stdout.trim().rsplit_once(' ').unwrap();
    assert_eq!(connected, "true", "it was not started over ssh");
    let path = PathBuf::from(path);
    assert!(
        path.ends_with("it's a program") && path.to_str().unwrap().contains("/goferry."),
        "{}",
        path.display()
    );
    assert!(!path.parent().unwrap().exists(), "{} is left", path.display());
}

fn interrupted(b: &Bench) {
    use nix::sys::signal::Signal;
    for signal in [Signal::SIGTERM, Signal::SIGQUIT, Signal::SIGUSR1] {
        ended(b, &[], Some(signal));
    }
    ended(b, &["--time-limit=3s"], None);
}

/// Starts a program there that waits, ends it by a signal or a limit, and looks for what is left.
fn ended(b: &Bench, options: &[&str], signal: Option<nix::sys::signal::Signal>) {
    let on = format!("--on={}", b.address());
    let words = [&["exec", &on], options, &["../it's a program", "wait"]].concat();
    let mut child =
        b.project.interruptible(&words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let proc = PathBuf::from(format!("/proc/{}", line.trim()));
    assert!(proc.exists());
    let folder = std::fs::read_link(proc.join("exe")).unwrap().parent().unwrap().to_owned();
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
    signal.iter().for_each(|s| nix::sys::signal::kill(pid, *s).unwrap());
    let r = ran(&child.wait_with_output().unwrap());
    let expected = if signal.is_some() { [130, 143] } else { [124, 124] };
    assert!(expected.contains(&r.status), "{signal:?} {}: {}", r.status, r.stderr);
    wait_until("the program there is ended", || !proc.join("exe").exists());
    wait_until("what was copied is removed", || !folder.exists());
}

fn no_answer(b: &Bench) {
    let nobody = format!("--on=ssh://127.0.0.1:{}", free_port());
    let r = b.project.run(&["exec", &nobody, "../it's a program", "args"]);
    assert_eq!((r.status, r.stdout.as_str()), (125, ""), "{}", r.stderr);
    assert!(r.stderr.contains("could not be copied") && r.stderr.contains("refused"), "{}", r.stderr);
    let r = b.project.run(&["exec", "--on=somewhere", "../it's a program"]);
    assert_eq!(r.status, 2, "{}", r.stderr);
    assert!(r.stderr.contains("ssh://user@host"), "{}", r.stderr);
}
