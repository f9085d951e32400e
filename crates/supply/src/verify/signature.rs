//! Signatures of every form by a key of the same form: which is which, and what each proves.

use super::{Proof, Signer, Trust, bare, crypto, verify};
use crate::{Format, PublicKey, SupplyError, minisign, ssh};
use base64ct::{Base64, Encoding as _};
use sigstore_verify::types::DerPublicKey;
use std::path::Path;

enum Kind {
    Sigstore(PublicKey),
    Minisign(minisign::Public),
    Ssh(ssh::Public),
}

/// A public key of any kind that is verified with here.
pub struct TrustedKey(Kind);

impl std::fmt::Debug for TrustedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("TrustedKey").finish_non_exhaustive()
    }
}

impl TrustedKey {
    /// Reads a key in PEM, minisign's file or its line, or a line of OpenSSH's. `name` says in errors where it came from.
    ///
    /// # Errors
    /// It is none of these.
    pub fn read(text: &[u8], name: &str) -> Result<TrustedKey, SupplyError> {
        let pem = text.windows(10).any(|w| w == b"-----BEGIN");
        let kind = match text {
            t if pem => Kind::Sigstore(PublicKey::from_pem(t, name)?),
            t if minisign::is_minisign(t) => Kind::Minisign(minisign::Public::read(t, name)?),
            t => match (ssh::Public::read(t, name), minisign::Public::read(t, name)) {
                (Ok(key), _) => Kind::Ssh(key),
                (_, Ok(key)) => Kind::Minisign(key),
                _ => Kind::Sigstore(PublicKey::from_pem(t, name)?),
            },
        };
        Ok(TrustedKey(kind))
    }

    /// Its form, which is that of its signatures.
    pub fn format(&self) -> Format {
        match &self.0 {
            Kind::Sigstore(_) => Format::Sigstore,
            Kind::Minisign(_) => Format::Minisign,
            Kind::Ssh(_) => Format::Ssh,
        }
    }

    /// The key itself if it is of sigstore's kind.
    pub fn sigstore(&self) -> Option<&PublicKey> {
        match &self.0 {
            Kind::Sigstore(key) => Some(key),
            Kind::Minisign(_) | Kind::Ssh(_) => None,
        }
    }
}

/// Verifies a signature over a file by a key: a sigstore bundle or cosign's bare signature in base64, minisign's, or ssh's (namespace
/// `file`). Nothing is fetched.
///
/// # Errors
/// The file cannot be read, or the signature does not prove it.
pub fn verify_signature(
    signature: &[u8],
    file: &Path,
    key: &TrustedKey,
    trust: &Trust,
) -> Result<Proof, SupplyError> {
    let refused = |reason: &str| SupplyError::Refused { file: file.into(), reason: reason.to_owned() };
    let plain = || Proof {
        identity: None,
        issuer: None,
        logged: false,
        times: vec![],
        statement: None,
        comment: None,
    };
    match (&key.0, signature) {
        (Kind::Minisign(key), s) => {
            let comment = key.verify(s, file)?;
            Ok(Proof { comment: Some(comment), ..plain() })
        }
        (Kind::Ssh(key), s) => ssh::verify(key, s, file).map(|()| plain()),
        (Kind::Sigstore(_), s) if minisign::is_minisign(s) || ssh::is_signature(s) => {
            Err(refused("the signature is of another form than the key"))
        }
        (Kind::Sigstore(key), s) => match alone(s) {
            Some(_) if trust.is_explicit() => {
                Err(refused("a bare signature says nothing of a log, and a trusted root was named"))
            }
            Some(raw) => {
                crypto::install();
                let der = DerPublicKey::new(key.der().to_vec());
                bare::signature(&raw, file, &der).map_err(|e| e.of(file))?;
                Ok(plain())
            }
            None => verify(s, file, Signer::Key(key), trust),
        },
    }
}

/// What cosign's `--output-signature` writes.
fn alone(signature: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(signature).ok()?.trim();
    Base64::decode_vec(text).ok().filter(|raw| !raw.is_empty() && text.len() < 4096)
}
