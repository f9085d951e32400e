//! `goferry plan`.

use crate::args::PlanArgs;
use crate::output::{self, data, harmless};
use crate::render::table;
use crate::sinks::{Manner, Talker};
use crate::{exit, output::Terminal, resolve};
use goferry_engine::{Prepared, prepare};
use goferry_plan::Plan;
use goferry_plan::facts::RunnerFact;
use goferry_plan::graph::{Action, Stage, Step, VerifySpec};
use goferry_proc::Cancel;
use goferry_report::{Diagnostics, Sink};
use std::process::ExitCode;
use std::sync::Arc;

pub(super) fn run(args: &PlanArgs) -> Result<ExitCode, Diagnostics> {
    let talker =
        Talker::new(Manner { json: false, verbose: false }, Terminal { live: false, ..Terminal::detect() });
    let sink: Arc<dyn Sink> = Arc::<Talker>::clone(&talker);
    let session = resolve::session(sink, Cancel::new(), !args.no_cache)?;
    let result =
        resolve::request("plan", args.module.as_ref(), &args.select, &session.env).and_then(|mut request| {
            resolve::apply_notes(&args.notes, &mut request)?;
            prepare(&session, &request)
        });
    let (prepared, problems) = match result {
        Ok(mut p) => {
            let problems = std::mem::take(&mut p.problems);
            (Some(p), problems)
        }
        Err(problems) => (None, problems),
    };
    if args.json {
        output::json(&serde_json::json!({
            "plan": prepared.as_ref().map(|p| &p.plan),
            "diagnostics": problems,
        }));
        return Ok(exit::of(&problems));
    }
    if let Some(p) = &prepared {
        data(&draw(p));
    }
    talker.rest(&problems);
    Ok(exit::of(&problems))
}

fn draw(prepared: &Prepared) -> String {
    let plan = &prepared.plan;
    let p = &plan.project;
    let kind = if p.snapshot { ", a snapshot" } else { "" };
    let mut out =
        harmless(&format!("{} {}{kind}, into {}/", p.name, p.version, p.dist.trim_end_matches('/')));
    out.push('\n');
    let sources = &prepared.config.sources;
    out += &match sources.is_empty() {
        true => "no configuration file: the defaults\n".to_owned(),
        false => format!("configuration: {}\n", harmless(&sources.join(", "))),
    };
    for (name, hooks) in [("before", &prepared.before), ("after", &prepared.after)] {
        for h in hooks {
            out += &format!("{name}: {}\n", harmless(&h.line));
        }
    }
    let rows: Vec<Vec<String>> = plan.steps.iter().filter_map(|s| row(plan, s)).collect();
    if !rows.is_empty() {
        out.push('\n');
        out += &table::draw(&["target", "build", "cgo", "verified by", "packages"], &rows);
    }
    let rest: Vec<String> =
        plan.steps.iter().filter(|s| over_all_targets(s)).map(|s| harmless(&s.id.0)).collect();
    if !rest.is_empty() {
        out += &format!("\nthen: {}\n", rest.join(", "));
    }
    if !plan.notes.is_empty() {
        out.push('\n');
        for n in &plan.notes {
            out += &format!("note: {}\n", harmless(n));
        }
    }
    out
}

fn over_all_targets(step: &Step) -> bool {
    matches!(
        step.stage,
        Stage::Image | Stage::Changelog | Stage::Checksum | Stage::Provenance | Stage::Sign | Stage::Metadata
    ) || matches!(step.action, Action::Source(_))
}

/// The row of a binary, drawn from its verify step.
fn row(plan: &Plan, step: &Step) -> Option<Vec<String>> {
    let Action::Verify(v) = &step.action else { return None };
    let made = plan.steps.iter().find(|s| s.id == v.built)?;
    let (id, cgo) = match &made.action {
        Action::Build(b) => (b.id.clone(), format!("{:?}", b.cgo).to_lowercase()),
        Action::Universal(u) => (u.id.clone(), String::new()),
        Action::Prebuilt { id, .. } => (id.clone(), String::new()),
        _ => (String::new(), String::new()),
    };
    let packages: Vec<&str> = plan
        .steps
        .iter()
        .filter_map(|s| match &s.action {
            Action::Archive(a) if a.binaries.iter().any(|b| b.verified == step.id) => Some(a.file.as_str()),
            _ => None,
        })
        .collect();
    Some(vec![
        step.target.map_or_else(|| "darwin/all".to_owned(), |t| t.to_string()),
        harmless(&id),
        cgo.replace("godecides", "go decides"),
        verified_by(v),
        harmless(&packages.join(" ")),
    ])
}

fn verified_by(v: &VerifySpec) -> String {
    if let Some(place) = &v.skipped_by_user {
        return harmless(&format!("inspection (skipped: {place})"));
    }
    match &v.runner {
        RunnerFact::Runs { name, .. } if v.executable => name.clone(),
        RunnerFact::Missing { .. } if v.executable => "inspection (runner missing)".to_owned(),
        _ => "inspection".to_owned(),
    }
}
