//! goferry against what goreleaser made of the same fixtures (tests/fixtures/README.md): one test per case.
//!
//! `GOLDENS_KEEP=1` leaves the scratch folders of failing cases and says where they are.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, reason = "a test program")]

mod compare;
mod deliberate;
mod facts;
mod fixture;
mod members;
mod refusals;

use compare::Difference;
use deliberate::shown;
use facts::Run;
use fixture::Scratch;
use libtest_mimic::{Arguments, Failed, Trial};
use refusals::REFUSALS;
use serde_json::{Map, Value};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

/// How many cases are still to be run.
type Remaining = Arc<(Mutex<usize>, Condvar)>;

fn main() -> ExitCode {
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o022));
    let mut args = Arguments::from_args();
    // Each case uses the cores by itself; more at once only wait for each other.
    args.test_threads.get_or_insert(2);
    let names = cases();
    let remaining: Remaining = Arc::new((Mutex::new(names.len()), Condvar::new()));
    let mut trials: Vec<Trial> = names.iter().map(|name| trial(name, &remaining)).collect();
    if args.filter.is_none() && args.skip.is_empty() {
        // The last to be started; waits for the others, because only then an excuse is known to be dead.
        trials.push(Trial::test("no-dead-difference", move || no_dead_difference(&remaining)));
    }
    trials.push(Trial::test("every-refusal-has-a-case", move || every_refusal_has_a_case(&names)));
    // With the last but one waiting, the very last needs the second thread.
    trials.rotate_right(1);
    libtest_mimic::run(&args, trials).exit_code()
}

fn trial(name: &str, remaining: &Remaining) -> Trial {
    let (name, remaining) = (name.to_owned(), Arc::clone(remaining));
    Trial::test(name.clone(), move || {
        let outcome = std::panic::catch_unwind(|| check(&name));
        *remaining.0.lock().unwrap() -= 1;
        remaining.1.notify_all();
        outcome.unwrap_or_else(|p| Err(p.downcast_ref::<String>().map_or("panicked", String::as_str).into()))
    })
}

fn no_dead_difference(remaining: &Remaining) -> Result<(), Failed> {
    let left = remaining.0.lock().unwrap();
    drop(remaining.1.wait_while(left, |n| *n > 0).unwrap());
    match deliberate::dead() {
        dead if dead.is_empty() => Ok(()),
        dead => Err(format!("differences that no case has:\n{}", dead.join("\n")).into()),
    }
}

fn every_refusal_has_a_case(names: &[String]) -> Result<(), Failed> {
    let strangers: Vec<&str> =
        REFUSALS.iter().map(|r| r.case).filter(|c| !names.iter().any(|n| n == c)).collect();
    if strangers.is_empty() { Ok(()) } else { Err(format!("no such cases: {strangers:?}").into()) }
}

fn tests_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests")
}

/// The fixtures with a case.toml; each has a golden.
fn cases() -> Vec<String> {
    let folders = fixture::entries(&tests_folder().join("fixtures"));
    let cases = folders.into_iter().filter(|f| f.join("case.toml").is_file());
    cases.map(|f| f.file_name().unwrap().to_string_lossy().into_owned()).collect()
}

fn check(name: &str) -> Result<(), Failed> {
    let text = std::fs::read_to_string(tests_folder().join("goldens").join(format!("{name}.json")))?;
    let golden: Map<String, Value> = serde_json::from_str(&text)?;
    let scratch = Scratch::new(&tests_folder().join("fixtures"), name);
    let started = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() as i64;
    let output = goferry(&scratch);
    let run = Run { scratch: &scratch, started };
    let complaints = judge(name, &golden, &run, &output);
    if complaints.is_empty() {
        return Ok(());
    }
    let stderr = run.text(&String::from_utf8_lossy(&output.stderr));
    if std::env::var_os("GOLDENS_KEEP").is_some() {
        eprintln!("{name}: kept {}", scratch.keep().display());
    }
    Err(format!("{}\n--- standard error, exit {:?}\n{stderr}", complaints.join("\n"), output.status.code())
        .into())
}

fn goferry(scratch: &Scratch) -> Output {
    // What goferry makes by default and goreleaser does not would stand in every checksum file; tests/sbom.rs looks at it.
    let releases = scratch.case.args.first().is_some_and(|a| a == "release");
    Command::new(env!("CARGO_BIN_EXE_goferry"))
        .args(&scratch.case.args)
        .args(releases.then_some("--skip=sbom"))
        .current_dir(&scratch.tree)
        .env_clear()
        .envs(&scratch.env)
        .env("GOFERRY_CACHE", scratch.folder().join("cache"))
        .stdin(std::process::Stdio::null())
        .output()
        .expect("goferry starts")
}

/// What is wrong with a run; empty if nothing is.
fn judge(name: &str, golden: &Map<String, Value>, run: &Run<'_>, output: &Output) -> Vec<String> {
    let stderr = run.text(&String::from_utf8_lossy(&output.stderr));
    let mut complaints = vec![];
    if output.status.code().is_none_or(|c| c == 101) || stderr.contains("panicked at") {
        complaints.push(format!("goferry crashed: {}", output.status));
    }
    let done = |success: bool| Some(Value::from(if success { "done" } else { "refused" }));
    let expected = golden["exit"] == 0;
    let mut different = warnings(golden, &stderr);
    if expected != output.status.success() {
        different.push(Difference {
            field: "exit".to_owned(),
            golden: done(expected),
            ours: done(!expected),
        });
    }
    if !output.status.success() {
        complaints.extend(refused(name, run, output, &stderr));
    } else if expected {
        let mut facts = golden.clone();
        facts
            .retain(|key, _| !["goreleaser", "case", "args", "exit", "deprecations"].contains(&key.as_str()));
        different.extend(compare::differences(&facts, &run.facts()));
    }
    let unknown = different.iter().filter(|d| !deliberate::is_deliberate(name, d, run.scratch.commit_time));
    complaints.extend(unknown.map(described));
    complaints
}

fn described(d: &Difference) -> String {
    let mut out = format!("{}:", d.field);
    let (golden, ours) = (shown(d.golden.as_ref()), shown(d.ours.as_ref()));
    let _ = write!(out, "\n    goreleaser {golden}\n    goferry    {ours}");
    out
}

/// goreleaser's deprecations of which goferry says nothing: key by key.
fn warnings(golden: &Map<String, Value>, stderr: &str) -> Vec<Difference> {
    let lines = golden.get("deprecations").and_then(Value::as_array).cloned().unwrap_or_default();
    let keys = lines.iter().filter_map(|l| l.as_str()?.strip_prefix("DEPRECATED: ")?.split(' ').next());
    // goferry also says which item: `archives[0].format`.
    let titles: Vec<String> = stderr
        .lines()
        .filter(|l| l.starts_with("warning[deprecated-key]"))
        .map(|l| l.split(['[', ']']).filter(|piece| piece.parse::<usize>().is_err()).collect())
        .collect();
    let said = |key: &str| titles.iter().any(|t| t.contains(&format!("`{key}`")));
    keys.filter(|key| !said(key))
        .map(|key| Difference {
            field: format!("deprecations/{key}"),
            golden: Some("warned".into()),
            ours: None,
        })
        .collect()
}

/// What is wrong with a refusal.
fn refused(name: &str, run: &Run<'_>, output: &Output, stderr: &str) -> Vec<String> {
    let mut complaints = vec![];
    let Some(refusal) = REFUSALS.iter().find(|r| r.case == name) else {
        return vec!["refused, and the table of refusals does not know it".to_owned()];
    };
    if output.status.code() != Some(refusal.exit) {
        complaints.push(format!("exit status {:?}, not {}", output.status.code(), refusal.exit));
    }
    if refusal.says.is_empty() {
        complaints.push("the table of refusals has no words for it".to_owned());
    }
    let missing: Vec<&&str> = refusal.says.iter().filter(|w| !stderr.contains(**w)).collect();
    if !missing.is_empty() {
        complaints.push(format!("standard error lacks {missing:?}"));
    }
    let dist = run.dist();
    if dist.join("artifacts.json").exists() && !dist.join(".goferry-incomplete").exists() {
        complaints.push("a failed run left a dist/ that looks finished".to_owned());
    }
    complaints
}
