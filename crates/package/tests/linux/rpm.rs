//! rpms.

use crate::gpg::Gpg;
use crate::support::{Bench, run, stdout};
use goferry_package::linux::{Content, ContentKind, Format, Source};
use std::process::{Command, Stdio};

pub(crate) fn reads_what_was_said() {
    let bench = Bench::new();
    let mut package = bench.package();
    package.rpm.group = "Applications/Tools".into();
    package.rpm.prefixes = vec!["/usr".into()];
    package.rpm.pretrans = Some(b"echo before\n".to_vec());
    package.contents.push(Content::new(ContentKind::Ghost, Source::None, "/var/log/tool.log"));
    let source = Source::File(bench.path().join("etc/tool.conf"));
    package.contents.push(Content::new(ContentKind::Doc, source, "/usr/share/doc/tool/LIESMICH"));
    let rpm = bench.write(Format::Rpm, &package, None);
    assert!(rpm.ends_with("/tool-1.2.3~rc.1+git-1.x86_64.rpm"), "{rpm}");
    assert_eq!(
        stdout(
            "rpm",
            &[
                "-qp",
                "--qf",
                "%{NEVRA}|%{SUMMARY}|%{GROUP}|%{BUILDTIME}|%{BUILDHOST}|%{PACKAGER}|%{PREFIXES}|%{SIZE}",
                &rpm
            ]
        ),
        "tool-2:1.2.3~rc.1+git-1.x86_64|Tool of tests|Applications/Tools|1700000000|localhost|Ann Other <ann@example.com>|/usr|44"
    );
    let list = stdout(
        "rpm",
        &[
            "-qp",
            "--qf",
            "[%{FILENAMES} %{FILEMODES:perms} %{FILEUSERNAME} %{FILEFLAGS:fflags} %{FILELANGS}\n]",
            &rpm,
        ],
    );
    let rows: Vec<&str> = list.lines().map(str::trim_end).collect();
    assert_eq!(
        rows,
        [
            "/etc/tool/tool.conf -rw-r----- root cn",
            "/usr/bin/t lrwxrwxrwx root",
            "/usr/bin/tool -rwxr-xr-x root",
            "/usr/share/doc/tool/LIESMICH -rw-r--r-- root d",
            "/var/lib/tool drwx------ root",
            "/var/log/tool.log -rw-r--r-- root g",
        ]
    );
    assert!(stdout("rpm", &["-qp", "--changelog", &rpm]).ends_with("- 1.2.3~rc.1+git\n- It is new\n\n"));
    assert!(
        stdout("rpm", &["-qp", "--scripts", &rpm])
            .contains("pretrans scriptlet (using /bin/sh):\necho before\n")
    );
    assert!(stdout("rpm", &["-qp", "--provides", &rpm]).contains("tool = 2:1.2.3~rc.1+git-1\n"));
    assert!(stdout("rpm", &["-K", &rpm]).ends_with(": digests OK\n"));
}

/// rpm as whoever runs the tests; where that is not root, it only looks whether it would.
pub(crate) fn is_installed_and_verified() {
    let bench = Bench::new();
    let rpm = bench.write(Format::Rpm, &bench.package(), None);
    let root = bench.path().join("root");
    std::fs::create_dir(&root).unwrap();
    let at = root.to_str().unwrap();
    let as_root = stdout("id", &["-u"]) == "0\n";
    let mut args = vec!["--root", at, "--dbpath", "/db", "-i", "--nodeps", "--ignorearch"];
    if !as_root {
        args.splice(..2, []);
        args.extend(["--test", "--dbpath", at]);
    }
    stdout("rpm", &[&args[..], &[&rpm]].concat());
    if as_root {
        assert_eq!(stdout("rpm", &["--root", at, "--dbpath", "/db", "-V", "--nodeps", "tool"]), "");
        assert_eq!(std::fs::read(root.join("usr/bin/tool")).unwrap(), b"#!/bin/sh\necho tool\n");
        stdout("rpm", &["--root", at, "--dbpath", "/db", "-e", "tool"]);
        assert!(!root.join("usr/bin/tool").exists());
    }
}

pub(crate) fn every_compression_and_uncommon_names() {
    let bench = Bench::new();
    let (mut package, names) = bench.uncommon();
    for compression in ["", "gzip:9", "xz", "lzma", "zstd", "zstd:19"] {
        package.rpm.compression = compression.into();
        let rpm = bench.write(Format::Rpm, &package, None);
        assert!(stdout("rpm", &["-K", &rpm]).ends_with(": digests OK\n"), "{compression}");
        let root = bench.path().join(format!("root-{compression}"));
        std::fs::create_dir(&root).unwrap();
        let mut out = Command::new("rpm2cpio").arg(&rpm).stdout(Stdio::piped()).spawn().unwrap();
        let cpio = Command::new("cpio")
            .args(["-idm", "--quiet", "--no-absolute-filenames"])
            .current_dir(&root)
            .stdin(out.stdout.take().unwrap())
            .output()
            .unwrap();
        assert!(cpio.status.success() && out.wait().unwrap().success(), "{cpio:?}");
        Bench::holds_uncommon(&root, &names);
    }
}

pub(crate) fn signatures_hold() {
    for (algorithm, kind) in [("rsa2048", "RSA"), ("ed25519", "EdDSA")] {
        let bench = Bench::new();
        let gpg = Gpg::new(algorithm);
        let rpm = bench.write(Format::Rpm, &bench.package(), Some(&gpg));
        let key = bench.put("key.asc", &gpg.run(&["--armor", "--export"], b""));
        let db = bench.path().join("db").to_str().unwrap().to_owned();
        std::fs::create_dir(&db).unwrap();
        stdout("rpmkeys", &["--dbpath", &db, "--import", key.to_str().unwrap()]);
        let said = stdout("rpmkeys", &["--dbpath", &db, "-Kv", &rpm]);
        assert!(said.contains(&format!("Header V4 {kind}/SHA")), "{said}");
        assert!(said.contains(": OK") && !said.contains("NOT OK") && !said.contains("NOKEY"), "{said}");
        // One other byte in the payload, and it does not hold.
        let mut bytes = std::fs::read(&rpm).unwrap();
        let last = bytes.len() - 20;
        bytes[last] ^= 1;
        std::fs::write(&rpm, bytes).unwrap();
        assert!(!run("rpmkeys", &["--dbpath", &db, "-K", &rpm]).status.success());
    }
}

pub(crate) fn rpmlint_finds_no_error() {
    let bench = Bench::new();
    let mut package = bench.package();
    package.rpm.group = "Applications/Tools".into();
    package.contents.iter_mut().filter(|c| !c.dst.starts_with("/usr")).for_each(|c| c.mode = None);
    let rpm = bench.write(Format::Rpm, &package, None);
    let said = run("rpmlint", &[&rpm]);
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    // It is not signed, and a script is no binary; there is no other fault.
    let known = ["no-signature", "no-binary"];
    let faults: Vec<&str> =
        said.lines().filter(|l| l.contains(": E: ") && !known.iter().any(|k| l.contains(k))).collect();
    assert!(faults.is_empty() && said.contains("1 packages"), "{said}");
}
