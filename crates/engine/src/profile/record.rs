//! Measuring: a program under perf, a package's tests by Go's own CPU profile.
//!
//! Owns: which of the two, perf's command lines, a qemu that writes perf maps (8 or newer). Must not: say what is slow.

use super::perf::{Guest, PerfMap, Resolver, Script, moved};
use super::{Profile, read_pprof};
use crate::compilers::Fetching;
use crate::session::Session;
use crate::testing::{self, GoTestArgs, TestEvent, TestRequest};
use crate::{dist, run, symbols, toolset};
use goferry_emulate::{Runner, command_for};
use goferry_objfile::{Binary, FileBytes, FileKind, Segment, pclntab, segments};
use goferry_proc::{CommandSpec, Env, OutputMode, Spawner, Stdin, find_program};
use goferry_report::{Code, Diagnostic, Diagnostics};
use goferry_target::GoTarget;
use goferry_toolchain::provide::vectors_suite;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The first qemu with `-perfmap`.
const LEAST_QEMU: u64 = 8;
/// A map of some million instructions.
const MAX_MAP: u64 = 1 << 30;
const PARANOID: &str = "/proc/sys/kernel/perf_event_paranoid";
/// How much of the stack perf copies for each sample to unwind it by DWARF.
const STACK_BYTES: u32 = 16_384;

/// What is measured.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A package or a file, with arguments.
    Program {
        /// As for `goferry run`.
        what: Option<String>,
        /// The program's arguments.
        args: Vec<String>,
    },
    /// Tests and benchmarks of one package.
    Tests(GoTestArgs),
}

/// What to measure, and how.
#[derive(Clone, Debug)]
pub struct ProfileRequest {
    /// On which target.
    pub target: GoTarget,
    /// What.
    pub subject: Subject,
    /// Samples a second, for programs.
    pub rate: u32,
    /// How perf finds callers on the host's own processor.
    pub unwind: Unwind,
}

/// How perf finds who called a function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unwind {
    /// By frame pointers, which Go keeps. A function that calls nothing has none: its caller is left out.
    #[default]
    FramePointers,
    /// By DWARF and copies of the stack: for C code without frame pointers. perf 6.1 finds no caller in Go's own code so.
    Dwarf,
}

/// What came out.
#[derive(Debug)]
pub struct Measured {
    /// Target.
    pub target: GoTarget,
    /// What ran it: `qemu 10.0.13`.
    pub runner: String,
    /// Name of the program.
    pub program: String,
    /// Where time was spent.
    pub profile: Profile,
    /// How the program or `go test` ended: 128+n for signals.
    pub status: i32,
    /// Whether the stacks are whole; perf sees only the function that runs in an emulated program.
    pub whole_stacks: bool,
}

/// Runs and measures.
///
/// # Errors
/// It cannot be built or run; perf is missing or not allowed to measure; nothing was measured.
pub fn measure(
    session: &Session,
    request: &ProfileRequest,
    on_test: testing::OnEvent<'_>,
) -> Result<Measured, Diagnostics> {
    match &request.subject {
        Subject::Tests(go) => tests(session, request.target, go, on_test),
        Subject::Program { what, args } => program(session, request, what.as_deref(), args),
    }
}

fn scratch() -> Result<tempfile::TempDir, Box<Diagnostic>> {
    tempfile::tempdir().map_err(|e| dist::failure(Path::new("a temporary folder"), &e))
}

fn tests(
    session: &Session,
    target: GoTarget,
    go: &GoTestArgs,
    on_test: testing::OnEvent<'_>,
) -> Result<Measured, Diagnostics> {
    let dir = scratch()?;
    let file = dir.path().join("cpu.pprof");
    let mut go = go.clone();
    // go test leaves the test binary of a profile behind, and a cached result makes no profile.
    let own = [
        format!("-cpuprofile={}", file.display()),
        format!("-o={}", dir.path().join("profiled.test").display()),
        "-count=1".to_owned(),
    ];
    go.passed.splice(0..0, own);
    let request = TestRequest {
        targets: vec![target],
        all: false,
        go,
        isolation: vec![],
        retries: 0,
        allow_known_limits: false,
    };
    let results = testing::run(session, &request, &|e: &TestEvent<'_>| on_test(e))?;
    let Some(result) = results.into_iter().next() else { return Err(nothing(target).into()) };
    if !result.problems.is_empty() {
        return Err(Diagnostics { list: result.problems });
    }
    let bytes = std::fs::read(&file).map_err(|_| nothing(target))?;
    let profile = read_pprof(&bytes)
        .map_err(|e| Diagnostic::error(Code::Io, format!("the CPU profile of go test for {target}: {e}")))?;
    let package = result.packages.first().map(|p| p.package.clone()).unwrap_or_default();
    Ok(Measured {
        target,
        runner: result.runner.unwrap_or_default(),
        program: format!("{}.test", package.rsplit('/').next().unwrap_or("package")),
        profile,
        status: i32::from(!result.passed),
        whole_stacks: true,
    })
}

fn nothing(target: GoTarget) -> Box<Diagnostic> {
    Box::new(Diagnostic::error(Code::PerfUnavailable, format!("go test for {target} wrote no CPU profile")))
}

/// A program that is about to be measured.
struct Profiled {
    file: PathBuf,
    binary: Binary,
    table: pclntab::Pclntab,
    segments: Vec<Segment>,
}

impl Profiled {
    fn read(file: &Path) -> Result<Profiled, Box<Diagnostic>> {
        let file = file.canonicalize().map_err(|e| dist::failure(file, &e))?;
        let (bytes, binary): (FileBytes, Binary) = symbols::open(&file)?;
        let table = pclntab::read(&bytes).map_err(|e| symbols::no_table(&file, &e))?;
        let segments = segments(&bytes).map_err(|e| symbols::no_table(&file, &e.into()))?;
        Ok(Profiled { file, binary, table, segments })
    }

    /// Address of the first code that is loaded.
    fn code(&self) -> u64 {
        self.segments.iter().find(|s| s.executable).map_or(0, |s| s.addr)
    }
}

fn program(
    session: &Session,
    request: &ProfileRequest,
    what: Option<&str>,
    args: &[String],
) -> Result<Measured, Diagnostics> {
    let path = session.env.get("PATH").map(OsString::from);
    let perf = find_program("perf", path.as_deref(), &session.cwd).ok_or_else(missing_perf)?;
    let target = request.target;
    let ready = run::program(session, target, what, None)?;
    let runner = match &ready.runner {
        Runner::Native => ready.runner,
        Runner::QemuUser { version, .. } if major(version) >= LEAST_QEMU => ready.runner,
        Runner::QemuUser { .. } => newer_qemu(session, target)?,
        other => return Err(by_tests_only(target, other).into()),
    };
    let program = Profiled::read(&ready.file)?;
    let dir = scratch()?;
    let (data, log) = (dir.path().join("perf.data"), dir.path().join("pages"));
    let spec = record(request, &program, (&runner, ready.sysroot.as_deref()), (&perf, &data, &log), args);
    let spec = spec.cwd(&session.cwd);
    let began = std::time::Instant::now();
    let done = session.host.run(&spec).map_err(|e| unavailable(&e.to_string()))?;
    let wall = began.elapsed();
    let script = script(session, &perf, &data)?;
    let emulated = runner != Runner::Native;
    let guest = emulated.then(|| {
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        Guest { moved: moved(&text, program.code()).unwrap_or(0), maps: take_maps(&script) }
    });
    let resolver = Resolver {
        table: &program.table,
        segments: &program.segments,
        file: &program.file.to_string_lossy(),
        guest,
    };
    let mut profile = resolver.profile(&script);
    profile.wall = u64::try_from(wall.as_nanos()).unwrap_or(0);
    if profile.stacks.is_empty() {
        let d =
            Diagnostic::error(Code::PerfUnavailable, "perf took no sample: the program ran too short a time");
        return Err(d.hint("give it more to do, or ask for more samples with --rate").into());
    }
    let name = program.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Measured {
        target,
        runner: runner.label(),
        program: name,
        profile,
        status: done.status.shell_code(),
        whole_stacks: !emulated,
    })
}

/// perf with the program, whose streams are the caller's.
fn record(
    request: &ProfileRequest,
    program: &Profiled,
    (runner, sysroot): (&Runner, Option<&Path>),
    (perf, data, log): (&Path, &Path, &Path),
    args: &[String],
) -> CommandSpec {
    let command = command_for(runner, &request.target, &program.file, args, sysroot);
    let rate = request.rate.to_string();
    let mut words: Vec<OsString> =
        ["record", "-q", "-e", "cpu-clock", "-F", &rate].iter().map(OsString::from).collect();
    let unwind = match (runner, request.unwind) {
        (Runner::Native, Unwind::Dwarf) => format!("dwarf,{STACK_BYTES}"),
        _ => "fp".to_owned(),
    };
    words.extend(["--call-graph".into(), unwind.into(), "-o".into(), data.into(), "--".into()]);
    words.push(command.program.into());
    if *runner != Runner::Native {
        words.push("-perfmap".into());
        if program.binary.kind == FileKind::Pie {
            // Where it is loaded is only known when it runs.
            words.extend(["-d".into(), "page".into(), "-D".into(), log.into()]);
        }
    }
    words.extend(command.args);
    CommandSpec {
        env: Env::Inherit { set: command.env, remove: vec![] },
        stdin: Stdin::Inherit,
        output: OutputMode::Inherit,
        ..CommandSpec::new(format!("perf record for {}", request.target), perf).args(words)
    }
}

fn script(session: &Session, perf: &Path, data: &Path) -> Result<Script, Box<Diagnostic>> {
    if !data.metadata().is_ok_and(|m| m.len() > 0) {
        return Err(unavailable("perf record wrote nothing"));
    }
    let spec = CommandSpec::new("perf script", perf)
        .args(["script", "--no-inline", "--show-mmap-events", "-F", "pid,tid,period,ip,sym,symoff,dso", "-i"])
        .arg(data)
        .set("LC_ALL", "C");
    let script = std::sync::Mutex::new(Script::default());
    let done = session.host.run_lines(&spec, &|stream, line| {
        if let (goferry_proc::Stream::Stdout, Ok(mut script)) = (stream, script.lock()) {
            script.line(line);
        }
    });
    let done = done.map_err(|e| unavailable(&e.to_string()))?;
    let mut script = script.into_inner().unwrap_or_default();
    script.end();
    if done.status.success() { Ok(script) } else { Err(unavailable(done.stderr_text().trim())) }
}

/// qemu leaves the maps in /tmp, one for each process, some megabytes large: they are read and removed.
fn take_maps(script: &Script) -> BTreeMap<u32, PerfMap> {
    let mut out = BTreeMap::new();
    for pid in script.samples.iter().map(|s| s.pid).collect::<BTreeSet<_>>() {
        let path = format!("/tmp/perf-{pid}.map");
        let Ok(file) = std::fs::File::open(&path) else { continue };
        let mut text = String::new();
        if file.take(MAX_MAP).read_to_string(&mut text).is_ok() {
            out.insert(pid, PerfMap::parse(&text));
        }
        let _ = std::fs::remove_file(&path);
    }
    out
}

fn major(version: &str) -> u64 {
    version.split('.').next().and_then(|n| n.parse().ok()).unwrap_or(0)
}

/// A qemu with perf maps, from the distribution's newer suite.
fn newer_qemu(session: &Session, target: GoTarget) -> Result<Runner, Diagnostics> {
    let config = session.config()?;
    // The suite whose qemu knows LoongArch's vectors has one of version 10.
    let suite = vectors_suite().map(str::to_owned);
    let fetching = Fetching::configured(session, &config)?.with_qemu(suite.as_ref());
    let runner = toolset::runner(session, target, &fetching)?;
    match &runner {
        Runner::QemuUser { version, .. } if major(version) >= LEAST_QEMU => Ok(runner),
        other => {
            let message = format!("{} cannot say which code of a program it runs", other.label());
            let d = Diagnostic::error(Code::RunnerMissing, message)
                .hint(format!("qemu {LEAST_QEMU} or newer can: install one, or let goferry fetch it"))
                .hint_with("tests can be profiled with any", format!("goferry profile {target} --test ."));
            Err(d.into())
        }
    }
}

fn by_tests_only(target: GoTarget, runner: &Runner) -> Box<Diagnostic> {
    let message = format!("perf cannot look into programs for {target} that {} runs", runner.label());
    Box::new(Diagnostic::error(Code::RunnerMissing, message).hint_with(
        "tests and benchmarks have Go's own profile",
        format!("goferry profile {target} --test ."),
    ))
}

fn missing_perf() -> Box<Diagnostic> {
    Box::new(
        Diagnostic::error(Code::PerfUnavailable, "perf, which measures programs, is not on PATH")
            .hint_with("on Debian and Ubuntu", "apt-get install linux-perf")
            .hint("tests and benchmarks need no perf: --test"),
    )
}

fn unavailable(why: &str) -> Box<Diagnostic> {
    let level = std::fs::read_to_string(PARANOID).ok().and_then(|t| t.trim().parse::<i32>().ok());
    let mut d = Diagnostic::error(Code::PerfUnavailable, format!("perf does not measure here: {why}"));
    if let Some(level) = level.filter(|l| *l > 2) {
        d = d
            .with_note(format!("kernel.perf_event_paranoid is {level}, which keeps it from all but root"))
            .hint_with("as root, until the next boot", "sysctl kernel.perf_event_paranoid=2");
    }
    Box::new(d.hint("tests and benchmarks need no perf: --test"))
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn versions() {
        for (version, expected) in [("10.0.13", 10), ("7.2.22", 7), ("8", 8), ("", 0), ("x.1", 0)] {
            assert_eq!(major(version), expected, "{version}");
        }
    }
}
