//! Sigstore bundles, version 0.3: the form that cosign 3 writes and reads
//! (protobuf-specs, sigstore_bundle.proto, in proto3's JSON).

use crate::service::Transport;
use crate::{Algorithm, Identity, PrivateKey, Signature, SupplyError, rekor, timestamp};
use base64ct::{Base64, Encoding as _};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// The media type of the bundles that are made here.
pub const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// A signature and what is needed to check it, but the key or the authorities that are trusted.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Bundle {
    media_type: &'static str,
    verification_material: Material,
    #[serde(flatten)]
    content: Content,
    #[serde(skip)]
    signature: Vec<u8>,
    #[serde(skip)]
    certificate: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Material {
    #[serde(flatten)]
    who: Who,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tlog_entries: Vec<LogEntry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp_verification_data: Option<Timestamps>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
enum Who {
    PublicKey {
        hint: String,
    },
    #[serde(rename_all = "camelCase")]
    Certificate {
        raw_bytes: String,
    },
}

/// An entry of a log, as its own JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct LogEntry(pub(crate) serde_json::Value);

#[derive(Clone, Debug, Serialize)]
struct Timestamps {
    #[serde(rename = "rfc3161Timestamps")]
    rfc3161: Vec<Timestamp>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Timestamp {
    signed_timestamp: String,
}

/// Who signs.
#[derive(Clone, Copy, Debug)]
pub enum SignedBy<'a> {
    /// The owner of a key.
    Key(&'a PrivateKey),
    /// Whoever a certificate says.
    Identity(&'a Identity),
}

/// Who else is asked to witness a signature, and by what.
#[derive(Clone, Copy)]
pub struct Witnesses<'a> {
    /// The log.
    pub rekor: Option<&'a str>,
    /// The timestamp authority.
    pub tsa: Option<&'a str>,
    /// Carries the requests.
    pub transport: &'a dyn Transport,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Content {
    #[serde(rename_all = "camelCase")]
    MessageSignature {
        message_digest: MessageDigest,
        signature: String,
    },
    DsseEnvelope(Envelope),
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct MessageDigest {
    algorithm: &'static str,
    digest: String,
}

/// A DSSE envelope (secure-systems-lab/dsse, envelope.md) with one signature.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Envelope {
    payload: String,
    payload_type: &'static str,
    signatures: [EnvelopeSignature; 1],
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct EnvelopeSignature {
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

    /// In the forms in which it may be written.
    ///
    /// # Errors
    /// As [`Bundle::to_json`].
    pub fn signature_of(&self) -> Result<Signature, SupplyError> {
        let document = self.to_json()? + "\n";
        let (bare, certificate) = (Some(self.signature.clone()), self.certificate.clone());
        Ok(Signature { document, bare, certificate })
    }

    /// Puts a signature together with what vouches for it.
    fn assembled(
        by: SignedBy<'_>,
        witnesses: Option<&Witnesses<'_>>,
        content: Content,
        signature: Vec<u8>,
        digest: [u8; 32],
    ) -> Result<Bundle, SupplyError> {
        let (who, certificate) = match by {
            SignedBy::Key(key) => (Who::PublicKey { hint: key.public().hint() }, None),
            SignedBy::Identity(i) => {
                (Who::Certificate { raw_bytes: Base64::encode_string(&i.certificate) }, Some(i.pem()))
            }
        };
        let mut material = Material { who, tlog_entries: vec![], timestamp_verification_data: None };
        if let Some(w) = witnesses {
            // The log comes last: what is in it stays there, even if nothing comes of the bundle.
            if let Some(url) = w.tsa {
                let stamp = timestamp::stamp(url, &signature, w.transport)?;
                let signed_timestamp = Base64::encode_string(&stamp);
                let rfc3161 = vec![Timestamp { signed_timestamp }];
                material.timestamp_verification_data = Some(Timestamps { rfc3161 });
            }
            if let Some(url) = w.rekor {
                let entry = logged(url, by, &content, &signature, digest, w.transport)?;
                if matches!(by, SignedBy::Identity(_)) && w.tsa.is_none() && !rekor::states_a_time(&entry) {
                    let reason = "it states no time, without which no certificate holds; name a timestamp authority too";
                    let (what, url) = ("log", url.to_owned());
                    return Err(SupplyError::Service { what, url, reason: reason.to_owned() });
                }
                material.tlog_entries = vec![entry];
            }
        }
        Ok(Bundle {
            media_type: MEDIA_TYPE,
            verification_material: material,
            content,
            signature,
            certificate,
        })
    }

    pub(crate) fn enveloped(
        by: SignedBy<'_>,
        witnesses: Option<&Witnesses<'_>>,
        payload: &[u8],
        payload_type: &'static str,
    ) -> Result<Bundle, SupplyError> {
        let message = pre_authentication(payload_type, payload);
        let raw = by.key().sign(&message)?;
        let sig = Base64::encode_string(&raw);
        let payload = Base64::encode_string(payload);
        let envelope = Envelope { payload, payload_type, signatures: [EnvelopeSignature { sig }] };
        let digest = Sha256::digest(&message).into();
        Bundle::assembled(by, witnesses, Content::DsseEnvelope(envelope), raw, digest)
    }
}

impl SignedBy<'_> {
    fn key(&self) -> &PrivateKey {
        match self {
            SignedBy::Key(key) => key,
            SignedBy::Identity(i) => &i.key,
        }
    }
}

fn logged(
    url: &str,
    by: SignedBy<'_>,
    content: &Content,
    signature: &[u8],
    digest: [u8; 32],
    transport: &dyn Transport,
) -> Result<LogEntry, SupplyError> {
    if by.key().algorithm() != Algorithm::EcdsaP256 {
        let reason =
            "it is an Ed25519 key, whose signatures the log takes in another form only; P-256 is logged";
        return Err(SupplyError::Key { name: "to be logged".to_owned(), reason: reason.to_owned() });
    }
    let (pem, der, is_certificate) = match by {
        SignedBy::Key(key) => (key.public().to_pem(), key.public().der(), false),
        SignedBy::Identity(i) => (i.pem(), i.certificate.as_slice(), true),
    };
    let it = rekor::Logged { content, signature, digest, pem: &pem, der, is_certificate };
    rekor::entry(url, &it, transport)
}

/// Signs a file's content with a key and no witness. The same key and content give the same bundle.
///
/// # Errors
/// The file cannot be read.
pub fn sign_blob(key: &PrivateKey, path: &Path) -> Result<Bundle, SupplyError> {
    sign_blob_by(SignedBy::Key(key), None, path)
}

/// Signs a file's content, before witnesses if there are any.
///
/// # Errors
/// The file cannot be read, or a witness cannot be reached, refuses, or answers about something else.
pub fn sign_blob_by(
    by: SignedBy<'_>,
    witnesses: Option<&Witnesses<'_>>,
    path: &Path,
) -> Result<Bundle, SupplyError> {
    let key = by.key();
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
    let content = Content::MessageSignature { message_digest, signature: text };
    Bundle::assembled(by, witnesses, content, signature, digest)
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
