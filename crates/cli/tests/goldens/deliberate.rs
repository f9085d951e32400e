//! The one table of what goferry means to do otherwise than goreleaser.
//!
//! An entry says exactly what becomes of what; one that never applies fails the suite.

use crate::compare::Difference;
use crate::facts::iso;
use serde_json::Value;
use std::sync::atomic::{AtomicBool, Ordering};

/// How a field differs.
#[derive(Debug)]
pub(crate) enum Change {
    /// goreleaser has it, goferry does not.
    Lost,
    /// goferry has it, goreleaser does not.
    Added,
    /// goreleaser's value (a text, or JSON), then goferry's.
    Becomes(&'static str, &'static str),
    /// The time of the run or of a file of the tree becomes the time of the commit.
    CommitTime,
}
use Change::{Added, Becomes, CommitTime, Lost};

/// One deliberate difference; `*` in case and field stands for anything.
pub(crate) struct Deliberate {
    case: &'static str,
    field: &'static str,
    change: Change,
    reason: &'static str,
    used: AtomicBool,
}

const fn entry(case: &'static str, field: &'static str, change: Change, reason: &'static str) -> Deliberate {
    Deliberate { case, field, change, reason, used: AtomicBool::new(false) }
}

const REPRODUCIBLE: &str = "archives are the same bytes for everybody: commit time, owner root";

static DELIBERATE: [Deliberate; 7] = [
    entry("*", "dist/config.yaml", Lost, "goferry says what it understood in goferry.json"),
    entry("*", "dist/goferry.json", Added, "how each binary was verified"),
    entry("*", "archives/*/members/*/mtime", CommitTime, REPRODUCIBLE),
    entry("*", "archives/*/members/*/uid", Becomes("caller", "0"), REPRODUCIBLE),
    entry("*", "archives/*/members/*/gid", Becomes("caller", "0"), REPRODUCIBLE),
    entry("*", "archives/*/members/*/uname", Becomes("caller", "root"), REPRODUCIBLE),
    entry("*", "archives/*/members/*/gname", Becomes("caller", "root"), REPRODUCIBLE),
];

/// Whether the table knows the difference.
pub(crate) fn is_deliberate(case: &str, d: &Difference, commit_time: i64) -> bool {
    let mut known = false;
    for e in DELIBERATE.iter().filter(|e| like(e.case, case) && like(e.field, &d.field)) {
        let (golden, ours) = (d.golden.as_ref(), d.ours.as_ref());
        let applies = match e.change {
            Lost => ours.is_none(),
            Added => golden.is_none(),
            Becomes(from, to) => shown(golden) == from && shown(ours) == to,
            CommitTime => {
                matches!(shown(golden).as_str(), "source" | "now") && shown(ours) == iso(commit_time)
            }
        };
        if applies {
            e.used.store(true, Ordering::Relaxed);
            known = true;
        }
    }
    known
}

/// Entries that no case needed.
pub(crate) fn dead() -> Vec<String> {
    let dead = DELIBERATE.iter().filter(|e| !e.used.load(Ordering::Relaxed));
    dead.map(|e| format!("{} {} {:?}: {}", e.case, e.field, e.change, e.reason)).collect()
}

/// A value as the table writes it: a text as it is, everything else as JSON.
pub(crate) fn shown(value: Option<&Value>) -> String {
    match value {
        None => "(none)".to_owned(),
        Some(Value::String(s)) => s.clone(),
        Some(v) => v.to_string(),
    }
}

/// Whether `text` has the pattern's pieces in their order, beginning with the first and ending with the last.
fn like(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(text) = text.strip_prefix(head) else { return false };
    (0..=text.len()).filter(|i| text.is_char_boundary(*i)).any(|i| like(rest, &text[i..]))
}
