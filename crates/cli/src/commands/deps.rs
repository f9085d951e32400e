//! `goferry deps`: upgrades that clear what can be reached.

use crate::args::DepsArgs;
use crate::output::{self, data, talk};
use crate::render::{deps, diagnostics};
use crate::watch::Watch;
use crate::{exit, resolve};
use goferry_engine::deps::{self as engine, DepsReport, DepsRequest};
use goferry_proc::Cancel;
use goferry_report::Diagnostics;
use std::process::ExitCode;

/// Something can be reached: the status of a gate that says no.
const REACHABLE: u8 = 3;

pub(super) fn run(args: &DepsArgs) -> Result<ExitCode, Diagnostics> {
    let cancel = Cancel::new();
    let _watch = Watch::start(&cancel, None);
    let session = super::toolchain::session(&cancel)?;
    let request = DepsRequest {
        targets: resolve::targets(&args.target)?,
        test: !args.no_test,
        isolation: args.isolation.arguments().iter().map(|w| w.to_string_lossy().into_owned()).collect(),
        apply: args.apply,
        analyze: args.analyze,
    };
    let scanner = engine::scanner(&session, args.db.clone())?;
    let report = engine::run(&session, &request, &scanner, &|step| talk(&format!("{step}\n")))?;
    match args.json {
        true => output::json(&report),
        false => data(&deps::draw(&report)),
    }
    Ok(end(&report))
}

/// The status of a run.
fn end(report: &DepsReport) -> ExitCode {
    let terminal = output::Terminal::detect();
    report.problems.iter().for_each(|d| talk(&diagnostics::draw(d, &terminal)));
    if !report.problems.is_empty() {
        return exit::of(&Diagnostics { list: report.problems.clone() });
    }
    match (report.is_proven(), report.is_open()) {
        (false, _) => ExitCode::FAILURE,
        (true, true) => ExitCode::from(REACHABLE),
        (true, false) => ExitCode::SUCCESS,
    }
}
