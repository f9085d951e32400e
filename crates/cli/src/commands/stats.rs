//! `goferry stats`: the release in dist/, and what the records say of the last ones.

use crate::args::StatsArgs;
use crate::output::{self, data, harmless};
use crate::render::table;
use crate::{duration, resolve};
use goferry_engine::history::{self, Record, Statistics, TargetRecord, statistics};
use goferry_report::{Code, Diagnostic, Diagnostics};
use serde::Serialize;
use std::collections::BTreeMap;
use std::process::ExitCode;

#[derive(Serialize)]
struct Said<'a> {
    release: &'a Option<history::InDist>,
    last: &'a Statistics,
}

pub(super) fn run(args: &StatsArgs) -> Result<ExitCode, Diagnostics> {
    let cwd = resolve::working_directory()?;
    let release = history::in_dist(&cwd.join(&args.dist))?;
    let (module, project) = match &release {
        Some(r) => (r.module.clone(), r.project.clone()),
        None => (history::module_of(&cwd), String::new()),
    };
    if module.is_empty() && project.is_empty() {
        let message = format!("there is no release in {} and no go.mod here", args.dist.display());
        return Err(Diagnostic::error(Code::NoModule, message).into());
    }
    let records = match history::folder(&resolve::environment()) {
        None => vec![],
        Some(folder) => history::read(&folder, &module, &project).map_err(|e| {
            Diagnostic::error(Code::Io, format!("the records in {} cannot be read: {e}", folder.display()))
        })?,
    };
    let chosen: Vec<Record> = records.into_iter().filter(|r| !(args.no_snapshots && r.snapshot)).collect();
    let last = statistics(&chosen[chosen.len().saturating_sub(args.last)..]);
    match args.json {
        true => output::json(&Said { release: &release, last: &last }),
        false => data(&draw(release.as_ref(), &last)),
    }
    Ok(ExitCode::SUCCESS)
}

fn draw(release: Option<&history::InDist>, last: &Statistics) -> String {
    let mut out = String::new();
    match release {
        Some(r) => {
            let state = if r.ok { "" } else { ", unfinished" };
            out += &(harmless(&format!("{} {}{state}", r.project, r.version)) + "\n");
            let head = ["target", "built", "verified", "ran", "not run", "blocked by"];
            out += &table::draw(&head, &r.targets.iter().map(of_release).collect::<Vec<_>>());
            if !r.blocked.is_empty() {
                out += &(harmless(&format!("blocked as a whole by {}", r.blocked.join(", "))) + "\n");
            }
        }
        None => out += "there is no release in this folder\n",
    }
    let Some(rate) = last.success_rate else { return out + "\nno release is in the records yet\n" };
    let releases = if last.releases == 1 { "release" } else { "releases" };
    out += &format!(
        "\nlast {} {releases}: {} succeeded ({:.0} %)\n",
        last.releases,
        last.succeeded,
        rate * 100.0
    );
    let rows: Vec<Vec<String>> = last
        .targets
        .iter()
        .map(|t| {
            vec![
                harmless(&t.target),
                format!("{} of {}", t.clean, t.releases),
                harmless(&counted(&t.blocked)),
                t.mean_seconds_to_clean.map_or_else(String::new, |s| duration::show((s * 1000.0) as u64)),
                if t.blocked_since.is_some() { "blocked".to_owned() } else { "clean".to_owned() },
            ]
        })
        .collect();
    out += &table::draw(&["target", "clean", "blocked by", "mean time to clean", "now"], &rows);
    if !last.blocked.is_empty() {
        out += &(harmless(&format!("blocked as a whole by {}", counted(&last.blocked))) + "\n");
    }
    out
}

fn of_release(t: &TargetRecord) -> Vec<String> {
    let of = |n: usize| format!("{n} of {}", t.planned);
    vec![
        harmless(&t.target),
        of(t.built),
        of(t.verified),
        of(t.ran),
        harmless(&counted(&t.waived)),
        harmless(&t.blocked.join(", ")),
    ]
}

fn counted(all: &BTreeMap<String, usize>) -> String {
    let words = all.iter().map(|(what, n)| if *n == 1 { what.clone() } else { format!("{what} ({n})") });
    words.collect::<Vec<_>>().join(", ")
}
