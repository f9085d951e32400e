//! A private key of any kind that signs here, and the form of signature that goes with it.

use crate::{Password, PrivateKey, SignedBy, SupplyError, Witnesses, minisign, sign_blob, sign_blob_by, ssh};
use std::fmt;
use std::path::Path;

/// The form of a key and of what it signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// cosign's: a sigstore bundle.
    Sigstore,
    /// minisign's.
    Minisign,
    /// OpenSSH's.
    Ssh,
}

impl Format {
    /// By the first look at a private key; everything in PEM that is not OpenSSH's own is sigstore's.
    pub fn of_key(text: &[u8]) -> Format {
        match text {
            t if minisign::is_minisign(t) => Format::Minisign,
            t if ssh::is_private(t) => Format::Ssh,
            _ => Format::Sigstore,
        }
    }

    /// The form of a signature by its first look. Bundles and cosign's bare signatures are sigstore's.
    pub fn of_signature(text: &[u8]) -> Format {
        match text {
            t if minisign::is_minisign(t) => Format::Minisign,
            t if ssh::is_signature(t) => Format::Ssh,
            _ => Format::Sigstore,
        }
    }

    /// What a signature's name ends in: after the signed file's name, as each one's own tool has it.
    pub fn suffix(self) -> &'static str {
        match self {
            Format::Sigstore => ".sigstore.json",
            Format::Minisign => ".minisig",
            Format::Ssh => ".sig",
        }
    }
}

enum Kind {
    Sigstore(Box<PrivateKey>),
    Minisign(minisign::Secret),
    Ssh(ssh::Secret),
}

/// A private key that can sign files. It shows nothing of itself.
pub struct SigningKey(Kind);

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SigningKey").field(&self.format()).finish_non_exhaustive()
    }
}

/// A signature over a file.
#[derive(Clone, Debug)]
pub struct Signature {
    /// What is written beside the file.
    pub document: String,
    /// The signature by itself, where it has a form of its own: ECDSA in DER, Ed25519 as 64 bytes.
    pub bare: Option<Vec<u8>>,
    /// The certificate in PEM, where one signed.
    pub certificate: Option<String>,
}

impl SigningKey {
    /// Reads a key of cosign, openssl, minisign or OpenSSH. `name` says in errors where it came from.
    ///
    /// # Errors
    /// It is no such key, of a kind that does not sign here, or the password is missing or wrong.
    pub fn read(text: &[u8], name: &str, password: Option<&Password>) -> Result<SigningKey, SupplyError> {
        Ok(SigningKey(match Format::of_key(text) {
            Format::Sigstore => Kind::Sigstore(Box::new(PrivateKey::from_pem(text, name, password)?)),
            Format::Minisign => Kind::Minisign(minisign::Secret::read(text, name, password)?),
            Format::Ssh => Kind::Ssh(ssh::Secret::read(text, name, password)?),
        }))
    }

    /// Its form.
    pub fn format(&self) -> Format {
        match &self.0 {
            Kind::Sigstore(_) => Format::Sigstore,
            Kind::Minisign(_) => Format::Minisign,
            Kind::Ssh(_) => Format::Ssh,
        }
    }

    /// The key itself if it is of sigstore's kind, the only one that attests.
    pub fn sigstore(&self) -> Option<&PrivateKey> {
        match &self.0 {
            Kind::Sigstore(key) => Some(key),
            Kind::Minisign(_) | Kind::Ssh(_) => None,
        }
    }

    /// The public half, as its own tool writes it.
    pub fn public(&self) -> String {
        match &self.0 {
            Kind::Sigstore(key) => key.public().to_pem(),
            Kind::Minisign(key) => key.public(),
            Kind::Ssh(key) => key.public_line(),
        }
    }

    /// Signs a file's content before witnesses; only sigstore's kind of key can.
    ///
    /// # Errors
    /// It is of another kind, or as [`sign_blob_by`].
    pub fn sign_before(&self, file: &Path, witnesses: &Witnesses<'_>) -> Result<Signature, SupplyError> {
        let Some(key) = self.sigstore() else {
            let reason = "it is of minisign or OpenSSH, whose signatures no log takes here".to_owned();
            return Err(SupplyError::Key { name: "to be logged".to_owned(), reason });
        };
        sign_blob_by(SignedBy::Key(key), Some(witnesses), file)?.signature_of()
    }

    /// Signs a file's content under its name. The same key, name and content give the same bytes.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn sign(&self, file: &Path) -> Result<Signature, SupplyError> {
        let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned();
        self.sign_as(file, &name)
    }

    /// The same of a file that its users know by another name, which minisign's comment says.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn sign_as(&self, file: &Path, name: &str) -> Result<Signature, SupplyError> {
        let document = |document| Signature { document, bare: None, certificate: None };
        match &self.0 {
            Kind::Sigstore(key) => sign_blob(key, file)?.signature_of(),
            Kind::Minisign(key) => key.sign(file, name).map(document),
            Kind::Ssh(key) => ssh::sign(key, file).map(document),
        }
    }
}
