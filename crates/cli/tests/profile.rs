//! `goferry profile` with the real perf, qemu and go: the function that computes is the one that is hot.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "the functions that tests share are not marked as tests")]

mod support;

use serde_json::Value;
use std::path::Path;
use std::process::Command;
use support::{Project, fixed, has};

const MAIN: &str = "package main

import \"os\"

//go:noinline
func hot(n int) int {
\tsum := 0
\tfor i := 0; i < n; i++ {
\t\tsum += mix(i, sum)
\t}
\treturn sum
}

func mix(a, b int) int { return (a*31 ^ b>>3) % 1000003 }

func main() {
\ttotal := 0
\tfor i := 0; i < 40; i++ {
\t\ttotal += hot(3000000)
\t}
\tprintln(total > 0, len(os.Args))
\tif len(os.Args) > 1 {
\t\tos.Stdout.WriteString(os.Args[1] + \"\\n\")
\t\tos.Exit(3)
\t}
}
";

const BENCH: &str = "package main

import \"testing\"

func BenchmarkHot(b *testing.B) {
\tfor i := 0; i < b.N; i++ {
\t\thot(100000)
\t}
}
";

fn project() -> Project {
    Project::new(&[("main.go", MAIN), ("main_test.go", BENCH)])
}

fn own_target() -> &'static str {
    if cfg!(target_arch = "aarch64") { "linux/arm64" } else { "linux/amd64" }
}

/// Its share of all that was measured, in hundredths: its own and with what it called.
fn share(profile: &Value, function: &str) -> [u64; 2] {
    let total = profile["nanoseconds"].as_u64().unwrap();
    let all = profile["functions"].as_array().unwrap();
    let f = all.iter().find(|f| f["function"] == function).unwrap_or_else(|| panic!("{function}: {profile}"));
    ["own", "total"].map(|k| f[k].as_u64().unwrap() * 100 / total)
}

fn pprof_top(file: &Path) -> String {
    let out = Command::new("go")
        .env_clear()
        .envs(fixed())
        .args(["tool", "pprof", "-top", "-cum", "-nodecount=12"])
        .arg(file)
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

/// What was written says the same in each form.
fn check_files(p: &Project, name: &str, hot: &str, samples: u64) {
    let dir = p.root.join("out");
    let folded = std::fs::read_to_string(dir.join(format!("{name}.folded"))).unwrap();
    let count = |line: &str| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap();
    assert_eq!(folded.lines().map(count).sum::<u64>(), samples, "{folded}");
    let heavy: u64 = folded.lines().filter(|l| l.contains(hot)).map(count).sum();
    assert!(heavy * 2 > samples, "{folded}");
    let svg = std::fs::read_to_string(dir.join(format!("{name}.svg"))).unwrap();
    assert!(svg.starts_with("<svg") && svg.contains(&format!("<title>{hot}&#10;")), "{svg}");
    let top = pprof_top(&dir.join(format!("{name}.pb.gz")));
    let rows: Vec<&str> = top.lines().skip_while(|l| !l.contains("flat%   sum%")).skip(1).collect();
    let row = rows.iter().find(|r| r.contains(hot)).unwrap_or_else(|| panic!("{top}"));
    let cumulated: f64 = row.split_whitespace().nth(4).unwrap().trim_end_matches('%').parse().unwrap();
    assert!(cumulated > 50.0, "{top}");
    assert!(top.contains("Type: cpu"), "{top}");
}

#[test]
fn a_program_of_this_host() {
    if !has(&["perf"]) {
        return;
    }
    let p = project();
    let r = p.run(&["profile", own_target(), "-o", "out", "--json", "--", "word"]);
    // The program's own status and output pass through; what it writes comes before the data.
    assert_eq!(r.status, 3, "{}", r.stderr);
    let json = r.stdout.strip_prefix("word\n").unwrap_or_else(|| panic!("{}", r.stdout));
    let v: Value = serde_json::from_str(json).unwrap();
    let profile = &v["profiles"][0];
    assert_eq!((&profile["runner"], &profile["whole_stacks"]), (&"native".into(), &true.into()));
    assert!(share(profile, "main.hot")[1] > 60, "{profile}");
    assert!(share(profile, "main.mix")[1] > 30, "{profile}");
    let name = format!("tiny-{}", own_target().replace('/', "_"));
    check_files(&p, &name, "main.hot", profile["samples"].as_u64().unwrap());
}

/// A position-independent program without symbols is resolved too.
#[test]
fn a_stripped_program_that_moves() {
    if !has(&["perf"]) {
        return;
    }
    let p = project();
    let built = Command::new("go")
        .current_dir(&p.root)
        .env_clear()
        .envs(fixed())
        .env("CGO_ENABLED", "0")
        .args(["build", "-buildmode=pie", "-ldflags=-s -w", "-o", "moved", "."])
        .status()
        .unwrap();
    assert!(built.success());
    let r = p.run(&["profile", own_target(), "moved", "-o", "out", "--json", "--rate", "300"]);
    assert_eq!(r.status, 0, "{}", r.stderr);
    let v: Value = serde_json::from_str(&r.stdout).unwrap();
    assert!(share(&v["profiles"][0], "main.hot")[1] > 60, "{v}");
    assert!(share(&v["profiles"][0], "main.mix")[1] > 30, "{v}");
}

/// qemu 8 or newer is fetched where the host has an older one.
#[test]
fn an_emulated_program() {
    if !has(&["perf", "qemu-aarch64-static"]) || own_target() == "linux/arm64" {
        return;
    }
    let p = project();
    let r = p.run(&["profile", "linux/arm64", "-o", "out", "--json"]);
    if r.status == 5 && std::env::var_os("CI").is_none() {
        // Nothing newer can be had here; what is missing is said.
        assert!(r.stderr.contains("runner-missing") || r.stderr.contains("perf-unavailable"), "{}", r.stderr);
        return;
    }
    assert_eq!(r.status, 0, "{}", r.stderr);
    let v: Value = serde_json::from_str(&r.stdout).unwrap();
    let profile = &v["profiles"][0];
    assert_eq!(profile["whole_stacks"], false);
    assert!(profile["runner"].as_str().unwrap().starts_with("qemu "), "{profile}");
    assert!(share(profile, "main.hot")[1] > 50, "{profile}");
    assert!(share(profile, "main.mix")[0] > 20, "{profile}");
    check_files(&p, "tiny-linux_arm64", "main.hot", profile["samples"].as_u64().unwrap());
}

/// Go's own profile has whole stacks under any qemu; two targets are compared.
#[test]
fn benchmarks_on_two_targets() {
    if !has(&["qemu-aarch64-static"]) || own_target() == "linux/arm64" {
        return;
    }
    let p = project();
    let args = [
        "profile",
        "--compare",
        "linux/amd64",
        "linux/arm64",
        "--test",
        ".",
        "-o",
        "out",
        "--json",
        "--",
        "-bench=.",
        "-run=^$",
    ];
    let r = p.run(&args);
    assert_eq!(r.status, 0, "{}", r.stderr);
    assert!(r.stderr.contains("BenchmarkHot") || r.stderr.contains("ok"), "{}", r.stderr);
    let v: Value = serde_json::from_str(&r.stdout).unwrap();
    for profile in v["profiles"].as_array().unwrap() {
        assert_eq!(profile["whole_stacks"], true);
        assert!(share(profile, "example.com/tiny.BenchmarkHot")[1] > 50, "{profile}");
    }
    let samples = v["profiles"][1]["samples"].as_u64().unwrap();
    check_files(&p, "tiny.test-linux_arm64", "example.com/tiny.hot", samples);
    let both = std::fs::read_to_string(p.root.join("out/tiny.test-compared.svg")).unwrap();
    assert!(both.contains("tiny.test on linux/amd64") && both.contains("tiny.test on linux/arm64"), "{both}");
    assert!(both.contains(" in the other"));
    // The test binary of a profile is not left behind.
    assert!(!p.root.join("tiny.test").exists());
}

#[test]
fn what_cannot_be_measured_is_said() {
    let mut p = project();
    for (args, status, says) in [
        (&["profile"][..], 2, "name the target"),
        (&["profile", "--compare", "linux/arm64"], 2, "2 values"),
        (&["profile", "--compare", "linux/arm64", "linux/386", "x", "y"], 2, "all that may follow"),
        (&["profile", "linux/arm64", "x", "--test", "."], 2, "--test names the package"),
        (&["profile", "linux/nothing"], 2, "unknown-target"),
    ] {
        let r = p.run(args);
        assert!(r.status == status && r.stderr.contains(says), "{args:?}: {} {}", r.status, r.stderr);
    }
    if has(&["perf"]) {
        let r = p.run(&["profile", "wasip1/wasm"]);
        assert_eq!(r.status, 5, "{}", r.stderr);
        assert!(r.stderr.contains("perf cannot look into programs for wasip1/wasm"), "{}", r.stderr);
        assert!(r.stderr.contains("--test ."), "{}", r.stderr);
    }
    p.set("PATH", "/nowhere");
    let r = p.run(&["profile", own_target()]);
    assert_eq!(r.status, 5, "{}", r.stderr);
    assert!(r.stderr.contains("perf-unavailable") && r.stderr.contains("linux-perf"), "{}", r.stderr);
}
