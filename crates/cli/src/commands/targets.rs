//! `goferry targets`: every platform that Go knows, from this host's point of view.

use super::toolchain;
use crate::args::TargetsArgs;
use crate::output::{self, data, harmless};
use crate::render::table;
use crate::resolve;
use crate::watch::Watch;
use goferry_engine::targets::{self, TargetRow, Tried};
use goferry_engine::toolset::State;
use goferry_proc::Cancel;
use goferry_report::Diagnostics;
use std::process::ExitCode;

/// What stands above the table of docs/targets.md.
const INTRODUCTION: &str = "\
# Targets

Written by `goferry targets --markdown`, which builds a small program with cgo for every pair that Go knows (without cgo
where there is no C compiler for it), and runs it by `goferry exec` where this kind of host can: it prints a line with C's
mathematics in it and the words of what worked besides, a hundred goroutines, a TCP connection to itself, and starting itself.
Nothing was installed by root. `goferry targets` prints the same for your host, without building.

";

pub(super) fn run(args: &TargetsArgs) -> Result<ExitCode, Diagnostics> {
    let cancel = Cancel::new();
    let _watch = Watch::start(&cancel, None);
    let session = toolchain::session(&cancel)?;
    let asked = resolve::targets(&args.targets)?;
    if args.markdown {
        data(&markdown(&targets::try_out(&session, &asked)?));
        return Ok(ExitCode::SUCCESS);
    }
    let rows = targets::list(&session, &asked)?;
    if args.json {
        output::json(&serde_json::json!({ "targets": rows }));
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<Vec<String>> = rows.iter().map(row).collect();
    let head = ["target", "variant", "without C", "C compiler", "libc", "runner", "why"];
    data(&table::draw(&head, &rows));
    Ok(ExitCode::SUCCESS)
}

fn row(r: &TargetRow) -> Vec<String> {
    let t = &r.tool;
    let state = match t.state {
        State::OnPath => " (on PATH)",
        State::Fetched => " (fetched)",
        State::ToFetch => " (to fetch)",
        State::None => "",
    };
    let links = if r.links_without_c { "links" } else { "does not link" };
    vec![
        t.target.to_string(),
        r.variant.clone().unwrap_or_default(),
        links.to_owned(),
        if t.cc.is_empty() { "none".to_owned() } else { format!("{}{state}", t.cc) },
        r.libc.clone(),
        t.runner.clone().unwrap_or_else(|| "none".to_owned()),
        harmless(&t.runner_reason),
    ]
}

fn markdown(tried: &[Tried]) -> String {
    let mut out = INTRODUCTION.to_owned();
    out += "| target | variant | compiler | libc | runner | built | ran |\n|---|---|---|---|---|---|---|\n";
    for t in tried {
        let tool = &t.row.tool;
        let cell = |s: &str| harmless(s).replace('|', "\\|");
        out += &format!(
            "| {} | {} | {} | {} | {} | {} | {} |\n",
            tool.target,
            t.row.variant.as_deref().unwrap_or(""),
            if tool.cc.is_empty() { "none".to_owned() } else { format!("`{}`", tool.cc) },
            cell(&t.row.libc),
            tool.runner.as_deref().unwrap_or("none"),
            cell(&t.built),
            cell(&t.ran),
        );
    }
    out
}
