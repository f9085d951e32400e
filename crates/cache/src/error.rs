//! What can go wrong with the cache, with the path it concerns.

use crate::Digest;
use std::io;
use std::path::{Path, PathBuf};

/// A failure of the cache.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError {
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
    /// The store does not hold this content.
    #[error("the cache does not hold {digest}")]
    Missing {
        /// The content.
        digest: Digest,
    },
    /// An entry's bytes were not those of its name; it was dropped.
    #[error("the cache entry {digest} was damaged and has been dropped")]
    Damaged {
        /// The name.
        digest: Digest,
    },
    /// Text that is no digest.
    #[error("`{text}` is not a SHA-256 in hex")]
    NotADigest {
        /// The text.
        text: String,
    },
    /// A record that cannot be written as JSON.
    #[error("a record cannot be written as JSON: {source}")]
    Record {
        /// Why.
        source: serde_json::Error,
    },
}

impl CacheError {
    /// Makes an [`io::Error`] into one of ours; for `map_err`.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> CacheError {
        let path = path.to_owned();
        move |source| CacheError::Io { action, path, source }
    }

    /// Whether the cause is a full disk or an exhausted quota.
    pub fn is_disk_full(&self) -> bool {
        matches!(self, CacheError::Io { source, .. }
            if matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge))
    }
}
