//! `goferry binfmt`: the kernel's table of emulators.

use super::toolchain;
use crate::args::BinfmtAction;
use crate::output::{self, Terminal, data, harmless, talk};
use crate::render::{diagnostics, table};
use crate::watch::Watch;
use crate::{exit, resolve};
use goferry_engine::binfmt::{self, By, Changes, EntryRow, FileReport, Places, Status};
use goferry_proc::Cancel;
use goferry_report::{Code, Diagnostic, Diagnostics};
use goferry_target::{ArchKind, Os};
use std::path::Path;
use std::process::ExitCode;

pub(super) fn run(action: &BinfmtAction) -> Result<ExitCode, Diagnostics> {
    let places = Places::default();
    match action {
        BinfmtAction::Status { json } => {
            let status = binfmt::status(&places);
            if *json {
                output::json(&status);
            } else {
                data(&drawn(&status));
            }
            Ok(ExitCode::SUCCESS)
        }
        BinfmtAction::Register { targets, persist, print } => register(&places, targets, *persist, *print),
        BinfmtAction::Unregister { targets } => {
            let changes = binfmt::unregister(&places, &kinds(targets)?);
            if changes.rows.is_empty() && changes.problems.list.is_empty() {
                data("goferry has registered nothing\n");
            }
            Ok(report(&changes))
        }
        BinfmtAction::Explain { file, json } => explain(&places, file, *json),
    }
}

fn register(
    places: &Places,
    targets: &[String],
    persist: bool,
    print: bool,
) -> Result<ExitCode, Diagnostics> {
    let kinds = kinds(targets)?;
    let cancel = Cancel::new();
    let _watch = Watch::start(&cancel, None);
    let session = toolchain::session(&cancel)?;
    if print {
        for line in binfmt::lines(&session, &kinds)? {
            data(&(line + "\n"));
        }
        return Ok(ExitCode::SUCCESS);
    }
    Ok(report(&binfmt::register(&session, places, &kinds, persist)?))
}

/// The architectures of Linux targets; a variant changes nothing, since the kernel does not see it.
fn kinds(targets: &[String]) -> Result<Vec<ArchKind>, Diagnostics> {
    let targets = resolve::targets(targets)?;
    let mut out: Vec<ArchKind> = vec![];
    for t in &targets {
        if t.os != Os::Linux {
            let message = format!("{t}: qemu-user starts Linux programs only");
            return Err(Diagnostic::error(Code::UnknownTarget, message)
                .hint_with("what runs such programs here:", format!("goferry targets {t}"))
                .into());
        }
        if !out.contains(&t.arch.kind()) {
            out.push(t.arch.kind());
        }
    }
    Ok(out)
}

/// Draws what changed, then what did not; the status is that of the first error.
fn report(changes: &Changes) -> ExitCode {
    let row = |c: &binfmt::Changed| vec![c.arch.to_owned(), harmless(&c.entry), harmless(&c.what)];
    let rows: Vec<Vec<String>> = changes.rows.iter().map(row).collect();
    if !rows.is_empty() {
        data(&table::draw(&["arch", "entry", "what"], &rows));
    }
    let terminal = Terminal::detect();
    for d in &changes.problems.list {
        talk(&diagnostics::draw(d, &terminal));
    }
    exit::of(&changes.problems)
}

fn drawn(s: &Status) -> String {
    let mut out = format!("{} at {}", s.state, s.table);
    if s.in_user_namespace {
        out += ", seen from a user namespace, which has a table of its own on Linux 6.7 and later if one is mounted in it";
    }
    out.push('\n');
    if s.entries.is_empty() {
        out += "no entries; goferry needs none\n";
        return out;
    }
    out += "\nthe first that takes a file is used:\n";
    let rows: Vec<Vec<String>> = s.entries.iter().map(row).collect();
    out += &table::draw(&["entry", "state", "takes", "flags", "interpreter", "rule"], &rows);
    let mut seen: Vec<&str> = vec![];
    for e in &s.entries {
        for (letter, meaning) in e.flags.chars().zip(&e.flag_meanings) {
            if !seen.contains(meaning) {
                out += &format!("{}{letter}: {meaning}\n", if seen.is_empty() { "\n" } else { "" });
                seen.push(meaning);
            }
        }
    }
    let wrong = s.entries.iter().filter_map(|e| Some((e, e.why.as_ref()?)));
    for (n, (e, why)) in wrong.enumerate() {
        let gap = if n == 0 { "\n" } else { "" };
        out += &format!("{gap}{}: {}: {}: {why}\n", harmless(&e.name), e.condition, harmless(&e.interpreter));
    }
    for (n, c) in s.conflicts.iter().enumerate() {
        let gap = if n == 0 { "\n" } else { "" };
        let (winner, loser) = (harmless(&c.winner), harmless(&c.loser));
        out += &match c.shadowed {
            true => format!("{gap}{winner} takes all that {loser} would\n"),
            false => {
                format!("{gap}{winner} and {loser} can take the same file; {winner} is newer and wins\n")
            }
        };
    }
    if !s.at_boot.is_empty() {
        out += &format!("\nregistered at boot by goferry: {}\n", harmless(&s.at_boot.join(", ")));
    }
    out
}

fn row(e: &EntryRow) -> Vec<String> {
    let rule = match (&e.extension, &e.magic) {
        (Some(x), _) => format!("ends in .{x}"),
        (_, Some(magic)) => {
            let offset = e.offset.filter(|o| *o > 0).map(|o| format!("at {o} ")).unwrap_or_default();
            format!("{offset}{magic} mask {}", e.mask.as_deref().unwrap_or_default())
        }
        _ => String::new(),
    };
    vec![
        harmless(&e.name),
        if e.enabled { e.condition.to_owned() } else { format!("off, {}", e.condition) },
        e.takes.join(" "),
        e.flags.clone(),
        harmless(&e.interpreter),
        harmless(&rule),
    ]
}

fn explain(places: &Places, file: &Path, json: bool) -> Result<ExitCode, Diagnostics> {
    let report = binfmt::explain(places, file)?;
    if json {
        output::json(&report);
    } else {
        data(&draw_file(&report));
    }
    Ok(ExitCode::SUCCESS)
}

fn draw_file(r: &FileReport) -> String {
    let mut out = format!("{}: {}\n", harmless(&r.file), harmless(&r.what));
    let mut row = |name: &str, value: &str| out += &format!("  {name:<11} {}\n", harmless(value));
    let by = match &r.by {
        By::Entry(e) => format!("{} by the entry {}", e.interpreter, e.name),
        By::Kernel => "the kernel itself".to_owned(),
        By::Script(interpreter) => interpreter.clone(),
        By::Nobody => "nobody".to_owned(),
    };
    row(if r.starts { "started by" } else { "would be by" }, &by);
    row("why", &r.why);
    if !r.also.is_empty() {
        row("older", &r.also.join(", "));
    }
    for (n, a) in r.advice.iter().enumerate() {
        row(if n == 0 { "do" } else { "" }, a);
    }
    out
}
