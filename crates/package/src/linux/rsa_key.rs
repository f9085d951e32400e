//! An RSA key that signs apk packages: PKCS #1 and PKCS #8 in PEM, encrypted or not.
//!
//! Owns: reading such a key and signing with it. Must not: say anything of what is in it.

use super::{Sign, SignatureForm};
use aes::cipher::{Array, BlockCipherDecrypt, KeyInit};
use base64ct::{Base64, Encoding};
use md5::{Digest, Md5};
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey;
use sha1::Sha1;
use std::fmt;
use std::io::Read;
use zeroize::Zeroizing;

/// A private RSA key. Its `Debug` says nothing.
pub struct RsaKey(rsa::PrivateKey);

impl fmt::Debug for RsaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RsaKey")
    }
}

type Secret = Zeroizing<Vec<u8>>;

impl RsaKey {
    /// Reads `RSA PRIVATE KEY` (PKCS #1, also in openssl's old encryption with AES), `PRIVATE KEY` and `ENCRYPTED PRIVATE
    /// KEY` (PKCS #8, PBES2).
    ///
    /// # Errors
    /// A sentence for people, which repeats nothing of the key.
    pub fn from_pem(pem: &[u8], passphrase: Option<&str>) -> Result<RsaKey, String> {
        let text = std::str::from_utf8(pem).map_err(|_| "it is not PEM")?;
        let (label, body) = private_block(text).ok_or("there is no private key in PEM in it")?;
        let (head, base64) = split_head(body);
        let der = decoded(base64).ok_or("its base64 is damaged")?;
        let der = match head {
            None => der,
            Some(head) => opened_as_openssl_did(&der, head, needed(passphrase)?)?,
        };
        let key = match label {
            "RSA PRIVATE KEY" => rsa::PrivateKey::from_pkcs1_der(&der).ok(),
            "PRIVATE KEY" => rsa::PrivateKey::from_pkcs8_der(&der).ok(),
            "ENCRYPTED PRIVATE KEY" => {
                let opened = opened_pkcs8(&der, needed(passphrase)?)?;
                rsa::PrivateKey::from_pkcs8_der(&opened).ok()
            }
            _ => return Err("it is no RSA key; apk knows nothing else".into()),
        };
        let encrypted = head.is_some();
        key.map(RsaKey).ok_or_else(|| match encrypted {
            true => "the passphrase is wrong".into(),
            false => "it is no RSA key that can be read".into(),
        })
    }
}

impl Sign for RsaKey {
    fn sign(&self, form: SignatureForm, data: &mut dyn Read) -> Result<Vec<u8>, String> {
        if form != SignatureForm::RsaSha1 {
            return Err("an RSA key makes no OpenPGP signature".into());
        }
        let mut bytes = Vec::new();
        data.read_to_end(&mut bytes).map_err(|e| e.to_string())?;
        let digest = Sha1::digest(&bytes);
        self.0.pkcs1v15_sign_prehash::<Sha1>(&digest).map_err(|e| e.to_string())
    }
}

fn needed(passphrase: Option<&str>) -> Result<&str, String> {
    passphrase
        .filter(|p| !p.is_empty())
        .ok_or_else(|| "it is encrypted and there is no passphrase".to_owned())
}

/// Label and body of the first block of a private key.
fn private_block(text: &str) -> Option<(&str, &str)> {
    let mut rest = text;
    loop {
        let (_, after) = rest.split_once("-----BEGIN ")?;
        let (label, after) = after.split_once("-----")?;
        let (body, after) = after.split_once("-----END ")?;
        if label.ends_with("PRIVATE KEY") {
            return Some((label, body));
        }
        rest = after;
    }
}

/// The lines `Proc-Type: …`, `DEK-Info: …` before the empty one, if there are any, and the rest.
fn split_head(body: &str) -> (Option<&str>, &str) {
    if !body.contains(':') {
        return (None, body);
    }
    let body = body.trim_start();
    let at = body.find("\n\n").or_else(|| body.find("\r\n\r\n")).unwrap_or(body.len());
    (Some(&body[..at]), &body[at..])
}

fn decoded(base64: &str) -> Option<Secret> {
    let plain: Zeroizing<String> =
        Zeroizing::new(base64.chars().filter(|c| !c.is_ascii_whitespace()).collect());
    Base64::decode_vec(&plain).ok().map(Zeroizing::new)
}

fn opened_pkcs8(der: &[u8], passphrase: &str) -> Result<Secret, String> {
    let info = pkcs8::EncryptedPrivateKeyInfoRef::try_from(der)
        .map_err(|_| "its encryption is not one that is known here (PBES2)")?;
    let opened = info.decrypt(passphrase).map_err(|_| "the passphrase is wrong")?;
    Ok(Zeroizing::new(opened.as_bytes().to_vec()))
}

/// openssl's encryption before PKCS #8: AES in CBC mode, the key made of passphrase and salt by MD5 (EVP_BytesToKey(3)).
fn opened_as_openssl_did(sealed: &[u8], head: &str, passphrase: &str) -> Result<Secret, String> {
    let info = head.lines().find_map(|l| l.trim().strip_prefix("DEK-Info:")).map(str::trim);
    let (cipher, iv) = info.and_then(|i| i.split_once(',')).ok_or("its DEK-Info is damaged")?;
    let iv: [u8; 16] = hex(iv)
        .and_then(|i| i.try_into().ok())
        .ok_or("its cipher is not known here: convert it with openssl pkcs8 -topk8")?;
    let key = |length| key_of(passphrase, &iv[..8], length);
    let plain = match cipher {
        "AES-128-CBC" => open_cbc(&aes::Aes128::new_from_slice(&key(16)), sealed, iv),
        "AES-192-CBC" => open_cbc(&aes::Aes192::new_from_slice(&key(24)), sealed, iv),
        "AES-256-CBC" => open_cbc(&aes::Aes256::new_from_slice(&key(32)), sealed, iv),
        _ => return Err("its cipher is not known here: convert it with openssl pkcs8 -topk8".into()),
    };
    plain.ok_or_else(|| "the passphrase is wrong".into())
}

fn key_of(passphrase: &str, salt: &[u8], length: usize) -> Secret {
    let mut key = Zeroizing::new(Vec::new());
    let mut last = Vec::new();
    while key.len() < length {
        last = Md5::new().chain_update(&last).chain_update(passphrase).chain_update(salt).finalize().to_vec();
        key.extend_from_slice(&last);
    }
    key.truncate(length);
    key
}

/// Opens and takes off the padding; none if it is not right.
fn open_cbc<C, E>(cipher: &Result<C, E>, sealed: &[u8], iv: [u8; 16]) -> Option<Secret>
where
    C: BlockCipherDecrypt<BlockSize = aes::cipher::consts::U16>,
{
    let cipher = cipher.as_ref().ok()?;
    if sealed.is_empty() || !sealed.len().is_multiple_of(16) {
        return None;
    }
    let mut plain = Zeroizing::new(Vec::with_capacity(sealed.len()));
    let mut before = iv;
    for chunk in sealed.chunks_exact(16) {
        let sealed: [u8; 16] = chunk.try_into().ok()?;
        let mut block = Array::from(sealed);
        cipher.decrypt_block(&mut block);
        plain.extend(block.iter().zip(before).map(|(b, x)| b ^ x));
        before = sealed;
    }
    let padding = usize::from(*plain.last()?);
    let content = plain.len().checked_sub(padding).filter(|_| (1..=16).contains(&padding))?;
    let right = plain[content..].iter().all(|b| usize::from(*b) == padding);
    plain.truncate(content);
    right.then_some(plain)
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim().as_bytes();
    let pair = |p: &[u8]| u8::from_str_radix(std::str::from_utf8(p).ok()?, 16).ok();
    digits.len().is_multiple_of(2).then(|| digits.chunks(2).map(pair).collect()).flatten()
}
