//! `goferry trace` with real emulators and strace: what is shown, where it goes, what two targets do differently.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "the functions that tests share are not marked as tests")]

mod support;

use serde_json::Value;
use std::io::Write;
use std::process::Stdio;
use support::{Project, Ran, has, ran};

/// Reads its input, opens a file that is not there, and does one thing differently on s390x.
const PROGRAM: &str = r#"package main

import (
	"io"
	"os"
	"runtime"
)

func main() {
	in, _ := io.ReadAll(os.Stdin)
	os.Stdout.Write(append([]byte("out "), in...))
	os.Stderr.WriteString("err\n")
	os.Open("/no/such/file")
	flags := os.O_RDONLY
	if runtime.GOARCH == "s390x" && len(os.Args) > 1 {
		flags |= os.O_SYNC
	}
	if f, err := os.OpenFile("/etc/passwd", flags, 0); err == nil {
		f.Close()
	}
	os.Exit(3)
}
"#;

fn project() -> Option<Project> {
    has(&["qemu-aarch64-static", "qemu-s390x-static", "strace"])
        .then(|| Project::new(&[("main.go", PROGRAM)]))
}

fn traced(p: &Project, args: &[&str]) -> Ran {
    let mut c = p.command(&[&["trace"], args].concat());
    let mut child = c.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A program that reads nothing closes its end.
    let _ = child.stdin.take().unwrap().write_all(b"in");
    ran(&child.wait_with_output().unwrap())
}

#[test]
fn calls_are_shown_and_the_programs_streams_kept() {
    let Some(p) = project() else { return };
    for target in ["linux/arm64", "linux/s390x", "linux/amd64"] {
        let r = traced(&p, &[target]);
        assert_eq!(r.status, 3, "{}", r.stderr);
        assert!(r.stderr.contains("out in") && r.stderr.contains("err\n"), "{}", r.stderr);
        let row = r.stdout.lines().find(|l| l.contains("/no/such/file")).unwrap();
        let words: Vec<&str> = row.split_whitespace().collect();
        assert!(words[0].parse::<u32>().is_ok() && words[1].starts_with("open"), "{row}");
        assert_eq!(words[2], "ENOENT", "{row}");
        assert!(r.stdout.lines().all(|l| !l.starts_with("out in")), "{target}");
        let r = traced(&p, &[target, "--summary", "--json", "-o", "counts"]);
        // The trace is in the file: both streams are the program's own.
        assert_eq!((r.status, r.stdout.as_str()), (3, "out in"), "{}", r.stderr);
        let counts = std::fs::read_to_string(p.root.join("counts")).unwrap();
        let counts: Vec<Value> = counts.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        assert!(
            counts
                .iter()
                .any(|c| c["call"].as_str().unwrap().starts_with("open") && c["errors"]["ENOENT"] == 1),
            "{counts:?}"
        );
    }
}

#[test]
fn json_and_raw_text() {
    let Some(p) = project() else { return };
    for target in ["linux/arm64", "linux/amd64"] {
        let r = traced(&p, &[target, "--json", "--raw", "raw"]);
        let events: Vec<Value> = r.stdout.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        let exit = events.iter().rev().find(|e| e["call"] == "exit_group").unwrap();
        assert_eq!(exit["arguments"][0], "3");
        let open = events.iter().find(|e| e["arguments"][1] == "\"/no/such/file\"").unwrap();
        assert_eq!((&open["error"], &open["result"]), (&Value::from("ENOENT"), &Value::Null));
        let raw = std::fs::read_to_string(p.root.join("raw")).unwrap();
        // strace may write such a call in two parts.
        let line = raw.lines().find(|l| l.contains("/no/such/file")).unwrap();
        assert!(line.starts_with(&open["thread"].to_string()), "{line}");
        assert!(raw.contains("(No such file or directory)"), "{raw}");
        assert!(raw.lines().count() >= events.len(), "{target}");
    }
}

#[test]
fn two_targets() {
    let Some(p) = project() else { return };
    for other in ["linux/s390x", "linux/amd64"] {
        let r = p.run(&["trace", "--diff", "linux/arm64", other, "."]);
        assert_eq!((r.status, r.stdout.as_str()), (0, ""), "{other}: {}", r.stderr);
        assert!(r.stderr.contains(" 0 differences"), "{}", r.stderr);
    }
    let r = p.run(&["trace", "--diff", "linux/arm64", "linux/s390x", "--json", ".", "--", "differ"]);
    assert_eq!(r.status, 1, "{}", r.stderr);
    let found: Vec<Value> = r.stdout.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let differs: Vec<&Value> = found.iter().filter(|d| d["kind"] == "differs").collect();
    // The opening, and Go's own fcntl calls that set the flags again.
    assert!(differs.len() == 3 && found.last().unwrap()["differences"] == 3, "{}", r.stdout);
    for d in differs {
        assert_eq!((&d["about"], &d["what"]), (&Value::from("/etc/passwd"), &Value::from("flags")));
        assert!(d["right"].as_str().unwrap().contains("SYNC"), "{d}");
    }
}

#[test]
fn what_is_missing_is_said() {
    let Some(mut p) = project() else { return };
    let r = p.run(&["trace", "linux/nonsense"]);
    assert_eq!(r.status, 125);
    assert!(r.stderr.contains("error[unknown-target]"), "{}", r.stderr);
    let r = p.run(&["trace", "linux/arm64", "./nowhere"]);
    assert_eq!(r.status, 127, "{}", r.stderr);
    // Without strace: a PATH that has only go.
    let bin = p.scratch.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(support::which("go"), bin.join("go")).unwrap();
    p.set("PATH", bin.to_str().unwrap());
    p.set(
        "GOROOT",
        support::which("go").canonicalize().unwrap().parent().unwrap().parent().unwrap().to_str().unwrap(),
    );
    p.set("CGO_ENABLED", "0");
    let r = p.run(&["trace", "linux/amd64"]);
    assert!(
        r.stderr.contains("error[tool-missing]") && r.stderr.contains("apt-get install strace"),
        "{}",
        r.stderr
    );
    assert_eq!(r.status, 126);
}
