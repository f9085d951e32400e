//! Provenance as plain data: which files say how the release came to be.

use super::NativeSign;
use serde::Serialize;

/// The two statements about a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProvenanceSpec {
    /// File of the provenance, relative to dist.
    pub provenance: String,
    /// File of the verification summary, relative to dist.
    pub summary: String,
    /// Who signs them; none: they are bare statements.
    pub by: Option<NativeSign>,
}
