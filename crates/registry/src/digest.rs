//! Digests: what contents are called by (image-spec, descriptor.md, section Digests).

use goferry_net::Checksum;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256, Sha512};
use std::fmt;
use std::str::FromStr;

/// `sha256:` or `sha512:` and lower case hexadecimal.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(String);

/// It is no digest of a kind that is known here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no digest of sha256 or sha512")]
pub struct BadDigest(String);

impl Digest {
    /// The SHA-256 of these bytes.
    pub fn of(bytes: &[u8]) -> Digest {
        Digest(format!("sha256:{}", hex(&Sha256::digest(bytes))))
    }

    /// `sha256` or `sha512`.
    pub fn algorithm(&self) -> &str {
        self.0.split(':').next().unwrap_or_default()
    }

    /// The part behind the colon.
    pub fn hex(&self) -> &str {
        self.0.split(':').next_back().unwrap_or_default()
    }

    /// All of it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the bytes hash to this.
    pub fn matches(&self, bytes: &[u8]) -> bool {
        match self.algorithm() {
            "sha512" => hex(&Sha512::digest(bytes)) == self.hex(),
            _ => hex(&Sha256::digest(bytes)) == self.hex(),
        }
    }

    pub(crate) fn checksum(&self) -> Option<Checksum> {
        let bytes = unhex(self.hex())?;
        match self.algorithm() {
            "sha512" => bytes.try_into().ok().map(Checksum::Sha512),
            _ => bytes.try_into().ok().map(Checksum::Sha256),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    text.as_bytes().chunks(2).map(|p| Some((digit(*p.first()?)? << 4) | digit(*p.get(1)?)?)).collect()
}

impl FromStr for Digest {
    type Err = BadDigest;

    fn from_str(text: &str) -> Result<Digest, BadDigest> {
        let length = match text.split_once(':') {
            Some(("sha256", _)) => 64,
            Some(("sha512", _)) => 128,
            _ => 0,
        };
        let hex = text.split_once(':').map(|(_, h)| h).unwrap_or_default();
        let valid = length > 0
            && hex.len() == length
            && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if valid { Ok(Digest(text.to_owned())) } else { Err(BadDigest(text.chars().take(200).collect())) }
    }
}

impl TryFrom<String> for Digest {
    type Error = BadDigest;

    fn try_from(text: String) -> Result<Digest, BadDigest> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> String {
        digest.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_what_the_specification_says() {
        // Of an empty content (image-spec, manifest.md, the empty descriptor has `{}`).
        let empty = Digest::of(b"{}");
        assert_eq!(empty.as_str(), "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
        assert!(empty.matches(b"{}") && !empty.matches(b"{ }") && empty.checksum().is_some());
        let hex = "a".repeat(64);
        for (text, good) in [
            (format!("sha256:{hex}"), true),
            (format!("sha512:{hex}{hex}"), true),
            (format!("sha256:{hex}a"), false),
            (format!("sha512:{hex}"), false),
            (format!("sha256:{}", hex.to_uppercase()), false),
            (format!("md5:{hex}"), false),
            (hex, false),
            ("sha256:../../etc/passwd".to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(text.parse::<Digest>().is_ok(), good, "{text}");
        }
    }
}
