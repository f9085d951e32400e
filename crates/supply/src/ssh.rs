//! ssh signatures (openssh-portable, PROTOCOL.sshsig) and OpenSSH's keys (PROTOCOL.key, RFC 4253 section 6.6, RFC 5656, RFC 8709).
//!
//! Signs with Ed25519 and ECDSA P-256; verifies those, P-384 and RSA. The namespace is `file`, as `ssh-keygen -Y sign -n file` has it.

mod key;
mod sealed;
mod wire;

pub(crate) use key::{Public, Secret, is_private};

use crate::SupplyError;
use base64ct::{Base64, Encoding as _};
use sha2::{Digest, Sha256, Sha512};
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use wire::{Reader, Writer};

const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";
const MAGIC: &[u8] = b"SSHSIG";
const NAMESPACE: &[u8] = b"file";

/// Whether a file is an ssh signature.
pub(crate) fn is_signature(text: &[u8]) -> bool {
    text.trim_ascii_start().starts_with(BEGIN.as_bytes())
}

/// Signs a file.
pub(crate) fn sign(key: &Secret, file: &Path) -> Result<String, SupplyError> {
    let message = signed(b"sha512", &digest::<Sha512>(file)?);
    let mut out = Writer::default();
    out.raw(MAGIC).number(1).text(key.public()).text(NAMESPACE).text(b"").text(b"sha512");
    out.text(&key.sign(&message)?);
    let text = Base64::encode_string(&out.bytes);
    let mut armored = format!("{BEGIN}\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        // ssh-keygen's width.
        let (line, more) = rest.split_at(rest.len().min(70));
        armored.push_str(line);
        armored.push('\n');
        rest = more;
    }
    Ok(armored + END + "\n")
}

/// Whether the key signed the file.
pub(crate) fn verify(key: &Public, signature: &[u8], file: &Path) -> Result<(), SupplyError> {
    let refused = |reason: &str| SupplyError::Refused { file: file.into(), reason: reason.to_owned() };
    let bytes = unarmored(signature).ok_or_else(|| refused("the signature is not one of ssh"))?;
    let s = Parts::of(&bytes).ok_or_else(|| refused("the signature is damaged, or not of version 1"))?;
    if s.key != key.blob() {
        return Err(refused("another key signed it"));
    }
    if s.namespace != NAMESPACE {
        let namespace = String::from_utf8_lossy(s.namespace);
        return Err(refused(&format!(
            "it was signed for `{}` and not for `file`",
            namespace.escape_default()
        )));
    }
    let digest = match s.hash {
        b"sha512" => digest::<Sha512>(file)?,
        b"sha256" => digest::<Sha256>(file)?,
        _ => return Err(refused("its hash is neither sha256 nor sha512")),
    };
    match key.verifies(&signed(s.hash, &digest), s.signature) {
        true => Ok(()),
        false => Err(refused("the signature is not one of this file by this key")),
    }
}

/// What is signed.
fn signed(hash: &[u8], digest: &[u8]) -> Vec<u8> {
    let mut out = Writer::default();
    out.raw(MAGIC).text(NAMESPACE).text(b"").text(hash).text(digest);
    out.bytes.clone()
}

struct Parts<'a> {
    key: &'a [u8],
    namespace: &'a [u8],
    hash: &'a [u8],
    signature: &'a [u8],
}

impl Parts<'_> {
    fn of(bytes: &[u8]) -> Option<Parts<'_>> {
        let mut r = Reader(bytes.strip_prefix(MAGIC)?);
        if r.number()? != 1 {
            return None;
        }
        let (key, namespace, _reserved, hash, signature) =
            (r.text()?, r.text()?, r.text()?, r.text()?, r.text()?);
        r.0.is_empty().then_some(Parts { key, namespace, hash, signature })
    }
}

fn unarmored(text: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?.trim();
    let body = text.strip_prefix(BEGIN)?.strip_suffix(END)?;
    let plain: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    Base64::decode_vec(&plain).ok()
}

fn digest<D: Digest>(file: &Path) -> Result<Vec<u8>, SupplyError> {
    let failed = |source| SupplyError::Io { action: "read", path: file.into(), source };
    let mut reader = File::open(file).map_err(failed)?;
    let mut hash = D::new();
    let mut buffer = vec![0; 128 << 10];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(hash.finalize().to_vec()),
            Ok(n) => hash.update(&buffer[..n]),
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(failed(e)),
        }
    }
}

#[cfg(test)]
mod tests;
