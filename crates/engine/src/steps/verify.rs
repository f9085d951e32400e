//! Verify steps: inspected and run, or taken from the cache.

use super::{Execution, StepResult, StepValue, json, lookup};
use goferry_cache::KeyBuilder;
use goferry_plan::graph::{Action, ExpectedVersion, Step, StepId, VerifySpec};
use goferry_report::{Code, Diagnostic, Diagnostics, StepState};
use goferry_toolchain::gomod::GoMod;
use goferry_verify::{Verified, VerifiedRecord, VerifyContext, verify};

impl Execution<'_> {
    /// The module of a build whose `dir` lies in a module of its own; Go derives its version from other tags.
    fn nested_module(&self, built: &StepId) -> Option<String> {
        let step = self.plan.steps.iter().find(|s| s.id == *built)?;
        let build = match &step.action {
            Action::Build(build) => build,
            Action::Universal(u) => return self.nested_module(u.parts.first()?),
            _ => return None,
        };
        let dir = self.project.root.join(&build.dir);
        let own =
            dir.ancestors().take_while(|d| **d != self.project.root).find(|d| d.join("go.mod").is_file())?;
        let module = GoMod::read(&own.join("go.mod")).ok()?.module;
        (Some(&module) != self.project.facts.module_path.as_ref()).then_some(module)
    }

    pub(super) fn verify(&self, step: &Step, spec: &VerifySpec) -> StepResult {
        let Some(built) = self.built(&spec.built) else {
            return Err(Diagnostic::error(Code::Io, format!("{}: nothing was built", step.id)).into());
        };
        let mut spec = spec.clone();
        if let Some(module) = self.nested_module(&spec.built) {
            spec.module_path = Some(module);
            spec.main_version = ExpectedVersion::Unchecked;
        }
        let spec = &spec;
        let main_versions = match &spec.main_version {
            ExpectedVersion::Exactly(v) => vec![v.clone()],
            ExpectedVersion::DerivedByGo => self.main_versions.clone(),
            ExpectedVersion::Unchecked => vec![],
        };
        let prefix = spec.target.and_then(|t| self.compilers.loader_prefix(t));
        let mut key = KeyBuilder::new("verify/1");
        key.text("goferry", &self.session.version)
            .text("spec", &json(spec))
            .text("binary", &built.binary().sha256)
            .text("main version", &main_versions.join(" or "))
            .text("namespaces", self.session.env.get("GOFERRY_NO_NAMESPACES").map_or("-", String::as_str))
            .text(
                "libraries",
                &prefix.as_ref().map_or_else(String::new, |p| p.to_string_lossy().into_owned()),
            );
        let key = key.finish();
        let cached: Option<(VerifiedRecord, Diagnostics)> =
            self.session.cache.as_ref().and_then(|s| lookup(s, &key));
        if let Some((record, warnings)) = cached
            && let Some(v) = Verified::restore(record, built.clone())
        {
            self.warn(warnings);
            return Ok((StepValue::Verified(Box::new(v)), StepState::Cached));
        }
        let cx = VerifyContext {
            host: &self.session.host,
            runner: spec.target.and_then(|t| self.runners.get(&t)),
            loader_prefix: prefix.as_deref(),
            main_versions,
            helper: None,
        };
        let (verified, warnings) = verify(spec, built, &cx)?;
        self.warn(warnings.clone());
        let state = match verified.run() {
            goferry_verify::RunOutcome::Ran(_) => StepState::Done,
            goferry_verify::RunOutcome::Waived(_) => StepState::Waived,
        };
        let isolated = match verified.run() {
            goferry_verify::RunOutcome::Ran(r) => r.isolation == "namespaces",
            goferry_verify::RunOutcome::Waived(_) => true,
        };
        // What was run without isolation is run again: the next time it may be granted.
        if let (Some(store), true) = (&self.session.cache, isolated) {
            let _ = store.record(&key, &(verified.record(), warnings));
        }
        Ok((StepValue::Verified(Box::new(verified)), state))
    }
}
