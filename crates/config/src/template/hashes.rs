//! Owns: the checksums that templates can ask for. All are lower-case hexadecimal.

use blake2::{Blake2b512, Blake2s256};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};
use sha3::{Sha3_224, Sha3_256, Sha3_384, Sha3_512};

/// The functions' names: goreleaser's algorithms with `_` for `-`.
pub const HASHES: &[&str] = &[
    "blake2b", "blake2s", "blake3", "crc32", "md5", "sha1", "sha224", "sha256", "sha384", "sha512",
    "sha3_224", "sha3_256", "sha3_384", "sha3_512",
];

/// The checksum of `bytes`; `None` for a name not in [`HASHES`].
pub fn file_hash(algorithm: &str, bytes: &[u8]) -> Option<String> {
    Some(match algorithm {
        "blake2b" => hex(&Blake2b512::digest(bytes)),
        "blake2s" => hex(&Blake2s256::digest(bytes)),
        "blake3" => blake3::hash(bytes).to_hex().to_string(),
        "crc32" => format!("{:08x}", crc32fast::hash(bytes)),
        "md5" => hex(&Md5::digest(bytes)),
        "sha1" => hex(&Sha1::digest(bytes)),
        "sha224" => hex(&Sha224::digest(bytes)),
        "sha256" => hex(&Sha256::digest(bytes)),
        "sha384" => hex(&Sha384::digest(bytes)),
        "sha512" => hex(&Sha512::digest(bytes)),
        "sha3_224" => hex(&Sha3_224::digest(bytes)),
        "sha3_256" => hex(&Sha3_256::digest(bytes)),
        "sha3_384" => hex(&Sha3_384::digest(bytes)),
        "sha3_512" => hex(&Sha3_512::digest(bytes)),
        _ => return None,
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
