//! Replace lines that could go.
//!
//! Owns: trying each without the others' help. Must not: take one out of the module's own go.mod.

use super::Work;
use super::compile::Builder;
use super::proof::Proof;
use super::reach::Reached;
use super::report::DepsReport;
use goferry_report::Diagnostics;
use goferry_target::GoTarget;
use goferry_toolchain::gomod::{Replace, Replacement};
use serde::Serialize;
use std::collections::BTreeSet;

/// At most this many are tried: each is a build for every target.
const MOST: usize = 10;

/// A replace line, and whether the module builds without it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReplaceLine {
    /// Line in go.mod.
    pub line: u32,
    /// `path => other v1.2.3`.
    pub text: String,
    /// What stays without it, or nothing: it builds and vets, and nothing more can be reached. Its tests were not run.
    pub needed: Option<String>,
    /// The command that takes it out.
    pub command: String,
}

impl Work<'_> {
    /// Tries the module without each of its replace lines: with the upgrades if they build, else as it is.
    pub(super) fn replace_lines(&self, report: &DepsReport) -> Result<Vec<ReplaceLine>, Diagnostics> {
        let upgraded = !report.proof.is_empty() && report.proof.iter().all(Proof::holds);
        let base = if upgraded { &report.state } else { self.scratch.original() };
        let known: BTreeSet<&str> = match upgraded {
            true => report.proof.iter().flat_map(|p| &p.left).map(String::as_str).collect(),
            false => report.reachable.iter().map(|r| r.id.as_str()).collect(),
        };
        self.scratch.put(base)?;
        let lines = self.go_mod()?.replace;
        let mut out = vec![];
        for line in lines.iter().take(MOST) {
            (self.say)(&format!("without the replace line of {}", line.path));
            let needed = self.without(line, &report.targets, &known)?;
            self.scratch.put(base)?;
            let left = left(line);
            out.push(ReplaceLine {
                line: line.line,
                text: text(line),
                needed,
                command: format!("go mod edit -dropreplace={left}"),
            });
        }
        self.scratch.put(&report.state)?;
        Ok(out)
    }

    /// Why a line has to stay.
    fn without(
        &self,
        line: &Replace,
        targets: &[GoTarget],
        known: &BTreeSet<&str>,
    ) -> Result<Option<String>, Diagnostics> {
        let first =
            |text: String| text.lines().find(|l| !l.starts_with('#')).map(str::to_owned).unwrap_or(text);
        let word = format!("-dropreplace={}", left(line));
        if let Err(d) = self.edit(&["edit", &word]).and_then(|_| self.edit(&["tidy"])) {
            return Ok(Some(first(std::iter::once(d.message).chain(d.notes).last().unwrap_or_default())));
        }
        for target in targets {
            let tried = Builder::new(self, *target)
                .and_then(|b| self.reach_with(&b, *target).and_then(|found| b.vet().map(|()| found)));
            let found = match tried {
                Ok(found) => found,
                Err(failure) => match failure.other {
                    Some(d) => return Err((*d).into()),
                    None => return Ok(Some(format!("{target}: {}", first(failure.text)))),
                },
            };
            let mut reached = Reached::default();
            reached.add(*target, found);
            if let Some(r) = reached.reachable().into_iter().find(|r| !known.contains(r.id.as_str())) {
                return Ok(Some(format!(
                    "{target}: {} could be reached in {} {}",
                    r.id, r.module, r.version
                )));
            }
        }
        Ok(None)
    }
}

fn left(line: &Replace) -> String {
    line.version.as_ref().map_or_else(|| line.path.clone(), |v| format!("{}@{v}", line.path))
}

fn text(line: &Replace) -> String {
    let with = match &line.with {
        Replacement::Local(path) => path.clone(),
        Replacement::Module(m) => format!("{} {}", m.path, m.version),
    };
    let version = line.version.as_ref().map(|v| format!(" {v}")).unwrap_or_default();
    format!("{}{version} => {with}", line.path)
}
