//! The stage: inspect, then run, then a [`Verified`].

use crate::glibc;
use crate::inspect::{Expectation, inspect};
use crate::judge::{Ended, Verdict, judge};
use crate::verified::{RunOutcome, RunRecord, Verified, Waived, WaiverClass};
use goferry_build::Built;
use goferry_emulate::{Runner, StartError, StartRecord, StartSpec, start};
use goferry_objfile::GlibcVersion;
use goferry_plan::facts::RunnerFact;
use goferry_plan::graph::VerifySpec;
use goferry_plan::secret::hide;
use goferry_proc::sandbox::Isolation;
use goferry_proc::{Host, Limits, Root, SpawnError, Status};
use goferry_report::{Code, Diagnostic, Diagnostics};
use std::path::Path;
use std::time::Duration;

/// What the stage needs besides its specification.
pub struct VerifyContext<'a> {
    /// Starts programs.
    pub host: &'a Host,
    /// The runner behind the specification's [`RunnerFact`].
    pub runner: Option<&'a Runner>,
    /// Where the loader and the libraries of the target's dynamic programs are, if not where they ask for them.
    pub loader_prefix: Option<&'a Path>,
    /// The main versions of which one must be stamped; empty: not checked.
    pub main_versions: Vec<String>,
    /// The executable that enters the sandbox; none: this one.
    pub helper: Option<&'a Path>,
}

/// One start of a program, as the judge sees it.
#[derive(Clone, Debug)]
pub struct Start {
    /// How it ended.
    pub ended: Ended,
    /// Both streams.
    pub output: String,
}

/// Inspects and runs one binary. The diagnostics beside the value are warnings.
///
/// # Errors
/// Everything that makes the binary unfit to be released, all at once.
pub fn verify(
    spec: &VerifySpec,
    built: Built,
    cx: &VerifyContext<'_>,
) -> Result<(Verified, Diagnostics), Diagnostics> {
    let want = Expectation {
        universal: spec.target.is_none(),
        recorded: spec.recorded.clone(),
        module_path: spec.module_path.clone(),
        main_versions: cx.main_versions.clone(),
        release_version: Some(spec.release_version.clone()).filter(|_| !cx.main_versions.is_empty()),
        opaque: spec.opaque.clone(),
        glibc: glibc_limit(spec)?,
    };
    let (inspected, mut found) =
        inspect(built.path(), &spec.path, &want).map_err(|d| Diagnostics::from(*d))?;
    found.list.extend(glibc::hidden(spec, inspected.glibc.as_deref()));
    if found.has_errors() {
        return Err(found);
    }
    let run = match planned_waiver(spec) {
        Some(w) => RunOutcome::Waived(w),
        None => {
            // A static program needs no loader of the target's.
            let prefix = cx.loader_prefix.filter(|_| inspected.interpreter.is_some());
            let start = start_of(spec, built.path(), prefix, cx)?;
            RunOutcome::Ran(run(spec, &spec.path, start, cx, &mut found)?)
        }
    };
    if found.has_errors() {
        return Err(found);
    }
    Ok((Verified::from_run(built, inspected, run), found))
}

/// A program that was verified, where a package or an image installs it.
#[derive(Clone, Debug)]
pub struct Installed<'a> {
    /// What installs it, for messages: `tool_1.0.0_linux_amd64.deb`.
    pub by: &'a str,
    /// The folder into which that was unpacked.
    pub root: Root,
    /// The program, by its path in the folder.
    pub program: &'a Path,
    /// All of its environment.
    pub env: Vec<(String, String)>,
}

/// Runs a program where it is installed, as [`verify`] ran it: with nothing else in sight than what was installed. The
/// diagnostics beside the outcome are warnings.
///
/// # Errors
/// Everything that makes the installation unfit to be released.
pub fn verify_installed(
    spec: &VerifySpec,
    installed: &Installed<'_>,
    cx: &VerifyContext<'_>,
) -> Result<(RunOutcome, Diagnostics), Diagnostics> {
    let mut found = Diagnostics::default();
    if let Some(w) = planned_waiver(spec).or_else(no_namespaces) {
        return Ok((RunOutcome::Waived(w), found));
    }
    let start = StartSpec {
        env: installed.env.clone(),
        root: Some(installed.root.clone()),
        isolate: true,
        ..start_of(spec, installed.program, None, cx)?
    };
    let name = format!("{}, installed by {},", installed.program.display(), installed.by);
    let record = run(spec, &name, start, cx, &mut found)?;
    if found.has_errors() { Err(found) } else { Ok((RunOutcome::Ran(record), found)) }
}

/// Without them a folder cannot be a file system of its own.
fn no_namespaces() -> Option<Waived> {
    match goferry_proc::sandbox::probe() {
        Isolation::Namespaces => None,
        Isolation::None { why } => Some(Waived {
            class: WaiverClass::RunnerMissing,
            reason: format!("no namespaces: {why}"),
            place: "the host".to_owned(),
        }),
    }
}

fn glibc_limit(spec: &VerifySpec) -> Result<Option<GlibcVersion>, Diagnostics> {
    let Some(text) = &spec.glibc else { return Ok(None) };
    GlibcVersion::parse(text).map(Some).ok_or_else(|| {
        Diagnostic::error(Code::ConfigValue, format!("[verify] glibc = \"{text}\" is not a version")).into()
    })
}

/// Why the plan already says that a binary is not run.
pub fn planned_waiver(spec: &VerifySpec) -> Option<Waived> {
    let waived = |class, reason: &str, place: &str| {
        Some(Waived { class, reason: reason.to_owned(), place: place.to_owned() })
    };
    if !spec.executable {
        return waived(WaiverClass::NoRunner, "it is a library, not a program", "the build's buildmode");
    }
    if let Some(place) = &spec.skipped_by_user {
        return waived(WaiverClass::SkippedByUser, "the user said so", place);
    }
    match &spec.runner {
        RunnerFact::Runs { .. } => None,
        RunnerFact::NoRunner { reason } => waived(WaiverClass::NoRunner, reason, "the host"),
        RunnerFact::Missing { reason, .. } => waived(WaiverClass::RunnerMissing, reason, "the host"),
    }
}

/// Runs the argument lists in order: the first that exits with 0 decides, else the last. `--version`, then `--help`:
/// a program that knows neither still shows that it starts.
fn run(
    spec: &VerifySpec,
    name: &str,
    start: StartSpec,
    cx: &VerifyContext<'_>,
    found: &mut Diagnostics,
) -> Result<RunRecord, Diagnostics> {
    let (runner, target) = (start.runner.clone(), start.target);
    let expect = expectation(spec)?;
    let mut last = None;
    for args in &spec.tries {
        let record = once(&StartSpec { args: args.clone(), ..start.clone() }, name, cx)?;
        if spec.isolation == "required"
            && let Isolation::None { why } = &record.isolation
        {
            return Err(Diagnostic::error(
                Code::IsolationUnavailable,
                format!("{name}: [verify] isolation = \"required\", but {why}"),
            )
            .hint("use isolation = \"preferred\" where namespaces are refused")
            .into());
        }
        let seen = seen(&record);
        let verdict = judge(seen.ended, &seen.output, expect.as_ref());
        let done = seen.ended == Ended::Exited(0)
            || seen.ended == Ended::Running
            || matches!(verdict, Verdict::Failed(_));
        last = Some((args, record, seen, verdict));
        if done {
            break;
        }
    }
    let Some((args, record, seen, verdict)) = last else {
        return Err(Diagnostic::error(Code::ConfigValue, "[verify] args is an empty list").into());
    };
    // What is kept of a run must not hold what was linked in; `expect` saw it as it is.
    let said = hide(&seen.output);
    let problem = match &verdict {
        Verdict::Passed | Verdict::Started => None,
        Verdict::Failed(why) => Some((Code::DoesNotStart, format!(" does not start on {target}: {why}"))),
        Verdict::Unexpected(why) => Some((Code::ExpectUnmet, format!(": {why}"))),
    };
    if let Some((code, why)) = problem {
        let mut d = Diagnostic::error(code, format!("{name}{why}"));
        d.notes = said.lines().take(12).map(str::to_owned).collect();
        found.push(d.with_note(format!("run by {} with arguments {args:?}", runner.label())));
    }
    Ok(RunRecord {
        runner: runner.label(),
        isolation: isolation(&record.isolation),
        starts_others: record.starts_others,
        args: args.iter().map(|a| hide(a).into_owned()).collect(),
        ended: seen.ended,
        output: said.lines().find(|l| !l.trim().is_empty()).unwrap_or_default().chars().take(200).collect(),
        machine: record.uname,
        millis: record.millis,
    })
}

fn expectation(spec: &VerifySpec) -> Result<Option<regex::Regex>, Diagnostics> {
    let Some(text) = &spec.expect else { return Ok(None) };
    regex::Regex::new(text).map(Some).map_err(|e| {
        Diagnostic::error(
            Code::ConfigValue,
            format!("[verify] expect = `{text}` is not a regular expression: {e}"),
        )
        .into()
    })
}

/// How it is started, but for the arguments.
fn start_of(
    spec: &VerifySpec,
    program: &Path,
    prefix: Option<&Path>,
    cx: &VerifyContext<'_>,
) -> Result<StartSpec, Diagnostics> {
    let (Some(runner), Some(target)) = (cx.runner, spec.target) else {
        return Err(Diagnostic::error(
            Code::RunnerMissing,
            format!("{}: the planned runner is gone", spec.path),
        )
        .into());
    };
    Ok(StartSpec {
        program: program.to_owned(),
        target,
        runner: runner.clone(),
        args: vec![],
        env: vec![("PATH".to_owned(), "/usr/bin:/bin".to_owned()), ("LANG".to_owned(), "C.UTF-8".to_owned())],
        sysroot: prefix.map(Path::to_owned),
        isolate: spec.isolation != "off",
        limits: Limits {
            wall: Some(Duration::from_secs(spec.timeout_seconds)),
            memory_bytes: spec.memory_bytes,
            processes: None,
        },
        root: None,
        helper: cx.helper.map(Path::to_owned),
    })
}

fn once(start_spec: &StartSpec, name: &str, cx: &VerifyContext<'_>) -> Result<StartRecord, Diagnostics> {
    start(start_spec, cx.host).map_err(|e| {
        let code = match &e {
            StartError::Spawn(SpawnError::Cancelled { .. }) => Code::Interrupted,
            // The kernel could not load it: wrong machine, missing loader, not a program.
            StartError::Spawn(SpawnError::NotExecutable { .. } | SpawnError::NotFound { .. }) => {
                Code::DoesNotStart
            }
            _ => Code::Io,
        };
        Diagnostic::error(code, format!("{name} could not be started: {e}")).into()
    })
}

fn seen(record: &StartRecord) -> Start {
    let mut output = record.stderr.clone();
    if !output.is_empty() && !output.ends_with('\n') {
        output.push('\n');
    }
    // What a program says on purpose stands on standard output: it comes first.
    output.insert_str(0, &record.stdout);
    let ended = match record.status {
        Status::Exited(n) => Ended::Exited(n),
        Status::Signaled(n) => Ended::Signaled(n),
        Status::TimedOut => Ended::Running,
    };
    Start { ended, output }
}

fn isolation(i: &Isolation) -> String {
    match i {
        Isolation::Namespaces => "namespaces".to_owned(),
        Isolation::None { why } => format!("none ({why})"),
    }
}
