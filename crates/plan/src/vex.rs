//! The step that says which known vulnerabilities are in a release and which are not. Whether there is anything to say is
//! known only when the scans ran: without a database its files do not come to be. Checksums do not cover them: what is known of
//! a release changes after it, and the files with it. The provenance does: as they are at the release they are its makers' word.

use crate::draft::Draft;
use crate::graph::{Action, ArtifactKind, Output, Stage, Step, StepId, VexSpec};

/// After the scans, if there are any.
pub(crate) fn step(d: &Draft<'_>, steps: &mut Vec<Step>) {
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
