//! Traces drawn: a line or an object for each event, counts, differences.

use super::table;
use crate::output::harmless;
use goferry_emulate::trace::{
    Call, Comparison, Count, Difference, Event, Outcome, Side, What, reads_the_clock,
};
use serde_json::{Value, json};
use std::fmt::Write;

/// Foreign words on one line.
fn line(text: &str) -> String {
    harmless(&text.replace('\n', "\\n"))
}

/// A table; with readings of the clock only if `all`. Also how many were left out.
pub(crate) fn rows(events: &[Event], all: bool) -> (String, usize) {
    let mut hidden = 0;
    let mut rows = Vec::new();
    for event in events {
        let [call, result, arguments] = match &event.what {
            What::Call(c) if !all && reads_the_clock(&c.name) && c.error().is_none() => {
                hidden += 1;
                continue;
            }
            What::Call(c) => [c.name.clone(), result(c), arguments(c)],
            What::Signal { name, detail } => [name.clone(), "signal".to_owned(), detail.clone()],
            What::Ended(how) => [String::new(), "ended".to_owned(), how.clone()],
            What::Other => [String::new(), String::new(), event.raw.clone()],
        };
        rows.push(vec![event.thread.to_string(), line(&call), line(&result), line(&arguments)]);
    }
    (table::draw(&["thread", "call", "result", "arguments"], &rows), hidden)
}

fn result(call: &Call) -> String {
    let mark = if call.paired { " (?)" } else { "" };
    match &call.outcome {
        Outcome::Returned(text) => format!("{text}{mark}"),
        Outcome::Failed(error) => format!("{error}{mark}"),
        Outcome::Restarted => "restarted".to_owned(),
        Outcome::Missing => "-".to_owned(),
    }
}

fn arguments(call: &Call) -> String {
    let note = if call.note.is_empty() { String::new() } else { format!("  {}", call.note) };
    format!("{}{note}", call.args.join(", "))
}

/// An event as an object.
pub(crate) fn object(event: &Event) -> Value {
    match &event.what {
        What::Call(c) => json!({
            "thread": event.thread,
            "call": c.name,
            "arguments": c.args,
            "result": c.returned(),
            "error": c.error(),
            "restarted": c.outcome == Outcome::Restarted,
            "note": (!c.note.is_empty()).then_some(&c.note),
            "result_uncertain": c.paired,
        }),
        What::Signal { name, detail } => {
            json!({ "thread": event.thread, "signal": name, "detail": detail })
        }
        What::Ended(how) => json!({ "thread": event.thread, "ended": how }),
        What::Other => json!({ "thread": event.thread, "text": event.raw }),
    }
}

/// Counts of calls.
pub(crate) fn counts(counts: &[Count]) -> String {
    let shown = |c: &Count| {
        let errors: Vec<String> = c.errors.iter().map(|(e, n)| format!("{e} {n}")).collect();
        let failed = if c.failed == 0 { String::new() } else { c.failed.to_string() };
        vec![c.calls.to_string(), failed, line(&c.call), errors.join(", ")]
    };
    let mut rows: Vec<Vec<String>> = counts.iter().map(shown).collect();
    let sum = |of: fn(&Count) -> u64| counts.iter().map(of).sum::<u64>().to_string();
    rows.push(vec![sum(|c| c.calls), sum(|c| c.failed), "total".to_owned(), String::new()]);
    table::draw(&["calls", "errors", "call", "which"], &rows)
}

/// What two runs did differently. `names` are those of the two.
pub(crate) fn differences(found: &Comparison, names: [&str; 2]) -> String {
    let mut out = String::new();
    let width = names.iter().map(|n| n.len()).max().unwrap_or_default();
    let name = |side: Side| if side == Side::Left { names[0] } else { names[1] };
    for d in &found.differences {
        // Writing into a text cannot fail.
        let _ = match d {
            Difference::Differs { about, what, left, right } => writeln!(
                out,
                "{} differs on {}\n  {:width$}  {}\n  {:width$}  {}",
                what,
                line(about),
                names[0],
                line(left),
                names[1],
                line(right)
            ),
            Difference::Only { on, about, calls } => {
                let calls: Vec<String> = calls.iter().map(|c| format!("\n  {}", line(c))).collect();
                writeln!(out, "only {} on {}{}", name(*on), line(about), calls.concat())
            }
            Difference::Fails { on, call, error, line: shown } => {
                writeln!(out, "{error} from {call} only on {}\n  {}", name(*on), line(shown))
            }
            Difference::Setup { on, call } => writeln!(out, "{} only on {}", line(call), name(*on)),
        };
    }
    out
}

/// The names of calls that mean the same.
pub(crate) fn equivalents(found: &Comparison) -> String {
    let pairs: Vec<String> =
        found.equivalents.iter().map(|e| format!("{} = {}", e.left.join("/"), e.right.join("/"))).collect();
    pairs.join(", ")
}
