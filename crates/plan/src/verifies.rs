//! Verify steps: what each binary must be, how it is run, and what the user skips.

use crate::builds::PlannedBinary;
use crate::draft::Draft;
use crate::facts::{HostFacts, RunnerFact, SourceKind};
use crate::fields::with_target;
use crate::graph::{Action, ArtifactKind, Cgo, ExpectedVersion, Stage, Step, VerifySpec};
use goferry_config::template::Fields;

pub(crate) fn step(d: &Draft<'_>, host: &HostFacts, b: &PlannedBinary, steps: &[Step]) -> Step {
    let built = steps.iter().find(|s| s.id == b.built);
    let spec = match built.map(|s| &s.action) {
        Some(Action::Build(spec)) => Some(spec),
        _ => None,
    };
    let test = spec.is_some_and(|s| s.command == "test");
    let opaque = if b.kind == ArtifactKind::CArchive {
        Some("Go writes none into a C archive")
    } else {
        spec.and_then(|s| s.upx.as_ref()).map(|_| "upx packed it")
    };
    let prebuilt = matches!(built.map(|s| &s.action), Some(Action::Prebuilt { .. }));
    let v = &d.config.verify;
    let own = v.binaries.iter().find(|x| x.id.value == b.id);
    let args = own.and_then(|o| o.args.as_ref()).or(v.args.as_ref());
    let expect = own.and_then(|o| o.expect.as_ref()).or(v.expect.as_ref());
    let fields = with_target(&d.fields, b.target.as_ref());
    let tries = match args {
        Some(list) => vec![list.iter().map(|t| d.render.text(t, &fields)).collect()],
        None => vec![vec!["--version".to_owned()], vec!["--help".to_owned()]],
    };
    let main_version = match (&d.facts.build_from, opaque.is_some() || prebuilt || test) {
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
        module_path: d.facts.module_path.clone().filter(|_| !prebuilt),
        main_version,
        release_version: d.facts.vcs.tag.clone(),
        cgo: spec.map_or(Cgo::GoDecides, |s| s.cgo),
        executable: matches!(
            b.kind,
            ArtifactKind::Binary | ArtifactKind::UniversalBinary | ArtifactKind::None
        ) && !test,
        opaque: opaque.map(str::to_owned),
        tries,
        args_configured: args.is_some(),
        expect: expect.map(|t| d.render.text(t, &fields)).filter(|s| !s.is_empty()),
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
