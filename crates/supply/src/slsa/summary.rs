//! The verification summary: what was verified of each target, and how.

use super::{Builder, Resource};
use serde::Serialize;

/// What was verified. The field of goferry's own is named by a URI, as the specification asks.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VerificationSummary {
    /// Who verified.
    pub verifier: Builder,
    /// RFC 3339. The release's clock, so that the same release has the same bytes.
    pub time_verified: String,
    /// What the artifacts are of: a package URL.
    pub resource_uri: String,
    /// The configuration that the release was held against.
    pub policy: Resource,
    /// The provenance.
    pub input_attestations: Vec<Resource>,
    /// `PASSED` or `FAILED`.
    pub verification_result: &'static str,
    /// The SLSA level; `FAILED` if it failed.
    pub verified_levels: Vec<&'static str>,
    /// Version of the specification.
    pub slsa_version: &'static str,
    /// What was done with each binary.
    #[serde(rename = "urn:goferry:targets")]
    pub targets: Vec<TargetSummary>,
}

impl VerificationSummary {
    /// The verdict over these targets. A run that was waived does not fail it, but stands there.
    pub fn judged(mut self) -> VerificationSummary {
        let passed = self.targets.iter().all(|t| !t.scan.blocks());
        self.verification_result = if passed { "PASSED" } else { "FAILED" };
        // Level 1 says that there is provenance of a build by a fixed process. More is a property of the machine that ran it.
        self.verified_levels = vec![if passed { "SLSA_BUILD_LEVEL_1" } else { "FAILED" }];
        self
    }
}

/// What was done with one binary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TargetSummary {
    /// `linux/arm64`; `darwin/all` for a universal binary.
    pub target: String,
    /// The binary, by its path in dist/ and SHA-256.
    pub binary: Resource,
    /// `ELF 64-bit little-endian, machine 183`.
    pub format: String,
    /// `compared`, or why its Go build information was not held against the plan.
    pub build_info: String,
    /// Whether it ran.
    pub run: Run,
    /// What the vulnerability scan said.
    pub scan: ScanVerdict,
}

/// Whether a binary ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Run {
    /// It ran and passed.
    Ran {
        /// `native`, `qemu 7.2.22`.
        by: String,
        /// `namespaces`, or `none (why)`.
        isolation: String,
    },
    /// It did not run.
    Waived {
        /// `no-runner`, `runner-missing`, `skipped-by-user`, `not-ours`.
        class: String,
        /// Why.
        reason: String,
    },
}

/// What the vulnerability scan said of a binary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum ScanVerdict {
    /// There was none.
    NotScanned {
        /// Why.
        why: String,
    },
    /// There was one.
    #[serde(rename_all = "camelCase")]
    Scanned {
        /// Date of the database.
        database: String,
        /// SHA-256 of its records: what the result depends on besides the binary and the day.
        database_sha256: String,
        /// Findings below the threshold or ignored.
        findings: usize,
        /// Findings that stop a release.
        blocking: usize,
    },
}

impl ScanVerdict {
    /// Whether it stops a release.
    pub fn blocks(&self) -> bool {
        matches!(self, ScanVerdict::Scanned { blocking, .. } if *blocking > 0)
    }
}
