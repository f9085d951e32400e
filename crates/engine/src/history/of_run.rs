//! What becomes a record of a run.

use super::{Record, TargetRecord};
use crate::steps::{Execution, StepValue, lock};
use goferry_plan::graph::{Action, Plan, Stage, Step};
use goferry_report::{Code, Diagnostics, Severity};
use goferry_verify::RunOutcome;
use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

/// A step that failed: for which target, at which stage, why.
#[derive(Clone, Debug)]
pub(crate) struct Blocked {
    /// As the table has it; none for steps over all targets.
    pub target: Option<String>,
    /// The stage.
    pub stage: Stage,
    /// The first error's code.
    pub code: Code,
}

impl Blocked {
    /// Of a step and what it said.
    pub(crate) fn of(step: &Step, problems: &Diagnostics) -> Option<Blocked> {
        let code = problems.list.iter().find(|d| d.severity == Severity::Error)?.code;
        let per_target = matches!(step.action, Action::Archive(_)) || step.target.is_some();
        let target = per_target.then(|| name(step));
        Some(Blocked { target, stage: step.stage, code })
    }
}

fn name(step: &Step) -> String {
    step.target.map_or_else(|| "darwin/all".to_owned(), |t| t.to_string())
}

fn blank(plan: &Plan, version: &str, millis: u64) -> Record {
    let p = &plan.project;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Record {
        time: now.as_secs(),
        goferry: version.to_owned(),
        project: p.name.clone(),
        module: p.module_path.clone().unwrap_or_default(),
        version: p.version.clone(),
        snapshot: p.snapshot,
        millis,
        ..Record::default()
    }
}

/// A run whose steps were run.
pub(crate) fn of_execution(cx: &Execution<'_>, millis: u64) -> Record {
    let (values, blocked) = (lock(&cx.values), lock(&cx.blocked));
    let mut targets: BTreeMap<String, TargetRecord> = BTreeMap::new();
    for step in &cx.plan.steps {
        let Action::Verify(spec) = &step.action else { continue };
        let target = name(step);
        let t = targets.entry(target.clone()).or_default();
        t.target = target;
        t.planned += 1;
        t.built += usize::from(values.contains_key(&spec.built));
        let Some(StepValue::Verified(v)) = values.get(&step.id) else { continue };
        t.verified += 1;
        match v.run() {
            RunOutcome::Ran(_) => t.ran += 1,
            RunOutcome::Waived(w) => *t.waived.entry(w.class.as_str().to_owned()).or_default() += 1,
        }
    }
    let mut record = blank(cx.plan, &cx.session.version, millis);
    for b in blocked.iter() {
        let said = format!("{}: {}", b.stage.as_str(), b.code);
        let list = match b.target.as_ref().and_then(|t| targets.get_mut(t)) {
            Some(t) => &mut t.blocked,
            None => &mut record.blocked,
        };
        if !list.contains(&said) {
            list.push(said);
        }
    }
    record.ok = lock(&cx.failures).list.is_empty();
    record.targets = targets.into_values().collect();
    record
}

/// A run that was planned and stopped as a whole.
pub(crate) fn of_failure(plan: &Plan, version: &str, problems: &Diagnostics, millis: u64) -> Record {
    let mut record = blank(plan, version, millis);
    let codes = problems.list.iter().filter(|d| d.severity == Severity::Error).map(|d| d.code.to_string());
    record.blocked = codes.collect();
    record.blocked.dedup();
    record
}
