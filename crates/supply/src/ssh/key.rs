//! OpenSSH's keys: `openssh-key-v1` files, and public keys in a line.

use super::wire::{Reader, Writer};
use crate::key::unusable;
use crate::{Password, SupplyError};
use base64ct::{Base64, Encoding as _};
use ed25519_dalek::ed25519::signature::Signer as _;
use p256::ecdsa::signature::hazmat::PrehashSigner as _;
use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

const BEGIN: &str = "-----BEGIN OPENSSH PRIVATE KEY-----";
const END: &str = "-----END OPENSSH PRIVATE KEY-----";
const MAGIC: &[u8] = b"openssh-key-v1\0";
const ED25519: &[u8] = b"ssh-ed25519";
const P256: &[u8] = b"ecdsa-sha2-nistp256";
const P384: &[u8] = b"ecdsa-sha2-nistp384";
const RSA: &[u8] = b"ssh-rsa";

enum Kind {
    Ed25519(Box<ed25519_dalek::SigningKey>),
    P256(p256::ecdsa::SigningKey),
}

/// A private key.
pub(crate) struct Secret {
    kind: Kind,
    public: Vec<u8>,
}

/// Whether a file is a private key of OpenSSH.
pub(crate) fn is_private(text: &[u8]) -> bool {
    text.windows(BEGIN.len()).any(|w| w == BEGIN.as_bytes())
}

impl Secret {
    pub(crate) fn read(text: &[u8], name: &str, password: Option<&Password>) -> Result<Secret, SupplyError> {
        let bytes = unarmored(text).ok_or_else(|| unusable(name, "it is not a whole key of OpenSSH"))?;
        let damaged = || unusable(name, "it is damaged");
        let mut r = Reader(bytes.strip_prefix(MAGIC).ok_or_else(damaged)?);
        let (cipher, kdf, options) = (r.text(), r.text(), r.text());
        let (Some(cipher), Some(kdf), Some(options)) = (cipher, kdf, options) else { return Err(damaged()) };
        if r.number() != Some(1) {
            return Err(unusable(name, "it holds more than one key"));
        }
        let (Some(public), Some(sealed)) = (r.text(), r.text()) else { return Err(damaged()) };
        let encrypted = cipher != b"none";
        let open = match encrypted {
            true => super::sealed::open(cipher, kdf, options, sealed, name, password)?,
            false => Zeroizing::new(sealed.to_vec()),
        };
        let mut inside = Reader(&open);
        let wrong = || match encrypted {
            true => SupplyError::PasswordWrong { name: name.to_owned() },
            false => damaged(),
        };
        // The same number twice: the password's check.
        match (inside.number(), inside.number()) {
            (Some(a), Some(b)) if a == b => {}
            _ => return Err(wrong()),
        }
        let kind = kind(&mut inside, name)?.ok_or_else(wrong)?;
        let key = Secret { public: blob(&kind), kind };
        if key.public != public {
            return Err(unusable(name, "its two halves do not belong together"));
        }
        Ok(key)
    }

    /// The public half as signatures name it.
    pub(crate) fn public(&self) -> &[u8] {
        &self.public
    }

    /// The public half in a line, without a comment.
    pub(crate) fn public_line(&self) -> String {
        let kind = match self.kind {
            Kind::Ed25519(_) => ED25519,
            Kind::P256(_) => P256,
        };
        format!("{} {}\n", String::from_utf8_lossy(kind), Base64::encode_string(&self.public))
    }

    /// A signature in ssh's form.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SupplyError> {
        let mut out = Writer::default();
        match &self.kind {
            Kind::Ed25519(key) => {
                out.text(ED25519).text(&key.sign(message).to_bytes());
            }
            Kind::P256(key) => {
                let signature: p256::ecdsa::Signature = key
                    .sign_prehash(&Sha256::digest(message))
                    .map_err(|_| unusable("", "it could not sign"))?;
                let (r, s) = signature.split_bytes();
                let mut numbers = Writer::default();
                numbers.positive(&r).positive(&s);
                out.text(P256).text(&numbers.bytes);
            }
        }
        Ok(out.bytes.clone())
    }
}

/// The key behind the two numbers; none if it makes no sense.
fn kind(inside: &mut Reader<'_>, name: &str) -> Result<Option<Kind>, SupplyError> {
    let Some(word) = inside.text() else { return Ok(None) };
    match word {
        ED25519 => {
            let (_, pair) = (inside.text(), inside.text());
            let seed: Option<Zeroizing<[u8; 32]>> =
                pair.and_then(|p| p.get(..32)?.try_into().ok()).map(Zeroizing::new);
            Ok(seed.map(|s| Kind::Ed25519(Box::new(ed25519_dalek::SigningKey::from_bytes(&s)))))
        }
        P256 => {
            let (_, _, number) = (inside.text(), inside.text(), inside.positive(32));
            let mut bytes = Zeroizing::new([0; 32]);
            let number = number.map(Zeroizing::new);
            if let Some(n) = &number {
                bytes[32 - n.len()..].copy_from_slice(n);
            }
            let key = number.and_then(|_| p256::ecdsa::SigningKey::from_slice(&bytes[..]).ok());
            Ok(key.map(Kind::P256))
        }
        RSA => Err(unusable(name, "it is an RSA key; Ed25519 and P-256 sign here")),
        other if other.iter().all(u8::is_ascii_graphic) && other.len() < 60 => {
            let kind = String::from_utf8_lossy(other).into_owned();
            Err(unusable(name, format!("it is of the kind {kind}; Ed25519 and P-256 sign here")))
        }
        _ => Ok(None),
    }
}

fn blob(kind: &Kind) -> Vec<u8> {
    let mut out = Writer::default();
    match kind {
        Kind::Ed25519(key) => out.text(ED25519).text(key.verifying_key().as_bytes()),
        Kind::P256(key) => {
            let point = key.verifying_key().to_sec1_point(false);
            out.text(P256).text(b"nistp256").text(point.as_bytes())
        }
    };
    out.bytes.clone()
}

fn unarmored(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let text = std::str::from_utf8(text).ok()?;
    let (_, after) = text.split_once(BEGIN)?;
    let (body, _) = after.split_once(END)?;
    let plain: Zeroizing<String> =
        Zeroizing::new(body.chars().filter(|c| !c.is_ascii_whitespace()).collect());
    Base64::decode_vec(&plain).ok().map(Zeroizing::new)
}

/// A public key.
#[derive(Clone, Debug)]
pub(crate) struct Public {
    blob: Vec<u8>,
}

impl Public {
    /// Reads the first key of a `.pub` file, or of a list of allowed signers.
    pub(crate) fn read(text: &[u8], name: &str) -> Result<Public, SupplyError> {
        let lines = std::str::from_utf8(text).unwrap_or_default().lines();
        for line in lines.filter(|l| !l.trim_start().starts_with('#')) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let found = words.windows(2).find_map(|w| {
                let kind = [ED25519, P256, P384, RSA].into_iter().find(|k| *k == w[0].as_bytes())?;
                let blob = Base64::decode_vec(w[1]).ok()?;
                (Reader(&blob).text() == Some(kind)).then_some(blob)
            });
            if let Some(blob) = found {
                return Ok(Public { blob });
            }
        }
        Err(unusable(name, "it is not a public key of OpenSSH that is known here: Ed25519, ECDSA or RSA"))
    }

    pub(super) fn blob(&self) -> &[u8] {
        &self.blob
    }

    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.check(message, signature).is_some()
    }

    fn check(&self, message: &[u8], signature: &[u8]) -> Option<()> {
        let mut key = Reader(&self.blob);
        let mut s = Reader(signature);
        let (kind, method, signature) = (key.text()?, s.text()?, s.text()?);
        if !s.0.is_empty() {
            return None;
        }
        match (kind, method) {
            (ED25519, ED25519) => {
                let key = ed25519_dalek::VerifyingKey::from_bytes(key.text()?.try_into().ok()?).ok()?;
                key.verify_strict(message, &ed25519_dalek::Signature::from_slice(signature).ok()?).ok()
            }
            (P256, P256) => {
                let (_, point) = (key.text()?, key.text()?);
                let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(point).ok()?;
                let signature = p256::ecdsa::Signature::from_slice(&pair(signature, 32)?).ok()?;
                key.verify_prehash(&Sha256::digest(message), &signature).ok()
            }
            (P384, P384) => {
                let (_, point) = (key.text()?, key.text()?);
                let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(point).ok()?;
                let signature = p384::ecdsa::Signature::from_slice(&pair(signature, 48)?).ok()?;
                key.verify_prehash(&Sha384::digest(message), &signature).ok()
            }
            (RSA, b"rsa-sha2-512" | b"rsa-sha2-256") => {
                let (e, n) = (key.positive(8)?, key.positive(1024)?);
                rsa(&e, &n, method == b"rsa-sha2-512", message, signature)
            }
            _ => None,
        }
    }
}

/// Both numbers of an ECDSA signature, each in `width` bytes.
fn pair(signature: &[u8], width: usize) -> Option<Vec<u8>> {
    let mut r = Reader(signature);
    let mut out = vec![0; 2 * width];
    for half in out.chunks_mut(width) {
        let n = r.positive(width)?;
        half[width - n.len()..].copy_from_slice(&n);
    }
    r.0.is_empty().then_some(out)
}

fn rsa(e: &[u8], n: &[u8], sha512: bool, message: &[u8], signature: &[u8]) -> Option<()> {
    use rsa::pkcs1::DecodeRsaPublicKey as _;
    // PKCS 1's RSAPublicKey: two integers.
    let der = crate::der::sequence(&[crate::der::positive(n), crate::der::positive(e)].concat());
    let key = rsa::PublicKey::from_pkcs1_der(&der).ok()?;
    let signature = rsa::pkcs1v15::Signature::try_from(signature).ok()?;
    match sha512 {
        true => rsa::pkcs1v15::VerifyingKey::<Sha512>::new(key)
            .verify_prehash(&Sha512::digest(message), &signature)
            .ok(),
        false => rsa::pkcs1v15::VerifyingKey::<Sha256>::new(key)
            .verify_prehash(&Sha256::digest(message), &signature)
            .ok(),
    }
}
