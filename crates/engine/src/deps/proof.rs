//! Proving upgrades: the copy is built, vetted, scanned and tested with them.
//!
//! Owns: what counts as a proof, and what failed before too. Must not: choose.

use super::compile::{Builder, Failure};
use super::gone::Gone;
use super::reach::Reached;
use super::report::{DepsReport, Reachable};
use super::{DepsRequest, Work};
use crate::testing::{self, GoTestArgs, TargetResult, TestEvent, TestRequest, Verdict};
use goferry_report::{Code, Diagnostic, Diagnostics};
use goferry_target::GoTarget;
use serde::Serialize;
use std::collections::BTreeSet;

/// How a target stands with the upgrades.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// Target.
    pub target: GoTarget,
    /// Whether `go build ./...` succeeds.
    pub built: bool,
    /// Whether `go vet ./...` does; or failed before too.
    pub vetted: bool,
    /// Vulnerabilities that are reachable all the same.
    pub left: BTreeSet<String>,
    /// The module's tests.
    pub tested: Tested,
    /// What is not there any more and is used.
    pub gone: Vec<Gone>,
    /// What a failed step wrote, its first lines.
    pub said: Vec<String>,
}

/// How the module's tests went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "tests", rename_all = "kebab-case")]
pub enum Tested {
    /// They passed.
    Passed,
    /// Packages that passed before fail now.
    Failed {
        /// Import paths.
        packages: Vec<String>,
    },
    /// Those that fail failed before too.
    FailedBefore {
        /// Import paths.
        packages: Vec<String>,
    },
    /// They were not run.
    NotRun {
        /// Why.
        why: String,
    },
}

impl Proof {
    /// Whether it is built and vetted. Its tests come later.
    pub fn holds(&self) -> bool {
        self.built && self.vetted
    }
}

impl Work<'_> {
    /// Builds, vets and scans for each target; what is still reachable goes to `left`.
    pub(super) fn prove(
        &self,
        targets: &[GoTarget],
        left: &mut Vec<Reachable>,
    ) -> Result<Vec<Proof>, Diagnostics> {
        left.clear();
        targets.iter().map(|t| self.prove_one(*t, left)).collect()
    }

    fn prove_one(&self, target: GoTarget, left: &mut Vec<Reachable>) -> Result<Proof, Diagnostics> {
        (self.say)(&format!("{target}: building and vetting with them"));
        let tested = Tested::NotRun { why: "not asked for".to_owned() };
        let none = BTreeSet::new();
        let mut proof =
            Proof { target, built: false, vetted: false, left: none, tested, gone: vec![], said: vec![] };
        match self.compiled(target, &mut proof) {
            Ok(found) => left.extend(found),
            Err(failure) => match failure.other {
                Some(d) => return Err((*d).into()),
                None => {
                    proof.gone = failure.gone();
                    proof.said = failure.lines();
                }
            },
        }
        Ok(proof)
    }

    fn compiled(&self, target: GoTarget, proof: &mut Proof) -> Result<Vec<Reachable>, Failure> {
        let builder = Builder::new(self, target)?;
        let found = self.reach_with(&builder, target)?;
        proof.built = true;
        let mut reached = Reached::default();
        reached.add(target, found);
        let found = reached.reachable();
        proof.left = found.iter().map(|r| r.id.clone()).collect();
        match builder.vet() {
            Ok(()) => proof.vetted = true,
            Err(now) => {
                // It counts only if it is new.
                let before = self.before(|| builder.vet());
                proof.vetted = before.is_some_and(|b| b.is_err_and(|b| b.text == now.text));
                if !proof.vetted {
                    proof.gone = now.gone();
                    proof.said = now.lines();
                    proof.said.splice(0..0, self.newer_go().filter(|_| proof.gone.is_empty()));
                }
            }
        }
        Ok(found)
    }

    /// What a raised go line means for go vet (`go doc cmd/vet`: checks depend on the file's version of Go).
    fn newer_go(&self) -> Option<String> {
        let (old, new) = (self.scratch.original_go_mod().ok()?.go, self.go_mod().ok()?.go);
        let (old, new) = (old.unwrap_or_default(), new?);
        (old != new)
            .then(|| format!("the go line moves from {old} to {new}, and go vet may check more by that:"))
    }

    /// Does something with the versions as they were; none if they cannot be put back.
    pub(super) fn before<T>(&self, what: impl FnOnce() -> T) -> Option<T> {
        let state = self.scratch.state().ok()?;
        self.scratch.reset().ok()?;
        let out = what();
        self.scratch.put(&state).ok()?;
        Some(out)
    }

    /// Runs the module's tests for all targets.
    pub(super) fn test(&self, request: &DepsRequest, report: &mut DepsReport) -> Result<(), Diagnostics> {
        let targets: Vec<GoTarget> = report.proof.iter().map(|p| p.target).collect();
        let now = self.go_test(request, &targets)?;
        // What failed before is asked only where something fails.
        let broken: Vec<GoTarget> = now.iter().filter(|r| !failing(r).is_empty()).map(|r| r.target).collect();
        let before = match broken.is_empty() {
            true => vec![],
            false => {
                (self.say)("what fails now is tried with the versions as they were");
                let none = || {
                    Diagnostics::from(Diagnostic::error(Code::Io, "the copy cannot be put back as it was"))
                };
                self.before(|| self.go_test(request, &broken)).ok_or_else(none)??
            }
        };
        for proof in &mut report.proof {
            let result = now.iter().find(|r| r.target == proof.target);
            let earlier = before.iter().find(|r| r.target == proof.target);
            if let Some(result) = result {
                proof.tested = tested(result, earlier);
                if matches!(proof.tested, Tested::Failed { .. }) {
                    proof.said = said(result);
                    proof.gone = super::gone::read(&proof.said.join("\n"));
                }
            }
        }
        Ok(())
    }

    fn go_test(&self, request: &DepsRequest, targets: &[GoTarget]) -> Result<Vec<TargetResult>, Diagnostics> {
        let request = TestRequest {
            targets: targets.to_vec(),
            all: false,
            go: GoTestArgs::parse(&["./...".to_owned()])?,
            isolation: request.isolation.clone(),
            retries: 0,
            allow_known_limits: false,
        };
        testing::run(self.session, &request, &|event| {
            if let TestEvent::Package(target, p) = event
                && p.verdict != Verdict::Skipped
            {
                (self.say)(&format!("{target}: {}", p.output.lines().next_back().unwrap_or(&p.package)));
            }
        })
    }
}

fn failing(result: &TargetResult) -> Vec<String> {
    let bad = result.packages.iter().filter(|p| matches!(p.verdict, Verdict::Failed | Verdict::BuildFailed));
    bad.map(|p| p.package.clone()).collect()
}

fn tested(now: &TargetResult, before: Option<&TargetResult>) -> Tested {
    let failed = failing(now);
    if let Some(d) = now.problems.first().filter(|_| failed.is_empty()) {
        let why = d.message.clone();
        // The host lacks what would run them; anything else is a failure.
        return match d.code == Code::RunnerMissing {
            true => Tested::NotRun { why },
            false => Tested::Failed { packages: vec![] },
        };
    }
    let earlier = before.map(failing).unwrap_or_default();
    let fresh: Vec<String> = failed.iter().filter(|p| !earlier.contains(p)).cloned().collect();
    match (failed.is_empty(), fresh.is_empty()) {
        (true, _) => Tested::Passed,
        (false, true) => Tested::FailedBefore { packages: failed },
        (false, false) => Tested::Failed { packages: fresh },
    }
}

/// What the failed packages wrote.
fn said(result: &TargetResult) -> Vec<String> {
    let mut out = vec![];
    for p in result.packages.iter().filter(|p| matches!(p.verdict, Verdict::Failed | Verdict::BuildFailed)) {
        out.extend(p.failures().flat_map(|t| t.output.lines()).map(str::to_owned));
        out.extend(p.output.lines().map(str::to_owned));
    }
    out.extend(result.problems.iter().map(|d| d.message.clone()));
    out.truncate(40);
    out
}
