//! Every cause of crates/diagnose, made to happen: the real tool says it, and `explain_log` must find it.
//!
//! `scenarios/<cause>.sh` are the cases, `scenarios/<cause>.<tool>.sh` those of another tool's words for it. `GOFERRY_BLESS=1` writes what the tools said to crates/diagnose/fixtures and makes
//! the pages of docs/causes from it. A tool that is not there fails the test.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test program")]

mod healthy;
mod pages;
mod scenario;

use goferry_diagnose::{CAUSES, Proof, explain_log};
use libtest_mimic::{Arguments, Failed, Trial};
use scenario::{Scenario, Workshop};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

fn main() -> ExitCode {
    let args = Arguments::from_args();
    let workshop = Arc::new(OnceLock::new());
    let mut trials: Vec<Trial> = scenario::all()
        .into_iter()
        .map(|s| {
            let workshop = Arc::clone(&workshop);
            Trial::test(s.name.clone(), move || reproduce(&s, workshop.get_or_init(Workshop::open)))
        })
        .collect();
    trials.push(Trial::test("every-cause-is-proved", every_cause_is_proved));
    let workshop_of_healthy = Arc::clone(&workshop);
    trials.push(Trial::test("healthy-builds-have-no-cause", move || {
        healthy::check(workshop_of_healthy.get_or_init(Workshop::open))
    }));
    let conclusion = libtest_mimic::run(&args, trials);
    // The pages show what the scenarios said, so they come after them.
    let pages = libtest_mimic::run(&args, vec![Trial::test("pages-are-those-of-the-table", pages::check)]);
    if conclusion.has_failed() { conclusion.exit_code() } else { pages.exit_code() }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn fixtures() -> PathBuf {
    root().join("crates/diagnose/fixtures")
}

fn blessing() -> bool {
    std::env::var_os("GOFERRY_BLESS").is_some()
}

fn reproduce(scenario: &Scenario, workshop: &Workshop) -> Result<(), Failed> {
    let said = workshop.run(scenario)?;
    let report = explain_log(said.log.as_bytes());
    let Some(first) = &report.first else {
        return Err(format!("no cause was found in:\n{}", said.log).into());
    };
    if first.id != scenario.id {
        let why = format!("the cause is said to be {}, by line {}:\n{}", first.id, first.line, said.log);
        return Err(why.into());
    }
    if blessing() {
        std::fs::create_dir_all(fixtures()).unwrap();
        std::fs::write(fixtures().join(format!("{}.log", scenario.name)), said.fixture(first.line)).unwrap();
    }
    Ok(())
}

/// A scenario for each cause that says it is reproduced, and no other.
fn every_cause_is_proved() -> Result<(), Failed> {
    let have: BTreeSet<String> = scenario::all().into_iter().map(|s| s.id).collect();
    let promised: BTreeSet<String> =
        CAUSES.iter().filter(|c| c.proof == Proof::Reproduced).map(|c| c.id.to_owned()).collect();
    let differ: Vec<_> = have.symmetric_difference(&promised).collect();
    if differ.is_empty() {
        Ok(())
    } else {
        Err(format!("these have a scenario and no such proof, or the reverse: {differ:?}").into())
    }
}
