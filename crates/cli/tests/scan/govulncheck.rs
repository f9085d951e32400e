//! Linked findings are those of `govulncheck -mode=binary`, program by program, and the stripped program has the same.

use crate::json;
use crate::support::Project;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Id, package, `Receiver.Function`.
type Findings = BTreeSet<(String, String, String)>;

const USES: &str = r#"
import (
	"fmt"

	"github.com/tidwall/gjson"
	"golang.org/x/text/language"
	"gopkg.in/yaml.v2"
)

func main() {
	var out map[string]any
	err := yaml.Unmarshal([]byte("a: 1"), &out)
	tags, _, _ := language.ParseAcceptLanguage("de")
	fmt.Println(out, err, tags, gjson.Get(`{"a":1}`, "a"), more())
}
"#;
const GO_MOD: &str = "module example.com/tiny\n\ngo 1.24\n\nrequire (\n\tgithub.com/tidwall/gjson v1.6.0\n\tgolang.org/x/text v0.3.5\n\tgopkg.in/yaml.v2 v2.2.1\n)\n";

/// Folder of the module, its target, build mode, cgo, main package.
const PROGRAMS: [(&str, &str, &str, bool, &str); 7] = [
    ("age", "linux/amd64", "exe", false, "filippo.io/age/cmd/age"),
    ("age", "linux/amd64", "pie", false, "filippo.io/age/cmd/age"),
    ("uses", "linux/amd64", "exe", true, "."),
    ("uses", "windows/amd64", "exe", false, "."),
    ("uses", "darwin/arm64", "exe", false, "."),
    ("uses", "linux/arm64", "exe", false, "."),
    ("replaced", "linux/amd64", "exe", false, "."),
];

fn govulncheck() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let home = std::env::var_os("HOME").map(|h| Path::new(&h).join("go/bin"));
    let found = std::env::split_paths(&path).chain(home).map(|d| d.join("govulncheck")).find(|p| p.is_file());
    assert!(found.is_some() || std::env::var_os("CI").is_none(), "CI has govulncheck");
    found
}

fn snapshot() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/go-vulndb-osv.tar.zst");
    assert!(path.is_file() || std::env::var_os("CI").is_none(), "CI has the database");
    path.is_file().then_some(path)
}

/// The snapshot in the layout that govulncheck reads.
fn unpack(snapshot: &Path, to: &Path) {
    let file = zstd::stream::read::Decoder::new(std::fs::File::open(snapshot).unwrap()).unwrap();
    let mut modules = std::collections::BTreeMap::<String, BTreeSet<String>>::new();
    for folder in ["ID", "index"] {
        std::fs::create_dir_all(to.join(folder)).unwrap();
    }
    for entry in tar::Archive::new(file).entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut text = String::new();
        std::io::Read::read_to_string(&mut entry, &mut text).unwrap();
        let Ok(record) = serde_json::from_str::<serde_json::Value>(&text) else { continue };
        let id = record["id"].as_str().unwrap();
        for a in record["affected"].as_array().unwrap() {
            modules
                .entry(a["package"]["name"].as_str().unwrap().to_owned())
                .or_default()
                .insert(id.to_owned());
        }
        std::fs::write(to.join(format!("ID/{id}.json")), &text).unwrap();
    }
    let vulns = |ids: &BTreeSet<String>| -> Vec<_> {
        ids.iter().map(|id| serde_json::json!({"id": id, "modified": "2026-08-21T00:00:00Z"})).collect()
    };
    let index: Vec<_> =
        modules.iter().map(|(path, ids)| serde_json::json!({"path": path, "vulns": vulns(ids)})).collect();
    std::fs::write(to.join("index/modules.json"), serde_json::to_vec(&index).unwrap()).unwrap();
    std::fs::write(to.join("index/db.json"), r#"{"modified":"2026-08-21T00:00:00Z"}"#).unwrap();
}

fn go(folder: &Path, env: &[(&str, &str)], args: &[&str]) {
    let mut c = Command::new("go");
    c.args(args).current_dir(folder).env_clear().envs(crate::support::fixed());
    let done = c.env("GOFLAGS", "-mod=mod").envs(env.iter().copied()).output().unwrap();
    assert!(done.status.success(), "go {args:?}: {}", String::from_utf8_lossy(&done.stderr));
}

fn modules(root: &Path) {
    let write = |folder: &str, name: &str, text: &str| {
        std::fs::create_dir_all(root.join(folder)).unwrap();
        std::fs::write(root.join(folder).join(name), text).unwrap();
    };
    write("age", "go.mod", "module example.com/age\n\ngo 1.24\n");
    go(&root.join("age"), &[], &["get", "filippo.io/age/cmd/age@v1.1.1"]);
    let replaced = format!("{GO_MOD}\nreplace golang.org/x/text => golang.org/x/text v0.3.0\n");
    for (folder, go_mod) in [("uses", GO_MOD), ("replaced", &replaced)] {
        write(folder, "go.mod", go_mod);
        write(folder, "main.go", &format!("package main\n{USES}"));
        write(folder, "plain.go", "//go:build !cgo\n\npackage main\n\nfunc more() int { return 1 }\n");
        write(
            folder,
            "c.go",
            "package main\n\n// int two(void) { return 2; }\nimport \"C\"\n\nfunc more() int { return int(C.two()) }\n",
        );
        go(&root.join(folder), &[], &["mod", "tidy"]);
    }
}

fn theirs(tool: &Path, db: &Path, program: &Path) -> Findings {
    let done = Command::new(tool)
        .args(["-mode=binary", "-format=json", &format!("-db=file://{}", db.display())])
        .arg(program)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let mut out = Findings::new();
    for value in serde_json::Deserializer::from_slice(&done.stdout).into_iter::<serde_json::Value>() {
        let value = value.unwrap();
        let frame = &value["finding"]["trace"][0];
        let text = |v: &serde_json::Value| v.as_str().unwrap_or_default().to_owned();
        let (function, receiver) = (text(&frame["function"]), text(&frame["receiver"]));
        if function.is_empty() {
            continue;
        }
        let symbol = if receiver.is_empty() { function } else { format!("{receiver}.{function}") };
        out.insert((text(&value["finding"]["osv"]), text(&frame["package"]), symbol));
    }
    out
}

fn ours(p: &Project, db: &Path, program: &Path) -> Findings {
    let file = p.scratch.path().join("scan.json");
    let args = ["scan", "--db", db.to_str().unwrap(), "--json", file.to_str().unwrap(), "--fail-on=never"];
    let r = p.run(&[&args[..], &[program.to_str().unwrap()]].concat());
    assert_eq!(r.status, 0, "{}", r.stderr);
    let text = |v: &serde_json::Value| v.as_str().unwrap().to_owned();
    let linked = |f: &&serde_json::Value| f["level"] == "linked";
    let result = json(&file);
    let findings = result["findings"].as_array().unwrap().iter().filter(linked);
    findings.map(|f| (text(&f["id"]), text(&f["package"]), text(&f["symbol"]))).collect()
}

#[test]
fn linked_findings_are_govulnchecks() {
    // Passed over where they are missing, but not in CI.
    let (Some(tool), Some(snapshot)) = (govulncheck(), snapshot()) else { return };
    let p = Project::new(&[]);
    let (root, db) = (p.scratch.path().join("m"), p.scratch.path().join("vulndb"));
    unpack(&snapshot, &db);
    modules(&root);
    for (n, (folder, target, mode, cgo, package)) in PROGRAMS.into_iter().enumerate() {
        let (goos, goarch) = target.split_once('/').unwrap();
        let env = [("GOOS", goos), ("GOARCH", goarch), ("CGO_ENABLED", if cgo { "1" } else { "0" })];
        let built = |flags: &str| {
            let out = root.join(format!("{n}{}", if flags.is_empty() { "" } else { "-stripped" }));
            let (mode, flags) = (format!("-buildmode={mode}"), format!("-ldflags={flags}"));
            go(&root.join(folder), &env, &["build", &mode, &flags, "-o", out.to_str().unwrap(), package]);
            out
        };
        let name = format!("{folder} {target} {mode} cgo={cgo}");
        let whole = built("");
        let expected = theirs(&tool, &db, &whole);
        assert!(!expected.is_empty(), "{name}: nothing to compare");
        assert_eq!(ours(&p, &snapshot, &whole), expected, "{name}");
        assert_eq!(ours(&p, &snapshot, &built("-s -w")), expected, "{name}, stripped");
    }
}
