//! Modules that are built to be scanned: the version that was asked for, every program, and the target.

use crate::support::Project;
use crate::{MAIN, RECORD, json, vulnerable};

#[test]
fn the_version_that_was_asked_for_is_scanned() {
    let p = Project::new(&[]);
    let db = p.scratch.path().join("db");
    std::fs::create_dir_all(&db).unwrap();
    let record = RECORD.replace("golang.org/x/text/language", "filippo.io/age");
    let record = record.replace("golang.org/x/text", "filippo.io/age").replace("0.3.8", "1.2.1");
    std::fs::write(db.join("R.json"), record.replace("ParseAcceptLanguage", "Decrypt")).unwrap();
    let args = ["scan", "--db", "../db", "--json", "../s.json", "filippo.io/age@v1.1.1"];
    let r = p.run(&args);
    assert_eq!(r.status, 3, "{}", r.stderr);
    let result = json(&p.scratch.path().join("s.json"));
    assert_eq!(result["vulnerabilities"][0]["version"], "v1.1.1", "{result}");
    let names: Vec<_> = result["scanned"].as_array().unwrap().iter().map(|s| s["name"].clone()).collect();
    assert!(names.contains(&"filippo.io/age@v1.1.1: filippo.io/age/cmd/age".into()), "{names:?}");
    assert!(names.contains(&"filippo.io/age@v1.1.1: filippo.io/age/cmd/age-keygen".into()), "{names:?}");
    // What mends it is there in a later one.
    let r = p.run(&["scan", "--db", "../db", "filippo.io/age/cmd/age@v1.2.1"]);
    assert!(r.status == 0 && r.stdout.contains("filippo.io/age/cmd/age@v1.2.1"), "{}{}", r.stdout, r.stderr);
}

#[test]
fn every_program_of_a_folder_is_scanned() {
    let harmless = "package main\n\nfunc main() {}\n";
    let files = [("b/tool/main.go", harmless), ("a/tool/main.go", MAIN), ("c/tool/v2/main.go", harmless)];
    let p = vulnerable(&files);
    std::fs::remove_file(p.root.join("main.go")).unwrap();
    let r = p.run(&["scan", "--db", "../db", "--json", "../s.json", "."]);
    assert_eq!(r.status, 3, "{}", r.stderr);
    let result = json(&p.scratch.path().join("s.json"));
    let of = |s: &serde_json::Value| {
        (s["name"].as_str().unwrap().to_owned(), s["findings"].as_array().unwrap().len())
    };
    let all: Vec<_> = result["scanned"].as_array().unwrap().iter().map(of).collect();
    let name = |n: &str| format!(".: example.com/tiny/{n}");
    assert_eq!(all.len(), 3, "{all:?}");
    assert!(all.contains(&(name("a/tool"), 1)) && all.contains(&(name("b/tool"), 0)), "{all:?}");
    assert!(all.contains(&(name("c/tool/v2"), 0)), "{all:?}");
}

#[test]
fn a_module_without_a_program_for_the_target_is_no_pass() {
    let p = vulnerable(&[]);
    let only_windows = format!("//go:build windows\n\n{MAIN}");
    p.write("main.go", &only_windows);
    let scan = |args: &[&str]| p.run(&[&["scan", "--db", "../db", "."][..], args].concat());
    let r = scan(&["--target", "linux/amd64"]);
    assert!(r.status == 2 && r.stderr.contains("no package for linux/amd64"), "{} {}", r.status, r.stderr);
    assert!(r.stderr.contains("--target"), "{}", r.stderr);
    p.write("lib/lib.go", "package lib\n\nfunc F() {}\n");
    let r = scan(&["--target=linux/amd64"]);
    assert!(r.status == 2 && r.stderr.contains("no program for linux/amd64"), "{} {}", r.status, r.stderr);
    let r = scan(&["--target=windows/amd64,windows/386"]);
    assert_eq!(r.status, 3, "{}", r.stderr);
    assert!(r.stdout.contains("(windows/amd64") && r.stdout.contains("windows/386"), "{}", r.stdout);
    // A library has no program for any target, and is compared by its packages.
    p.write("main.go", &MAIN.replace("package main", "package tiny").replace("func main", "func Main"));
    let r = scan(&[]);
    assert!(r.status == 3 && r.stdout.contains("imported counts as linked"), "{} {}", r.status, r.stdout);
    // What is built already has its target.
    let r = p.run(&["scan", "--db", "../db", "--target=linux/amd64", "main.go"]);
    assert_eq!(r.status, 2, "{}", r.stderr);
}
