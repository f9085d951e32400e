//! Public keys.

use super::{pem, unusable};
use crate::SupplyError;
use base64ct::{Base64, Encoding as _};
use sha2::{Digest as _, Sha256};

/// A public key: its SubjectPublicKeyInfo (RFC 5280 section 4.1) in DER.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    der: Vec<u8>,
}

impl PublicKey {
    /// Reads `PUBLIC KEY` in PEM: P-256, P-384, Ed25519 or RSA. `name` says in errors where it came from.
    ///
    /// # Errors
    /// It is no such key.
    pub fn from_pem(text: &[u8], name: &str) -> Result<PublicKey, SupplyError> {
        let der = pem::public_block(text).map_err(|reason| unusable(name, reason))?;
        PublicKey::from_der(der, name)
    }

    pub(crate) fn from_der(der: Vec<u8>, name: &str) -> Result<PublicKey, SupplyError> {
        use p256::pkcs8::DecodePublicKey as _;
        let known = p256::PublicKey::from_public_key_der(&der).is_ok()
            || p384::PublicKey::from_public_key_der(&der).is_ok()
            || ed25519_dalek::VerifyingKey::from_public_key_der(&der).is_ok()
            || rsa::PublicKey::from_public_key_der(&der).is_ok();
        match known {
            true => Ok(PublicKey { der }),
            false => Err(unusable(name, "it is not a valid P-256, P-384, Ed25519 or RSA key")),
        }
    }

    /// In PEM, as cosign and openssl write it.
    pub fn to_pem(&self) -> String {
        pem::written("PUBLIC KEY", &self.der).to_string()
    }

    /// In DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// What a bundle calls it, as cosign 3 does: the SHA-256 of its DER in base64.
    pub fn hint(&self) -> String {
        Base64::encode_string(&Sha256::digest(&self.der))
    }
}
