//! Why a command could not be run. A command that ran and failed is not an error here.

use std::path::PathBuf;

/// Why a command could not be run.
#[derive(Debug, thiserror::Error)]
pub enum SpawnError {
    /// No such program.
    #[error("{purpose}: {program} was not found")]
    NotFound {
        /// As it was asked for.
        program: String,
        /// What the command was for.
        purpose: String,
    },
    /// The file is there and the system will not execute it.
    #[error("{purpose}: {program} cannot be executed: {why}")]
    NotExecutable {
        /// As it was asked for.
        program: String,
        /// What the command was for.
        purpose: String,
        /// The system's reason in words.
        why: String,
    },
    /// The working directory is missing.
    #[error("{purpose}: the working directory {} does not exist", path.display())]
    NoDirectory {
        /// The directory.
        path: PathBuf,
        /// What the command was for.
        purpose: String,
    },
    /// The run was interrupted; the command was ended or never started.
    #[error("{purpose}: interrupted")]
    Cancelled {
        /// What the command was for.
        purpose: String,
    },
    /// Anything else the system said.
    #[error("{purpose}: {program}: {source}")]
    Io {
        /// As it was asked for.
        program: String,
        /// What the command was for.
        purpose: String,
        /// The system's error.
        source: std::io::Error,
    },
}
