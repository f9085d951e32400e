//! The trusted root: whose certificates, logs and timestamps count.

use super::proto;
use crate::{SupplyError, read_bounded};
use sigstore_verify::trust_root::{SIGSTORE_PRODUCTION_TRUSTED_ROOT, TrustedRoot};
use std::path::Path;

/// That of the public instance has seven kilobytes.
const LIMIT: u64 = 16 << 20;

/// Whose certificates, logs and timestamps count.
#[derive(Debug)]
pub struct Trust {
    root: TrustedRoot,
    name: Option<String>,
}

impl Trust {
    /// Sigstore's public instance, as it was when goferry's dependencies were chosen. Nothing is fetched: keys that it took into
    /// use later are unknown, which refuses and never accepts.
    ///
    /// # Errors
    /// None that can happen.
    pub fn sigstore() -> Result<Trust, SupplyError> {
        Trust::parsed(SIGSTORE_PRODUCTION_TRUSTED_ROOT, None)
    }

    /// A `trusted_root.json` (protobuf-specs, sigstore_trustroot.proto).
    ///
    /// # Errors
    /// It cannot be read, or is none.
    pub fn read(path: &Path) -> Result<Trust, SupplyError> {
        let bytes = read_bounded(path, LIMIT)?;
        let name = path.display().to_string();
        match std::str::from_utf8(&bytes) {
            Ok(text) => Trust::parsed(text, Some(name)),
            Err(_) => Err(SupplyError::TrustedRoot { name, reason: "it is not UTF-8".to_owned() }),
        }
    }

    fn parsed(text: &str, name: Option<String>) -> Result<Trust, SupplyError> {
        let root = TrustedRoot::from_json(text)
            .or_else(|e| proto::plain(text).map_or(Err(e), |plain| TrustedRoot::from_json(&plain)));
        match root {
            Ok(root) => Ok(Trust { root, name }),
            Err(e) => Err(refused(name.as_deref(), &e)),
        }
    }

    pub(super) fn root(&self) -> &TrustedRoot {
        &self.root
    }

    /// Whether a user named it, and with it the logs that a signature should be in.
    pub(super) fn is_explicit(&self) -> bool {
        self.name.is_some()
    }

    pub(super) fn unusable(&self, e: impl std::fmt::Display) -> SupplyError {
        refused(self.name.as_deref(), &e)
    }
}

fn refused(name: Option<&str>, e: &dyn std::fmt::Display) -> SupplyError {
    SupplyError::TrustedRoot { name: name.unwrap_or("of Sigstore").to_owned(), reason: e.to_string() }
}
