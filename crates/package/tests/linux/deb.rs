//! debs.

use crate::gpg::Gpg;
use crate::support::{Bench, bytes, run, stdout};
use goferry_package::linux::{Content, ContentKind, Format, Package, Source, Version};
use goferry_plan::package_names::TERMUX_PREFIX;
use std::path::Path;

pub(crate) fn reads_what_was_said() {
    let bench = Bench::new();
    let deb = bench.write(Format::Deb, &bench.package(), None);
    assert!(deb.ends_with("/tool_1.2.3~rc.1+git-1_amd64.deb"), "{deb}");
    let field = |name: &str| stdout("dpkg-deb", &["-f", &deb, name]);
    assert_eq!(field("Version"), "2:1.2.3~rc.1+git-1\n");
    assert_eq!(field("Depends"), "git\n");
    assert_eq!(field("Description"), "Tool of tests\n It does things.\n .\n And others.\n");
    let list = stdout("dpkg-deb", &["-c", &deb]);
    let rows: Vec<(&str, &str, &str)> = list
        .lines()
        .map(|l| {
            let words: Vec<&str> = l.split_whitespace().collect();
            (words[0], words[1], words[5])
        })
        .collect();
    let root = "root/root";
    assert_eq!(
        rows,
        [
            ("drwxr-xr-x", root, "./etc/"),
            ("drwxr-xr-x", root, "./etc/tool/"),
            ("-rw-r-----", root, "./etc/tool/tool.conf"),
            ("drwxr-xr-x", root, "./usr/"),
            ("drwxr-xr-x", root, "./usr/bin/"),
            ("lrwxrwxrwx", root, "./usr/bin/t"),
            ("-rwxr-xr-x", root, "./usr/bin/tool"),
            ("drwxr-xr-x", root, "./usr/share/"),
            ("drwxr-xr-x", root, "./usr/share/doc/"),
            ("drwxr-xr-x", root, "./usr/share/doc/tool/"),
            ("-rw-r--r--", root, "./usr/share/doc/tool/changelog.Debian.gz"),
            ("drwxr-xr-x", root, "./var/"),
            ("drwxr-xr-x", root, "./var/lib/"),
            ("drwx------", root, "./var/lib/tool/"),
        ]
    );
}

/// dpkg as whoever runs the tests, into a folder.
pub(crate) fn is_installed_and_removed() {
    let bench = Bench::new();
    let mut package = bench.package();
    package.relations.depends.clear();
    let deb = bench.write(Format::Deb, &package, None);
    let root = bench.path().join("root");
    for folder in ["info", "updates", "triggers"] {
        std::fs::create_dir_all(root.join("var/lib/dpkg").join(folder)).unwrap();
    }
    std::fs::write(root.join("var/lib/dpkg/status"), "").unwrap();
    let at = format!("--root={}", root.display());
    let dpkg = |what: &[&str]| {
        let all = [
            &[at.as_str(), "--force-not-root", "--force-bad-path", "--force-architecture", "--log=/dev/null"],
            what,
        ];
        stdout("dpkg", &all.concat())
    };
    dpkg(&["--install", &deb]);
    assert_eq!(std::fs::read(root.join("usr/bin/tool")).unwrap(), b"#!/bin/sh\necho tool\n");
    assert_eq!(std::fs::read_link(root.join("usr/bin/t")).unwrap(), Path::new("tool"));
    // What md5sums says holds, and the configuration file is one.
    assert_eq!(dpkg(&["--verify", "tool"]), "");
    std::fs::write(root.join("etc/tool/tool.conf"), "changed").unwrap();
    assert!(dpkg(&["--status", "tool"]).contains("Conffiles:\n /etc/tool/tool.conf "));
    dpkg(&["--remove", "tool"]);
    assert!(!root.join("usr/bin/tool").exists());
    assert!(root.join("etc/tool/tool.conf").exists(), "a changed configuration file stays");
}

pub(crate) fn every_compression_and_uncommon_names() {
    let bench = Bench::new();
    let (mut package, names) = bench.uncommon();
    for (compression, member) in [
        ("", "data.tar.gz"),
        ("gzip:1", "data.tar.gz"),
        ("xz", "data.tar.xz"),
        ("zstd:3", "data.tar.zst"),
        ("none", "data.tar"),
    ] {
        package.deb.compression = compression.into();
        let deb = bench.write(Format::Deb, &package, None);
        let raw = std::fs::read(&deb).unwrap();
        assert!(raw.windows(16).any(|w| w == format!("{member:<16}").as_bytes()), "{compression}");
        let root = bench.path().join(format!("root-{compression}"));
        stdout("dpkg-deb", &["-x", &deb, root.to_str().unwrap()]);
        Bench::holds_uncommon(&root, &names);
    }
}

pub(crate) fn termux_keeps_its_own_words() {
    let bench = Bench::new();
    let mut package = bench.package();
    package.arch = "aarch64".into();
    package.contents =
        vec![Content::file(bench.path().join("bin/tool"), format!("{TERMUX_PREFIX}/usr/bin/tool"), 0o755)];
    let deb = bench.write(Format::TermuxDeb, &package, None);
    assert_eq!(stdout("dpkg-deb", &["-f", &deb, "Architecture"]), "aarch64\n");
    let arm = bench.write(Format::TermuxDeb, &Package { arch: "arm7".into(), ..package.clone() }, None);
    assert_eq!(stdout("dpkg-deb", &["-f", &arm, "Architecture"]), "arm\n");
    assert!(stdout("dpkg-deb", &["-c", &deb]).contains("./data/data/com.termux/files/usr/bin/tool\n"));
}

/// A package as lintian likes it: what it still finds is about the distribution, not about the format.
pub(crate) fn lintian_has_nothing_to_say() {
    let bench = Bench::new();
    let mut package = bench.package();
    package.version = Version { upstream: "1.2.3".into(), release: "1".into(), ..Version::default() };
    package.changelog[0].semver = "1.2.3-1".into();
    package.description = "does things for tests\nIt does many things,\nfor many people.".into();
    package.arch = "all".into();
    let text =
        |dst: &str, text: &str| Content::new(ContentKind::File, Source::Bytes(text.as_bytes().to_vec()), dst);
    package.contents.retain(|c| !c.dst.starts_with("/var"));
    package.contents.push(text("/usr/share/doc/tool/copyright", "Copyright 2023 Ann Other\nLicense: MIT\n"));
    let overrides = "tool: no-manual-page\ntool: initial-upload-closes-no-bugs\ntool: non-standard-file-perm";
    package.contents.push(text("/usr/share/lintian/overrides/tool", overrides));
    let deb = bench.write(Format::Deb, &package, None);
    let found = run("lintian", &["--allow-root", &deb]);
    let found = String::from_utf8_lossy(&found.stdout).into_owned();
    assert_eq!(found, "", "lintian");
}

pub(crate) fn signatures_hold() {
    let bench = Bench::new();
    let gpg = Gpg::new("ed25519");
    let mut package = bench.package();
    for (role, member) in [("", "_gpgorigin"), ("maint", "_gpgmaint")] {
        package.deb.signature_role = role.into();
        let deb = bench.write(Format::Deb, &package, Some(&gpg));
        // dpkg passes over members with an underscore.
        stdout("dpkg-deb", &["-I", &deb]);
        let signature = bench.put("signature", &bytes("ar", &["p", &deb, member]));
        let parts: Vec<Vec<u8>> = ["debian-binary", "control.tar.gz", "data.tar.gz"]
            .map(|part| bytes("ar", &["p", &deb, part]))
            .into();
        let whole = bench.put("whole", &parts.concat());
        gpg.run(&["--verify", signature.to_str().unwrap(), whole.to_str().unwrap()], b"");
    }
}
