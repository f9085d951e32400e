//! What the tests of Linux packages share: a package, and the distributions' tools.

#![allow(dead_code, reason = "each test program uses its part")]
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "functions that tests share")]

use goferry_package::linux::{Content, ContentKind, Package, Relations, Source, Version};
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

/// Tools that are there.
pub(crate) struct Tools;

impl Tools {
    /// None, said on stderr, if one is missing; in CI that fails.
    pub(crate) fn find(names: &[&str]) -> Option<Tools> {
        for name in names {
            let found = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
                .any(|folder| folder.join(name).is_file());
            if !found {
                assert!(std::env::var_os("CI").is_none(), "{name} is missing");
                eprintln!("skipped: {name} is missing");
                return None;
            }
        }
        Some(Tools)
    }

    pub(crate) fn run(&self, program: &str, args: &[&str]) -> Output {
        Command::new(program).args(args).env("LC_ALL", "C.UTF-8").env("TZ", "UTC").output().unwrap()
    }
}

/// What the program wrote, which must have ended well.
pub(crate) fn stdout(output: Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

/// A folder with files, and a package of them.
pub(crate) fn package() -> (TempDir, Package) {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "bin/tool", b"#!/bin/true");
    put(dir.path(), "tool.conf", b"key = value\n");
    let package = Package {
        name: "tool".into(),
        version: Version {
            epoch: "2".into(),
            release: "1".into(),
            ..Version::semantic("v1.2.3-rc.1+git", "", "")
        },
        section: "utils".into(),
        maintainer: "Ann Other <ann@example.com>".into(),
        description: "A tool\nIt does things.\n\nAnd others.".into(),
        vendor: "Example".into(),
        homepage: "https://example.com/tool".into(),
        license: "MIT".into(),
        relations: Relations {
            depends: vec!["libc6 (>= 2.31)".into(), "git".into()],
            ..Relations::default()
        },
        mtime: 1_700_000_000,
        contents: vec![
            Content::file(dir.path().join("bin/tool"), "/usr/bin/tool", 0o755),
            Content::symlink("tool", "/usr/bin/t"),
            Content {
                mode: Some(0o640),
                group: "adm".into(),
                ..Content::new(
                    ContentKind::Config,
                    Source::Pattern { folder: dir.path().to_owned(), pattern: "*.conf".into() },
                    "/etc/tool",
                )
            },
        ],
        ..Package::default()
    };
    (dir, package)
}

/// Writes a file below `folder`.
pub(crate) fn put(folder: &Path, name: &str, bytes: &[u8]) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}
