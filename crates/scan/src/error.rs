//! What can be wrong with a database, an index or what is scanned.

use std::io;
use std::path::PathBuf;

/// A database that cannot be used, or a file that cannot be scanned.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// The system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// File or folder.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The index cannot be written: the disk is full, or the folder is not ours. Nothing is wrong with the database.
    #[error("the index of the vulnerability database cannot be written: {}: {source}", path.display())]
    Cache {
        /// The index.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// There is a file or folder, but nothing that holds records.
    #[error("{} is no vulnerability database: {reason}", path.display())]
    NoDatabase {
        /// File or folder.
        path: PathBuf,
        /// What is missing.
        reason: String,
    },
    /// A record that cannot be read. A database that is read in part would let things pass.
    #[error("{}: record {record}: {reason}", path.display())]
    Record {
        /// The database.
        path: PathBuf,
        /// The record's file in it.
        record: String,
        /// What is wrong.
        reason: String,
    },
    /// The index is not what was written.
    #[error("index {} is damaged ({what})", path.display())]
    Damaged {
        /// The index.
        path: PathBuf,
        /// What does not fit.
        what: &'static str,
    },
    /// The file holds nothing that could be compared.
    #[error("{0}")]
    NotGo(String),
    /// A list of ignored vulnerabilities that cannot be read.
    #[error("{}: {reason}", path.display())]
    Ignores {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// An SBOM that cannot be read.
    #[error("no SBOM that goferry reads: {0}")]
    Sbom(String),
}

impl ScanError {
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> ScanError {
        let path = path.into();
        move |source| ScanError::Io { path, source }
    }
}
