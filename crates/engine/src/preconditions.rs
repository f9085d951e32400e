//! What a release needs besides its sources: keys and identities, the vulnerability database, lists of accepted
//! vulnerabilities, the message of an alert, what packages hold, what Dockerfiles ask for.
//!
//! Owns: looking at all of it before dist/ is emptied and before anything is built. Must not: write.

use crate::images;
use crate::prepare::Prepared;
use crate::scanning::{self, Asked, Scanner};
use crate::session::Session;
use crate::signing::{self, Keys};
use crate::steps::linux_package::early;
use goferry_config::Config;
use goferry_config::template::Fields;
use goferry_plan::graph::Action;
use goferry_report::{Diagnostics, Severity};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What steps use of it.
pub(crate) struct Ready {
    /// Opened keys.
    pub keys: Keys,
    /// What binaries are scanned with, or why they are not.
    pub scanner: Result<Scanner, String>,
}

/// Looks at all of it. With `hooks` still to run, files that are not there yet may be made by them: those are passed over,
/// and it must be looked again.
/// `run`: whether the RUN of a Dockerfile is done.
pub(crate) fn look(
    session: &Session,
    prepared: &Prepared,
    hooks: bool,
    run: bool,
) -> Result<Ready, Diagnostics> {
    let mut problems = Diagnostics::default();
    let keys = Keys::default();
    if let Err(found) = keys.open_all(session, &prepared.plan, &prepared.env, hooks) {
        problems.append(found);
    }
    if let Err(found) = keys.open_packages(session, &prepared.project.root, &prepared.plan, hooks) {
        problems.append(found);
    }
    if !hooks {
        let (root, plan) = (&prepared.project.root, &prepared.plan);
        let dist = crate::templates::clean(&session.cwd.join(&plan.project.dist));
        problems.append(early::look(root, &dist, plan, &prepared.config));
        if !plan.steps.iter().any(|s| early::makes_more(&s.action)) {
            problems.append(images::early::look(root, plan, run));
        }
    }
    let scans = prepared.plan.steps.iter().any(|s| matches!(s.action, Action::Scan(_)));
    let gate = scans && prepared.config.scan.is_some();
    if let Some(alert) = prepared.config.alert.as_ref().filter(|_| gate) {
        problems.append(scanning::check_alert(alert, &session.cwd, &session.env, &prepared.fields));
    }
    let scanner = match scanner(session, prepared, scans, hooks) {
        Ok(scanner) => scanner,
        Err(found) => {
            problems.append(found);
            Err(String::new())
        }
    };
    if problems.has_errors() {
        return Err(problems);
    }
    // Warnings come once, when it is looked at for good.
    problems.list.into_iter().filter(|_| !hooks).for_each(|d| session.sink.diagnostic(d));
    Ok(Ready { keys, scanner })
}

/// With `[scan]` there must be a database.
fn scanner(
    session: &Session,
    prepared: &Prepared,
    scans: bool,
    hooks: bool,
) -> Result<Result<Scanner, String>, Diagnostics> {
    match &prepared.config.scan {
        _ if !scans => Ok(Err("left out".to_owned())),
        Some(config) if hooks && !scanning::absent(config, &session.cwd, &session.env).is_empty() => {
            Ok(Err("a hook has yet to run".to_owned()))
        }
        Some(config) => Scanner::open(session, Some(config), &Asked::default()).map(Ok),
        None if hooks => Ok(Err("a hook has yet to run".to_owned())),
        None => Ok(Scanner::at_hand(session)),
    }
}

/// The same for somebody who only asks: nothing is opened, and what a release's machine may have although this one has not
/// is a warning. `skip` has the sections and steps that are left out.
pub fn check_needs(
    config: &Config,
    cwd: &Path,
    env: &BTreeMap<String, String>,
    skip: &BTreeSet<String>,
) -> Diagnostics {
    let mut problems = Diagnostics::default();
    if !skip.contains("sign") {
        problems.append(signing::check(config, cwd, env));
    }
    if !(skip.contains("nfpms") || skip.contains("package")) {
        problems.append(early::check(config, cwd));
    }
    let Some(scan) = config.scan.as_ref().filter(|_| !skip.contains("scan")) else { return problems };
    problems.append(scanning::check(scan, cwd, env, !config.before.is_empty()));
    if let Some(alert) = &config.alert {
        // Without a release nothing is known of its fields; that a template parses is judged elsewhere.
        let found = scanning::check_alert(alert, cwd, env, &Fields::new());
        found.list.into_iter().filter(|d| d.severity == Severity::Warning).for_each(|d| problems.push(d));
    }
    problems
}
