//! The commands as users type them: output, exit status, what lands where.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn goferry(dir: &Path, args: &[&str]) -> Output {
    command(dir, args).output().expect("goferry starts")
}

fn command(dir: &Path, args: &[&str]) -> Command {
    let mut c = Command::new(env!("CARGO_BIN_EXE_goferry"));
    c.current_dir(dir).args(args).env("GOFERRY_CACHE", dir.join(".cache")).env_remove("NO_COLOR");
    c
}

fn stdout(o: &Output) -> String {
    String::from_utf8(o.stdout.clone()).expect("text")
}

fn stderr(o: &Output) -> String {
    String::from_utf8(o.stderr.clone()).expect("text")
}

fn module() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a scratch module");
    std::fs::write(dir.path().join("go.mod"), "module example.com/hello\n\ngo 1.24\n")
        .expect("a scratch module");
    std::fs::write(dir.path().join("main.go"), "package main\n\nfunc main() { println(\"hello\") }\n")
        .expect("a scratch module");
    dir
}

#[test]
fn help_lists_what_works_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let help = goferry(dir.path(), &["--help"]);
    assert_eq!(help.status.code(), Some(0));
    let listed: Vec<String> = stdout(&help)
        .lines()
        .skip_while(|l| *l != "Commands:")
        .skip(1)
        .take_while(|l| !l.is_empty())
        // What does not fit on one line goes on further in.
        .filter(|l| !l.starts_with("   "))
        .filter_map(|l| l.split_whitespace().next().map(str::to_owned))
        .collect();
    let expected = "release build plan check init inspect symbols size run test exec profile trace debug sbom image ci sign attest verify scan vex deps stats explain doctor binfmt toolchain targets jsonschema cache completion man";
    assert_eq!(listed.join(" "), expected);
    for name in &listed {
        assert_eq!(goferry(dir.path(), &[name, "--help"]).status.code(), Some(0), "{name}");
    }
    for (alias, name) in [("r", "release"), ("b", "build"), ("c", "check"), ("i", "init")] {
        assert!(
            stdout(&goferry(dir.path(), &[alias, "--help"])).contains(&format!("goferry {name}")),
            "{alias}"
        );
    }
}

#[test]
fn nothing_is_released_by_accident() {
    let dir = module();
    let bare = goferry(dir.path(), &[]);
    assert_eq!(bare.status.code(), Some(2));
    assert!(stderr(&bare).contains("Usage: goferry"));
    assert!(!dir.path().join("dist").exists());
}

#[test]
fn wrong_usage_is_status_2() {
    let dir = module();
    for args in [
        &["relaese"][..],
        &["release", "--no-such-flag"],
        &["release", "--parallelism", "0"],
        &["release", "--timeout", "soon"],
        &["release", "--snapshot", "--target", "linux/vax"],
        &["release", "--snapshot", "--target", "plan9/s390x"],
        &["release", "--snapshot", "--skip", "frobnicate"],
        &["release", "not-a-module", "--snapshot"],
        &["inspect"],
        &["completion", "tcsh"],
    ] {
        let out = goferry(dir.path(), args);
        // A query that is no module@version counts as a failure to get it.
        let expected: &[i32] = if args.contains(&"not-a-module") { &[1, 2] } else { &[2] };
        assert!(expected.contains(&out.status.code().unwrap()), "{args:?}: {}", stderr(&out));
        assert!(!stderr(&out).contains("panicked"), "{args:?}");
        assert!(!dir.path().join("dist").exists(), "{args:?}");
    }
    let near = goferry(dir.path(), &["release", "--snapshot", "--target", "linux/amd46"]);
    assert!(stderr(&near).contains("did you mean `linux/amd64`?"), "{}", stderr(&near));
}

#[test]
fn a_release_that_would_publish_stops_first() {
    let dir = module();
    let out = goferry(dir.path(), &["release"]);
    assert_eq!(out.status.code(), Some(2));
    assert!(stderr(&out).contains("--skip=publish"), "{}", stderr(&out));
    assert!(!dir.path().join("dist").exists());
}

#[test]
fn check_points_at_the_mistake() {
    let dir = module();
    let path = dir.path().join(".goreleaser.yaml");
    std::fs::write(&path, "version: 2\nbuilds:\n  - goos: [linux\n").unwrap();
    let broken = goferry(dir.path(), &["check"]);
    assert_eq!(broken.status.code(), Some(2));
    assert!(stderr(&broken).contains(".goreleaser.yaml:"), "{}", stderr(&broken));
    assert!(stderr(&broken).contains("config-syntax"), "{}", stderr(&broken));

    std::fs::write(&path, "version: 2\nbuilds:\n  - goos: [linux]\n    biuldmode: pie\n").unwrap();
    let unknown = goferry(dir.path(), &["check"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(stderr(&unknown).contains(".goreleaser.yaml:4:5"), "{}", stderr(&unknown));
    assert!(stderr(&unknown).contains("buildmode"), "{}", stderr(&unknown));

    std::fs::write(&path, "version: 2\narchives:\n  - name_template: \"{{ .Os \"\n").unwrap();
    let template = goferry(dir.path(), &["check"]);
    assert_eq!(template.status.code(), Some(2));
    assert!(stderr(&template).contains("template-error"), "{}", stderr(&template));
    assert!(stderr(&template).contains(".goreleaser.yaml:3:"), "{}", stderr(&template));
}

#[test]
fn check_accepts_what_is_old_and_lists_what_is_missing() {
    let dir = module();
    let path = dir.path().join(".goreleaser.yaml");
    std::fs::write(&path, "version: 2\narchives:\n  - format: zip\nsnapcrafts:\n  - id: x\n").unwrap();
    let out = goferry(dir.path(), &["check"]);
    assert_eq!(out.status.code(), Some(0), "{}", stderr(&out));
    assert!(stderr(&out).contains("warning[deprecated-key]"), "{}", stderr(&out));
    assert!(stdout(&out).contains("snapcrafts"), "{}", stdout(&out));
    assert!(stdout(&out).contains(".goreleaser.yaml:4"), "{}", stdout(&out));
    assert!(stdout(&out).contains("--skip=snapcrafts"), "{}", stdout(&out));

    let json = goferry(dir.path(), &["check", "--json"]);
    let value: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(value["unsupported"][0]["section"], "snapcrafts");
    assert_eq!(value["unsupported"][0]["line"], 4);
    assert_eq!(value["diagnostics"][0]["code"], "deprecated-key");
    assert_eq!(value["diagnostics"][0]["severity"], "warning");
}

#[test]
fn check_reads_standard_input_and_named_files() {
    let dir = module();
    let file = dir.path().join("release.yaml");
    std::fs::write(&file, "version: 2\nbuildz: []\n").unwrap();
    let named = goferry(dir.path(), &["check", "release.yaml"]);
    assert_eq!(named.status.code(), Some(2));
    assert!(stderr(&named).contains("release.yaml:2:1"), "{}", stderr(&named));
    let mut piped = command(dir.path(), &["check", "-f", "-"]);
    let out = piped.stdin(std::fs::File::open(&file).unwrap()).output().unwrap();
    assert_eq!(out.status.code(), Some(2));
    assert!(stderr(&out).contains("<stdin>:2:1"), "{}", stderr(&out));
    let missing = goferry(dir.path(), &["check", "nowhere.yaml"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(stderr(&missing).contains("config-missing"));
}

#[test]
fn init_writes_once() {
    let dir = module();
    std::fs::write(dir.path().join(".gitignore"), "*.log").unwrap();
    let first = goferry(dir.path(), &["init"]);
    assert_eq!(first.status.code(), Some(0), "{}", stderr(&first));
    let written = std::fs::read_to_string(dir.path().join("goferry.toml")).unwrap();
    assert!(written.contains("main = \".\""), "{written}");
    assert_eq!(std::fs::read_to_string(dir.path().join(".gitignore")).unwrap(), "*.log\ndist/\n");
    assert_eq!(goferry(dir.path(), &["check"]).status.code(), Some(0));

    let second = goferry(dir.path(), &["init"]);
    assert_eq!(second.status.code(), Some(2));
    assert_eq!(std::fs::read_to_string(dir.path().join("goferry.toml")).unwrap(), written);
    std::fs::remove_file(dir.path().join("goferry.toml")).unwrap();
    assert_eq!(goferry(dir.path(), &["init"]).status.code(), Some(0));
    assert_eq!(std::fs::read_to_string(dir.path().join(".gitignore")).unwrap(), "*.log\ndist/\n");

    std::fs::remove_file(dir.path().join("goferry.toml")).unwrap();
    std::fs::write(dir.path().join(".goreleaser.yml"), "version: 2\n").unwrap();
    let beside = goferry(dir.path(), &["init"]);
    assert_eq!(beside.status.code(), Some(2));
    assert!(!dir.path().join("goferry.toml").exists());
}

fn go_binary(dir: &Path) -> PathBuf {
    let out = dir.join("hello");
    let status = Command::new("go")
        .current_dir(dir)
        .args(["build", "-buildvcs=false", "-ldflags=-s -w", "-o"])
        .arg(&out)
        .env("GOOS", "linux")
        .env("GOARCH", "riscv64")
        .env("CGO_ENABLED", "0")
        .status()
        .expect("go is on PATH");
    assert!(status.success());
    out
}

#[test]
fn inspect_says_what_binaries_are() {
    let dir = module();
    go_binary(dir.path());
    std::fs::write(dir.path().join("garbage"), "\x1b[31mnot a program\n").unwrap();
    let text = goferry(dir.path(), &["inspect", "hello"]);
    assert_eq!(text.status.code(), Some(0), "{}", stderr(&text));
    for part in
        ["ELF, 64-bit", "riscv64, little-endian", "static", "example.com/hello", "GOOS=linux", "stripped"]
    {
        assert!(stdout(&text).contains(part), "{part}: {}", stdout(&text));
    }
    let both = goferry(dir.path(), &["inspect", "garbage", "hello", "--json"]);
    assert_eq!(both.status.code(), Some(4));
    let value: serde_json::Value = serde_json::from_slice(&both.stdout).unwrap();
    assert_eq!(value["files"][0]["binary"]["arch"], "riscv64");
    assert_eq!(value["files"][0]["binary"]["go"]["path"], "example.com/hello");
    assert_eq!(value["diagnostics"][0]["code"], "not-a-binary");
    let garbage = goferry(dir.path(), &["inspect", "garbage"]);
    assert_eq!(garbage.status.code(), Some(4));
    assert!(!stderr(&garbage).contains('\x1b'));
    assert_eq!(goferry(dir.path(), &["inspect", "absent"]).status.code(), Some(1));
    assert_eq!(goferry(dir.path(), &["inspect", "."]).status.code(), Some(1));
}

#[test]
fn truncated_binaries_are_refused_and_nothing_panics() {
    let dir = module();
    let bytes = std::fs::read(go_binary(dir.path())).unwrap();
    let cut = dir.path().join("cut");
    for len in [0, 1, 4, 20, 63, 64, 100, 400, 4096, bytes.len() / 2] {
        std::fs::write(&cut, &bytes[..len]).unwrap();
        let out = goferry(dir.path(), &["inspect", "cut"]);
        assert_eq!(out.status.code(), Some(4), "{len}: {}{}", stdout(&out), stderr(&out));
        assert!(stderr(&out).contains("not-a-binary"), "{len}: {}", stderr(&out));
    }
}

#[test]
fn targets_lists_every_pair() {
    let dir = tempfile::tempdir().unwrap();
    let out = goferry(dir.path(), &["targets", "--json"]);
    let value: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    let list = value["targets"].as_array().unwrap();
    // Two more levels of ARM, which have other compilers.
    assert_eq!(list.len(), goferry_target::GoTarget::all().count() + 2);
    let find = |name: &str| list.iter().find(|t| t["target"] == name).unwrap();
    assert_eq!(find("linux/mips64le")["links_without_c"], true);
    assert_eq!(find("ios/arm64")["links_without_c"], false);
    assert_eq!(
        (&find("plan9/386")["runner"], &find("plan9/386")["state"]),
        (&serde_json::Value::Null, &"none".into())
    );
    assert_eq!(find("linux/arm/v5")["variant"], "GOARM=5");
    assert_eq!(
        (&find("linux/amd64")["cc"], &find("linux/amd64")["state"]),
        (&"gcc".into(), &"on-path".into())
    );
    let text = stdout(&goferry(dir.path(), &["targets"]));
    assert_eq!(text.lines().count(), list.len() + 1);
}

#[test]
fn schemas_completions_and_manual() {
    let dir = tempfile::tempdir().unwrap();
    for args in [&["jsonschema"][..], &["jsonschema", "--goreleaser"]] {
        let value: serde_json::Value = serde_json::from_slice(&goferry(dir.path(), args).stdout).unwrap();
        assert!(value["properties"]["archives"].is_object(), "{args:?}");
    }
    assert_eq!(goferry(dir.path(), &["jsonschema", "-o", "s.json"]).status.code(), Some(0));
    assert!(std::fs::read(dir.path().join("s.json")).unwrap().starts_with(b"{"));
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let out = goferry(dir.path(), &["completion", shell]);
        assert!(stdout(&out).contains("check-reproducible"), "{shell}");
    }
    assert!(stdout(&goferry(dir.path(), &["man"])).contains(".TH goferry"));
    assert_eq!(goferry(dir.path(), &["man", "-o", "pages"]).status.code(), Some(0));
    assert!(dir.path().join("pages/goferry-release.1").is_file());
}

#[test]
fn the_plan_has_no_side_effects() {
    let dir = module();
    let out = goferry(dir.path(), &["plan", "--snapshot", "--json", "--target", "linux/amd64"]);
    let value: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    let steps = value["plan"]["steps"].as_array().unwrap();
    assert!(steps.iter().any(|s| s["action"]["do"] == "build" && s["target"] == "linux/amd64"));
    assert!(steps.iter().all(|s| s["target"].is_null() || s["target"] == "linux/amd64"));
    assert!(value["diagnostics"].is_array());
    let mut left: Vec<_> = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, [".cache", "go.mod", "main.go"]);
    // What would stop a release stops its plan.
    for option in ["--release-notes", "--release-header-tmpl", "--release-footer"] {
        let out = goferry(dir.path(), &["plan", "--snapshot", option, "absent.md"]);
        let said = String::from_utf8_lossy(&out.stderr);
        assert!(!out.status.success() && said.contains("absent.md cannot be read"), "{option}: {said}");
    }
}

#[test]
fn no_colours_and_no_home_are_fine() {
    let dir = module();
    let mut c = command(dir.path(), &["plan", "--snapshot"]);
    let go_cache = dir.path().join(".cache/go");
    c.env("NO_COLOR", "1").env("HOME", "").env_remove("GOFERRY_CACHE").env_remove("XDG_CACHE_HOME");
    c.env("GOCACHE", go_cache).env("GOPATH", dir.path().join(".cache/gopath"));
    let out = c.output().unwrap();
    assert!(!stdout(&out).contains('\x1b') && !stderr(&out).contains('\x1b'));
    assert!(!stderr(&out).contains("panicked"), "{}", stderr(&out));
    assert!(stdout(&out).contains("linux/amd64"), "{}{}", stdout(&out), stderr(&out));
}

#[test]
fn the_cache_has_a_place_and_a_limit() {
    let dir = tempfile::tempdir().unwrap();
    let mut c = command(dir.path(), &["cache", "info", "--json"]);
    let out = c.env("GOFERRY_CACHE_LIMIT", "1000").output().unwrap();
    let value: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(value["limit"], 1000);
    assert_eq!((&value["files"], &value["images"]), (&0.into(), &0.into()));
    // Bases of images that were fetched.
    let blobs = dir.path().join(".cache/images/blobs/sha256");
    std::fs::create_dir_all(&blobs).unwrap();
    std::fs::write(blobs.join("ab"), "12345").unwrap();
    let images = || {
        let out = command(dir.path(), &["cache", "info", "--json"]).output().unwrap();
        serde_json::from_slice::<serde_json::Value>(&out.stdout).unwrap()["images"].clone()
    };
    assert_eq!(images(), 5);
    assert_eq!(goferry(dir.path(), &["cache", "clean"]).status.code(), Some(0));
    assert_eq!(images(), 0);
    let bad = command(dir.path(), &["cache", "info"]).env("GOFERRY_CACHE_LIMIT", "much").output().unwrap();
    assert_eq!(bad.status.code(), Some(2));
}

#[test]
fn host_names_resolve() {
    let dir = tempfile::tempdir().unwrap();
    let out = goferry(dir.path(), &["__resolve", "localhost"]);
    assert_eq!(out.status.code(), Some(0), "{}", stderr(&out));
    assert!(stdout(&out).lines().any(|l| l == "127.0.0.1" || l == "::1"), "{}", stdout(&out));
}

#[test]
#[cfg(unix)]
fn a_signal_ends_the_run_and_the_next_one_starts_over() {
    let dir = module();
    std::fs::write(dir.path().join("slow.toml"), "[before]\nhooks = [\"sleep 60\"]\n").unwrap();
    let begun = std::time::Instant::now();
    let mut run =
        command(dir.path(), &["release", "-f", "slow.toml", "--snapshot", "--target", "linux/amd64"])
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
    while !dir.path().join("dist").exists() {
        assert!(begun.elapsed().as_secs() < 20, "the hook never began");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    std::thread::sleep(std::time::Duration::from_millis(200));
    let kill = Command::new("kill").args(["-TERM", &run.id().to_string()]).status().unwrap();
    assert!(kill.success());
    assert_eq!(run.wait().unwrap().code(), Some(1));
    assert!(begun.elapsed().as_secs() < 30);
    assert!(dir.path().join("dist/.goferry-incomplete").exists());
    let again = goferry(dir.path(), &["release", "--snapshot", "--target", "linux/amd64"]);
    assert_eq!(again.status.code(), Some(0), "{}", stderr(&again));
    assert!(!dir.path().join("dist/.goferry-incomplete").exists());
}

#[test]
fn events_are_json_lines_and_end_with_a_summary() {
    let dir = module();
    let out =
        goferry(dir.path(), &["release", "--snapshot", "--json", "--target", "linux/amd64,windows/arm64"]);
    assert_eq!(out.status.code(), Some(0), "{}", stderr(&out));
    let events: Vec<serde_json::Value> =
        stdout(&out).lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert!(events.iter().any(|e| e["event"] == "step-finished" && e["target"] == "windows/arm64"));
    let last = events.last().unwrap();
    assert_eq!(last["event"], "summary");
    assert_eq!(last["ok"], true);
    assert_eq!(last["rows"].as_array().unwrap().len(), 2);
    assert_eq!(stderr(&out), "");
}

#[test]
fn fetched_tools_are_removed_only_when_asked() {
    let dir = tempfile::tempdir().unwrap();
    let cache = dir.path().join("cache");
    for folder in ["run/0123", "tools/files"] {
        std::fs::create_dir_all(cache.join(folder)).unwrap();
    }
    let clean = |args: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_goferry"))
            .args(["cache", "clean"])
            .args(args)
            .env("GOFERRY_CACHE", &cache)
            .output()
            .unwrap()
    };
    let out = clean(&[]);
    assert_eq!(out.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&out.stderr).contains("goferry cache clean --tools"));
    assert_eq!((cache.join("run").exists(), cache.join("tools").exists()), (false, true));
    assert_eq!(clean(&["--tools"]).status.code(), Some(0));
    assert!(!cache.join("tools").exists());
}
