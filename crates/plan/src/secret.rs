//! Keeps secrets out of whatever a plan is written to: of a variable whose name says that it is one, only a digest is
//! serialised, which still tells one value from another.

use serde::Serializer;
use serde::ser::SerializeSeq;
use sha2::{Digest, Sha256};

const WORDS: [&str; 7] =
    ["TOKEN", "SECRET", "PASSWORD", "PASSPHRASE", "CREDENTIAL", "API_KEY", "PRIVATE_KEY"];

/// Whether a variable's name says that its value is a secret.
pub fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    WORDS.iter().any(|w| name.contains(w))
}

fn shown(name: &str, value: &str) -> String {
    if !is_secret(name) || value.is_empty() {
        return value.to_owned();
    }
    let digest: String = Sha256::digest(value).iter().take(8).map(|b| format!("{b:02x}")).collect();
    format!("(secret, sha256:{digest}…)")
}

pub(crate) fn pairs<S: Serializer>(env: &[(String, String)], s: S) -> Result<S::Ok, S::Error> {
    let mut seq = s.serialize_seq(Some(env.len()))?;
    for (k, v) in env {
        seq.serialize_element(&(k, shown(k, v)))?;
    }
    seq.end()
}

pub(crate) fn lines<S: Serializer>(env: &[String], s: S) -> Result<S::Ok, S::Error> {
    let mut seq = s.serialize_seq(Some(env.len()))?;
    for line in env {
        let (k, v) = line.split_once('=').unwrap_or((line, ""));
        seq.serialize_element(&format!("{k}={}", shown(k, v)))?;
    }
    seq.end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_secrets_are_not_shown_and_still_differ() {
        assert_eq!(shown("GOOS", "linux"), "linux");
        let (a, b) = (shown("GITHUB_TOKEN", "canary-1"), shown("GITHUB_TOKEN", "canary-2"));
        assert!(!a.contains("canary") && a != b, "{a} {b}");
        for name in ["npm_token", "SIGN_PASSWORD", "MY_API_KEY"] {
            assert!(is_secret(name), "{name}");
        }
        assert!(!is_secret("KEYBOARD"));
    }
}
