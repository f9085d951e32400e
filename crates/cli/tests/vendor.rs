//! `goferry check` of modules whose packages come from vendor/ or from the module cache alone: made by the real go command,
//! then damaged.

#![expect(clippy::unwrap_used, reason = "what a test cannot set up has failed")]

mod support;

use std::process::Command;
use support::{Project, Ran, fixed};

const MAIN: &str = "package main\n\nimport \"example.com/dep\"\n\nfunc main() { println(dep.Word()) }\n";
const GO_MOD: &str = "module example.com/tiny\n\ngo 1.24\n\nrequire example.com/dep v1.0.0\n\nreplace example.com/dep => ../dep\n";
const TWO: &str = "targets = [\"linux/amd64\", \"windows/arm64\"]\n";
const VENDORED: &str = "vendor/example.com/dep";

fn go(p: &Project, args: &[&str]) {
    let out = Command::new("go")
        .args(args)
        .current_dir(&p.root)
        .env_clear()
        .envs(fixed())
        .env("GOPROXY", "off")
        .envs(p.env.iter().map(|(k, v)| (k, v)))
        .output()
        .unwrap();
    assert!(out.status.success(), "go {args:?}: {}", String::from_utf8_lossy(&out.stderr));
}

/// A module that needs `dep`, which lies beside it, with a folder vendor/ that is whole. `dep/sub` is needed by `dep`,
/// `dep/win` on Windows, `dep/tagged` with the tag `extra`, `dep/c` with cgo.
fn vendored(config: &str) -> Project {
    let p = Project::new(&[
        ("goferry.toml", config),
        ("go.mod", GO_MOD),
        ("main.go", MAIN),
        ("main_windows.go", "package main\n\nimport _ \"example.com/dep/win\"\n"),
        ("extra.go", "//go:build extra\n\npackage main\n\nimport _ \"example.com/dep/tagged\"\n"),
        ("c.go", "package main\n\nimport \"C\"\nimport _ \"example.com/dep/c\"\n"),
        ("../dep/go.mod", "module example.com/dep\n\ngo 1.24\n"),
        (
            "../dep/dep.go",
            "package dep\n\nimport (\n\t_ \"embed\"\n\t\"example.com/dep/sub\"\n)\n\n//go:embed word.txt\nvar word string\n\nfunc Word() string { return sub.Mark + word }\n",
        ),
        ("../dep/word.txt", "word"),
        ("../dep/sub/sub.go", "package sub\n\nconst Mark = \"-\"\n"),
        ("../dep/win/win.go", "package win\n"),
        ("../dep/tagged/tagged.go", "package tagged\n"),
        ("../dep/c/c.go", "package c\n"),
    ]);
    go(&p, &["mod", "vendor"]);
    p
}

fn lose(p: &Project, path: &str) {
    let path = p.root.join(path);
    match path.is_dir() {
        true => std::fs::remove_dir_all(path).unwrap(),
        false => std::fs::remove_file(path).unwrap(),
    }
}

/// `goferry check`, which must end so and say these words; gives what it said.
fn check(p: &Project, status: i32, words: &[&str]) -> Ran {
    let r = p.run(&["check"]);
    assert_eq!(r.status, status, "{}{}", r.stdout, r.stderr);
    for word in words {
        assert!(r.stderr.contains(word) || r.stdout.contains(word), "{word}: {}{}", r.stdout, r.stderr);
    }
    r
}

#[test]
fn a_whole_vendor_folder_serves_every_target() {
    let p = vendored(TWO);
    let r = check(&p, 0, &["packages: vendor/ has what is needed for 2 targets"]);
    assert_eq!(r.stderr, "");
    let json = p.run(&["check", "--json"]);
    let value: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(value["packages"][0]["from"][0], "vendor/");
    assert_eq!(value["packages"][0]["targets"].as_array().unwrap().len(), 2);
    assert_eq!(value["diagnostics"].as_array().unwrap().len(), 0);
}

#[test]
fn a_package_that_one_target_imports_is_missed_for_that_target() {
    let p = vendored(TWO);
    lose(&p, &format!("{VENDORED}/win"));
    let said = [
        "error[vendor-missing-package]: vendor/ lacks example.com/dep/win, needed for windows/arm64\n",
        "--> main_windows.go:3:8",
        "go mod vendor",
        "packages: vendor/ lacks something of 2 targets",
    ];
    check(&p, 2, &said);
    p.write("goferry.toml", "targets = [\"linux/amd64\"]\n");
    let r = check(&p, 0, &["has what is needed for linux/amd64"]);
    assert!(!r.stderr.contains("win"), "{}", r.stderr);
    go(&p, &["mod", "vendor"]);
    p.write("goferry.toml", TWO);
    check(&p, 0, &[]);
}

#[test]
fn a_package_behind_another_is_missed_everywhere() {
    let p = vendored(TWO);
    lose(&p, &format!("{VENDORED}/sub"));
    let said = [
        "vendor/ lacks example.com/dep/sub, needed for every target",
        "--> vendor/example.com/dep/dep.go:5:2",
        "by way of example.com/tiny → example.com/dep",
    ];
    check(&p, 2, &said);
}

#[test]
fn tags_and_cgo_are_those_of_the_build() {
    let build = |more: &str| format!("[[builds]]\ntargets = [\"linux_amd64\"]\n{more}\n");
    let p = vendored(&build(""));
    lose(&p, &format!("{VENDORED}/tagged"));
    let off = "env = [\"CGO_ENABLED=0\"]";
    p.write("goferry.toml", &build(off));
    check(&p, 0, &[]);
    p.write("goferry.toml", &build(&format!("{off}\ntags = [\"extra\"]")));
    check(&p, 2, &["lacks example.com/dep/tagged", "--> extra.go:5:8"]);
    lose(&p, &format!("{VENDORED}/c"));
    p.write("goferry.toml", &build(off));
    check(&p, 0, &[]);
    p.write("goferry.toml", &build("env = [\"CGO_ENABLED=1\"]"));
    check(&p, 2, &["lacks example.com/dep/c", "--> c.go:4:8"]);
}

#[test]
fn an_import_that_no_module_has_wants_tidying() {
    let p = vendored(TWO);
    p.write("more.go", "package main\n\nimport _ \"example.com/elsewhere/x\"\n");
    check(
        &p,
        2,
        &[
            "vendor/ lacks example.com/elsewhere/x",
            "no module that go.mod requires has it",
            "go mod tidy && go mod vendor",
        ],
    );
    p.write("more.go", "package main\n\nimport _ \"example.com/tiny/gone\"\n");
    check(&p, 0, &["warning[build-failed]: this module has no package example.com/tiny/gone"]);
}

#[test]
fn files_and_lines_that_vendor_lost() {
    let p = vendored(TWO);
    lose(&p, &format!("{VENDORED}/word.txt"));
    check(
        &p,
        2,
        &[
            "error[vendor-missing-package]: vendor/ has example.com/dep without a file that it embeds",
            "pattern word.txt",
        ],
    );
    go(&p, &["mod", "vendor"]);
    let list = p.root.join("vendor/modules.txt");
    let text = std::fs::read_to_string(&list).unwrap();
    std::fs::write(&list, text.replace("example.com/dep/win\n", "")).unwrap();
    check(&p, 2, &["lacks example.com/dep/win", "modules.txt does not list"]);
}

#[test]
fn modules_txt_that_disagrees_with_go_mod() {
    let p = vendored(TWO);
    p.write("go.mod", &GO_MOD.replace("v1.0.0", "v1.1.0"));
    let said = [
        "error[vendor-inconsistent]: vendor/modules.txt disagrees with go.mod",
        "example.com/dep@v1.1.0: is explicitly required in go.mod",
        "to make it anew: go mod vendor",
    ];
    check(&p, 2, &said);
    p.write("go.mod", &GO_MOD.replace("../dep", "./dep"));
    check(&p, 2, &["example.com/dep: is replaced by ./dep in go.mod"]);
    p.write("go.mod", GO_MOD);
    check(&p, 0, &[]);
    lose(&p, "vendor/modules.txt");
    check(&p, 2, &["there is a vendor folder without vendor/modules.txt"]);
    lose(&p, "vendor");
    let r = check(&p, 0, &[]);
    assert!(!r.stdout.contains("packages"), "nothing restricts where packages come from: {}", r.stdout);
    p.write("goferry.toml", "[[builds]]\ntargets = [\"linux_amd64\"]\nflags = [\"-mod=vendor\"]\n");
    check(&p, 2, &["-mod=vendor is set, and there is no vendor folder"]);
}

#[test]
fn a_vendor_folder_that_go_does_not_use_is_not_looked_at() {
    let mut p = vendored(TWO);
    let log = p.spy_on_go();
    lose(&p, &format!("{VENDORED}/sub"));
    p.set("GOFLAGS", "-mod=mod");
    check(&p, 0, &[]);
    p.set("GOFLAGS", "");
    p.write("go.mod", &GO_MOD.replace("1.24", "1.13"));
    check(&p, 0, &[]);
    assert!(!log.exists(), "go was run: {}", std::fs::read_to_string(&log).unwrap());
    p.write("go.mod", GO_MOD);
    check(&p, 2, &["lacks example.com/dep/sub"]);
    assert!(log.exists());
}

#[test]
fn a_workspace_has_a_vendor_folder_of_its_own() {
    let p = vendored(TWO);
    lose(&p, "vendor");
    p.write("../go.work", "go 1.24\n\nuse (\n\t./tiny\n\t./other\n)\n");
    p.write("../other/go.mod", "module example.com/other\n\ngo 1.24\n");
    p.write("go.mod", GO_MOD);
    go(&p, &["work", "vendor"]);
    check(&p, 0, &["packages: vendor/ has what is needed"]);
    lose(&p, "../vendor/example.com/dep/win");
    check(&p, 2, &["lacks example.com/dep/win, needed for windows/arm64", "go work vendor"]);
    p.write("go.mod", &GO_MOD.replace("v1.0.0", "v1.1.0"));
    check(&p, 2, &["vendor-inconsistent", "go work vendor"]);
}

/// A proxy in a folder with `example.com/far` v1.0.0, and a project that needs it.
fn far() -> Project {
    let main = "package main\n\nimport \"example.com/far\"\n\nfunc main() { println(far.Word) }\n";
    let gomod = "module example.com/tiny\n\ngo 1.24\n\nrequire example.com/far v1.0.0\n";
    let mut p = Project::new(&[("goferry.toml", TWO), ("go.mod", gomod), ("main.go", main)]);
    let scratch = p.scratch.path().to_owned();
    let versions = "../proxy/example.com/far/@v";
    let far = "module example.com/far\n\ngo 1.24\n";
    p.write(&format!("{versions}/list"), "v1.0.0\n");
    p.write(&format!("{versions}/v1.0.0.info"), "{\"Version\":\"v1.0.0\",\"Time\":\"2024-01-02T03:04:05Z\"}");
    p.write(&format!("{versions}/v1.0.0.mod"), far);
    p.write("../zip/example.com/far@v1.0.0/go.mod", far);
    p.write("../zip/example.com/far@v1.0.0/far.go", "package far\n\nconst Word = \"far\"\n");
    let zip = Command::new("zip")
        .args(["-q", "-r", "-D", "../proxy/example.com/far/@v/v1.0.0.zip", "example.com"])
        .current_dir(scratch.join("zip"))
        .status()
        .unwrap();
    assert!(zip.success());
    p.set("GOSUMDB", "off");
    p.set("GOFLAGS", "-modcacherw");
    p.set("GOMODCACHE", scratch.join("modcache").to_str().unwrap());
    p.set("GOPROXY", &format!("file://{}", scratch.join("proxy").display()));
    go(&p, &["mod", "tidy"]);
    p
}

#[test]
fn a_module_that_the_cache_lacks_while_the_network_is_forbidden() {
    let mut p = far();
    let cache = p.scratch.path().join("modcache");
    let empty = || std::fs::remove_dir_all(&cache).unwrap();
    p.set("GOPROXY", "off");
    check(&p, 0, &["packages: the module cache has what is needed for 2 targets"]);
    empty();
    let said = [
        "error[module-not-in-cache]: the module cache does not have example.com/far@v1.0.0, needed for every target",
        "--> main.go:3:8",
        "GOPROXY=direct go mod download",
        "go mod vendor",
    ];
    check(&p, 5, &said);
    // The go env file says it as well as the environment.
    let env_file = p.scratch.path().join("goenv");
    std::fs::write(&env_file, "GOPROXY=off\n").unwrap();
    p.env.retain(|(k, _)| k != "GOPROXY");
    p.set("GOPROXY", "");
    p.set("GOENV", env_file.to_str().unwrap());
    check(&p, 5, &["module-not-in-cache"]);
    // Whoever may fetch has nothing to miss, and nothing is fetched to find that out.
    p.set("GOENV", "off");
    let r = check(&p, 0, &[]);
    assert!(!r.stdout.contains("packages"), "{}", r.stdout);
    assert!(!cache.join("example.com").exists());
}

#[test]
fn vendored_modules_need_no_cache() {
    let mut p = far();
    go(&p, &["mod", "vendor"]);
    std::fs::remove_dir_all(p.scratch.path().join("modcache")).unwrap();
    p.set("GOPROXY", "off");
    check(&p, 0, &["packages: vendor/ has what is needed for 2 targets"]);
}
