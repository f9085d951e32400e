//! Windows programs under a wine that was fetched without root, as an ordinary user: real apt, wine and go. It fetches 220 MB
//! and needs 3 GB of disk for a while, so it runs only when asked for:
//! `GOFERRY_TEST_WINE=1 cargo test -p goferry-cli --test wine`.

#![expect(clippy::unwrap_used, reason = "what a test cannot set up has failed")]

#[path = "../toolchain/machine.rs"]
#[expect(dead_code, reason = "shared with the tests of toolchain")]
mod machine;
#[path = "../support/mod.rs"]
mod support;

use libtest_mimic::{Arguments, Trial};
use machine::{Machine, User};
use std::io::Write;
use std::process::{ExitCode, Stdio};

const MAIN: &str = include_str!("main.go.txt");

fn main() -> ExitCode {
    let args = Arguments::from_args();
    let asked = std::env::var_os("GOFERRY_TEST_WINE").is_some_and(|v| v == "1");
    let trial = Trial::test("windows-programs-run-under-a-fetched-wine", || {
        let machine = Machine::new();
        // Gigabytes stay otherwise.
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| windows(&machine)));
        machine.remove();
        result.map_err(|_| "see above".into())
    });
    libtest_mimic::run(&args, vec![trial.with_ignored_flag(!asked)]).exit_code()
}

/// Runs the program with something on standard input; its status, both streams.
fn run(user: &User, target: &str) -> (Option<i32>, String, String) {
    let mut command = user.goferry(&["run", target, "--", "a", "b c"]);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"hello").unwrap();
    let done = child.wait_with_output().unwrap();
    let text = |b: Vec<u8>| String::from_utf8_lossy(&b).into_owned();
    (done.status.code(), text(done.stdout), text(done.stderr))
}

fn left_behind() -> Vec<String> {
    let entries = std::fs::read_dir("/tmp").unwrap().flatten();
    let names = entries.map(|e| e.file_name().to_string_lossy().into_owned());
    names.filter(|n| n.starts_with("wine-")).collect()
}

fn windows(m: &Machine) {
    let user = m.user("windows");
    let before = left_behind();
    user.write("go.mod", "module example.com/windows\n\ngo 1.24\n");
    user.write("main.go", MAIN);
    user.write("goferry.toml", "targets = [\"windows/386\", \"windows/amd64\"]\n");
    user.write(".gitignore", "/dist/\n/goferry.lock\n");
    user.sh("git init -q -b main . && git add -A && git -c user.name=T -c user.email=t@example.com commit -q -m first");
    // A release takes what is there, and nothing is.
    let r = user.must(0, &["build", "--snapshot"]);
    let said = format!("{}{}", r.stdout, r.stderr);
    assert!(said.contains("nothing here runs windows programs"), "{said}");
    let r = user.must(0, &["toolchain", "install", "windows/386", "windows/amd64"]);
    assert!(r.stdout.contains("wine"), "{}", r.stdout);
    let lock = std::fs::read_to_string(user.work.join("goferry.lock")).unwrap();
    assert_eq!(lock.matches("role = \"wine\"").count(), 2, "{lock}");
    for (target, arch) in [("windows/amd64", "amd64"), ("windows/386", "386")] {
        let (status, stdout, stderr) = run(&user, target);
        let expected = format!("windows {arch} 4950 net child y exit status 7 [a b c]\n");
        assert_eq!((status, stdout.as_str()), (Some(42), expected.as_str()), "{stderr}");
        assert!(stderr.ends_with("stdin hello\n"), "{stderr}");
    }
    let r = user.must(0, &["toolchain", "list", "windows/386"]);
    assert!(r.stdout.contains("wine 1"), "{}", r.stdout);
    let r = user.must(0, &["build", "--snapshot", "--locked", "--clean"]);
    let said = format!("{}{}", r.stdout, r.stderr);
    assert!(said.contains("ran by wine"), "{said}");
    assert_eq!(left_behind(), before);
}
