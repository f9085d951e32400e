//! The statements about a release: that they are about what is there, say the truth, and are the same each time.

#![expect(clippy::unwrap_used, reason = "what a test cannot set up has failed")]

mod support;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use support::{Project, has};

const TWO: &str =
    "targets = [\"linux/amd64\", \"linux/arm64\", \"darwin/arm64\"]\n[source]\nenabled = true\n";

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// The statement in the one file of this kind.
fn statement(p: &Project, kind: &str) -> Value {
    let files = p.dist_files();
    let found: Vec<_> = files.iter().filter(|(n, _)| n.ends_with(&format!(".{kind}.json"))).collect();
    assert_eq!(found.len(), 1, "{:?}", files.keys());
    serde_json::from_slice(found[0].1).unwrap()
}

fn subjects(statement: &Value) -> BTreeMap<String, String> {
    let all = statement["subject"].as_array().unwrap();
    let one = |s: &Value| {
        (s["name"].as_str().unwrap().to_owned(), s["digest"]["sha256"].as_str().unwrap().to_owned())
    };
    all.iter().map(one).collect()
}

#[test]
fn statements_are_about_every_file_that_is_released() {
    let p = Project::new(&[("goferry.toml", TWO)]);
    let r = p.run(&["release", "--skip=publish", "--clean"]);
    assert_eq!(r.status, 0, "{}", r.stderr);
    let files = p.dist_files();
    let released = |n: &&String| {
        !n.contains('/')
            && !n.ends_with(".provenance.json")
            && !n.ends_with(".vsa.json")
            && !["artifacts.json", "metadata.json", "CHANGELOG.md"].contains(&n.as_str())
    };
    let want: BTreeMap<String, String> =
        files.keys().filter(released).map(|n| (n.clone(), hex(&files[n]))).collect();
    assert!(want.keys().any(|n| n.ends_with("checksums.txt")) && want.len() >= 5, "{want:?}");
    let (provenance, summary) = (statement(&p, "provenance"), statement(&p, "vsa"));
    for s in [&provenance, &summary] {
        assert_eq!(subjects(s), want);
        assert_eq!(s["_type"], "https://in-toto.io/Statement/v1");
    }
    assert_eq!(provenance["predicateType"], "https://slsa.dev/provenance/v1");
    assert_eq!(summary["predicateType"], "https://slsa.dev/verification_summary/v1");
    let definition = &provenance["predicate"]["buildDefinition"];
    assert_eq!(definition["buildType"], "urn:goferry:release:v1");
    let asked = &definition["externalParameters"];
    assert_eq!(
        asked["configuration"],
        json!([{"name": "goferry.toml", "digest": {"sha256": hex(TWO.as_bytes())}}])
    );
    assert_eq!(asked["options"], json!({"skip": ["publish"]}));
    assert_eq!(asked["targets"], json!(["darwin/arm64", "linux/amd64", "linux/arm64"]));
    let head = p.head();
    let source = json!({
        "name": "source", "uri": "git+https://git.example.com/x/tiny.git@refs/tags/v1.2.3", "digest": {"gitCommit": head},
    });
    let made_of = definition["resolvedDependencies"].as_array().unwrap();
    assert_eq!((&made_of[0], &asked["source"]), (&source, &source));
    assert_eq!(made_of[1]["name"], "go");
    assert_eq!(made_of[1]["digest"]["sha256"].as_str().unwrap().len(), 64);
    let byproducts = provenance["predicate"]["runDetails"]["byproducts"].as_array().unwrap();
    let targets = summary["predicate"]["urn:goferry:targets"].as_array().unwrap();
    assert_eq!((byproducts.len(), targets.len()), (4, 3));
    assert_eq!(byproducts[3]["name"], "CHANGELOG.md");
    assert_eq!(byproducts[3]["digest"]["sha256"], hex(&files["CHANGELOG.md"]));
    for (b, t) in byproducts.iter().zip(targets) {
        let path = b["name"].as_str().unwrap();
        assert_eq!(b["digest"]["sha256"], hex(&files[path]), "{path}");
        assert_eq!((&t["binary"]["name"], &t["binary"]["digest"]), (&b["name"], &b["digest"]));
        assert_eq!(t["target"], b["annotations"]["target"]);
        assert_eq!(t["scan"]["state"], "not-scanned");
        match t["target"].as_str().unwrap() {
            "darwin/arm64" => assert_eq!(t["run"]["class"], "no-runner"),
            "linux/amd64" => {
                assert_eq!((&t["run"]["state"], &t["run"]["by"]), (&json!("ran"), &json!("native")))
            }
            _ => {
                let by = t["run"]["by"].as_str().unwrap();
                let emulator = made_of.iter().find(|m| m["name"] == by).unwrap();
                assert_eq!(emulator["annotations"]["targets"], json!(["linux/arm64"]));
                assert_eq!(emulator["digest"]["sha256"].as_str().unwrap().len(), 64);
            }
        }
    }
    let predicate = &summary["predicate"];
    assert_eq!(predicate["verificationResult"], "PASSED");
    assert_eq!(predicate["policy"]["digest"]["sha256"], hex(TWO.as_bytes()));
    assert_eq!(predicate["resourceUri"], "pkg:golang/example.com/tiny@v1.2.3");
    let first = &predicate["inputAttestations"][0];
    assert_eq!(first["digest"]["sha256"], hex(&files[first["uri"].as_str().unwrap()]));
}

#[test]
fn the_same_release_is_stated_in_the_same_bytes() {
    let p = Project::new(&[("goferry.toml", TWO)]);
    p.release();
    let first = p.dist_files();
    p.release();
    assert_eq!(p.dist_files(), first, "from the cache");
    let r = p.run(&["release", "--snapshot", "--clean", "--no-cache", "--parallelism=1"]);
    assert_eq!(r.status, 0, "{}", r.stderr);
    assert_eq!(p.dist_files(), first, "without a cache");
    // Another checkout of the same commit, elsewhere.
    let q = Project::new(&[("goferry.toml", TWO)]);
    q.release();
    assert_eq!(q.dist_files(), first, "in another folder");
}

#[test]
fn what_is_not_as_committed_is_said() {
    let p = Project::new(&[("goferry.toml", "targets = [\"linux/amd64\"]\n")]);
    p.write("notes.txt", "x");
    p.release();
    let provenance = statement(&p, "provenance");
    let source = &provenance["predicate"]["buildDefinition"]["resolvedDependencies"][0];
    assert_eq!(source["annotations"]["goferry:dirty"], true);
    assert_eq!(source["uri"], "git+https://git.example.com/x/tiny.git", "a snapshot is not the tag");
    let r = p.run(&["release", "--snapshot", "--clean", "--skip=provenance"]);
    assert_eq!(r.status, 0, "{}", r.stderr);
    assert!(!p.dist_files().keys().any(|n| n.contains("provenance") || n.contains("vsa")));
}

#[test]
fn a_c_compiler_is_named_by_its_digest_and_secrets_are_not_named() {
    if !has(&["gcc"]) {
        return;
    }
    let c = "package main\n\n// int one(void) { return 1; }\nimport \"C\"\n\nfunc init() { _ = C.one() }\n";
    let config = "targets = [\"linux/amd64\"]\n[[builds]]\nenv = [\"CGO_ENABLED=1\"]\nldflags = \"-X main.version={{ .Env.MY_TOKEN }}\"\n";
    let mut p = Project::new(&[("goferry.toml", config), ("c.go", c)]);
    p.set("MY_TOKEN", "canary-of-a-token");
    p.release();
    let provenance = statement(&p, "provenance");
    let made_of = provenance["predicate"]["buildDefinition"]["resolvedDependencies"].as_array().unwrap();
    let compiler = made_of.iter().find(|m| m["name"] == "c-compiler").unwrap();
    assert_eq!(compiler["annotations"]["target"], "linux/amd64");
    assert_eq!(compiler["digest"]["sha256"].as_str().unwrap().len(), 64, "{compiler}");
    for kind in ["provenance", "vsa"] {
        assert!(!statement(&p, kind).to_string().contains("canary"), "{kind}");
    }
}

/// A private key of the tests and its public half, as text.
fn keys() -> (String, String) {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../supply/tests/keys");
    let read = |n: &str| std::fs::read_to_string(dir.join(n)).unwrap();
    (read("p256.pkcs8.pem"), read("p256.pub"))
}

#[test]
fn cosign_and_goferry_accept_what_a_release_signs() {
    let mut p =
        Project::new(&[("goferry.toml", "targets = [\"linux/amd64\"]\n[sign]\nkey = \"env://MY_KEY\"\n")]);
    let (key, public) = keys();
    p.set("MY_KEY", &key);
    p.release();
    let first = p.dist_files();
    p.release();
    assert_eq!(p.dist_files(), first, "signatures are the same each time");
    std::fs::write(p.scratch.path().join("k.pub"), public).unwrap();
    let public = p.scratch.path().join("k.pub").display().to_string();
    let file = |end: &str| {
        let name = first.keys().find(|n| n.ends_with(end)).unwrap_or_else(|| panic!("no {end}"));
        p.dist().join(name).display().to_string()
    };
    assert!(!first.keys().any(|n| n.ends_with(".provenance.json")), "a bare statement beside the signed one");
    let (archive, sums) = (file(".tar.gz"), file("_checksums.txt"));
    let types = ["https://slsa.dev/provenance/v1", "https://slsa.dev/verification_summary/v1"];
    for (end, kind) in [(".provenance.sigstore.json", types[0]), (".vsa.sigstore.json", types[1])] {
        for of in [&archive, &sums] {
            let r = p.run(&["verify", "--key", &public, "--bundle", &file(end), of]);
            assert!(r.status == 0 && r.stdout.contains(kind), "{} {}", r.stdout, r.stderr);
        }
    }
    let Some(cosign) = support::go_tool("cosign") else { return };
    let verify = |bundle: &str, kind: &str, of: &str| {
        let args = ["verify-blob-attestation", "--key", &public, "--insecure-ignore-tlog=true", "--bundle"];
        let mut c = std::process::Command::new(&cosign);
        c.args(args).args([bundle, "--type", kind, of]).env_clear().env("HOME", p.scratch.path());
        support::ran(&c.output().unwrap())
    };
    for of in [&archive, &sums] {
        let r = verify(&file(".provenance.sigstore.json"), "slsaprovenance1", of);
        assert!(r.status == 0 && r.stderr.contains("Verified OK"), "{}", r.stderr);
        let r = verify(&file(".vsa.sigstore.json"), types[1], of);
        assert!(r.status == 0 && r.stderr.contains("Verified OK"), "{}", r.stderr);
    }
    assert_ne!(verify(&file(".vsa.sigstore.json"), "slsaprovenance1", &archive).status, 0);
    assert_ne!(
        verify(&file(".provenance.sigstore.json"), "slsaprovenance1", &file("metadata.json")).status,
        0
    );
}
