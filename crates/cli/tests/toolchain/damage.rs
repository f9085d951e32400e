//! Files of the cache that are not what they were.

use crate::Check;
use crate::machine::{Machine, User};
use std::path::PathBuf;

pub(crate) const CHECKS: &[Check] = &[
    ("a-damaged-package-is-refused-or-fetched-again", package),
    ("an-unpacked-folder-without-its-mark-does-not-count", mark),
];

/// A cached file of this package.
fn cached(user: &User, package: &str) -> PathBuf {
    std::fs::read_dir(user.tools().join("files"))
        .unwrap()
        .flatten()
        .flat_map(|d| std::fs::read_dir(d.path()).unwrap().flatten())
        .map(|f| f.path())
        .find(|p| p.file_name().unwrap().to_string_lossy().starts_with(&format!("{package}_")))
        .unwrap()
}

/// The folder of a fetched compiler.
fn unpacked_gcc(user: &User) -> Vec<PathBuf> {
    let all = std::fs::read_dir(user.tools().join("unpacked")).unwrap().flatten().map(|e| e.path());
    all.filter(|p| p.file_name().unwrap().to_string_lossy().starts_with("gcc-aarch64")).collect()
}

fn package(m: &Machine) {
    let mut user = m.heir("flip", &["files", "resolved", "apt"]);
    let path = cached(&user, "gcc-aarch64-linux-gnu");
    let good = std::fs::read(&path).unwrap();
    let mut bad = good.clone();
    let middle = bad.len() / 2;
    bad[middle] ^= 1;
    // Removed first: the file is a link to that of others.
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, &bad).unwrap();
    user.set("GOFERRY_OFFLINE", "1");
    let r = user.must(1, &["toolchain", "install", "linux/arm64"]);
    assert!(r.stderr.contains("error[toolchain-damaged]"), "{}", r.stderr);
    assert!(unpacked_gcc_or_none(&user).is_empty());
    assert_eq!(std::fs::read(&path).unwrap(), bad, "the evidence stays");
    user.unset("GOFERRY_OFFLINE");
    let r = user.must(0, &["toolchain", "install", "linux/arm64"]);
    assert!(r.stderr.contains("is not what it was: it is fetched again"), "{}", r.stderr);
    assert!(r.stderr.contains("fetching 1 packages"), "{}", r.stderr);
    assert_eq!(std::fs::read(&path).unwrap(), good);
    assert_eq!(unpacked_gcc(&user).len(), 1);
}

fn unpacked_gcc_or_none(user: &User) -> Vec<PathBuf> {
    if user.tools().join("unpacked").is_dir() { unpacked_gcc(user) } else { vec![] }
}

fn mark(m: &Machine) {
    let mut user = m.heir("mark", &["files", "resolved"]);
    user.set("GOFERRY_OFFLINE", "1");
    user.must(0, &["toolchain", "install", "linux/arm64"]);
    let [dir] = unpacked_gcc(&user).try_into().unwrap();
    let compiler = dir.join("usr/bin/aarch64-linux-gnu-gcc-12");
    let version = std::fs::symlink_metadata(&compiler).map(|m| m.len()).unwrap();
    std::fs::remove_file(dir.join(".goferry-complete")).unwrap();
    std::fs::remove_file(&compiler).unwrap();
    let r = user.must(0, &["toolchain", "install", "linux/arm64"]);
    assert!(r.stderr.contains("unpacking"), "{}", r.stderr);
    assert_eq!(std::fs::symlink_metadata(&compiler).unwrap().len(), version);
    assert!(dir.join(".goferry-complete").is_file());
    // Whole again, nothing is unpacked.
    let r = user.must(0, &["toolchain", "install", "linux/arm64"]);
    assert!(!r.stderr.contains("unpacking"), "{}", r.stderr);
}
