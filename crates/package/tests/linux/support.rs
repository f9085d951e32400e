//! What the tests of Linux packages share: packages, and the distributions' tools.

use goferry_package::linux::{
    ChangelogDeb, ChangelogEntry, Content, ContentKind, Format, Package, Relations, Sign, Source, Version,
    conventional_file_name, write,
};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// Whether a program is on PATH.
pub(crate) fn is_there(program: &str) -> bool {
    std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).any(|d| d.join(program).is_file())
}

/// Runs a program in plain surroundings.
pub(crate) fn run(program: &str, args: &[&str]) -> Output {
    Command::new(program).args(args).env("LC_ALL", "C.UTF-8").env("TZ", "UTC").output().unwrap()
}

/// What the program wrote, which must have ended well.
pub(crate) fn stdout(program: &str, args: &[&str]) -> String {
    String::from_utf8(bytes(program, args)).unwrap()
}

/// The same, of a program that does not write text.
pub(crate) fn bytes(program: &str, args: &[&str]) -> Vec<u8> {
    let output = run(program, args);
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{program} {args:?}: {out}{err}");
    output.stdout
}

/// A folder with files, and packages of them.
pub(crate) struct Bench {
    dir: TempDir,
}

impl Bench {
    pub(crate) fn new() -> Bench {
        let bench = Bench { dir: tempfile::tempdir().unwrap() };
        bench.put("bin/tool", b"#!/bin/sh\necho tool\n");
        bench.put("etc/tool.conf", b"key = value\n");
        bench
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Writes a file.
    pub(crate) fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// Writes a package under its conventional name.
    pub(crate) fn write(&self, format: Format, package: &Package, sign: Option<&dyn Sign>) -> String {
        let out = self.path().join(conventional_file_name(format, package));
        write(format, package, &out, sign).unwrap_or_else(|e| panic!("{e}"));
        out.to_str().unwrap().to_owned()
    }

    /// A package with something of everything that all formats have.
    pub(crate) fn package(&self) -> Package {
        let pattern = |p: &str| Source::Pattern { folder: self.path().to_owned(), pattern: p.into() };
        Package {
            name: "tool".into(),
            version: Version {
                epoch: "2".into(),
                release: "1".into(),
                upstream: "1.2.3".into(),
                prerelease: "rc.1".into(),
                metadata: "git".into(),
            },
            section: "utils".into(),
            maintainer: "Ann Other <ann@example.com>".into(),
            description: "Tool of tests\nIt does things.\n\nAnd others.".into(),
            vendor: "Example".into(),
            homepage: "https://example.com/tool".into(),
            license: "MIT".into(),
            relations: Relations { depends: vec!["git".into()], ..Relations::default() },
            mtime: 1_700_000_000,
            changelog: vec![ChangelogEntry {
                semver: "1.2.3~rc.1+git".into(),
                date: 1_700_000_000,
                packager: "Ann Other <ann@example.com>".into(),
                deb: Some(ChangelogDeb { urgency: "low".into(), distributions: vec!["stable".into()] }),
                notes: vec!["It is new".into()],
            }],
            contents: vec![
                Content::file(self.path().join("bin/tool"), "/usr/bin/tool", 0o755),
                Content::symlink("tool", "/usr/bin/t"),
                Content {
                    mode: Some(0o640),
                    ..Content::new(ContentKind::ConfigNoReplace, pattern("etc/*.conf"), "/etc/tool")
                },
                Content {
                    mode: Some(0o700),
                    ..Content::new(ContentKind::Dir, Source::None, "/var/lib/tool")
                },
            ],
            ..Package::default()
        }
    }

    /// The same with names that are long, uncommon and beyond ASCII; what they hold is their number.
    pub(crate) fn uncommon(&self) -> (Package, Vec<String>) {
        let mut package = self.package();
        let names = vec![
            format!("usr/share/tool/{}", "l".repeat(200)),
            format!("usr/share/tool/{}/file", vec!["folder"; 30].join("/")),
            "usr/share/tool/with blank".to_owned(),
            "usr/share/tool/fünf 日".to_owned(),
            "usr/share/tool/#a=b;c'd\"e$f*g[h]".to_owned(),
            "usr/share/tool/-dash".to_owned(),
        ];
        for (i, name) in names.iter().enumerate() {
            let source = Source::Bytes(i.to_string().into_bytes());
            package.contents.push(Content::new(ContentKind::File, source, format!("/{name}")));
        }
        package.contents.push(Content::symlink("x".repeat(180), "/usr/share/tool/long-link"));
        (package, names)
    }

    /// Whether the uncommon names were unpacked into `root` with what they hold.
    pub(crate) fn holds_uncommon(root: &Path, names: &[String]) {
        for (i, name) in names.iter().enumerate() {
            assert_eq!(std::fs::read_to_string(root.join(name)).unwrap(), i.to_string(), "{name}");
        }
        let link = std::fs::read_link(root.join("usr/share/tool/long-link")).unwrap();
        assert_eq!(link.to_str().unwrap(), "x".repeat(180));
    }
}
