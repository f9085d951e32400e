//! What the command says, and with which status.

use crate::support::Project;
use crate::{database, json, vulnerable};

/// A snapshot, so that there are binaries for two targets.
const TWO: &str = "targets = [\"linux/amd64\", \"windows/amd64\"]\n";

fn built() -> Project {
    let p = vulnerable(&[("goferry.toml", TWO)]);
    p.release();
    p
}

#[test]
fn every_way_to_name_what_is_scanned() {
    let p = built();
    // No database is no pass.
    let r = p.run(&["scan", "dist/"]);
    assert_eq!(r.status, 5, "{}", r.stderr);
    assert!(r.stderr.contains("--db") && r.stderr.contains("GOVULNDB"), "{}", r.stderr);
    let r = p.run(&["scan", "--db", "../nothing", "dist/"]);
    assert_eq!(r.status, 5, "{}", r.stderr);
    // A release's folder, with JSON and SARIF beside the table.
    let args = ["scan", "--db", "../db", "--json", "../s.json", "--sarif", "../s.sarif", "dist/"];
    let r = p.run(&args);
    assert_eq!(r.status, 3, "{}", r.stderr);
    assert!(r.stdout.contains("language.ParseAcceptLanguage"), "{}", r.stdout);
    assert!(r.stderr.contains("go get golang.org/x/text@v0.3.8"), "{}", r.stderr);
    let result = json(&p.scratch.path().join("s.json"));
    let finding = serde_json::json!({
        "id": "TEST-0001", "level": "linked", "module": "golang.org/x/text",
        "package": "golang.org/x/text/language", "symbol": "ParseAcceptLanguage",
    });
    assert_eq!(result["findings"], serde_json::json!([finding]));
    assert_eq!(result["database"]["date"], "2026-01-02T03:04:05Z");
    let targets: Vec<_> = result["scanned"].as_array().unwrap().iter().map(|s| s["target"].clone()).collect();
    assert_eq!(targets, ["linux/amd64", "windows/amd64"]);
    let sarif = json(&p.scratch.path().join("s.sarif"));
    let run = &sarif["runs"][0];
    assert_eq!(run["tool"]["driver"]["rules"][0]["id"], "TEST-0001");
    assert_eq!((run["results"].as_array().unwrap().len(), &run["results"][0]["level"]), (2, &"error".into()));
    // goreleaser's dist has no goferry.json.
    std::fs::remove_file(p.dist().join("goferry.json")).unwrap();
    assert_eq!(p.run(&["scan", "--db", "../db", "dist"]).status, 3);
    // A module that is not built, by GOVULNDB as the go tools have it.
    let mut p = p;
    let db = format!("file://{}", p.scratch.path().join("db").display());
    p.set("GOVULNDB", &db);
    let r = p.run(&["scan", "--format", "json", "."]);
    assert_eq!(r.status, 3, "{}", r.stderr);
    let value: serde_json::Value = serde_json::from_str(&r.stdout).unwrap();
    assert_eq!(value["findings"], serde_json::json!([finding]));
    // What is neither.
    assert_eq!(p.run(&["scan", "nothing"]).status, 1);
    assert_eq!(p.run(&["scan", "main.go"]).status, 4);
}

#[test]
fn thresholds_and_accepted_ones() {
    let p = built();
    let status = |args: &[&str]| {
        let r = p.run(&[&["scan", "--db", "../db", "dist"][..], args].concat());
        (r.status, r.stdout + &r.stderr)
    };
    assert_eq!(status(&["--fail-on", "never"]).0, 0);
    let scan = |text: &str| p.write("goferry.toml", &format!("{TWO}[scan]\n{text}"));
    let entry = |id: &str, expires: &str| {
        format!("[[scan.ignore]]\nid = \"{id}\"\nreason = \"no header comes here\"\nexpires = {expires}\n")
    };
    // By alias, with a TOML date.
    scan(&entry("CVE-0000-0001", "2999-12-31"));
    let (code, said) = status(&[]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("accepted until 2999-12-31: CVE-0000-0001: no header comes here"), "{said}");
    // One that has ended is a finding, also if what it names is not there.
    for id in ["TEST-0001", "TEST-9999"] {
        scan(&(entry("TEST-0001", "\"2999-12-31\"") + &entry(id, "\"2020-01-01\"")));
        let (code, said) = status(&[]);
        assert!(code == 3 && said.contains("ignore-expired"), "{code} {said}");
    }
    // What says not why or until when is refused.
    for text in ["[[scan.ignore]]\nid = \"A\"\nreason = \"b\"\n", &entry("A", "\"soon\"")] {
        scan(text);
        assert_eq!(status(&[]).0, 2, "{text}");
    }
    // Lists of other tools.
    scan("ignore_files = [\"osv-scanner.toml\"]\n");
    p.write(
        "osv-scanner.toml",
        "[[IgnoredVulns]]\nid = \"TEST-0001\"\nignoreUntil = 2999-01-01\nreason = \"x\"\n",
    );
    assert_eq!(status(&[]).0, 0);
    scan("");
    p.write(".trivyignore.yaml", "vulnerabilities:\n  - id: CVE-0000-0001\n    expired_at: 2020-01-01\n");
    assert_eq!(status(&["--ignore-file", ".trivyignore.yaml"]).0, 3);
    // A database that is too old, or does not say how old it is.
    scan("max_age = \"2w\"\n");
    let (code, said) = status(&[]);
    assert!(code == 5 && said.contains("2026-01-02"), "{code} {said}");
    // Private advisories beside it.
    std::fs::create_dir(p.scratch.path().join("private")).unwrap();
    let own = crate::RECORD.replace("TEST-0001", "OURS-7").replace("CVE-0000-0001", "");
    std::fs::write(p.scratch.path().join("private/OURS-7.json"), own).unwrap();
    scan(&(entry("TEST-0001", "\"2999-12-31\"")));
    let (code, said) = status(&["--extra", "../private"]);
    assert!(code == 3 && said.contains("OURS-7"), "{code} {said}");
}

#[test]
fn what_is_not_meant_is_refused() {
    let p = Project::new(&[]);
    database(&p);
    p.write(
        "s.json",
        r#"{"bomFormat":"CycloneDX","components":[{"purl":"pkg:golang/golang.org/x/text@v0.3.5"}]}"#,
    );
    let scan = |args: &[&str]| p.run(&[&["scan", "--sbom", "s.json"][..], args].concat());
    for empty in ["", " "] {
        assert_eq!(scan(&["--db", empty]).status, 2, "the working folder is no database");
    }
    let two: [&[&str]; 3] =
        [&["--json=-", "--sarif=-"], &["--format=json", "--sarif=-"], &["--format=sarif", "--json=-"]];
    for args in two {
        let r = scan(&[&["--db", "../db"][..], args].concat());
        assert!(r.status == 2 && r.stdout.is_empty(), "{args:?}: {} {}", r.status, r.stdout);
    }
    assert_eq!(scan(&["--db", "../db", "--json=-"]).status, 3);
    // Entries without effect are said, whatever the reason.
    let list = "[[IgnoredVulns]]\nid = \"TEST-0001\"\nreason = \"r\"\n[[IgnoredVulns]]\nid = \"TEST-0002\"\nreason = \"r\"\n";
    p.write("osv-scanner.toml", list);
    let r = scan(&["--db", "../db", "--ignore-file", "osv-scanner.toml"]);
    assert_eq!(r.status, 0, "{}", r.stderr);
    assert!(r.stderr.contains("TEST-0002 is accepted, but nothing has it"), "{}", r.stderr);
    assert!(!r.stderr.contains("TEST-0001 is accepted, but"), "{}", r.stderr);
    assert!(r.stderr.contains("TEST-0001 is ignored without an end"), "{}", r.stderr);
    // A limit that cannot be read widens nothing.
    p.write("osv-scanner.toml", &list.replacen("reason", "ignoreUntil = 20271231\nreason", 1));
    let r = scan(&["--db", "../db", "--ignore-file", "osv-scanner.toml"]);
    assert!(r.status == 2 && r.stderr.contains("entry 1 (TEST-0001)"), "{} {}", r.status, r.stderr);
}

#[test]
fn a_release_is_scanned_whole_or_not_at_all() {
    let p = built();
    let scan = || p.run(&["scan", "--db", "../db", "dist"]);
    // Equal results stand in one table.
    let r = scan();
    assert_eq!((r.status, r.stdout.matches("TEST-0001").count()), (3, 1), "{}", r.stdout);
    assert!(
        r.stdout.contains("(linux/amd64), ") && r.stdout.contains("(windows/amd64): 1 linked"),
        "{}",
        r.stdout
    );
    let binary = p.dist().join("tiny_windows_amd64_v1/tiny.exe");
    let bytes = std::fs::read(&binary).unwrap();
    // Another file of its name, which would pass.
    let harmless = p.scratch.path().join("harmless.exe");
    p.write("harmless/main.go", "package main\n\nfunc main() {}\n");
    let mut go = std::process::Command::new("go");
    go.args(["build", "-o", harmless.to_str().unwrap(), "./harmless"]).current_dir(&p.root);
    assert!(go.env_clear().envs(crate::support::fixed()).env("GOOS", "windows").status().unwrap().success());
    std::fs::copy(&harmless, &binary).unwrap();
    let r = scan();
    assert!(r.status == 4 && r.stderr.contains("digest-changed"), "{} {}", r.status, r.stderr);
    std::fs::remove_file(&binary).unwrap();
    let missing = |what: &str| {
        let r = scan();
        assert!(
            r.status == 1 && r.stderr.contains("tiny.exe, which is not there"),
            "{what}: {} {}",
            r.status,
            r.stderr
        );
    };
    missing("goferry.json");
    std::fs::remove_file(p.dist().join("goferry.json")).unwrap();
    missing("artifacts.json");
    std::fs::write(&binary, bytes).unwrap();
    assert_eq!(scan().status, 3);
}

/// A tar archive of files.
fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = tar::Builder::new(vec![]);
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o755);
        out.append_data(&mut header, name, *bytes).unwrap();
    }
    out.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
    std::io::Write::write_all(&mut out, bytes).unwrap();
    out.finish().unwrap()
}

#[test]
fn programs_in_archives_are_scanned() {
    let p = vulnerable(&[("goferry.toml", "targets = [\"linux/amd64\"]\n")]);
    p.release();
    let program = std::fs::read(p.dist().join("tiny_linux_amd64_v1/tiny")).unwrap();
    let no_go = b"\x7fELF is all that there is".as_slice();
    let put = |name: &str, bytes: &[u8]| std::fs::write(p.root.join(name), bytes).unwrap();
    let both = tar(&[("README", b"text"), ("a/tiny", &program)]);
    put("a.tar.gz", &gzip(&both));
    put("a.tgz", &gzip(&both));
    put("a.tar.zst", &zstd::encode_all(both.as_slice(), 1).unwrap());
    put("tiny.gz", &gzip(&program));
    let mut zip = zip::ZipWriter::new(std::fs::File::create(p.root.join("a.zip")).unwrap());
    zip.start_file("tiny", zip::write::SimpleFileOptions::default()).unwrap();
    std::io::Write::write_all(&mut zip, &program).unwrap();
    zip.finish().unwrap();
    let scan = |name: &str| p.run(&["scan", "--db", "../db", name]);
    let own = p.dist_files().into_keys().find(|f| f.ends_with(".tar.gz")).unwrap();
    for name in ["a.tar.gz", "a.tgz", "a.tar.zst", "a.zip", "tiny.gz", &format!("dist/{own}")] {
        let r = scan(name);
        assert!(
            r.status == 3 && r.stdout.contains("tiny (linux/amd64): 1 linked"),
            "{name}: {}{}",
            r.stdout,
            r.stderr
        );
    }
    // Without a program of Go, with one that cannot be read, and cut: no pass.
    put("b.tar.gz", &gzip(&tar(&[("README", b"text")])));
    put("c.tar.gz", &gzip(&tar(&[("a/tiny", &program), ("a/packed", no_go)])));
    for (name, said) in [("b.tar.gz", "no Go program"), ("c.tar.gz", "a/packed")] {
        let r = scan(name);
        assert!(r.status == 4 && r.stderr.contains(said), "{name}: {} {}", r.status, r.stderr);
    }
    put("d.tar.gz", &gzip(&both)[..1000]);
    assert_eq!(scan("d.tar.gz").status, 1);
    // A library of C beside it is said.
    put("e.tar.gz", &gzip(&tar(&[("a/tiny", &program), ("a/libc.so.6", no_go)])));
    let r = scan("e.tar.gz");
    assert!(r.status == 3 && r.stderr.contains("a/libc.so.6 is a library"), "{} {}", r.status, r.stderr);
}

#[test]
fn programs_of_rare_formats_in_archives_are_scanned() {
    let p = vulnerable(&[]);
    for target in ["aix/ppc64", "plan9/amd64", "js/wasm", "windows/386"] {
        let (os, arch) = target.split_once('/').unwrap();
        let mut go = std::process::Command::new("go");
        go.args(["build", "-o", "../program", "."]).current_dir(&p.root);
        go.env_clear().envs(crate::support::fixed()).envs([
            ("GOOS", os),
            ("GOARCH", arch),
            ("CGO_ENABLED", "0"),
        ]);
        assert!(go.status().unwrap().success(), "{target}");
        let program = std::fs::read(p.scratch.path().join("program")).unwrap();
        // A text and an icon that begin as programs do, and are none.
        let files =
            [("note", b"MZ is a text".as_slice()), ("icon.ico", b"\0\0\x01\0rest"), ("tiny", &program)];
        std::fs::write(p.root.join("a.tar.gz"), gzip(&tar(&files))).unwrap();
        let r = p.run(&["scan", "--db", "../db", "a.tar.gz"]);
        let said = format!("tiny ({target}): 1 ");
        assert!(r.status == 3 && r.stdout.contains(&said), "{target}: {}{}", r.stdout, r.stderr);
    }
}

#[test]
fn programs_in_packages_are_scanned() {
    let formats = "[package]\nformats = [\"deb\", \"rpm\", \"apk\", \"archlinux\", \"ipk\"]\nmaintainer = \"A <a@example.com>\"\n";
    let p = vulnerable(&[("goferry.toml", &format!("targets = [\"linux/amd64\"]\n{formats}"))]);
    p.release();
    let endings = [".deb", ".rpm", ".apk", ".pkg.tar.zst", ".ipk"];
    let files = p.dist_files().into_keys();
    let packages: Vec<String> = files.filter(|f| endings.iter().any(|e| f.ends_with(e))).collect();
    assert_eq!(packages.len(), 5, "{:?}", p.dist_files().keys());
    for package in packages {
        let r = p.run(&["scan", "--db", "../db", &format!("dist/{package}")]);
        assert!(
            r.status == 3 && r.stdout.contains("/usr/bin/tiny (linux/amd64): 1 linked"),
            "{package}: {}{}",
            r.stdout,
            r.stderr
        );
    }
}

#[test]
fn a_shipped_sbom_is_checked_again() {
    let p = Project::new(&[]);
    database(&p);
    let sbom = r#"{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"library","purl":"pkg:golang/golang.org/x/text@VERSION"}]}"#;
    for (version, expected) in [("v0.3.5", 3), ("v0.3.8", 0)] {
        p.write("s.cdx.json", &sbom.replace("VERSION", version));
        let r = p.run(&["scan", "--db", "../db", "--sbom", "s.cdx.json"]);
        assert_eq!(r.status, expected, "{version}: {}", r.stderr);
    }
    p.write("s.cdx.json", "{}");
    assert_eq!(p.run(&["scan", "--db", "../db", "--sbom", "s.cdx.json"]).status, 4);
}
