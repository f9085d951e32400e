//! Names for documents, made of what they say: the same document has the same name.

use sha2::{Digest, Sha256};

/// A UUID of version 8 (RFC 9562: own contents) from the SHA-256 of a document without its name.
pub(crate) fn uuid(document: &[u8]) -> String {
    let mut bytes: [u8; 32] = Sha256::digest(document).into();
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = hex(&bytes[..16]);
    let parts = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)].map(|(a, b)| &hex[a..b]);
    parts.join("-")
}

/// Lower case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// SHA-256 in hexadecimal of a module's `h1:` sum: the digest of the sorted list of its files' digests (dirhash).
/// Both CycloneDX's and SPDX's Go tools write it as a SHA-256 of the module.
pub(crate) fn h1(sum: &str) -> Option<String> {
    use base64ct::{Base64, Encoding};
    let bytes = Base64::decode_vec(sum.strip_prefix("h1:")?).ok()?;
    (bytes.len() == 32).then(|| hex(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_uuid_of_the_content() {
        let name = uuid(b"a");
        assert_eq!(name, "ca978112-ca1b-8dca-bac2-31b39a23dc4d");
        assert_ne!(name, uuid(b"b"));
    }

    #[test]
    fn sums_are_sha256() {
        let sum = "h1:TjPFWmVeyz6BXUjKA7sXmwv3uFpHmXmj+VrhYy3+xjo=";
        assert_eq!(h1(sum).unwrap().len(), 64);
        assert!(h1(sum).unwrap().starts_with("4e33c55a655ecb3e81"));
        for bad in ["", "h1:", "h1:AAAA", "h2:TjPFWmVeyz6BXUjKA7sXmwv3uFpHmXmj+VrhYy3+xjo="] {
            assert_eq!(h1(bad), None);
        }
    }
}
