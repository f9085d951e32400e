//! Signing with an identity against a stand-in for Sigstore's services; goferry and the real cosign verify what comes of it.

use crate::fake::{BEARER, Fake, ISSUER, WHO};
use crate::support::{Project, Ran, ran};
use crate::{Check, artifacts, stem, tool, tool_ok};
use std::path::Path;
use std::process::Command;

pub(crate) const CHECKS: &[Check] = &[
    ("an-identity-signs-and-cosign-verifies", &["cosign"], cosign_verifies),
    ("cosign-signs-with-the-same-services", &["cosign"], cosign_signs),
    ("an-identity-attests", &["cosign"], attests),
    ("a-key-is-logged-where-asked", &["cosign"], logged_key),
    ("a-release-is-signed-with-an-identity", &["cosign"], stage),
    ("tokens-come-from-where-cosign-finds-them", &[], tokens),
    ("each-item-has-the-identity-of-its-own-env", &[], own_identities),
    ("services-that-fail-leave-nothing", &[], failures),
];

struct Bench {
    dir: tempfile::TempDir,
    fake: Fake,
}

impl Bench {
    fn new() -> Bench {
        let (dir, fake) = (tempfile::tempdir().unwrap(), Fake::start());
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        write("f", "hello\n");
        write("g", "world\n");
        write("p.json", r#"{"n": 1}"#);
        write("root.json", &fake.trusted_root());
        write("token", &fake.token(600));
        Bench { dir, fake }
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn goferry(&self, env: &[(&str, &str)], args: &[&str]) -> Ran {
        let mut c = Command::new(env!("CARGO_BIN_EXE_goferry"));
        c.current_dir(self.path()).args(args).env_clear().envs(env.iter().copied());
        let r = ran(&c.output().unwrap());
        let said = format!("{}{}", r.stdout, r.stderr);
        // No part of a token: its head, its claims or its signature.
        assert!(!said.contains("canary") && !said.contains("eyJ"), "a secret is shown: {said}");
        r
    }

    fn signed(&self, args: &[&str]) {
        let (fulcio, rekor) = (self.fake.url(""), self.fake.url(""));
        let own = ["--fulcio-url", &fulcio, "--rekor-url", &rekor, "--identity-token", "token"];
        let r = self.goferry(&[], &[args, &own[..]].concat());
        assert_eq!(r.status, 0, "{args:?}: {}", r.stderr);
    }

    fn verified(&self, bundle: &str, file: &str) -> Ran {
        let who = ["--certificate-identity", WHO, "--certificate-oidc-issuer", ISSUER];
        let args = ["verify", "--trusted-root", "root.json", "--bundle", bundle, file];
        self.goferry(&[], &[&args[..], &who[..]].concat())
    }

    fn cosign(&self, command: &str, bundle: &str, file: &str, more: &[&str]) -> Ran {
        let who = ["--certificate-identity", WHO, "--certificate-oidc-issuer", ISSUER];
        let args = [command, "--trusted-root", "root.json", "--bundle", bundle];
        tool(self.path(), "cosign", &[], &[&args[..], &who[..], more, &[file]].concat())
    }
}

fn proved(b: &Bench, bundle: &str) {
    let r = b.verified(bundle, "f");
    assert!(r.status == 0 && r.stdout.contains(", in a transparency log"), "{} {}", r.stdout, r.stderr);
    let r = b.cosign("verify-blob", bundle, "f", &[]);
    assert!(r.status == 0 && r.stderr.contains("Verified OK"), "{}", r.stderr);
    assert_eq!(b.verified(bundle, "g").status, 4);
    assert_ne!(b.cosign("verify-blob", bundle, "g", &[]).status, 0);
}

fn cosign_verifies() {
    let b = Bench::new();
    b.signed(&["sign", "--bundle", "b.json", "f"]);
    proved(&b, "b.json");
    // With a time of an authority as well.
    let tsa = b.fake.url("/timestamp");
    b.signed(&["sign", "--timestamp-url", &tsa, "f", "g"]);
    proved(&b, "f.sigstore.json");
    let text = std::fs::read_to_string(b.path().join("f.sigstore.json")).unwrap();
    assert!(text.contains("rfc3161Timestamps"), "{text}");
    // A log of the second version states no time of its own.
    let (fulcio, two) = (b.fake.url(""), b.fake.url("/two"));
    let args = [
        "sign",
        "--fulcio-url",
        &fulcio,
        "--rekor-url",
        &two,
        "--timestamp-url",
        &tsa,
        "--bundle",
        "two.json",
    ];
    let r = b.goferry(&[], &[&args[..], &["--identity-token", "token", "f"]].concat());
    assert_eq!(r.status, 0, "{}", r.stderr);
    proved(&b, "two.json");
    let text = std::fs::read_to_string(b.path().join("two.json")).unwrap();
    assert!(text.contains(r#""version":"0.0.2""#), "{text}");
    // Both files of the run before by one certificate: the second was not asked for.
    let asked = b.fake.asked();
    assert_eq!(asked.iter().filter(|p| p.ends_with("/signingCert")).count(), 3, "{asked:?}");
    // Another root has nothing to say of it.
    let who = ["--certificate-identity", WHO, "--certificate-oidc-issuer", ISSUER];
    let r = b.goferry(&[], &[&["verify", "--bundle", "b.json", "f"][..], &who[..]].concat());
    assert_eq!(r.status, 4, "{}", r.stderr);
}

/// The services are not made to fit goferry alone.
fn cosign_signs() {
    let b = Bench::new();
    let url = b.fake.url("");
    let args = [
        "sign-blob",
        "--yes",
        "--trusted-root",
        "root.json",
        "--use-signing-config=false",
        "--fulcio-url",
        &url,
        "--rekor-url",
        &url,
        "--identity-token",
        "token",
        "--bundle",
        "c.json",
        "f",
    ];
    tool_ok(b.path(), "cosign", &[], &args);
    proved(&b, "c.json");
}

fn attests() {
    let b = Bench::new();
    b.signed(&["attest", "--type", "slsaprovenance1", "--predicate", "p.json", "--bundle", "a.json", "f"]);
    let r = b.verified("a.json", "f");
    assert!(r.status == 0 && r.stdout.contains("attested"), "{} {}", r.stdout, r.stderr);
    assert_eq!(b.verified("a.json", "g").status, 4);
    let r = b.cosign("verify-blob-attestation", "a.json", "f", &["--type", "slsaprovenance1"]);
    assert!(r.status == 0 && r.stderr.contains("Verified OK"), "{}", r.stderr);
}

fn logged_key() {
    let b = Bench::new();
    let env = [("COSIGN_PASSWORD", "canary-pw")];
    assert_eq!(b.goferry(&env, &["sign", "--generate-key", "k"]).status, 0);
    // Twice: the log has the entry then, and gives it again.
    for _ in 0..2 {
        let r = b.goferry(&env, &["sign", "--key", "k.key", "--rekor-url", &b.fake.url(""), "f"]);
        assert_eq!(r.status, 0, "{}", r.stderr);
        let args = ["--key", "k.pub", "--trusted-root", "root.json", "--bundle", "f.sigstore.json", "f"];
        let r = b.goferry(&[], &[&["verify"][..], &args[..]].concat());
        assert!(r.status == 0 && r.stdout.contains("in a transparency log"), "{} {}", r.stdout, r.stderr);
        tool_ok(b.path(), "cosign", &[], &[&["verify-blob"][..], &args[..]].concat());
    }
    assert_eq!(b.goferry(&env, &["sign", "--key", "k.key", "g"]).status, 0);
    let asked = b.fake.asked();
    assert_eq!(asked.len(), 3, "a key asks for nothing unless told to: {asked:?}");
}

fn stage() {
    let fake = Fake::start();
    let url = fake.url("");
    let toml = format!(
        "targets = [\"linux/amd64\"]\n[sign]\nkeyless = true\nartifacts = \"all\"\nfulcio = \"{url}\"\nrekor = \"{url}/\"\n"
    );
    let mut p = Project::new(&[("goferry.toml", &toml)]);
    p.set("SIGSTORE_ID_TOKEN", &fake.token(600));
    p.release();
    let signatures = artifacts(&p, &["Signature"]);
    assert_eq!(signatures.len(), 4, "checksums, archive, and the SBOMs of archive and release");
    std::fs::write(p.scratch.path().join("root.json"), fake.trusted_root()).unwrap();
    let who = ["--certificate-identity", WHO, "--certificate-oidc-issuer", ISSUER];
    for (_, name, _) in &signatures {
        let file = name.strip_suffix(".sigstore.json").unwrap();
        let args = ["verify-blob", "--trusted-root", "../../root.json", "--bundle", name, file];
        tool_ok(&p.dist(), "cosign", &[], &[&args[..], &who[..]].concat());
    }
    // goreleaser's block in its old form: signature and certificate by themselves.
    let yaml = format!(
        r#"version: 2
builds: [{{targets: [linux_amd64_v1]}}]
signs:
- cmd: cosign
  artifacts: checksum
  certificate: "${{artifact}}.pem"
  args:
    - sign-blob
    - "--fulcio-url={url}"
    - "--rekor-url={url}"
    - "--output-certificate=${{certificate}}"
    - "--output-signature=${{signature}}"
    - "${{artifact}}"
    - "--yes"
"#
    );
    std::fs::remove_file(p.root.join("goferry.toml")).unwrap();
    p.write(".goreleaser.yaml", &yaml);
    p.commit("goreleaser");
    p.release();
    let sums = format!("{}_checksums.txt", stem(&p));
    let names: Vec<_> =
        artifacts(&p, &["Signature", "Certificate"]).into_iter().map(|a| (a.0, a.1)).collect();
    let want =
        [("Certificate", "pem"), ("Signature", "sig")].map(|(t, e)| (t.to_owned(), format!("{sums}.{e}")));
    assert_eq!(names, want);
    // As cosign writes them: base64 of PEM, and of DER; openssl agrees.
    let d = p.dist();
    let decode = |name: &str, to: &str| {
        let done = tool(&d, "base64", &[], &["-d", name]);
        assert_eq!(done.status, 0, "{}", done.stderr);
        let raw = Command::new("base64").current_dir(&d).args(["-d", name]).output().unwrap().stdout;
        std::fs::write(d.join(to), raw).unwrap();
    };
    decode(&format!("{sums}.pem"), "c.pem");
    decode(&format!("{sums}.sig"), "s.der");
    let public = tool(&d, "openssl", &[], &["x509", "-in", "c.pem", "-pubkey", "-noout"]);
    std::fs::write(d.join("c.pub"), public.stdout).unwrap();
    tool_ok(&d, "openssl", &[], &["dgst", "-sha256", "-verify", "c.pub", "-signature", "s.der", &sums]);
}

fn tokens() {
    let b = Bench::new();
    let url = b.fake.url("");
    let token = b.fake.token(600);
    let services = [("COSIGN_FULCIO_URL", url.as_str()), ("COSIGN_REKOR_URL", url.as_str())];
    let actions = b.fake.url("/actions/token?api-version=2.0");
    for env in [
        vec![("SIGSTORE_ID_TOKEN", token.as_str())],
        vec![("ACTIONS_ID_TOKEN_REQUEST_URL", actions.as_str()), ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", BEARER)],
    ] {
        let r = b.goferry(&[&services[..], &env].concat(), &["sign", "f"]);
        assert_eq!(r.status, 0, "{}", r.stderr);
        assert_eq!(b.verified("f.sigstore.json", "f").status, 0);
        std::fs::remove_file(b.path().join("f.sigstore.json")).unwrap();
    }
    let mut c = Command::new(env!("CARGO_BIN_EXE_goferry"));
    c.current_dir(b.path()).args(["sign", "--identity-token", "-", "f"]).env_clear().envs(services);
    let r = ran(&c.stdin(std::fs::File::open(b.path().join("token")).unwrap()).output().unwrap());
    assert_eq!(r.status, 0, "{}", r.stderr);
}

/// The same name of a variable, another identity.
fn own_identities() {
    let fake = Fake::start();
    let item = |id: &str, token: &str| {
        format!(
            "- id: {id}\n  cmd: cosign\n  artifacts: checksum\n  signature: ${{artifact}}.{id}\n  env: [\"SIGSTORE_ID_TOKEN={{{{ .Env.{token} }}}}\"]\n  args: [sign-blob, \"--fulcio-url={url}\", \"--rekor-url={url}\", \"--bundle=${{signature}}\", \"${{artifact}}\"]\n",
            url = fake.url("")
        )
    };
    let builds = "builds: [{targets: [linux_amd64]}]\n";
    let yaml = format!("version: 2\n{builds}signs:\n{}{}{}", item("a", "A"), item("b", "B"), item("c", "B"));
    let mut p = Project::new(&[(".goreleaser.yaml", &yaml)]);
    p.set("A", &fake.token(600));
    p.set("B", &fake.token(700));
    p.release();
    let asked = fake.asked();
    assert_eq!(asked.iter().filter(|p| p.ends_with("/signingCert")).count(), 2, "{asked:?}");
}

fn failures() {
    let b = Bench::new();
    let (right, fresh, old) = (b.fake.url(""), b.fake.token(600), b.fake.token(-7));
    let path = |p: &str| b.fake.url(p);
    let closed = {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        format!("http://{port}")
    };
    let tampered = format!("{}x", &fresh[..fresh.len() - 3]);
    for (fulcio, rekor, token, status, want) in [
        (&right, &right, &old, 5, "ran out"),
        (&right, &right, &"nonsense".to_owned(), 5, "neither a JSON Web Token nor a file"),
        (&right, &right, &tampered, 1, "certificate authority): status 400"),
        (&path("/refuse"), &right, &fresh, 1, "status 403: (token) is nobody here"),
        (&path("/down"), &right, &fresh, 1, "certificate authority): status 503: come back later"),
        (&path("/other"), &right, &fresh, 1, "its certificate is for another key"),
        (&path("/actions"), &right, &fresh, 1, "certificate authority): status 404"),
        (&right, &path("/down"), &fresh, 1, "log): status 503"),
        (&right, &path("/other"), &fresh, 1, "its entry is about another signature"),
        (&right, &path("/two"), &fresh, 1, "name a timestamp authority too"),
        (&right, &closed, &fresh, 1, "log): it does not answer"),
        (&closed, &right, &fresh, 1, "certificate authority): it does not answer"),
        (&"http://192.0.2.1".to_owned(), &right, &fresh, 1, "plain http"),
    ] {
        let args = ["sign", "--fulcio-url", fulcio, "--rekor-url", rekor, "--identity-token", token, "f"];
        let r = b.goferry(&[], &args);
        assert!(r.status == status && r.stderr.contains(want), "{want}: {} {}", r.status, r.stderr);
        assert!(!b.path().join("f.sigstore.json").exists(), "{want}: something is left");
    }
    let tsa = b.fake.url("/down/timestamp");
    let args = [
        "sign",
        "--fulcio-url",
        &right,
        "--rekor-url",
        &right,
        "--timestamp-url",
        &tsa,
        "--identity-token",
        &fresh,
        "f",
    ];
    let r = b.goferry(&[], &args);
    assert!(r.status == 1 && r.stderr.contains("timestamp authority): status 503"), "{}", r.stderr);
    assert!(!b.path().join("f.sigstore.json").exists());
    let r = b.goferry(&[], &["sign", "f"]);
    assert!(r.status == 5 && r.stderr.contains("id-token: write"), "{}", r.stderr);
}
