//! `goferry verify DIR`: a real release as its user gets it, and everything that can have happened to it on the way.

#![expect(clippy::unwrap_used, reason = "what a test cannot set up has failed")]

mod support;

use std::path::{Path, PathBuf};
use support::{Project, Ran};

const CONFIG: &str = "targets = [\"linux/amd64\", \"windows/arm64\"]\n[sign]\nkey = \"env://MY_KEY\"\n";

struct Release {
    project: Project,
    key: String,
    /// What a user downloads.
    folder: PathBuf,
}

fn keys() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../supply/tests/keys")
}

/// A signed release of the tag, and a copy of what is handed to users.
fn release(skip: &str) -> Release {
    let mut project = Project::new(&[("goferry.toml", CONFIG)]);
    project.set("MY_KEY", &std::fs::read_to_string(keys().join("p256.pkcs8.pem")).unwrap());
    let r = project.run(&["release", "--clean", "--skip", skip]);
    assert_eq!(r.status, 0, "{}", r.stderr);
    let folder = project.scratch.path().join("downloads");
    std::fs::create_dir(&folder).unwrap();
    for (name, bytes) in project.dist_files() {
        if !name.contains('/') && name.starts_with("tiny_") {
            std::fs::write(folder.join(name), bytes).unwrap();
        }
    }
    Release { project, key: keys().join("p256.pub").display().to_string(), folder }
}

impl Release {
    fn verify(&self, args: &[&str]) -> Ran {
        let mut c = self.project.command(&["verify"]);
        c.args(args).current_dir(&self.folder);
        support::ran(&c.output().unwrap())
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.folder).unwrap();
        entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
    }
}

#[test]
fn a_release_is_proved_whole_and_in_part_and_every_change_is_found() {
    let r = release("publish");
    let key = ["--key", r.key.as_str()];
    let expected =
        ["--source", "https://git.example.com/x/tiny", "--source-tag", "v1.2.3", "--version", "1.2.3"];
    let whole = r.verify(&[&key[..], &expected, &["."]].concat());
    assert_eq!(whole.status, 0, "{}", whole.stderr);
    assert!(
        whole.stdout.contains("every file is signed as asked for") && whole.stderr.is_empty(),
        "{}",
        whole.stdout
    );
    assert!(!whole.stdout.contains("not proved"), "{}", whole.stdout);
    let of_module = r.verify(&[&key[..], &["--source", "example.com/tiny", "."]].concat());
    assert_eq!(of_module.status, 0, "{}", of_module.stderr);
    let archive = "tiny_1.2.3_linux_amd64.tar.gz";
    let part = r.verify(&[&key[..], &["--json", archive]].concat());
    let report: serde_json::Value = serde_json::from_str(&part.stdout).unwrap();
    assert_eq!((part.status, &report["verdict"]), (0, &"proved".into()), "{}", part.stderr);
    assert_eq!(report["files"].as_array().unwrap().len(), 1);
    assert_eq!(report["commit"], r.project.head());
    let nobody = r.verify(&["."]);
    assert!(nobody.status == 0 && nobody.stdout.contains("who made them is not proved"), "{}", nobody.stdout);
    let (private, other) = (keys().join("p384.pub").display().to_string(), "1.2.2");
    for (args, word) in [
        (vec!["--key", private.as_str(), "."], "signature does not hold"),
        (vec!["--key", r.key.as_str(), "--version", other, "."], "1.2.2 was expected"),
        (vec!["--key", r.key.as_str(), "--source", "git.example.com/x/other", "."], "other was expected"),
        (
            vec![
                "--certificate-identity",
                "a@example.com",
                "--certificate-oidc-issuer",
                "https://i.example.com",
                ".",
            ],
            "no certificate signed it",
        ),
    ] {
        let bad = r.verify(&args);
        assert!(bad.status == 4 && bad.stderr.contains(word), "{args:?}: {} {}", bad.status, bad.stderr);
        assert!(!bad.stdout.contains("every file"), "{}", bad.stdout);
    }
    // In dist/ the maker's notes are passed over, and the programs beside the archives are compared.
    let dist = r.project.run(&["verify", "--key", &r.key, "dist"]);
    assert!(
        dist.status == 0 && dist.stdout.contains("metadata.json: not checked"),
        "{} {}",
        dist.stdout,
        dist.stderr
    );
    let program = r.project.dist().join("tiny_linux_amd64_v1/tiny");
    flip(&program, 1000);
    let dist = r.project.run(&["verify", "--key", &r.key, "dist"]);
    assert!(dist.status == 4 && dist.stderr.contains("tiny_linux_amd64_v1/tiny"), "{}", dist.stderr);
    // One bit, anywhere.
    for name in r.names() {
        let path = r.folder.join(&name);
        let good = std::fs::read(&path).unwrap();
        for at in [0, good.len() / 3, good.len() / 2, good.len() - 1] {
            flip(&path, at);
            let bad = r.verify(&[&key[..], &["."]].concat());
            assert_eq!(bad.status, 4, "{name} at {at}: {}", bad.stdout);
            std::fs::write(&path, &good).unwrap();
        }
    }
    std::fs::write(r.folder.join("extra"), "x").unwrap();
    assert_eq!(r.verify(&[&key[..], &["."]].concat()).status, 4, "an extra file");
    std::fs::remove_file(r.folder.join("extra")).unwrap();
    std::fs::remove_file(r.folder.join("tiny_1.2.3_windows_arm64.zip")).unwrap();
    let missing = r.verify(&[&key[..], &["."]].concat());
    assert!(missing.status == 4 && missing.stderr.contains("windows_arm64.zip is not proved: it is missing"));
    assert_eq!(r.verify(&[&key[..], &[archive]].concat()).status, 0, "and nobody asked about it");
}

/// The document of another build in the place of this one's: signed well, and about other modules.
#[test]
fn a_bill_of_another_build_is_found() {
    let r = release("publish,sign");
    let name = r.names().into_iter().find(|n| n.ends_with("linux_amd64.tar.gz.cdx.json")).unwrap();
    let whole = r.verify(&["."]);
    assert!(
        whole.status == 0 && whole.stdout.contains("SBOMs name the modules"),
        "{} {}",
        whole.stdout,
        whole.stderr
    );
    let path = r.folder.join(&name);
    let good: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let change = |f: &dyn Fn(&mut serde_json::Value)| {
        let mut bad = good.clone();
        f(&mut bad);
        std::fs::write(&path, bad.to_string()).unwrap();
        // What vouches for it is made anew, as whoever exchanged it would.
        for n in r
            .names()
            .iter()
            .filter(|n| n.contains(".provenance.") || n.contains(".vsa.") || n.contains("checksums"))
        {
            let _ = std::fs::remove_file(r.folder.join(n));
        }
        let sums: String = r
            .names()
            .iter()
            .map(|n| {
                let done =
                    std::process::Command::new("sha256sum").arg(n).current_dir(&r.folder).output().unwrap();
                String::from_utf8(done.stdout).unwrap()
            })
            .collect();
        std::fs::write(r.folder.join("checksums.txt"), sums).unwrap();
        let bad = r.verify(&["."]);
        std::fs::remove_file(r.folder.join("checksums.txt")).unwrap();
        bad
    };
    let same = change(&|_| {});
    assert_eq!(same.status, 0, "{}", same.stderr);
    let module = serde_json::json!({"type": "library", "name": "example.com/x", "purl": "pkg:golang/example.com/x@v1.0.0"});
    for (bad, word) in [
        (
            change(&|v| v["components"].as_array_mut().unwrap().push(module.clone())),
            "it names example.com/x v1.0.0",
        ),
        (
            change(&|v| v["metadata"]["component"]["purl"] = "pkg:golang/example.com/other@v1.2.3".into()),
            "no program here is",
        ),
        (
            change(&|v| {
                for c in v["components"].as_array_mut().unwrap() {
                    if c["name"] == "stdlib" {
                        c["purl"] = "pkg:golang/stdlib@1.2.3".into();
                    }
                }
            }),
            "another version of the standard library",
        ),
    ] {
        assert!(bad.status == 4 && bad.stderr.contains(word), "{word}: {} {}", bad.status, bad.stderr);
    }
}

fn flip(path: &Path, at: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[at] ^= 1 << (at % 8);
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn nothing_signed_and_nothing_to_compare_is_no_success() {
    let r = release("publish,sign,provenance,checksum");
    let nothing = r.verify(&["."]);
    assert!(nothing.status == 2 && nothing.stderr.contains("nothing-to-verify"), "{}", nothing.stderr);
    assert!(!nothing.stdout.contains("proved\n") && !nothing.stdout.contains("ok"), "{}", nothing.stdout);
    let asked = r.verify(&["--key", &r.key, "."]);
    assert_eq!(asked.status, 4, "{}", asked.stdout);
    for (args, status) in [(vec!["missing"], 1), (vec![".", "tiny"], 2), (vec!["--bundle", "b", "tiny"], 2)] {
        assert_eq!(r.verify(&args).status, status, "{args:?}");
    }
}

/// A certificate that was not valid when it signed, and one that was; from the public vectors of Sigstore's clients.
/// `go build main.go` makes a program that names no module; and what a release left undone is no release.
#[test]
fn a_program_that_was_built_from_files_is_proved_too() {
    let yaml = "version: 2\nbuilds:\n  - env: [CGO_ENABLED=0]\n    goos: [linux]\n    goarch: [amd64]\n    main: ./main.go\n";
    let p = Project::new(&[(".goreleaser.yaml", yaml)]);
    p.release();
    let verify = || p.run(&["verify", "dist"]);
    let r = verify();
    assert!(r.status == 0 && r.stdout.contains("programs are those of the provenance"), "{}", r.stderr);
    std::fs::write(p.dist().join(".goferry-incomplete"), "").unwrap();
    let r = verify();
    assert!(r.status == 2 && r.stderr.contains("dist is not whole"), "{} {}", r.status, r.stderr);
}

#[test]
fn an_expired_certificate_proves_nothing() {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/sigstore-bundle-verify");
    if !vectors.is_dir() {
        assert!(std::env::var_os("CI").is_none(), "the vectors are missing");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let of = |name: &str, file: &str| {
        let from = vectors.join(name);
        let to = dir.path().join(name);
        std::fs::create_dir(&to).unwrap();
        let own = from.join("artifact");
        std::fs::copy(if own.is_file() { own } else { vectors.join("a.txt") }, to.join(file)).unwrap();
        std::fs::copy(from.join("bundle.sigstore.json"), to.join(format!("{file}.sigstore.json"))).unwrap();
        let mut args = vec!["verify".to_owned()];
        for (flag, value) in [("--certificate-identity", IDENTITY), ("--certificate-oidc-issuer", ISSUER)] {
            args.extend([flag.to_owned(), value.to_owned()]);
        }
        if from.join("trusted_root.json").is_file() {
            args.extend(["--trusted-root".to_owned(), from.join("trusted_root.json").display().to_string()]);
        }
        args.push(to.display().to_string());
        let done = std::process::Command::new(env!("CARGO_BIN_EXE_goferry")).args(&args).output().unwrap();
        support::ran(&done)
    };
    let good = of("happy-path-v0.3-new-mediaType", "a.txt");
    assert!(good.status == 0 && good.stdout.contains("every file"), "{} {}", good.stdout, good.stderr);
    let bad = of("intoto-expired-certificate_fail", "d.txt");
    assert!(bad.status == 4 && bad.stderr.contains("does not hold"), "{} {}", bad.status, bad.stderr);
}

const IDENTITY: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const ISSUER: &str = "https://token.actions.githubusercontent.com";

#[test]
fn a_key_of_openssh_signs_the_statements_beside_them() {
    let mut p = Project::new(&[("goferry.toml", CONFIG)]);
    p.set("MY_KEY", &std::fs::read_to_string(keys().join("ssh.ed25519")).unwrap());
    p.release();
    let names: Vec<String> = p.dist_files().into_keys().collect();
    for end in [".provenance.json", ".provenance.json.sig", ".vsa.json", ".vsa.json.sig"] {
        assert!(names.iter().any(|n| n.ends_with(end)), "{end} {names:?}");
    }
    let key = keys().join("ssh.ed25519.pub").display().to_string();
    let r = p.run(&["verify", "--key", &key, "--source", "git.example.com/x/tiny", "dist"]);
    assert_eq!(r.status, 0, "{} {}", r.stdout, r.stderr);
    let other = keys().join("ssh.ecdsa.pub").display().to_string();
    assert_eq!(p.run(&["verify", "--key", &other, "dist"]).status, 4);
}
