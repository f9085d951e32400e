//! Real Go programs for every kind of file, built once per test process by the go command.

use goferry_target::GoTarget;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock};

/// A build: target, extra arguments, and whether the symbol table and DWARF are left out.
pub(crate) struct Program {
    pub(crate) target: GoTarget,
    pub(crate) stripped: bool,
    pub(crate) pie: bool,
    pub(crate) path: PathBuf,
}

impl Program {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        std::fs::read(&self.path).unwrap()
    }

    pub(crate) fn name(&self) -> String {
        self.path.file_name().unwrap().to_string_lossy().into_owned()
    }
}

pub(crate) const TARGETS: [&str; 25] = [
    "linux/amd64",
    "linux/arm64",
    "linux/arm/v5",
    "linux/arm/v7",
    "linux/386",
    "linux/mips",
    "linux/mips64le",
    "linux/mipsle/softfloat",
    "linux/ppc64le",
    "linux/riscv64",
    "linux/s390x",
    "linux/loong64",
    "windows/amd64",
    "windows/arm64",
    "windows/386",
    "darwin/amd64",
    "darwin/arm64",
    "freebsd/amd64",
    "netbsd/amd64",
    "openbsd/amd64",
    "plan9/amd64",
    "plan9/386",
    "aix/ppc64",
    "js/wasm",
    "wasip1/wasm",
];

/// One of each format, with symbols and DWARF.
const UNSTRIPPED: [&str; 7] =
    ["linux/amd64", "linux/mips", "windows/amd64", "darwin/arm64", "plan9/amd64", "aix/ppc64", "wasip1/wasm"];

/// What stands in `-ldflags`, to be found again in the build settings with its quotes.
pub(crate) const LDFLAGS: &str = "-X 'main.note=a b'";

struct Fixture {
    _dir: tempfile::TempDir,
    programs: Vec<Program>,
}

/// Every program; the first call builds them.
pub(crate) fn all() -> &'static [Program] {
    static FIXTURE: OnceLock<Fixture> = OnceLock::new();
    &FIXTURE.get_or_init(build_all).programs
}

pub(crate) fn find(target: &str, stripped: bool) -> &'static Program {
    let target: GoTarget = target.parse().unwrap();
    all().iter().find(|p| p.target == target && p.stripped == stripped && !p.pie).unwrap()
}

fn build_all() -> Fixture {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write(
        "go.mod",
        "module example.com/tiny\n\ngo 1.24\n\nrequire example.com/dep v1.2.3\n\nreplace example.com/dep => ./dep\n",
    );
    write("dep/go.mod", "module example.com/dep\n\ngo 1.24\n");
    write("dep/dep.go", "package dep\n\nfunc Word() string { return \"dep\" }\n");
    write(
        "main.go",
        "package main\n\nimport \"example.com/dep\"\n\nvar note string\n\nfunc main() { println(dep.Word(), note) }\n",
    );
    let program = |target: &str, stripped, pie| {
        let target: GoTarget = target.parse().unwrap();
        let ending = target.facts().unwrap().exe_suffix();
        let name = format!("{}_{stripped}_{pie}{ending}", target.goreleaser_name());
        Program { target, stripped, pie, path: dir.path().join("out").join(name) }
    };
    let mut programs: Vec<Program> = TARGETS.iter().map(|t| program(t, true, false)).collect();
    programs.extend(UNSTRIPPED.iter().map(|t| program(t, false, false)));
    programs.push(program("linux/amd64", true, true));
    let queue = Mutex::new(programs.iter());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap().next();
                    let Some(p) = next else { break };
                    build(dir.path(), p);
                }
            });
        }
    });
    Fixture { _dir: dir, programs }
}

fn build(module: &Path, p: &Program) {
    let mut go = go_command(module);
    let ldflags = if p.stripped { format!("-s -w {LDFLAGS}") } else { LDFLAGS.to_owned() };
    go.args(["build", "-ldflags", &ldflags]);
    if p.pie {
        go.arg("-buildmode=pie");
    }
    let out = go.envs(p.target.go_env()).arg("-o").arg(&p.path).arg(".").output().unwrap();
    assert!(out.status.success(), "{}: {}", p.target, String::from_utf8_lossy(&out.stderr));
}

/// The go command without what this machine's settings would add.
pub(crate) fn go_command(dir: &Path) -> Command {
    let mut go = Command::new("go");
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GO")
            && !matches!(name.to_str(), Some("GOCACHE" | "GOROOT" | "GOPATH"))
        {
            go.env_remove(name);
        }
    }
    let env = [
        ("GOENV", "off"),
        ("GOPROXY", "off"),
        ("GOTOOLCHAIN", "local"),
        ("CGO_ENABLED", "0"),
        ("GOWORK", "off"),
    ];
    go.current_dir(dir).envs(env).env("GOFLAGS", "-buildvcs=false");
    go
}
