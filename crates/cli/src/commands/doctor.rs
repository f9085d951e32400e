//! `goferry doctor`: the table, what is wrong, and with `--fix` what can be done about it without root.

use super::toolchain;
use crate::args::DoctorArgs;
use crate::output::{self, Terminal, data, harmless, talk};
use crate::render::{diagnostics, sarif, table};
use crate::watch::Watch;
use crate::{exit, resolve};
use goferry_engine::compilers::FetchRules;
use goferry_engine::doctor::{self, HostCheck, Report, TargetCheck};
use goferry_engine::toolset::{self, Locks, State};
use goferry_engine::{Session, size};
use goferry_proc::Cancel;
use goferry_report::{Diagnostics, Severity};
use std::process::ExitCode;

pub(super) fn run(args: &DoctorArgs) -> Result<ExitCode, Diagnostics> {
    let cancel = Cancel::new();
    let _watch = Watch::start(&cancel, None);
    let session = toolchain::session(&cancel)?;
    let targets = resolve::targets(&args.target)?;
    let mut report = doctor::examine(&session, &targets)?;
    if args.fix {
        fix(&session, &report)?;
        report = doctor::examine(&session, &targets)?;
    }
    if args.sarif {
        output::json(&sarif::log(&report.problems));
    } else if args.json {
        output::json(&report);
    } else {
        draw(&report, args.fix);
    }
    Ok(exit::of(&report.problems))
}

/// Fetches what is missing. The rest wants root, or is the user's to decide.
fn fix(session: &Session, report: &Report) -> Result<(), Diagnostics> {
    let rules = FetchRules { locked: false, may_fetch: true, refresh: false };
    let done = toolset::install(session, &report.need, rules, Locks::Leave)?;
    for (target, result) in &done.compilers {
        if let Err(d) = result {
            talk(&format!("{target}: {}\n", harmless(&d.message)));
        }
    }
    Ok(())
}

fn draw(report: &Report, fixed: bool) {
    data(&host(&report.host));
    let rows: Vec<Vec<String>> = report.targets.iter().map(row).collect();
    data(&table::draw(&["target", "in Go", "cgo", "C compiler", "makes its code", "runner"], &rows));
    let terminal = Terminal::detect();
    data("\n");
    for d in &report.problems.list {
        talk(&diagnostics::draw(d, &terminal));
    }
    let count = |s: Severity| report.problems.list.iter().filter(|d| d.severity == s).count();
    let fetchable = report.targets.iter().any(|t| t.state == State::ToFetch);
    let mut last = match (count(Severity::Error), count(Severity::Warning)) {
        (0, 0) => "nothing is wrong\n".to_owned(),
        (e, w) => format!("errors: {e}, warnings: {w}\n"),
    };
    if fetchable && !fixed {
        last += "what is to be fetched comes by itself with the first build; now: goferry doctor --fix\n";
    }
    if fixed {
        let commands = remaining(&report.problems);
        if !commands.is_empty() {
            last += "what goferry does not do for you:\n";
            last += &commands.iter().map(|c| format!("  {}\n", harmless(c))).collect::<String>();
        }
    }
    data(&last);
}

/// The commands of what is left.
fn remaining(problems: &Diagnostics) -> Vec<String> {
    let mut out: Vec<String> = vec![];
    for d in problems.list.iter().filter(|d| d.severity != Severity::Note) {
        if let Some(s) = d.hints.iter().find_map(|h| h.snippet.clone()).filter(|s| !out.contains(s)) {
            out.push(s);
        }
    }
    out
}

fn host(h: &HostCheck) -> String {
    let mut out = format!(
        "host       {}, {}\nisolation  {}\n",
        h.platform,
        h.go.as_deref().unwrap_or("no go command"),
        harmless(&h.isolation)
    );
    if let Some(bytes) = h.disk_free {
        out += &format!("disk       {} free\n", size(bytes));
    }
    if let Some(bytes) = h.memory {
        out += &format!("memory     {} free\n", size(bytes));
    }
    let entries: Vec<String> = h
        .binfmt
        .iter()
        .map(|b| format!("{}{} ({})", b.name, if b.enabled { "" } else { " off" }, b.flags))
        .collect();
    let entries =
        if entries.is_empty() { "no entries; none is needed".to_owned() } else { entries.join(", ") };
    out + &format!("binfmt     {}\n\n", harmless(&entries))
}

fn row(t: &TargetCheck) -> Vec<String> {
    let known = match t.known {
        Some(true) => "yes",
        Some(false) => "no",
        None => "?",
    };
    let compiler = match t.state {
        State::OnPath => format!("{} (on PATH)", t.cc),
        State::Fetched => format!("{} (fetched)", t.cc),
        State::ToFetch => format!("{} (to fetch)", t.cc),
        State::None => "none".to_owned(),
    };
    let compiler = match t.sysroot.is_empty() {
        true => compiler,
        false => format!("{compiler} with {}", t.sysroot.join(", ")),
    };
    let cgo = t.cgo.split(':').next().unwrap_or_default();
    let cgo = if cgo.starts_with("go ") { "if needed" } else { cgo };
    let makes = match t.makes_its_code.as_str() {
        "yes" | "not tried" => t.makes_its_code.clone(),
        _ => "NO".to_owned(),
    };
    vec![
        t.target.to_string(),
        known.to_owned(),
        cgo.to_owned(),
        harmless(&compiler),
        makes,
        t.runner.clone().unwrap_or_else(|| "none".to_owned()),
    ]
}
