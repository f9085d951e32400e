//! The cryptography that `sigstore-verify` is given: pure Rust, for verification only.

use p256::ecdsa::signature::hazmat::PrehashVerifier;
use rsa::pkcs1::DecodeRsaPublicKey as _;
use sha2::{Digest, Sha256, Sha384, Sha512};
use sigstore_verify::crypto::{CryptoProvider, Error, HashContext, Result, SigningScheme as Scheme};
use sigstore_verify::types::HashAlgorithm;

/// Makes ours the provider of this process; the first one stays.
pub(super) fn install() {
    let _ = sigstore_verify::crypto::install_default_provider(&Pure);
}

#[derive(Debug)]
struct Pure;

struct Hash<D>(D);

impl<D: Digest + Send> HashContext for Hash<D> {
    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn finalize(self: Box<Self>) -> Vec<u8> {
        self.0.finalize().to_vec()
    }
}

impl CryptoProvider for Pure {
    fn hash(&self, algorithm: HashAlgorithm) -> Result<Box<dyn HashContext>> {
        match algorithm {
            HashAlgorithm::Sha2256 => Ok(Box::new(Hash(Sha256::new()))),
            HashAlgorithm::Sha2384 => Ok(Box::new(Hash(Sha384::new()))),
            HashAlgorithm::Sha2512 => Ok(Box::new(Hash(Sha512::new()))),
            other => Err(Error::UnsupportedAlgorithm(format!("{other} is not known here"))),
        }
    }

    fn verify_raw(&self, scheme: Scheme, key: &[u8], data: &[u8], signature: &[u8]) -> Result<()> {
        match scheme.hash_algorithm() {
            Some(algorithm) => {
                let mut hash = self.hash(algorithm)?;
                hash.update(data);
                self.verify_prehashed(scheme, key, &hash.finalize(), signature)
            }
            None if scheme == Scheme::Ed25519 => held(scheme, ed25519(key, data, signature)),
            None => Err(Error::UnsupportedAlgorithm(format!("{} is not known here", scheme.name()))),
        }
    }

    fn verify_prehashed(&self, scheme: Scheme, key: &[u8], digest: &[u8], signature: &[u8]) -> Result<()> {
        let valid = match scheme {
            Scheme::EcdsaP256Sha256 | Scheme::EcdsaP256Sha384 => p256(key, digest, signature),
            Scheme::EcdsaP384Sha256 | Scheme::EcdsaP384Sha384 => p384(key, digest, signature),
            Scheme::RsaPkcs1Sha256 => pkcs1::<Sha256>(key, digest, signature),
            Scheme::RsaPkcs1Sha384 => pkcs1::<Sha384>(key, digest, signature),
            Scheme::RsaPkcs1Sha512 => pkcs1::<Sha512>(key, digest, signature),
            Scheme::RsaPssSha256 => pss::<Sha256>(key, digest, signature),
            Scheme::RsaPssSha384 => pss::<Sha384>(key, digest, signature),
            Scheme::RsaPssSha512 => pss::<Sha512>(key, digest, signature),
            other => return Err(Error::UnsupportedAlgorithm(format!("{} takes no digest", other.name()))),
        };
        held(scheme, valid)
    }
}

fn held(scheme: Scheme, valid: Option<()>) -> Result<()> {
    valid.ok_or_else(|| Error::Verification(format!("{} signature invalid", scheme.name())))
}

fn p256(key: &[u8], digest: &[u8], signature: &[u8]) -> Option<()> {
    let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(key).ok()?;
    key.verify_prehash(digest, &p256::ecdsa::Signature::from_der(signature).ok()?).ok()
}

fn p384(key: &[u8], digest: &[u8], signature: &[u8]) -> Option<()> {
    let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(key).ok()?;
    // FIPS 186-5 takes a shorter digest as the number that it is; the crate wants at least half of the field, which SHA-256 is.
    key.verify_prehash(digest, &p384::ecdsa::Signature::from_der(signature).ok()?).ok()
}

/// Strict: keys and points of small order, which would verify anything, are refused.
///
/// Ed25519ph (RFC 8032 section 5.1) is taken too, without context: cosign signs with it where a log takes part, and nothing in a bundle
/// says which it was. The two cannot be mistaken for each other, since ph has a prefix of its own, and both sign all of the data.
fn ed25519(key: &[u8], data: &[u8], signature: &[u8]) -> Option<()> {
    let key = ed25519_dalek::VerifyingKey::from_bytes(key.try_into().ok()?).ok()?;
    let signature = ed25519_dalek::Signature::from_slice(signature).ok()?;
    let pure = key.verify_strict(data, &signature);
    pure.or_else(|_| key.verify_prehashed_strict(Sha512::new_with_prefix(data), None, &signature)).ok()
}

fn pkcs1<D>(key: &[u8], digest: &[u8], signature: &[u8]) -> Option<()>
where
    D: Digest + rsa::pkcs8::AssociatedOid,
{
    let key = rsa::PublicKey::from_pkcs1_der(key).ok()?;
    let signature = rsa::pkcs1v15::Signature::try_from(signature).ok()?;
    rsa::pkcs1v15::VerifyingKey::<D>::new(key).verify_prehash(digest, &signature).ok()
}

fn pss<D>(key: &[u8], digest: &[u8], signature: &[u8]) -> Option<()>
where
    D: Digest + sha2::digest::FixedOutputReset,
{
    let key = rsa::PublicKey::from_pkcs1_der(key).ok()?;
    let signature = rsa::pss::Signature::try_from(signature).ok()?;
    rsa::pss::VerifyingKey::<D>::new_with_auto_salt_len(key).verify_prehash(digest, &signature).ok()
}
