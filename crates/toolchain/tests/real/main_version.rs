//! The derived main version against what the go command stamps.

use crate::bed::{Bed, host, program};
use goferry_toolchain::git::{self, GitQuery};
use goferry_toolchain::gomod::GoMod;
use goferry_toolchain::main_version::{MainVersionFacts, main_version};

const MAIN: &str = "package main\n\nfunc main() {}\n";

/// Builds the module in `dir` and returns Go's word and ours.
fn both(bed: &Bed, dir: &str) -> (String, String) {
    let out = tempfile::tempdir().unwrap();
    let binary = out.path().join("m");
    let binary = binary.to_str().unwrap();
    let module = GoMod::read(&bed.path().join(dir).join("go.mod")).unwrap().module;
    let facts = git::inspect(
        &host(),
        &program("git"),
        &GitQuery { dir: bed.path().join(dir), ..GitQuery::default() },
    );
    let committed = |path: &str| !bed.git(&["ls-tree", "--name-only", "HEAD", path]).is_empty();
    let own_gomod = if dir.is_empty() { "go.mod".to_owned() } else { format!("{dir}/go.mod") };
    let ours = main_version(&MainVersionFacts {
        go_minor: 26,
        root_module: GoMod::read(&bed.path().join("go.mod")).map(|m| m.module).unwrap_or_default(),
        root_gomod_committed: committed("go.mod"),
        gomod_committed: committed(&own_gomod),
        module,
        ..facts.facts.unwrap().main_version_facts()
    });
    bed.go(dir, &["build", "-o", binary, "."], &[]);
    let listing = bed.go(dir, &["version", "-m", binary], &[]);
    let line = listing.lines().find(|l| l.trim_start().starts_with("mod\t")).unwrap();
    (line.split('\t').nth(3).unwrap().to_owned(), ours)
}

fn module(path: &str) -> Bed {
    let bed = Bed::repository();
    bed.write("go.mod", &format!("module {path}\n\ngo 1.24\n")).write("main.go", MAIN);
    bed
}

#[track_caller]
fn agree(bed: &Bed, dir: &str, shape: &str) {
    let (go, ours) = both(bed, dir);
    assert_eq!(ours, go);
    assert!(go.starts_with(shape), "{go} should begin with {shape}");
}

#[test]
fn tags_at_head() {
    let bed = module("example.com/m");
    bed.commit("first");
    agree(&bed, "", "v0.0.0-20240102010105-");
    bed.tag("v1.2.3");
    agree(&bed, "", "v1.2.3");
    bed.tag("v1.3.0-rc.1").tag("v9.0.0").tag("1.9.0").tag("v1.8");
    agree(&bed, "", "v1.3.0-rc.1");
    bed.write("dist/x", "");
    agree(&bed, "", "v1.3.0-rc.1+dirty");
}

#[test]
fn commits_after_a_tag() {
    let bed = module("example.com/m");
    bed.commit("first").tag("v1.2.3").commit("second");
    agree(&bed, "", "v1.2.4-0.20240102");
    bed.tag("v1.2.4-rc.1").commit("third");
    agree(&bed, "", "v1.2.4-rc.1.0.20240102");
    bed.tag("v1.5.0+meta");
    agree(&bed, "", "v1.5.1-0.20240102");
}

#[test]
fn major_versions() {
    let bed = module("example.com/m");
    bed.commit("first").tag("v2.3.0");
    agree(&bed, "", "v0.0.0-20240102");
    let bed = module("example.com/m/v2");
    bed.commit("first");
    agree(&bed, "", "v2.0.0-20240102");
    bed.tag("v2.3.0").tag("v1.9.0");
    agree(&bed, "", "v2.3.0");
}

#[test]
fn tags_without_v() {
    let bed = module("example.com/m");
    bed.commit("first").tag("1.2.3");
    agree(&bed, "", "v0.0.0-20240102");
}

#[test]
fn submodules() {
    let bed = module("example.com/m");
    bed.write("sub/go.mod", "module example.com/m/sub\n\ngo 1.24\n").write("sub/main.go", MAIN);
    bed.write("v2/go.mod", "module example.com/m/v2\n\ngo 1.24\n").write("v2/main.go", MAIN);
    bed.commit("first").tag("v1.2.3");
    agree(&bed, "sub", "v0.0.0-20240102");
    bed.tag("sub/v0.4.0").tag("v2.1.0");
    agree(&bed, "sub", "v0.4.0");
    agree(&bed, "v2", "v2.1.0");
    agree(&bed, "", "v1.2.3");
}

#[test]
fn without_a_root_module() {
    let bed = Bed::repository();
    bed.write("sub/go.mod", "module example.com/m/sub\n\ngo 1.24\n").write("sub/main.go", MAIN);
    bed.commit("first").tag("sub/v0.4.0");
    agree(&bed, "sub", "(devel)");
}

#[test]
fn a_go_mod_that_is_not_committed() {
    let bed = Bed::repository();
    bed.write("main.go", MAIN).commit("first").tag("v2.0.0");
    bed.write("go.mod", "module example.com/m\n\ngo 1.24\n");
    agree(&bed, "", "v2.0.0+incompatible.dirty");
}
