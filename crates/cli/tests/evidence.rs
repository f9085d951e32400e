//! Signing, attesting and verifying, against the real cosign 3: it verifies what goferry signs, and goferry what it signs. Without cosign those tests are counted as
//! skipped, but not in CI.
#![expect(clippy::unwrap_used, reason = "what a test cannot set up has failed")]

mod support;

use libtest_mimic::{Arguments, Trial};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use support::{Ran, ran};

const CANARY: &str = "canary-password-1";

type Check = (&'static str, bool, fn(&Bench));

/// Name, whether it needs cosign, what it does.
const CHECKS: &[Check] = &[
    ("cosign-verifies-a-signature-of-goferry", true, cosign_verifies_a_blob),
    ("cosign-verifies-an-attestation-of-goferry", true, cosign_verifies_an_attestation),
    ("goferry-signs-with-a-key-of-cosign", true, keys_of_cosign),
    ("cosign-signs-with-a-key-of-goferry", true, keys_for_cosign),
    ("goferry-verifies-what-cosign-signs", true, bundles_of_cosign),
    ("goferry-verifies-what-goferry-signs", false, own_bundles),
    ("a-bundle-that-proves-nothing-is-refused", false, refused_bundles),
    ("the-same-input-gives-the-same-bundle", false, deterministic),
    ("no-key-is-written-over", false, no_key_is_lost),
    ("what-is-wrong-is-said-without-secrets", false, refusals),
];

fn main() -> ExitCode {
    let args = Arguments::from_args();
    let cosign = find_cosign();
    assert!(cosign.is_some() || std::env::var_os("CI").is_none(), "CI has cosign");
    let trials = CHECKS.iter().map(|&(name, needs_cosign, check)| {
        let cosign = cosign.clone();
        let skipped = needs_cosign && cosign.is_none();
        Trial::test(name, move || {
            check(&Bench::new(cosign));
            Ok(())
        })
        .with_ignored_flag(skipped)
    });
    let conclusion = libtest_mimic::run(&args, trials.collect());
    conclusion.exit_code()
}

/// On PATH, or where `go install` puts it.
fn find_cosign() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let home = std::env::var_os("HOME").map(|h| Path::new(&h).join("go/bin"));
    std::env::split_paths(&path).chain(home).map(|d| d.join("cosign")).find(|p| p.is_file())
}

/// A folder with files, and both programs.
struct Bench {
    dir: tempfile::TempDir,
    cosign: Option<PathBuf>,
}

impl Bench {
    fn new(cosign: Option<PathBuf>) -> Bench {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("f"), "hello\n").unwrap();
        std::fs::write(dir.path().join("g"), "world\n").unwrap();
        std::fs::write(dir.path().join("p.json"), r#"{"buildDefinition": {"n": 1}, "runDetails": {}}"#)
            .unwrap();
        Bench { dir, cosign }
    }

    fn run(&self, mut command: Command, args: &[&str], password: Option<&str>) -> Ran {
        command.current_dir(self.dir.path()).args(args).env_clear().env("HOME", self.dir.path());
        if let Some(password) = password {
            command.env("COSIGN_PASSWORD", password);
        }
        let ran = ran(&command.output().unwrap());
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(!said.contains("canary"), "a secret is shown: {said}");
        ran
    }

    fn goferry(&self, args: &[&str]) -> Ran {
        self.run(Command::new(env!("CARGO_BIN_EXE_goferry")), args, Some(CANARY))
    }

    fn signed(&self, args: &[&str]) {
        let r = self.goferry(args);
        assert_eq!(r.status, 0, "{args:?}: {}", r.stderr);
    }

    fn cosign(&self, args: &[&str]) -> Ran {
        self.run(Command::new(self.cosign.as_ref().unwrap()), args, Some(CANARY))
    }

    fn cosign_ok(&self, args: &[&str]) {
        let r = self.cosign(args);
        assert_eq!(r.status, 0, "{args:?}: {}", r.stderr);
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.dir.path().join(name)).unwrap()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.dir.path().join(name), text).unwrap();
    }
}

const NO_LOG: &str = "--insecure-ignore-tlog=true";

fn cosign_verifies_a_blob(b: &Bench) {
    b.signed(&["sign", "--generate-key", "k"]);
    b.signed(&["sign", "--key", "k.key", "--bundle", "f.json", "f"]);
    let verify = |file| b.cosign(&["verify-blob", "--key", "k.pub", "--bundle", "f.json", NO_LOG, file]);
    let right = verify("f");
    assert!(right.status == 0 && right.stderr.contains("Verified OK"), "{}", right.stderr);
    assert_ne!(verify("g").status, 0, "another file verifies");
}

fn cosign_verifies_an_attestation(b: &Bench) {
    b.signed(&["sign", "--generate-key", "k"]);
    for kind in ["slsaprovenance1", "cyclonedx", "https://example.com/own/v1"] {
        b.signed(&[
            "attest",
            "--key",
            "k.key",
            "--type",
            kind,
            "--predicate",
            "p.json",
            "--bundle",
            "a.json",
            "f",
            "g",
        ]);
        let verify = |kind, file| {
            let args = [
                "verify-blob-attestation",
                "--key",
                "k.pub",
                "--bundle",
                "a.json",
                NO_LOG,
                "--type",
                kind,
                file,
            ];
            b.cosign(&args)
        };
        for file in ["f", "g"] {
            let right = verify(kind, file);
            assert!(right.status == 0 && right.stderr.contains("Verified OK"), "{kind}: {}", right.stderr);
        }
        assert_ne!(verify("spdx", "f").status, 0, "another type verifies");
        assert_ne!(verify(kind, "p.json").status, 0, "another file verifies");
    }
}

fn keys_of_cosign(b: &Bench) {
    b.cosign_ok(&["generate-key-pair"]);
    b.signed(&["sign", "--key", "cosign.key", "f"]);
    b.cosign_ok(&["verify-blob", "--key", "cosign.pub", "--bundle", "f.sigstore.json", NO_LOG, "f"]);
    // A key that openssl made and cosign took over is of the older kind of label in some releases; Ed25519 too.
    let keys = Path::new(env!("CARGO_MANIFEST_DIR")).join("../supply/tests/keys");
    for name in ["p256.pkcs8.pem", "ed25519.pem"] {
        let key = keys.join(name);
        let key = key.to_str().unwrap();
        b.cosign_ok(&["import-key-pair", "--yes", "--key", key, "--output-key-prefix", "imported"]);
        b.signed(&["sign", "--key", "imported.key", "--bundle", "sealed.json", "f"]);
        b.signed(&["sign", "--key", key, "--bundle", "plain.json", "f"]);
        assert_eq!(b.read("sealed.json"), b.read("plain.json"));
        b.cosign_ok(&["verify-blob", "--key", "imported.pub", "--bundle", "plain.json", NO_LOG, "f"]);
    }
}

fn keys_for_cosign(b: &Bench) {
    b.signed(&["sign", "--generate-key", "k"]);
    let sign = ["sign-blob", "--key", "k.key", "--use-signing-config=false", "--tlog-upload=false"];
    b.cosign_ok(&[&sign[..], &["--bundle", "f.json", "f"]].concat());
    b.cosign_ok(&["verify-blob", "--key", "k.pub", "--bundle", "f.json", NO_LOG, "f"]);
}

fn bundles_of_cosign(b: &Bench) {
    let keys = Path::new(env!("CARGO_MANIFEST_DIR")).join("../supply/tests/keys");
    for name in ["p256.pkcs8.pem", "ed25519.pem", "p384.pem"] {
        let key = keys.join(name);
        let (key, no_log) = (key.to_str().unwrap(), ["--use-signing-config=false", "--tlog-upload=false"]);
        b.cosign_ok(&["import-key-pair", "--yes", "--key", key, "--output-key-prefix", "c"]);
        b.cosign_ok(&[&["sign-blob", "--key", "c.key", "--bundle", "s.json"], &no_log[..], &["f"]].concat());
        let attest = [
            "attest-blob",
            "--key",
            "c.key",
            "--bundle",
            "a.json",
            "--type",
            "slsaprovenance1",
            "--predicate",
            "p.json",
        ];
        b.cosign_ok(&[&attest[..], &no_log[..], &["f"]].concat());
        for bundle in ["s.json", "a.json"] {
            b.signed(&["verify", "--key", "c.pub", "--bundle", bundle, "f"]);
            assert_eq!(b.goferry(&["verify", "--key", "c.pub", "--bundle", bundle, "g"]).status, 4);
        }
        // As a user finds it: P-384 has another digest in its bundle, and Ed25519 none.
        let folder = b.dir.path().join(format!("of-{name}"));
        std::fs::create_dir(&folder).unwrap();
        std::fs::copy(b.dir.path().join("f"), folder.join("f")).unwrap();
        std::fs::copy(b.dir.path().join("s.json"), folder.join("f.sigstore.json")).unwrap();
        b.signed(&["verify", "--key", "c.pub", folder.to_str().unwrap()]);
    }
}

fn own_bundles(b: &Bench) {
    let key = Path::new(env!("CARGO_MANIFEST_DIR")).join("../supply/tests/keys/p256.encrypted.pem");
    let public = key.with_file_name("p256.pub");
    std::fs::copy(key.with_file_name("p256.pkcs8.pem"), b.dir.path().join("k")).unwrap();
    std::fs::copy(public, b.dir.path().join("k.pub")).unwrap();
    b.signed(&["sign", "--key", "k", "f"]);
    let r = b.goferry(&["verify", "--key", "k.pub", "--bundle", "f.sigstore.json", "f"]);
    assert!(r.status == 0 && r.stdout == "f: signed by the key\n", "{} {}", r.stdout, r.stderr);
    b.signed(&[
        "attest",
        "--key",
        "k",
        "--type",
        "cyclonedx",
        "--predicate",
        "p.json",
        "--bundle",
        "a.json",
        "f",
        "g",
    ]);
    let r = b.goferry(&["verify", "--json", "--key", "k.pub", "--bundle", "a.json", "f", "g"]);
    assert_eq!(r.status, 0, "{}", r.stderr);
    let proofs: serde_json::Value = serde_json::from_str(&r.stdout).unwrap();
    assert_eq!(proofs.as_array().unwrap().len(), 2);
    assert_eq!(proofs[1]["statement"]["predicateType"], "https://cyclonedx.org/bom");
    assert_eq!(proofs[1]["statement"]["predicate"]["buildDefinition"]["n"], 1);
    assert_eq!(proofs[1]["logged"], false);
}

fn refused_bundles(b: &Bench) {
    let keys = Path::new(env!("CARGO_MANIFEST_DIR")).join("../supply/tests/keys");
    for name in ["p256.pkcs8.pem", "p256.pub", "p384.pub", "rsa.pub"] {
        std::fs::copy(keys.join(name), b.dir.path().join(name)).unwrap();
    }
    b.signed(&["sign", "--key", "p256.pkcs8.pem", "--bundle", "s.json", "f"]);
    b.signed(&[
        "attest",
        "--key",
        "p256.pkcs8.pem",
        "--type",
        "spdx",
        "--predicate",
        "p.json",
        "--bundle",
        "a.json",
        "f",
    ]);
    b.write("root.json", r#"{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}"#);
    let by_key = |key, bundle, file| b.goferry(&["verify", "--key", key, "--bundle", bundle, file]);
    for (r, status, want) in [
        (by_key("p256.pub", "s.json", "g"), 4, "digest"),
        (by_key("p256.pub", "a.json", "g"), 4, "any subject"),
        (by_key("p384.pub", "s.json", "f"), 4, "verification-failed"),
        (by_key("rsa.pub", "a.json", "f"), 4, "verification-failed"),
        (by_key("p256.pub", "p.json", "f"), 4, "the bundle is not one"),
        (by_key("p256.pub", "missing", "f"), 1, "error[io]"),
        (by_key("p256.pub", "s.json", "missing"), 1, "error[io]"),
        (by_key("f", "s.json", "f"), 2, "key-unusable"),
        // A trusted root that the user names has the logs that are asked for.
        (
            b.goferry(&[
                "verify",
                "--key",
                "p256.pub",
                "--trusted-root",
                "root.json",
                "--bundle",
                "s.json",
                "f",
            ]),
            4,
            "inclusion proof",
        ),
        (
            b.goferry(&["verify", "--key", "p256.pub", "--trusted-root", "f", "--bundle", "s.json", "f"]),
            2,
            "trusted-root-unusable",
        ),
        (
            b.goferry(&[
                "verify",
                "--certificate-identity",
                "a@example.com",
                "--certificate-oidc-issuer",
                "https://example.com",
                "--bundle",
                "s.json",
                "f",
            ]),
            4,
            "certificate",
        ),
        (b.goferry(&["verify", "--bundle", "s.json", "f"]), 2, "--certificate-identity"),
        (
            b.goferry(&["verify", "--certificate-identity", "a@example.com", "--bundle", "s.json", "f"]),
            2,
            "oidc-issuer",
        ),
    ] {
        assert!(r.status == status && r.stderr.contains(want), "{want}: {} {}", r.status, r.stderr);
        assert!(r.stdout.is_empty(), "{}", r.stdout);
    }
    // One other bit of the signature.
    let bundle: serde_json::Value = serde_json::from_str(&b.read("s.json")).unwrap();
    let signature = bundle["messageSignature"]["signature"].as_str().unwrap();
    for at in [10, 20, 40, 60, 80] {
        let other = if &signature[at..=at] == "A" { "B" } else { "A" };
        let changed = format!("{}{other}{}", &signature[..at], &signature[at + 1..]);
        b.write("changed.json", &bundle.to_string().replace(signature, &changed));
        assert_eq!(by_key("p256.pub", "changed.json", "f").status, 4);
    }
}

fn deterministic(b: &Bench) {
    b.signed(&["sign", "--generate-key", "k"]);
    for _ in 0..2 {
        b.signed(&["sign", "--key", "k.key", "f", "g"]);
        b.signed(&[
            "attest",
            "--key",
            "k.key",
            "--type",
            "custom",
            "--predicate",
            "p.json",
            "--bundle",
            "a.json",
            "f",
            "g",
        ]);
        for name in ["f.sigstore.json", "g.sigstore.json", "a.json"] {
            let first = format!("first-{name}");
            match b.dir.path().join(&first).exists() {
                false => b.write(&first, &b.read(name)),
                true => assert_eq!(b.read(&first), b.read(name)),
            }
        }
    }
    assert_ne!(b.read("f.sigstore.json"), b.read("g.sigstore.json"));
}

fn no_key_is_lost(b: &Bench) {
    b.signed(&["sign", "--generate-key", "k"]);
    let (private, public) = (b.read("k.key"), b.read("k.pub"));
    let again = b.goferry(&["sign", "--generate-key", "k"]);
    assert!(again.status == 2 && again.stderr.contains("key-unusable"), "{}", again.stderr);
    std::fs::remove_file(b.dir.path().join("k.key")).unwrap();
    assert_eq!(b.goferry(&["sign", "--generate-key", "k"]).status, 2);
    assert!(!b.dir.path().join("k.key").exists(), "half of a pair was written");
    assert_eq!(b.read("k.pub"), public);
    assert!(!private.contains("-----BEGIN PRIVATE KEY"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        b.signed(&["sign", "--generate-key", "l"]);
        let mode = std::fs::metadata(b.dir.path().join("l.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

fn refusals(b: &Bench) {
    b.signed(&["sign", "--generate-key", "k"]);
    let goferry = || Command::new(env!("CARGO_BIN_EXE_goferry"));
    for (password, args, status, want) in [
        (None, &["sign", "--key", "k.key", "f"][..], 2, "key-password"),
        (Some("canary-other"), &["sign", "--key", "k.key", "f"], 2, "key-password"),
        (None, &["sign", "--generate-key", "l"], 2, "key-password"),
        (None, &["sign", "--key", "k.pub", "f"], 2, "key-unusable"),
        (None, &["sign", "--key", "env://NO_SUCH_KEY", "f"], 2, "key-unusable"),
        (None, &["sign", "--key", "missing.key", "f"], 2, "key-unusable"),
        (Some(CANARY), &["sign", "--key", "k.key", "missing"], 1, "error[io]"),
        (Some(CANARY), &["sign", "--key", "k.key", "--bundle", "x", "f", "g"], 2, "--bundle"),
        (
            Some(CANARY),
            &["attest", "--key", "k.key", "--type", "slsa", "--predicate", "p.json", "f"],
            2,
            "predicate-invalid",
        ),
        (
            Some(CANARY),
            &["attest", "--key", "k.key", "--type", "spdx", "--predicate", "f", "f"],
            2,
            "predicate-invalid",
        ),
        (None, &["sign", "f"], 5, "identity-token"),
    ] {
        let r = b.run(goferry(), args, password);
        assert!(r.status == status && r.stderr.contains(want), "{args:?}: {} {}", r.status, r.stderr);
        assert!(r.stdout.is_empty());
    }
}
