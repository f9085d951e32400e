//! Compilers lent to plain go commands, and what `toolchain` prints.

use crate::Check;
use crate::machine::Machine;
use serde_json::Value;
use std::path::Path;

pub(crate) const CHECKS: &[Check] = &[
    ("go-test-in-the-environment-of-a-target", go_test),
    ("path-names-a-folder-with-the-compiler", path),
    ("list-says-how-things-stand", list),
];

fn go_test(m: &Machine) {
    let user = m.heir("lend", &["files", "resolved", "apt", "unpacked"]);
    let test = "package main\n\nimport (\n\t\"runtime\"\n\t\"testing\"\n)\n\nfunc TestRuns(t *testing.T) {\n\tif runtime.GOARCH != \"arm64\" {\n\t\tt.Fatal(runtime.GOARCH)\n\t}\n\tmain()\n\tt.Log(\"it ran on\", runtime.GOARCH)\n}\n";
    user.write("main_test.go", test);
    let out = user.sh("set -e\nenv=$(goferry toolchain env linux/arm64 --path)\neval \"$env\"\ngo test -v -count=1 ./...\ngo build -o hello .\ngo env GOARCH CGO_ENABLED CC");
    for word in ["it ran on arm64", "--- PASS: TestRuns", "root 4 127.0.0.1", "ok  \texample.com/hello"] {
        assert!(out.contains(word), "{word} is not said: {out}");
    }
    assert!(out.ends_with("arm64\n1\naarch64-linux-gnu-gcc\n"), "{out}");
    let explained = user.json(0, &["explain", "hello", "--json"]);
    assert_eq!(explained["loader"], "/lib/ld-linux-aarch64.so.1");
    let env = user.json(0, &["toolchain", "env", "linux/arm64", "--path", "--json"]);
    let set = env["set"].as_array().unwrap();
    assert!(set.contains(&serde_json::json!(["CC", "aarch64-linux-gnu-gcc"])), "{env}");
    assert_eq!(env["path"].as_array().unwrap().len(), 2, "{env}");
}

fn path(m: &Machine) {
    let user = m.heir("path", &["files", "resolved", "unpacked"]);
    let r = user.must(0, &["toolchain", "path", "linux/arm64"]);
    let dir = Path::new(r.stdout.trim());
    user.write("a.c", "int answer(void) { return 42; }\n");
    let gcc = dir.join("aarch64-linux-gnu-gcc");
    user.sh(&format!("'{}' -c -o a.o a.c", gcc.display()));
    let bytes = std::fs::read(user.work.join("a.o")).unwrap();
    // e_machine of AArch64 is 183.
    assert_eq!((&bytes[..4], bytes[18]), (b"\x7fELF".as_slice(), 183));
    assert!(dir.join("aarch64-linux-gnu-g++").exists());
}

fn states(list: &Value) -> Vec<(String, String)> {
    let text = |r: &Value, key: &str| r[key].as_str().unwrap().to_owned();
    list["targets"].as_array().unwrap().iter().map(|r| (text(r, "target"), text(r, "state"))).collect()
}

fn list(m: &Machine) {
    const LIST: &[&str] = &["toolchain", "list", "linux/amd64", "linux/arm64", "linux/riscv64", "--json"];
    let pairs = |all: [(&str, &str); 3]| all.map(|(t, s)| (t.to_owned(), s.to_owned())).to_vec();
    let user = m.heir("list", &["files", "resolved", "unpacked"]);
    let fetched = || user.sh("cd ../cache/tools && find files resolved unpacked | LC_ALL=C sort");
    let before = fetched();
    let list = user.json(0, LIST);
    let expected = [("linux/amd64", "on-path"), ("linux/arm64", "fetched"), ("linux/riscv64", "to-fetch")];
    assert_eq!(states(&list), pairs(expected));
    let runners: Vec<&str> =
        list["targets"].as_array().unwrap().iter().map(|r| r["runner"].as_str().unwrap_or("none")).collect();
    assert!(runners[0] == "native" && runners[1].starts_with("qemu "), "{runners:?}");
    assert_eq!(before, fetched(), "list fetches nothing");
    let drawn = user.must(0, &["toolchain", "list", "linux/amd64", "linux/arm64", "linux/riscv64"]).stdout;
    for word in ["on PATH", "fetched", "to fetch"] {
        assert!(drawn.contains(word), "{drawn}");
    }
    // Nobody has fetched anything for this one.
    let empty = m.user("list-empty");
    let expected = [("linux/amd64", "on-path"), ("linux/arm64", "to-fetch"), ("linux/riscv64", "to-fetch")];
    assert_eq!(states(&empty.json(0, LIST)), pairs(expected));
    let installed = user.json(0, &["toolchain", "install", "linux/arm64", "--json"]);
    assert_eq!(installed["compilers"][0]["cc"], "aarch64-linux-gnu-gcc");
    assert_eq!(installed["diagnostics"].as_array().map(Vec::len), Some(0), "{installed}");
}
