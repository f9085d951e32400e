//! What a release needs besides its sources is looked at before anything is touched, and what would silently do nothing is refused.
#![expect(clippy::unwrap_used, reason = "what a test cannot set up has failed")]

mod support;

use support::{Project, Ran};

const HOST: &str = "targets = [\"linux/amd64\"]\n";
const SNAPSHOT: [&str; 3] = ["release", "--snapshot", "--clean"];
const RECORD: &str = r#"{"schema_version":"1.3.1","id":"TEST-1","modified":"2026-01-02T03:04:05Z","summary":"s",
"affected":[{"package":{"name":"example.com/none","ecosystem":"Go"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}]}]}"#;

/// A project with a key and a database beside it, and a dist/ of an earlier run.
fn project(config: &str) -> Project {
    let p = Project::new(&[
        ("goferry.toml", &format!("{HOST}{config}")),
        ("ignore.yaml", "vulnerabilities: []\n"),
    ]);
    let db = p.scratch.path().join("db");
    std::fs::create_dir(&db).unwrap();
    std::fs::write(db.join("TEST-1.json"), RECORD).unwrap();
    let made =
        p.command(&["sign", "--generate-key", "../k"]).env("COSIGN_PASSWORD", "right").output().unwrap();
    assert!(made.status.success());
    p.write("dist/artifacts.json", "[]");
    p.write("dist/old", "old");
    p
}

/// Configuration, environment, exit status, what is said.
type Case = (String, &'static [(&'static str, &'static str)], i32, &'static [&'static str]);

const EXPIRED: &str = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4IiwiZXhwIjoxfQ.c2ln";

/// It ended so, said so, and dist/ is as it was.
fn untouched(p: &Project, r: &Ran, status: i32, said: &[&str], what: &str) {
    assert_eq!(r.status, status, "{what}: {}", r.stderr);
    for text in said {
        assert!(r.stderr.contains(text), "{what}: `{text}` is not in {}", r.stderr);
    }
    let files: Vec<String> = p.dist_files().into_keys().collect();
    assert_eq!(files, ["artifacts.json", "old"], "{what}");
}

#[test]
fn what_is_missing_is_found_before_dist_is_emptied() {
    let scan = "[scan]\ndb = \"../db\"\n";
    let alert = |rest: &str| format!("{scan}[alert]\nurl = \"http://127.0.0.1:1\"\n{rest}");
    let key = "[sign]\nkey = \"../k.key\"\n".to_owned();
    let keyless = "[sign]\nkeyless = true\n".to_owned();
    let cases: &[Case] = &[
        (
            "[sign]\nkey = \"no.key\"\n".to_owned(),
            &[],
            2,
            &["key-unusable", "the key no.key: it cannot be read"],
        ),
        (
            "[sign]\nkey = \"env://NO_KEY\"\n".to_owned(),
            &[],
            2,
            &["key-unusable", "the key env://NO_KEY: there is no"],
        ),
        ("[sign]\nkey = \"go.mod\"\n".to_owned(), &[], 2, &["key-unusable", "go.mod"]),
        (key.clone(), &[], 2, &["key-password", "encrypted"]),
        (key, &[("COSIGN_PASSWORD", "wrong")], 2, &["key-password", "does not open"]),
        (keyless.clone(), &[], 5, &["identity-token", "there is no identity token"]),
        (keyless.clone(), &[("SIGSTORE_ID_TOKEN", EXPIRED)], 5, &["identity-token", "ran out"]),
        (
            format!("{keyless}fulcio = \"fulcio.example\"\nrekor = \"x\"\n"),
            &[("SIGSTORE_ID_TOKEN", "x.y.z")],
            5,
            &["Fulcio", "`fulcio.example`", "Rekor"],
        ),
        ("[scan]\ndb = \"../none\"\n".to_owned(), &[], 5, &["no-vulnerability-database", "none"]),
        (
            "[scan]\ndb = \"http://127.0.0.1:1\"\n".to_owned(),
            &[],
            5,
            &["no-vulnerability-database", "127.0.0.1:1"],
        ),
        ("[scan]\n".to_owned(), &[], 5, &["no-vulnerability-database"]),
        (format!("{scan}ignore_files = [\"no.yaml\"]\n"), &[], 2, &["config-missing", "no.yaml"]),
        (format!("{scan}ignore_files = [\"main.go\"]\n"), &[], 2, &["main.go"]),
        (format!("{scan}extra = [\"no-folder\"]\n"), &[], 5, &["no-folder"]),
        (alert("body = \"{{ .Title\"\n"), &[], 2, &["template-error", "alert.body"]),
        (alert("body = \"{{ .Titel }}\"\n"), &[], 2, &["template-error", "alert.body", "Titel"]),
        (alert("headers.X = \"{{ range }}\"\n"), &[], 2, &["template-error", "alert.headers.X"]),
        // Everything at once.
        (
            "[sign]\nkey = \"no.key\"\n[scan]\ndb = \"../none\"\n[alert]\nurl = \"{{ x\"\n".to_owned(),
            &[],
            2,
            &["key-unusable", "no-vulnerability-database", "template-error"],
        ),
    ];
    for (config, env, status, said) in cases {
        let mut p = project(config);
        env.iter().for_each(|(k, v)| p.set(k, v));
        untouched(&p, &p.run(&SNAPSHOT), *status, said, config);
    }
}

/// What is well passes, and says nothing; a variable that only an alert needs is a warning.
#[test]
fn what_is_here_is_used() {
    let config = "[sign]\nkey = \"../k.key\"\n[scan]\ndb = \"../db\"\nignore_files = [\"ignore.yaml\"]\n[alert]\nurl = \"{{ .Env.HOOK }}\"\nbody = '{{ .Version }} {{ (index .Findings 0).Symbol }} {{ .Title }}'\n";
    let mut p = project(config);
    p.set("COSIGN_PASSWORD", "right");
    let r = p.release();
    assert!(r.stderr.contains("warning[alert-failed]") && r.stderr.contains("HOOK"), "{}", r.stderr);
    p.set("HOOK", "https://hooks.example/secret-path");
    let r = p.release();
    assert!(!r.stderr.contains("warning") && !r.stderr.contains("secret-path"), "{}", r.stderr);
    assert!(p.dist_files().keys().any(|f| f.ends_with("checksums.txt.sigstore.json")));
    p.set("HOOK", "hooks.example/secret-path");
    let r = p.release();
    assert!(r.stderr.contains("gives no address") && !r.stderr.contains("secret-path"), "{}", r.stderr);
}

/// Hooks may make what is not there yet: it is looked at after them.
#[test]
fn hooks_may_make_what_a_release_needs() {
    let config = |hook: &str| {
        format!(
            "[before]\nhooks = [\"{hook}\"]\n[sign]\nkey = \"made.key\"\n[scan]\ndb = \"made-db\"\nignore_files = [\"made.yaml\"]\n"
        )
    };
    let mut p = project(&config("sh make.sh"));
    p.set("COSIGN_PASSWORD", "right");
    p.write("make.sh", "cp ../k.key made.key; cp -r ../db made-db; cp ignore.yaml made.yaml\n");
    p.write(".gitignore", "/dist/\n/made*\n");
    p.commit("hook");
    let r = p.release();
    assert!(p.dist_files().keys().any(|f| f.ends_with("checksums.txt.sigstore.json")), "{}", r.stderr);
    assert_eq!(p.record()["scan"]["state"], "scanned");
    // A hook that makes nothing: the same errors, after it.
    let mut p = project(&config("true"));
    p.set("COSIGN_PASSWORD", "right");
    let r = p.run(&SNAPSHOT);
    assert!(r.status == 2 && r.stderr.contains("the key made.key: it cannot be read"), "{}", r.stderr);
    // A password is no hook's to make.
    let p = project(&config("true").replace("made.key", "../k.key"));
    untouched(&p, &p.run(&SNAPSHOT), 2, &["key-password"], "password");
}

#[test]
fn what_would_do_nothing_is_refused() {
    for (config, said) in [
        ("[sign]\n", "does not say by whom to sign"),
        ("[sign]\nkeyless = false\nartifacts = \"all\"\n", "does not say by whom to sign"),
        ("[sign]\nkey = \"\"\n", "does not say by whom to sign"),
        ("[sign]\nkey = \"{{ .Env.EMPTY }}\"\n", "`sign.key` names no key"),
        ("[sign]\nkey = \"../k.key\"\nkeyless = true\n", "exclude each other"),
        ("[sbom]\nformats = []\n", "disable = true"),
        ("[sbom]\nformats = []\nthird_party_licenses = true\n", "--skip=sbom"),
    ] {
        let mut p = project(config);
        p.set("EMPTY", "");
        untouched(&p, &p.run(&SNAPSHOT), 2, &["config-value", said], config);
    }
    let p = project("[sbom]\nformats = []\ndisable = true\n[alert]\nurl = \"https://h\"\n");
    let r = p.release();
    assert!(r.stderr.contains("warning[config-value]: `[alert]` without `[scan]`"), "{}", r.stderr);
}

/// `check` and `plan` say what is not here: a warning where another machine may have it.
#[test]
fn check_says_what_is_not_here() {
    let cases: &[(&str, i32, &[&str])] = &[
        ("[sign]\nkey = \"no.key\"\n", 0, &["warning[key-unusable]: the key no.key is not here"]),
        ("[sign]\nkey = \"env://NO_KEY\"\n", 0, &["warning[key-unusable]: the key env://NO_KEY is not here"]),
        ("[sign]\nkey = \"go.mod\"\n", 2, &["error[key-unusable]: the key go.mod"]),
        ("[sign]\nkey = \"../k.key\"\n", 0, &[]),
        (
            "[scan]\ndb = \"../none\"\nextra = [\"more\"]\n",
            0,
            &["the vulnerability database ../none is not here", "more is not here"],
        ),
        ("[scan]\ndb = \"https://u:secret-pw@db.example\"\n", 0, &[]),
        (
            "[scan]\ndb = \"u:secret-pw@db.example/x\"\n",
            0,
            &["the vulnerability database db.example/x is not here"],
        ),
        ("[scan]\n", 0, &["names no database"]),
        ("[scan]\ndb = \"../db\"\nignore_files = [\"no.yaml\"]\n", 2, &["error[config-missing]: no.yaml"]),
        ("[scan]\ndb = \"../db\"\nignore_files = [\"ignore.yaml\"]\n", 0, &[]),
        (
            "[before]\nhooks = [\"x\"]\n[scan]\ndb = \"../db\"\nignore_files = [\"no.yaml\"]\n",
            0,
            &["warning[config-missing]: no.yaml"],
        ),
        (
            "[scan]\ndb = \"../db\"\n[alert]\nurl = \"{{ .Env.HOOK }}\"\nbody = \"{{ .Version }}\"\n",
            0,
            &["warning[alert-failed]", "HOOK"],
        ),
        ("[scan]\ndb = \"../db\"\n[alert]\nurl = \"{{ .Env.HOOK }\"\n", 2, &["template-error"]),
    ];
    for (config, status, said) in cases {
        let p = project(config);
        for command in [&["check"][..], &["plan", "--snapshot"]] {
            let r = p.run(command);
            // A template that does not parse is `check`'s to find, and the release's.
            if command[0] == "check" || !said.contains(&"template-error") {
                assert_eq!(r.status, *status, "{command:?} {config}: {}", r.stderr);
                said.iter().for_each(|s| assert!(r.stderr.contains(s), "{command:?} {config}: {}", r.stderr));
            }
            assert!(!said.is_empty() || !r.stderr.contains("warning"), "{command:?} {config}: {}", r.stderr);
            assert!(!r.stderr.contains("secret-pw") && !r.stdout.contains("secret-pw"));
        }
    }
    let signs = "version: 2\nsigns:\n- cmd: cosign\n  artifacts: checksum\n  args: [sign-blob, ARGS, \"--bundle=${signature}\", \"${artifact}\"]\n";
    for (args, warned) in [
        ("--key, no.key", true),
        ("--key=no.key", true),
        ("--key=awskms:///x", false),
        ("\"--key={{ .Env.K }}\"", false),
    ] {
        let p = Project::new(&[(".goreleaser.yaml", &signs.replace("ARGS", args))]);
        let r = p.run(&["check"]);
        assert_eq!((r.status, r.stderr.contains("the key no.key is not here")), (0, warned), "{}", r.stderr);
    }
}
