//! artifacts.json, metadata.json and goferry.json: what a run made, in goreleaser's shape and in our own.

mod image;
mod package;

use crate::steps::{Execution, StepValue, lock};
use goferry_package::dist::{Artifact, ArtifactKind, Metadata, Runtime, write_artifacts, write_metadata};
use goferry_plan::graph::{Action, ArtifactKind as Planned, Step, StepId};
use goferry_report::{Diagnostic, Diagnostics};
use goferry_verify::RunOutcome;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};

/// Values of the steps that were done.
type Values = HashMap<StepId, StepValue>;

/// What goferry.json says of one binary.
#[derive(Debug, Serialize)]
struct BinaryRecord<'a> {
    path: &'a str,
    sha256: &'a str,
    size: u64,
    target: Option<String>,
    inspected: &'a goferry_verify::Inspected,
    run: &'a RunOutcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    scan: Option<Value>,
}

/// Writes the three files.
pub(crate) fn write(cx: &Execution<'_>) -> Result<(), Diagnostics> {
    let problem = |e: goferry_package::PackageError| Diagnostics::from(Diagnostic::from(&e));
    let p = &cx.plan.project;
    let date = jiff::Timestamp::from_second(p.clock.unix).unwrap_or_default().to_string();
    let host = crate::host::host_target();
    let metadata = Metadata {
        project_name: p.name.clone(),
        tag: p.vcs.tag.clone(),
        previous_tag: p.vcs.previous_tag.clone(),
        version: p.version.clone(),
        commit: p.vcs.commit.clone(),
        date,
        runtime: Runtime { goos: host.os.goos().to_owned(), goarch: host.arch.goarch().to_owned() },
    };
    let metadata_path = cx.dist.join("metadata.json");
    write_metadata(&metadata, &metadata_path).map_err(problem)?;
    let artifacts_path = cx.dist.join("artifacts.json");
    write_artifacts(&artifacts(cx), &artifacts_path).map_err(problem)?;
    let own = cx.dist.join("goferry.json");
    let mut record = record(cx);
    goferry_plan::secret::hide_json(&mut record);
    let text = serde_json::to_string_pretty(&record).unwrap_or_default();
    std::fs::write(&own, text + "\n").map_err(|e| Diagnostics::from(*crate::dist::failure(&own, &e)))?;
    if let Some(unix) = p.metadata_unix {
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(unix.max(0).unsigned_abs());
        for path in [&metadata_path, &artifacts_path] {
            let file = std::fs::File::options().write(true).open(path);
            let set = file.and_then(|f| f.set_times(std::fs::FileTimes::new().set_modified(time)));
            set.map_err(|e| Diagnostics::from(*crate::dist::failure(path, &e)))?;
        }
    }
    Ok(())
}

/// goferry's own record of the run: per binary what its bytes say, how it ran or why it did not.
fn record(cx: &Execution<'_>) -> Value {
    let crate::history::Record { targets, blocked, .. } = crate::history::of_execution(cx, 0);
    let values = lock(&cx.values);
    let scans = lock(&cx.scans);
    let binaries: Vec<Value> = cx
        .plan
        .steps
        .iter()
        .filter_map(|s| match values.get(&s.id) {
            Some(StepValue::Verified(v)) => {
                let b = v.built().binary();
                serde_json::to_value(BinaryRecord {
                    path: &b.path,
                    sha256: &b.sha256,
                    size: b.size,
                    target: s.target.map(|t| t.to_string()),
                    inspected: v.inspected(),
                    run: v.run(),
                    scan: scans.get(&b.path).and_then(|s| serde_json::to_value(s).ok()),
                })
                .ok()
            }
            _ => None,
        })
        .collect();
    let images: Vec<_> = cx
        .plan
        .steps
        .iter()
        .filter_map(|s| match values.get(&s.id) {
            Some(StepValue::Image(made)) => serde_json::to_value(made).ok(),
            _ => None,
        })
        .collect();
    json!({
        "goferry": cx.session.version,
        "project": cx.plan.project,
        "notes": cx.plan.notes,
        "scan": scan_record(cx),
        "binaries": binaries,
        "packages": packages(cx),
        "images": images,
        "targets": targets,
        "blocked": blocked,
    })
}

/// What was read back of each package.
fn packages(cx: &Execution<'_>) -> Vec<Value> {
    let proofs = lock(&cx.proofs);
    let mut out = vec![];
    for step in &cx.plan.steps {
        let Action::LinuxPackage(spec) = &step.action else { continue };
        if let Some(proof) = proofs.get(&spec.file) {
            let target = step.target.map(|t| t.to_string());
            out.push(json!({"path": spec.file, "format": spec.format, "target": target, "proof": proof}));
        }
    }
    out
}

/// Whether binaries were scanned, and with what; what provenance says of it.
pub(crate) fn scan_record(cx: &Execution<'_>) -> Value {
    match &cx.scanner {
        Ok(s) => json!({
            "state": "scanned",
            "database": s.about(),
            "threshold": s.threshold(),
            "gate": s.is_gate(),
        }),
        Err(why) => json!({ "state": "not-scanned", "why": why }),
    }
}

fn artifacts(cx: &Execution<'_>) -> Vec<Artifact> {
    let sums = checksums(cx);
    let mut out: Vec<Artifact> = cx.plan.steps.iter().flat_map(|s| of_step(cx, s, &sums)).collect();
    for v in lock(&cx.values).values() {
        let StepValue::Checksums { extra, .. } = v else { continue };
        for (_, path, file) in extra {
            out.push(
                Artifact::new(ArtifactKind::Checksum, file, place(cx, file))
                    .with("ChecksumOf", path.as_str()),
            );
        }
    }
    if cx.plan.project.report_sizes {
        for a in &mut out {
            let sized = a.internal_type != ArtifactKind::Metadata.number();
            let meta = std::fs::metadata(cx.session.cwd.join(&a.path)).ok().filter(|m| sized && m.is_file());
            if let Some(meta) = meta {
                a.extra.insert("Size".to_owned(), meta.len().into());
            }
        }
    }
    // goreleaser's order depends on timing; ours is by path.
    out.sort_by(|a, b| (&a.path, a.internal_type, &a.name).cmp(&(&b.path, b.internal_type, &b.name)));
    out
}

fn checksums(cx: &Execution<'_>) -> BTreeMap<String, String> {
    lock(&cx.values)
        .values()
        .find_map(|v| match v {
            StepValue::Checksums { sums, .. } => Some(sums.clone()),
            _ => None,
        })
        .unwrap_or_default()
}

/// A path in dist as artifacts.json writes it: relative to the project.
fn place(cx: &Execution<'_>, path: &str) -> String {
    format!("{}/{path}", cx.plan.project.dist.trim_start_matches("./").trim_end_matches('/'))
}

fn of_step(cx: &Execution<'_>, step: &Step, sums: &BTreeMap<String, String>) -> Vec<Artifact> {
    let values = lock(&cx.values);
    let value = values.get(&step.id);
    if value.is_none() && !matches!(step.action, Action::Metadata) {
        return vec![];
    }
    let dropped = replaced(cx);
    let mut out = vec![];
    for o in &step.outputs {
        let kind = match o.kind {
            Planned::Binary => ArtifactKind::Binary,
            Planned::UploadableBinary => ArtifactKind::UploadableBinary,
            Planned::UniversalBinary => ArtifactKind::UniversalBinary,
            Planned::Archive => ArtifactKind::UploadableArchive,
            Planned::LinuxPackage => ArtifactKind::LinuxPackage,
            Planned::Source => ArtifactKind::UploadableSourceArchive,
            Planned::Checksum => ArtifactKind::Checksum,
            // goreleaser has no word for it; it is uploaded like any other file.
            Planned::Attestation | Planned::Vex => ArtifactKind::UploadableFile,
            Planned::Signature => ArtifactKind::Signature,
            Planned::Certificate => ArtifactKind::Certificate,
            Planned::Sbom => ArtifactKind::Sbom,
            Planned::CHeader => ArtifactKind::Header,
            Planned::CArchive => ArtifactKind::CArchive,
            Planned::CShared => ArtifactKind::CShared,
            // goreleaser has no word for it either.
            Planned::ImageArchive => ArtifactKind::UploadableFile,
            Planned::Metadata => ArtifactKind::Metadata,
            Planned::Image => {
                if let (Action::Image(spec), Some(StepValue::Image(made))) = (&step.action, value) {
                    out.extend(image::artifacts(cx, spec, made));
                }
                continue;
            }
            Planned::None => continue,
        };
        if dropped.contains(&step.id.0) || !cx.dist.join(&o.path).exists() {
            continue;
        }
        let mut a = Artifact::new(kind, &o.name, place(cx, &o.path));
        // goreleaser says no target of a signature.
        if let Some(t) = step.target.as_ref().filter(|_| !matches!(step.action, Action::Sign(_))) {
            a = a.for_target(t);
        }
        a = describe(cx, &values, step, a, &o.path);
        if let Some(sum) = sums.get(&o.name) {
            a = a.with("Checksum", sum.as_str());
        }
        if let Action::Archive(_) = step.action
            && let Some(StepValue::Packaged(p)) = value
            && o.kind == Planned::Archive
        {
            a = a.with("Files", json!(p.files()));
        }
        out.push(a);
    }
    out
}

/// Build steps whose binaries a universal binary replaces.
fn replaced(cx: &Execution<'_>) -> Vec<String> {
    cx.plan
        .steps
        .iter()
        .filter_map(|s| match &s.action {
            Action::Universal(u) if u.replace => Some(u.parts.iter().map(|p| p.0.clone())),
            _ => None,
        })
        .flatten()
        .collect()
}

/// Whether the binary that this step verified asks for a loader, as goreleaser looks at it.
fn is_dynamic(values: &Values, verified: &StepId) -> bool {
    let Some(StepValue::Verified(v)) = values.get(verified) else { return false };
    v.inspected().format.starts_with("ELF") && v.inspected().interpreter.is_some()
}

/// The step that verifies what this one builds.
fn verified_by<'s>(cx: &'s Execution<'_>, built: &StepId) -> Option<&'s StepId> {
    let of = |s: &&Step| matches!(&s.action, Action::Verify(v) if v.built == *built);
    cx.plan.steps.iter().find(of).map(|s| &s.id)
}

fn describe(cx: &Execution<'_>, values: &Values, step: &Step, mut a: Artifact, path: &str) -> Artifact {
    let base = |s: &str, ext: &str| {
        let name = s.rsplit('/').next().unwrap_or(s);
        name.strip_suffix(ext).unwrap_or(name).to_owned()
    };
    match &step.action {
        Action::Build(b) => {
            a = a.with("Binary", base(&b.binary, &b.ext)).with("Builder", "go").with("Ext", b.ext.as_str());
            a = a.with("ID", b.id.as_str());
            if verified_by(cx, &step.id).is_some_and(|v| is_dynamic(values, v)) {
                a = a.with("DynamicallyLinked", true);
            }
        }
        Action::Prebuilt { id, .. } => {
            a = a.with("Builder", "prebuilt").with("ID", id.as_str());
        }
        Action::Universal(u) => {
            a.goos = "darwin".to_owned();
            a.goarch = "all".to_owned();
            // The name of the programs it is made of, not its own.
            let part = cx.plan.steps.iter().find(|s| u.parts.first() == Some(&s.id)).map(|s| &s.action);
            let name = match part {
                Some(Action::Build(b)) => base(&b.binary, &b.ext),
                _ => u.binary.clone(),
            };
            a = a.with("Binary", name).with("Builder", "go").with("Ext", "").with("ID", u.id.as_str());
            a = a.with("Replaces", u.replace);
        }
        Action::Archive(s) if s.format == "binary" => {
            let name = s.binaries.first().map_or("", |b| b.name.as_str());
            a = a.with("Binary", name).with("Format", "binary").with("ID", s.id.as_str());
            if s.binaries.iter().any(|b| is_dynamic(values, &b.verified)) {
                a = a.with("DynamicallyLinked", true);
            }
        }
        Action::Archive(s) => {
            let names: Vec<&str> = s.binaries.iter().map(|b| b.binary.as_str()).collect();
            a = a.with("Binaries", json!(names)).with("Format", s.format.as_str()).with("ID", s.id.as_str());
            a = a.with("WrappedIn", s.wrap.as_str());
            if s.binaries.iter().any(|b| is_dynamic(values, &b.verified)) {
                a = a.with("DynamicallyLinked", true);
            }
            if step.target.is_none() && !s.binaries.is_empty() {
                a.goos = "darwin".to_owned();
                a.goarch = "all".to_owned();
                a = a.with("Replaces", s.replaces);
            }
        }
        Action::LinuxPackage(s) => a = package::described(cx, step, s, a),
        Action::Image(s) => a = a.with("Format", "oci.tar").with("ID", s.id.as_str()),
        Action::Sbom(s) => a = a.with("ID", s.id.as_str()),
        Action::Source(s) => a = a.with("Format", s.format.as_str()),
        Action::Sign(s) => a = a.with("ID", s.id.as_str()),
        Action::Checksums(s) if s.split => {
            if let Some((_, of, _)) = s.files.iter().find(|(_, _, own)| own == path) {
                a = a.with("ChecksumOf", place(cx, of));
            }
        }
        _ => {}
    }
    a
}
