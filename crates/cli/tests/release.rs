//! The main job end to end with the real go, git and emulators: what a user sees, and what must never happen.

#![expect(clippy::unwrap_used, reason = "what a test cannot set up has failed")]

mod support;

use std::time::{Duration, Instant};
use support::{MAIN, Project, ran};

const ONE: &str = "targets = [\"linux/amd64\"]\n";

/// Whether this run may use namespaces at all (CI runs the suite once without).
fn namespaces_off() -> bool {
    std::env::var_os("GOFERRY_NO_NAMESPACES").is_some()
}

#[test]
fn a_module_without_configuration_releases_for_six_targets() {
    let p = Project::new(&[("LICENSE", "none\n"), ("README.md", "read\n")]);
    let r = p.release();
    let files = p.dist_files();
    let names: Vec<&String> = files.keys().filter(|n| !n.contains('/')).collect();
    let version = {
        let metadata: serde_json::Value = serde_json::from_slice(&files["metadata.json"]).unwrap();
        metadata["version"].as_str().unwrap().to_owned()
    };
    assert!(version.starts_with("1.2.3-SNAPSHOT-"), "{version}");
    for (os, ext) in [("linux", "tar.gz"), ("darwin", "tar.gz"), ("windows", "zip")] {
        for arch in ["amd64", "arm64"] {
            let name = format!("tiny_{version}_{os}_{arch}.{ext}");
            assert!(files.contains_key(&name), "{name} is missing in {names:?}");
        }
    }
    let sums = String::from_utf8(files[&format!("tiny_{version}_checksums.txt")].clone()).unwrap();
    // Six archives, the bill of materials of each, and that of the release.
    assert_eq!(sums.lines().count(), 13, "{sums}");
    assert_eq!(sums.lines().filter(|l| l.ends_with(".cdx.json")).count(), 7, "{sums}");
    let binaries = p.record()["binaries"].as_array().unwrap().clone();
    assert_eq!(binaries.len(), 6);
    for b in &binaries {
        let target = b["target"].as_str().unwrap();
        let run = &b["run"];
        match target {
            "linux/amd64" | "linux/arm64" => {
                let ran = &run["ran"];
                assert_eq!(ran["ended"]["exited"], 0, "{target}: {run}");
                assert_eq!(ran["output"], format!("tiny {version}"), "{target}");
                let machine = if target.ends_with("arm64") { "aarch64" } else { "x86_64" };
                assert_eq!(ran["machine"], machine);
                let isolation = ran["isolation"].as_str().unwrap();
                assert!(isolation == "namespaces" || isolation.starts_with("none ("), "{isolation}");
            }
            _ => assert_eq!(run["waived"]["class"], "no-runner", "{target}: {run}"),
        }
    }
    assert!(!p.dist().join(".goferry-incomplete").exists() && !p.dist().join(".gitignore").exists());
    assert!(r.stderr.contains("linux/arm64"), "the summary names targets: {}", r.stderr);
}

#[test]
fn nothing_changed_nothing_done() {
    let mut p = Project::new(&[("goferry.toml", ONE)]);
    let log = p.spy_on_go();
    p.release();
    let calls = || std::fs::read_to_string(&log).unwrap_or_default().lines().count();
    let (before, first) = (calls(), p.dist_files());
    assert!(before > 0, "the first run has to build");
    p.release();
    assert_eq!(calls(), before, "go was run again: {}", std::fs::read_to_string(&log).unwrap());
    assert_eq!(p.dist_files(), first);
}

/// Runs `change` between two releases and says whether the second one built again.
fn builds_again(files: &[(&str, &str)], change: impl Fn(&mut Project)) -> bool {
    let mut p = Project::new(files);
    let log = p.spy_on_go();
    p.release();
    let builds = |log: &std::path::Path| {
        std::fs::read_to_string(log).unwrap_or_default().lines().filter(|l| l.starts_with("build ")).count()
    };
    let before = builds(&log);
    assert!(before > 0);
    change(&mut p);
    p.release();
    builds(&log) > before
}

#[test]
fn every_input_that_matters_changes_the_key() {
    let plain: &[(&str, &str)] = &[("goferry.toml", ONE)];
    assert!(!builds_again(plain, |_| {}), "the control: nothing changes");
    assert!(!builds_again(plain, |p| p.set("UNRELATED", "x")), "an unrelated variable is no input");
    assert!(builds_again(plain, |p| p.write("main.go", &MAIN.replace("tiny ", "tiny2 "))), "a source file");
    assert!(builds_again(plain, |p| p.write("go.mod", "module example.com/tiny\n\ngo 1.25\n")), "go.mod");
    assert!(builds_again(plain, |p| p.set("GOFLAGS", "-buildvcs=auto -tags=x")), "GOFLAGS");
    assert!(builds_again(plain, |p| p.set("CGO_CFLAGS", "-O1")), "CGO_CFLAGS");
    assert!(builds_again(plain, |p| p.set("GOAMD64", "v1")), "a variable of the go command");
    assert!(builds_again(plain, |p| p.commit("second")), "HEAD");
    assert!(builds_again(plain, |p| p.git(&["tag", "v1.2.4"])), "a tag");
    assert!(builds_again(plain, |p| p.write("notes.txt", "x")), "the tree is dirty now");
    assert!(
        builds_again(plain, |p| p.write("goferry.toml", &format!("{ONE}[[builds]]\nldflags = \"-s\"\n"))),
        "flags"
    );
    assert!(
        builds_again(plain, |p| {
            let go = p.scratch.path().join("spy/go");
            let text = std::fs::read_to_string(&go).unwrap();
            std::fs::write(&go, format!("{text}# another toolchain\n")).unwrap();
        }),
        "the toolchain"
    );
    assert!(
        builds_again(plain, |p| {
            let file = p.scratch.path().join("goenv");
            std::fs::write(&file, "GOFLAGS=-tags=y\n").unwrap();
            p.set("GOENV", file.to_str().unwrap());
        }),
        "the go env file"
    );
    let embedded: &[(&str, &str)] = &[
        ("goferry.toml", ONE),
        ("data.txt", "one"),
        (
            "embed.go",
            "package main\n\nimport _ \"embed\"\n\n//go:embed data.txt\nvar data string\n\nfunc init() { _ = data }\n",
        ),
    ];
    assert!(builds_again(embedded, |p| p.write("data.txt", "two")), "an embedded file");
    let ignored: &[(&str, &str)] =
        &[("goferry.toml", ONE), (".gitignore", "/dist/\n/gen.go\n"), ("gen.go", "package main\n")];
    assert!(
        builds_again(ignored, |p| p.write("gen.go", "package main\n\nvar _ = 1\n")),
        "a file that git ignores"
    );
}

#[test]
fn sources_outside_of_the_module_are_inputs_too() {
    let main = MAIN
        .replace("import \"os\"", "import (\n\t\"os\"\n\n\t\"example.com/lib\"\n)")
        .replace("tiny \"", "tiny \" + lib.Name");
    let project = |p: &Project| {
        let lib = p.scratch.path().join("lib");
        std::fs::create_dir_all(&lib).unwrap();
        std::fs::write(lib.join("go.mod"), "module example.com/lib\n\ngo 1.24\n").unwrap();
        std::fs::write(lib.join("lib.go"), "package lib\n\nconst Name = \"a\"\n").unwrap();
    };
    for (name, files) in [
        (
            "replace",
            vec![
                ("goferry.toml", ONE.to_owned()),
                ("main.go", main.clone()),
                ("go.mod", "module example.com/tiny\n\ngo 1.24\n\nrequire example.com/lib v0.0.0\n\nreplace example.com/lib => ../lib\n".to_owned()),
            ],
        ),
        (
            "go.work",
            vec![
                ("goferry.toml", ONE.to_owned()),
                ("main.go", main.clone()),
                ("go.work", "go 1.24\n\nuse (\n\t.\n\t../lib\n)\n".to_owned()),
            ],
        ),
    ] {
        let files: Vec<(&str, &str)> = files.iter().map(|(a, b)| (*a, b.as_str())).collect();
        let p = Project::new(&files);
        project(&p);
        p.release();
        let first = p.record()["binaries"][0]["sha256"].clone();
        std::fs::write(p.scratch.path().join("lib/lib.go"), "package lib\n\nconst Name = \"b\"\n").unwrap();
        p.release();
        assert_ne!(p.record()["binaries"][0]["sha256"], first, "{name}");
    }
}

#[test]
fn a_damaged_cache_is_noticed_and_made_good() {
    let p = Project::new(&[("goferry.toml", ONE)]);
    p.release();
    let good = p.dist_files();
    let mut damaged = 0;
    let mut todo = vec![p.scratch.path().join("cache")];
    while let Some(dir) = todo.pop() {
        for file in std::fs::read_dir(dir).unwrap().flatten().map(|e| e.path()) {
            if file.is_dir() {
                todo.push(file);
            } else if file.components().any(|c| c.as_os_str() == "cas") {
                let mut bytes = std::fs::read(&file).unwrap();
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
                support::executable(&file);
                std::fs::write(&file, bytes).unwrap();
                damaged += 1;
            }
        }
    }
    assert!(damaged >= 2, "a binary and an archive");
    let r = p.release();
    assert!(r.stderr.contains("cache-damaged"), "{}", r.stderr);
    assert_eq!(p.dist_files(), good);
    assert!(!p.release().stderr.contains("cache-damaged"));
}

#[test]
fn a_killed_run_leaves_nothing_that_counts() {
    let p = Project::new(&[("goferry.toml", ONE)]);
    p.release();
    let good = p.dist_files();
    let fresh = Project::new(&[("goferry.toml", ONE)]);
    for after in [0, 20, 60, 150, 400] {
        let mut child = fresh.command(&["release", "--snapshot", "--clean"]).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(after));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    // Without --clean: an unfinished dist counts as empty.
    let unfinished = fresh.dist().join(".goferry-incomplete").exists();
    let args: &[&str] =
        if unfinished { &["release", "--snapshot"] } else { &["release", "--snapshot", "--clean"] };
    let r = fresh.run(args);
    assert_eq!(r.status, 0, "{}", r.stderr);
    assert_eq!(fresh.dist_files(), good);
}

#[test]
fn a_second_run_in_the_same_dist_is_refused_by_name() {
    let p = Project::new(&[("goferry.toml", &format!("{ONE}[before]\nhooks = [\"sleep 5\"]\n"))]);
    let mut first = p.command(&["release", "--snapshot", "--clean"]).spawn().unwrap();
    let lock = p.dist().join(".goferry-lock");
    let begun = Instant::now();
    while std::fs::read_to_string(&lock).unwrap_or_default().trim().is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(20), "the first run never took dist");
        std::thread::sleep(Duration::from_millis(10));
    }
    let second = p.run(&["release", "--snapshot", "--clean"]);
    assert_eq!(second.status, 1, "{}", second.stderr);
    assert!(
        second.stderr.contains("dist-locked") && second.stderr.contains(&first.id().to_string()),
        "{}",
        second.stderr
    );
    first.kill().unwrap();
    first.wait().unwrap();
}

#[test]
fn ctrl_c_stops_children_and_marks_dist() {
    let marker = format!("{}", 30_000 + std::process::id() % 10_000);
    let p = Project::new(&[("goferry.toml", &format!("{ONE}[before]\nhooks = [\"sleep {marker}\"]\n"))]);
    let mut child = p.interruptible(&["release", "--snapshot", "--clean"]).spawn().unwrap();
    let sleeping = || {
        let out =
            std::process::Command::new("pgrep").args(["-f", &format!("sleep {marker}")]).output().unwrap();
        !out.stdout.is_empty()
    };
    let begun = Instant::now();
    while !sleeping() {
        assert!(begun.elapsed() < Duration::from_secs(20), "the hook never started");
        std::thread::sleep(Duration::from_millis(20));
    }
    let kill = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let status = child.wait().unwrap();
    assert!(!status.success());
    assert!(!sleeping(), "the hook outlived goferry");
    assert!(p.dist().join(".goferry-incomplete").exists());
}

#[test]
fn what_does_not_start_or_is_not_what_was_planned_is_exit_4() {
    let cases: [(&str, &str, &str); 4] = [
        ("does-not-start", "package main\n\nfunc main() { panic(\"no config\") }\n", ""),
        (
            "does-not-start",
            "package main\n\nimport (\"os\"; \"syscall\")\n\nfunc main() { syscall.Kill(os.Getpid(), syscall.SIGSEGV); select {} }\n",
            "",
        ),
        ("expect-unmet", MAIN, "[verify]\nexpect = \"^big \"\n"),
        (
            "machine-mismatch",
            MAIN,
            "[[builds]]\nhooks.post = [\"cp /bin/true {{ .Path }}\"]\ntargets = [\"linux/arm64\"]\n",
        ),
    ];
    for (code, main, extra) in cases {
        let toml = if extra.contains("targets") { extra.to_owned() } else { format!("{ONE}{extra}") };
        let p = Project::new(&[("main.go", main), ("goferry.toml", &toml)]);
        let r = p.run(&["release", "--snapshot", "--clean"]);
        assert_eq!(r.status, 4, "{code}: {}", r.stderr);
        assert!(r.stderr.contains(code), "{code}: {}", r.stderr);
    }
}

#[test]
fn a_server_that_keeps_running_has_started() {
    let main =
        "package main\n\nimport \"time\"\n\nfunc main() { println(\"listening\"); time.Sleep(time.Hour) }\n";
    let p = Project::new(&[("main.go", main), ("goferry.toml", &format!("{ONE}[verify]\ntimeout = 1\n"))]);
    p.release();
    assert_eq!(p.record()["binaries"][0]["run"]["ran"]["ended"], "running");
}

/// Of a file Go makes a package of no module: neither path nor version are stamped.
#[test]
fn a_main_that_is_a_file_has_no_module_to_compare() {
    let yaml = "version: 2\nbuilds:\n  - main: ./main.go\n    targets: [linux_amd64]\n";
    let p = Project::new(&[(".goreleaser.yaml", yaml)]);
    p.release();
    assert_eq!(p.record()["binaries"][0]["run"]["ran"]["ended"]["exited"], 0, "{}", p.record());
}

#[test]
fn its_own_exit_status_is_no_failure_and_isolation_is_recorded() {
    let main = "package main\n\nimport \"os\"\n\nfunc main() {\n\tif err := os.WriteFile(\"/usr/goferry-was-here\", nil, 0o644); err == nil { os.Exit(40) }\n\tif e, _ := os.ReadDir(\".\"); len(e) != 0 { os.Exit(41) }\n\tif os.Getenv(\"GITHUB_TOKEN\") != \"\" { os.Exit(42) }\n\tos.Exit(3)\n}\n";
    let mut p = Project::new(&[("main.go", main), ("goferry.toml", ONE)]);
    p.set("GITHUB_TOKEN", "secret");
    p.release();
    let ran = p.record()["binaries"][0]["run"]["ran"].clone();
    let isolated = ran["isolation"] == "namespaces";
    assert_eq!(isolated, !namespaces_off(), "{ran}");
    if isolated {
        assert_eq!(ran["ended"]["exited"], 3, "{ran}");
    } else {
        let why = ran["isolation"].as_str().unwrap();
        assert!(why.starts_with("none (") && why.len() > 8, "{why}");
        let _ = std::fs::remove_file("/usr/goferry-was-here");
    }
    p.write("goferry.toml", &format!("{ONE}[verify]\nisolation = \"required\"\n"));
    let r = p.run(&["release", "--snapshot", "--clean"]);
    if isolated {
        assert_eq!(r.status, 0, "{}", r.stderr);
    } else {
        assert_eq!(r.status, 5, "{}", r.stderr);
        assert!(r.stderr.contains("isolation-unavailable"), "{}", r.stderr);
    }
}

#[test]
fn a_pair_that_does_not_compile_fails_at_the_end_and_the_others_are_kept() {
    let p = Project::new(&[("bad_windows.go", "package main\n\nvar _ int = \"no\"\n")]);
    let r = p.run(&["release", "--snapshot", "--clean"]);
    assert_eq!(r.status, 1, "{}", r.stderr);
    assert!(r.stderr.contains("build-failed") && r.stderr.contains("bad_windows.go"), "{}", r.stderr);
    assert!(r.stderr.contains("targets = [\"linux/amd64\""), "the line that leaves it out: {}", r.stderr);
    let archives = p.dist_files().keys().filter(|n| n.ends_with(".tar.gz")).count();
    assert_eq!(archives, 4, "linux and darwin are kept");
}

#[test]
fn everything_wrong_with_the_matrix_is_said_at_once_and_before_anything_is_built() {
    let p = Project::new(&[(
        ".goreleaser.yaml",
        "version: 2\nbuilds:\n  - id: a\n    targets: [linux_amd65, android_arm]\n  - id: b\n    main: ./nowhere\n    goos: [linux, lunix]\n    goarch: [amd64]\n    env: [CGO_ENABLED=0]\nsnapcrafts:\n  - id: x\n",
    )]);
    let r = p.run(&["release", "--clean"]);
    assert_eq!(r.status, 2, "{}", r.stderr);
    for word in [
        "unknown-target",
        "needs-external-linking",
        "main-missing",
        "unsupported-section",
        "publish-unavailable",
        "--skip=publish",
        "snapcrafts",
    ] {
        assert!(r.stderr.contains(word), "{word}: {}", r.stderr);
    }
    assert!(!p.dist().exists(), "nothing was touched");
}

#[test]
fn the_host_lacks_go_or_git() {
    let mut p = Project::new(&[("goferry.toml", ONE)]);
    let bin = p.scratch.path().join("bin");
    std::fs::create_dir_all(&bin).unwrap();
    std::os::unix::fs::symlink(support::which("git"), bin.join("git")).unwrap();
    p.set("PATH", bin.to_str().unwrap());
    let r = p.run(&["release", "--snapshot", "--clean"]);
    assert_eq!(r.status, 5, "{}", r.stderr);
    assert!(r.stderr.contains("go-missing"), "{}", r.stderr);
    std::fs::remove_file(bin.join("git")).unwrap();
    let r = p.run(&["release", "--clean", "--skip=publish"]);
    assert!(r.stderr.contains("no-git") && r.stderr.contains("go-missing"), "{}", r.stderr);
}

#[test]
fn read_only_and_full_disks_are_named() {
    let p = Project::new(&[("goferry.toml", ONE)]);
    let big = p.root.join("small-disk");
    std::fs::create_dir_all(&big).unwrap();
    // A tmpfs of 200 kB in a mount namespace of our own stands for a full disk.
    let script = format!(
        "mount -t tmpfs -o size=200k none '{}' && exec '{}' release --snapshot --clean --dist small-disk",
        big.display(),
        env!("CARGO_BIN_EXE_goferry")
    );
    let mut c = std::process::Command::new("unshare");
    c.args(["-Urm", "sh", "-c", &script]).current_dir(&p.root).env_clear().envs(support::fixed());
    c.env("GOFERRY_CACHE", p.scratch.path().join("cache"));
    let r = ran(&c.output().unwrap());
    assert_eq!(r.status, 1, "{}", r.stderr);
    assert!(r.stderr.contains("disk-full"), "{}", r.stderr);
    let r = p.run(&["release", "--snapshot", "--clean", "--dist", "/proc/goferry-dist"]);
    assert_eq!(r.status, 1, "{}", r.stderr);
    assert!(r.stderr.contains("/proc/goferry-dist"), "{}", r.stderr);
    assert!(!r.stderr.contains("panicked"), "{}", r.stderr);
}

#[test]
fn dist_that_holds_something_else_is_left_alone() {
    let p = Project::new(&[("goferry.toml", ONE)]);
    std::fs::create_dir_all(p.dist()).unwrap();
    std::fs::write(p.dist().join("mine"), "x").unwrap();
    let r = p.run(&["release", "--snapshot"]);
    assert_eq!(r.status, 2, "{}", r.stderr);
    assert!(r.stderr.contains("dist-not-empty") && r.stderr.contains("--clean"), "{}", r.stderr);
    assert_eq!(std::fs::read(p.dist().join("mine")).unwrap(), b"x");
    let r = p.run(&["release", "--snapshot", "--clean", "--dist", "."]);
    assert_eq!(r.status, 2, "{}", r.stderr);
    assert!(p.root.join("main.go").exists(), "the project is still there");
}

#[test]
fn reproducible_elsewhere_and_told_when_not() {
    let p = Project::new(&[("goferry.toml", ONE)]);
    let r = p.run(&["release", "--snapshot", "--clean", "--check-reproducible"]);
    assert_eq!(r.status, 0, "{}", r.stderr);
    let hook = "[[builds]]\nhooks.post = [\"sh -c \\\"date +%N >> {{ .Path }}\\\"\"]\n";
    let p = Project::new(&[("goferry.toml", &format!("{ONE}{hook}"))]);
    let r = p.run(&["release", "--snapshot", "--clean", "--check-reproducible"]);
    assert_eq!(r.status, 1, "{}", r.stderr);
    assert!(r.stderr.contains("not-reproducible"), "{}", r.stderr);
}

#[test]
fn a_release_of_a_tag_is_clean_although_dist_is_not_ignored() {
    let p = Project::new(&[(".gitignore", ""), ("goferry.toml", ONE)]);
    let r = p.run(&["release", "--clean", "--skip=publish"]);
    assert_eq!(r.status, 0, "{}", r.stderr);
    let binary = &p.record()["binaries"][0];
    assert_eq!(binary["inspected"]["main_version"], "v1.2.3", "{binary}");
    assert!(!r.stderr.contains("main-version-differs"), "{}", r.stderr);
    // Go on: the next release must not find its own output dirty.
    let r = p.run(&["release", "--clean", "--skip=publish"]);
    assert_eq!(r.status, 0, "{}", r.stderr);
}

#[test]
fn cgo_is_on_where_the_package_needs_it() {
    let main = "package main\n\n/*\n#include <stdio.h>\nstatic void hello(void) { puts(\"from C\"); fflush(stdout); }\n*/\nimport \"C\"\n\nfunc main() { C.hello() }\n";
    let p = Project::new(&[("main.go", main), ("goferry.toml", ONE)]);
    p.release();
    let b = p.record()["binaries"][0].clone();
    assert_eq!(b["inspected"]["linkage"], "dynamic", "{b}");
    assert_eq!(b["run"]["ran"]["output"], "from C");
    assert!(b["inspected"]["glibc"].as_str().is_some());
}

#[test]
fn a_module_from_the_proxy_needs_no_checkout() {
    let p = Project::new(&[]);
    let dir = p.scratch.path().join("empty");
    std::fs::create_dir_all(&dir).unwrap();
    let mut c =
        p.command(&["release", "rsc.io/quote@v1.5.2", "--snapshot", "--clean", "--target", "linux/amd64"]);
    let r = ran(&c.current_dir(&dir).output().unwrap());
    // A library: there is nothing to release, and that is said.
    assert_eq!(r.status, 2, "{}", r.stderr);
    assert!(r.stderr.contains("main-missing"), "{}", r.stderr);
    let mut c = p.command(&[
        "release",
        "filippo.io/age@v1.2.1",
        "--snapshot",
        "--clean",
        "--target",
        "linux/amd64",
        "--id",
        "age-keygen",
    ]);
    let r = ran(&c.current_dir(&dir).output().unwrap());
    assert_eq!(r.status, 0, "{}", r.stderr);
    let record: serde_json::Value =
        serde_json::from_slice(&std::fs::read(dir.join("dist/goferry.json")).unwrap()).unwrap();
    let b = &record["binaries"][0];
    assert_eq!(b["inspected"]["main_version"], "v1.2.1", "{b}");
    assert!(dir.join("dist/age_1.2.1_linux_amd64.tar.gz").exists());
}

/// A module with a hook of its own behind a proxy in a folder; the environment that uses it.
fn hooked_module(p: &mut Project) {
    let proxy = p.scratch.path().join("proxy/example.com/hooked/@v");
    let tree = p.scratch.path().join("zip/example.com/hooked@v1.0.0");
    std::fs::create_dir_all(&proxy).unwrap();
    std::fs::create_dir_all(&tree).unwrap();
    let gomod = "module example.com/hooked\n\ngo 1.24\n";
    let config = "version: 2\nproject_name: hooked\nbefore:\n  hooks:\n    - touch ran.txt\nbuilds:\n  - targets: [linux_amd64]\n    env: [CGO_ENABLED=0]\narchives:\n  - files: [ran*]\n";
    for (name, text) in [("go.mod", gomod), ("main.go", MAIN), (".goreleaser.yaml", config)] {
        std::fs::write(tree.join(name), text).unwrap();
    }
    let zip = std::process::Command::new("zip")
        .args(["-q", "-r", "-D"])
        .arg(proxy.join("v1.0.0.zip"))
        .arg("example.com")
        .current_dir(p.scratch.path().join("zip"))
        .status()
        .unwrap();
    assert!(zip.success());
    std::fs::write(proxy.join("list"), "v1.0.0\n").unwrap();
    std::fs::write(proxy.join("v1.0.0.info"), "{\"Version\":\"v1.0.0\",\"Time\":\"2024-01-02T03:04:05Z\"}")
        .unwrap();
    std::fs::write(proxy.join("v1.0.0.mod"), gomod).unwrap();
    let (proxy, cache) = (p.scratch.path().join("proxy"), p.scratch.path().join("modcache"));
    p.set("GOPROXY", &format!("file://{}", proxy.display()));
    p.set("GOSUMDB", "off");
    p.set("GOFLAGS", "-modcacherw");
    p.set("GOMODCACHE", cache.to_str().unwrap());
}

#[test]
fn a_strangers_hooks_run_only_when_allowed_and_never_in_the_module_cache() {
    let mut p = Project::new(&[]);
    hooked_module(&mut p);
    let dir = p.scratch.path().join("elsewhere");
    std::fs::create_dir_all(&dir).unwrap();
    let run = |more: &[&str]| {
        let mut args = vec!["release", "example.com/hooked@v1.0.0", "--snapshot", "--clean"];
        args.extend(more);
        ran(&p.command(&args).current_dir(&dir).output().unwrap())
    };
    let cached = p.scratch.path().join("modcache/example.com/hooked@v1.0.0/ran.txt");
    let members = || {
        let out = std::process::Command::new("tar")
            .args(["-tzf", "dist/hooked_1.0.0_linux_amd64.tar.gz"])
            .current_dir(&dir)
            .output()
            .unwrap();
        String::from_utf8(out.stdout).unwrap()
    };
    let r = run(&[]);
    assert_eq!(r.status, 2, "{}", r.stderr);
    assert!(r.stderr.contains("hooks-not-allowed") && r.stderr.contains("touch ran.txt"), "{}", r.stderr);
    let r = run(&["--skip=before"]);
    assert_eq!(r.status, 0, "{}", r.stderr);
    assert!(!members().contains("ran.txt"));
    let r = run(&["--allow-hooks"]);
    assert_eq!(r.status, 0, "{}", r.stderr);
    assert!(members().contains("ran.txt"), "the hook ran, and its file is packed");
    assert!(!cached.exists(), "the module cache is as it was");
    let record: serde_json::Value =
        serde_json::from_slice(&std::fs::read(dir.join("dist/goferry.json")).unwrap()).unwrap();
    assert_eq!(record["binaries"][0]["inspected"]["main_version"], "v1.0.0");
}
