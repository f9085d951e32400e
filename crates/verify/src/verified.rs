//! The result of a verify step, which only this house can make, and what stands in it when something was not done.

use crate::inspect::Inspected;
use crate::judge::Ended;
use goferry_build::{Built, BuiltFile};
use serde::{Deserialize, Serialize};

/// Why something was not done. Printed, stored, and asked for again at publish.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waived {
    /// Which kind.
    pub class: WaiverClass,
    /// Why.
    pub reason: String,
    /// Where the user said so, or which fact of the host says so.
    pub place: String,
}

/// Kinds of waivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WaiverClass {
    /// Nothing on any such host can run it; allowed by default.
    NoRunner,
    /// Something could, but it is not installed; refused at publish unless configured.
    RunnerMissing,
    /// The user said so; refused at publish unless configured.
    SkippedByUser,
    /// What is started is a program of somebody else, e.g. the shell of an image's base; allowed by default.
    NotOurs,
}

impl WaiverClass {
    /// The class's word.
    pub fn as_str(self) -> &'static str {
        match self {
            WaiverClass::NoRunner => "no-runner",
            WaiverClass::RunnerMissing => "runner-missing",
            WaiverClass::SkippedByUser => "skipped-by-user",
            WaiverClass::NotOurs => "not-ours",
        }
    }
}

/// A run of an artifact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRecord {
    /// `native`, `qemu-aarch64 7.2.22`.
    pub runner: String,
    /// `namespaces`, or `none (why)`.
    pub isolation: String,
    /// Whether programs of the target's machine that it started would have run; none where that needs no emulator.
    #[serde(default)]
    pub starts_others: Option<bool>,
    /// Arguments of the run that decided.
    pub args: Vec<String>,
    /// How it ended.
    pub ended: Ended,
    /// First line that it printed.
    pub output: String,
    /// The machine that the program sees (`uname -m`), beside the ELF header.
    pub machine: Option<String>,
    /// Wall time.
    pub millis: u64,
}

/// Whether it ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunOutcome {
    /// It ran and passed.
    Ran(RunRecord),
    /// It did not run, and this is why.
    Waived(Waived),
}

/// A binary whose bytes are what was planned and which started on its target, or whose run was waived.
#[derive(Clone, Debug)]
pub struct Verified {
    built: Built,
    inspected: Inspected,
    run: RunOutcome,
}

/// What the action cache keeps of a [`Verified`]; bound to the digest of the binary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifiedRecord {
    /// The binary that was verified.
    pub binary: BuiltFile,
    /// What its bytes say.
    pub inspected: Inspected,
    /// Whether it ran.
    pub run: RunOutcome,
}

impl Verified {
    pub(crate) fn from_run(built: Built, inspected: Inspected, run: RunOutcome) -> Self {
        Verified { built, inspected, run }
    }

    /// From the cache's record of the same key; none if the record is of other bytes than `built`.
    pub fn restore(record: VerifiedRecord, built: Built) -> Option<Verified> {
        if record.binary != *built.binary() {
            return None;
        }
        Some(Verified { built, inspected: record.inspected, run: record.run })
    }

    /// The record for the cache.
    pub fn record(&self) -> VerifiedRecord {
        VerifiedRecord {
            binary: self.built.binary().clone(),
            inspected: self.inspected.clone(),
            run: self.run.clone(),
        }
    }

    /// The binary.
    pub fn built(&self) -> &Built {
        &self.built
    }

    /// What its bytes say.
    pub fn inspected(&self) -> &Inspected {
        &self.inspected
    }

    /// Whether it ran.
    pub fn run(&self) -> &RunOutcome {
        &self.run
    }
}
