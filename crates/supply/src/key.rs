//! Keys: as cosign writes them, and as openssl does. Signing is deterministic (RFC 6979, RFC 8032).

mod generate;
mod pem;
mod public;
mod sealed;

pub use generate::{KeyPair, generate};
pub use public::PublicKey;

use crate::{Password, SupplyError};
use ed25519_dalek::pkcs8::DecodePrivateKey as _;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::signature::hazmat::PrehashSigner as _;
use p256::pkcs8::EncodePublicKey as _;
use sha2::{Digest as _, Sha256};
use std::fmt;
use zeroize::Zeroizing;

/// What kind of key it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// ECDSA over P-256 with SHA-256: what cosign makes.
    EcdsaP256,
    /// Ed25519.
    Ed25519,
}

enum Secret {
    P256(p256::ecdsa::SigningKey),
    Ed25519(Box<ed25519_dalek::SigningKey>),
}

/// A private key that can sign. It shows nothing of itself and is wiped from memory when dropped.
pub struct PrivateKey {
    secret: Secret,
    public: PublicKey,
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey").field("algorithm", &self.algorithm()).finish_non_exhaustive()
    }
}

impl PrivateKey {
    /// Reads a key in PEM: `ENCRYPTED SIGSTORE PRIVATE KEY` and `ENCRYPTED COSIGN PRIVATE KEY` (cosign's own box), PKCS 8
    /// (`PRIVATE KEY`, `ENCRYPTED PRIVATE KEY`), or `EC PRIVATE KEY` (SEC 1). `name` says in errors where it came from.
    ///
    /// # Errors
    /// It is no such key, of a kind that does not sign here, or the password is missing or wrong.
    pub fn from_pem(text: &[u8], name: &str, password: Option<&Password>) -> Result<PrivateKey, SupplyError> {
        let block = pem::private_block(text).map_err(|reason| unusable(name, reason))?;
        let password = || password.ok_or_else(|| SupplyError::PasswordMissing { name: name.to_owned() });
        match block.label {
            pem::Label::Sealed => {
                let der = sealed::open(&block.bytes, password()?).map_err(|e| e.of(name))?;
                PrivateKey::from_pkcs8(&der, name)
            }
            pem::Label::EncryptedPkcs8 => {
                let der = pkcs8_opened(&block.bytes, password()?, name)?;
                PrivateKey::from_pkcs8(&der, name)
            }
            pem::Label::Pkcs8 => PrivateKey::from_pkcs8(&block.bytes, name),
            pem::Label::Sec1 => {
                let key = p256::SecretKey::from_sec1_der(&block.bytes)
                    .map_err(|_| unusable(name, "it is not a P-256 key; only P-256 and Ed25519 sign here"))?;
                PrivateKey::new(Secret::P256(key.into()), name)
            }
        }
    }

    fn from_pkcs8(der: &[u8], name: &str) -> Result<PrivateKey, SupplyError> {
        if let Ok(key) = p256::SecretKey::from_pkcs8_der(der) {
            return PrivateKey::new(Secret::P256(key.into()), name);
        }
        if let Ok(key) = ed25519_dalek::SigningKey::from_pkcs8_der(der) {
            return PrivateKey::new(Secret::Ed25519(Box::new(key)), name);
        }
        Err(unusable(name, "it is neither a P-256 nor an Ed25519 key, the two kinds that sign here"))
    }

    pub(crate) fn of_p256(secret: p256::SecretKey) -> Result<PrivateKey, SupplyError> {
        PrivateKey::new(Secret::P256(secret.into()), "that was made")
    }

    fn new(secret: Secret, name: &str) -> Result<PrivateKey, SupplyError> {
        let der = match &secret {
            Secret::P256(k) => k.verifying_key().to_public_key_der(),
            Secret::Ed25519(k) => k.verifying_key().to_public_key_der(),
        };
        let der = der.map_err(|_| unusable(name, "its public key cannot be written"))?;
        Ok(PrivateKey { secret, public: PublicKey::from_der(der.into_vec(), name)? })
    }

    /// What kind of key it is.
    pub fn algorithm(&self) -> Algorithm {
        match self.secret {
            Secret::P256(_) => Algorithm::EcdsaP256,
            Secret::Ed25519(_) => Algorithm::Ed25519,
        }
    }

    /// Its public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs a message: ECDSA as DER over its SHA-256, Ed25519 (pure) as 64 bytes. The same key and message give the same
    /// bytes.
    ///
    /// # Errors
    /// The mathematics refused, which does not happen with a key that was read.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SupplyError> {
        match &self.secret {
            Secret::P256(_) => self.sign_sha256(Sha256::digest(message).into()),
            Secret::Ed25519(key) => Ok(key.sign(message).to_vec()),
        }
    }

    /// Signs a message of which only the SHA-256 is at hand; none for kinds that need the message itself.
    pub(crate) fn sign_digest(&self, digest: [u8; 32]) -> Option<Result<Vec<u8>, SupplyError>> {
        matches!(self.secret, Secret::P256(_)).then(|| self.sign_sha256(digest))
    }

    fn sign_sha256(&self, digest: [u8; 32]) -> Result<Vec<u8>, SupplyError> {
        let Secret::P256(key) = &self.secret else { return Err(unusable("", "it signs no digests")) };
        let signature: p256::ecdsa::Signature =
            key.sign_prehash(&digest).map_err(|_| unusable("", "it could not sign"))?;
        Ok(signature.to_der().as_bytes().to_vec())
    }
}

/// The first certificate in PEM, in DER.
pub(crate) fn certificate_der(text: &[u8]) -> Option<Vec<u8>> {
    pem::certificate_block(text)
}

/// A certificate in PEM.
pub(crate) fn certificate_pem(der: &[u8]) -> String {
    pem::written("CERTIFICATE", der).to_string()
}

pub(crate) fn unusable(name: &str, reason: impl Into<String>) -> SupplyError {
    SupplyError::Key { name: name.to_owned(), reason: reason.into() }
}

/// PKCS 5 v2 (PBES2). What is wrong inside is not said: it could be part of the key.
fn pkcs8_opened(der: &[u8], password: &Password, name: &str) -> Result<Zeroizing<Vec<u8>>, SupplyError> {
    let info = pkcs8::EncryptedPrivateKeyInfoRef::try_from(der)
        .map_err(|_| unusable(name, "its encryption is not one that is known here (PBES2)"))?;
    let opened = info.decrypt(password.bytes());
    opened
        .map(|d| Zeroizing::new(d.as_bytes().to_vec()))
        .map_err(|_| SupplyError::PasswordWrong { name: name.to_owned() })
}

#[cfg(test)]
mod tests;
