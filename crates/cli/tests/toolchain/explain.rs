//! `goferry explain`.

use crate::Check;
use crate::machine::{Machine, User};
use crate::support::{Ran, executable, ran};
use std::io::Write;
use std::process::Stdio;

pub(crate) const CHECKS: &[Check] = &[
    ("explain-a-foreign-binary", foreign),
    ("explain-a-binary-whose-loader-is-missing", no_loader),
    ("explain-a-log", log),
    ("explain-a-command", command),
];

const PLAIN: &str = "package main\n\nfunc main() { println(\"plain\") }\n";

fn plain(user: &User) {
    user.write("go.mod", "module example.com/plain\n\ngo 1.24\n");
    user.write("main.go", PLAIN);
    user.sh("CGO_ENABLED=0 GOARCH=riscv64 go build -o foreign . && CGO_ENABLED=0 go build -o own .");
}

fn has(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "{word} is not said: {text}");
    }
}

/// Whether the host's kernel has an emulator for riscv64, which is none of ours.
fn kernel_runs_riscv64() -> bool {
    std::path::Path::new("/proc/sys/fs/binfmt_misc/qemu-riscv64").exists()
}

fn foreign(m: &Machine) {
    let user = m.user("explain-foreign");
    plain(&user);
    let r = user.must(0, &["explain", "foreign"]);
    has(&r.stdout, &["riscv64", "built by", "go1.", "example.com/plain", "not here", "do "]);
    let json = user.json(0, &["explain", "foreign", "--json"]);
    assert_eq!(json["module"].as_str().map(|m| m.starts_with("example.com/plain")), Some(true), "{json}");
    assert!(!json["obstacles"].as_array().unwrap().is_empty(), "{json}");
    let r = user.must(0, &["explain", "own"]);
    has(&r.stdout, &["it can be started"]);
    // Started as a command it is what the kernel makes of it.
    assert!(
        !kernel_runs_riscv64(),
        "this host's kernel starts riscv64 programs: the test cannot see a refusal"
    );
    let r = user.must(126, &["explain", "--", "./foreign"]);
    has(&r.stderr, &["exec format error", "riscv64", "not here"]);
    assert_eq!(r.stdout, "");
    let r = user.must(127, &["explain", "--", "./nothing"]);
    has(&r.stderr, &["was not found"]);
}

fn no_loader(m: &Machine) {
    let user = m.heir("explain-loader", &["files", "resolved", "unpacked"]);
    user.write("a.c", "int main(void) { return 0; }\n");
    let dir = user.must(0, &["toolchain", "path", "linux/arm64"]).stdout;
    user.sh(&format!("'{}/aarch64-linux-gnu-gcc' -o dynamic a.c", dir.trim()));
    let r = user.must(0, &["explain", "dynamic"]);
    has(&r.stdout, &["arm64", "/lib/ld-linux-aarch64.so.1", "libc.so.6", "glibc"]);
    // For this machine, and with a loader that nobody has.
    user.sh("gcc -Wl,--dynamic-linker=/lib/ld-nobody.so.9 -o lost a.c");
    let r = user.must(0, &["explain", "lost"]);
    has(&r.stdout, &["not here", "/lib/ld-nobody.so.9"]);
    let json = user.json(0, &["explain", "lost", "--json"]);
    assert_eq!(json["loader"], "/lib/ld-nobody.so.9");
    assert!(json["obstacles"].to_string().contains("ld-nobody"), "{json}");
    // And a program that is whole.
    user.sh("gcc -o whole a.c");
    has(&user.must(0, &["explain", "whole"]).stdout, &["it can be started"]);
}

/// goferry with this on standard input.
fn with_stdin(user: &User, args: &[&str], text: &[u8]) -> Ran {
    let mut c = user.goferry(args);
    let mut child = c.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text).unwrap();
    ran(&child.wait_with_output().unwrap())
}

fn log(m: &Machine) {
    let user = m.user("explain-log");
    user.hello();
    // The real one: the host's gcc is given ARM code.
    let log = user.sh("CGO_ENABLED=1 GOARCH=arm64 go build . 2>&1 && exit 1 || exit 0");
    assert!(log.contains("gcc_arm64.S"), "go or gcc speak otherwise: {log}");
    user.write("build.log", &log);
    let by_file = user.must(0, &["explain", "build.log"]);
    has(&by_file.stdout, &["why: ", "fix: ", "more: ", "line "]);
    for args in [["explain", "-"].as_slice(), &["explain"]] {
        let by_stdin = with_stdin(&user, args, log.as_bytes());
        assert_eq!(
            (by_stdin.status, by_stdin.stdout.as_str()),
            (0, by_file.stdout.as_str()),
            "{}",
            by_stdin.stderr
        );
    }
    let json = user.json(0, &["explain", "build.log", "--json"]);
    let first = &json["first"];
    assert!(by_file.stdout.starts_with(first["title"].as_str().unwrap()), "{json}");
    let excerpt = first["excerpt"].as_str().unwrap();
    assert!(log.contains(excerpt.trim()), "{excerpt}");
    // What is no log of a failed build.
    let r = with_stdin(&user, &["explain"], b"all is well\nreally\n");
    assert_eq!((r.status, r.stdout.as_str()), (1, "no known cause in 2 lines\n"));
    user.write("start.sh", "#!/bin/sh\nexec ./server \"$@\"\n");
    let r = user.must(1, &["explain", "start.sh"]);
    has(&r.stdout, &["no known cause in 2 lines"]);
    let r = user.must(1, &["explain", "missing.log"]);
    has(&r.stderr, &["missing.log"]);
}

fn command(m: &Machine) {
    let user = m.user("explain-command");
    user.hello();
    let r = user.must(9, &["explain", "--", "sh", "-c", "echo out; echo err >&2; exit 9"]);
    assert_eq!(r.stdout, "out\n");
    has(&r.stderr, &["err\n", "no known cause in 2 lines"]);
    let r = user.must(0, &["explain", "--", "true"]);
    assert_eq!((r.stdout.as_str(), r.stderr.as_str()), ("", ""));
    let r = user.must(1, &["explain", "--", "env", "CGO_ENABLED=1", "GOARCH=arm64", "go", "build", "."]);
    has(&r.stderr, &["gcc_arm64.S", "why: ", "fix: "]);
    let json = user.json(3, &["explain", "--json", "--", "sh", "-c", "exit 3"]);
    assert_eq!(json["status"], 3);
    // A script that the kernel starts, as a command.
    user.write("start.sh", "#!/bin/sh\nexit 4\n");
    executable(&user.work.join("start.sh"));
    user.must(4, &["explain", "--", "./start.sh"]);
    let r = user.must(143, &["explain", "--", "sh", "-c", "kill -TERM $$"]);
    has(&r.stderr, &["no known cause in 0 lines"]);
}
