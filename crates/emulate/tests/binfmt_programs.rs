//! The entries of binfmt_misc against what go's linker really writes.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "the functions that tests share are not marked as tests")]

use goferry_emulate::binfmt::entry;
use goferry_proc::{Cancel, CommandSpec, Host, Spawner, find_program};
use goferry_target::{ArchKind, GoTarget, Os};
use std::path::Path;

/// The smallest program: only the runtime is compiled.
const PROGRAM: &str = "package main\n\nfunc main() {}\n";

/// Builds for an architecture and gives the file's first bytes.
fn build(dir: &Path, kind: ArchKind, os: Os, mode: &str) -> Vec<u8> {
    let out = dir.join(format!("{}-{mode}", kind.goarch()));
    let mut spec = CommandSpec::new("go build", "go")
        .args(["build", "-buildmode", mode, "-o"])
        .arg(&out)
        .cwd(dir)
        .set("CGO_ENABLED", "0")
        .set("GOFLAGS", "")
        .set("GOENV", "off");
    for (name, value) in GoTarget::new(os, kind.default_arch()).go_env() {
        spec = spec.set(name, value);
    }
    let ran = Host::new(Cancel::new()).run(&spec).unwrap();
    assert!(ran.status.success(), "{os} {kind:?} {mode}: {}", ran.stderr_text());
    std::fs::read(out).unwrap()
}

#[test]
fn every_program_of_go_has_its_own_entry() {
    if find_program("go", std::env::var_os("PATH").as_deref(), Path::new("/")).is_none() {
        assert!(std::env::var_os("CI").is_none(), "CI has go");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("main.go"), PROGRAM).unwrap();
    std::fs::write(dir.path().join("go.mod"), "module example.com/empty\n\ngo 1.24\n").unwrap();
    let takers = |bytes: &[u8]| -> Vec<ArchKind> {
        ArchKind::ALL.into_iter().filter(|k| entry(*k).is_some_and(|e| e.matches(bytes))).collect()
    };
    for kind in ArchKind::ALL.into_iter().filter(|k| *k != ArchKind::Wasm) {
        assert_eq!(takers(&build(dir.path(), kind, Os::Linux, "exe")), [kind]);
    }
    // The pairs that link position-independent programs without a C toolchain, but one: compiling for them again is
    // most of this test's time.
    for kind in [ArchKind::Amd64, ArchKind::Arm64] {
        let bytes = build(dir.path(), kind, Os::Linux, "pie");
        assert_eq!((bytes[16], takers(&bytes)), (3, vec![kind]), "a shared object");
    }
    for (os, kind) in
        [(Os::Windows, ArchKind::Amd64), (Os::Darwin, ArchKind::Arm64), (Os::Wasip1, ArchKind::Wasm)]
    {
        assert_eq!(takers(&build(dir.path(), kind, os, "exe")), [], "{os}");
    }
}
