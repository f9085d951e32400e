//! `goferry sign` and `attest` as people get them wrong: what is said, with which status, and that nothing is lost.
#![expect(clippy::unwrap_used, reason = "what a test cannot set up has failed")]

mod support;

use std::io::Write as _;
use std::process::{Command, Stdio};
use support::{Ran, ran};

struct Bench(tempfile::TempDir);

impl Bench {
    fn new() -> Bench {
        let b = Bench(tempfile::tempdir().unwrap());
        for (name, text) in [("f", "hi\n"), ("g", "ho\n"), ("p.json", "{}"), ("a.json", "[]"), ("empty", "")]
        {
            std::fs::write(b.0.path().join(name), text).unwrap();
        }
        std::fs::create_dir(b.0.path().join("d")).unwrap();
        assert_eq!(b.run(&["sign", "--generate-key", "k"]).status, 0);
        b
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut c = Command::new(env!("CARGO_BIN_EXE_goferry"));
        c.current_dir(self.0.path()).args(args).env_clear().env("COSIGN_PASSWORD", "x").env("NOTHING", "");
        c
    }

    fn run(&self, args: &[&str]) -> Ran {
        ran(&self.command(args).stdin(Stdio::null()).output().unwrap())
    }

    fn told(&self, args: &[&str], stdin: &str) -> Ran {
        let mut c = self.command(args);
        let mut child =
            c.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
        ran(&child.wait_with_output().unwrap())
    }

    /// Every file with its bytes.
    fn files(&self) -> Vec<(String, Vec<u8>)> {
        let entries = std::fs::read_dir(self.0.path()).unwrap().map(|e| e.unwrap().path());
        let mut out: Vec<_> = entries
            .filter(|p| p.is_file())
            .map(|p| (p.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(&p).unwrap()))
            .collect();
        out.sort();
        out
    }
}

/// Arguments, exit status, what is said.
type Case = (&'static [&'static str], i32, &'static str);

const SIGN: &[Case] = &[
    (&["--key", "empty", "f"], 2, "the key empty: it is empty"),
    (&["--key", "d", "f"], 2, "the key d: it cannot be read: Is a directory"),
    (&["--key", "k.pub", "f"], 2, "no private key"),
    (&["--key", "", "f"], 2, "the name of the key is empty"),
    (&["--key", "env://NOTHING", "f"], 2, "the key env://NOTHING: the variable is empty"),
    (&["--key", "env://NO", "f"], 2, "the key env://NO: there is no such variable"),
    (&["--key", "--bundle", "b", "f"], 2, "neither a file nor env://NAME"),
    (&["--key", "k.key", "--key", "k.key", "f"], 2, "cannot be used multiple times"),
    (&["--key", "k.key", "no"], 1, "no: No such file"),
    (&["--key", "k.key", "d"], 1, "Is a directory"),
    (&["--key", "k.key"], 2, "<FILE>..."),
    (&["--key", "k.key", "--bundle", "b", "f", "g"], 2, "--bundle is for one FILE"),
    // Outputs that are inputs.
    (&["--key", "k.key", "--bundle", "k.key", "f"], 2, "k.key would be written over"),
    (&["--key", "k.key", "--bundle", "./f", "f"], 2, "./f would be written over"),
    (&["--key", "k.key", "f", "f.sigstore.json"], 2, "f.sigstore.json would be written over"),
    (&["--key", "k.key", "--bundle", "d", "f"], 2, "d is a folder"),
    (&["--key", "k.key", "--bundle", "no/b", "f"], 1, "there is no folder no"),
    (&["--key", "k.key", "--rekor-url", "rekor.example", "f"], 2, "(Rekor) is not one of http or https"),
    (&["--key", "k.key", "--timestamp-url", "x", "f"], 2, "timestamp authority is not one of http or https"),
    (&["--identity-token", "", "f"], 5, "the identity token is empty"),
    (&["--identity-token", "no", "f"], 5, "nor a file that can be read (No such file"),
    (&["--identity-token", "-", "f"], 5, "standard input holds no identity token"),
    (&["--generate-key", "k"], 2, "k.key exists already"),
    (&["--generate-key", "no/k"], 1, "there is no folder no"),
    (&["--generate-key", "new", "f"], 2, "cannot be used with"),
];

const ATTEST: &[Case] = &[
    (&["f", "g"], 2, "more than one FILE"),
    (&["d"], 1, "Is a directory"),
    (&["--bundle", "p.json", "f"], 2, "p.json would be written over"),
    (&["--bundle", "f", "f"], 2, "f would be written over"),
    (&["--bundle", "k.key", "f"], 2, "k.key would be written over"),
    (&["--bundle", "d", "f"], 2, "d is a folder"),
];

#[test]
fn what_is_wrong_is_said_and_nothing_is_written() {
    let b = Bench::new();
    std::fs::write(b.0.path().join("f.sigstore.json"), "of an earlier run").unwrap();
    let before = b.files();
    for (args, status, said) in SIGN {
        let r = b.run(&[&["sign"], *args].concat());
        assert!(r.status == *status && r.stderr.contains(said), "{args:?}: {} {}", r.status, r.stderr);
        assert!(b.files() == before, "{args:?} changed something");
    }
    let attest = ["attest", "--key", "k.key", "--type", "custom", "--predicate", "p.json"];
    for (args, status, said) in ATTEST {
        let r = b.run(&[&attest[..], args].concat());
        assert!(r.status == *status && r.stderr.contains(said), "{args:?}: {} {}", r.status, r.stderr);
        assert!(b.files() == before, "{args:?} changed something");
    }
    for (predicate, status, said) in
        [("a.json", 2, "not a JSON object"), ("empty", 2, "not valid JSON"), ("no", 1, "no: No such")]
    {
        let r = b.run(&["attest", "--key", "k.key", "--type", "custom", "--predicate", predicate, "f"]);
        assert!(r.status == status && r.stderr.contains(said), "{predicate}: {} {}", r.status, r.stderr);
    }
    let r = b.run(&["attest", "--type", "custom", "--identity-token", "-", "--predicate", "-", "f"]);
    assert!(r.status == 2 && r.stderr.contains("either the token or the predicate"), "{}", r.stderr);
    assert!(b.files() == before);
}

/// One signature for a file that is named again, and a key that can be read once only.
#[test]
fn what_is_meant_is_done() {
    let b = Bench::new();
    let r = b.run(&["sign", "--key", "k.key", "f", "./f"]);
    assert_eq!((r.status, r.stderr.matches("wrote").count()), (0, 1), "{}", r.stderr);
    let bundle = std::fs::read_to_string(b.0.path().join("f.sigstore.json")).unwrap();
    // Signed twice, the same; the first signature may be written over.
    assert_eq!(b.run(&["sign", "--key", "k.key", "--bundle", "-", "f", "f"]).stdout, bundle);
    assert_eq!(b.run(&["sign", "--key", "k.key", "f"]).status, 0);
    let key = std::fs::read_to_string(b.0.path().join("k.key")).unwrap();
    let r = b.told(&["sign", "--key", "/dev/stdin", "f", "g"], &key);
    assert_eq!((r.status, r.stderr.matches("wrote").count()), (0, 2), "{}", r.stderr);
    assert_eq!(std::fs::read_to_string(b.0.path().join("f.sigstore.json")).unwrap(), bundle);
    // The predicate as a file and by standard input.
    let attest = |predicate| {
        ["attest", "--key", "k.key", "--type", "custom", "--predicate", predicate, "--bundle", "-", "f"]
    };
    let (by_file, by_pipe) = (b.run(&attest("p.json")), b.told(&attest("-"), "{}"));
    assert!(by_file.status == 0 && by_file.stdout.contains("dsseEnvelope"), "{}", by_file.stderr);
    assert_eq!(by_pipe.stdout, by_file.stdout, "{}", by_pipe.stderr);
}
