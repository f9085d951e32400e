//! `goferry test` with the real go test.

use crate::machine::machine;
use crate::support::{Ran, ran};
use std::path::PathBuf;
use std::process::Command;

/// A module of several packages, removed at the end.
struct Suite {
    dir: PathBuf,
}

impl Drop for Suite {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

impl Suite {
    fn new(name: &str, files: &[(&str, &str)]) -> Suite {
        let dir = machine().root.join(format!("{name}-{}", std::process::id()));
        let s = Suite { dir };
        s.write("go.mod", "module example.com/suite\n\ngo 1.24\n");
        for (name, text) in files {
            s.write(name, text);
        }
        s
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.dir.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut c = machine().goferry(&["test"]);
        c.args(args).current_dir(&self.dir).env("GOFLAGS", "").env_remove("GOOS").env_remove("GOARCH");
        c
    }

    fn test(&self, args: &[&str]) -> Ran {
        ran(&self.command(args).output().unwrap())
    }
}

const OK: &str = "package ok\n\nimport \"testing\"\n\nfunc TestOk(t *testing.T) {\n\tif half(4) != 2 {\n\t\tt.Fatal()\n\t}\n}\n";
const HALF: &str =
    "package ok\n\nfunc half(n int) int {\n\tif n < 0 {\n\t\treturn 0\n\t}\n\treturn n / 2\n}\n";
const BAD: &str = "package bad\n\nimport (\n\t\"runtime\"\n\t\"testing\"\n)\n\nfunc TestArch(t *testing.T) {\n\tif runtime.GOARCH == \"arm64\" {\n\t\tt.Error(\"not on\", runtime.GOARCH)\n\t}\n}\n\nfunc TestSkip(t *testing.T) { t.Skip(\"never\") }\n";

#[test]
fn packages_by_targets_then_cached_and_junit() {
    let s = Suite::new("matrix", &[("ok/ok.go", HALF), ("ok/ok_test.go", OK), ("bad/bad_test.go", BAD)]);
    s.write("broken/b_test.go", "package broken\n\nvar x int = nothing\n");
    s.write("plain/p.go", "package plain\n");
    let args = ["--target=linux/arm64,linux/amd64", "./...", "--junit", "report.xml"];
    let r = s.test(&args);
    assert_eq!(r.status, 1, "{}{}", r.stdout, r.stderr);
    let row = |r: &Ran, name: &str| -> Vec<String> {
        let line = r.stdout.lines().find(|l| l.starts_with(&format!("example.com/suite/{name} "))).unwrap();
        line.split("  ").map(str::trim).filter(|c| !c.is_empty()).skip(1).map(str::to_owned).collect()
    };
    assert_eq!(row(&r, "bad")[0], "FAIL (1)");
    assert!(row(&r, "bad")[1].starts_with("ok "), "{}", r.stdout);
    assert!(row(&r, "ok").iter().all(|c| c.starts_with("ok ") || c == "cached"), "{}", r.stdout);
    assert_eq!(row(&r, "broken"), ["BUILD FAILED", "BUILD FAILED"]);
    assert_eq!(row(&r, "plain"), ["no tests", "no tests"]);
    assert!(r.stdout.contains("linux/arm64      bad_test.go:10: not on arm64\n"), "{}", r.stdout);
    assert!(r.stdout.contains("undefined: nothing"), "{}", r.stdout);
    let again = s.test(&args);
    assert_eq!((row(&again, "ok"), row(&again, "bad")[1].as_str()), (vec!["cached".to_owned(); 2], "cached"));
    let xml = std::fs::read_to_string(s.dir.join("report.xml")).unwrap();
    assert!(xml.contains(
        r#"<testsuite name="linux/arm64 example.com/suite/bad" tests="2" failures="1" skipped="1""#
    ));
    assert!(xml.contains("not on arm64"), "{xml}");
}

#[test]
fn the_stream_is_gos_own() {
    let s = Suite::new("json", &[("ok/ok.go", HALF), ("ok/ok_test.go", OK), ("bad/bad_test.go", BAD)]);
    let r = s.test(&["--target", "linux/arm64", "-json", "./ok"]);
    assert_eq!(r.status, 0, "{}", r.stderr);
    let events: Vec<serde_json::Value> = r.stdout.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let last = events.last().unwrap();
    assert_eq!(
        (last["Action"].as_str(), last["Package"].as_str()),
        (Some("pass"), Some("example.com/suite/ok"))
    );
    let r = s.test(&["-json", "--target", "linux/arm64,linux/amd64", "./...", "--streams", "out"]);
    assert_eq!(r.status, 1, "{}", r.stderr);
    let summary: serde_json::Value = serde_json::from_str(&r.stdout).unwrap();
    let passed: Vec<_> =
        summary["targets"].as_array().unwrap().iter().map(|t| t["passed"].as_bool()).collect();
    assert_eq!(passed, [Some(false), Some(true)]);
    for name in ["linux_arm64_v8.0.json", "linux_amd64_v1.json"] {
        let text = std::fs::read_to_string(s.dir.join("out").join(name)).unwrap();
        assert!(text.lines().all(|l| serde_json::from_str::<serde_json::Value>(l).is_ok()), "{text}");
        assert!(text.contains("\"Package\":\"example.com/suite/bad\""), "{text}");
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_said_before_anything_runs() {
    let s = Suite::new("streams", &[("ok/ok.go", HALF), ("ok/ok_test.go", OK), ("file", "")]);
    let r = s.test(&["-json", "--target", "linux/arm64,linux/amd64", "./...", "--streams", "file/out"]);
    assert_ne!(r.status, 0);
    assert_eq!((r.stdout.as_str(), r.stderr.matches("error[").count()), ("", 1), "{}", r.stderr);
    assert!(r.stderr.contains("file/out cannot be written"), "{}", r.stderr);
}

#[test]
fn goflags_count_as_they_do_for_go_test() {
    let slow = "package ok\n\nimport (\n\t\"testing\"\n\t\"time\"\n)\n\nfunc TestSlow(t *testing.T) {\n\tdeadline, _ := t.Deadline()\n\tt.Log(\"left\", time.Until(deadline).Round(time.Minute))\n}\n";
    let s = Suite::new("goflags", &[("ok/slow_test.go", slow)]);
    for (flags, left) in [("", "1h0m0s"), ("-timeout=7m", "7m0s"), ("'-timeout=7m' -p=1", "7m0s")] {
        let mut c = s.command(&["--target=linux/arm64", "-v", "./ok"]);
        let r = ran(&c.env("GOFLAGS", flags).output().unwrap());
        assert!(r.stdout.contains(&format!("left {left}\n")), "{flags}: {}{}", r.stdout, r.stderr);
    }
}

#[test]
fn coverage_is_merged_and_failed_tests_are_run_again_when_asked() {
    let flaky = "package ok\n\nimport (\n\t\"os\"\n\t\"testing\"\n)\n\nfunc TestFlaky(t *testing.T) {\n\tif _, err := os.Stat(\"seen\"); err != nil {\n\t\tos.WriteFile(\"seen\", nil, 0o644)\n\t\tt.Fatal(\"first time\")\n\t}\n}\n";
    let s = Suite::new("cover", &[("ok/ok.go", HALF), ("ok/ok_test.go", OK)]);
    s.write("ok/only_arm64.go", "package ok\n\nfunc only() int { return 1 }\n");
    let r =
        s.test(&["--target=linux/arm64,linux/amd64", "-covermode=atomic", "-coverprofile", "c.out", "./ok"]);
    assert_eq!(r.status, 0, "{}{}", r.stdout, r.stderr);
    let profile = std::fs::read_to_string(s.dir.join("c.out")).unwrap();
    // One call on each target.
    assert!(profile.starts_with("mode: atomic\n") && profile.contains("ok.go:7.2,7.14 1 2\n"), "{profile}");
    assert!(profile.contains("only_arm64.go"), "{profile}");
    s.write("ok/flaky_test.go", flaky);
    let r = s.test(&["--target=linux/arm64", "./ok"]);
    assert_eq!(r.status, 1, "{}", r.stdout);
    std::fs::remove_file(s.dir.join("ok/seen")).unwrap();
    let r = s.test(&["--target=linux/arm64", "--retries=2", "-count=1", "./ok"]);
    assert_eq!(r.status, 0, "{}{}", r.stdout, r.stderr);
    assert!(r.stderr.contains("failed 1 times, again"), "{}", r.stderr);
}

#[test]
fn a_cgo_package_is_tested_with_the_targets_compiler_and_library() {
    let source = "package root\n\n// #cgo LDFLAGS: -lm\n// #include <math.h>\nimport \"C\"\n\nfunc Root(x float64) float64 { return float64(C.sqrt(C.double(x))) }\n";
    let test = "package root\n\nimport (\n\t\"os\"\n\t\"os/exec\"\n\t\"testing\"\n)\n\nfunc TestRoot(t *testing.T) {\n\tif Root(16) != 4 {\n\t\tt.Fatal()\n\t}\n\tif os.Getenv(\"INNER\") == \"\" {\n\t\tc := exec.Command(os.Args[0], \"-test.run=TestRoot\")\n\t\tc.Env = append(os.Environ(), \"INNER=1\")\n\t\tif out, err := c.CombinedOutput(); err != nil {\n\t\t\tt.Fatal(err, string(out))\n\t\t}\n\t}\n}\n";
    let s = Suite::new("cgo", &[("root.go", source), ("root_test.go", test)]);
    let r = s.test(&["--target=linux/arm64", "."]);
    if std::env::var_os("GOFERRY_NO_NAMESPACES").is_some() {
        assert!(r.stdout.contains("exec format error"), "{}", r.stdout);
        assert!(r.stderr.contains("those that start themselves will fail"), "{}", r.stderr);
    } else {
        assert_eq!(r.status, 0, "{}{}", r.stdout, r.stderr);
    }
}

#[test]
fn what_cannot_be_tested_is_said() {
    let s = Suite::new("cannot", &[("ok/ok.go", HALF), ("ok/ok_test.go", OK)]);
    for (args, status, says) in [
        (
            &["--target=linux/arm64", "-race", "./ok"][..],
            5,
            "the race detector does not work for linux/arm64",
        ),
        (&["--target=darwin/arm64", "./ok"], 5, "nothing here runs darwin programs"),
        (&["--target=linux/nonsense", "./ok"], 2, "error[unknown-target]"),
        (&["-exec", "x", "./ok"], 2, "`-exec` cannot be used"),
        (&["--target=linux/arm64", "./missing"], 1, "missing"),
    ] {
        let r = s.test(args);
        assert_eq!(r.status, status, "{args:?} {}{}", r.stdout, r.stderr);
        assert!((r.stderr.clone() + &r.stdout).contains(says), "{args:?} {}{}", r.stdout, r.stderr);
    }
    s.write("goferry.toml", "targets = [\"linux/arm64\", \"darwin/arm64\"]\n");
    s.write("main.go", "package main\n\nfunc main() {}\n");
    let r = s.test(&["--all", "./ok"]);
    assert_eq!(r.status, 0, "{}{}", r.stdout, r.stderr);
    assert!(r.stderr.contains("darwin/arm64: not tested: no program for darwin/arm64"), "{}", r.stderr);
}

/// Tests that call go find its caches, although their HOME is empty.
#[test]
fn a_test_that_calls_go_finds_the_callers_caches() {
    let test = "package calls\n\nimport (\n\t\"os/exec\"\n\t\"os\"\n\t\"strings\"\n\t\"testing\"\n)\n\nfunc TestGo(t *testing.T) {\n\tout, err := exec.Command(\"go\", \"env\", \"GOCACHE\", \"GOMODCACHE\").CombinedOutput()\n\tif err != nil || strings.Contains(string(out), os.Getenv(\"HOME\")) {\n\t\tt.Fatal(err, string(out))\n\t}\n}\n";
    let s = Suite::new("calls", &[("calls_test.go", test)]);
    let r = s.test(&["--target=linux/arm64", "."]);
    assert_eq!(r.status, 0, "{}{}", r.stdout, r.stderr);
}

#[test]
fn a_test_that_wants_the_network_is_told_how_to_get_it() {
    let dial = "package net\n\nimport (\n\t\"net\"\n\t\"testing\"\n)\n\nfunc TestDial(t *testing.T) {\n\tif _, err := net.Dial(\"udp\", \"192.0.2.1:53\"); err != nil {\n\t\tt.Fatal(err)\n\t}\n}\n";
    let s = Suite::new("network", &[("net_test.go", dial)]);
    let r = s.test(&["--target=linux/arm64"]);
    let apart = !r.stderr.contains("tests see the host's network");
    assert_eq!(r.stderr.contains("only with --network"), apart, "{}{}", r.stdout, r.stderr);
    let r = s.test(&["--target=linux/arm64", "--network"]);
    assert!(!r.stderr.contains("only with --network"), "{}{}", r.stdout, r.stderr);
}
