//! Builds of kinds that few projects have, end to end with the real go: several programs behind one id, universal
//! binaries, C libraries.

#![expect(clippy::unwrap_used, reason = "what a test cannot set up has failed")]

mod support;

use support::{MAIN, Project};

const CGO: &str = "package main\n\n/*\n#include <stdio.h>\nstatic void hello(void) { puts(\"from C\"); fflush(stdout); }\n*/\nimport \"C\"\n\nfunc main() { C.hello() }\n";

/// What `goferry inspect` reads from a file below dist.
fn inspected(p: &Project, path: &str) -> serde_json::Value {
    let r = p.run(&["inspect", "--json", &format!("dist/{path}")]);
    assert_eq!(r.status, 0, "{path}: {}", r.stderr);
    let all: serde_json::Value = serde_json::from_str(&r.stdout).unwrap();
    all["files"][0]["binary"].clone()
}

#[test]
fn each_program_of_a_pattern_is_a_universal_binary_of_its_own() {
    let p = Project::new(&[
        ("cmd/one/main.go", MAIN),
        ("cmd/two/main.go", MAIN),
        (
            ".goreleaser.yaml",
            "version: 2\nbuilds:\n  - main: ./cmd/...\n    goos: [darwin]\n    env: [CGO_ENABLED=0]\n    goarch: [amd64, arm64]\nuniversal_binaries:\n  - replace: true\n",
        ),
    ]);
    p.release();
    for name in ["one", "two"] {
        let fat = inspected(&p, &format!("tiny_darwin_all/{name}"));
        let slices: Vec<(&str, &str)> = fat["slices"]
            .as_array()
            .unwrap()
            .iter()
            .map(|s| (s["arch"].as_str().unwrap(), s["go"]["path"].as_str().unwrap()))
            .collect();
        let path = format!("example.com/tiny/cmd/{name}");
        assert_eq!(slices, [("amd64", path.as_str()), ("arm64", path.as_str())]);
    }
    let artifacts = String::from_utf8(p.dist_files()["artifacts.json"].clone()).unwrap();
    let artifacts: Vec<serde_json::Value> = serde_json::from_str(&artifacts).unwrap();
    let archive = artifacts.iter().find(|a| a["type"] == "Archive").unwrap();
    assert_eq!(archive["extra"]["Binaries"], serde_json::json!(["one", "two"]));
}

#[test]
fn programs_of_one_id_do_not_share_their_need_of_cgo() {
    let p = Project::new(&[
        ("cmd/a/main.go", MAIN),
        ("cmd/b/main.go", CGO),
        ("cmd/c/main.go", MAIN),
        ("goferry.toml", "[[builds]]\nmain = \"./cmd/...\"\ntargets = [\"linux/amd64\"]\n"),
    ]);
    p.release();
    for (name, cgo) in [("a", "0"), ("b", "1"), ("c", "0")] {
        let binary = inspected(&p, &format!("tiny_linux_amd64_v1/{name}"));
        let settings = binary["go"]["settings"].as_array().unwrap();
        assert!(settings.contains(&serde_json::json!(["CGO_ENABLED", cgo])), "{name}: {settings:?}");
    }
}

#[test]
fn two_programs_are_not_merged_into_one_universal_binary() {
    let p = Project::new(&[(
        ".goreleaser.yaml",
        "version: 2\nbuilds:\n  - {id: a, targets: [darwin_arm64]}\n  - {id: b, targets: [darwin_arm64]}\nuniversal_binaries:\n  - ids: [a, b]\n",
    )]);
    let r = p.run(&["release", "--snapshot", "--clean"]);
    assert_eq!(r.status, 2, "{}", r.stderr);
    assert!(r.stderr.contains("`a` and `b` are both for darwin/arm64"), "{}", r.stderr);
}

const LIBRARY: &str =
    "package main\n\nimport \"C\"\n\n//export Answer\nfunc Answer() C.int { return 42 }\n\nfunc main() {}\n";

/// A build of the library above in a mode of `go build`.
fn library(mode: &str, more: &str) -> String {
    format!(
        "[[builds]]\nid = \"{mode}\"\nbinary = \"{mode}\"\nbuildmode = \"{mode}\"\ntargets = [\"linux/amd64\"]\nenv = [\"CGO_ENABLED=1\"]\n{more}"
    )
}

#[test]
fn a_c_library_is_compared_with_the_plan_and_a_c_archive_says_why_not() {
    let both = library("c-shared", "") + &library("c-archive", "");
    let p = Project::new(&[("main.go", LIBRARY), ("goferry.toml", &both)]);
    p.release();
    let record = p.record();
    let of = |name: &str| {
        let mut all = record["binaries"].as_array().unwrap().iter();
        all.find(|b| b["path"].as_str().unwrap().contains(name)).unwrap()["inspected"].clone()
    };
    assert_eq!(of("c-shared")["build_info"], "compared");
    assert!(of("c-shared")["main_version"].as_str().unwrap().starts_with("v1.2.3"), "{record}");
    let why = of("c-archive")["build_info"]["not-compared"].clone();
    assert!(why.as_str().unwrap().contains("archive"), "{record}");
    // A library that the go command did not make.
    let hook = "hooks.post = [\"cc -shared -o {{ .Path }} other/other.c\"]\n";
    p.write("other/other.c", "int other(void) { return 1; }\n");
    p.write("goferry.toml", &library("c-shared", hook));
    let r = p.run(&["release", "--snapshot", "--clean"]);
    assert_eq!(r.status, 4, "{}", r.stderr);
    assert!(r.stderr.contains("build-info-mismatch"), "{}", r.stderr);
}

#[cfg(unix)]
#[test]
fn what_the_cache_gives_back_has_the_mode_that_it_had() {
    use std::os::unix::fs::PermissionsExt;
    let mut p = Project::new(&[("main.go", LIBRARY), ("goferry.toml", &library("c-archive", ""))]);
    let log = p.spy_on_go();
    let calls = || std::fs::read_to_string(&log).unwrap().lines().count();
    let modes = || {
        let of = |name: &str| {
            let meta = p.dist().join("c-archive_linux_amd64_v1").join(name).metadata().unwrap();
            meta.permissions().mode() & 0o777
        };
        (of("c-archive.a"), of("c-archive.h"))
    };
    p.release();
    let (first, before) = (modes(), calls());
    assert_eq!(first.1, 0o644);
    p.release();
    assert_eq!(modes(), first);
    assert_eq!(calls(), before, "it came from the cache");
}

#[test]
fn the_second_build_of_a_check_has_the_folders_outside_of_the_repository_too() {
    let main = MAIN
        .replace("import \"os\"", "import (\n\t\"os\"\n\n\t\"example.com/lib\"\n)")
        .replace("tiny \"", "tiny \" + lib.Name");
    let gomod = "module example.com/tiny\n\ngo 1.24\n\nrequire example.com/lib v0.0.0\n";
    let replace = format!("{gomod}\nreplace example.com/lib => ../shared/lib\n");
    let work = "go 1.24\n\nuse (\n\t./tiny\n\t./shared/lib\n)\n";
    for (name, gomod) in [("replace", replace.as_str()), ("go.work", "module example.com/tiny\n\ngo 1.24\n")]
    {
        let p = Project::new(&[
            ("goferry.toml", "targets = [\"linux/amd64\"]\n"),
            ("main.go", &main),
            ("go.mod", gomod),
        ]);
        p.write("../shared/lib/go.mod", "module example.com/lib\n\ngo 1.24\n");
        p.write("../shared/lib/lib.go", "package lib\n\nconst Name = \"lib\"\n");
        if name == "go.work" {
            p.write("../go.work", work);
        }
        let r = p.run(&["release", "--snapshot", "--clean", "--check-reproducible"]);
        assert_eq!(r.status, 0, "{name}: {}", r.stderr);
        assert!(r.stderr.contains("reproducible: "), "{name}: {}", r.stderr);
    }
}

#[test]
fn values_of_secrets_are_neither_printed_nor_written() {
    let toml = "env = [\"DEPLOY_SECRET=canary-two\"]\ntargets = [\"linux/amd64\"]\n[before]\nhooks = [{ cmd = \"echo hook {{ .Env.CANARY_TOKEN }}\", output = true }]\n[[builds]]\nenv = [\"SIGNING_KEY=canary-three\"]\nldflags = \"-X main.version={{ .Env.CANARY_TOKEN }},{{ .Env.DEPLOY_SECRET }},{{ .Env.SIGNING_KEY }}\"\n";
    let mut p = Project::new(&[("goferry.toml", toml)]);
    p.set("CANARY_TOKEN", "canary-one");
    let none = |what: &str, text: &str| {
        let line = text.lines().find(|l| l.contains("canary"));
        assert!(line.is_none(), "{what}: {}", line.unwrap());
    };
    let r = p.run(&["plan", "--json", "--snapshot"]);
    assert!(
        r.stdout.contains("-X main.version=(CANARY_TOKEN),(DEPLOY_SECRET),(SIGNING_KEY)"),
        "{}",
        r.stdout
    );
    none("plan --json", &r.stdout);
    none("plan", &p.run(&["plan", "--snapshot"]).stdout);
    for args in [vec!["--verbose"], vec!["--json"]] {
        let r = p.run(&[vec!["release", "--snapshot", "--clean", "--no-cache"], args].concat());
        assert_eq!(r.status, 0, "{}", r.stderr);
        assert!((r.stdout.clone() + &r.stderr).contains("hook (CANARY_TOKEN)"), "{} {}", r.stdout, r.stderr);
        none("standard output", &r.stdout);
        none("standard error", &r.stderr);
    }
    p.release();
    let ran = p.record()["binaries"][0]["run"]["ran"]["output"].clone();
    assert_eq!(ran, "tiny (CANARY_TOKEN),(DEPLOY_SECRET),(SIGNING_KEY)");
    none("goferry.json", &p.record().to_string());
    let mut todo = vec![p.scratch.path().join("cache/v1/records")];
    let mut records = 0;
    while let Some(path) = todo.pop() {
        if path.is_dir() {
            todo.extend(std::fs::read_dir(path).unwrap().map(|e| e.unwrap().path()));
        } else {
            none("a cache record", &std::fs::read_to_string(path).unwrap());
            records += 1;
        }
    }
    assert!(records > 0);
    // The go command says which flag it does not know.
    p.write("goferry.toml", &format!("{toml}flags = [\"-no-such-{{{{ .Env.CANARY_TOKEN }}}}\"]\n"));
    let r = p.run(&["release", "--snapshot", "--clean"]);
    assert_eq!(r.status, 1, "{}", r.stderr);
    assert!(r.stderr.contains("-no-such-(CANARY_TOKEN)"), "{}", r.stderr);
    none("a failed build", &r.stderr);
}

const UNIVERSAL: &str =
    "[[builds]]\ntargets = [\"darwin/amd64\", \"darwin/arm64\"]\n[[universal_binaries]]\nreplace = true\n";

#[test]
fn slices_of_a_universal_binary_are_read_again_after_merging() {
    let p = Project::new(&[("goferry.toml", UNIVERSAL)]);
    p.release();
    let binaries = p.record()["binaries"].clone();
    let fat = binaries.as_array().unwrap().iter().find(|b| b["target"].is_null()).unwrap();
    assert_eq!(fat["inspected"]["build_info"], "compared");
    // A hook that puts something else in its place: another module's program, or one without the arm64 slice.
    let another = [("go.mod", "module example.com/other\n\ngo 1.24\n"), ("goferry.toml", UNIVERSAL)];
    let thin = UNIVERSAL.replace(", \"darwin/arm64\"", "");
    let half = [("goferry.toml", thin.as_str())];
    for (files, code, word) in [
        (&another[..], "build-info-mismatch", "example.com/other"),
        (&half[..], "machine-mismatch", "1 slice"),
    ] {
        let q = Project::new(files);
        q.release();
        let mut made = std::fs::read_dir(q.dist()).unwrap().map(|e| e.unwrap().path());
        let dir = made.find(|p| p.to_str().unwrap().ends_with("_darwin_all")).unwrap();
        let file = std::fs::read_dir(dir).unwrap().next().unwrap().unwrap().path();
        let hook = format!("hooks.post = [\"cp {} {{{{ .Path }}}}\"]\n", file.display());
        p.write("goferry.toml", &format!("{UNIVERSAL}{hook}"));
        let r = p.run(&["release", "--snapshot", "--clean"]);
        assert_eq!(r.status, 4, "{word}: {}", r.stderr);
        assert!(r.stderr.contains(code) && r.stderr.contains(word), "{word}: {}", r.stderr);
    }
}

#[test]
fn flags_that_go_records_are_compared_with_the_plan() {
    // Right ones first, in every spelling.
    let mut p = Project::new(&[("goferry.toml", "")]);
    p.set("GOFLAGS", "-buildvcs=auto '-tags=from,goflags'");
    let build = |id: &str, flags: &str| {
        format!(
            "[[builds]]\nid = \"{id}\"\nbinary = \"{id}\"\ntargets = [\"linux/amd64\"]\nenv = [\"CGO_ENABLED=0\"]\n{flags}\n"
        )
    };
    let right = [
        build("a", ""),
        build(
            "b",
            "flags = [\"-tags\", \"x,y\", \"-trimpath=false\"]\nldflags = [\"-s\", \"-X 'main.version=a b'\"]",
        ),
        build("c", "tags = [\"x\", \"y\"]\nbuildmode = \"pie\"\ngcflags = [\"all=-l\", \"-N\"]"),
        build("d", "command = \"test\"\nno_main_check = true"),
    ];
    p.write("a_test.go", "package main\n");
    p.write("goferry.toml", &right.concat());
    p.release();
    // Go adds a tag of its own for the cryptographic module.
    p.set("GOFIPS140", "v1.0.0");
    p.write("goferry.toml", &(build("a", "tags = [\"x\"]") + &build("b", "flags = [\"-tags=\"]")));
    p.release();
    p.set("GOFIPS140", "off");
    // Then what a hook may do: the same program, made otherwise.
    for (key, planned, made) in [
        ("-tags: expected x, found y", "tags = [\"x\"]", "-trimpath -tags=y"),
        ("-tags: expected from,goflags, found z", "", "-trimpath -tags=z"),
        ("-trimpath: expected true, found nothing", "", "-tags=from,goflags"),
        ("-buildmode: expected exe, found pie", "", "-trimpath -buildmode=pie"),
        ("-ldflags: expected -s, found -w", "flags = [\"-trimpath=false\"]\nldflags = \"-s\"", "-ldflags=-w"),
    ] {
        let hook = format!("{planned}\nhooks.post = [\"go build {made} -o {{{{ .Path }}}} .\"]");
        p.write("goferry.toml", &build("a", &hook));
        let r = p.run(&["release", "--snapshot", "--clean"]);
        assert_eq!(r.status, 4, "{key}: {}", r.stderr);
        assert!(r.stderr.contains("build-info-mismatch") && r.stderr.contains(key), "{key}: {}", r.stderr);
    }
}

#[cfg(unix)]
#[test]
fn what_links_and_cgo_flags_reach_outside_of_the_project_is_an_input() {
    let main = "package main\n\n// #cgo CFLAGS: -I../shared/include\n// #include <answer.h>\nimport \"C\"\n\nfunc main() { println(C.ANSWER) }\n";
    let mut p = Project::new(&[("goferry.toml", "targets = [\"linux/amd64\"]\n"), ("main.go", main)]);
    p.write("../shared/include/answer.h", "#define ANSWER 41\n");
    p.write("../linked/deep/data", "1");
    std::os::unix::fs::symlink("../linked", p.root.join("link")).unwrap();
    let log = p.spy_on_go();
    let mut builds = 0;
    let mut built = || {
        let now = std::fs::read_to_string(&log).unwrap().lines().filter(|l| l.starts_with("build ")).count();
        std::mem::replace(&mut builds, now) < now
    };
    // The bytes differ elsewhere, because Go puts the absolute path of -I into its build id; but it can be built.
    let r = p.run(&["release", "--snapshot", "--clean", "--check-reproducible"]);
    assert!(r.stderr.contains("not-reproducible") && !r.stderr.contains("build-failed"), "{}", r.stderr);
    assert!(built());
    p.release();
    assert!(!built(), "nothing changed");
    p.write("../linked/deep/data", "2");
    p.release();
    assert!(built(), "a file behind a link to a folder");
    p.write("../shared/include/answer.h", "#define ANSWER 42\n");
    p.release();
    assert!(built(), "a header behind -I");
}

#[test]
fn an_emulator_is_asked_for_its_version_once() {
    let mut p = Project::new(&[("goferry.toml", "targets = [\"linux/arm64\"]\n")]);
    let bin = p.scratch.path().join("spy-bin");
    std::fs::create_dir_all(&bin).unwrap();
    let (log, real) = (p.scratch.path().join("qemu.log"), support::which("qemu-aarch64-static"));
    // Runs in the sandbox cannot write the log, and need not.
    let script = format!(
        "#!/bin/sh\n{{ echo \"$1\" >> '{}'; }} 2>/dev/null\nexec '{}' \"$@\"\n",
        log.display(),
        real.display()
    );
    std::fs::write(bin.join("qemu-aarch64-static"), &script).unwrap();
    support::executable(&bin.join("qemu-aarch64-static"));
    p.set("PATH", &format!("{}:{}", bin.display(), std::env::var("PATH").unwrap()));
    let asked = || std::fs::read_to_string(&log).unwrap().lines().filter(|l| *l == "--version").count();
    p.release();
    p.release();
    assert_eq!(asked(), 1);
    std::fs::write(bin.join("qemu-aarch64-static"), script + "# another one\n").unwrap();
    p.release();
    assert_eq!(asked(), 2, "it is another file now");
}

#[test]
fn who_switches_cgo_off_gets_no_c_compiler() {
    let yaml = |env: &str| {
        format!("version: 2\nbuilds:\n  - targets: [linux_amd64, darwin_arm64]\n    env: [{env}]\n")
    };
    for (env, compilers) in
        [("CGO_ENABLED=0", 0), ("\"CGO_ENABLED={{ if eq .Os \\\"linux\\\" }}1{{ else }}0{{ end }}\"", 1)]
    {
        let p = Project::new(&[(".goreleaser.yaml", &yaml(env))]);
        let r = p.run(&["plan", "--json", "--snapshot"]);
        assert_eq!(r.status, 0, "{}", r.stderr);
        let plan: serde_json::Value = serde_json::from_str(&r.stdout).unwrap();
        let notes = plan["plan"]["notes"].as_array().unwrap();
        let found =
            notes.iter().filter(|n| n.as_str().unwrap().starts_with("linux/amd64: C compiler")).count();
        assert_eq!(found, compilers, "{env}: {notes:?}");
    }
}
