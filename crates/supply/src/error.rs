//! What can go wrong, with what it concerns and never with a secret.

use goferry_report::{Code, Diagnostic};
use std::io;
use std::path::PathBuf;

/// A failure to read a key, to sign or to verify.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SupplyError {
    /// A file could not be read or written.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// `read`, `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file that should be small is not.
    #[error("{} has more than {limit} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit, in bytes.
        limit: u64,
    },
    /// A file that would be written over.
    #[error("{} exists already", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A key that cannot be read, or that cannot be used here.
    #[error("the key {name}: {reason}")]
    Key {
        /// Where it came from: a path, or `env://NAME`.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A key is encrypted and no password was given.
    #[error("the key {name} is encrypted and no password was given")]
    PasswordMissing {
        /// Where the key came from.
        name: String,
    },
    /// A key does not open with the password.
    #[error("the key {name} does not open with the password that was given")]
    PasswordWrong {
        /// Where the key came from.
        name: String,
    },
    /// A predicate or its type cannot be used.
    #[error("{0}")]
    Predicate(String),
    /// A trusted root cannot be used.
    #[error("the trusted root {name}: {reason}")]
    TrustedRoot {
        /// Its path.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A bundle does not prove what was asked.
    #[error("{} is not proved: {reason}", file.display())]
    Refused {
        /// The file that it should be about.
        file: PathBuf,
        /// What does not hold.
        reason: String,
    },
    /// There is no identity to sign with, or it cannot be used.
    #[error("{reason}")]
    Identity {
        /// Why; without the token.
        reason: String,
    },
    /// A service that a signature needs cannot be reached, or refuses.
    #[error("{url} ({what}): {reason}")]
    Service {
        /// What it is.
        what: &'static str,
        /// Its address.
        url: String,
        /// Why; without the token.
        reason: String,
    },
    /// The host's source of random numbers failed.
    #[error("no random numbers for a new key: {0}")]
    Random(String),
}

impl SupplyError {
    /// The stable code of this error.
    pub fn code(&self) -> Code {
        match self {
            SupplyError::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => Code::DiskFull,
            SupplyError::Io { .. } | SupplyError::Random(_) => Code::Io,
            SupplyError::TooLarge { .. } => Code::Io,
            SupplyError::Exists { .. } | SupplyError::Key { .. } => Code::KeyUnusable,
            SupplyError::PasswordMissing { .. } | SupplyError::PasswordWrong { .. } => Code::KeyPassword,
            SupplyError::TrustedRoot { .. } => Code::TrustedRootUnusable,
            SupplyError::Refused { .. } => Code::VerificationFailed,
            SupplyError::Predicate(_) => Code::PredicateInvalid,
            SupplyError::Identity { .. } => Code::IdentityToken,
            SupplyError::Service { .. } => Code::SigningService,
        }
    }

    /// As a diagnostic, with what to do.
    pub fn diagnostic(&self) -> Diagnostic {
        let d = Diagnostic::error(self.code(), self.to_string());
        match self {
            SupplyError::PasswordMissing { .. } => {
                d.hint("set COSIGN_PASSWORD; it may be empty, for a key without a password")
            }
            SupplyError::Identity { .. } => d
                .hint(
                    "in GitHub Actions the job needs `permissions: id-token: write`; elsewhere set SIGSTORE_ID_TOKEN, or name a key",
                )
                .hint_with("to go on without signatures, in a release:", "--skip=sign"),
            SupplyError::PasswordWrong { .. } => d.hint("it was taken from COSIGN_PASSWORD"),
            SupplyError::Exists { .. } => {
                d.hint("a key that is lost cannot be made again: move it away first")
            }
            _ => d,
        }
    }
}
