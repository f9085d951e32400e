//! `goferry deps` with the real go command: small modules from a proxy that is a folder, and one real module with the real
//! database, which lies beside the repository.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "what a test cannot set up has failed")]

mod support;

use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use support::{Project, Ran};

/// Path, version, requirements and source of every module that the proxy has.
const MODULES: [(&str, &str, &str, &str); 12] = [
    (
        "example.com/lib",
        "v1.0.0",
        "",
        "package lib\n\n//go:noinline\nfunc Old() string { return \"old\" }\n\n//go:noinline\nfunc Kept() string { return \"1.0\" }\n",
    ),
    (
        "example.com/lib",
        "v1.1.0",
        "",
        "package lib\n\n//go:noinline\nfunc Kept() string { return \"1.1\" }\n",
    ),
    (
        "example.com/carrier",
        "v1.0.0",
        "require example.com/lib v1.0.0\n",
        "package carrier\n\nimport \"example.com/lib\"\n\n//go:noinline\nfunc Carry() string { return lib.Kept() }\n",
    ),
    (
        "example.com/carrier",
        "v1.1.0",
        "require example.com/lib v1.1.0\n",
        "package carrier\n\nimport \"example.com/lib\"\n\n//go:noinline\nfunc Carry() string { return lib.Kept() }\n",
    ),
    (
        "example.com/hopeless",
        "v1.0.0",
        "",
        "package hopeless\n\n//go:noinline\nfunc Doom() string { return \"1\" }\n",
    ),
    (
        "example.com/hopeless",
        "v1.2.0",
        "",
        "package hopeless\n\n//go:noinline\nfunc Doom() string { return \"2\" }\n",
    ),
    (
        "example.com/hopeless/v2",
        "v2.0.0",
        "",
        "package hopeless\n\n//go:noinline\nfunc Doom() string { return \"3\" }\n",
    ),
    (
        "example.com/twice",
        "v1.0.0",
        "",
        "package twice\n\n//go:noinline\nfunc Do() string { return \"0\" }\n",
    ),
    (
        "example.com/twice",
        "v1.2.0",
        "",
        "package twice\n\n//go:noinline\nfunc Do() string { return \"2\" }\n",
    ),
    (
        "example.com/twice",
        "v1.3.0",
        "",
        "package twice\n\n//go:noinline\nfunc Do() string { return \"3\" }\n",
    ),
    (
        "example.com/worse",
        "v1.0.0",
        "",
        "package worse\n\n//go:noinline\nfunc Do() string { return \"0\" }\n",
    ),
    (
        "example.com/worse",
        "v1.1.0",
        "",
        "package worse\n\n//go:noinline\nfunc Do() string { return \"1\" }\n",
    ),
];

/// Id, module, where it begins and ends, function.
const RECORDS: [(&str, &str, &str, &str, &str); 8] = [
    ("T-1", "example.com/lib", "0", "1.1.0", "Kept"),
    ("T-2", "example.com/carrier", "0", "1.1.0", "Carry"),
    ("T-3", "example.com/hopeless", "0", "", "Doom"),
    ("T-4", "example.com/lib", "0", "1.1.0", "Old"),
    ("T-5", "example.com/twice", "0", "1.2.0", "Do"),
    // What mends it has a fault of its own, which the version after it has not.
    ("T-6", "example.com/twice", "1.2.0", "1.3.0", "Do"),
    // And here there is none.
    ("T-7", "example.com/worse", "0", "1.1.0", "Do"),
    ("T-8", "example.com/worse", "1.1.0", "", "Do"),
];

struct Bench {
    project: Project,
    database: PathBuf,
}

impl Bench {
    /// A module with these requirements; `body` is that of its function `word`.
    fn new(requirements: &str, import: &str, body: &str) -> Bench {
        let main = format!(
            "package main\n\nimport \"example.com/{import}\"\n\nfunc word() string {{ return {body} }}\n\nfunc main() {{ println(word()) }}\n"
        );
        let go_mod = format!("module example.com/m\n\ngo 1.24\n\n{requirements}");
        let mut project = Project::new(&[("main.go", &main), ("go.mod", &go_mod)]);
        let proxy = project.scratch.path().join("proxy");
        MODULES.iter().for_each(|m| publish(&proxy, m));
        let database = project.scratch.path().join("database");
        std::fs::create_dir(&database).unwrap();
        RECORDS.iter().for_each(|r| record(&database, r));
        project.set("GOPROXY", &format!("file://{}", proxy.display()));
        project.set("GOSUMDB", "off");
        project.set("GOFLAGS", "-modcacherw");
        let cache = project.scratch.path().join("modules");
        project.set("GOMODCACHE", cache.to_str().unwrap());
        let b = Bench { project, database };
        b.go(&["mod", "tidy"]);
        b
    }

    fn go(&self, args: &[&str]) {
        let mut c = std::process::Command::new("go");
        let env = support::fixed().into_iter().chain(self.project.env.clone());
        c.args(args).current_dir(&self.project.root).env_clear().envs(env);
        let r = support::ran(&c.output().unwrap());
        assert_eq!(r.status, 0, "{}", r.stderr);
    }

    fn deps(&self, args: &[&str]) -> Ran {
        let db = format!("--db={}", self.database.display());
        self.project.run(&[&["deps", &db, "--target=linux/amd64"], args].concat())
    }

    /// What it says in JSON, with its status.
    fn json(&self, status: i32, args: &[&str]) -> Value {
        let r = self.deps(&[&["--json"], args].concat());
        assert_eq!(r.status, status, "{}{}", r.stdout, r.stderr);
        serde_json::from_str(&r.stdout).unwrap()
    }

    fn files(&self) -> (String, String) {
        let read = |name: &str| std::fs::read_to_string(self.project.root.join(name)).unwrap();
        (read("go.mod"), read("go.sum"))
    }
}

fn publish(proxy: &Path, &(path, version, requirements, source): &(&str, &str, &str, &str)) {
    let dir = proxy.join(path).join("@v");
    std::fs::create_dir_all(&dir).unwrap();
    let mut list = std::fs::File::options().append(true).create(true).open(dir.join("list")).unwrap();
    writeln!(list, "{version}").unwrap();
    let go_mod = format!("module {path}\n\ngo 1.24\n\n{requirements}");
    std::fs::write(dir.join(format!("{version}.mod")), &go_mod).unwrap();
    let info = json!({ "Version": version, "Time": "2024-01-02T03:04:05Z" });
    std::fs::write(dir.join(format!("{version}.info")), info.to_string()).unwrap();
    let file = std::fs::File::create(dir.join(format!("{version}.zip"))).unwrap();
    let mut zip = zip::ZipWriter::new(file);
    for (name, text) in [("go.mod", go_mod.as_str()), ("x.go", source)] {
        let options = zip::write::SimpleFileOptions::default();
        zip.start_file(format!("{path}@{version}/{name}"), options).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap();
}

fn record(folder: &Path, &(id, module, from, to, symbol): &(&str, &str, &str, &str, &str)) {
    let mut events = vec![json!({ "introduced": from })];
    events.extend((!to.is_empty()).then(|| json!({ "fixed": to })));
    let record = json!({
        "schema_version": "1.3.1", "id": id, "modified": "2024-01-02T03:04:05Z", "summary": format!("about {symbol}"),
        "affected": [{
            "package": { "name": module, "ecosystem": "Go" },
            "ranges": [{ "type": "SEMVER", "events": events }],
            "ecosystem_specific": { "imports": [{ "path": module, "symbols": [symbol] }] },
        }],
    });
    std::fs::write(folder.join(format!("{id}.json")), record.to_string()).unwrap();
}

/// A field of each entry of a list.
fn each<'v>(value: &'v Value, list: &str, field: &str) -> Vec<&'v str> {
    value[list].as_array().unwrap().iter().map(|e| e[field].as_str().unwrap_or("")).collect()
}

#[test]
fn what_one_upgrade_brings_needs_no_line_of_its_own_and_is_applied_when_proven() {
    let b = Bench::new(
        "require (\n\texample.com/carrier v1.0.0\n\texample.com/lib v1.0.0\n)\n",
        "carrier",
        "carrier.Carry()",
    );
    b.project.write("main_test.go", "package main\n\nimport \"testing\"\n\nfunc TestWord(t *testing.T) {\n\tif word() == \"\" {\n\t\tt.Fatal()\n\t}\n}\n");
    let before = b.files();
    let v = b.json(3, &[]);
    assert_eq!(each(&v, "reachable", "id"), ["T-1", "T-2"]);
    assert_eq!(each(&v, "reachable", "outcome"), ["cleared", "cleared"]);
    assert_eq!(v["reachable"][0]["symbols"], json!(["example.com/lib.Kept"]));
    assert_eq!(
        (each(&v, "upgrades", "module"), each(&v, "upgrades", "to")),
        (vec!["example.com/carrier"], vec!["v1.1.0"])
    );
    assert_eq!(
        v["moves"],
        json!([{ "what": "example.com/lib", "from": "v1.0.0", "to": "v1.1.0", "built": true }])
    );
    assert_eq!(v["proof"][0]["tested"], json!({ "tests": "passed" }));
    assert_eq!(
        (v["proof"][0]["built"].as_bool(), v["proof"][0]["vetted"].as_bool()),
        (Some(true), Some(true))
    );
    assert_eq!(b.files(), before, "nothing is written unasked");
    let r = b.deps(&[]);
    assert!(r.stdout.contains("\n  go get example.com/carrier@v1.1.0\n  go mod tidy\n"), "{}", r.stdout);
    let r = b.deps(&["--apply"]);
    assert_eq!(r.status, 0, "{}{}", r.stdout, r.stderr);
    assert!(r.stdout.ends_with("go.mod and go.sum are written\n"), "{}", r.stdout);
    assert!(b.files().0.contains("example.com/carrier v1.1.0") && b.files().1.contains("lib v1.1.0 h1:"));
    // The commands that were printed make the same of it.
    let applied = b.files();
    b.project.write("go.mod", &before.0);
    b.project.write("go.sum", &before.1);
    b.go(&["get", "example.com/carrier@v1.1.0"]);
    b.go(&["mod", "tidy"]);
    assert_eq!(b.files(), applied);
    let v = b.json(0, &[]);
    assert_eq!((&v["reachable"], &v["upgrades"], &v["proof"]), (&json!([]), &json!([]), &json!([])));
}

#[test]
fn an_api_that_is_gone_is_named_and_nothing_is_written() {
    let b = Bench::new("require example.com/lib v1.0.0\n", "lib", "lib.Old()");
    let before = b.files();
    let v = b.json(1, &["--apply"]);
    assert_eq!(each(&v, "reachable", "id"), ["T-4"]);
    assert_eq!(each(&v, "reachable", "outcome"), ["left"]);
    assert_eq!(each(&v, "upgrades", "to"), ["v1.1.0"]);
    let gone = &v["proof"][0]["gone"];
    assert_eq!(gone[0]["name"], "lib.Old");
    assert_eq!((gone[0]["kind"].as_str(), gone[0]["used_at"].as_str()), (Some("gone"), Some("main.go:5:33")));
    assert_eq!((v["applied"].as_bool(), b.files()), (Some(false), before));
    let r = b.deps(&[]);
    assert!(r.stdout.contains("lib.Old is gone, used at main.go:5:33: undefined: lib.Old"), "{}", r.stdout);
}

#[test]
fn tests_are_a_part_of_the_proof_unless_they_failed_before() {
    let b = Bench::new("require example.com/lib v1.0.0\n", "lib", "lib.Kept()");
    let test = |wanted: &str| {
        let text = format!(
            "package main\n\nimport \"testing\"\n\nfunc TestWord(t *testing.T) {{\n\tif got := word(); got != \"{wanted}\" {{\n\t\tt.Fatal(\"got\", got)\n\t}}\n}}\n"
        );
        b.project.write("main_test.go", &text);
    };
    test("1.0");
    let before = b.files();
    let v = b.json(1, &["--apply"]);
    assert_eq!(v["proof"][0]["tested"], json!({ "tests": "failed", "packages": ["example.com/m"] }));
    assert!(v["proof"][0]["said"].to_string().contains("got 1.1"), "{}", v["proof"]);
    assert_eq!(each(&v, "reachable", "outcome"), ["unproven"]);
    assert_eq!(b.files(), before);
    test("2.0");
    let v = b.json(0, &["--apply"]);
    assert_eq!(v["proof"][0]["tested"], json!({ "tests": "failed-before", "packages": ["example.com/m"] }));
    assert_ne!(b.files(), before);
}

#[test]
fn what_an_upgrade_brings_is_cleared_too_or_it_does_not_hold() {
    let b = Bench::new("require example.com/twice v1.0.0\n", "twice", "twice.Do()");
    let v = b.json(3, &[]);
    assert_eq!(
        (each(&v, "upgrades", "to"), each(&v, "reachable", "outcome")),
        (vec!["v1.3.0"], vec!["cleared"])
    );
    assert_eq!(v["upgrades"][0]["ids"], json!(["T-5", "T-6"]));
    let b = Bench::new("require example.com/worse v1.0.0\n", "worse", "worse.Do()");
    let before = b.files();
    let v = b.json(1, &["--apply"]);
    assert_eq!((&v["proof"][0]["left"], v["applied"].as_bool()), (&json!(["T-8"]), Some(false)));
    assert_eq!(b.files(), before);
    // A version that nobody has.
    record(&b.database, &("T-9", "example.com/worse", "0", "9.0.0", "Do"));
    let r = b.deps(&[]);
    assert_eq!(r.status, 1, "{}", r.stderr);
    assert!(r.stderr.contains("v9.0.0") && r.stdout.contains("still there"), "{}{}", r.stdout, r.stderr);
}

#[test]
fn without_a_fix_there_are_candidates() {
    let b = Bench::new("require example.com/hopeless v1.0.0\n", "hopeless", "hopeless.Doom()");
    let v = b.json(3, &[]);
    assert_eq!(each(&v, "reachable", "outcome"), ["no-fix"]);
    assert_eq!((&v["upgrades"], &v["proof"]), (&json!([]), &json!([])));
    let u = &v["unfixed"][0];
    assert_eq!(
        (u["newest"].as_str(), u["next_major"].as_str()),
        (Some("v1.2.0"), Some("example.com/hopeless/v2@v2.0.0"))
    );
    assert_eq!((&u["imported_by"], &u["brought_by"]), (&json!(["example.com/m"]), &Value::Null));
}

#[test]
fn a_replace_line_that_holds_a_module_back_is_changed_or_could_go() {
    let held = "require example.com/lib v1.1.0\n\nreplace example.com/lib => example.com/lib v1.0.0\n";
    let b = Bench::new(held, "lib", "lib.Kept()");
    let v = b.json(3, &[]);
    let r = b.deps(&[]);
    assert!(
        r.stdout.contains("  go mod edit -replace=example.com/lib=example.com/lib@v1.1.0\n"),
        "{}",
        r.stdout
    );
    assert_eq!(each(&v, "reachable", "outcome"), ["cleared"]);
    assert_eq!(v["replaces"][0]["needed"], Value::Null);
    assert!(r.stdout.contains("  go mod edit -dropreplace=example.com/lib\n"), "{}", r.stdout);
    // Another module in its place that the code needs.
    let forked =
        "require example.com/lib v1.1.0\n\nreplace example.com/lib v1.1.0 => example.com/lib v1.0.0\n";
    let b = Bench::new(forked, "lib", "lib.Old()");
    let v = b.json(1, &[]);
    let why = v["replaces"][0]["needed"].as_str().unwrap();
    assert!(why.contains("undefined: lib.Old"), "{why}");
    assert_eq!(v["replaces"][0]["command"], "go mod edit -dropreplace=example.com/lib@v1.1.0");
}

#[test]
fn a_library_is_judged_by_its_tests_and_weighed_when_asked() {
    let b = Bench::new("require example.com/twice v1.0.0\n", "twice", "twice.Do()");
    let main = std::fs::read_to_string(b.project.root.join("main.go")).unwrap();
    let library = main.replace("package main", "package m").replace("func main() { println(word()) }", "");
    b.project.write("main.go", &library);
    let r = b.deps(&["--no-test"]);
    assert_eq!(r.status, 0, "nothing is linked: {}{}", r.stdout, r.stderr);
    b.project.write(
        "m_test.go",
        "package m\n\nimport \"testing\"\n\nfunc TestWord(t *testing.T) { t.Log(word()) }\n",
    );
    let v = b.json(3, &["--no-test", "--analyze"]);
    assert_eq!((v["seen_in"].as_str(), each(&v, "reachable", "id")), (Some("tests"), vec!["T-5"]));
    assert_eq!(v["proof"][0]["tested"]["tests"], "not-run");
    let heavy = &v["analysis"]["modules"][0];
    assert_eq!((heavy["module"].as_str(), heavy["packages"].as_u64()), (Some("example.com/twice"), Some(1)));
    assert!(
        heavy["bytes"].as_u64().unwrap() > 0 && v["analysis"]["program_bytes"].as_u64().unwrap() > 100_000
    );
    // The standard library is compiled anew too.
    assert!(v["analysis"]["compile_millis"].as_u64().unwrap() > 0);
}

#[test]
fn what_is_missing_is_said() {
    let b = Bench::new("require example.com/lib v1.0.0\n", "lib", "lib.Kept()");
    let r = b.project.run(&["deps", "--db", "absent"]);
    assert_eq!((r.status, r.stdout.as_str()), (5, ""), "{}", r.stderr);
    b.project.write("main.go", "package main\n\nfunc main() { nothing() }\n");
    let r = b.deps(&[]);
    assert_eq!(r.status, 1, "{}", r.stderr);
    assert!(r.stderr.contains("fails as it is, before anything is changed"), "{}", r.stderr);
    assert!(r.stderr.contains("undefined: nothing"), "{}", r.stderr);
}

/// golang.org/x/text and x/net as they were in 2021, the whole database, an emulated target.
#[test]
fn a_real_module_and_the_real_database() {
    let database = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/go-vulndb-osv.tar.zst");
    if !database.exists() {
        assert!(std::env::var_os("CI").is_none(), "{} is missing", database.display());
        return;
    }
    let main = "package main\n\nimport (\n\t\"os\"\n\n\t\"golang.org/x/text/language\"\n)\n\nfunc main() {\n\ttags, _, err := language.ParseAcceptLanguage(os.Args[1])\n\tprintln(len(tags), err == nil)\n}\n";
    let go_mod = "module example.com/real\n\ngo 1.21\n\nrequire golang.org/x/text v0.3.5\n";
    let p = Project::new(&[("main.go", main), ("go.mod", go_mod)]);
    let mut tidy = std::process::Command::new("go");
    tidy.args(["mod", "tidy"]).current_dir(&p.root).env_clear().envs(support::fixed());
    assert_eq!(support::ran(&tidy.output().unwrap()).status, 0);
    let db = format!("--db={}", database.display());
    let r = p.run(&["deps", &db, "--target=linux/amd64,linux/arm64", "--json"]);
    assert_eq!(r.status, 3, "{}{}", r.stdout, r.stderr);
    let v: Value = serde_json::from_str(&r.stdout).unwrap();
    assert_eq!(each(&v, "reachable", "id"), ["GO-2021-0113", "GO-2022-1059"]);
    assert_eq!(v["reachable"][0]["targets"].as_array().unwrap().len(), 2);
    assert_eq!(
        (each(&v, "upgrades", "to"), each(&v, "upgrades", "changelog")),
        (vec!["v0.3.8"], vec!["https://github.com/golang/text/compare/v0.3.5...v0.3.8"])
    );
    assert!(v["proof"].as_array().unwrap().iter().all(|p| p["vetted"] == true && p["left"] == json!([])));
}
