//! `goferry targets`: every platform that Go knows, from this host's point of view.

use crate::args::TargetsArgs;
use crate::output::{self, data};
use crate::render::table;
use crate::resolve;
use goferry_emulate::{Class, HostFacts, RunnerChoice, choose_runner};
use goferry_proc::{Cancel, Host};
use goferry_report::Diagnostics;
use goferry_target::{GoTarget, Linking};
use std::process::ExitCode;

pub(super) fn run(args: &TargetsArgs) -> Result<ExitCode, Diagnostics> {
    let env = resolve::environment();
    let targets: Vec<GoTarget> = GoTarget::all().collect();
    let path = env.get("PATH").map(std::ffi::OsStr::new);
    let host = HostFacts::probe(&Host::new(Cancel::new()), path, &targets);
    let rows: Vec<(GoTarget, bool, RunnerChoice)> = targets
        .into_iter()
        .map(|t| {
            let pure = t.facts().is_some_and(|f| f.linking == Linking::Internal);
            (t, pure, choose_runner(&t, &host))
        })
        .collect();
    if args.json {
        let list: Vec<_> = rows.iter().map(|(t, pure, choice)| json(t, *pure, choice)).collect();
        output::json(&serde_json::json!({ "targets": list }));
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|(t, pure, choice)| {
            let variant = t.arch.variant().zip(t.arch.variant_env()).map(|(v, name)| format!("{name}={v}"));
            let runner = match (&choice.runner, choice.class) {
                (Some(r), _) => r.label(),
                (None, Some(Class::RunnerMissing)) => "missing".to_owned(),
                (None, _) => "none".to_owned(),
            };
            let why = match &choice.missing {
                Some(m) => format!("{}; {}", choice.reason, m.hint),
                None => choice.reason.clone(),
            };
            let links = if *pure { "yes" } else { "no" };
            vec![t.to_string(), variant.unwrap_or_default(), links.to_owned(), runner, why]
        })
        .collect();
    data(&table::draw(&["target", "default variant", "links without C", "runner", "why"], &rows));
    Ok(ExitCode::SUCCESS)
}

fn json(t: &GoTarget, pure: bool, choice: &RunnerChoice) -> serde_json::Value {
    serde_json::json!({
        "target": t,
        "goos": t.os.goos(),
        "goarch": t.arch.goarch(),
        "variant": t.arch.variant(),
        "name": t.goreleaser_name(),
        "links_without_c": pure,
        "runner": choice.runner,
        "reason": choice.reason,
        "missing": choice.missing,
        "class": choice.class,
    })
}
