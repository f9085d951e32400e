//! The two predicates of SLSA 1.0: provenance (<https://slsa.dev/provenance/v1>) and verification summary
//! (<https://slsa.dev/verification_summary/v1>), as they are written here.
//!
//! Owns: the shape. Must not: know where the facts come from.

mod summary;

pub use summary::{ImageSummary, PlatformSummary, Run, ScanVerdict, TargetSummary, VerificationSummary};

use crate::{PredicateType, PrivateKey, SignedBy, Statement, Subject, SupplyError, sign_statement};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// The type of a provenance's predicate.
pub const PROVENANCE: &str = "https://slsa.dev/provenance/v1";
/// The type of a verification summary's predicate.
pub const VERIFICATION_SUMMARY: &str = "https://slsa.dev/verification_summary/v1";
/// What a goferry release is, for `buildType`; docs/provenance.md says what its parameters mean.
pub const BUILD_TYPE: &str = "urn:goferry:release:v1";
/// Who built: goferry, on whatever machine it was started.
pub const BUILDER: &str = "urn:goferry:builder:v1";
/// Who verified: goferry, in the same run.
pub const VERIFIER: &str = "urn:goferry:verifier:v1";

/// What something is and how it is recognised (in-toto attestation 1, `resource_descriptor.md`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Resource {
    /// A name for people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Where or what it is.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub uri: String,
    /// Digests by algorithm (`sha256`, `gitCommit`, `dirHash`), lower case hexadecimal.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub digest: BTreeMap<String, String>,
    /// What else is to be said.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, Value>,
}

impl Resource {
    /// Something by name and URI; either may be empty.
    pub fn new(name: impl Into<String>, uri: impl Into<String>) -> Resource {
        Resource { name: name.into(), uri: uri.into(), ..Resource::default() }
    }

    /// With a digest; an empty one is none.
    #[must_use]
    pub fn digest(mut self, algorithm: &str, hex: impl Into<String>) -> Resource {
        let hex = hex.into();
        if !hex.is_empty() {
            self.digest.insert(algorithm.to_owned(), hex);
        }
        self
    }

    /// With an annotation.
    #[must_use]
    pub fn note(mut self, key: &str, value: impl Into<Value>) -> Resource {
        self.annotations.insert(key.to_owned(), value.into());
        self
    }
}

/// How artifacts came to be. Times are left out: the true ones differ from run to run, and a false one is worse than none.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Provenance {
    /// What was asked for, and of what it was made.
    pub build_definition: BuildDefinition,
    /// By whom.
    pub run_details: RunDetails,
}

/// What was asked for, and of what it was made.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BuildDefinition {
    /// [`BUILD_TYPE`].
    pub build_type: &'static str,
    /// What the caller decided.
    pub external_parameters: Value,
    /// What goferry decided.
    pub internal_parameters: Value,
    /// Source, tools and packages, as far as they are known.
    pub resolved_dependencies: Vec<Resource>,
}

/// By whom it was made.
#[derive(Clone, Debug, Serialize)]
pub struct RunDetails {
    /// The builder.
    pub builder: Builder,
    /// The binaries inside the artifacts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub byproducts: Vec<Resource>,
}

/// Who built or verified.
#[derive(Clone, Debug, Serialize)]
pub struct Builder {
    /// [`BUILDER`] or [`VERIFIER`].
    pub id: &'static str,
    /// Version by program.
    pub version: BTreeMap<String, String>,
}

impl Builder {
    /// goferry of this version.
    pub fn goferry(id: &'static str, version: &str) -> Builder {
        Builder { id, version: BTreeMap::from([("goferry".to_owned(), version.to_owned())]) }
    }
}

/// A statement with this predicate. The same values give the same bytes.
///
/// # Errors
/// There is no subject.
pub fn statement(
    subjects: Vec<Subject>,
    kind: &str,
    predicate: &impl Serialize,
) -> Result<Statement, SupplyError> {
    let text = serde_json::to_string(predicate).map_err(|e| SupplyError::Predicate(e.to_string()))?;
    Statement::new(subjects, PredicateType::parse(kind)?, &text)
}

/// The file of a statement: a bundle where a key signs, else the bare statement. One line.
///
/// # Errors
/// The mathematics refused, which does not happen with a key that was read.
pub fn sealed(statement: &Statement, key: Option<&PrivateKey>) -> Result<Vec<u8>, SupplyError> {
    let mut bytes = match key {
        Some(key) => sign_statement(SignedBy::Key(key), None, statement)?.to_json()?.into_bytes(),
        None => statement.to_json()?,
    };
    bytes.push(b'\n');
    Ok(bytes)
}

#[cfg(test)]
mod tests;
