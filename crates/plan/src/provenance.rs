//! The step that says how everything came to be and what was verified of it.

use crate::draft::Draft;
use crate::graph::{Action, ArtifactKind, Output, ProvenanceSpec, Stage, Step, StepId};
use crate::sign::Attester;

/// After everything that was planned so far; nothing to say where nothing is released.
pub(crate) fn step(d: &Draft<'_>, attester: Option<&Attester>, steps: &mut Vec<Step>) {
    let released = |s: &Step| s.outputs.iter().any(|o| o.kind.is_released() || o.kind == ArtifactKind::Image);
    if d.options.skips("provenance") || !steps.iter().any(released) {
        return;
    }
    let by = attester.map(|a| a.by.clone());
    let beside = attester.and_then(|a| a.beside);
    let ending = if by.is_some() && beside.is_none() { "sigstore.json" } else { "json" };
    let file = |what: &str| format!("{}_{}.{what}.{ending}", d.name, d.version);
    let spec = ProvenanceSpec { provenance: file("provenance"), summary: file("vsa"), by };
    let output = |path: String, kind| Output { path: path.clone(), name: path, kind };
    let mut outputs: Vec<Output> = [&spec.provenance, &spec.summary]
        .into_iter()
        .map(|f| output(f.clone(), ArtifactKind::Attestation))
        .collect();
    for file in [&spec.provenance, &spec.summary] {
        outputs.extend(beside.map(|end| output(format!("{file}{end}"), ArtifactKind::Signature)));
    }
    steps.push(Step {
        id: StepId("provenance".to_owned()),
        stage: Stage::Provenance,
        target: None,
        needs: steps.iter().map(|s| s.id.clone()).collect(),
        outputs,
        action: Action::Provenance(spec),
        cacheable: false,
    });
}
