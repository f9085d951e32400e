//! What can be wrong with images, layouts and layers.

use crate::Digest;
use std::io;
use std::path::{Path, PathBuf};

/// A failure in reading or writing an image.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The file system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// `read`, `write`, …
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The folder or file is no image that can be read here.
    #[error("{} is not an image layout: {why}", path.display())]
    NotALayout {
        /// The folder or archive.
        path: PathBuf,
        /// What is missing or wrong.
        why: String,
    },
    /// A blob that something refers to is not there.
    #[error("{} has no blob {digest}", layout.display())]
    MissingBlob {
        /// The layout.
        layout: PathBuf,
        /// The blob.
        digest: Digest,
    },
    /// A blob is not what its descriptor says, or cannot be understood.
    #[error("{what} is damaged: {why}")]
    Damaged {
        /// The blob's digest, or the file.
        what: String,
        /// In what way.
        why: String,
    },
    /// A file is not what it was when it was verified.
    #[error("{} is no longer the file that was verified", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// A path leads nowhere, or in a circle.
    #[error("{path}: {why}")]
    Path {
        /// The path in the image.
        path: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// No manifest for a platform.
    #[error("{what} has no image for {platform}; it has: {}", has.join(", "))]
    NoPlatform {
        /// The image.
        what: String,
        /// What was looked for.
        platform: String,
        /// What is there.
        has: Vec<String>,
    },
}

impl ImageError {
    /// For `map_err`.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl Fn(io::Error) -> ImageError + use<> {
        let path = path.to_owned();
        move |source| ImageError::Io { action, path: path.clone(), source }
    }

    pub(crate) fn damaged(what: impl ToString, why: impl ToString) -> ImageError {
        ImageError::Damaged { what: what.to_string(), why: why.to_string() }
    }
}
