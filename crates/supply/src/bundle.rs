//! Sigstore bundles, version 0.3, signed with a key: the form that cosign 3 writes and reads
//! (protobuf-specs, sigstore_bundle.proto, in proto3's JSON).

use crate::{PrivateKey, SupplyError};
use base64ct::{Base64, Encoding as _};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// The media type of the bundles that are made here.
pub const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// A signature and what is needed to check it, but the key.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Bundle {
    media_type: &'static str,
    verification_material: Material,
    #[serde(flatten)]
    content: Content,
    #[serde(skip)]
    signature: Vec<u8>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Material {
    public_key: Hint,
}

#[derive(Clone, Debug, Serialize)]
struct Hint {
    hint: String,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
enum Content {
    #[serde(rename_all = "camelCase")]
    MessageSignature {
        message_digest: MessageDigest,
        signature: String,
    },
    DsseEnvelope(Envelope),
}

#[derive(Clone, Debug, Serialize)]
struct MessageDigest {
    algorithm: &'static str,
    digest: String,
}

/// A DSSE envelope (secure-systems-lab/dsse, envelope.md) with one signature.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    payload: String,
    payload_type: &'static str,
    signatures: [Signature; 1],
}

#[derive(Clone, Debug, Serialize)]
struct Signature {
    sig: String,
}

impl Bundle {
    /// As one line of JSON.
    ///
    /// # Errors
    /// None that can happen: all of it is text.
    pub fn to_json(&self) -> Result<String, SupplyError> {
        serde_json::to_string(self).map_err(|e| SupplyError::Predicate(e.to_string()))
    }

    /// The signature by itself: ECDSA in DER, Ed25519 as 64 bytes.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    fn new(key: &PrivateKey, content: Content, signature: Vec<u8>) -> Bundle {
        let public_key = Hint { hint: key.public().hint() };
        Bundle { media_type: MEDIA_TYPE, verification_material: Material { public_key }, content, signature }
    }

    pub(crate) fn enveloped(
        key: &PrivateKey,
        payload: &[u8],
        payload_type: &'static str,
    ) -> Result<Bundle, SupplyError> {
        let raw = key.sign(&pre_authentication(payload_type, payload))?;
        let sig = Base64::encode_string(&raw);
        let payload = Base64::encode_string(payload);
        let envelope = Envelope { payload, payload_type, signatures: [Signature { sig }] };
        Ok(Bundle::new(key, Content::DsseEnvelope(envelope), raw))
    }
}

/// Signs a file's content. The same key and content give the same bundle.
///
/// # Errors
/// The file cannot be read.
pub fn sign_blob(key: &PrivateKey, path: &Path) -> Result<Bundle, SupplyError> {
    let failed = |source| SupplyError::Io { action: "read", path: path.into(), source };
    let mut file = File::open(path).map_err(failed)?;
    let digest = sha256_of(&mut file).map_err(failed)?;
    let signature = match key.sign_digest(digest) {
        Some(signature) => signature?,
        None => {
            // Ed25519 signs the message itself. What is signed is what was hashed, even if the file changes meanwhile.
            let message = std::fs::read(path).map_err(failed)?;
            if Sha256::digest(&message)[..] != digest {
                return Err(failed(io::Error::other("it changes while it is read")));
            }
            key.sign(&message)?
        }
    };
    let message_digest = MessageDigest { algorithm: "SHA2_256", digest: Base64::encode_string(&digest) };
    let text = Base64::encode_string(&signature);
    Ok(Bundle::new(key, Content::MessageSignature { message_digest, signature: text }, signature))
}

/// The SHA-256 of what is left in a file.
pub(crate) fn sha256_of(file: &mut File) -> io::Result<[u8; 32]> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 128 << 10];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(hash.finalize().into()),
            Ok(n) => hash.update(&buffer[..n]),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

/// DSSE's PAE (protocol.md): what is signed of an envelope.
pub(crate) fn pre_authentication(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut out = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    out.extend_from_slice(payload);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_of_an_envelope() {
        // The example of protocol.md.
        let got = pre_authentication("http://example.com/HelloWorld", b"hello world");
        assert_eq!(got, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    }
}
