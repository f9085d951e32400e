//! Secrets get nowhere: a release is given one of every kind, in every place where one may stand, and whatever it says or leaves is searched.
//! A new secret is a line in `SECRETS`; a new place is one in `places`.

use crate::fake::{BEARER, Fake};
use crate::server::Server;
use crate::support::{Project, Ran};
use crate::{Check, tool_ok};
use std::path::Path;

pub(crate) const CHECKS: &[Check] = &[
    ("no-secret-is-said-or-left", &["minisign"], nothing_shows),
    ("no-secret-of-a-database's-address-is-said-or-left", &[], databases),
    ("no-secret-of-a-webhook-is-said-or-left", &[], webhooks),
    ("no-secret-of-a-service's-address-is-said-or-left", &[], services),
    ("no-key-or-token-in-the-place-of-its-name-is-said-or-left", &[], pasted),
];

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

const HOST: &str = "targets = [\"linux/amd64\"]\n";
const SNAPSHOT: [&str; 3] = ["release", "--snapshot", "--clean"];
/// A vulnerability of a function that every program here has.
const RECORD: &str = r#"{"schema_version":"1.3.1","id":"TEST-1","modified":"2026-01-02T03:04:05Z","summary":"s",
"affected":[{"package":{"name":"stdlib","ecosystem":"Go"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}],
"ecosystem_specific":{"imports":[{"path":"os","symbols":["File.WriteString"]}]}}]}"#;

/// A project and a service that has the record.
fn with_database(config: &str) -> (Project, Server) {
    let config = format!("{HOST}{config}");
    let sbom = r#"{"bomFormat":"CycloneDX","components":[{"purl":"pkg:golang/golang.org/x/text@v0.3.5"}]}"#;
    let p = Project::new(&[("goferry.toml", &config), ("sbom.json", sbom)]);
    let www = p.scratch.path().join("www");
    let put = |name: &str, text: &str| {
        std::fs::create_dir_all(www.join(name).parent().unwrap()).unwrap();
        std::fs::write(www.join(name), text).unwrap();
    };
    let vulns = r#"[{"id":"TEST-1","modified":"2026-01-02T03:04:05Z"}]"#;
    put("index/db.json", r#"{"modified":"2026-01-02T03:04:05Z"}"#);
    put("index/modules.json", &format!(r#"[{{"path":"stdlib","vulns":{vulns}}}]"#));
    put("ID/TEST-1.json", RECORD);
    let server = Server::start(&www);
    (p, server)
}

/// An address with a secret in each place where one may be.
fn secretly(url: &str) -> String {
    url.replacen("://", "://canary-user:canary-password@", 1) + "/?token=canary-of-query"
}

/// Runs that end so, and say and leave nothing.
fn quiet(p: &Project, runs: &[(&[&str], i32)]) {
    for (args, status) in runs {
        let r = p.run(args);
        searched(&r, &args.join(" "));
        assert_eq!(r.status, *status, "{args:?}: {}{}", r.stdout, r.stderr);
    }
    places(p);
}

const JSON: [&str; 4] = ["release", "--snapshot", "--clean", "--json"];

fn databases() {
    let (mut p, server) = with_database("");
    let url = secretly(&server.url);
    quiet(
        &p,
        &[
            (&["scan", "--db", &url, "--sbom", "sbom.json", "--json", "-"], 0),
            (&["scan", "--db", &url, "."], 3),
            (&SNAPSHOT, 0),
            (&["scan", "--db", &url, "--format", "sarif", "dist"], 3),
            (&["vex", "--db", &url, "dist/tiny_linux_amd64_v1/tiny"], 0),
        ],
    );
    searched(&p.run(&["deps", "--db", &url]), "deps");
    // What was fetched is found again without them, and the service was asked with them.
    assert!(server.asked().iter().any(|l| l.contains("token=canary-of-query")));
    let away = secretly("http://127.0.0.1:1");
    for (named, state) in [(&url, "scanned"), (&away, "not-scanned")] {
        p.set("GOVULNDB", named);
        quiet(&p, &[(&SNAPSHOT, 0), (&JSON, 0)]);
        assert_eq!(p.record()["scan"]["state"], state);
    }
    let why = p.record()["scan"]["why"].as_str().unwrap().to_owned();
    assert!(why.contains("http://127.0.0.1:1/ was not fetched yet"), "{why}");
    let wrong = ["gs://a:canary-b@c", "file://a:canary-b@c/d", "canary-a:canary-b@c/d"].map(str::to_owned);
    for (db, status) in [&url, &away].into_iter().chain(&wrong).zip([3, 5, 5, 5, 5]) {
        for (more, status) in [("", status), ("max_age = \"1h\"\n", 5)] {
            p.write("goferry.toml", &format!("{HOST}[scan]\ndb = \"{db}\"\n{more}"));
            p.commit("db");
            let scan = ["scan", "--sbom", "sbom.json"];
            // Words for people, then events.
            let release = if more.is_empty() { &SNAPSHOT[..] } else { &JSON };
            quiet(&p, &[(release, status), (&scan, if status == 3 { 0 } else { 5 })]);
        }
    }
}

fn webhooks() {
    let config = "[scan]\ndb = \"../www/ID\"\n[alert]\nurl = \"{{ .Env.HOOK }}\"\n";
    let (mut p, server) = with_database(config);
    *server.answer.lock().unwrap() = 404;
    for address in [&server.url, "http://127.0.0.1:1", "ftp://127.0.0.1", "127.0.0.1"] {
        for end in ["", "?q=canary-of-query"] {
            let hook = format!("{address}/services/canary-path{end}").replacen("://", "://a:canary-b@", 1);
            p.set("HOOK", &hook);
            let r = p.run(&JSON);
            assert!(r.stdout.contains("alert-failed"), "{}", r.stdout);
            searched(&r, &hook);
            places(&p);
        }
    }
    assert!(!server.heard.lock().unwrap().posts.is_empty());
    // In the file itself.
    let config = config.replace("{{ .Env.HOOK }}", "http://127.0.0.1:1/canary-in-the-file");
    p.write("goferry.toml", &format!("{HOST}{config}"));
    p.commit("hook");
    quiet(&p, &[(&SNAPSHOT, 3), (&["plan", "--snapshot", "--json"], 0), (&["scan", "dist"], 3)]);
}

fn services() {
    let fake = Fake::start();
    let p = Project::new(&[("f", "x"), ("p.json", "{}")]);
    std::fs::write(p.root.join("token"), fake.token(600)).unwrap();
    let (good, none) = (fake.url(""), secretly(&fake.url("/none")));
    let attest = ["attest", "--type", "custom", "--predicate", "p.json", "f"];
    for bad in [&none, &secretly("http://127.0.0.1:1"), "canary-user:canary-password@host/x"] {
        for (fulcio, rekor, tsa) in [(bad, good.as_str(), ""), (&good, bad, ""), (&good, &good, bad)] {
            let own = ["--fulcio-url", fulcio, "--rekor-url", rekor, "--timestamp-url", tsa];
            for command in [&["sign", "f"][..], &attest] {
                let r = p.run(&[command, &own, &["--identity-token", "token"]].concat());
                searched(&r, &format!("{command:?} {own:?}"));
                // Refused by itself, or by whom it names.
                let (status, code) =
                    if bad.contains("://") { (1, "signing-service") } else { (2, "config-value") };
                assert!(r.status == status && r.stderr.contains(code), "{} {}", r.status, r.stderr);
            }
        }
        let config = format!("{HOST}[sign]\nkeyless = true\nfulcio = \"{bad}\"\nrekor = \"{bad}\"\n");
        let mut p = Project::new(&[("goferry.toml", &config)]);
        p.set("SIGSTORE_ID_TOKEN", &fake.token(600));
        let status = if bad.contains("://") { 1 } else { 2 };
        quiet(&p, &[(&SNAPSHOT, status), (&["plan", "--snapshot", "--json"], 0)]);
    }
}

const PEM: &str = "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\ncanary-line-of-a-key\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----";
const MINISIGN: &str = "untrusted comment: minisign encrypted secret key\ncanary-line-of-minisign";
/// Ed25519 in PKCS 8, without its frame.
const BARE: &str = "canary-MC4CAQAwBQYDK2VwBCIEIJ1hsZ3vVpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g";

fn pasted() {
    let (variable, variable_pem) = (format!("env://{BARE}"), format!("env://{PEM}"));
    let p = Project::new(&[("f", "x"), ("p.json", "{}")]);
    let attest = ["attest", "--type", "custom", "--predicate", "p.json", "f"];
    for key in [PEM, MINISIGN, BARE, &variable, &variable_pem] {
        let joined = format!("--key={key}");
        let commands: [&[&str]; 4] =
            [&["sign", "f"], &attest, &["sign", "--unknown", "f"], &["verify", "--bundle", "p.json", "f"]];
        for option in [&["--key", key][..], &[joined.as_str()]] {
            for command in commands {
                let r = p.run(&[command, option].concat());
                searched(&r, &command.join(" "));
                assert_eq!(r.status, 2, "{command:?}: {}", r.stderr);
            }
        }
        // A word too many, or in another option. One without a mark is no more than a file's name.
        for args in [&["scan", "--fail-on", key][..], &["sign", "--typo", key], &["sign", "f", key], &[key]] {
            let r = p.run(args);
            assert_ne!(r.status, 0, "{}", r.stderr);
            if key.contains('\n') {
                searched(&r, &args.join(" "));
            }
        }
        let toml = format!("{HOST}[sign]\nkey = \"\"\"{key}\"\"\"\n");
        let args = ["sign-blob", &joined, "--bundle=${signature}", "${artifact}"];
        let signs = serde_json::json!([{ "cmd": "cosign", "artifacts": "checksum", "args": args }]);
        let builds = serde_json::json!([{ "targets": ["linux_amd64"] }]);
        let yaml = serde_json::json!({ "version": 2, "builds": builds, "signs": signs }).to_string();
        for (name, text) in [("goferry.toml", &toml), (".goreleaser.yaml", &yaml)] {
            let p = Project::new(&[(name, text)]);
            for args in [&SNAPSHOT[..], &JSON, &["plan", "--snapshot", "--json"], &["check"]] {
                let r = p.run(args);
                searched(&r, &args.join(" "));
                assert!(r.status == 2 || args[0] != "release", "{}", r.stderr);
            }
        }
    }
    for token in ["canary-token-of-no-dots", "canary-a.b.c", "canary-a/b.c.d\ncanary-e"] {
        let option = ["--fulcio-url", "http://127.0.0.1:1", "--identity-token", token];
        let r = p.run(&[&["sign", "f"][..], &option].concat());
        searched(&r, "sign --identity-token");
        assert!(r.stderr.contains("identity-token"), "{}", r.stderr);
    }
}

/// Everything that a release leaves: its folder and goferry's cache.
fn places(p: &Project) {
    let mut files = 0;
    for place in [p.dist(), p.scratch.path().join("cache")].iter().filter(|p| p.exists()) {
        search(place, &mut files);
    }
    assert!(files > 0, "there was something to search");
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
