//! Secrets get nowhere: a release is given one of every kind, in every place where one may stand, and whatever it says or leaves is searched.
//! A new secret is a line in `SECRETS`; a new place is one in `places`.

use crate::fake::{BEARER, Fake};
use crate::support::{Project, Ran};
use crate::{Check, tool_ok};
use std::path::Path;

pub(crate) const CHECKS: &[Check] = &[("no-secret-is-said-or-left", &["minisign"], nothing_shows)];

/// Name of the variable, its value. A value is searched for as it is, in base64 and in hexadecimal.
const SECRETS: &[(&str, &str)] = &[
    ("COSIGN_PASSWORD", "canary-password-of-the-key"),
    ("SIGN_PASSPHRASE", "canary-passphrase-for-stdin"),
    ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", BEARER),
    ("ALERT_WEBHOOK", "canary-webhook-header"),
    ("GITHUB_TOKEN", "canary-token-of-github"),
    ("MY_API_KEY", "canary-api-key-in-a-template"),
];

/// Signs with a key, with an identity and by a command that repeats what it is told; the last fails in the second run.
const CONFIG: &str = r#"version: 2
env: ["FROM_TEMPLATE_SECRET={{ .Env.MY_API_KEY }}"]
builds:
- targets: [linux_amd64_v1]
  env: ["TOKEN_OF_BUILD={{ .Env.MY_API_KEY }}"]
signs:
- id: key
  cmd: cosign
  artifacts: checksum
  signature: "${artifact}.key.json"
  args: [sign-blob, --key=../k.key, "--bundle=${signature}", "${artifact}"]
- id: identity
  cmd: cosign
  artifacts: checksum
  signature: "${artifact}.identity.json"
  args: [sign-blob, "--fulcio-url=FULCIO", "--rekor-url=FULCIO", "--bundle=${signature}", "${artifact}"]
- id: command
  cmd: sh
  artifacts: checksum
  signature: "${artifact}.command"
  output: true
  stdin: "{{ .Env.SIGN_PASSPHRASE }}"
  env: ["ARG_SECRET={{ .Env.ALERT_WEBHOOK }}"]
  args: [sign.sh, "${signature}", "{{ .Env.MY_API_KEY }}", "{{ .Env.ARG_SECRET }}"]
"#;

const SCRIPT: &str = "echo told $2 $3 $GITHUB_TOKEN; cat; echo; env; echo signed > $1; ";

fn project(fake: &Fake, end: &str) -> Project {
    let config = CONFIG.replace("FULCIO", &fake.url(""));
    let mut p = Project::new(&[(".goreleaser.yaml", &config), ("sign.sh", &format!("{SCRIPT}{end}\n"))]);
    for (name, value) in SECRETS {
        p.set(name, value);
    }
    p.set("ACTIONS_ID_TOKEN_REQUEST_URL", &fake.url("/actions/token?api-version=2.0"));
    let prefix = p.scratch.path().join("k");
    let r = p.run(&["sign", "--generate-key", prefix.to_str().unwrap()]);
    searched(&r, "sign --generate-key");
    assert_eq!(r.status, 0, "{}", r.stderr);
    p
}

fn nothing_shows() {
    let fake = Fake::start();
    let p = project(&fake, "");
    for args in [
        &["plan", "--snapshot"][..],
        &["plan", "--snapshot", "--json"],
        &["release", "--snapshot", "--clean"],
        &["release", "--snapshot", "--clean", "--verbose"],
        &["release", "--snapshot", "--clean", "--json"],
    ] {
        let r = p.run(args);
        assert_eq!(r.status, 0, "{args:?}: {}", r.stderr);
        searched(&r, &args.join(" "));
    }
    assert!(p.run(&["release", "--snapshot", "--clean"]).stderr.contains("told (MY_API_KEY)"));
    places(&p);
    // A failure shows the command's own words.
    let p = project(&fake, "exit 3");
    for args in [&["release", "--snapshot", "--clean"][..], &["release", "--snapshot", "--clean", "--json"]] {
        let r = p.run(args);
        assert_eq!(r.status, 1, "{args:?}: {}", r.stderr);
        searched(&r, &args.join(" "));
    }
    places(&p);
    // A service that repeats the token, a wrong password, keys of other kinds.
    let fulcio = fake.url("/refuse");
    tool_ok(p.scratch.path(), "minisign", &[], &["-GW", "-p", "m.pub", "-s", "m.key"]);
    std::fs::write(p.root.join("f"), "x").unwrap();
    for args in [
        &["sign", "--fulcio-url", &fulcio, "f"][..],
        &["sign", "--key", "../k.key", "f"],
        &["sign", "--key", "../m.key", "f"],
        &["sign", "--key", "env://COSIGN_PASSWORD", "f"],
    ] {
        searched(&p.run(args), &args.join(" "));
    }
    places(&p);
}

/// Everything that a release leaves: its folder and goferry's cache.
fn places(p: &Project) {
    let mut files = 0;
    for place in [p.dist(), p.scratch.path().join("cache")] {
        search(&place, &mut files);
    }
    assert!(files > 5, "there was something to search");
}

fn search(dir: &Path, files: &mut usize) {
    for e in std::fs::read_dir(dir).unwrap().flatten() {
        let path = e.path();
        if path.is_dir() {
            search(&path, files);
            continue;
        }
        *files += 1;
        let bytes = std::fs::read(&path).unwrap();
        for form in forms() {
            let found = bytes.windows(form.len()).any(|w| w == form);
            assert!(!found, "{} holds {}", path.display(), String::from_utf8_lossy(&form));
        }
    }
}

fn searched(r: &Ran, what: &str) {
    let said = format!("{}{}", r.stdout, r.stderr);
    for form in forms() {
        let form = String::from_utf8(form).unwrap();
        assert!(!said.contains(&form), "`goferry {what}` says {form}: {said}");
    }
    // The head of every identity token.
    assert!(!said.contains("eyJhbGci"), "`goferry {what}` says a token: {said}");
}

fn forms() -> Vec<Vec<u8>> {
    use base64ct::{Base64, Encoding as _};
    let mut out = vec![b"canary-".to_vec(), b"eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9".to_vec()];
    for (_, value) in SECRETS {
        out.push(Base64::encode_string(value.as_bytes()).trim_end_matches('=').as_bytes().to_vec());
        out.push(value.bytes().flat_map(|b| format!("{b:02x}").into_bytes()).collect());
    }
    out
}
