//! Signatures of a release, and in other formats than sigstore's, checked by the programs that others check them with: cosign, gpg,
//! minisign and ssh-keygen. A program that is missing is counted as a skipped test, but not in CI.
#![expect(clippy::unwrap_used, reason = "what a test cannot set up has failed")]

#[path = "../support/mod.rs"]
mod support;

mod canary;
mod fake;
mod formats;
mod keyless;
#[path = "../scan/server.rs"]
mod server;
mod stage;

use libtest_mimic::{Arguments, Trial};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use support::{Project, Ran, ran};

/// Name, the programs that it needs, what it does.
type Check = (&'static str, &'static [&'static str], fn());

fn main() -> ExitCode {
    let args = Arguments::from_args();
    let checks = stage::CHECKS.iter().chain(formats::CHECKS).chain(keyless::CHECKS).chain(canary::CHECKS);
    let trials = checks.map(|&(name, needs, check)| {
        let missing: Vec<_> = needs.iter().filter(|t| find(t).is_none()).collect();
        assert!(missing.is_empty() || std::env::var_os("CI").is_none(), "CI has {missing:?}");
        Trial::test(name, move || {
            check();
            Ok(())
        })
        .with_ignored_flag(!missing.is_empty())
    });
    libtest_mimic::run(&args, trials.collect()).exit_code()
}

/// On PATH, or where `go install` puts it.
fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let home = std::env::var_os("HOME").map(|h| Path::new(&h).join("go/bin"));
    std::env::split_paths(&path).chain(home).map(|d| d.join(program)).find(|p| p.is_file())
}

/// Another program in a folder.
fn tool(dir: &Path, program: &str, env: &[(&str, &str)], args: &[&str]) -> Ran {
    let mut c = Command::new(find(program).unwrap());
    c.current_dir(dir).args(args).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    ran(&c.env("HOME", dir).envs(env.iter().copied()).output().unwrap())
}

fn tool_ok(dir: &Path, program: &str, env: &[(&str, &str)], args: &[&str]) {
    let r = tool(dir, program, env, args);
    assert_eq!(r.status, 0, "{program} {args:?}: {} {}", r.stdout, r.stderr);
}

/// The project's snapshot name, `tiny_1.2.3-SNAPSHOT-abc`.
fn stem(p: &Project) -> String {
    let metadata: serde_json::Value =
        serde_json::from_slice(&std::fs::read(p.dist().join("metadata.json")).unwrap()).unwrap();
    format!("tiny_{}", metadata["version"].as_str().unwrap())
}

/// Type, name and path of every artifact of these types.
fn artifacts(p: &Project, types: &[&str]) -> Vec<(String, String, String)> {
    let list: serde_json::Value =
        serde_json::from_slice(&std::fs::read(p.dist().join("artifacts.json")).unwrap()).unwrap();
    let text = |v: &serde_json::Value, k: &str| v[k].as_str().unwrap_or_default().to_owned();
    let all = list.as_array().unwrap().iter().map(|a| (text(a, "type"), text(a, "name"), text(a, "path")));
    all.filter(|(t, ..)| types.contains(&t.as_str())).collect()
}
