//! The three ways of starting a foreign program, and what each can and cannot do.

use crate::machine::{machine, output, text};
use crate::support::{has, ran};
use goferry_emulate::binfmt;
use goferry_target::ArchKind;
use std::path::Path;
use std::process::Command;

fn namespaces_are_off() -> bool {
    std::env::var_os("GOFERRY_NO_NAMESPACES").is_some()
}

/// What the host has registered.
fn registered() -> Vec<std::ffi::OsString> {
    let entries = std::fs::read_dir("/proc/sys/fs/binfmt_misc").into_iter().flatten().flatten();
    entries.map(|e| e.file_name()).collect()
}

#[test]
fn in_a_namespace_programs_start_themselves_and_nothing_is_registered_on_the_host() {
    if namespaces_are_off() {
        return;
    }
    let m = machine();
    let before = registered();
    for arch in ["arm64", "mips64le", "s390x", "riscv64"] {
        let program = m.program(arch);
        for c in [
            m.goferry(&["exec", "--way=private", text(&program), "self"]),
            m.as_nobody(&["exec", "--way=private", text(&program), "self"]),
        ] {
            let r = output(c);
            assert_eq!(r.stdout, format!("{arch} self\nstarted: <nil>: {arch} child\n"), "{}", r.stderr);
            assert_eq!((r.status, r.stderr.as_str()), (0, ""));
        }
    }
    let r = output(m.as_nobody(&["exec", text(&m.program("arm64")), "who"]));
    let user = if nix::unistd::geteuid().is_root() { 65534 } else { nix::unistd::geteuid().as_raw() };
    assert!(r.stdout.contains(&format!("uid {user} ")), "{}", r.stdout);
    assert_eq!(registered(), before);
}

#[test]
fn without_namespaces_the_emulator_is_called_and_that_is_said() {
    let m = machine();
    let program = m.program("arm64");
    let mut c = m.goferry(&["exec", text(&program), "self"]);
    let r = output({
        c.env("GOFERRY_NO_NAMESPACES", "1");
        c
    });
    assert!(r.stdout.contains("exec format error"), "{}", r.stdout);
    assert!(r.stderr.contains("programs that this one starts are not emulated (GOFERRY_NO_NAMESPACES=1)"));
    let r = output(m.goferry(&["exec", "--way=direct", text(&program), "self"]));
    assert!(r.stdout.contains("exec format error"), "{} {}", r.stdout, r.stderr);
    let mut c = m.goferry(&["exec", "--way=private", text(&program), "self"]);
    let r = output({
        c.env("GOFERRY_NO_NAMESPACES", "1");
        c
    });
    assert_eq!((r.status, r.stdout.as_str()), (125, ""), "{}", r.stderr);
    assert!(r.stderr.contains("GOFERRY_NO_NAMESPACES=1"), "{}", r.stderr);
}

/// A user namespace stands for a host: what is registered there is what the programs inside find registered.
fn on_a_host_with(line: Option<&str>, goferry: &[&str]) -> Command {
    let mut c = Command::new("unshare");
    let script = "mount -t binfmt_misc none /proc/sys/fs/binfmt_misc && \
                  { [ -z \"$LINE\" ] || printf %s \"$LINE\" >/proc/sys/fs/binfmt_misc/register; } && exec \"$@\"";
    c.args(["-Urm", "sh", "-c", script, "sh"]).arg(machine().root.join("goferry")).args(goferry);
    c.env("GOFERRY_NO_NAMESPACES", "1").env("LINE", line.unwrap_or_default());
    c
}

/// Whether the kernel lets this user make namespaces, as CI's does.
fn grants_namespaces() -> bool {
    let granted = Command::new("unshare").args(["-Urm", "true"]).status().is_ok_and(|s| s.success());
    assert!(granted || std::env::var_os("CI").is_none(), "user namespaces are refused");
    granted
}

/// A kernel that grants no further namespaces.
#[test]
fn what_the_kernel_refuses_is_said_where_it_matters() {
    if namespaces_are_off() || !has(&["unshare"]) || !grants_namespaces() {
        return;
    }
    let program = machine().program("amd64");
    let refused = |args: &[&str]| {
        let mut c = Command::new("unshare");
        let script = "echo 0 >/proc/sys/user/max_user_namespaces && exec \"$@\"";
        c.args(["-Ur", "sh", "-c", script, "sh"]).arg(machine().root.join("goferry")).args(args);
        output(c)
    };
    let r = refused(&["exec", text(&program), "exit", "3"]);
    assert_eq!(r.status, 3, "{}", r.stderr);
    assert!(
        r.stderr.starts_with("note: the program sees the host's network and processes ("),
        "{}",
        r.stderr
    );
    assert_eq!(r.stderr.lines().count(), 1, "{}", r.stderr);
    for quiet in ["--network", "--quiet"] {
        let r = refused(&["exec", quiet, text(&program), "exit", "3"]);
        assert_eq!((r.status, r.stderr.as_str()), (3, ""), "{quiet}");
    }
}

#[test]
fn an_emulator_that_the_host_has_registered_is_used() {
    // A namespace has to stand for the host.
    if !has(&["unshare", "qemu-aarch64-static"]) || !grants_namespaces() {
        return;
    }
    let program = machine().program("arm64");
    let qemu = crate::support::which("qemu-aarch64-static");
    let line =
        binfmt::entry(ArchKind::Arm64).unwrap().register_line("arm64", Path::new(&qemu), "PF").unwrap();
    for way in ["--way=host", "--way=auto"] {
        let r = output(on_a_host_with(Some(&line), &["exec", way, text(&program), "self"]));
        assert_eq!(r.stdout, "arm64 self\nstarted: <nil>: arm64 child\n", "{way}: {}", r.stderr);
        assert_eq!(r.stderr, "", "{way}");
    }
    let r = output(on_a_host_with(None, &["exec", "--way=host", text(&program), "self"]));
    assert_eq!(r.status, 126, "{}", r.stderr);
    assert!(r.stderr.contains("no emulator registered for linux/arm64"), "{}", r.stderr);
}

/// The whole of `go test` with a test that starts itself.
#[test]
fn go_test_caches_what_ran_through_exec() {
    let m = machine();
    let dir = m.root.join(format!("suite-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join("go.mod"), "module example.com/suite\n\ngo 1.24\n").unwrap();
    std::fs::write(dir.join("suite_test.go"), SUITE).unwrap();
    let exec = format!("{} exec", text(&m.root.join("goferry")));
    let test = |flags: &[&str]| {
        let mut c = Command::new("go");
        c.args(["test", "-exec", &exec]).args(flags).arg(".").current_dir(&dir);
        c.envs([("GOOS", "linux"), ("GOARCH", "arm64"), ("CGO_ENABLED", "0"), ("GOFLAGS", "")]);
        c.env("GOFERRY_CACHE", m.root.join("cache"));
        ran(&c.output().unwrap())
    };
    let first = test(&["-count=1"]);
    if namespaces_are_off() {
        assert!(first.stdout.contains("exec format error"), "{}", first.stdout);
    } else {
        assert_eq!(first.status, 0, "{}{}", first.stdout, first.stderr);
        let (_, again) = (test(&[]), test(&[]));
        assert!(again.stdout.contains("(cached)"), "{}{}", again.stdout, again.stderr);
        // What the test read counts: another content is another run.
        std::fs::write(dir.join("input.txt"), "changed").unwrap();
        let changed = test(&[]);
        assert!(!changed.stdout.contains("(cached)"), "{}", changed.stdout);
    }
    std::fs::remove_dir_all(&dir).unwrap();
}

const SUITE: &str = r#"package suite

import (
	"os"
	"os/exec"
	"testing"
)

func TestItself(t *testing.T) {
	if os.Getenv("INNER") != "" {
		return
	}
	os.ReadFile("input.txt")
	c := exec.Command(os.Args[0], "-test.run=TestItself")
	c.Env = append(os.Environ(), "INNER=1")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}
"#;
