//! New keys, as `cosign generate-key-pair` makes them.

use super::{PrivateKey, pem, sealed, unusable};
use crate::{Password, SupplyError};
use p256::elliptic_curve::Generate as _;
use p256::pkcs8::EncodePrivateKey as _;
use zeroize::Zeroizing;

/// A new key in the two forms in which it is kept.
pub struct KeyPair {
    /// `ENCRYPTED SIGSTORE PRIVATE KEY` in PEM.
    pub private: Zeroizing<String>,
    /// `PUBLIC KEY` in PEM.
    pub public: String,
}

impl std::fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyPair").field("public", &self.public).finish_non_exhaustive()
    }
}

/// Makes a P-256 key and encrypts it with the password, which may be empty.
///
/// # Errors
/// The host has no random numbers.
pub fn generate(password: &Password) -> Result<KeyPair, SupplyError> {
    let secret = p256::SecretKey::try_generate().map_err(|e| SupplyError::Random(e.to_string()))?;
    let der = secret.to_pkcs8_der().map_err(|_| unusable("to be written", "it cannot be written"))?;
    let sealed = sealed::seal(der.as_bytes(), password)?;
    let key = PrivateKey::of_p256(secret)?;
    let private = pem::written("ENCRYPTED SIGSTORE PRIVATE KEY", &sealed);
    Ok(KeyPair { private, public: key.public().to_pem() })
}
