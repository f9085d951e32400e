//! `goferry scan` and the scan of a release: the same findings as govulncheck, stripped or not; lists, thresholds, databases
//! behind addresses, alerts.
#![expect(clippy::unwrap_used, reason = "what a test cannot set up has failed")]

#[path = "../support/mod.rs"]
mod support;

mod addresses;
mod command;
mod govulncheck;
mod modules;
mod server;
mod stage;
mod unseen;

use std::path::{Path, PathBuf};
use support::Project;

/// A record of our own about a version of golang.org/x/text, with a function of it.
pub(crate) const RECORD: &str = r#"{"schema_version":"1.3.1","id":"TEST-0001","modified":"2026-01-02T03:04:05Z","aliases":["CVE-0000-0001"],
"summary":"slow headers","affected":[{"package":{"name":"golang.org/x/text","ecosystem":"Go"},
"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"0.3.8"}]}],
"ecosystem_specific":{"imports":[{"path":"golang.org/x/text/language","symbols":["ParseAcceptLanguage"]}]}}]}"#;

/// A program with that function in it.
pub(crate) const MAIN: &str = "package main\n\nimport (\n\t\"os\"\n\n\t\"golang.org/x/text/language\"\n)\n\nfunc main() {\n\ttags, _, _ := language.ParseAcceptLanguage(\"de, en\")\n\tos.Stdout.WriteString(\"tiny \" + tags[0].String() + \"\\n\")\n}\n";

/// A project whose program has the vulnerable function, and a folder `../db` with the record.
pub(crate) fn vulnerable(files: &[(&str, &str)]) -> Project {
    let go_mod = "module example.com/tiny\n\ngo 1.24\n\nrequire golang.org/x/text v0.3.5\n";
    let mut all = vec![("go.mod", go_mod), ("main.go", MAIN)];
    all.extend_from_slice(files);
    let p = Project::new(&all);
    let tidy = std::process::Command::new("go")
        .args(["mod", "tidy"])
        .current_dir(&p.root)
        .env_clear()
        .envs(support::fixed())
        .output()
        .unwrap();
    assert!(tidy.status.success(), "{}", String::from_utf8_lossy(&tidy.stderr));
    p.commit("sums");
    p.git(&["tag", "-f", "v1.2.3"]);
    database(&p);
    p
}

/// `../db` with the record.
pub(crate) fn database(p: &Project) -> PathBuf {
    let db = p.scratch.path().join("db");
    std::fs::create_dir_all(&db).unwrap();
    std::fs::write(db.join("TEST-0001.json"), RECORD).unwrap();
    db
}

pub(crate) fn json(path: &Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display())))
        .unwrap()
}
