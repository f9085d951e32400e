//! Evidence about artifacts: signatures and attestations that other tools accept, and their verification offline.
//!
//! Owns: keys as cosign and openssl write them, sigstore bundles, in-toto statements, and the judgement of somebody else's
//! bundle. Must not: use the network, read the environment, print, or show a key or a password in any error.

mod attest;
mod bundle;
mod error;
mod files;
mod key;
mod password;
pub mod purl;
pub mod sbom;
mod statement;
mod verify;
pub mod vex;

pub use attest::{Attestation, attest};
pub use bundle::{Bundle, MEDIA_TYPE, sign_blob};
pub use error::SupplyError;
pub use files::{read_bounded, write_new};
pub use key::{Algorithm, KeyPair, PrivateKey, PublicKey, generate};
pub use password::Password;
pub use purl::{DebOrigin, Purl, PurlParts};
pub use statement::{PredicateType, Statement, Subject};
pub use verify::{Proof, Signer, Trust, verify};
