//! The step that says how everything came to be and what was verified of it.

use crate::draft::Draft;
use crate::graph::{Action, ArtifactKind, Output, ProvenanceSpec, Stage, Step, StepId};

/// After everything that was planned so far; nothing to say where nothing is released.
pub(crate) fn step(d: &Draft<'_>, steps: &mut Vec<Step>) {
    let released = |s: &Step| s.outputs.iter().any(|o| o.kind.is_released());
    if d.options.skips("provenance") || !steps.iter().any(released) {
        return;
    }
    let by = crate::sign::attester(d);
    let ending = if by.is_some() { "sigstore.json" } else { "json" };
    let file = |what: &str| format!("{}_{}.{what}.{ending}", d.name, d.version);
    let spec = ProvenanceSpec { provenance: file("provenance"), summary: file("vsa"), by };
    let output =
        |path: &str| Output { path: path.to_owned(), name: path.to_owned(), kind: ArtifactKind::Attestation };
    steps.push(Step {
        id: StepId("provenance".to_owned()),
        stage: Stage::Provenance,
        target: None,
        needs: steps.iter().map(|s| s.id.clone()).collect(),
        outputs: vec![output(&spec.provenance), output(&spec.summary)],
        action: Action::Provenance(spec),
        cacheable: false,
    });
}
