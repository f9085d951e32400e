//! `goferry test`: go test for several targets, each by its runner.
//!
//! Owns: the order of things, retries, what counts as a failure. Must not: print; it hands out events.

mod coverage;
mod flags;
mod junit;
mod stream;
mod target;

pub use flags::GoTestArgs;
pub use junit::document as junit;
pub use stream::{PackageResult, TestCase, Verdict};
pub use target::Granted;

use crate::session::{Request, Session};
use crate::{host, prepare};
use goferry_emulate::known_limit;
use goferry_proc::sandbox::Isolation;
use goferry_proc::{Spawner, Stream as Pipe, available_memory};
use goferry_report::{Code, Diagnostic, Diagnostics};
use goferry_target::GoTarget;
use serde::Serialize;
use std::collections::VecDeque;
use std::path::Path;
use std::sync::Mutex;
use stream::{Step, Stream};
use target::{Ready, Tools};

/// Memory that one target's compilers and tests may want: 1.5 GiB.
const TARGET_BYTES: u64 = 3 << 29;

/// What is to be tested.
#[derive(Clone, Debug)]
pub struct TestRequest {
    /// On which targets; empty: the host's own.
    pub targets: Vec<GoTarget>,
    /// On all of the project's targets; those that nothing here runs are left out and named.
    pub all: bool,
    /// go test's own arguments.
    pub go: GoTestArgs,
    /// How far tests are kept apart, as arguments of `goferry exec`.
    pub isolation: Vec<String>,
    /// How often failed tests are run again.
    pub retries: u32,
    /// Whether a failure that is a known limit of the emulator counts as none; goferry.toml may say so too.
    pub allow_known_limits: bool,
}

/// How a target went.
#[derive(Clone, Debug, Serialize)]
pub struct TargetResult {
    /// Target.
    pub target: GoTarget,
    /// What ran its tests: `qemu 7.2.22`.
    pub runner: Option<String>,
    /// What the machine granted them.
    pub granted: Option<Granted>,
    /// Why it was not tested.
    pub skipped: Option<String>,
    /// What is wrong with it besides failed tests.
    pub problems: Vec<Diagnostic>,
    /// Its packages, in the order in which they ended.
    pub packages: Vec<PackageResult>,
    /// Whether it counts as passed.
    pub passed: bool,
}

impl TargetResult {
    /// Whether a failed package looked for a network and had none but a loopback of its own.
    pub fn missed_the_network(&self) -> bool {
        let kept_apart =
            self.granted.as_ref().is_some_and(|g| !matches!(g.isolation, Isolation::None { .. }));
        let missed = |text: &str| text.contains("network is unreachable");
        let failed = |p: &PackageResult| {
            p.verdict == Verdict::Failed
                && (missed(&p.output)
                    || p.tests.iter().any(|t| t.verdict == Verdict::Failed && missed(&t.output)))
        };
        kept_apart && self.packages.iter().any(failed)
    }
}

/// What happens meanwhile.
#[derive(Debug)]
pub enum TestEvent<'a> {
    /// A target is about to be tested, or cannot be.
    Target(&'a TargetResult),
    /// A line of go's own stream.
    Line(GoTarget, &'a str),
    /// Something a test wrote, as with `-v`.
    Wrote(GoTarget, &'a str),
    /// What go says beside the stream.
    Said(GoTarget, &'a str),
    /// A package has ended.
    Package(GoTarget, &'a PackageResult),
    /// Failed tests of a package are run again.
    Again(GoTarget, &'a str, u32),
}

/// Takes events, from several threads.
pub type OnEvent<'a> = &'a (dyn Fn(&TestEvent<'_>) + Sync);

/// Runs the tests.
///
/// # Errors
/// What is wrong before any target is looked at. What is wrong with one target is in its result.
pub fn run(
    session: &Session,
    request: &TestRequest,
    on_event: OnEvent<'_>,
) -> Result<Vec<TargetResult>, Diagnostics> {
    let targets = targets(session, &request.targets, request.all)?;
    let tools = Tools::new(session)?;
    let scratch =
        tempfile::tempdir().map_err(|e| crate::dist::failure(Path::new("a temporary folder"), &e))?;
    let (at_once, cores) = at_once(session, targets.len());
    let queue: Mutex<VecDeque<(usize, GoTarget)>> = Mutex::new(targets.iter().copied().enumerate().collect());
    let done: Mutex<Vec<(usize, TargetResult)>> = Mutex::new(vec![]);
    let run = Run { session, request, tools: &tools, on_event, scratch: scratch.path(), cores };
    std::thread::scope(|s| {
        for _ in 0..at_once {
            s.spawn(|| {
                while let Some((at, target)) = queue.lock().ok().and_then(|mut q| q.pop_front()) {
                    let result = run.target(target);
                    if let Ok(mut done) = done.lock() {
                        done.push((at, result));
                    }
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_by_key(|(at, _)| *at);
    let results: Vec<TargetResult> = done.into_iter().map(|(_, r)| r).collect();
    if let Some(file) = &request.go.coverprofile {
        merge_coverage(session, file, scratch.path(), &results)?;
    }
    Ok(results)
}

/// Targets at once, and the cores that each gets.
fn at_once(session: &Session, targets: usize) -> (usize, usize) {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let by_memory = available_memory().map_or(cores, |b| usize::try_from(b / TARGET_BYTES).unwrap_or(cores));
    let n = session.parallelism.unwrap_or(cores.min(by_memory)).clamp(1, targets.max(1));
    (n, (cores / n).max(1))
}

/// The targets that were named, else the host's own; or all of the project's.
pub(crate) fn targets(
    session: &Session,
    named: &[GoTarget],
    all: bool,
) -> Result<Vec<GoTarget>, Diagnostics> {
    if !all {
        let own = || vec![host::host_target()];
        let mut targets = if named.is_empty() { own() } else { named.to_vec() };
        let mut seen = std::collections::BTreeSet::new();
        targets.retain(|t| seen.insert(*t));
        return Ok(targets);
    }
    let looking = Request { snapshot: true, ..Request::new(host::LOOKING) };
    let runners = prepare(session, &looking).map(|p| p.host.map(|h| h.facts.runners));
    match runners {
        Ok(Some(runners)) if !runners.is_empty() => Ok(runners.keys().copied().collect()),
        // A library has nothing to release, but targets all the same.
        _ => of_library(session),
    }
}

/// The targets of goferry.toml, else those of a release without configuration.
fn of_library(session: &Session) -> Result<Vec<GoTarget>, Diagnostics> {
    let config = session.config()?;
    let named: Vec<GoTarget> = config.targets.iter().filter_map(|t| t.value.parse().ok()).collect();
    let usual =
        ["linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64", "windows/amd64", "windows/arm64"];
    Ok(if named.is_empty() { usual.iter().filter_map(|t| t.parse().ok()).collect() } else { named })
}

struct Run<'a> {
    session: &'a Session,
    request: &'a TestRequest,
    tools: &'a Tools,
    on_event: OnEvent<'a>,
    scratch: &'a Path,
    cores: usize,
}

impl Run<'_> {
    fn target(&self, target: GoTarget) -> TargetResult {
        let mut result = TargetResult {
            target,
            runner: None,
            granted: None,
            skipped: None,
            problems: vec![],
            packages: vec![],
            passed: false,
        };
        let ready = match self.tools.ready(self.session, target, &self.request.go, &self.request.isolation) {
            Ok(ready) => ready,
            Err(problems) => {
                self.cannot(&mut result, problems);
                (self.on_event)(&TestEvent::Target(&result));
                return result;
            }
        };
        result.runner = Some(ready.runner.label());
        result.granted.clone_from(&ready.granted);
        (self.on_event)(&TestEvent::Target(&result));
        let mut args = self.request.go.passed.clone();
        let mut own = vec![];
        if self.request.go.parallel.is_none() && !self.tools.has_parallel() {
            own.push(format!("-p={}", self.cores));
        }
        if self.request.go.coverprofile.is_some() {
            own.push(format!("-coverprofile={}", self.profile(target)));
        }
        args.splice(0..0, own);
        match self.go_test(&ready, &args) {
            Ok(packages) => result.packages = packages,
            Err(problem) => result.problems.push(*problem),
        }
        for package in &mut result.packages {
            self.retry(&ready, package);
            package.excused = package.verdict == Verdict::Failed && self.counts_as_passed(package);
        }
        let bad = |p: &PackageResult| !self.counts_as_passed(p);
        result.passed = result.problems.is_empty() && !result.packages.iter().any(bad);
        result
    }

    fn profile(&self, target: GoTarget) -> String {
        self.scratch.join(target.goreleaser_name()).to_string_lossy().into_owned()
    }

    /// A target that cannot be tested: with `--all` one that nothing on such a host runs is no failure.
    fn cannot(&self, result: &mut TargetResult, problems: Diagnostics) {
        let only_missing = problems.list.iter().all(|d| d.code == Code::RunnerMissing);
        result.skipped = problems.list.first().map(|d| d.message.clone());
        if self.request.all && only_missing && result.target.facts().is_none_or(|f| f.qemu.is_none()) {
            result.passed = true;
        } else {
            result.problems = problems.list;
        }
    }

    fn go_test(&self, ready: &Ready, args: &[String]) -> Result<Vec<PackageResult>, Box<Diagnostic>> {
        let spec = ready.command(self.session, args);
        let state = Mutex::new((Stream::default(), vec![], vec![]));
        let target = ready.target;
        let on_line = |pipe: Pipe, line: &str| {
            let Ok(mut state) = state.lock() else { return };
            let (stream, packages, said) = &mut *state;
            if pipe == Pipe::Stderr {
                said.push(line.to_owned());
                (self.on_event)(&TestEvent::Said(target, line));
                return;
            }
            (self.on_event)(&TestEvent::Line(target, line));
            match stream.line(line) {
                Step::Wrote(text) => (self.on_event)(&TestEvent::Wrote(target, &text)),
                Step::Foreign(text) => {
                    (self.on_event)(&TestEvent::Said(target, &text));
                    said.push(text);
                }
                Step::Ended(mut package) => {
                    label(&mut package, ready);
                    (self.on_event)(&TestEvent::Package(target, &package));
                    packages.push(package);
                }
                Step::Began(_) | Step::Nothing => {}
            }
        };
        let done = self.session.host.run_lines(&spec, &on_line);
        let (_, packages, said) = state.into_inner().unwrap_or_default();
        let failed = |why: String| {
            let mut d = Diagnostic::error(Code::BuildFailed, why);
            d.notes = said.iter().rev().take(20).rev().cloned().collect();
            Box::new(crate::explain::with_cause(d, said.join("\n").as_bytes()))
        };
        match done {
            Err(goferry_proc::SpawnError::Cancelled { .. }) => {
                Err(Box::new(Diagnostic::error(Code::Interrupted, "the tests were interrupted")))
            }
            Err(e) => Err(failed(format!("go test for {target}: {e}"))),
            Ok(done) => {
                let explained =
                    packages.iter().any(|p| matches!(p.verdict, Verdict::Failed | Verdict::BuildFailed));
                if done.status.success() || explained {
                    Ok(packages)
                } else {
                    Err(failed(format!("go test for {target} failed")))
                }
            }
        }
    }

    /// Runs the failed tests of a package again, as often as asked, until they pass.
    fn retry(&self, ready: &Ready, package: &mut PackageResult) {
        while package.verdict == Verdict::Failed && package.tries <= self.request.retries {
            (self.on_event)(&TestEvent::Again(ready.target, &package.package, package.tries));
            let tries = package.tries + 1;
            let args = again(&self.request.go, package);
            let Ok(mut results) = self.go_test(ready, &args) else { return };
            let Some(again) = results.iter().position(|p| p.package == package.package) else { return };
            *package = merged(package, results.swap_remove(again), tries);
        }
    }

    fn counts_as_passed(&self, package: &PackageResult) -> bool {
        match package.verdict {
            Verdict::Ok | Verdict::Skipped => true,
            Verdict::BuildFailed => false,
            Verdict::Failed => {
                let mut failures = package.failures().peekable();
                (self.request.allow_known_limits || self.tools.allows_known_limits())
                    && failures.peek().is_some()
                    && failures.all(|t| t.limit.is_some())
            }
        }
    }
}

/// Names the known limits among the failures.
fn label(package: &mut PackageResult, ready: &Ready) {
    let name = package.package.clone();
    for test in package.tests.iter_mut().filter(|t| t.verdict == Verdict::Failed) {
        let known = known_limit(ready.target, &ready.runner, &name, &test.name, &test.output);
        test.limit = known.map(|l| l.id.clone());
    }
}

/// The arguments of a second try: the same flags, the failed tests and nothing else, this package alone. A package that
/// failed without a failed test is run whole.
fn again(go: &GoTestArgs, package: &PackageResult) -> Vec<String> {
    let is_package = |w: &String| go.packages.contains(w);
    let (mut flags, mut rest) = (vec![], vec![]);
    let mut words = go.passed.iter();
    while let Some(word) = words.next() {
        if word == "-args" || word == "--args" {
            rest.push(word.clone());
            rest.extend(words.by_ref().cloned());
        } else if !is_package(word) {
            flags.push(word.clone());
        }
    }
    let mut names: Vec<&str> = package.failures().filter_map(|t| t.name.split('/').next()).collect();
    names.dedup();
    // Tests that never began would be left out, and the package would count as passed.
    if package.broke_off || go.failfast {
        names.clear();
    }
    flags.push("-count=1".to_owned());
    if !names.is_empty() {
        flags.push(format!("-run=^({})$", names.join("|")));
    }
    flags.push(package.package.clone());
    flags.extend(rest);
    flags
}

/// The first try with what the second one changed.
fn merged(first: &PackageResult, second: PackageResult, tries: u32) -> PackageResult {
    let mut out = first.clone();
    out.tries = tries;
    out.seconds += second.seconds;
    for test in second.tests {
        match out.tests.iter_mut().find(|t| t.name == test.name) {
            Some(known) => *known = test,
            None => out.tests.push(test),
        }
    }
    out.verdict = second.verdict;
    if out.verdict == Verdict::Ok && out.tests.iter().any(|t| t.verdict == Verdict::Failed) {
        // A subtest that did not come up again.
        out.tests.retain(|t| t.verdict != Verdict::Failed);
    }
    out.output = second.output;
    out
}

fn merge_coverage(
    session: &Session,
    file: &str,
    scratch: &Path,
    results: &[TargetResult],
) -> Result<(), Box<Diagnostic>> {
    let read = |r: &TargetResult| std::fs::read_to_string(scratch.join(r.target.goreleaser_name())).ok();
    let profiles: Vec<String> = results.iter().filter_map(read).collect();
    let text = coverage::merge(profiles.iter().map(String::as_str))
        .map_err(|e| Box::new(Diagnostic::error(Code::Io, format!("coverage cannot be merged: {e}"))))?;
    crate::dist::write_whole(&session.cwd.join(file), &text)
}
