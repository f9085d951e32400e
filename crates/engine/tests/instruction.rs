//! RUN in real files of an image: a main of its own, because the sandbox starts this executable again as its helper.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test without the harness, which clippy does not recognise as one")]

use goferry_emulate::{HostFacts, choose_runner};
use goferry_engine::images::instruction::{Instruction, run};
use goferry_image::dockerfile::RunMount;
use goferry_image::{Kind, Layout, Node, Tree};
use goferry_proc::sandbox::{Isolation, probe};
use goferry_proc::{Cancel, CommandSpec, Host, Spawner};
use goferry_target::GoTarget;

/// What stands for a shell: a Go program, since every platform's emulator is known to run those.
const SHELL: &str = r#"package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
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
	os.Exit(len(os.Args) - 1)
}
"#;

struct Bench {
    dir: tempfile::TempDir,
    host: Host,
}

impl Bench {
    fn tool(&self, target: &GoTarget) -> Vec<u8> {
        std::fs::write(self.dir.path().join("main.go"), SHELL).unwrap();
        let out = self.dir.path().join("tool");
        let mut go = CommandSpec::new("go build", "go")
            .args(["build", "-o"])
            .arg(&out)
            .arg("main.go")
            .cwd(self.dir.path());
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
    let facts = HostFacts::probe(&bench.host, std::env::var_os("PATH").as_deref(), &[target]);
    let runner = choose_runner(&target, &facts).runner.unwrap();
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
            "inner on {}\n<nil> 0 /data value\ngiven <nil> alone true <nil>\n<nil> <nil> <nil>\n",
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
    // What it did not touch is as it was, and nothing of goferry's mounts is there.
    assert_eq!((tree.get("data").unwrap().uid, tree.get("data/private").unwrap().uid), (33, 1000));
    let paths: Vec<&str> = tree.iter().map(|(p, _)| p).collect();
    assert_eq!(
        paths,
        [
            "",
            "bin",
            "bin/tool",
            "cache",
            "data",
            "data/given",
            "data/link",
            "data/new",
            "data/private",
            "one"
        ]
    );
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

fn main() {
    goferry_proc::sandbox::enter_if_asked();
    goferry_engine::images::enter_if_asked();
    let dir = tempfile::tempdir().unwrap();
    let bench = Bench { host: Host::new(Cancel::new()), dir };
    if probe() != Isolation::Namespaces {
        // Said by the tests of proc; nothing of this can be had.
        return;
    }
    for name in ["linux/amd64", "linux/arm64", "linux/s390x"] {
        a_program_changes_the_files(&bench, name);
    }
}
