//! `goferry scan`: what is known against programs, releases, modules and SBOMs.

use super::unwritable;
use crate::args::{FailOn, Form, ScanArgs};
use crate::output::Terminal;
use crate::output::{self, data, talk};
use crate::render::scan as draw;
use crate::sinks::{Manner, Talker};
use crate::watch::Watch;
use crate::{exit, resolve};
use goferry_config::template::Fields;
use goferry_engine::scanning::{Asked, Incident, Scanned, Scanner, alert};
use goferry_proc::Cancel;
use goferry_report::{Code, Diagnostic, Diagnostics, Sink};
use goferry_scan::Threshold;
use serde_json::Value;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

pub(super) fn run(args: &ScanArgs) -> Result<ExitCode, Diagnostics> {
    one_document(args)?;
    let talker = Talker::new(Manner { json: false, verbose: false }, Terminal::detect());
    let cancel = Cancel::new();
    let _watch = Watch::start(&cancel, None);
    let sink: Arc<dyn Sink> = Arc::<Talker>::clone(&talker);
    let session = resolve::session(sink, cancel, true)?;
    let config = session.config()?;
    let targets = resolve::targets(&args.target)?;
    let scanner = Scanner::open(&session, config.scan.as_ref(), &asked(args))?;
    let mut scanned = vec![];
    let mut problems = Diagnostics::default();
    let named = args.what.iter().map(|what| scanner.anything(&session, what, &targets));
    for result in named {
        match result {
            Ok(found) => scanned.extend(found),
            Err(found) => problems.append(found),
        }
    }
    for result in args.sbom.iter().map(|path| scanner.sbom(path)) {
        match result {
            Ok((found, unread)) => {
                scanned.push(found);
                problems.append(unread);
            }
            Err(found) => problems.append(found),
        }
    }
    write(args, &scanner, &scanned)?;
    // Of what could not be scanned nobody knows what it has.
    if !problems.has_errors() {
        scanner.unused(&scanned).into_iter().for_each(|d| session.sink.diagnostic(d));
    }
    for s in &scanned {
        problems.append(s.diagnostics());
    }
    dedup(&mut problems);
    if scanned.iter().any(|s| s.report.blocks())
        && let Some(configured) = config.alert.as_ref().filter(|_| !args.no_alert)
    {
        let names: Vec<&str> =
            scanned.iter().filter(|s| s.report.blocks()).map(|s| s.name.as_str()).collect();
        let incident = Incident { title: names.join(", "), scanned: &scanned, fields: Fields::new() };
        alert(&session, configured, &incident);
    }
    talker.rest(&problems);
    Ok(exit::of(&problems))
}

/// Two documents in one stream are none.
fn one_document(args: &ScanArgs) -> Result<(), Diagnostics> {
    let taken = |path: &Option<std::path::PathBuf>| path.as_deref() == Some(Path::new("-"));
    let all = [taken(&args.json), taken(&args.sarif), args.format != Form::Table];
    if all.into_iter().filter(|t| *t).count() < 2 {
        return Ok(());
    }
    let message = "one of --json -, --sarif - and --format may write to standard output, not two";
    Err(Diagnostic::error(Code::ConfigValue, message).into())
}

fn asked(args: &ScanArgs) -> Asked {
    Asked {
        fail_on: args.fail_on.map(|f| match f {
            FailOn::Present => Threshold::Present,
            FailOn::Imported => Threshold::Imported,
            FailOn::Linked => Threshold::Linked,
            FailOn::Never => Threshold::Never,
        }),
        ..args.known.asked()
    }
}

/// The same expired entry is said of every program.
fn dedup(problems: &mut Diagnostics) {
    let mut seen = vec![];
    problems.list.retain(|d| {
        let new = !seen.contains(d);
        seen.push(d.clone());
        new
    });
}

fn write(args: &ScanArgs, scanner: &Scanner, scanned: &[Scanned]) -> Result<(), Diagnostics> {
    let json = draw::json(scanner, scanned);
    let sarif = || draw::sarif(scanned);
    if let Some(path) = &args.json {
        put(path, &json)?;
    }
    if let Some(path) = &args.sarif {
        put(path, &sarif())?;
    }
    let taken = [&args.json, &args.sarif].into_iter().flatten().any(|p| p == Path::new("-"));
    match args.format {
        Form::Json => output::json(&json),
        Form::Sarif => output::json(&sarif()),
        Form::Table if taken || scanned.is_empty() => {}
        Form::Table => data(&draw::table(scanner, scanned)),
    }
    scanned
        .iter()
        .flat_map(|s| &s.report.notes)
        .for_each(|n| talk(&format!("note: {}\n", output::harmless(n))));
    Ok(())
}

fn put(path: &Path, value: &Value) -> Result<(), Diagnostics> {
    if path == Path::new("-") {
        output::json(value);
        return Ok(());
    }
    let text = serde_json::to_string_pretty(value).unwrap_or_default() + "\n";
    std::fs::write(path, text).map_err(|e| unwritable(path, &e))
}
