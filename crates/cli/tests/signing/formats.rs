//! minisign and ssh: each signs what the other verifies.

use crate::support::{Project, ran};
use crate::{Check, artifacts, find, stem, tool, tool_ok};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

pub(crate) const CHECKS: &[Check] = &[
    ("minisign-and-goferry-agree", &["minisign"], minisign),
    ("minisign-with-a-password", &["minisign"], minisign_password),
    ("ssh-keygen-and-goferry-agree", &["ssh-keygen"], ssh),
    ("a-release-is-signed-by-the-keys-own-form", &["minisign", "ssh-keygen"], stage),
    ("forms-are-not-mixed", &["minisign", "ssh-keygen"], mixed),
];

fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("f"), "hello\n").unwrap();
    std::fs::write(dir.path().join("g"), "world\n").unwrap();
    dir
}

fn goferry(dir: &Path, args: &[&str]) -> crate::support::Ran {
    let mut c = Command::new(env!("CARGO_BIN_EXE_goferry"));
    let r =
        ran(&c.current_dir(dir).args(args).env_clear().env("COSIGN_PASSWORD", "canary-pw").output().unwrap());
    assert!(!format!("{}{}", r.stdout, r.stderr).contains("canary"), "{}", r.stderr);
    r
}

fn goferry_ok(dir: &Path, args: &[&str]) -> String {
    let r = goferry(dir, args);
    assert_eq!(r.status, 0, "{args:?}: {}", r.stderr);
    r.stdout
}

fn minisign() {
    let dir = folder();
    let d = dir.path();
    tool_ok(d, "minisign", &[], &["-GW", "-p", "k.pub", "-s", "k.key"]);
    goferry_ok(d, &["sign", "--key", "k.key", "f"]);
    tool_ok(d, "minisign", &[], &["-Vm", "f", "-p", "k.pub"]);
    let first = std::fs::read(d.join("f.minisig")).unwrap();
    goferry_ok(d, &["sign", "--key", "k.key", "f"]);
    assert_eq!(std::fs::read(d.join("f.minisig")).unwrap(), first, "the same file has another signature");
    std::fs::copy(d.join("f.minisig"), d.join("g.minisig")).unwrap();
    assert_ne!(tool(d, "minisign", &[], &["-Vm", "g", "-p", "k.pub"]).status, 0);
    let said = goferry_ok(d, &["verify", "--key", "k.pub", "--bundle", "f.minisig", "f"]);
    assert_eq!(said, "f: signed by the key, who says: file:f    hashed\n");
    std::fs::copy(d.join("f"), d.join("newer")).unwrap();
    let r = goferry(d, &["verify", "--key", "k.pub", "--bundle", "f.minisig", "newer"]);
    assert!(r.status == 4 && r.stderr.contains("that was called f, not newer"), "{}", r.stderr);
    // The other way round, also with the old kind of signature, and the key as one line.
    let line = std::fs::read_to_string(d.join("k.pub")).unwrap().lines().nth(1).unwrap().to_owned();
    std::fs::write(d.join("line.pub"), line).unwrap();
    for legacy in [false, true] {
        let args = ["-Sm", "f", "-s", "k.key", "-x", "m.minisig", "-t", "what is said"];
        let old = ["-l"];
        tool_ok(
            d,
            "minisign",
            &[],
            if legacy { [&args[..], &old[..]].concat() } else { args.to_vec() }.as_slice(),
        );
        let said = goferry_ok(d, &["verify", "--key", "line.pub", "--bundle", "m.minisig", "f"]);
        assert!(said.contains("what is said"), "{said}");
        let r = goferry(d, &["verify", "--key", "line.pub", "--bundle", "m.minisig", "g"]);
        assert!(r.status == 4 && r.stderr.contains("verification-failed"), "{}", r.stderr);
    }
    tool_ok(d, "minisign", &[], &["-GW", "-p", "o.pub", "-s", "o.key"]);
    let r = goferry(d, &["verify", "--key", "o.pub", "--bundle", "f.minisig", "f"]);
    assert!(r.status == 4 && r.stderr.contains("another key"), "{}", r.stderr);
}

/// minisign asks for the password on its standard input.
fn minisign_password() {
    let dir = folder();
    let d = dir.path();
    let mut c = Command::new(find("minisign").unwrap());
    c.current_dir(d).args(["-G", "-p", "k.pub", "-s", "k.key"]);
    let mut child = c.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"canary-pw\ncanary-pw\n").unwrap();
    assert!(child.wait().unwrap().success());
    goferry_ok(d, &["sign", "--key", "k.key", "f"]);
    tool_ok(d, "minisign", &[], &["-Vm", "f", "-p", "k.pub"]);
    let mut c = Command::new(env!("CARGO_BIN_EXE_goferry"));
    c.current_dir(d).args(["sign", "--key", "k.key", "g"]).env_clear();
    let r = ran(&c.output().unwrap());
    assert!(r.status == 2 && r.stderr.contains("key-password"), "{}", r.stderr);
    let r = ran(&c.env("COSIGN_PASSWORD", "canary-other").output().unwrap());
    assert!(
        r.status == 2 && r.stderr.contains("key-password") && !r.stderr.contains("canary"),
        "{}",
        r.stderr
    );
    assert!(!d.join("g.minisig").exists());
}

fn ssh_verify(d: &Path, signature: &str, file: &str) -> bool {
    let mut c = Command::new(find("ssh-keygen").unwrap());
    c.current_dir(d).args(["-Y", "verify", "-f", "allowed", "-I", "me", "-n", "file", "-s", signature]);
    let stdin = std::fs::File::open(d.join(file)).unwrap();
    c.stdin(stdin).output().unwrap().status.success()
}

fn ssh() {
    let dir = folder();
    let d = dir.path();
    for (kind, password) in [("ed25519", ""), ("ecdsa", ""), ("ed25519", "canary-pw"), ("ecdsa", "canary-pw")]
    {
        for name in ["k", "k.pub"] {
            let _ = std::fs::remove_file(d.join(name));
        }
        tool_ok(d, "ssh-keygen", &[], &["-q", "-t", kind, "-N", password, "-C", "me", "-f", "k"]);
        let public = std::fs::read_to_string(d.join("k.pub")).unwrap();
        std::fs::write(d.join("allowed"), format!("me {public}")).unwrap();
        goferry_ok(d, &["sign", "--key", "k", "f"]);
        assert!(ssh_verify(d, "f.sig", "f") && !ssh_verify(d, "f.sig", "g"), "{kind}");
        goferry_ok(d, &["verify", "--key", "k.pub", "--bundle", "f.sig", "f"]);
        assert_eq!(goferry(d, &["verify", "--key", "k.pub", "--bundle", "f.sig", "g"]).status, 4);
        if password.is_empty() {
            std::fs::remove_file(d.join("f.sig")).unwrap();
            tool_ok(d, "ssh-keygen", &[], &["-q", "-Y", "sign", "-n", "file", "-f", "k", "f"]);
            goferry_ok(d, &["verify", "--key", "allowed", "--bundle", "f.sig", "f"]);
        }
    }
    for kind in ["rsa", "ecdsa"] {
        let bits = if kind == "rsa" { "2048" } else { "521" };
        tool_ok(d, "ssh-keygen", &[], &["-q", "-t", kind, "-b", bits, "-N", "", "-f", &format!("{kind}.no")]);
        let r = goferry(d, &["sign", "--key", &format!("{kind}.no"), "f"]);
        assert!(r.status == 2 && r.stderr.contains("Ed25519 and P-256 sign here"), "{}", r.stderr);
    }
}

fn stage() {
    let p = Project::new(&[("goferry.toml", "targets = [\"linux/amd64\"]\n[sign]\nkey = \"../m.key\"\n")]);
    let d = p.scratch.path().to_owned();
    tool_ok(&d, "minisign", &[], &["-GW", "-p", "m.pub", "-s", "m.key"]);
    tool_ok(&d, "ssh-keygen", &[], &["-q", "-t", "ed25519", "-N", "", "-C", "me", "-f", "s"]);
    p.release();
    let sums = format!("{}_checksums.txt", stem(&p));
    // Such a key signs files and attests nothing: the provenance is a bare statement with a signature beside it.
    let signed = [format!("{}.provenance.json", stem(&p)), format!("{}.vsa.json", stem(&p)), sums];
    let names = |p: &Project| -> std::collections::BTreeSet<String> {
        artifacts(p, &["Signature"]).into_iter().map(|a| a.1).collect()
    };
    assert_eq!(names(&p), signed.iter().map(|f| format!("{f}.minisig")).collect());
    for file in &signed {
        tool_ok(&p.dist(), "minisign", &[], &["-Vm", file, "-p", "../../m.pub"]);
    }
    let r = p.run(&["verify", "--key", "../m.pub", "dist"]);
    assert!(r.status == 0 && r.stdout.contains("every file is signed"), "{}{}", r.stdout, r.stderr);
    p.write("goferry.toml", "targets = [\"linux/amd64\"]\n[sign]\nkey = \"../s\"\n");
    p.commit("ssh");
    p.release();
    let sums = format!("{}_checksums.txt", stem(&p));
    assert!(names(&p).contains(&format!("{sums}.sig")), "{:?}", names(&p));
    let public = std::fs::read_to_string(d.join("s.pub")).unwrap();
    std::fs::write(p.dist().join("allowed"), format!("me {public}")).unwrap();
    assert!(ssh_verify(&p.dist(), &format!("{sums}.sig"), &sums));
}

fn mixed() {
    let dir = folder();
    let d = dir.path();
    tool_ok(d, "minisign", &[], &["-GW", "-p", "m.pub", "-s", "m.key"]);
    tool_ok(d, "ssh-keygen", &[], &["-q", "-t", "ed25519", "-N", "", "-f", "s"]);
    goferry_ok(d, &["sign", "--generate-key", "c"]);
    for key in ["m.key", "s", "c.key"] {
        goferry_ok(d, &["sign", "--key", key, "f"]);
    }
    for (key, own) in [("m.pub", "f.minisig"), ("s.pub", "f.sig"), ("c.pub", "f.sigstore.json")] {
        for signature in ["f.minisig", "f.sig", "f.sigstore.json"] {
            let r = goferry(d, &["verify", "--key", key, "--bundle", signature, "f"]);
            assert_eq!(r.status, if signature == own { 0 } else { 4 }, "{key} {signature}: {}", r.stderr);
        }
    }
    std::fs::write(d.join("p.json"), "{}").unwrap();
    let r = goferry(d, &["attest", "--key", "s", "--type", "custom", "--predicate", "p.json", "f"]);
    assert!(r.status == 2 && r.stderr.contains("only cosign's kind of key attests"), "{}", r.stderr);
}
