//! What a run made, as data for the table at its end.

use crate::steps::{Execution, Scan, StepValue, lock, size};
use goferry_plan::graph::{Action, Stage, StepId};
use goferry_report::StepState;
use goferry_verify::{RunOutcome, Waived};
use serde::Serialize;
use std::collections::HashMap;

/// One row: a binary.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Target, `darwin/all` for a universal binary.
    pub target: String,
    /// Build id.
    pub id: String,
    /// Bytes for people.
    pub size: String,
    /// `static`, `dynamic`, …; with the glibc that it needs.
    pub linkage: String,
    /// Where a program that needs glibc starts: its version, and the oldest release of each distribution that has it.
    pub glibc: Option<(String, Vec<String>)>,
    /// How it was verified: `ran by qemu-aarch64 7.2.22`, `inspected (no-runner)`, or `failed`.
    pub verified: String,
    /// `namespaces`, `none (why)`, or empty.
    pub isolation: String,
    /// What the scan found: `2 linked, 7 present`, `not scanned (why)`; empty where none was planned.
    pub scanned: String,
    /// Milliseconds of its build and verify steps.
    pub millis: u64,
    /// Whether both came from the action cache.
    pub cached: bool,
}

/// Everything the table shows.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// Project and version.
    pub title: String,
    /// A row per binary.
    pub rows: Vec<Row>,
    /// Number of archives and other packages.
    pub packages: usize,
    /// Waivers, in words.
    pub waivers: Vec<String>,
    /// The output folder as the user knows it.
    pub dist: String,
    /// Wall time.
    pub millis: u64,
}

impl Summary {
    pub(crate) fn of(cx: &Execution<'_>, millis: u64) -> Summary {
        let values = lock(&cx.values);
        let times = lock(&cx.times);
        let mut rows = vec![];
        let mut waivers = vec![];
        let mut packages = 0;
        for s in &cx.plan.steps {
            if matches!(values.get(&s.id), Some(StepValue::Packaged(_) | StepValue::Source { .. })) {
                packages += 1;
            }
            if let Some(StepValue::Image(made)) = values.get(&s.id) {
                waivers.extend(made.waivers());
            }
            if let Action::LinuxPackage(spec) = &s.action
                && let Some(proof) = lock(&cx.proofs).get(&spec.file)
            {
                let own: Vec<&RunOutcome> =
                    spec.programs.iter().filter_map(|p| run_of(&values, &p.verified)).collect();
                // What is not run at all was said of the program itself.
                let waived =
                    proof.waivers().into_iter().filter(|w| !own.contains(&&RunOutcome::Waived((*w).clone())));
                waivers.extend(waived.map(|w| waiver(&spec.file, w)));
            }
            let Action::Verify(spec) = &s.action else { continue };
            let target = s.target.map_or_else(|| "darwin/all".to_owned(), |t| t.to_string());
            let time = |id| times.get(id).copied().unwrap_or((StepState::Dropped, 0));
            let ((b_state, b_millis), (v_state, v_millis)) = (time(&spec.built), time(&s.id));
            let mut row = Row {
                target: target.clone(),
                id: id_of(cx, &spec.built.0),
                size: String::new(),
                linkage: String::new(),
                glibc: None,
                verified: if b_state == StepState::Failed {
                    "not built".to_owned()
                } else {
                    "failed".to_owned()
                },
                isolation: String::new(),
                scanned: String::new(),
                millis: b_millis + v_millis,
                cached: b_state == StepState::Cached && v_state == StepState::Cached,
            };
            if let Some(StepValue::Verified(v)) = values.get(&s.id) {
                row.size = size(v.built().binary().size);
                row.scanned = match lock(&cx.scans).get(&v.built().binary().path) {
                    Some(Scan::Scanned(s)) => s.words(),
                    Some(Scan::NotScanned { why }) => format!("not scanned ({why})"),
                    None => String::new(),
                };
                let i = v.inspected();
                row.linkage.clone_from(&i.linkage);
                if let Some(version) = &i.glibc {
                    row.linkage = format!("{}, glibc {version}", i.linkage);
                    row.glibc = Some((version.clone(), i.runs_on.clone()));
                }
                match v.run() {
                    RunOutcome::Ran(r) => {
                        row.verified = ran(r);
                        row.isolation.clone_from(&r.isolation);
                    }
                    RunOutcome::Waived(w) => {
                        row.verified = format!("inspected ({})", w.class.as_str());
                        let line = waiver(&target, w);
                        if !waivers.contains(&line) {
                            waivers.push(line);
                        }
                    }
                }
            }
            rows.push(row);
        }
        let p = &cx.plan.project;
        debug_assert!(cx.plan.steps.iter().any(|s| s.stage == Stage::Metadata));
        Summary {
            title: format!("{} {}", p.name, p.version),
            rows,
            packages,
            waivers,
            dist: p.dist.clone(),
            millis,
        }
    }
}

fn waiver(of: &str, w: &Waived) -> String {
    format!("{of}: {} ({}; {})", w.class.as_str(), w.reason, w.place)
}

fn run_of<'v>(values: &'v HashMap<StepId, StepValue>, verified: &StepId) -> Option<&'v RunOutcome> {
    match values.get(verified) {
        Some(StepValue::Verified(v)) => Some(v.run()),
        _ => None,
    }
}

/// How a binary was run, in words.
pub(crate) fn ran(r: &goferry_verify::RunRecord) -> String {
    match r.runner.as_str() {
        "native" => "ran natively".to_owned(),
        other => format!("ran by {other}"),
    }
}

fn id_of(cx: &Execution<'_>, step: &str) -> String {
    cx.plan
        .steps
        .iter()
        .find(|s| s.id.0 == step)
        .map(|s| match &s.action {
            Action::Build(b) => b.id.clone(),
            Action::Universal(u) => u.id.clone(),
            Action::Prebuilt { id, .. } => id.clone(),
            _ => String::new(),
        })
        .unwrap_or_default()
}
