//! Image steps: binaries that were verified, as container images.

use super::{Execution, StepResult, StepValue, lock};
use crate::images::build::{Maker, Parts};
use crate::images::dockerfile::Recipe;
use goferry_plan::graph::{ImageContent, ImageSpec, StepId};
use goferry_report::{Code, Diagnostic, Diagnostics, StepState};
use goferry_verify::Verified;
use std::collections::HashMap;

impl Execution<'_> {
    pub(super) fn image(&self, spec: &ImageSpec) -> StepResult {
        let verified = self.verified_of(&spec.content)?;
        let maker = Maker { cx: self, spec };
        let made = match &spec.content {
            ImageContent::Binaries(content) => maker.make(&Parts { content, verified: &verified }),
            ImageContent::Dockerfile(content) => {
                maker.of_dockerfile(&Recipe { content, verified: &verified })
            }
            ImageContent::Manifest(content) => maker.of_images(content),
        }?;
        Ok((StepValue::Image(made), StepState::Done))
    }

    fn verified_of(&self, content: &ImageContent) -> Result<HashMap<StepId, Verified>, Diagnostics> {
        let values = lock(&self.values);
        let mut out = HashMap::new();
        for b in content.platforms().iter().flat_map(|p| &p.binaries) {
            let Some(StepValue::Verified(v)) = values.get(&b.verified) else {
                let message = format!("{}: nothing was verified", b.verified);
                return Err(Diagnostic::error(Code::Io, message).into());
            };
            out.insert(b.verified.clone(), (**v).clone());
        }
        Ok(out)
    }
}
