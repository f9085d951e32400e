//! Verify steps: what each binary must be, how it is run, and what the user skips.

use crate::builds::PlannedBinary;
use crate::draft::Draft;
use crate::facts::{HostFacts, RunnerFact, SourceKind};
use crate::fields::with_target;
use crate::graph::{
    Action, ArtifactKind, BuildSpec, Cgo, ExpectedVersion, Recorded, Stage, Step, StepId, VerifySpec,
};
use goferry_config::template::Fields;
use goferry_target::GoTarget;

pub(crate) fn step(d: &Draft<'_>, host: &HostFacts, b: &PlannedBinary, steps: &[Step]) -> Step {
    // Those of a universal binary are its slices.
    let made = made_by(steps, &b.built);
    let specs = || made.iter().filter_map(|(_, spec)| *spec);
    let test = specs().any(|s| s.command == "test");
    let opaque = if b.kind == ArtifactKind::CArchive {
        Some("Go writes none into a C archive")
    } else {
        specs().find(|s| s.upx.is_some()).map(|_| "upx packed it")
    };
    let prebuilt = made.iter().any(|(_, spec)| spec.is_none());
    // Of files that are named one by one Go makes a package of no module, and stamps neither its path nor a version.
    let files = specs().any(|s| s.main.ends_with(".go"));
    let v = &d.config.verify;
    let own = v.binaries.iter().find(|x| x.id.value == b.id);
    let args = own.and_then(|o| o.args.as_ref()).or(v.args.as_ref());
    let expect = own.and_then(|o| o.expect.as_ref()).or(v.expect.as_ref());
    let fields = with_target(&d.fields, b.target.as_ref());
    let tries = match args {
        Some(list) => vec![list.iter().map(|t| d.render.text(t, &fields)).collect()],
        None => vec![vec!["--version".to_owned()], vec!["--help".to_owned()]],
    };
    let main_version = match (&d.facts.build_from, opaque.is_some() || prebuilt || test || files) {
        (_, true) => ExpectedVersion::Unchecked,
        (SourceKind::Module { version, .. }, _) => ExpectedVersion::Exactly(version.clone()),
        (SourceKind::Checkout, _) => ExpectedVersion::DerivedByGo,
    };
    let runner = match b.target {
        Some(t) => host.runners.get(&t).cloned(),
        None => None,
    };
    let spec = VerifySpec {
        built: b.built.clone(),
        path: b.path.clone(),
        target: b.target,
        module_path: d.facts.module_path.clone().filter(|_| !prebuilt && !files),
        main_version,
        release_version: d.facts.vcs.tag.clone(),
        recorded: made.iter().map(|(target, spec)| recorded(d, host, *target, *spec)).collect(),
        executable: matches!(
            b.kind,
            ArtifactKind::Binary | ArtifactKind::UniversalBinary | ArtifactKind::None
        ) && !test,
        opaque: opaque.map(str::to_owned),
        tries,
        args_configured: args.is_some(),
        expect: expect.map(|t| d.render.text(t, &fields)).filter(|s| !s.is_empty()),
        glibc: v.glibc.clone(),
        timeout_seconds: v.timeout_seconds.unwrap_or(10),
        // More than any `--help` needs, and less than what takes a CI machine down.
        memory_bytes: v.memory_bytes.or(Some(4 << 30)),
        runner: runner.unwrap_or_else(|| RunnerFact::NoRunner {
            reason: "nothing on this kind of host runs it".to_owned(),
        }),
        skipped_by_user: skipped(d, b, &fields),
        isolation: match v.isolation {
            goferry_config::model::IsolationRule::Preferred => "preferred",
            goferry_config::model::IsolationRule::Required => "required",
            goferry_config::model::IsolationRule::Off => "off",
        }
        .to_owned(),
    };
    Step {
        id: b.verified.clone(),
        stage: Stage::Verify,
        target: b.target,
        needs: vec![b.built.clone()],
        action: Action::Verify(spec),
        outputs: vec![],
        cacheable: true,
    }
}

/// The targets and builds that a step's output is made from: its own, or those of the parts of a universal binary.
/// Without a build somebody else built it.
fn made_by<'s>(steps: &'s [Step], id: &StepId) -> Vec<(GoTarget, Option<&'s BuildSpec>)> {
    let Some(step) = steps.iter().find(|s| s.id == *id) else { return vec![] };
    match &step.action {
        Action::Universal(u) => u.parts.iter().flat_map(|p| made_by(steps, p)).collect(),
        Action::Build(spec) => vec![(spec.target, Some(spec))],
        _ => step.target.map(|t| (t, None)).into_iter().collect(),
    }
}

fn recorded(d: &Draft<'_>, host: &HostFacts, target: GoTarget, spec: Option<&BuildSpec>) -> Recorded {
    let Some(spec) = spec else { return Recorded { target, cgo: Cgo::GoDecides, flags: vec![] } };
    let own = spec.env.iter().rev().find(|(k, _)| k == "GOFLAGS").map(|(_, v)| v);
    // An empty variable does not hide the go env file's.
    let goflags = own.or_else(|| d.env.get("GOFLAGS")).filter(|v| !v.is_empty());
    let flags = crate::recorded::flags(spec, goflags.unwrap_or(&host.goflags_of_file));
    Recorded { target, cgo: spec.cgo, flags }
}

/// The user's own skip of a run: `[verify] skip = ["linux/mips*"]` or `--skip=verify`.
fn skipped(d: &Draft<'_>, b: &PlannedBinary, fields: &Fields) -> Option<String> {
    if d.options.skips("verify") {
        return Some("--skip=verify".to_owned());
    }
    let name = b.target.map_or_else(|| "darwin/all".to_owned(), |t| t.to_string());
    d.config
        .verify
        .skip
        .iter()
        .map(|t| d.render.text(t, fields))
        .find(|p| glob(p, &name))
        .map(|p| format!("[verify] skip = [\"{p}\"]"))
}

/// `*` stands for any text.
fn glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, rest)) => text.strip_prefix(head).is_some_and(|t| {
            rest.is_empty() || (0..=t.len()).filter(|i| t.is_char_boundary(*i)).any(|i| glob(rest, &t[i..]))
        }),
    }
}
