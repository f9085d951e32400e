//! The step that says which known vulnerabilities are in a release and which are not: where `[scan]` asks for it, so that the
//! configuration alone decides which files a release has. Neither checksums nor provenance cover them: what is known of a release
//! changes after it, and the files with it. They are signed by themselves.

use crate::draft::Draft;
use crate::graph::{Action, ArtifactKind, Output, Stage, Step, StepId, VexSpec};

/// After the scans, if there are any that somebody asked for.
pub(crate) fn step(d: &Draft<'_>, steps: &mut Vec<Step>) {
    if d.config.scan.is_none() {
        return;
    }
    let needs: Vec<StepId> =
        steps.iter().filter(|s| matches!(s.action, Action::Scan(_))).map(|s| s.id.clone()).collect();
    if needs.is_empty() {
        return;
    }
    let file = |ending: &str| format!("{}_{}.{ending}", d.name, d.version);
    let spec = VexSpec { openvex: file("openvex.json"), cyclonedx: file("vex.cdx.json") };
    let id = StepId("vex".to_owned());
    let output = |path: &String| Output { path: path.clone(), name: path.clone(), kind: ArtifactKind::Vex };
    let outputs = [&spec.openvex, &spec.cyclonedx].map(output).into();
    let action = Action::Vex(spec);
    steps.push(Step { id, stage: Stage::Scan, target: None, needs, action, outputs, cacheable: false });
}
