//! `goferry stats` after real releases: one that is clean, one that is not, one that is again.

#![expect(clippy::unwrap_used, reason = "what a test cannot set up has failed")]

mod support;

use serde_json::{Value, json};
use support::Project;

fn stats(p: &Project, args: &[&str]) -> Value {
    let r = p.run(&[&["stats", "--json"], args].concat());
    assert_eq!(r.status, 0, "{}", r.stderr);
    serde_json::from_str(&r.stdout).unwrap()
}

#[test]
fn a_damaged_record_is_no_folder_without_a_release() {
    let p = Project::new(&[("goferry.toml", "targets = [\"linux/amd64\"]\n")]);
    p.release();
    let path = p.dist().join("goferry.json");
    let good = std::fs::read_to_string(&path).unwrap();
    let line = good.lines().count() / 2;
    let half: Vec<&str> = good.lines().take(line).collect();
    for (text, said) in [
        (half.join("\n"), format!("goferry.json:{line}:")),
        (String::new(), "goferry.json".to_owned()),
        ("[]".to_owned(), "it is not an object".to_owned()),
        (good.replacen("\"targets\": [", "\"targets\": [1, ", 1), "`targets`".to_owned()),
    ] {
        assert_ne!(text, good);
        std::fs::write(&path, text).unwrap();
        for args in [&["stats"][..], &["stats", "--json"]] {
            let r = p.run(args);
            let told = r.stderr.contains("is not as goferry writes it") && r.stderr.contains(&said);
            assert!(r.status == 1 && told && r.stdout.is_empty(), "{said}: {} {}", r.status, r.stderr);
        }
    }
    std::fs::remove_file(&path).unwrap();
    assert_eq!(stats(&p, &[])["release"], Value::Null);
}

#[test]
fn releases_are_counted_target_by_target() {
    let mut p = Project::new(&[("goferry.toml", "targets = [\"linux/amd64\", \"darwin/arm64\"]\n")]);
    p.set("A_TOKEN", "canary-of-a-token");
    let none = stats(&p, &[]);
    assert_eq!((&none["release"], &none["last"]["releases"]), (&Value::Null, &json!(0)));
    p.release();
    // A file that only one target compiles, and that does not.
    p.write("broken_darwin.go", "package main\n\nvar _ int = \"canary-of-a-token\"\n");
    let r = p.run(&["release", "--snapshot", "--clean"]);
    assert_eq!(r.status, 1, "{}", r.stderr);
    let said = stats(&p, &[]);
    let release = &said["release"];
    assert_eq!((&release["project"], &release["ok"]), (&json!("tiny"), &json!(false)));
    let targets = release["targets"].as_array().unwrap();
    let darwin = targets.iter().find(|t| t["target"] == "darwin/arm64").unwrap();
    let linux = targets.iter().find(|t| t["target"] == "linux/amd64").unwrap();
    assert_eq!(
        (&darwin["planned"], &darwin["built"], &darwin["blocked"]),
        (&json!(1), &json!(0), &json!(["build: build-failed"]))
    );
    assert_eq!(
        (&linux["built"], &linux["verified"], &linux["ran"], &linux["blocked"]),
        (&json!(1), &json!(1), &json!(1), &json!([]))
    );
    let last = &said["last"];
    assert_eq!(
        (&last["releases"], &last["succeeded"], &last["success_rate"]),
        (&json!(2), &json!(1), &json!(0.5))
    );
    let of = |last: &Value, name: &str| {
        last["targets"].as_array().unwrap().iter().find(|t| t["target"] == name).cloned().unwrap()
    };
    let d = of(last, "darwin/arm64");
    assert_eq!(
        (&d["clean"], &d["blocked"]["build: build-failed"], &d["recoveries"]),
        (&json!(1), &json!(1), &json!(0))
    );
    assert!(d["blocked_since"].is_u64());
    assert_eq!(of(last, "linux/amd64")["clean"], 2);
    std::fs::remove_file(p.root.join("broken_darwin.go")).unwrap();
    p.release();
    let last = &stats(&p, &[])["last"];
    let d = of(last, "darwin/arm64");
    assert_eq!((&d["clean"], &d["recoveries"], &d["blocked_since"]), (&json!(2), &json!(1), &Value::Null));
    assert!(d["mean_seconds_to_clean"].is_f64());
    assert_eq!(stats(&p, &["--last", "1"])["last"]["success_rate"], 1.0);
    assert_eq!(stats(&p, &["--no-snapshots"])["last"]["releases"], 0);
    let table = p.run(&["stats"]);
    assert!(table.stdout.contains("last 3 releases: 2 succeeded (67 %)"), "{}", table.stdout);
    assert!(
        table.stdout.contains("build: build-failed") && table.stdout.contains("no-runner"),
        "{}",
        table.stdout
    );
    // A hook that fails stops the release as a whole; a build is no release; a second run for comparison is none either.
    p.write("goferry.toml", "targets = [\"linux/amd64\"]\n[before]\nhooks = [\"false\"]\n");
    assert_eq!(p.run(&["release", "--snapshot", "--clean"]).status, 1);
    p.write("goferry.toml", "targets = [\"linux/amd64\"]\n");
    assert_eq!(p.run(&["build", "--snapshot", "--clean"]).status, 0);
    let r = p.run(&["release", "--snapshot", "--clean", "--check-reproducible"]);
    assert_eq!(r.status, 0, "{}", r.stderr);
    let last = &stats(&p, &[])["last"];
    assert_eq!((&last["releases"], &last["blocked"]), (&json!(5), &json!({"hook-failed": 1})));
    // No secret and no path gets in.
    for e in std::fs::read_dir(p.scratch.path().join("cache/history")).unwrap().flatten() {
        let text = std::fs::read_to_string(e.path()).unwrap();
        assert!(!text.contains("canary") && !text.contains(&p.root.display().to_string()), "{text}");
    }
}

#[test]
fn a_folder_that_is_no_project_has_no_statistics() {
    let dir = tempfile::tempdir().unwrap();
    let mut c = std::process::Command::new(env!("CARGO_BIN_EXE_goferry"));
    let r = support::ran(
        &c.arg("stats").current_dir(dir.path()).env("GOFERRY_CACHE", dir.path()).output().unwrap(),
    );
    assert!(r.status == 2 && r.stderr.contains("no-module"), "{}", r.stderr);
}
