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
