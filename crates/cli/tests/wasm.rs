//! wasm programs of real go, run by goferry's own WASI runtime and by node. Without node its tests are counted as
//! skipped, but not in CI.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "what a test cannot set up has failed")]

mod support;

use libtest_mimic::{Arguments, Trial};
use std::io::Write as _;
use std::process::{ExitCode, Stdio};
use std::sync::Arc;
use support::{Project, Ran, executable, ran};

const PROGRAM: &str = r#"package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
)

func forever(n int) int { return 1 + forever(n+1) }

func main() {
	switch os.Args[1] {
	case "--version":
		fmt.Println("wasm", runtime.GOOS, "1.2.3")
	case "args":
		fmt.Printf("%q\n", os.Args[2:])
	case "exit":
		fmt.Fprintln(os.Stderr, "to stderr")
		os.Exit(7)
	case "panic":
		panic("as asked")
	case "read":
		text, err := io.ReadAll(os.Stdin)
		fmt.Println(len(text), err)
	case "file":
		os.WriteFile("written", []byte("by wasm"), 0o644)
		text, err := os.ReadFile("written")
		fmt.Println(string(text), err, os.Getenv("VARIABLE"))
	case "forever":
		fmt.Println(forever(0))
	case "spin":
		for {
		}
	case "memory":
		var all [][]byte
		for {
			b := make([]byte, 1<<20)
			for i := range b {
				b[i] = 1
			}
			all = append(all, b)
		}
	}
}
"#;

type Check = (&'static str, fn(&Bench));

const WASI: &[Check] = &[
    ("wasi-programs-are-as-others", |b| as_others(b, "wasip1/wasm")),
    ("wasi-traps-are-said", traps),
    ("wasi-programs-have-limits", limits),
    ("what-is-no-wasi-program-is-refused", refusals),
    ("GOWASIRUNTIME-is-obeyed", asked_for),
];

const JS: &[Check] = &[
    ("js-programs-are-as-others", |b| as_others(b, "js/wasm")),
    ("a-release-starts-its-wasm-programs", release),
];

fn main() -> ExitCode {
    let args = Arguments::from_args();
    let bench = Arc::new(Bench::new());
    let node = support::has(&["node"]);
    let trial = |(name, check): &Check| {
        let (bench, check) = (Arc::clone(&bench), *check);
        Trial::test(*name, move || {
            check(&bench);
            Ok(())
        })
    };
    let with_node = JS.iter().map(|c| trial(c).with_ignored_flag(!node));
    let trials = WASI.iter().map(trial).chain(with_node).collect();
    libtest_mimic::run(&args, trials).exit_code()
}

struct Bench {
    project: Project,
}

impl Bench {
    fn new() -> Bench {
        let project = Project::new(&[("main.go", PROGRAM)]);
        for os in ["wasip1", "js"] {
            let mut go = std::process::Command::new("go");
            go.args(["build", "-o", &format!("../{os}.wasm")]).current_dir(&project.root);
            go.env_clear().envs(support::fixed()).env("GOOS", os).env("GOARCH", "wasm");
            let built = ran(&go.output().unwrap());
            assert_eq!(built.status, 0, "{}", built.stderr);
        }
        Bench { project }
    }

    /// `goferry exec` of the program for a target, with its own flags before it; `input` is what it reads.
    fn exec(&self, flags: &[&str], target: &str, args: &[&str], input: &str) -> Ran {
        let file = format!("../{}.wasm", target.split('/').next().unwrap());
        let all: Vec<&str> =
            ["exec"].iter().chain(flags).chain(&[file.as_str()]).chain(args).copied().collect();
        let mut c = self.project.command(&all);
        c.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).env("VARIABLE", "value");
        let mut child = c.spawn().unwrap();
        // A program that ends before it has read all is none that failed.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        ran(&child.wait_with_output().unwrap())
    }
}

fn as_others(b: &Bench, target: &str) {
    let exec = |args: &[&str], input: &str| b.exec(&[], target, args, input);
    let os = target.split('/').next().unwrap();
    assert_eq!(exec(&["--version"], "").stdout, format!("wasm {os} 1.2.3\n"));
    let r = exec(&["args", "a b", "--", "'\"$x", ""], "");
    assert_eq!((r.status, r.stdout.as_str()), (0, "[\"a b\" \"--\" \"'\\\"$x\" \"\"]\n"), "{}", r.stderr);
    let r = exec(&["exit"], "");
    assert_eq!((r.status, r.stdout.as_str(), r.stderr.as_str()), (7, "", "to stderr\n"));
    let r = exec(&["panic"], "");
    assert_eq!(r.status, 2, "{}", r.stderr);
    assert!(r.stderr.starts_with("panic: as asked"), "{}", r.stderr);
    let long = "line\n".repeat(50_000);
    assert_eq!(exec(&["read"], &long).stdout, "250000 <nil>\n");
    assert_eq!(exec(&["read"], "").stdout, "0 <nil>\n");
    let r = exec(&["file"], "");
    assert_eq!((r.status, r.stdout.as_str()), (0, "by wasm <nil> value\n"), "{}", r.stderr);
    std::fs::remove_file(b.project.root.join("written")).unwrap();
    let r = b.project.run(&["run", target, "--", "--version"]);
    assert_eq!((r.status, r.stdout), (0, format!("wasm {os} 1.2.3\n")), "{}", r.stderr);
}

fn traps(b: &Bench) {
    let r = b.exec(&[], "wasip1/wasm", &["forever"], "");
    assert_eq!(r.status, 134, "{}", r.stderr);
    assert!(r.stderr.contains("wasm trap: call stack exhausted"), "{}", r.stderr);
}

fn limits(b: &Bench) {
    let r = b.exec(&["--time-limit=1s"], "wasip1/wasm", &["spin"], "");
    assert_eq!((r.status, r.stderr.contains("ran longer than")), (124, true), "{} {}", r.status, r.stderr);
    let r = b.exec(&["--memory-limit=200000000"], "wasip1/wasm", &["memory"], "");
    assert_ne!(r.status, 0);
    assert!(r.stderr.contains("out of memory"), "{} {}", r.status, r.stderr);
}

fn refusals(b: &Bench) {
    let text = b.project.root.join("go.mod");
    let run = |file: &str| b.project.run(&["__wasi", file]);
    let r = run(text.to_str().unwrap());
    assert_eq!((r.status, r.stdout.as_str()), (126, ""), "{}", r.stderr);
    assert!(r.stderr.starts_with("goferry: /"), "{}", r.stderr);
    assert_eq!(run("no/such/file").status, 126);
    let r = run("../js.wasm");
    assert_eq!(r.status, 126, "{}", r.stderr);
    assert!(r.stderr.contains("gojs"), "{}", r.stderr);
    // The smallest module has no `_start`.
    std::fs::write(b.project.scratch.path().join("empty.wasm"), b"\0asm\x01\0\0\0").unwrap();
    let r = run("../empty.wasm");
    assert_eq!(r.status, 126, "{}", r.stderr);
    assert!(r.stderr.contains("a library, not a program"), "{}", r.stderr);
}

/// A stand-in for wazero that says how it was called.
fn asked_for(b: &Bench) {
    let bin = b.project.scratch.path().join("runtimes");
    std::fs::create_dir(&bin).unwrap();
    let script = "#!/bin/sh\nif [ \"$1\" = version ]; then echo v1.12.0; else echo \"$PWD\" \"$@\"; fi\n";
    std::fs::write(bin.join("wazero"), script).unwrap();
    executable(&bin.join("wazero"));
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let exec = |runtime: &str, path: &str| {
        let mut c = b.project.command(&["exec", "../wasip1.wasm", "args", "a b"]);
        c.env("PATH", path).env("GOWASIRUNTIME", runtime).env("GOWASIRUNTIMEARGS", "-x -y");
        ran(&c.output().unwrap())
    };
    let r = exec("wazero", &path);
    assert_eq!(r.status, 0, "{}", r.stderr);
    assert!(
        r.stdout.starts_with(&format!("{} run -mount /:/ -env-inherit", b.project.root.display())),
        "{}",
        r.stdout
    );
    assert!(r.stdout.contains("/wazero -x -y /"), "{}", r.stdout);
    assert!(r.stdout.ends_with("wasip1.wasm args a b\n"), "{}", r.stdout);
    assert_eq!(exec("", &path).stdout, "[\"a b\"]\n", "a single start is the interpreter's");
    let r = exec("wasmer", &path);
    assert_eq!(r.status, 126, "{}", r.stderr);
    assert!(r.stderr.contains("GOWASIRUNTIME names wasmer"), "{}", r.stderr);
}

fn release(b: &Bench) {
    let p = &b.project;
    p.write(
        "goferry.toml",
        "targets = [\"wasip1/wasm\", \"js/wasm\"]\n\n[verify]\nargs = [\"--version\"]\nexpect = \"1.2.3\"\n",
    );
    p.commit("targets");
    p.release();
    let record = p.record();
    for (os, runner) in [("wasip1", "wasmi "), ("js", "node ")] {
        let binaries = record["binaries"].as_array().unwrap();
        let one = binaries.iter().find(|b| b["target"].to_string().contains(os)).unwrap();
        assert!(one["run"]["ran"]["runner"].as_str().unwrap().starts_with(runner), "{one}");
        assert_eq!(one["run"]["ran"]["output"], format!("wasm {os} 1.2.3"), "{one}");
    }
}
