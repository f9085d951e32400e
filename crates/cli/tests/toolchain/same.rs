//! The same bytes from two homes, with a library of the distribution.

use crate::Check;
use crate::machine::{Machine, User};
use crate::support::Ran;
use std::path::PathBuf;

pub(crate) const CHECKS: &[Check] = &[("two-homes-and-two-folders-give-the-same-bytes", same)];

const MAIN: &str = "package main\n\n// #cgo pkg-config: sqlite3\n// #include <sqlite3.h>\nimport \"C\"\n\nimport \"fmt\"\n\nfunc main() { fmt.Println(\"sqlite\", C.GoString(C.sqlite3_libversion())) }\n";
const CONFIG: &str = "targets = [\"linux/arm64\"]\n[sysroot]\npackages = [\"libsqlite3-dev\"]\n";

fn project(user: &User) {
    user.write("go.mod", "module example.com/lite\n\ngo 1.24\n");
    user.write("main.go", MAIN);
    user.write("goferry.toml", CONFIG);
    user.write(".gitignore", "/dist/\n");
    user.sh(
        "git init -q -b main . && git add -A && GIT_AUTHOR_DATE='@1704164645 +0000' GIT_COMMITTER_DATE='@1704164645 +0000' \
         git -c user.name=T -c user.email=t@example.com commit -q -m first",
    );
}

/// Builds; the binary, its bytes, and what was said.
fn built(user: &User) -> (PathBuf, Vec<u8>, Ran) {
    let r = user.must(0, &["build", "--snapshot", "--target", "linux/arm64"]);
    let record: serde_json::Value =
        serde_json::from_slice(&std::fs::read(user.work.join("dist/goferry.json")).unwrap()).unwrap();
    let binaries = record["binaries"].as_array().unwrap();
    assert_eq!(binaries.len(), 1);
    let path = user.work.join("dist").join(binaries[0]["path"].as_str().unwrap().trim_start_matches("dist/"));
    let bytes = std::fs::read(&path).unwrap();
    (path, bytes, r)
}

fn same(m: &Machine) {
    let mut one = m.heir("same-one", &["files", "resolved", "apt"]);
    let cache = m.folder("same-go-build-one");
    one.set("GOCACHE", cache.to_str().unwrap());
    let mirror = m.folder("same-mirror");
    one.set("GOFERRY_TOOLCHAIN_MIRROR", mirror.to_str().unwrap());
    project(&one);
    let (path, bytes, r) = built(&one);
    assert!(r.stderr.contains("libsqlite3") || r.stderr.contains("packages with apt"), "{}", r.stderr);
    // It starts here, with the library that was fetched.
    let ran = one.must(0, &["run", "linux/arm64", path.to_str().unwrap()]);
    assert!(ran.stdout.starts_with("sqlite 3."), "{}", ran.stdout);
    // Another home, another folder, another build cache: nothing is shared but the packages.
    one.must(0, &["toolchain", "install"]);
    let mut two = m.user("same-two-with-a-longer-name");
    let cache = m.folder("same-go-build-two");
    two.set("GOCACHE", cache.to_str().unwrap());
    two.set("GOFERRY_TOOLCHAIN_MIRROR", mirror.to_str().unwrap());
    two.work = m.folder("same-two-in-a-folder-of-its-own");
    project(&two);
    let (other_path, other, r) = built(&two);
    assert!(r.stderr.contains("unpacking"), "the second home was not empty: {}", r.stderr);
    assert_ne!(path, other_path);
    assert!(bytes == other, "{} and {} differ", path.display(), other_path.display());
    let again = two.must(0, &["run", "linux/arm64"]);
    assert_eq!(again.stdout, ran.stdout);
}
