//! What can go wrong while packaging, with the path it concerns.

use std::io;
use std::path::{Path, PathBuf};

/// A failure to write an archive, a checksum or a dist file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackageError {
    /// A file could not be read or written.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// `read`, `write`, …
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A word that is no archive format.
    #[error("unknown archive format `{word}`")]
    UnknownFormat {
        /// The word.
        word: String,
    },
    /// A word that is no format of Linux packages.
    #[error("unknown package format `{word}`")]
    UnknownPackageFormat {
        /// The word.
        word: String,
    },
    /// A Linux package that cannot be written as it is described.
    #[error("package {package} ({format}): {reason}")]
    LinuxPackage {
        /// The package's name.
        package: String,
        /// The format's word.
        format: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// Two contents of a Linux package have one destination.
    #[error("package {package}: several contents go to {destination}")]
    ContentCollision {
        /// The package's name.
        package: String,
        /// The destination.
        destination: String,
    },
    /// A Linux package could not be signed.
    #[error("package {package} ({format}) cannot be signed: {reason}")]
    Signing {
        /// The package's name.
        package: String,
        /// The format's word.
        format: &'static str,
        /// Why not; in further lines what a tool wrote.
        reason: String,
    },
    /// A word that is no checksum algorithm.
    #[error("unknown checksum algorithm `{word}`")]
    UnknownAlgorithm {
        /// The word.
        word: String,
    },
    /// `gz`, `xz` and `binary` hold exactly one file.
    #[error("{}: format `{format}` holds exactly one file, {count} were given", path.display())]
    OneFileOnly {
        /// The archive.
        path: PathBuf,
        /// The format.
        format: &'static str,
        /// How many there are.
        count: usize,
    },
    /// An archive without any member.
    #[error("{}: there are no files to put into it", path.display())]
    Empty {
        /// The archive.
        path: PathBuf,
    },
    /// Two members have the same name.
    #[error("{}: two members are named `{name}`", path.display())]
    DuplicateMember {
        /// The archive.
        path: PathBuf,
        /// The name.
        name: String,
    },
    /// A member that the format cannot say.
    #[error("{}: member `{name}` cannot be stored: {reason}", path.display())]
    Unstorable {
        /// The archive.
        path: PathBuf,
        /// The member.
        name: String,
        /// Why not.
        reason: &'static str,
    },
    /// A file changed its length while it was read.
    #[error("{} changed while it was packed", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// A glob does not parse.
    #[error("file pattern `{pattern}`: {reason}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An archive that cannot be read back.
    #[error("{} cannot be read as an archive: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A tar file that cannot be understood.
    #[error("{} is not a usable tar file: {reason}", path.display())]
    DamagedTar {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl PackageError {
    /// Makes an [`io::Error`] into one of ours; for `map_err`.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> PackageError {
        let path = path.to_owned();
        move |source| PackageError::Io { action, path, source }
    }
}
