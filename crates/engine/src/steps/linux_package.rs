//! Package steps.

use super::{Execution, StepResult};
use goferry_plan::graph::{LinuxPackageSpec, Step};
use goferry_report::{Code, Diagnostic};

impl Execution<'_> {
    pub(super) fn linux_package(&self, step: &Step, _spec: &LinuxPackageSpec) -> StepResult {
        let message = format!("{}: packages cannot be written yet", step.id);
        Err(Diagnostic::error(Code::UnsupportedSection, message).into())
    }
}
