//! minisign's keys and signatures (jedisct1.github.io/minisign, "Signature format" and the source of 0.11).
//!
//! A signature is Ed25519 over BLAKE2b-512 of the file (`ED`; the older `Ed` is over the file itself, and only read here), and a second one
//! over the first and the trusted comment. Keys are encrypted with libsodium's scrypt, or with nothing (`minisign -GW`).

use crate::key::unusable;
use crate::{Password, SupplyError};
use base64ct::{Base64, Encoding as _};
use blake2::digest::consts::U32;
use blake2::{Blake2b, Blake2b512, Digest as _};
use ed25519_dalek::ed25519::signature::Signer as _;
use ed25519_dalek::{Signature, SigningKey, VerifyingKey};
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use zeroize::Zeroizing;

const COMMENT: &str = "untrusted comment: ";
const TRUSTED: &str = "trusted comment: ";
/// The most memory that a key may ask for, in bytes: what minisign itself asks for.
const MEMORY: u64 = 1 << 30;

/// Whether a file is one of minisign's.
pub(crate) fn is_minisign(text: &[u8]) -> bool {
    text.starts_with(COMMENT.as_bytes())
}

/// A secret key.
pub(crate) struct Secret {
    id: [u8; 8],
    key: Box<SigningKey>,
}

impl Secret {
    pub(crate) fn read(text: &[u8], name: &str, password: Option<&Password>) -> Result<Secret, SupplyError> {
        let bytes = second_line(text).map(Zeroizing::new);
        let bytes: Option<Zeroizing<[u8; 158]>> =
            bytes.and_then(|b| Some(Zeroizing::new(b.as_slice().try_into().ok()?)));
        let bytes = bytes.ok_or_else(|| unusable(name, "it is not a secret key of minisign"))?;
        let (head, sealed) = bytes.split_at(54);
        if &head[..2] != b"Ed" || &head[4..6] != b"B2" {
            return Err(unusable(name, "it is of a kind that minisign 0.11 does not make"));
        }
        let mut open = Zeroizing::new(sealed.to_vec());
        match &head[2..4] {
            b"Sc" => {
                let password =
                    password.ok_or_else(|| SupplyError::PasswordMissing { name: name.to_owned() })?;
                let stream = stream(password, &head[6..38], number(&head[38..46]), number(&head[46..54]))
                    .map_err(|reason| unusable(name, reason))?;
                open.iter_mut().zip(stream.iter()).for_each(|(b, s)| *b ^= s);
            }
            [0, 0] => {}
            _ => return Err(unusable(name, "its encryption is none that minisign has")),
        }
        Secret::opened(&open, &head[2..4] == b"Sc", name)
    }

    /// Key id, seed and public key, and the checksum over them.
    fn opened(open: &[u8], encrypted: bool, name: &str) -> Result<Secret, SupplyError> {
        let damaged = || match encrypted {
            true => SupplyError::PasswordWrong { name: name.to_owned() },
            false => unusable(name, "its checksum does not hold"),
        };
        let (content, sum) = open.split_at_checked(72).ok_or_else(damaged)?;
        let right = Blake2b::<U32>::new().chain_update(b"Ed").chain_update(content).finalize();
        // Some implementations leave the checksum out where nothing is encrypted.
        let absent = !encrypted && sum.iter().all(|b| *b == 0);
        if right[..] != *sum && !absent {
            return Err(damaged());
        }
        let id = content[..8].try_into().map_err(|_| damaged())?;
        let seed: Zeroizing<[u8; 32]> = Zeroizing::new(content[8..40].try_into().map_err(|_| damaged())?);
        let key = Box::new(SigningKey::from_bytes(&seed));
        match key.verifying_key().as_bytes()[..] == content[40..] {
            true => Ok(Secret { id, key }),
            false => Err(unusable(name, "its two halves do not belong together")),
        }
    }

    /// `FILE.minisig`. The trusted comment names the file and no time, so that the same file has the same signature.
    pub(crate) fn sign(&self, file: &Path, name: &str) -> Result<String, SupplyError> {
        let signature = self.key.sign(&hashed(file)?).to_bytes();
        let comment = format!("file:{}\thashed", in_one_line(name));
        let global = self.key.sign(&[&signature[..], comment.as_bytes()].concat()).to_bytes();
        let line = [&b"ED"[..], &self.id, &signature].concat();
        Ok(format!(
            "{COMMENT}signature from minisign secret key\n{}\n{TRUSTED}{comment}\n{}\n",
            Base64::encode_string(&line),
            Base64::encode_string(&global)
        ))
    }

    /// The public half, as minisign writes it.
    pub(crate) fn public(&self) -> String {
        let bytes = [&b"Ed"[..], &self.id, self.key.verifying_key().as_bytes()].concat();
        let id = u64::from_le_bytes(self.id);
        format!("{COMMENT}minisign public key {id:016X}\n{}\n", Base64::encode_string(&bytes))
    }
}

/// A public key.
#[derive(Clone, Debug)]
pub(crate) struct Public {
    id: [u8; 8],
    key: VerifyingKey,
}

impl Public {
    /// Reads minisign's file, or the one line of it that is usually quoted.
    pub(crate) fn read(text: &[u8], name: &str) -> Result<Public, SupplyError> {
        let line = std::str::from_utf8(text).ok().map(str::trim_ascii).filter(|t| t.lines().count() == 1);
        let bytes = match line {
            Some(line) if !is_minisign(text) => Base64::decode_vec(line).ok(),
            _ => second_line(text),
        };
        let bad = || unusable(name, "it is not a public key of minisign");
        let bytes: [u8; 42] = bytes.and_then(|b| b.try_into().ok()).ok_or_else(bad)?;
        let id = bytes[2..10].try_into().map_err(|_| bad())?;
        let key = bytes[10..].try_into().ok().and_then(|k| VerifyingKey::from_bytes(k).ok());
        key.filter(|_| bytes.starts_with(b"Ed")).map(|key| Public { id, key }).ok_or_else(bad)
    }

    /// What a signature proves of a file: its trusted comment.
    pub(crate) fn verify(&self, signature: &[u8], file: &Path) -> Result<String, SupplyError> {
        let refused = |reason: &str| SupplyError::Refused { file: file.into(), reason: reason.to_owned() };
        let s = Parts::of(signature).ok_or_else(|| refused("the signature is not one of minisign"))?;
        if s.id != self.id {
            return Err(refused("another key signed it"));
        }
        let valid = |message: &[u8], signature: &[u8; 64]| {
            self.key.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
        };
        let message = match s.hashed {
            true => hashed(file)?.to_vec(),
            false => std::fs::read(file).map_err(|source| SupplyError::Io {
                action: "read",
                path: file.into(),
                source,
            })?,
        };
        if !valid(&message, &s.signature) {
            return Err(refused("the signature is not one of this file by this key"));
        }
        match valid(&[&s.signature[..], s.comment.as_bytes()].concat(), &s.global) {
            true => Ok(s.comment.to_owned()),
            false => Err(refused("the trusted comment was changed")),
        }
    }
}

/// The name that a trusted comment gives the signed file: minisign writes `timestamp:…<tab>file:NAME<tab>hashed`.
pub fn named_in_comment(comment: &str) -> Option<&str> {
    comment.split('\t').find_map(|field| field.strip_prefix("file:"))
}

/// Whether a trusted comment, where it names a file at all, names this one.
pub fn comment_fits(comment: &str, name: &str) -> bool {
    named_in_comment(comment).is_none_or(|n| n == name || n == in_one_line(name))
}

fn in_one_line(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { '_' } else { c }).collect()
}

/// A signature file.
struct Parts<'a> {
    hashed: bool,
    id: [u8; 8],
    signature: [u8; 64],
    comment: &'a str,
    global: [u8; 64],
}

impl Parts<'_> {
    fn of(text: &[u8]) -> Option<Parts<'_>> {
        let text = std::str::from_utf8(text).ok()?;
        let mut lines = text.lines();
        lines.next()?.strip_prefix(COMMENT)?;
        let first: [u8; 74] = Base64::decode_vec(lines.next()?.trim_ascii()).ok()?.try_into().ok()?;
        let comment = lines.next()?.strip_prefix(TRUSTED)?;
        let global = Base64::decode_vec(lines.next()?.trim_ascii()).ok()?.try_into().ok()?;
        let hashed = match &first[..2] {
            b"ED" => true,
            b"Ed" => false,
            _ => return None,
        };
        let rest = lines.next().is_none_or(|l| l.trim_ascii().is_empty());
        rest.then_some(Parts {
            hashed,
            id: first[2..10].try_into().ok()?,
            signature: first[10..].try_into().ok()?,
            comment,
            global,
        })
    }
}

fn second_line(text: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?;
    let mut lines = text.lines();
    lines.next()?.strip_prefix(COMMENT)?;
    Base64::decode_vec(lines.next()?.trim_ascii()).ok()
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b))
}

fn hashed(file: &Path) -> Result<[u8; 64], SupplyError> {
    let failed = |source| SupplyError::Io { action: "read", path: file.into(), source };
    let mut reader = File::open(file).map_err(failed)?;
    let mut hash = Blake2b512::new();
    let mut buffer = vec![0; 128 << 10];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(hash.finalize().into()),
            Ok(n) => hash.update(&buffer[..n]),
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(failed(e)),
        }
    }
}

/// The bytes over a secret key: scrypt with the parameters that libsodium's `crypto_pwhash_scryptsalsa208sha256` makes of its two limits.
fn stream(
    password: &Password,
    salt: &[u8],
    operations: u64,
    memory: u64,
) -> Result<Zeroizing<Vec<u8>>, String> {
    const R: u64 = 8;
    let not_sensible = || "the scrypt parameters of its encryption are not sensible".to_owned();
    if memory > MEMORY {
        return Err(not_sensible());
    }
    let operations = operations.max(32768);
    // The largest power of two that is at most `limit`, and at least two.
    let log_of = |limit: u64| (1..63).find(|n| 1_u64 << n > limit / 2).unwrap_or(63);
    let (log_n, p) = if operations < memory / 32 {
        (log_of(operations / (R * 4)), 1)
    } else {
        let log_n = log_of(memory / (R * 128));
        (log_n, ((operations / 4) >> log_n).min(0x3fff_ffff) / R)
    };
    let p = u32::try_from(p).ok().filter(|p| (1..=16).contains(p)).ok_or_else(not_sensible)?;
    let log_n = u8::try_from(log_n).ok().filter(|n| *n <= 20).ok_or_else(not_sensible)?;
    let params = scrypt::Params::new(log_n, 8, p).map_err(|_| not_sensible())?;
    let mut out = Zeroizing::new(vec![0; 104]);
    scrypt::scrypt(password.bytes(), salt, &params, &mut out).map_err(|_| not_sensible())?;
    Ok(out)
}

#[cfg(test)]
mod tests;
