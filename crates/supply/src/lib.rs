//! Evidence about artifacts: signatures and attestations that other tools accept, and their verification offline.
//!
//! Owns: keys as cosign and openssl write them, sigstore bundles, in-toto statements, and the judgement of somebody else's
//! bundle. Must not: use the network, read the environment, print, or show a key or a password in any error.

mod attest;
mod bundle;
mod der;
mod error;
mod files;
mod key;
mod keyless;
mod minisign;
mod password;
pub mod purl;
mod rekor;
pub mod sbom;
mod service;
mod signer;
pub mod slsa;
mod ssh;
mod statement;
mod timestamp;
mod verify;
pub mod vex;

pub use attest::{Attestation, attest, attest_by, sign_statement};
pub use bundle::{Bundle, MEDIA_TYPE, SignedBy, Witnesses, sign_blob, sign_blob_by};
pub use error::SupplyError;
pub use files::{read_bounded, write_new};
pub use key::{Algorithm, KeyPair, PrivateKey, PublicKey, generate};
pub use keyless::{Identity, Token};
pub use minisign::{comment_fits, named_in_comment};
pub use password::Password;
pub use purl::{DebOrigin, Purl, PurlParts};
pub use service::{Answer, Call, PUBLIC_FULCIO, PUBLIC_REKOR, Transport};
pub use signer::{Format, Signature, SigningKey};
pub use statement::{PredicateType, Statement, Subject};
pub use verify::{Proof, Signer, Trust, TrustedKey, verify, verify_signature};
