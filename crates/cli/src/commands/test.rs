//! `goferry test`: results as go test writes them, a table of packages and targets, JUnit.

use crate::args::TestArgs;
use crate::output::{self, data, harmless, talk};
use crate::render::{diagnostics, table};
use crate::watch::Watch;
use crate::{exit, resolve};
use goferry_emulate::known_limits;
use goferry_engine::testing::{
    self, GoTestArgs, PackageResult, TargetResult, TestEvent, TestRequest, Verdict,
};
use goferry_proc::Cancel;
use goferry_proc::guest::Level;
use goferry_proc::sandbox::Isolation;
use goferry_report::Diagnostics;
use goferry_target::GoTarget;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;

pub(super) fn run(args: &TestArgs) -> Result<ExitCode, Diagnostics> {
    let go: Vec<String> = args.go.iter().map(|w| w.to_string_lossy().into_owned()).collect();
    let request = TestRequest {
        targets: resolve::targets(&args.target)?,
        all: args.all,
        go: GoTestArgs::parse(&go)?,
        isolation: args.isolation.arguments().iter().map(|w| w.to_string_lossy().into_owned()).collect(),
        retries: args.retries,
        allow_known_limits: args.allow_known_limits,
    };
    let cancel = Cancel::new();
    let _watch = Watch::start(&cancel, None);
    let mut session = super::toolchain::session(&cancel)?;
    session.parallelism = args.parallelism;
    let single = !request.all && request.targets.len() <= 1;
    let view = View {
        single,
        json: request.go.json,
        verbose: request.go.verbose,
        wants_output: request.go.wants_output,
        streams: &args.streams,
        files: Mutex::default(),
        lost: Mutex::default(),
    };
    view.check_streams()?;
    let results = testing::run(&session, &request, &|e| view.event(e))?;
    if let Some(file) = &args.junit {
        std::fs::write(file, testing::junit(&results)).map_err(|e| super::unwritable(file, &e))?;
    }
    let network = request.isolation.iter().any(|w| w == "--network");
    Ok(end(&view, &results, network))
}

/// Draws what is left to say; the status of the run.
fn end(view: &View<'_>, results: &[TargetResult], network: bool) -> ExitCode {
    if view.json && !view.single {
        output::json(&serde_json::json!({ "targets": results }));
    } else if !view.single {
        data(&matrix(results));
    }
    let mut problems = Diagnostics::default();
    if let Some(lost) = view.lost.lock().ok().and_then(|mut l| l.take()) {
        lost.list.iter().for_each(|d| talk(&diagnostics::draw(d, &crate::output::Terminal::detect())));
        problems.append(lost);
    }
    for r in results {
        for t in r.packages.iter().flat_map(|p| p.tests.iter().map(move |t| (p, t))) {
            if let Some(limit) = known_limits().iter().find(|l| t.1.limit.as_ref() == Some(&l.id)) {
                let name = format!("{} {} on {}", t.0.package, t.1.name, r.target);
                talk(&format!(
                    "note: {name} is a known limit of the emulator ({}): {}\n",
                    limit.id, limit.why
                ));
            }
        }
        // Those of a target that could not begin were drawn when it was its turn.
        if r.runner.is_some() {
            for d in &r.problems {
                talk(&diagnostics::draw(d, &crate::output::Terminal::detect()));
            }
        }
        problems.list.extend(r.problems.iter().cloned());
    }
    if !network && results.iter().any(TargetResult::missed_the_network) {
        talk("note: tests that failed asked for the network, which they have only with --network\n");
    }
    match (problems.exit_class(), results.iter().all(|r| r.passed)) {
        (Some(_), _) => exit::of(&problems),
        (None, true) => ExitCode::SUCCESS,
        (None, false) => ExitCode::FAILURE,
    }
}

/// What is shown while tests run.
struct View<'a> {
    single: bool,
    json: bool,
    verbose: bool,
    wants_output: bool,
    streams: &'a Path,
    files: Mutex<BTreeMap<PathBuf, File>>,
    /// What could not be written.
    lost: Mutex<Option<Diagnostics>>,
}

impl View<'_> {
    fn event(&self, event: &TestEvent<'_>) {
        match event {
            TestEvent::Target(r) => talk(&opening(r)),
            TestEvent::Line(_, line) if self.json && self.single => data(&format!("{line}\n")),
            TestEvent::Line(target, line) if self.json => self.keep(*target, line),
            TestEvent::Wrote(_, text) if self.verbose && self.single && !self.json => data(text),
            TestEvent::Said(target, text) => talk(&format!("{}{}\n", self.prefix(*target), harmless(text))),
            TestEvent::Again(target, package, tries) => {
                talk(&format!("{}{package}: failed {tries} times, again\n", self.prefix(*target)));
            }
            TestEvent::Package(target, p)
                if !self.json && (!(self.verbose && self.single) || p.verdict == Verdict::BuildFailed) =>
            {
                let prefix = self.prefix(*target);
                let text: String = written(p, self.verbose, self.wants_output)
                    .lines()
                    .map(|l| format!("{prefix}{l}\n"))
                    .collect();
                data(&text);
            }
            _ => {}
        }
    }

    fn prefix(&self, target: GoTarget) -> String {
        if self.single { String::new() } else { format!("{target}  ") }
    }

    /// Whether the targets' own files can be written, before anything runs.
    fn check_streams(&self) -> Result<(), Diagnostics> {
        if self.single || !self.json {
            return Ok(());
        }
        let probe = self.streams.join(".goferry-test");
        std::fs::create_dir_all(self.streams)
            .and_then(|()| File::create(&probe))
            .and_then(|_| std::fs::remove_file(&probe))
            .map_err(|e| super::unwritable(self.streams, &e))
    }

    /// A line of a target's own file.
    fn keep(&self, target: GoTarget, line: &str) {
        let path = self.streams.join(format!("{}.json", target.goreleaser_name()));
        let Ok(mut files) = self.files.lock() else { return };
        let written = match files.get_mut(&path) {
            Some(file) => writeln!(file, "{line}"),
            None => File::create(&path).and_then(|mut file| {
                writeln!(file, "{line}")?;
                files.insert(path.clone(), file);
                Ok(())
            }),
        };
        if let (Err(e), Ok(mut lost)) = (written, self.lost.lock()) {
            lost.get_or_insert_with(|| super::unwritable(&path, &e));
        }
    }
}

/// What is said of a target before its tests run.
fn opening(r: &TargetResult) -> String {
    let mut out = String::new();
    if let Some(why) = r.skipped.as_ref().filter(|_| r.passed) {
        return format!("{}: not tested: {why}\n", r.target);
    }
    for d in &r.problems {
        out += &diagnostics::draw(d, &crate::output::Terminal::detect());
    }
    let (Some(runner), Some(granted)) = (&r.runner, &r.granted) else { return out };
    if granted.level == Level::Emulator {
        let why = granted.not_registered.as_deref().unwrap_or("--way=direct");
        out += &format!(
            "{}: tests run by {runner}; those that start themselves will fail with `exec format error` ({why})\n  \
             a kernel of 6.7 or newer with user namespaces lifts that, or as root: goferry binfmt register {}\n",
            r.target, r.target
        );
    }
    if let Isolation::None { why } = &granted.isolation {
        out += &format!("{}: tests see the host's network and processes ({why})\n", r.target);
    }
    out
}

/// As go test writes it without `-v`: the last line, and before it what failed.
fn written(p: &PackageResult, verbose: bool, whole: bool) -> String {
    let mut out = String::new();
    for t in p.tests.iter().filter(|t| t.verdict == Verdict::Failed || verbose) {
        out += &t.output;
    }
    match p.verdict {
        Verdict::Ok | Verdict::Skipped if !verbose && !whole => {
            // What passed is quiet but for its own line.
            out += p.output.lines().next_back().unwrap_or_default();
        }
        _ => out += &p.output,
    }
    out
}

/// Packages by targets.
fn matrix(results: &[TargetResult]) -> String {
    let names: std::collections::BTreeSet<&str> =
        results.iter().flat_map(|r| r.packages.iter().map(|p| p.package.as_str())).collect();
    let targets: Vec<String> = results.iter().map(|r| r.target.to_string()).collect();
    let mut heading = vec!["package"];
    heading.extend(targets.iter().map(String::as_str));
    let rows: Vec<Vec<String>> = names
        .iter()
        .map(|name| {
            let cells = results.iter().map(|r| cell(r, name));
            std::iter::once(harmless(name)).chain(cells).collect()
        })
        .collect();
    if rows.is_empty() { String::new() } else { format!("\n{}", table::draw(&heading, &rows)) }
}

fn cell(r: &TargetResult, package: &str) -> String {
    let Some(p) = r.packages.iter().find(|p| p.package == package) else {
        return if r.skipped.is_some() { "not tested" } else { "-" }.to_owned();
    };
    match p.verdict {
        Verdict::Ok if p.cached => "cached".to_owned(),
        Verdict::Ok if p.tries > 1 => format!("ok at try {}", p.tries),
        Verdict::Ok => format!("ok {:.1} s", p.seconds),
        Verdict::Skipped => "no tests".to_owned(),
        Verdict::BuildFailed => "BUILD FAILED".to_owned(),
        Verdict::Failed => {
            let (known, all) = (p.failures().filter(|t| t.limit.is_some()).count(), p.failures().count());
            if known == all && all > 0 { "known limit".to_owned() } else { format!("FAIL ({})", all.max(1)) }
        }
    }
}
