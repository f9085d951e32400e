//! Real Go programs under real runners. A main of its own, because the sandbox starts this executable again as its
//! helper: `enter_if_asked` must come before the test harness's threads.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test without the harness, which clippy does not recognise as one")]

use goferry_emulate::{HostFacts, Runner, StartError, StartRecord, StartSpec, choose_runner, start};
use goferry_proc::sandbox::Isolation;
use goferry_proc::{Cancel, CommandSpec, Host, Limits, Root, Spawner, Status};
use goferry_target::GoTarget;
use std::path::{Path, PathBuf};
use std::time::Duration;

const PROGRAM: &str = r#"package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"time"
)

func main() {
	switch os.Args[1] {
	case "hello":
		fmt.Println("hello from", runtime.GOARCH, 1.5*float64(len(os.Args)))
	case "exit":
		os.Exit(3)
	case "panic":
		panic("as asked")
	case "crash":
		var p *int
		*p = 1
	case "self":
		out, err := exec.Command(os.Args[0], "hello").CombinedOutput()
		fmt.Println(err, string(out))
	case "where":
		dir, _ := os.Getwd()
		entries, _ := os.ReadDir("/")
		for _, e := range entries {
			fmt.Print(e.Name(), " ")
		}
		_, null := os.ReadFile("/dev/null")
		write := os.WriteFile("/data/written", []byte("x"), 0o644)
		pid1, _ := os.ReadFile("/proc/1/comm")
		_, reached := net.Dial("udp", "192.0.2.1:53")
		fmt.Println(dir, os.Getuid(), os.Getgid(), null, write, len(pid1) > 0, reached, os.Environ())
	case "sleep":
		time.Sleep(time.Hour)
	}
}
"#;

struct Bench {
    dir: tempfile::TempDir,
    host: Host,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("main.go"), PROGRAM).unwrap();
        std::fs::write(dir.path().join("go.mod"), "module example.com/tiny\n\ngo 1.24\n").unwrap();
        Bench { dir, host: Host::new(Cancel::new()) }
    }

    fn build(&self, target: &GoTarget) -> PathBuf {
        let out = self.dir.path().join(target.goreleaser_name());
        let mut spec = CommandSpec::new("go build", "go")
            .args(["build", "-o"])
            .arg(&out)
            .cwd(self.dir.path())
            .set("CGO_ENABLED", "0")
            .set("GOFLAGS", "")
            .set("GOENV", "off");
        for (name, value) in target.go_env() {
            spec = spec.set(name, value);
        }
        let ran = self.host.run(&spec).unwrap();
        assert!(ran.status.success(), "{target}: {}", ran.stderr_text());
        out
    }

    fn runner(&self, target: &GoTarget) -> Runner {
        let facts = HostFacts::probe(&self.host, std::env::var_os("PATH").as_deref(), &[*target]);
        let choice = choose_runner(target, &facts);
        choice
            .runner
            .unwrap_or_else(|| panic!("{target}: {}: apt-get install qemu-user-static", choice.reason))
    }

    fn start(&self, target: &GoTarget, program: &Path, arg: &str, wall: u64) -> StartRecord {
        start(&self.spec(target, program, arg, wall), &self.host).unwrap()
    }

    fn spec(&self, target: &GoTarget, program: &Path, arg: &str, wall: u64) -> StartSpec {
        StartSpec {
            program: program.to_owned(),
            target: *target,
            runner: self.runner(target),
            args: vec![arg.to_owned()],
            env: vec![],
            sysroot: None,
            isolate: true,
            limits: Limits {
                wall: Some(Duration::from_millis(wall)),
                memory_bytes: Some(1 << 30),
                processes: Some(512),
            },
            root: None,
            helper: None,
        }
    }
}

/// Target, and what `uname -m` must say there.
const MACHINES: [(&str, &str); 17] = [
    ("linux/amd64", "x86_64"),
    ("linux/386", "x86_64"),
    ("linux/arm64", "aarch64"),
    ("linux/arm/v5", "armv5tel"),
    ("linux/arm/v6", "armv6l"),
    ("linux/arm/v7", "armv7l"),
    ("linux/mips", "mips"),
    ("linux/mipsle", "mips"),
    ("linux/mipsle/softfloat", "mips"),
    ("linux/mips64", "mips64"),
    ("linux/mips64le", "mips64"),
    ("linux/mips64le/softfloat", "mips64"),
    ("linux/ppc64", "ppc64"),
    ("linux/ppc64le", "ppc64le"),
    ("linux/riscv64", "riscv64"),
    ("linux/s390x", "s390x"),
    ("linux/loong64", "loongarch64"),
];

fn every_machine_starts_go_programs(bench: &Bench) {
    for (name, uname) in MACHINES {
        let target: GoTarget = name.parse().unwrap();
        let program = bench.build(&target);
        let ran = bench.start(&target, &program, "hello", 20_000);
        assert_eq!(ran.status, Status::Exited(0), "{name}: {ran:?}");
        assert_eq!(ran.stdout, format!("hello from {} 3\n", target.arch.goarch()));
        assert_eq!(ran.uname.as_deref(), Some(uname), "{name}");
        // What it starts runs too, or the record says that it would not.
        let ran = bench.start(&target, &program, "self", 20_000);
        let expected =
            if ran.starts_others == Some(false) { "exec format error" } else { "<nil> hello from " };
        assert!(ran.stdout.contains(expected), "{name}: {ran:?}");
        if ran.isolation == Isolation::Namespaces {
            assert_ne!(ran.starts_others, Some(false), "{name}");
        }
        std::fs::remove_file(program).unwrap();
    }
}

fn how_programs_end(bench: &Bench) {
    for name in ["linux/amd64", "linux/386", "linux/arm64", "linux/s390x"] {
        let target: GoTarget = name.parse().unwrap();
        let program = bench.build(&target);
        assert_eq!(bench.start(&target, &program, "exit", 20_000).status, Status::Exited(3), "{name}");
        let ran = bench.start(&target, &program, "panic", 20_000);
        assert_eq!(ran.status, Status::Exited(2), "{name}");
        assert!(ran.stderr.contains("panic: as asked"), "{name}: {}", ran.stderr);
        let ran = bench.start(&target, &program, "crash", 20_000);
        assert!(ran.stderr.contains("SIGSEGV"), "{name}: {}", ran.stderr);
        let ran = bench.start(&target, &program, "sleep", 1_000);
        assert_eq!(ran.status, Status::TimedOut, "{name}");
        assert!(ran.millis >= 1_000 && ran.millis < 10_000);
    }
}

/// A folder with nothing but the program is all that it sees.
fn a_folder_is_the_whole_file_system(bench: &Bench) {
    if goferry_proc::sandbox::probe() != Isolation::Namespaces {
        return refused_without_namespaces(bench);
    }
    for name in ["linux/amd64", "linux/386", "linux/arm64", "linux/mips64le", "linux/s390x"] {
        let target: GoTarget = name.parse().unwrap();
        let tree = Tree::with(bench, &target);
        let ran = tree.start(bench, &target, "where").unwrap();
        assert_eq!(ran.status, Status::Exited(0), "{name}: {ran:?}");
        let (seen, env) = ran.stdout.split_once('[').unwrap();
        assert_eq!(
            seen,
            "data dev proc tool /data 65532 65533 <nil> <nil> true dial udp 192.0.2.1:53: connect: network is unreachable ",
            "{name}"
        );
        let own: Vec<_> = env.trim_end().trim_end_matches(']').split(' ').collect();
        // Only what qemu is told comes on top.
        assert!(own.iter().all(|v| *v == "NAME=value" || v.starts_with("QEMU_CPU=")), "{name}: {env}");
        assert!(own.contains(&"NAME=value"), "{name}: {env}");
        // What it wrote stays there, and nothing of ours does but the two folders that are mounted on.
        assert_eq!(std::fs::read(tree.0.path().join("data/written")).unwrap(), b"x");
        assert!(std::fs::read_dir(tree.0.path().join("dev")).unwrap().next().is_none());
        // The program starts itself.
        let ran = tree.start(bench, &target, "self").unwrap();
        let expected =
            if ran.starts_others == Some(false) { "exec format error" } else { "<nil> hello from " };
        assert!(ran.stdout.contains(expected), "{name}: {ran:?}");
        assert_ne!(ran.starts_others, Some(false), "{name}");
        assert_eq!(tree.start(bench, &target, "exit").unwrap().status, Status::Exited(3), "{name}");
    }
}

fn refused_without_namespaces(bench: &Bench) {
    let target: GoTarget = "linux/arm64".parse().unwrap();
    let why = Tree::with(bench, &target).start(bench, &target, "hello").unwrap_err().to_string();
    assert!(why.contains("GOFERRY_NO_NAMESPACES") || why.contains("namespaces"), "{why}");
}

/// A folder to be a root, with the program `tool` in it.
struct Tree(tempfile::TempDir);

impl Tree {
    fn with(bench: &Bench, target: &GoTarget) -> Tree {
        let dir = tempfile::tempdir().unwrap();
        std::fs::rename(bench.build(target), dir.path().join("tool")).unwrap();
        Tree(dir)
    }

    fn start(&self, bench: &Bench, target: &GoTarget, arg: &str) -> Result<StartRecord, StartError> {
        let root = Root { work: "/data".into(), user: (65532, 65533), ..Root::new(self.0.path()) };
        let spec = StartSpec {
            env: vec![("NAME".into(), "value".into())],
            root: Some(root),
            ..bench.spec(target, Path::new("/tool"), arg, 20_000)
        };
        start(&spec, &bench.host)
    }
}

/// A file that asks for a loader which is not there: made of a static one by giving it a PT_INTERP.
fn a_missing_loader_shows(bench: &Bench) {
    let target: GoTarget = "linux/arm64".parse().unwrap();
    let program = bench.build(&target);
    let mut bytes = std::fs::read(&program).unwrap();
    let at = usize::try_from(u64::from_le_bytes(bytes[32..40].try_into().unwrap())).unwrap();
    // The first program header (PT_PHDR) becomes PT_INTERP and points at a name put at the file's end.
    let name = b"/lib/ld-linux-goferry.so.1\0";
    let end = bytes.len() as u64;
    bytes.extend(name);
    bytes[at..at + 4].copy_from_slice(&3_u32.to_le_bytes());
    bytes[at + 8..at + 16].copy_from_slice(&end.to_le_bytes());
    bytes[at + 32..at + 40].copy_from_slice(&(name.len() as u64).to_le_bytes());
    bytes[at + 40..at + 48].copy_from_slice(&(name.len() as u64).to_le_bytes());
    std::fs::write(&program, bytes).unwrap();
    let ran = bench.start(&target, &program, "hello", 20_000);
    assert_ne!(ran.status, Status::Exited(0));
    assert!(ran.stderr.contains("ld-linux-goferry"), "{ran:?}");
}

/// A program that needs more than the target promises fails under the promised processor.
fn the_promised_processor_is_the_one_that_runs(bench: &Bench) {
    let five: GoTarget = "linux/arm/v5".parse().unwrap();
    let seven = bench.build(&"linux/arm/v7".parse().unwrap());
    let ran = bench.start(&five, &seven, "hello", 20_000);
    assert_ne!(ran.status, Status::Exited(0), "GOARM=7 on an ARMv5: {ran:?}");
}

type Test = (&'static str, fn(&Bench));

fn main() {
    goferry_proc::sandbox::enter_if_asked();
    let bench = Bench::new();
    let tests: [Test; 5] = [
        ("every_machine_starts_go_programs", every_machine_starts_go_programs),
        ("how_programs_end", how_programs_end),
        ("a_folder_is_the_whole_file_system", a_folder_is_the_whole_file_system),
        ("a_missing_loader_shows", a_missing_loader_shows),
        ("the_promised_processor_is_the_one_that_runs", the_promised_processor_is_the_one_that_runs),
    ];
    let wanted = std::env::args().skip(1).find(|a| !a.starts_with('-'));
    for (name, test) in tests {
        if wanted.as_ref().is_none_or(|w| name.contains(w.as_str())) {
            test(&bench);
        }
    }
}
