//! `goferry debug` with real gdb, qemu's stub and gdbserver: whole sessions, and what is left of them.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "the functions that tests share are not marked as tests")]

mod support;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use support::{Project, Ran, has, ran};

const PROGRAM: &str = r#"package main

import (
	"os"
	"time"
)

func greet(name string, times int) int {
	n := 0
	for i := 0; i < times; i++ {
		n += len(name)
	}
	return n
}

func main() {
	if len(os.Args) > 1 {
		os.Stdout.WriteString("waiting\n")
		time.Sleep(time.Hour)
	}
	if greet("world", 3) == 15 {
		os.Stdout.WriteString("fifteen\n")
	}
}
"#;

/// Go's names, an argument, a Go string through Go's script, and the end.
const COMMANDS: &str = "break main.greet\ncontinue\nbacktrace\nprint times\nprint name\ncontinue\n";

fn project() -> Option<Project> {
    has(&["qemu-aarch64-static", "qemu-mips64el-static", "gdb-multiarch", "gdbserver"])
        .then(|| Project::new(&[("main.go", PROGRAM), ("commands.gdb", COMMANDS)]))
}

/// Fails if a process still has to do with the project.
fn nothing_is_left(p: &Project) {
    let mark = p.scratch.path().to_str().unwrap();
    let alive = || -> Vec<String> {
        let all = std::fs::read_dir("/proc").unwrap().flatten();
        let lines = all.filter_map(|e| std::fs::read(e.path().join("cmdline")).ok());
        lines.map(|l| String::from_utf8_lossy(&l).replace('\0', " ")).filter(|l| l.contains(mark)).collect()
    };
    let begun = Instant::now();
    while !alive().is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(20), "{:#?}", alive());
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn saw_it_all(target: &str, text: &str) {
    for part in [
        "main.greet (name=\"world\", times=3",
        " in main.main ()",
        "$1 = 3\n",
        "$2 = \"world\"\n",
        "fifteen\n",
        "exited normally",
    ] {
        assert!(text.contains(part), "{target}: no `{part}` in\n{text}");
    }
}

#[test]
fn a_scripted_session() {
    let Some(p) = project() else { return };
    for target in ["linux/arm64", "linux/mips64le", "linux/amd64"] {
        let r = p.run(&["debug", target, "-x", "commands.gdb"]);
        assert_eq!(r.status, 0, "{target}: {}\n{}", r.stdout, r.stderr);
        saw_it_all(target, &(r.stdout + &r.stderr));
    }
    nothing_is_left(&p);
}

fn spawned(p: &Project, args: &[&str]) -> Child {
    let mut c = p.interruptible(&[&["debug"], args].concat());
    c.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn signal(child: &Child, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
}

/// Reads launch.json, which is written before anybody is waited for.
fn launch(child: &mut Child) -> Value {
    let mut text = String::new();
    let mut out = BufReader::new(child.stdout.as_mut().unwrap());
    while serde_json::from_str::<Value>(&text).is_err() {
        assert!(out.read_line(&mut text).unwrap() > 0, "{text}");
    }
    serde_json::from_str(&text).unwrap()
}

/// gdb as an editor would start it.
fn comes(p: &Project, launch: &Value) -> Ran {
    let one = &launch["configurations"][0];
    let mut c = Command::new("gdb-multiarch");
    c.args(["-q", "-nx", "-batch"]);
    for s in one["setupCommands"].as_array().unwrap() {
        let option = if s["text"].as_str().unwrap().starts_with("add-auto") { "-iex" } else { "-ex" };
        c.args([option, s["text"].as_str().unwrap()]);
    }
    c.arg("-ex").arg(format!("target remote {}", one["miDebuggerServerAddress"].as_str().unwrap()));
    c.args(["-ex", "continue", "-x", "commands.gdb"]).arg(one["program"].as_str().unwrap());
    ran(&c.current_dir(&p.root).stdin(Stdio::null()).output().unwrap())
}

#[test]
fn a_port_for_one_session_and_for_several() {
    let Some(p) = project() else { return };
    for (target, sessions) in [("linux/arm64", 2), ("linux/amd64", 2), ("linux/mips64le", 1)] {
        let once: &[&str] = if sessions == 1 { &["--once"] } else { &[] };
        let mut child = spawned(&p, &[&[target, "--listen", ":0"], once].concat());
        let launch = launch(&mut child);
        assert!(
            launch["configurations"][0]["miDebuggerServerAddress"]
                .as_str()
                .unwrap()
                .starts_with("127.0.0.1:")
        );
        let mut said = String::new();
        for _ in 0..sessions {
            let r = comes(&p, &launch);
            said += &(r.stdout + &r.stderr);
            assert_eq!(r.status, 0, "{target}: {said}");
        }
        if sessions > 1 {
            signal(&child, Signal::SIGINT);
        }
        let r = ran(&child.wait_with_output().unwrap());
        assert_eq!(r.status, if sessions == 1 { 0 } else { 130 }, "{target}: {}", r.stderr);
        assert!(
            r.stderr.contains("gdb-multiarch -q") && r.stderr.contains("the session has ended"),
            "{}",
            r.stderr
        );
        // The program writes to goferry's streams; gdbserver's one to standard error.
        saw_it_all(target, &format!("{said}{}{}", r.stdout, r.stderr));
    }
    nothing_is_left(&p);
}

/// Reads from a stub until `part` was there.
fn until(stream: &mut TcpStream, part: &str) -> String {
    let mut seen = String::new();
    let mut byte = [0];
    while !seen.contains(part) {
        assert_eq!(stream.read(&mut byte).unwrap(), 1, "no {part} in {seen}");
        seen.push(char::from(byte[0]));
    }
    seen
}

/// What a debugger sends at Ctrl-C stops a program that waits in a system call; qemu's stub itself would not hear it.
#[test]
fn a_running_program_can_be_stopped() {
    let Some(p) = project() else { return };
    for target in ["linux/arm64", "linux/amd64"] {
        let mut child = spawned(&p, &[target, "--listen", ":0", "--", "wait"]);
        let launch = launch(&mut child);
        let address = launch["configurations"][0]["miDebuggerServerAddress"].as_str().unwrap();
        let mut stub = TcpStream::connect(address).unwrap();
        stub.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        // The remote protocol: why it stands, go on, interrupt; it stops by SIGINT, which is 2.
        stub.write_all(b"+$?#3f").unwrap();
        until(&mut stub, "$T05");
        stub.write_all(b"+$c#63").unwrap();
        let mut said: Box<dyn BufRead> = match target {
            "linux/amd64" => Box::new(BufReader::new(child.stderr.as_mut().unwrap())),
            _ => Box::new(BufReader::new(child.stdout.as_mut().unwrap())),
        };
        let mut seen = String::new();
        while !seen.contains("waiting\n") {
            assert!(said.read_line(&mut seen).unwrap() > 0, "{seen}");
        }
        drop(said);
        stub.write_all(b"\x03").unwrap();
        until(&mut stub, "$T02");
        drop(stub);
        signal(&child, Signal::SIGTERM);
        assert_eq!(ran(&child.wait_with_output().unwrap()).status, 130, "{target}");
        nothing_is_left(&p);
    }
}

/// A session in which the program waits, until something ends it.
fn waiting(p: &Project, target: &str, more: &str) -> (Child, String) {
    p.write("waits.gdb", &format!("{more}\ncontinue\n"));
    let mut child = spawned(p, &[target, "-x", "waits.gdb", "--", "wait"]);
    let mut seen = String::new();
    // gdbserver gives the program goferry's standard error for both.
    let mut out: Box<dyn BufRead + Send> = match target {
        "linux/amd64" => Box::new(BufReader::new(child.stderr.take().unwrap())),
        _ => Box::new(BufReader::new(child.stdout.take().unwrap())),
    };
    while more.is_empty() && !seen.contains("waiting") {
        assert!(out.read_line(&mut seen).unwrap() > 0, "{seen}");
    }
    // Nobody may write into a closed pipe.
    std::thread::spawn(move || out.read_to_string(&mut String::new()));
    (child, seen)
}

#[test]
fn nothing_outlives_the_session() {
    let Some(p) = project() else { return };
    for target in ["linux/arm64", "linux/amd64"] {
        for end in [Signal::SIGINT, Signal::SIGTERM] {
            let (child, _) = waiting(&p, target, "");
            signal(&child, end);
            let r = ran(&child.wait_with_output().unwrap());
            assert_ne!(r.status, 0, "{target}");
            nothing_is_left(&p);
        }
        // gdb dies.
        let (child, _) = waiting(&p, target, "shell kill -9 $PPID");
        let r = ran(&child.wait_with_output().unwrap());
        assert_eq!(r.status, 137, "{target}: {}", r.stderr);
        nothing_is_left(&p);
    }
}

#[test]
fn what_cannot_be_debugged() {
    let Some(mut p) = project() else { return };
    let build = |out: &str, args: &[&str], target: &str| {
        let (os, arch) = target.split_once('/').unwrap();
        let mut c = Command::new("go");
        c.current_dir(&p.root).args(["build", "-o", out]).args(args).arg(".");
        let done = c
            .envs(support::fixed())
            .env("GOOS", os)
            .env("GOARCH", arch)
            .env("CGO_ENABLED", "0")
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    build("stripped", &["-ldflags=-s -w"], "linux/arm64");
    build("pie", &["-buildmode=pie"], "linux/arm64");
    for (file, why) in [("stripped", "has no DWARF"), ("pie", "position independent")] {
        let r = p.run(&["debug", "linux/arm64", file, "--batch"]);
        assert!(r.stderr.contains("error[not-a-binary]") && r.stderr.contains(why), "{}", r.stderr);
        assert!(r.stderr.contains("go build -gcflags='all=-N -l'"), "{}", r.stderr);
    }
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = format!(":{}", taken.local_addr().unwrap().port());
    let r = p.run(&["debug", "linux/arm64", "--listen", &port]);
    assert!(r.status == 1 && r.stderr.contains("is taken by another program"), "{}", r.stderr);
    let r = p.run(&["debug", "darwin/arm64", "--batch"]);
    assert!(r.stderr.contains("error[runner-missing]"), "{}", r.stderr);
    // A PATH that has go and the emulator only.
    let bin = p.scratch.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    for tool in ["go", "qemu-aarch64-static"] {
        std::os::unix::fs::symlink(support::which(tool), bin.join(tool)).unwrap();
    }
    let goroot = support::which("go").canonicalize().unwrap();
    p.set("GOROOT", goroot.ancestors().nth(2).unwrap().to_str().unwrap());
    p.set("PATH", bin.to_str().unwrap());
    p.set("CGO_ENABLED", "0");
    for (target, what) in [("linux/arm64", "gdb-multiarch"), ("linux/amd64", "gdbserver")] {
        let r = p.run(&["debug", target, "--batch"]);
        assert!(
            r.stderr.contains("error[tool-missing]") && r.stderr.contains(&format!("apt-get install {what}")),
            "{}",
            r.stderr
        );
        assert_eq!(r.status, 5);
    }
}
