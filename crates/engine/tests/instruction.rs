//! RUN in real files of an image: a main of its own, because the sandbox starts this executable again as its helper. What
//! cannot be had here is counted as skipped, but not in CI.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test without the harness, which clippy does not recognise as one")]

use goferry_emulate::{HostFacts, Runner, choose_runner};
use goferry_engine::images::instruction::{Instruction, run};
use goferry_image::dockerfile::RunMount;
use goferry_image::{Kind, Layout, Node, Tree};
use goferry_proc::sandbox::{Isolation, SandboxSpec, Users, probe, run as run_in_sandbox};
use goferry_proc::{Cancel, CommandSpec, Host, Spawner};
use goferry_target::GoTarget;
use libtest_mimic::{Arguments, Trial};
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;

/// What stands for a shell: a Go program, since every platform's emulator is known to run those.
const SHELL: &str = r#"package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "inner" {
		fmt.Println("inner on", runtime.GOARCH)
		return
	}
	out, err := exec.Command("/bin/tool", "inner").CombinedOutput()
	dir, _ := os.Getwd()
	fmt.Print(string(out), err, " ", os.Getuid(), " ", dir, " ", os.Getenv("NAME"), "\n")
	if err := os.WriteFile("/data/new", []byte("new"), 0o640); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	seen, err := os.ReadFile("/data/given/deep/file")
	one, _ := os.ReadFile("/one")
	fmt.Println(string(seen), err, string(one), os.WriteFile("/data/given/x", nil, 0o644) != nil, os.WriteFile("/cache/x", seen, 0o644))
	fmt.Println(os.Chown("/data/new", 33, 44), os.Remove("/data/old"), os.Symlink("new", "/data/link"))
	// What setcap does, and what takes capabilities away.
	capability := make([]byte, 64)
	n, err := syscall.Getxattr("/data/capable", "security.capability", capability)
	fmt.Println(n, err, syscall.Setxattr("/data/new", "security.capability", capability[:max(n, 0)], 0))
	fmt.Println(os.Chmod("/data/capable", 0o710), os.Chown("/data/tame", 7, 7))
	os.Exit(len(os.Args) - 1)
}
"#;

/// cap_net_raw+ep, as Linux keeps it (capability.h, `vfs_cap_data` 2), and an attribute of a program's.
fn capable() -> BTreeMap<String, Vec<u8>> {
    let mut capability = vec![0; 20];
    (capability[0], capability[3], capability[5]) = (1, 2, 0x20);
    [("security.capability", capability), ("user.tool", b"x".to_vec())]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
}

struct Bench {
    dir: tempfile::TempDir,
    host: Host,
}

impl Bench {
    fn runner(&self, target: &GoTarget) -> Option<Runner> {
        let facts = HostFacts::probe(&self.host, std::env::var_os("PATH").as_deref(), &[*target]);
        choose_runner(target, &facts).runner
    }

    /// Programs of several platforms are made at once.
    fn tool(&self, target: &GoTarget) -> Vec<u8> {
        let dir = self.dir.path().join(target.goreleaser_name());
        std::fs::create_dir(&dir).unwrap();
        std::fs::write(dir.join("main.go"), SHELL).unwrap();
        let out = dir.join("tool");
        let mut go =
            CommandSpec::new("go build", "go").args(["build", "-o"]).arg(&out).arg("main.go").cwd(&dir);
        for (name, value) in
            target.go_env().into_iter().chain([("CGO_ENABLED", "0".to_owned()), ("GOFLAGS", String::new())])
        {
            go = go.set(name, value);
        }
        let done = self.host.run(&go).unwrap();
        assert!(done.status.success(), "{}", done.stderr_text());
        std::fs::read(out).unwrap()
    }

    fn tree(&self, target: &GoTarget) -> Tree {
        let mut tree = Tree::empty();
        tree.insert("bin/tool", Node::bytes(self.tool(target), 0o755, 0));
        tree.insert("data", Node { uid: 33, gid: 33, ..Node::directory(0) });
        tree.insert("data/old", Node::bytes("old", 0o644, 0));
        let capable = || Node { xattrs: capable(), ..Node::bytes("c", 0o755, 0) };
        tree.insert("data/capable", capable());
        tree.insert("data/tame", capable());
        tree.insert("data/private", Node { uid: 1000, gid: 1000, ..Node::bytes("p", 0o600, 0) });
        tree
    }
}

/// A folder that cannot be written, a file, and an empty folder.
fn mounts() -> [RunMount; 3] {
    let tree = |nodes: &[(&str, Node)]| {
        let mut tree = Tree::empty();
        nodes.iter().for_each(|(path, node)| tree.insert(path, node.clone()));
        tree
    };
    let mount =
        |target: &str, files: Tree, read_only: bool| RunMount { target: target.to_owned(), files, read_only };
    let file = |text: &str| Node::bytes(text, 0o644, 0);
    [
        mount("data/given", tree(&[("m", Node::directory(0)), ("m/deep/file", file("given"))]), true),
        mount("one", tree(&[("m", file("alone"))]), true),
        mount("cache", tree(&[("m", Node::directory(0))]), false),
    ]
}

fn a_program_changes_the_files(bench: &Bench, name: &str) {
    let target: GoTarget = name.parse().unwrap();
    let runner = bench.runner(&target).unwrap();
    let layout =
        Layout::create(&bench.dir.path().join(format!("layout-{}", target.goreleaser_name()))).unwrap();
    let mut tree = bench.tree(&target);
    let argv = ["/bin/tool".to_owned()];
    let env = ["NAME=value".to_owned()];
    let step = Instruction {
        what: "Dockerfile:7: RUN tool",
        argv: &argv,
        env: &env,
        work: "/data",
        user: (0, 0),
        network: false,
        target,
        runner: &runner,
        mtime: 1_700_000_000,
        mounts: &mounts(),
    };
    let before = tree.clone();
    let (layer, said) = run(&bench.host, &layout, &mut tree, &step).unwrap();
    assert_eq!(
        said,
        format!(
            "inner on {}\n<nil> 0 /data value\ngiven <nil> alone true <nil>\n<nil> <nil> <nil>\n20 <nil> <nil>\n<nil> <nil>\n",
            target.arch.goarch()
        )
    );
    assert!(layout.has(&layer.descriptor.digest));
    let new = tree.get("data/new").unwrap();
    assert_eq!((new.mode, new.uid, new.gid, new.mtime), (0o640, 33, 44, 1_700_000_000));
    assert_eq!(tree.read("data/new", 10).unwrap().unwrap(), b"new");
    assert!(
        tree.get("data/old").is_none()
            && matches!(&tree.get("data/link").unwrap().kind, Kind::Symlink(t) if t == "new")
    );
    // What it touched has what it had, but for what the kernel takes away; and what it was given.
    let attributes = |path: &str| tree.get(path).unwrap().xattrs.clone();
    let capability = |path: &str| attributes(path).get("security.capability").cloned();
    assert_eq!(tree.get("data/capable").unwrap().mode, 0o710);
    assert_eq!(capability("data/capable"), capable().remove("security.capability"));
    assert_eq!(capability("data/new"), capability("data/capable"));
    assert_eq!((tree.get("data/tame").unwrap().uid, capability("data/tame")), (7, None));
    // In memory there are such since Linux 6.6.
    if attributes("data/tame").len() == 1 {
        assert_eq!(attributes("data/capable"), capable());
    }
    // What it did not touch is as it was, and nothing of goferry's mounts is there.
    assert_eq!((tree.get("data").unwrap().uid, tree.get("data/private").unwrap().uid), (33, 1000));
    let paths: Vec<&str> = tree.iter().map(|(p, _)| p).collect();
    let data = ["capable", "given", "link", "new", "private", "tame"].map(|n| format!("data/{n}"));
    let data = data.each_ref().map(String::as_str);
    assert_eq!(paths, [&["", "bin", "bin/tool", "cache", "data"][..], &data, &["one"]].concat());
    // Again the same: the same layer.
    let (again, _) = run(&bench.host, &layout, &mut before.clone(), &step).unwrap();
    assert_eq!(again, layer);
    // A failure says what, and changes nothing.
    let argv = ["/bin/tool".to_owned(), "x".to_owned()];
    let mut same = before.clone();
    let failed = run(&bench.host, &layout, &mut same, &Instruction { argv: &argv, ..step }).unwrap_err();
    assert!(failed.message.starts_with("Dockerfile:7: RUN tool: it ended with Exited(1)"), "{failed:?}");
    assert!(failed.notes.iter().any(|n| n.contains("value")), "{failed:?}");
    assert!(same.get("data/old").is_some());
}

/// Whether namespaces with many users can be had here.
fn granted(host: &Host) -> bool {
    let probing = SandboxSpec { users: Users::Many, ..SandboxSpec::new("probe", "/bin/true") };
    probe() == Isolation::Namespaces && run_in_sandbox(&probing, host).is_ok()
}

fn main() -> ExitCode {
    goferry_proc::sandbox::enter_if_asked();
    goferry_engine::images::enter_if_asked();
    let args = Arguments::from_args();
    let dir = tempfile::tempdir().unwrap();
    let bench = Arc::new(Bench { host: Host::new(Cancel::new()), dir });
    // The tests run once more without namespaces, on purpose.
    let switched_off = std::env::var_os("GOFERRY_NO_NAMESPACES").is_some();
    let granted = !switched_off && granted(&bench.host);
    assert!(granted || switched_off || std::env::var_os("CI").is_none(), "CI grants many users");
    let trials = ["linux/amd64", "linux/arm64", "linux/s390x"].map(|name| {
        let runs = bench.runner(&name.parse().unwrap()).is_some();
        assert!(runs || std::env::var_os("CI").is_none(), "CI has what runs {name}");
        let bench = Arc::clone(&bench);
        Trial::test(format!("a_program_changes_the_files_{}", name.replace('/', "_")), move || {
            a_program_changes_the_files(&bench, name);
            Ok(())
        })
        .with_ignored_flag(!granted || !runs)
    });
    libtest_mimic::run(&args, trials.into()).exit_code()
}
