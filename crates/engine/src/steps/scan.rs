//! Scan steps: a binary that was verified against the vulnerability database.

use super::{Execution, StepResult, StepValue, lock, lookup};
use crate::scanning::{Scanned, Scanner};
use goferry_cache::KeyBuilder;
use goferry_objfile::FileBytes;
use goferry_plan::graph::ScanSpec;
use goferry_report::{Code, Diagnostic, Diagnostics, StepState};
use goferry_scan::Found;
use goferry_verify::Verified;
use serde::Serialize;

/// What became of one binary.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub(crate) enum Scan {
    /// It was compared.
    Scanned(Box<Scanned>),
    /// It was not, and why.
    NotScanned {
        /// A sentence.
        why: String,
    },
}

impl Execution<'_> {
    pub(crate) fn scan(&self, spec: &ScanSpec) -> StepResult {
        let verified = match lock(&self.values).get(&spec.verified) {
            Some(StepValue::Verified(v)) => (**v).clone(),
            _ => {
                return Err(
                    Diagnostic::error(Code::Io, format!("{}: nothing was verified", spec.verified)).into()
                );
            }
        };
        let path = verified.built().binary().path.clone();
        let scanner = match &self.scanner {
            Ok(scanner) => scanner,
            Err(why) => return Ok(self.not_scanned(path, why.clone())),
        };
        let (found, state) = match self.found(scanner, &verified)? {
            Ok(found) => found,
            Err(why) if !scanner.is_gate() => return Ok(self.not_scanned(path, why)),
            Err(why) => {
                let d = Diagnostic::error(Code::NotScanned, format!("{path} cannot be scanned: {why}"));
                self.not_scanned(path, why);
                return Err(d.hint_with("to go on without any scan:", "--skip=scan").into());
            }
        };
        let binary = verified.built().binary();
        let scanned = Scanned {
            name: path.clone(),
            target: verified.built().target().map_or_else(|| "darwin/all".to_owned(), |t| t.to_string()),
            sha256: Some(binary.sha256.clone()),
            report: scanner.judge(found),
        };
        let (problems, words) = (scanned.diagnostics(), scanned.words());
        lock(&self.scans).insert(path, Scan::Scanned(Box::new(scanned)));
        match problems.has_errors() && scanner.is_gate() {
            true => Err(problems),
            false => Ok((StepValue::Scanned(words), state)),
        }
    }

    fn not_scanned(&self, path: String, why: String) -> (StepValue, StepState) {
        let words = format!("not scanned ({why})");
        lock(&self.scans).insert(path, Scan::NotScanned { why });
        (StepValue::Scanned(words), StepState::Waived)
    }

    /// What is in a binary, from the cache if the same was compared with the same database; or why that cannot be told.
    /// The list of accepted ones and the threshold are not part of it.
    fn found(
        &self,
        scanner: &Scanner,
        verified: &Verified,
    ) -> Result<Result<(Found, StepState), String>, Diagnostics> {
        let binary = verified.built().binary();
        let mut key = KeyBuilder::new("scan/2");
        key.text("goferry", &self.session.version)
            .text("binary", &binary.sha256)
            .text("database", &scanner.about().digest)
            // What is withdrawn is so from a day on.
            .text("day", scanner.today());
        let key = key.finish();
        if let Some(store) = &self.session.cache
            && let Some(found) = lookup::<Found>(store, &key)
        {
            return Ok(Ok((found, StepState::Cached)));
        }
        let path = verified.built().path();
        let read = std::fs::File::open(path).and_then(FileBytes::new);
        let bytes = read.map_err(|e| Diagnostics::from(*crate::dist::failure(path, &e)))?;
        let inspected = match goferry_objfile::inspect(&bytes) {
            Ok(inspected) => inspected,
            Err(e) => return Ok(Err(e.to_string())),
        };
        let found = match scanner.binary(&bytes, &inspected) {
            Ok(found) => found,
            Err(goferry_scan::ScanError::NotGo(why)) => return Ok(Err(why)),
            Err(e) => return Err(crate::scanning::unusable(&e).into()),
        };
        if let Some(store) = &self.session.cache {
            let _ = store.record(&key, &found);
        }
        Ok(Ok((found, StepState::Done)))
    }
}
