//! Bills of materials as plain data: of what, by whom, into which files.

use super::StepId;
use serde::Serialize;

/// Documents about one artifact, or about the whole release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SbomSpec {
    /// Id of the item in `sboms`, which artifacts.json says of each document; `default` for goferry's own.
    pub id: String,
    /// What is described, for messages: an artifact's name, or the project's.
    pub name: String,
    /// Programs whose parts are listed: the step that verified each, and its name in the document.
    pub programs: Vec<(StepId, String)>,
    /// Shipped files besides the programs.
    pub files: Vec<SbomFile>,
    /// Who writes it.
    pub by: SbomBy,
}

/// A file that a document lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SbomFile {
    /// Its name.
    pub name: String,
    /// Relative to dist.
    pub path: String,
    /// Names of the programs in it, for an archive of such.
    pub holds: Vec<String>,
}

/// Who writes a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "by", rename_all = "kebab-case")]
pub enum SbomBy {
    /// goferry itself.
    Goferry {
        /// `cyclonedx` or `spdx`, and the path relative to dist.
        documents: Vec<(String, String)>,
    },
    /// A command of the user's, in dist.
    Command(SbomCommand),
}

/// A command that writes documents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SbomCommand {
    /// The command.
    pub program: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// `KEY=value` before the environment. Secrets are serialised without their values.
    #[serde(serialize_with = "crate::secret::lines")]
    pub env: Vec<String>,
    /// What it must have written, relative to dist; a pattern of goreleaser's.
    pub documents: Vec<String>,
}
