//! A bundle that holds a signature by a key and no other evidence: what goferry and `cosign --tlog-upload=false` write.
//! `sigstore-verify` wants a log entry or a timestamp, so this is done here, with its readers.

use super::crypto;
use crate::SupplyError;
use crate::attest::PAYLOAD_TYPE;
use sigstore_verify::crypto::verify_signature_prehashed;
use sigstore_verify::crypto::{ArtifactHasher, KeyAlgorithm, SigningScheme, hash_reader, verify_signature};
use sigstore_verify::types::bundle::{MessageSignature, VerificationMaterialContent};
use sigstore_verify::types::{
    ArtifactDigest, Bundle, DerPublicKey, DsseEnvelope, HashAlgorithm, MediaType, Sha256Hash, Sha512Hash,
    SignatureBytes, SignatureContent, Statement,
};
use std::fs::File;
use std::path::Path;

/// Whether a bundle is of this kind.
pub(super) fn is_bare(bundle: &Bundle) -> bool {
    let material = &bundle.verification_material;
    matches!(material.content, VerificationMaterialContent::PublicKey(_))
        && material.tlog_entries.is_empty()
        && material.timestamp_verification_data.rfc3161_timestamps.is_empty()
        // Version 0.1 promises a log entry.
        && bundle.media_type() != MediaType::Bundle0_1
}

/// Why it does not hold.
pub(super) enum Wrong {
    Reason(String),
    Read(std::io::Error),
}

impl Wrong {
    pub(super) fn of(self, file: &Path) -> SupplyError {
        match self {
            Wrong::Reason(reason) => SupplyError::Refused { file: file.into(), reason },
            Wrong::Read(source) => SupplyError::Io { action: "read", path: file.into(), source },
        }
    }
}

fn wrong(e: impl std::fmt::Display) -> Wrong {
    Wrong::Reason(e.to_string())
}

/// The signature is by the key, and over this file or over a statement that names its digest.
pub(super) fn verify(bundle: &Bundle, file: &Path, key: &DerPublicKey) -> Result<(), Wrong> {
    crypto::install();
    let kind = KeyAlgorithm::from_spki(key).map_err(wrong)?;
    match &bundle.content {
        SignatureContent::MessageSignature(m) => message(m, file, key, kind),
        SignatureContent::DsseEnvelope(e) => envelope(e, file, key, kind.default_signing_scheme()),
        _ => Err(wrong("the bundle holds neither a message signature nor an envelope")),
    }
}

/// A signature by itself, over the file.
pub(super) fn signature(raw: &[u8], file: &Path, key: &DerPublicKey) -> Result<(), Wrong> {
    let scheme = KeyAlgorithm::from_spki(key).map_err(wrong)?.default_signing_scheme();
    let raw = SignatureBytes::new(raw.to_vec());
    over(&raw, file, key, scheme)
}

fn message(m: &MessageSignature, file: &Path, key: &DerPublicKey, kind: KeyAlgorithm) -> Result<(), Wrong> {
    let scheme = match &m.message_digest {
        Some(d) => kind.resolve_signing_scheme(d.algorithm).map_err(wrong)?,
        None => kind.default_signing_scheme(),
    };
    let digest = |algorithm| Ok(digests(file, &[algorithm])?.remove(0));
    if let Some(stated) = &m.message_digest
        && digest(stated.algorithm)?.value() != &stated.digest
    {
        return Err(wrong("the digest in the bundle is not that of the file"));
    }
    over(&m.signature, file, key, scheme)
}

fn over(
    signature: &SignatureBytes,
    file: &Path,
    key: &DerPublicKey,
    scheme: SigningScheme,
) -> Result<(), Wrong> {
    match scheme.hash_algorithm() {
        Some(algorithm) => {
            let digest = digests(file, &[algorithm])?.remove(0);
            verify_signature_prehashed(key, digest.as_bytes(), signature, scheme).map_err(wrong)
        }
        None => {
            let bytes = std::fs::read(file).map_err(Wrong::Read)?;
            verify_signature(key, &bytes, signature, scheme).map_err(wrong)
        }
    }
}

fn envelope(e: &DsseEnvelope, file: &Path, key: &DerPublicKey, scheme: SigningScheme) -> Result<(), Wrong> {
    verify_signature(key, &e.pae(), &e.signature.sig, scheme).map_err(wrong)?;
    if e.payload_type != PAYLOAD_TYPE {
        return Err(wrong("the envelope holds no in-toto statement"));
    }
    let statement: Statement =
        serde_json::from_slice(e.payload.as_bytes()).map_err(|e| wrong(format!("the statement: {e}")))?;
    let found = digests(file, &[HashAlgorithm::Sha2256, HashAlgorithm::Sha2512])?;
    let matches = |d: &ArtifactDigest| match d.algorithm() {
        HashAlgorithm::Sha2256 => {
            Sha256Hash::try_from(d.as_bytes()).is_ok_and(|h| statement.matches_sha256(&h))
        }
        HashAlgorithm::Sha2512 => {
            Sha512Hash::try_from(d.as_bytes()).is_ok_and(|h| statement.matches_sha512(&h))
        }
        _ => false,
    };
    match found.iter().any(matches) {
        true => Ok(()),
        false => Err(wrong("the digest of the file is not that of any subject of the statement")),
    }
}

fn digests(file: &Path, algorithms: &[HashAlgorithm]) -> Result<Vec<ArtifactDigest>, Wrong> {
    let hashers = algorithms.iter().map(|a| ArtifactHasher::new(*a)).collect::<Result<Vec<_>, _>>();
    let mut hashers = hashers.map_err(wrong)?;
    hash_reader(File::open(file).map_err(Wrong::Read)?, &mut hashers).map_err(Wrong::Read)?;
    Ok(hashers.into_iter().map(ArtifactHasher::finalize).collect())
}
