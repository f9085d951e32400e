//! What govulncheck's rules clear without comparing it is no pass.

use crate::support::{Project, fixed};
use crate::{RECORD, json};

const MAIN: &str = "package main

import (
	\"fmt\"
	\"slices\"

	\"go.uber.org/atomic\"
	\"golang.org/x/text/language\"
)

func main() {
	all := []int{3, 1, 2}
	slices.SortFunc(all, func(a, b int) int { return a - b })
	fmt.Println(all, atomic.NewInt64(1).Inc(), language.ParseAcceptLanguage())
}
";
const GO_MOD: &str = "module example.com/tiny\n\ngo 1.24\n\nrequire (\n\tgo.uber.org/atomic v1.11.0\n\tgolang.org/x/text v0.3.5\n)\n\nreplace golang.org/x/text => ./text\n";
const FOLDER: &str =
    "package language\n\nimport \"os\"\n\nfunc ParseAcceptLanguage() int { return len(os.Args) }\n";

/// A record of every version about a function.
fn record(id: &str, module: &str, package: &str, symbol: &str) -> String {
    serde_json::json!({
        "schema_version": "1.3.1", "id": id, "modified": "2026-01-02T03:04:05Z", "summary": "s",
        "affected": [{
            "package": {"name": module, "ecosystem": "Go"},
            "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}],
            "ecosystem_specific": {"imports": [{"path": package, "symbols": [symbol]}]},
        }],
    })
    .to_string()
}

/// A program with three functions that are there and no finding `linked`, and one that is not there.
fn project() -> Project {
    let p = Project::new(&[
        ("go.mod", GO_MOD),
        ("main.go", MAIN),
        ("text/go.mod", "module golang.org/x/text\n\ngo 1.24\n"),
        ("text/language/language.go", FOLDER),
        ("goferry.toml", "targets = [\"linux/amd64\"]\n"),
    ]);
    let mut go = std::process::Command::new("go");
    let tidy = go.args(["mod", "tidy"]).current_dir(&p.root).env_clear().envs(fixed()).output().unwrap();
    assert!(tidy.status.success(), "{}", String::from_utf8_lossy(&tidy.stderr));
    p.commit("sums");
    p.git(&["tag", "-f", "v1.2.3"]);
    let db = p.scratch.path().join("db");
    std::fs::create_dir_all(&db).unwrap();
    for (id, module, package, symbol) in [
        ("T-FOLDER", "golang.org/x/text", "golang.org/x/text/language", "ParseAcceptLanguage"),
        ("T-GENERIC", "stdlib", "slices", "SortFunc"),
        ("T-INLINED", "go.uber.org/atomic", "go.uber.org/atomic", "NewInt64"),
        ("T-ABSENT", "go.uber.org/atomic", "go.uber.org/atomic", "NewUint32"),
    ] {
        std::fs::write(db.join(format!("{id}.json")), record(id, module, package, symbol)).unwrap();
    }
    p
}

#[test]
fn what_cannot_be_compared_stops_a_release_and_is_not_called_harmless() {
    let p = project();
    p.write("goferry.toml", "targets = [\"linux/amd64\"]\n[scan]\ndb = \"../db\"\nfail_on = \"never\"\n");
    p.commit("never");
    let r = p.run(&["release", "--snapshot", "--clean"]);
    assert_eq!(r.status, 0, "{}", r.stderr);
    let vex = p.dist_files().into_keys().find(|f| f.ends_with(".openvex.json")).unwrap();
    let vex = json(&p.dist().join(vex));
    let status = |id: &str| {
        let all = vex["statements"].as_array().unwrap();
        let found = all.iter().find(|s| s["vulnerability"]["name"] == id);
        found.map(|s| s["status"].as_str().unwrap().to_owned())
    };
    for id in ["T-FOLDER", "T-GENERIC", "T-INLINED"] {
        assert_eq!(status(id).as_deref(), Some("under_investigation"), "{id}: {vex}");
    }
    assert_eq!(status("T-ABSENT").as_deref(), Some("not_affected"), "{vex}");
    // The gate takes them for linked.
    let r = p.run(&["scan", "--db", "../db", "--fail-on", "linked", "--json", "../s.json", "dist"]);
    assert_eq!(r.status, 3, "{}", r.stderr);
    let result = json(&p.scratch.path().join("s.json"));
    assert_eq!(result["blocking"], serde_json::json!(["T-FOLDER", "T-GENERIC", "T-INLINED"]));
    let linked = result["findings"].as_array().unwrap().iter().filter(|f| f["level"] == "linked");
    assert_eq!(linked.count(), 0, "the set of linked findings is govulncheck's: {result}");
    assert!(r.stdout.contains("counts as linked"), "{}", r.stdout);
    assert!(r.stderr.contains("the folder ./text takes the place of golang.org/x/text"), "{}", r.stderr);
}

#[test]
fn an_sbom_is_never_clean_for_what_was_left_out_of_it() {
    let p = Project::new(&[]);
    let db = p.scratch.path().join("db");
    std::fs::create_dir_all(&db).unwrap();
    std::fs::write(db.join("R.json"), RECORD.replace("golang.org/x/text", "example.com/Big/text")).unwrap();
    let scan = |purls: &[&str]| {
        let components: Vec<_> = purls.iter().map(|p| serde_json::json!({"purl": p})).collect();
        let value = serde_json::json!({"bomFormat": "CycloneDX", "components": components});
        p.write("s.json", &value.to_string());
        p.run(&["scan", "--db", "../db", "--sbom", "s.json"])
    };
    assert_eq!(scan(&["pkg:golang/example.com/Big/text@v0.3.8"]).status, 0);
    // The older of two versions, the lost capitals, and the address that does not decode.
    let two = ["pkg:golang/example.com/Big/text@v0.3.5", "pkg:golang/example.com/Big/text@v0.3.8"];
    assert_eq!(scan(&two).status, 3);
    let r = scan(&["pkg:golang/example.com/big/text@v0.3.5"]);
    assert!(r.status == 3 && r.stdout.contains("example.com/Big/text"), "{} {}", r.status, r.stdout);
    let r = scan(&["pkg:golang/example.com/Big/text@v0.3.8", "pkg:golang/%zz/text@v0.3.5"]);
    assert!(r.status == 3 && r.stderr.contains("%zz/text@v0.3.5"), "{} {}", r.status, r.stderr);
}
