//! `goferry trace`: a program's system calls, drawn, counted, or compared with those on another target.

use super::exec::failed;
use crate::args::TraceArgs;
use crate::output::{self, data, harmless, talk};
use crate::render::trace as draw;
use crate::resolve;
use crate::watch::Watch;
use goferry_emulate::trace::{Comparison, compare, summary};
use goferry_engine::Session;
use goferry_engine::trace::{Recorded, Streams, record};
use goferry_plan::secret::hide;
use goferry_proc::Cancel;
use goferry_report::Diagnostics;
use serde_json::json;
use std::path::Path;
use std::process::ExitCode;

// Every other command gives its problems to the caller, whose statuses are not those of `trace`.
#[expect(clippy::unnecessary_wraps, reason = "the shape of all commands")]
pub(super) fn run(args: &TraceArgs) -> Result<ExitCode, Diagnostics> {
    let cancel = Cancel::new();
    let _watch = Watch::start(&cancel, None);
    let done = super::toolchain::session(&cancel).and_then(|session| match args.diff.as_slice() {
        [left, right] => differences(&session, args, [left, right]),
        _ => one(&session, args),
    });
    Ok(done.unwrap_or_else(|problems| failed(&problems)))
}

fn one(session: &Session, args: &TraceArgs) -> Result<ExitCode, Diagnostics> {
    let target = resolve::target(args.target.as_deref().unwrap_or_default())?;
    let ready = goferry_engine::run::program(session, target, args.package.as_deref(), None)?;
    let streams = if args.output.is_some() { Streams::Callers } else { Streams::Error };
    let recorded = record(session, target, &ready, &args.args, streams)?;
    if recorded.events.is_empty() {
        talk("goferry: nothing was traced; what was written above may say why\n");
    }
    shown(args, &recorded)?;
    let status = u8::try_from(recorded.shell_code()).unwrap_or(super::exec::FAILED);
    Ok(ExitCode::from(status))
}

fn shown(args: &TraceArgs, recorded: &Recorded) -> Result<(), Diagnostics> {
    if let Some(file) = args.raw.as_deref().filter(|f| *f != Path::new("-")) {
        write(file, &hide(&recorded.raw))?;
    } else if args.raw.is_some() {
        return put(args, &hide(&recorded.raw));
    }
    let text = match (args.summary, args.json) {
        (false, true) => lines(recorded.events.iter().map(draw::object)),
        (true, true) => lines(summary(&recorded.events).iter().map(|c| json!(c))),
        (true, false) => draw::counts(&summary(&recorded.events)),
        (false, false) => {
            let (text, hidden) = draw::rows(&recorded.events, args.all);
            if hidden > 0 {
                talk(&format!("note: {hidden} readings of the clock are not shown (--all)\n"));
            }
            text
        }
    };
    put(args, &text)
}

fn lines(objects: impl Iterator<Item = serde_json::Value>) -> String {
    objects.map(|o| output::line_of(&o)).collect()
}

fn put(args: &TraceArgs, text: &str) -> Result<(), Diagnostics> {
    match &args.output {
        Some(file) => write(file, text),
        None => {
            data(text);
            Ok(())
        }
    }
}

fn write(file: &Path, text: &str) -> Result<(), Diagnostics> {
    std::fs::write(file, text).map_err(|e| super::unwritable(file, &e))
}

fn differences(session: &Session, args: &TraceArgs, targets: [&str; 2]) -> Result<ExitCode, Diagnostics> {
    let mut programs = Vec::new();
    for name in targets {
        let target = resolve::target(name)?;
        // The first positional word is the package here.
        programs.push((target, goferry_engine::run::program(session, target, args.target.as_deref(), None)?));
    }
    let run = || -> Result<Option<[Recorded; 2]>, Diagnostics> {
        let record = |i: usize| record(session, programs[i].0, &programs[i].1, &args.args, Streams::Kept);
        let both = [record(0)?, record(1)?];
        Ok(Some(both).filter(|b| b.iter().all(|r| r.status.is_some())))
    };
    let Some(first) = run()? else { return Ok(interrupted()) };
    let (mut found, mut outcomes) = (compared(&first), outcomes(&first));
    if !found.differences.is_empty() || !outcomes.is_empty() {
        // Threads take other turns each time: what does not come again was no difference of the targets.
        let Some(second) = run()? else { return Ok(interrupted()) };
        found = found.confirmed_by(&compared(&second));
        let again = self::outcomes(&second);
        outcomes.retain(|(what, ..)| again.iter().any(|(w, ..)| w == what));
    }
    let text = match args.json {
        true => lines(objects(&found, &outcomes).into_iter()),
        false => drawn(&found, &outcomes, &first),
    };
    put(args, &text)?;
    Ok(ExitCode::from(u8::from(!(found.differences.is_empty() && outcomes.is_empty()))))
}

fn interrupted() -> ExitCode {
    talk("goferry: interrupted; nothing was compared\n");
    ExitCode::from(130)
}

fn compared([left, right]: &[Recorded; 2]) -> Comparison {
    let side = |r: &Recorded| r.target.arch.kind();
    compare((&left.events, side(left)), (&right.events, side(right)))
}

/// What the two runs' ends differ in: a word, and both values.
fn outcomes([left, right]: &[Recorded; 2]) -> Vec<(&'static str, String, String)> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let pairs = [
        ("status", left.shell_code().to_string(), right.shell_code().to_string()),
        ("standard output", text(&left.output.0), text(&right.output.0)),
        ("standard error", text(&left.output.1), text(&right.output.1)),
    ];
    pairs.into_iter().filter(|(_, a, b)| a != b).collect()
}

fn objects(found: &Comparison, outcomes: &[(&str, String, String)]) -> Vec<serde_json::Value> {
    let ends =
        outcomes.iter().map(|(what, l, r)| json!({ "kind": "outcome", "what": what, "left": l, "right": r }));
    let same =
        found.equivalents.iter().map(|e| json!({ "kind": "equivalent", "left": e.left, "right": e.right }));
    let total = json!({ "kind": "total", "compared": found.compared, "differences": found.differences.len() + outcomes.len() });
    ends.chain(found.differences.iter().map(|d| json!(d))).chain(same).chain([total]).collect()
}

fn drawn(found: &Comparison, outcomes: &[(&str, String, String)], [left, right]: &[Recorded; 2]) -> String {
    let names = [left.target.to_string(), right.target.to_string()];
    let names = [names[0].as_str(), names[1].as_str()];
    let mut out = String::new();
    for (what, l, r) in outcomes {
        out += &format!("{what} differs\n");
        for (name, text) in names.iter().zip([l, r]) {
            let text: Vec<String> = text.lines().map(|line| format!("    {}\n", harmless(line))).collect();
            out += &format!("  {name}\n{}", text.concat());
        }
    }
    out += &draw::differences(found, names);
    let count = found.differences.len() + outcomes.len();
    let count = if count == 1 { "1 difference".to_owned() } else { format!("{count} differences") };
    talk(&format!(
        "{} ({}) and {} ({}): {} calls compared, {count}\n",
        names[0], left.by, names[1], right.by, found.compared
    ));
    let same = draw::equivalents(found);
    if !same.is_empty() {
        talk(&format!("the same by other names: {}\n", harmless(&same)));
    }
    out
}
