//! Bills of materials of real programs and of a release: against the official schemas, against goreleaser's `sboms`, and twice.
#![expect(clippy::unwrap_used, reason = "what a test cannot set up has failed")]

mod support;

use libtest_mimic::{Arguments, Trial};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use support::Project;

/// Two modules with licences that are told by a text alone.
const MAIN: &str = "package main

import (
\t\"os\"

\t\"github.com/BurntSushi/toml\"
\t\"gopkg.in/yaml.v3\"
)

func main() {
\tb, _ := yaml.Marshal(toml.Key{\"a\"})
\tos.Stdout.Write(b)
}
";
const GOMOD: &str = "module example.com/tiny\n\ngo 1.24\n\nrequire (\n\tgithub.com/BurntSushi/toml v1.4.0\n\tgopkg.in/yaml.v3 v3.0.1\n)\n";
const GOSUM: &str = "github.com/BurntSushi/toml v1.4.0 h1:kuoIxZQy2WRRk1pttg9asf+WVv6tWQuBNVmK8+nqPr0=
github.com/BurntSushi/toml v1.4.0/go.mod h1:ukJfTF/6rtPPRCnwkur4qwRxa8vTRFBF0uk2lLoLwho=
gopkg.in/check.v1 v0.0.0-20161208181325-20d25e280405 h1:yhCVgyC4o1eVCa2tZl7eS0r+SDo693bJlVdllGtEeKM=
gopkg.in/check.v1 v0.0.0-20161208181325-20d25e280405/go.mod h1:Co6ibVJAznAaIkqp8huTwlJQCZ016jof/cbN4VW5Yz0=
gopkg.in/yaml.v3 v3.0.1 h1:fxVm/GzAzEWqLHuvctI91KS9hhNmmWOoWu0XTYJS7CA=
gopkg.in/yaml.v3 v3.0.1/go.mod h1:K4uyk7z7BCEPqu6E+C64Yfv1cQ7kz7rIZviUmN+EgEM=
";
const BOTH: &str = "targets = [\"linux/amd64\", \"windows/amd64\"]\n[sbom]\nformats = [\"cyclonedx\", \"spdx\"]\nthird_party_licenses = true\n";

type Check = (&'static str, fn(&Bench));

const CHECKS: &[Check] = &[
    ("a-release-says-what-is-in-it", a_release_says_what_is_in_it),
    ("the-same-release-says-the-same", the_same_release_says_the_same),
    ("programs-and-archives-say-what-is-in-them", files_say_what_is_in_them),
    ("sboms-of-goreleaser-need-no-syft", sboms_need_no_syft),
    ("other-commands-are-run-in-dist", other_commands_are_run),
    ("it-can-be-left-out", it_can_be_left_out),
    ("what-is-no-go-program-is-refused", what_is_no_go_program_is_refused),
    ("a-damaged-program-is-not-passed-over", damage_is_said),
];

fn main() -> ExitCode {
    let args = Arguments::from_args();
    let modules = Bench::modules();
    let ci = std::env::var_os("CI").is_some();
    assert!(modules.is_some() || !ci, "CI can fetch two modules");
    let mut trials: Vec<Trial> = CHECKS
        .iter()
        .map(|&(name, check)| {
            let modules = modules.clone();
            let skipped = modules.is_none();
            let run = move || {
                check(&Bench { modules: modules.unwrap() });
                Ok(())
            };
            Trial::test(name, run).with_ignored_flag(skipped)
        })
        .collect();
    let validator = validator();
    assert!(validator.is_some() || !ci, "CI has the validators: scripts/setup-validators");
    let skipped = validator.is_none() || modules.is_none();
    let validate = move || {
        documents_are_valid(&Bench { modules: modules.unwrap() }, &validator.unwrap());
        Ok(())
    };
    trials.push(Trial::test("documents-are-valid", validate).with_ignored_flag(skipped));
    libtest_mimic::run(&args, trials).exit_code()
}

/// Python with the packages of scripts/setup-validators.
fn validator() -> Option<PathBuf> {
    let home = std::env::var_os("GOFERRY_VALIDATORS").map(PathBuf::from).or_else(|| {
        let cache = std::env::var_os("HOME").map(|h| Path::new(&h).join(".cache"));
        cache.map(|c| c.join("goferry-validators"))
    })?;
    Some(home.join("bin/python")).filter(|p| p.exists())
}

struct Bench {
    modules: PathBuf,
}

impl Bench {
    /// The user's module cache with the two modules, fetched by the go command if they are not there.
    fn modules() -> Option<PathBuf> {
        let go = |args: &[&str]| Command::new("go").args(args).output().ok().filter(|o| o.status.success());
        let cache = go(&["env", "GOMODCACHE"])?;
        let cache = PathBuf::from(String::from_utf8(cache.stdout).unwrap().trim());
        for module in [
            "github.com/BurntSushi/toml@v1.4.0",
            "gopkg.in/yaml.v3@v3.0.1",
            "gopkg.in/check.v1@v0.0.0-20161208181325-20d25e280405",
        ] {
            go(&["mod", "download", module])?;
        }
        Some(cache)
    }

    fn project(&self, files: &[(&str, &str)]) -> Project {
        let base = [("go.mod", GOMOD), ("go.sum", GOSUM), ("main.go", MAIN), ("LICENSE", "Mine.\n")];
        let mut p = Project::new(&[&base, files].concat());
        p.set("GOMODCACHE", self.modules.to_str().unwrap());
        p.set("GOFLAGS", "-buildvcs=auto");
        p
    }
}

fn json(path: &Path) -> Value {
    let text = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_slice(&text).unwrap()
}

fn components(bom: &Value) -> Vec<(String, String)> {
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    bom["components"].as_array().unwrap().iter().map(|c| (text(&c["type"]), text(&c["name"]))).collect()
}

fn release(p: &Project) {
    let r = p.run(&["release", "--clean", "--skip=publish"]);
    assert_eq!(r.status, 0, "{}", r.stderr);
}

fn a_release_says_what_is_in_it(bench: &Bench) {
    let p = bench.project(&[("goferry.toml", BOTH)]);
    release(&p);
    let bom = json(&p.dist().join("tiny_1.2.3.cdx.json"));
    assert_eq!(bom["metadata"]["component"]["purl"], "pkg:golang/example.com/tiny@v1.2.3");
    let parts = components(&bom);
    let names: Vec<&str> = parts.iter().map(|(_, n)| n.as_str()).collect();
    for name in [
        "github.com/BurntSushi/toml",
        "gopkg.in/yaml.v3",
        "stdlib",
        "kernel32.dll",
        "tiny_1.2.3_linux_amd64.tar.gz",
        "tiny_windows_amd64_v1/tiny.exe",
    ] {
        assert!(names.contains(&name), "{name} is not in {names:?}");
    }
    let yaml =
        bom["components"].as_array().unwrap().iter().find(|c| c["name"] == "gopkg.in/yaml.v3").unwrap();
    assert_eq!(yaml["licenses"][0]["expression"], "MIT AND Apache-2.0");
    assert_eq!(yaml["purl"], "pkg:golang/gopkg.in/yaml.v3@v3.0.1");
    // Of one archive: its own program alone.
    let one = json(&p.dist().join("tiny_1.2.3_linux_amd64.tar.gz.spdx.json"));
    let names: Vec<&str> =
        one["packages"].as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"tiny") && !names.contains(&"kernel32.dll"), "{names:?}");
    // What is written is known to goreleaser's readers: artifacts.json and the checksums.
    let artifacts = json(&p.dist().join("artifacts.json"));
    let sboms: Vec<&Value> = artifacts.as_array().unwrap().iter().filter(|a| a["type"] == "SBOM").collect();
    assert_eq!(sboms.len(), 6);
    let sums = std::fs::read_to_string(p.dist().join("tiny_1.2.3_checksums.txt")).unwrap();
    assert_eq!(sums.lines().filter(|l| l.ends_with(".cdx.json") || l.ends_with(".spdx.json")).count(), 6);
    let listed =
        Command::new("tar").arg("tzf").arg(p.dist().join("tiny_1.2.3_linux_amd64.tar.gz")).output().unwrap();
    assert!(String::from_utf8(listed.stdout).unwrap().contains("THIRD_PARTY_LICENSES"));
}

fn the_same_release_says_the_same(bench: &Bench) {
    let p = bench.project(&[("goferry.toml", BOTH)]);
    release(&p);
    let first = p.dist_files();
    release(&p);
    let documents = |n: &str| n.ends_with(".cdx.json") || n.ends_with(".spdx.json");
    let second = p.dist_files();
    assert_eq!(first.keys().filter(|n| documents(n)).count(), 6);
    for (name, bytes) in first.iter().filter(|(n, _)| documents(n)) {
        assert!(second[name] == *bytes, "{name} is not the same again");
    }
}

/// Of programs for other machines, stripped, and of archives; the version is never `(devel)`.
fn files_say_what_is_in_them(bench: &Bench) {
    let p = bench.project(&[("goferry.toml", BOTH)]);
    release(&p);
    let of = |args: &[&str]| -> Value {
        let r = p.run(&[&["sbom"], args].concat());
        assert_eq!(r.status, 0, "{}", r.stderr);
        serde_json::from_str(&r.stdout).unwrap()
    };
    let exe = of(&["dist/tiny_windows_amd64_v1/tiny.exe"]);
    assert_eq!(exe["metadata"]["component"]["version"], "v1.2.3");
    let archive = of(&["dist/tiny_1.2.3_windows_amd64.zip"]);
    assert_eq!(
        exe["components"].as_array().unwrap().len() + 1,
        archive["components"].as_array().unwrap().len()
    );
    let all = of(&["dist"]);
    assert!(components(&all).contains(&("file".to_owned(), "tiny_linux_amd64_v1/tiny".to_owned())));
    let spdx = of(&["--format", "spdx", "--version", "7.0.0", "dist/tiny_linux_amd64_v1/tiny"]);
    assert_eq!(spdx["packages"][0]["versionInfo"], "v7.0.0");
    // Built without the repository's help.
    let go = |args: &[&str]| {
        let mut c = p.command(&[]);
        let env: Vec<_> = c.get_envs().filter_map(|(k, v)| Some((k.to_owned(), v?.to_owned()))).collect();
        c = Command::new("go");
        let done = c.current_dir(&p.root).args(args).env_clear().envs(env).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    go(&["build", "-buildvcs=false", "-ldflags=-s -w -X main.version=3.2.1", "-o", "told", "."]);
    go(&["build", "-buildvcs=false", "-o", "untold", "."]);
    assert_eq!(of(&["told"])["metadata"]["component"]["purl"], "pkg:golang/example.com/tiny@v3.2.1");
    assert_eq!(of(&["untold"])["metadata"]["component"]["purl"], "pkg:golang/example.com/tiny");
    // Where no module is at hand there is a list all the same, without licences.
    let empty = p.scratch.path().join("empty");
    let done = p.command(&["sbom", "told"]).env("GOMODCACHE", &empty).output().unwrap();
    let flat: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(components(&flat), components(&of(&["told"])));
    assert!(
        flat["components"][0].get("licenses").is_none()
            && of(&["told"])["components"][0].get("licenses").is_some()
    );
}

fn sboms_need_no_syft(bench: &Bench) {
    let config = "version: 2\nbuilds:\n  - goos: [linux]\n    goarch: [amd64]\nsboms:\n  - id: a\n    artifacts: archive\n  - id: b\n    artifacts: binary\n    \
        args: [\"$artifact\", \"--output\", \"cyclonedx-json=$document\"]\n";
    let p = bench.project(&[(".goreleaser.yaml", config)]);
    release(&p);
    let spdx = json(&p.dist().join("tiny_1.2.3_linux_amd64.tar.gz.sbom.json"));
    assert_eq!(spdx["spdxVersion"], "SPDX-2.3");
    let bom = json(&p.dist().join("tiny_1.2.3_linux_amd64.sbom.json"));
    assert_eq!(bom["specVersion"], "1.6");
    assert!(!p.dist().join("tiny_1.2.3.cdx.json").exists(), "none of goferry's own");
    let artifacts = json(&p.dist().join("artifacts.json"));
    let ids: Vec<&str> = artifacts
        .as_array()
        .unwrap()
        .iter()
        .filter(|a| a["type"] == "SBOM")
        .map(|a| a["extra"]["ID"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["b", "a"]);
}

fn other_commands_are_run(bench: &Bench) {
    let config = |args: &str| {
        format!(
            "version: 2\nbuilds:\n  - goos: [linux]\n    goarch: [amd64]\nsboms:\n  - cmd: sh\n    env: [\"X={{{{ .Version }}}}\"]\n    args: [\"-c\", \"{args}\"]\n"
        )
    };
    let good =
        config("echo $artifact ${artifactID} >$document; echo \\\"$$X\\\" >>$document; ls >>$document");
    let p = bench.project(&[(".goreleaser.yaml", &good)]);
    release(&p);
    let text = std::fs::read_to_string(p.dist().join("tiny_1.2.3_linux_amd64.tar.gz.sbom.json")).unwrap();
    assert!(text.starts_with("tiny_1.2.3_linux_amd64.tar.gz default\n"), "{text}");
    assert!(text.contains("tiny_1.2.3_linux_amd64.tar.gz\n"), "not run in dist: {text}");
    let empty = ": >$document";
    for (args, code, said) in [
        ("exit 3", "sbom-failed", "sh could not describe"),
        (
            "true",
            "output-missing",
            "`sh` succeeded, but tiny_1.2.3_linux_amd64.tar.gz.sbom.json is not there",
        ),
        (empty, "output-missing", "`sh` succeeded, but tiny_1.2.3_linux_amd64.tar.gz.sbom.json is empty"),
    ] {
        p.write(".goreleaser.yaml", &config(args));
        p.commit("x");
        p.git(&["tag", "-f", "v1.2.3"]);
        let r = p.run(&["release", "--clean", "--skip=publish"]);
        assert_ne!(r.status, 0);
        assert!(r.stderr.contains(code) && r.stderr.contains(said), "{}", r.stderr);
    }
}

fn it_can_be_left_out(bench: &Bench) {
    let target = "targets = [\"linux/amd64\"]\n";
    for (config, args) in
        [(target.to_owned(), &["--skip=sbom"][..]), (format!("{target}[sbom]\ndisable = true\n"), &[])]
    {
        let p = bench.project(&[("goferry.toml", &config)]);
        let r = p.run(&[&["release", "--clean", "--skip=publish"], args].concat());
        assert_eq!(r.status, 0, "{}", r.stderr);
        let found: Vec<String> = p.dist_files().into_keys().filter(|n| n.contains(".cdx.json")).collect();
        assert!(found.is_empty(), "{config}: {found:?}");
    }
}

fn what_is_no_go_program_is_refused(bench: &Bench) {
    let p = bench.project(&[]);
    for (file, said) in [("main.go", "not-a-binary"), ("nothing", "io"), ("go.mod", "not-a-binary")] {
        let r = p.run(&["sbom", file]);
        assert_ne!(r.status, 0);
        assert!(r.stderr.contains(said) && r.stdout.is_empty(), "{file}: {}", r.stderr);
    }
}

/// In a folder too, where what is no program is passed over: a bill without it would say that it is not there.
fn damage_is_said(bench: &Bench) {
    let p = bench.project(&[("goferry.toml", BOTH)]);
    release(&p);
    let folder = p.scratch.path().join("some");
    std::fs::create_dir(&folder).unwrap();
    let run = |command: &[&str]| p.run(&[command, &["../some"]].concat());
    let good = std::fs::read(p.dist().join("tiny_linux_amd64_v1/tiny")).unwrap();
    std::fs::write(folder.join("tiny"), &good).unwrap();
    std::fs::write(folder.join("notes"), "MZ is how a text may begin").unwrap();
    std::fs::write(folder.join("short"), "\x7fE").unwrap();
    assert_eq!(run(&["sbom"]).status, 0);
    let db = p.scratch.path().join("db");
    std::fs::create_dir(&db).unwrap();
    let record = r#"{"id": "T-1", "modified": "2026-01-01T00:00:00Z", "affected": [{"package": {"name": "example.com/x", "ecosystem": "Go"}}]}"#;
    std::fs::write(db.join("T-1.json"), record).unwrap();
    let vex = ["vex", "--db", db.to_str().unwrap()];
    let dist = |damage: bool| {
        let program = p.dist().join("tiny_linux_amd64_v1/tiny");
        std::fs::write(&program, &good[..good.len() - if damage { 1000 } else { 0 }]).unwrap();
        p.run(&[&vex[..], &["dist"]].concat())
    };
    assert_eq!(dist(false).status, 0);
    let r = dist(true);
    let said = r.stderr.contains("tiny_linux_amd64_v1/tiny: truncated");
    assert!(r.status == 4 && said && r.stdout.is_empty(), "{} {}", r.status, r.stderr);
    let exe = std::fs::read(p.dist().join("tiny_windows_amd64_v1/tiny.exe")).unwrap();
    for (name, bytes) in [("cut", &good), ("cut.exe", &exe)] {
        for percent in [5, 60, 99] {
            std::fs::write(folder.join(name), &bytes[..bytes.len() * percent / 100]).unwrap();
            let r = run(&["sbom"]);
            let said = r.stderr.contains(&format!("{name}: truncated"));
            assert!(r.status == 4 && said && r.stdout.is_empty(), "{} {}", r.status, r.stderr);
        }
        // In an archive, and compressed by itself.
        let pack = |program: &str, args: &[&str]| {
            assert!(Command::new(program).current_dir(&folder).args(args).status().unwrap().success());
        };
        pack("tar", &["czf", "a.tar.gz", name]);
        let r = run(&["sbom"]);
        assert!(r.status == 4 && r.stderr.contains("cut"), "{}", r.stderr);
        std::fs::remove_file(folder.join(name)).unwrap();
        let r = run(&["sbom"]);
        assert!(r.status == 4 && r.stderr.contains(&format!("a.tar.gz: {name}: truncated")), "{}", r.stderr);
        std::fs::remove_file(folder.join("a.tar.gz")).unwrap();
    }
    std::fs::write(folder.join("one"), &good).unwrap();
    assert!(Command::new("gzip").current_dir(&folder).arg("one").status().unwrap().success());
    let r = run(&["sbom"]);
    let names = components(&serde_json::from_str(&r.stdout).unwrap());
    assert!(names.contains(&("file".to_owned(), "one.gz".to_owned())), "{names:?}");
    let packed = std::fs::read(folder.join("one.gz")).unwrap();
    for len in [30, packed.len() / 2, packed.len() - 9] {
        std::fs::write(folder.join("one.gz"), &packed[..len]).unwrap();
        let r = run(&["sbom"]);
        assert!(r.status != 0 && r.stderr.contains("one.gz"), "{len}: {} {}", r.status, r.stderr);
    }
    // And a version is one.
    for version in ["(devel)", "", "1 2"] {
        for command in [&["sbom"][..], &vex] {
            let r = run(&[command, &["--version", version]].concat());
            assert!(r.status == 2 && r.stdout.is_empty(), "{version}: {} {}", r.status, r.stderr);
        }
    }
}

/// The official schemas, and for SPDX the rules that a schema cannot say.
fn documents_are_valid(bench: &Bench, python: &Path) {
    let p = bench.project(&[("goferry.toml", BOTH)]);
    release(&p);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/validate-sboms.py");
    let documents: Vec<PathBuf> = p
        .dist_files()
        .into_keys()
        .filter(|n| n.ends_with(".cdx.json") || n.ends_with(".spdx.json"))
        .map(|n| p.dist().join(n))
        .collect();
    assert!(documents.len() >= 6);
    let done = Command::new(python).arg(&script).args(&documents).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{said}");
    // It does find what is wrong.
    let broken = p.scratch.path().join("broken.cdx.json");
    let text = std::fs::read_to_string(&documents[0]).unwrap();
    std::fs::write(&broken, text.replace("\"type\": \"application\"", "\"type\": \"app\"")).unwrap();
    let done = Command::new(python).arg(&script).arg(&broken).output().unwrap();
    assert!(!done.status.success());
}
