//! The verification summary of a run: per binary what was verified, and how it ran or why it did not.

use crate::images::build::{MadeImage, MadePlatform, repository};
use crate::steps::{Execution, Scan, StepValue, lock};
use goferry_plan::graph::Step;
use goferry_supply::Purl;
use goferry_supply::slsa::{
    Builder, ImageSummary, PlatformSummary, Resource, Run, ScanVerdict, TargetSummary, VERIFIER,
    VerificationSummary,
};
use goferry_verify::{BuildInfo, RunOutcome, Verified};
use std::collections::BTreeSet;

/// What was verified in this run; `provenance` is what was said before.
pub(super) fn of(cx: &Execution<'_>, provenance: Resource) -> VerificationSummary {
    let p = &cx.plan.project;
    // Before the values are locked: it looks at them too.
    let images = super::images(cx);
    let values = lock(&cx.values);
    let targets = cx.plan.steps.iter().filter_map(|s| match values.get(&s.id) {
        Some(StepValue::Verified(v)) => Some(target(cx, s, v)),
        _ => None,
    });
    let version = format!("v{}", p.version);
    let resource = match &p.module_path {
        Some(path) => Purl::go_module(path, &version),
        None => Purl::generic(&p.name, &p.version, &[]),
    };
    VerificationSummary {
        verifier: Builder::goferry(VERIFIER, &cx.session.version),
        time_verified: jiff::Timestamp::from_second(p.clock.unix).unwrap_or_default().to_string(),
        resource_uri: resource.to_string(),
        policy: Resource::new("", "urn:goferry:configuration").digest("sha256", cx.sources.sha256.clone()),
        input_attestations: vec![provenance],
        verification_result: "",
        verified_levels: vec![],
        slsa_version: "1.0",
        targets: targets.collect(),
        images: images.iter().flat_map(image).collect(),
    }
    .judged()
}

fn target(cx: &Execution<'_>, step: &Step, v: &Verified) -> TargetSummary {
    let binary = v.built().binary();
    TargetSummary {
        target: step.target.map_or_else(|| "darwin/all".to_owned(), |t| t.to_string()),
        binary: Resource::new(binary.path.clone(), "").digest("sha256", binary.sha256.clone()),
        format: v.inspected().format.clone(),
        build_info: match &v.inspected().build_info {
            BuildInfo::Compared => "compared".to_owned(),
            BuildInfo::NotCompared(why) => format!("not compared ({why})"),
        },
        run: run(v.run()),
        scan: scan(cx, v),
    }
}

fn run(outcome: &RunOutcome) -> Run {
    match outcome {
        RunOutcome::Ran(r) => Run::Ran { by: r.runner.clone(), isolation: r.isolation.clone() },
        RunOutcome::Waived(w) => Run::Waived { class: w.class.as_str().to_owned(), reason: w.reason.clone() },
    }
}

/// An image under each of its names, with what was seen of it on each platform.
fn image(made: &MadeImage) -> Vec<ImageSummary> {
    let hex = |digest: &str| digest.rsplit(':').next().unwrap_or_default().to_owned();
    let platform = |p: &MadePlatform| PlatformSummary {
        platform: p.platform.clone(),
        manifest: Resource::new("", "").digest("sha256", hex(&p.digest)),
        run: run(&p.run),
    };
    let of = |name: &str| made.names.iter().filter(|n| repository(n) == name).cloned().collect();
    let summary = |name: String| ImageSummary {
        names: of(&name),
        image: Resource::new(name, "").digest("sha256", hex(&made.digest)),
        platforms: made.platforms.iter().map(platform).collect(),
    };
    made.subjects().into_iter().map(summary).collect()
}

/// What the scan of this binary said. What stops nothing, because no `[scan]` is configured, is among the findings.
fn scan(cx: &Execution<'_>, v: &Verified) -> ScanVerdict {
    let why = match lock(&cx.scans).get(&v.built().binary().path) {
        Some(Scan::Scanned(s)) => {
            let ids = |findings: &mut dyn Iterator<Item = &goferry_scan::Finding>| {
                findings.map(|f| f.id.clone()).collect::<BTreeSet<_>>()
            };
            let mut all = ids(&mut s.report.findings.iter());
            all.extend(ids(&mut s.report.ignored.iter().map(|c| &c.finding)));
            let gate = cx.scanner.as_ref().is_ok_and(crate::scanning::Scanner::is_gate);
            let blocking = if gate { s.report.blocking.len() } else { 0 };
            let (database, database_sha256) =
                (s.report.database.date.clone(), s.report.database.digest.clone());
            let findings = all.len().saturating_sub(blocking);
            return ScanVerdict::Scanned { database, database_sha256, findings, blocking };
        }
        Some(Scan::NotScanned { why }) => why.clone(),
        None => cx.scanner.as_ref().err().cloned().unwrap_or_else(|| "no scan was planned".to_owned()),
    };
    ScanVerdict::NotScanned { why }
}
