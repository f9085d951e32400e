//! What names a key or a token: a path, `env://NAME`, or by mistake the thing itself, which must not be repeated.
//!
//! Must not: read files.

use goferry_report::{Code, Diagnostic};
use std::path::Path;

/// The longest name of a file that Linux, macOS and Windows allow.
const LONGEST: usize = 255;
/// From here on, text in base64 is taken for a key: the smallest one, Ed25519 in PKCS 8, has 64 such characters.
const KEY: usize = 40;

/// The text of a key, as the tools write it.
pub(crate) fn is_key_text(text: &str) -> bool {
    text.contains("-----BEGIN") || text.starts_with("untrusted comment:")
}

/// Three parts of base64 in a row, the first of which is a JSON object.
#[must_use]
pub fn looks_like_a_token(text: &str) -> bool {
    text.trim().starts_with("ey") && text.matches('.').count() == 2 && !text.contains('/')
}

/// Whether this may be the name of a file or a variable, and so may be shown.
pub(crate) fn may_be_shown(name: &str) -> bool {
    let name = name.strip_prefix("env://").unwrap_or(name);
    let in_base64 = |b: u8| b.is_ascii_alphanumeric() || b"+/=_-".contains(&b);
    let like_a_key = name.len() >= KEY && name.bytes().all(in_base64);
    let too_long = name.split('/').any(|part| part.len() > LONGEST);
    !is_key_text(name)
        && !looks_like_a_token(name)
        && !name.starts_with("--")
        && !name.contains(char::is_control)
        && !like_a_key
        && !too_long
}

/// Refuses what names no key that is there, and may be the key itself.
///
/// # Errors
/// It is such.
pub fn check_key_name(name: &str) -> Result<(), Diagnostic> {
    if may_be_shown(name) || Path::new(name).exists() { Ok(()) } else { Err(no_name()) }
}

/// What is said of a key's name that is none. A file that is there may be called anything.
pub(super) fn no_name() -> Diagnostic {
    let message = "what was given as a key is neither a file nor env://NAME; it is not shown, for it may be the key itself";
    Diagnostic::error(Code::KeyUnusable, message)
        .hint_with("to take the key from a variable, name the variable:", "--key env://COSIGN_PRIVATE_KEY")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shown_and_keys_are_not() {
        for name in [
            "cosign.key",
            "/home/me/.ssh/id_ed25519",
            "env://COSIGN_PRIVATE_KEY",
            "C:\\keys\\k.pem",
            "a-b_c/d",
        ] {
            assert!(may_be_shown(name), "{name}");
        }
        let long = "k".repeat(256);
        for key in [
            "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n",
            "-----BEGIN",
            "env://-----BEGIN PRIVATE KEY-----",
            "untrusted comment: minisign encrypted secret key\nRWRTY0Iy",
            "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g",
            "env://MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g",
            "eyJhbGciOiJub25lIn0.e30.c2ln",
            "--bundle",
            "a\nb",
            &long,
        ] {
            assert!(!may_be_shown(key), "{key}");
        }
    }
}
