//! Scan steps: each verified binary against a vulnerability database. Which database, and whether there is one, is the
//! host's matter: the plan only says where in the order it happens, which is before anything is signed.

use crate::builds::PlannedBinary;
use crate::draft::Draft;
use crate::graph::{Action, ScanSpec, Stage, Step, StepId};

pub(crate) fn steps(d: &Draft<'_>, binaries: &[PlannedBinary], steps: &mut Vec<Step>) {
    if d.options.skips("scan") {
        return;
    }
    for b in binaries {
        let own = b.verified.0.strip_prefix("verify/").unwrap_or(&b.verified.0);
        steps.push(Step {
            id: StepId(format!("scan/{own}")),
            stage: Stage::Scan,
            target: b.target,
            needs: vec![b.verified.clone()],
            action: Action::Scan(ScanSpec { verified: b.verified.clone() }),
            outputs: vec![],
            cacheable: true,
        });
    }
}
