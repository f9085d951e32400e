//! `goferry doctor`: what would make builds and runs fail, before they do.
//!
//! Owns: what is looked at. Must not: change anything, fetch anything, print.

mod host;
mod target;

use crate::session::Session;
use crate::toolset::{self, Need};
use crate::{host as facts, prepare, session::Request};
use goferry_plan::graph::Action;
use goferry_report::Diagnostics;
use goferry_target::GoTarget;
use serde::Serialize;
use std::collections::BTreeMap;

pub use host::{BinfmtEntry, HostCheck};
pub use target::TargetCheck;

/// What was found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The machine.
    pub host: HostCheck,
    /// Each target.
    pub targets: Vec<TargetCheck>,
    /// What is wrong or will surprise.
    pub problems: Diagnostics,
    /// What `--fix` would fetch.
    #[serde(skip)]
    pub need: Need,
}

/// What a project's builds of a target say of their compiler.
#[derive(Clone, Debug, Default)]
struct Build {
    /// The build's own environment.
    env: Vec<(String, String)>,
    /// Whether it uses cgo, in words.
    cgo: Option<(bool, String)>,
}

/// Examines the host and these targets; without any, those of the project in the working directory, or without a
/// project every Linux target.
///
/// # Errors
/// A configuration or a lock that cannot be read.
pub fn examine(session: &Session, targets: &[GoTarget]) -> Result<Report, Diagnostics> {
    let mut problems = Diagnostics::default();
    let mut builds: BTreeMap<GoTarget, Build> = BTreeMap::new();
    let mut wanted = None;
    let project = toolset::is_project(&session.cwd);
    let targets = if project && targets.is_empty() {
        let request = Request { snapshot: true, ..Request::new(facts::LOOKING) };
        let prepared = prepare(session, &request)?;
        problems.append(prepared.problems.clone());
        for step in &prepared.plan.steps {
            let Action::Build(b) = &step.action else { continue };
            let need = prepared.host.iter().flat_map(|h| &h.facts.cgo);
            let cgo = need
                .filter(|(p, _)| p.id == b.id && p.target == b.target)
                .map(|(_, n)| (n.needed, n.reason.clone()))
                .next();
            builds.insert(b.target, Build { env: b.env.clone(), cgo });
        }
        wanted = prepared.host.map(|h| h.wanted);
        builds.keys().copied().collect()
    } else if targets.is_empty() {
        GoTarget::all().filter(|t| t.os == goferry_target::Os::Linux).collect()
    } else {
        targets.to_vec()
    };
    let need = toolset::needs(session, &targets)?;
    let host = host::examine(session, &mut problems);
    let rows = toolset::list(session, &need)?;
    let known = target::known_pairs(session);
    let checks = rows
        .iter()
        .map(|row| {
            let build = builds.get(&row.target).cloned().unwrap_or_default();
            target::examine(session, row, &need, &build, known.as_ref(), &mut problems)
        })
        .collect();
    // A project's own programs may need less than every compiler.
    let need = match wanted {
        Some(compilers) => Need { compilers, ..need },
        None => need,
    };
    Ok(Report { host, targets: checks, problems, need })
}
