//! Packages from the cache: a second release makes a package again whenever something that is in it has changed.
#![expect(clippy::unwrap_used, reason = "what a test cannot set up has failed")]

mod support;

use serde_json::Value;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use support::{Project, has, ran};

/// What is packed lies beside the project, so that nothing changes but the package.
const CONFIG: &str = "targets = [\"linux/amd64\"]
[[builds]]
env = [\"CGO_ENABLED=0\"]
[package]
maintainer = \"A Fixture <a@example.com>\"
formats = [\"deb\"]
scripts.postinstall = \"../stuff/post.sh\"
contents = [
  { src = \"../stuff/share\", dst = \"/usr/share/tiny\", type = \"tree\" },
  { src = \"../stuff/etc/*\", dst = \"/etc/tiny/\" },
]
";

fn project(config: &str) -> Project {
    let p = Project::new(&[("goferry.toml", config)]);
    for (name, text) in [
        ("share/a/b", "b"),
        ("etc/one.conf", "1"),
        ("etc/two.conf", "2"),
        ("real/c", "c"),
        ("post.sh", "#!/bin/sh\n:\n"),
    ] {
        let path = p.scratch.path().join("stuff").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    p
}

/// A release: how each package step ended, and the summary.
fn release(p: &Project, arguments: &[&str]) -> (Vec<(String, String)>, Value) {
    let ran = p.run(&[&["release", "--snapshot", "--clean", "--json"], arguments].concat());
    assert_eq!(ran.status, 0, "{}{}", ran.stdout, ran.stderr);
    events(&ran.stdout)
}

fn events(stdout: &str) -> (Vec<(String, String)>, Value) {
    let events: Vec<Value> = stdout.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let text = |e: &Value, key: &str| e[key].as_str().unwrap().to_owned();
    let ended = events.iter().filter(|e| e["event"] == "step-finished" && e["stage"] == "package");
    (ended.map(|e| (text(e, "step"), text(e, "state"))).collect(), events.last().unwrap().clone())
}

fn deb(p: &Project) -> Vec<u8> {
    let files = p.dist_files();
    files.into_iter().find(|(name, _)| name.ends_with(".deb")).unwrap().1
}

type Change<'c> = (&'c str, &'c dyn Fn(&Path));

#[test]
fn whatever_is_in_a_package_and_changes_makes_it_anew() {
    let p = project(CONFIG);
    let stuff = p.scratch.path().join("stuff");
    let state = |(states, _): (Vec<(String, String)>, Value)| states[0].1.clone();
    assert_ne!(state(release(&p, &[])), "cached");
    let unchanged = state(release(&p, &[]));
    // Where namespaces are refused the program was not started, and that is tried again.
    let kept = unchanged == "cached";
    let mut before = deb(&p);
    let changes: [Change<'_>; 8] = [
        ("moved", &|s| std::fs::rename(s.join("share/a/b"), s.join("share/b")).unwrap()),
        ("a folder's mode", &|s| {
            std::fs::set_permissions(s.join("share/a"), std::fs::Permissions::from_mode(0o700)).unwrap();
        }),
        ("an empty folder", &|s| std::fs::create_dir(s.join("share/empty")).unwrap()),
        ("edited", &|s| std::fs::write(s.join("etc/one.conf"), "other").unwrap()),
        ("a file's mode", &|s| {
            std::fs::set_permissions(s.join("etc/two.conf"), std::fs::Permissions::from_mode(0o600)).unwrap();
        }),
        ("a link", &|s| symlink("one.conf", s.join("etc/three.conf")).unwrap()),
        ("relinked", &|s| {
            std::fs::remove_file(s.join("etc/three.conf")).unwrap();
            symlink("two.conf", s.join("etc/three.conf")).unwrap();
        }),
        ("a script", &|s| std::fs::write(s.join("post.sh"), "#!/bin/sh\ntrue\n").unwrap()),
    ];
    for (what, change) in changes {
        change(&stuff);
        let (states, _) = release(&p, &[]);
        assert_ne!(states[0].1, "cached", "{what}");
        let after = deb(&p);
        assert_ne!(after, before, "{what}");
        before = after;
    }
    // What is not packed changes nothing: a link to a folder, as in nfpm.
    symlink("../real", stuff.join("etc/folder")).unwrap();
    assert_eq!(state(release(&p, &[])) == "cached", kept);
    assert_eq!(deb(&p), before);
    assert_ne!(state(release(&p, &["--no-cache"])), "cached");
    assert_eq!(deb(&p), before, "the same input, the same package");
}

#[test]
fn a_program_that_was_not_started_is_seen_and_tried_again() {
    if !has(&["unshare"]) {
        return;
    }
    let granted = std::process::Command::new("unshare").args(["-Urm", "true"]).status().unwrap().success();
    if !granted {
        return;
    }
    let p = project(CONFIG);
    let plain = p.command(&["release", "--snapshot", "--clean", "--json"]);
    if plain.get_envs().any(|(name, value)| name == "GOFERRY_NO_NAMESPACES" && value.is_some()) {
        return;
    }
    // A machine without namespaces.
    let mut without = std::process::Command::new("unshare");
    without.args(["-Ur", "sh", "-c", "echo 0 >/proc/sys/user/max_user_namespaces; exec \"$@\"", "sh"]);
    without.arg(plain.get_program()).args(plain.get_args()).current_dir(&p.root).env_clear();
    without.envs(plain.get_envs().filter_map(|(k, v)| Some((k, v?))));
    let refused = ran(&without.output().unwrap());
    assert_eq!(refused.status, 0, "{}{}", refused.stdout, refused.stderr);
    let (states, summary) = events(&refused.stdout);
    assert_eq!(states[0].1, "waived", "{states:?}");
    let waivers = summary["waivers"].as_array().unwrap();
    let said = |w: &Value| {
        let w = w.as_str().unwrap();
        w.contains(".deb: runner-missing (no namespaces")
    };
    assert!(waivers.iter().any(said), "{waivers:?}");
    let started = |p: &Project| p.record()["packages"][0]["proof"]["started"]["/usr/bin/tiny"].clone();
    assert_eq!(started(&p)["waived"]["class"], "runner-missing");
    let (states, summary) = release(&p, &[]);
    assert_eq!(states[0].1, "done", "{states:?}");
    assert!(summary["waivers"].as_array().unwrap().is_empty(), "{summary}");
    assert_eq!(started(&p)["ran"]["isolation"], "namespaces");
    assert_eq!(release(&p, &[]).0[0].1, "cached");
}
