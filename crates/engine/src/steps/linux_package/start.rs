//! The programs of a package, started where they are installed: with nothing else in sight than the package.
//!
//! Owns: the unpacked package, and who can be started in it. Must not: judge a run ([`verify_installed`] does).

use super::Execution;
use super::proof::Wanted;
use goferry_package::PackageError;
use goferry_package::opened::unpack_package;
use goferry_plan::graph::{Action, ArtifactKind, LinuxPackageSpec, StepId, VerifySpec};
use goferry_proc::Root;
use goferry_report::{Code, Diagnostic, Diagnostics};
use goferry_target::GoTarget;
use goferry_verify::{
    Installed, RunOutcome, VerifyContext, Waived, WaiverClass, planned_waiver, verify_installed,
};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

/// Where programs of a system are.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

impl Execution<'_> {
    /// How each program started. The second value is whether another host would find the same.
    pub(super) fn installed_programs_start(
        &self,
        spec: &LinuxPackageSpec,
        target: Option<GoTarget>,
        wanted: &[Wanted<'_>],
        incomplete: &BTreeMap<String, String>,
    ) -> Result<(BTreeMap<String, RunOutcome>, bool), Diagnostics> {
        let (mut out, mut lasting) = (BTreeMap::new(), true);
        let mut folder = None;
        let programs = wanted.iter().filter(|w| w.program.kind == ArtifactKind::Binary);
        for w in programs {
            let (Some(verify), Some(target)) = (self.verify_spec(&w.program.verified), target) else {
                continue;
            };
            let dst = &w.program.dst;
            if let Some(what) = incomplete.get(dst) {
                out.insert(dst.clone(), of_another_package(what));
                continue;
            }
            if folder.is_none() {
                folder = Some(self.unpacked(spec)?);
            }
            let Some(folder) = &folder else { continue };
            let outcome = self.starts(spec, verify, target, folder.path(), dst)?;
            // What the plan waives is in the package's key; that namespaces are refused is not.
            lasting &= matches!(outcome, RunOutcome::Ran(_)) || planned_waiver(verify).is_some();
            out.insert(dst.clone(), outcome);
        }
        Ok((out, lasting))
    }

    fn unpacked(&self, spec: &LinuxPackageSpec) -> Result<tempfile::TempDir, Diagnostics> {
        let folder = tempfile::tempdir_in(&self.temp).map_err(|e| crate::dist::failure(&self.temp, &e))?;
        unpack_package(&spec.format, &self.dist.join(&spec.file), u64::MAX, folder.path()).map_err(|e| {
            // What is full is the place that it is unpacked to; the package may be whole.
            if let PackageError::Io { source, .. } = &e
                && matches!(source.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
            {
                return Diagnostics::from(*crate::dist::failure(folder.path(), source));
            }
            let message = format!("{}: it cannot be unpacked: {e}", spec.file);
            Diagnostics::from(Diagnostic::error(Code::PackageBroken, message))
        })?;
        Ok(folder)
    }

    fn starts(
        &self,
        spec: &LinuxPackageSpec,
        verify: &VerifySpec,
        target: GoTarget,
        folder: &Path,
        program: &str,
    ) -> Result<RunOutcome, Diagnostics> {
        let env = [("PATH", PATH), ("HOME", "/"), ("TMPDIR", "/")];
        let installed = Installed {
            by: &spec.file,
            root: Root::new(folder),
            program: Path::new(program),
            env: env.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
        };
        let cx = VerifyContext {
            host: &self.session.host,
            runner: self.runners.get(&target),
            loader_prefix: None,
            main_versions: vec![],
            helper: None,
        };
        let (outcome, warnings) = verify_installed(verify, &installed, &cx)?;
        self.warn(warnings);
        Ok(outcome)
    }

    fn verify_spec(&self, verified: &StepId) -> Option<&VerifySpec> {
        let step = self.plan.steps.iter().find(|s| s.id == *verified)?;
        match &step.action {
            Action::Verify(spec) => Some(spec),
            _ => None,
        }
    }
}

/// It ran when it was verified; where it is installed it needs others beside it.
fn of_another_package(what: &str) -> RunOutcome {
    RunOutcome::Waived(Waived {
        class: WaiverClass::NoRunner,
        reason: format!("its {what} comes from another package"),
        place: "the package".to_owned(),
    })
}
