//! Judging somebody else's bundle, offline.
//!
//! The protocol is that of the crate `sigstore-verify`: chain to Fulcio, SCT, inclusion proof and promise, timestamps, signature, and
//! that the log's entry is about this signature. Here is what it leaves to its user: the cryptography (`crypto`), the names on
//! checkpoints (`checkpoint`), and what is asked of a bundle that was signed with a key.

mod bare;
mod checkpoint;
mod crypto;
mod proto;
mod signature;
mod trust;

pub use signature::{TrustedKey, verify_signature};
pub use trust::Trust;

use crate::{PublicKey, SupplyError};
use serde::Serialize;
use sigstore_verify::types::{Bundle as Foreign, DerPublicKey, SignatureContent};
use sigstore_verify::{PublicKeyVerificationPolicy, VerificationPolicy, VerificationResult, Verifier};
use std::fs::File;
use std::path::Path;

/// Who must have signed.
#[derive(Clone, Copy, Debug)]
pub enum Signer<'a> {
    /// The owner of this key.
    Key(&'a PublicKey),
    /// Whoever Fulcio gave a certificate with this identity, on the word of this OIDC issuer. Both are compared as a whole.
    Identity {
        /// The subject alternative name: an email address or a URI.
        identity: &'a str,
        /// The issuer's URL.
        issuer: &'a str,
    },
}

/// What a bundle proves about a file.
#[derive(Clone, Debug, Serialize)]
pub struct Proof {
    /// The certificate's identity; none if a key signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// The issuer of that identity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Whether a transparency log has it, by a log that is trusted.
    pub logged: bool,
    /// Times at which it existed, on the word of a trusted log or timestamp authority (RFC 3339).
    pub times: Vec<String>,
    /// The in-toto statement that was signed; none if the file itself was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<serde_json::Value>,
    /// What a minisign signature says besides, on the word of the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// Verifies a bundle (JSON, versions 0.1 to 0.3) over a file. Nothing is fetched.
///
/// A certificate must chain to the trusted root at the time of signing, with a certificate transparency timestamp, and the
/// signature must be in a log that the trusted root has. Of a bundle that a key signed, a log is asked only if the bundle names one
/// or the trusted root was given by the user: the key is trust enough, and whatever the bundle does hold must be right.
///
/// # Errors
/// The file cannot be read, or the bundle does not prove what is asked ([`SupplyError::Refused`]).
pub fn verify(bundle: &[u8], file: &Path, signer: Signer<'_>, trust: &Trust) -> Result<Proof, SupplyError> {
    crypto::install();
    let refused = |reason: String| SupplyError::Refused { file: file.into(), reason };
    let bundle = parsed(bundle).map_err(|e| refused(format!("the bundle is not one: {e}")))?;
    no_repetition(&bundle).map_err(refused)?;
    match (signer, bundle.signing_certificate().is_some()) {
        (Signer::Key(_), true) => {
            return Err(refused("a certificate signed it, and a key was asked for".into()));
        }
        (Signer::Identity { .. }, false) => {
            return Err(refused("no certificate signed it, and an identity was asked for".into()));
        }
        _ => {}
    }
    if let Signer::Key(key) = signer
        && bare::is_bare(&bundle)
        && !trust.is_explicit()
    {
        let key = DerPublicKey::new(key.der().to_vec());
        bare::verify(&bundle, file, &key).map_err(|e| e.of(file))?;
        return proof(None, &bundle).map_err(refused);
    }
    let verifier = Verifier::new(trust.root()).map_err(|e| trust.unusable(e))?;
    checkpoint::verify(&bundle, trust.root()).map_err(refused)?;
    let done = match signer {
        Signer::Key(key) => {
            let mut policy = PublicKeyVerificationPolicy::new(DerPublicKey::new(key.der().to_vec()));
            if bundle.verification_material.tlog_entries.is_empty() && !trust.is_explicit() {
                policy = policy.skip_tlog_unsafe();
            }
            over(&verifier, &bundle, file, &policy)
        }
        Signer::Identity { identity, issuer } => {
            over(&verifier, &bundle, file, &VerificationPolicy::new(identity, issuer))
        }
    }?;
    proof(Some(&done), &bundle).map_err(refused)
}

/// By digest where the kind of key allows it, so that a file of any size does; Ed25519 needs the bytes.
fn over(
    verifier: &Verifier,
    bundle: &Foreign,
    file: &Path,
    policy: &impl sigstore_verify::Policy,
) -> Result<VerificationResult, SupplyError> {
    use sigstore_verify::Error;
    let failed = |source| SupplyError::Io { action: "read", path: file.into(), source };
    let done = match verifier.verify_reader(File::open(file).map_err(failed)?, bundle, policy) {
        Err(Error::UnsupportedArtifact(_)) => {
            let bytes = std::fs::read(file).map_err(failed)?;
            verifier.verify(bytes.as_slice(), bundle, policy)
        }
        done => done,
    };
    done.map_err(|e| match e {
        Error::ArtifactRead(source) => failed(source),
        e => SupplyError::Refused { file: file.into(), reason: e.to_string() },
    })
}

fn parsed(bytes: &[u8]) -> Result<Foreign, String> {
    let text = std::str::from_utf8(bytes).map_err(|e| e.to_string())?;
    proto::unambiguous(text)?;
    Foreign::from_json(text).or_else(|e| {
        let plain = proto::plain(text).ok_or_else(|| e.to_string())?;
        Foreign::from_json(&plain).map_err(|e| e.to_string())
    })
}

/// The most entries and timestamps that are looked at; a bundle has one or two.
const MANY: usize = 32;

/// The same entry twice is no second witness.
fn no_repetition(bundle: &Foreign) -> Result<(), String> {
    let material = &bundle.verification_material;
    let entries = &material.tlog_entries;
    if entries.len() > MANY || material.timestamp_verification_data.rfc3161_timestamps.len() > MANY {
        return Err(format!("the bundle has more than {MANY} entries or timestamps"));
    }
    for (n, a) in entries.iter().enumerate() {
        if entries[..n].iter().any(|b| a.log_id == b.log_id && a.log_index == b.log_index) {
            return Err("the bundle has the same log entry twice".to_owned());
        }
    }
    Ok(())
}

fn proof(done: Option<&VerificationResult>, bundle: &Foreign) -> Result<Proof, String> {
    let statement = match &bundle.content {
        SignatureContent::DsseEnvelope(e) => {
            Some(serde_json::from_slice(e.payload.as_bytes()).map_err(|e| format!("the statement: {e}"))?)
        }
        _ => None,
    };
    let times = done.map(VerificationResult::verified_timestamps).unwrap_or_default();
    let mut times: Vec<String> = times.iter().map(ToString::to_string).collect();
    times.sort();
    times.dedup();
    let has_entries = !bundle.verification_material.tlog_entries.is_empty();
    Ok(Proof {
        identity: done.and_then(|d| d.identity()).map(|i| i.as_str().to_owned()),
        issuer: done.and_then(|d| d.issuer()).map(str::to_owned),
        logged: has_entries && done.is_some_and(VerificationResult::tlog_verified),
        times,
        statement,
        comment: None,
    })
}
