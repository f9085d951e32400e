//! Keeps secrets out of whatever is printed or written. What is secret is known by the name of its variable.
//!
//! Of such a variable a printed or written plan has the name alone: a digest would let others try passwords until one fits.
//! Templates carry values further, into flags and from there into messages: [`hide`] takes them out of any text.

use serde::Serializer;
use serde::ser::SerializeSeq;
use std::borrow::Cow;
use std::sync::{PoisonError, RwLock};

/// Words that say it wherever they stand.
const WORDS: [&str; 7] =
    ["TOKEN", "SECRET", "PASSWORD", "PASSPHRASE", "CREDENTIAL", "API_KEY", "PRIVATE_KEY"];
/// Parts of a name that say it: `SIGNING_KEY`, not `KEYBOARD`.
const PARTS: [&str; 5] = ["KEY", "APIKEY", "PASS", "PASSWD", "PAT"];
/// The address is the secret, so `SLACK_WEBHOOK_URL` is one too.
const WEBHOOK: &str = "WEBHOOK";
/// What a name ends in that means where a secret is, or which.
const NOT: [&str; 6] = ["FILE", "PATH", "DIR", "ID", "NAME", "URL"];
/// Shorter values, and these, stand in too many texts that have nothing to do with them.
const LEAST: usize = 4;
const PLAIN: [&str; 4] = ["true", "false", "none", "null"];

/// Values that nothing may hold which this process prints or writes, the longest first, with their variables' names.
static KNOWN: RwLock<Vec<(String, String)>> = RwLock::new(Vec::new());

/// Whether a variable's name says that its value is a secret.
pub fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let mut parts = name.split(|c: char| !c.is_ascii_alphanumeric());
    WORDS.iter().any(|w| name.contains(w))
        || is_webhook(&name)
        || parts.any(|p| PARTS.contains(&p)) && !NOT.iter().any(|n| name.ends_with(n))
}

fn is_webhook(name: &str) -> bool {
    let mut parts = name.split('_');
    parts.any(|p| p.eq_ignore_ascii_case(WEBHOOK)) && !name.to_ascii_uppercase().ends_with("_FILE")
}

/// Remembers the values of the variables that are secrets by their names. A place of one (`TOKEN_FILE`) is none.
pub fn learn<'e>(env: impl IntoIterator<Item = (&'e str, &'e str)>) {
    let found = env.into_iter().filter(|(k, _)| {
        let place = !is_webhook(k) && NOT.iter().any(|n| k.to_ascii_uppercase().ends_with(&format!("_{n}")));
        is_secret(k) && !place
    });
    // Output comes by lines, so the lines of a key in PEM are secrets of their own.
    let values: Vec<(String, String)> = found
        .flat_map(|(k, v)| std::iter::once(v).chain(v.lines()).map(move |v| (v.trim(), k)))
        .filter(|(v, _)| v.len() >= LEAST && !PLAIN.contains(v))
        .map(|(v, k)| (v.to_owned(), k.to_owned()))
        .collect();
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    for pair in values {
        if !known.iter().any(|(v, _)| *v == pair.0) {
            known.push(pair);
        }
    }
    known.sort_by_key(|(v, _)| std::cmp::Reverse(v.len()));
}

/// The text with the names of secrets in the place of their values.
pub fn hide(text: &str) -> Cow<'_, str> {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    let mut out = Cow::Borrowed(text);
    for (value, name) in known.iter().filter(|(v, _)| text.contains(v.as_str())) {
        out = Cow::Owned(out.replace(value, &format!("({name})")));
    }
    out
}

/// Hides secrets in every text of a value; keys are our own words and stay.
pub fn hide_json(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::String(s) => {
            if let Cow::Owned(hidden) = hide(s) {
                *s = hidden;
            }
        }
        serde_json::Value::Array(list) => list.iter_mut().for_each(hide_json),
        serde_json::Value::Object(map) => map.values_mut().for_each(hide_json),
        _ => {}
    }
}

fn shown(name: &str, value: &str) -> String {
    if !is_secret(name) || value.is_empty() {
        return value.to_owned();
    }
    "(secret)".to_owned()
}

pub(crate) fn pairs<S: Serializer>(env: &[(String, String)], s: S) -> Result<S::Ok, S::Error> {
    let mut seq = s.serialize_seq(Some(env.len()))?;
    for (k, v) in env {
        seq.serialize_element(&(k, shown(k, v)))?;
    }
    seq.end()
}

/// A text that is a secret whatever it is called.
pub(crate) fn opaque<S: Serializer>(text: &Option<String>, s: S) -> Result<S::Ok, S::Error> {
    match text {
        Some(text) => s.serialize_some(&shown("SECRET", text)),
        None => s.serialize_none(),
    }
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
    fn values_of_secrets_are_not_shown() {
        assert_eq!(shown("GOOS", "linux"), "linux");
        assert_eq!(shown("GITHUB_TOKEN", "canary"), "(secret)");
        assert_eq!(shown("GITHUB_TOKEN", ""), "");
        for name in [
            "npm_token",
            "SIGN_PASSWORD",
            "MY_API_KEY",
            "SIGNING_KEY",
            "KEY",
            "SMTP_PASS",
            "GITLAB_PAT",
            "SLACK_WEBHOOK",
            "SLACK_WEBHOOK_URL",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in ["KEYBOARD", "PATH", "AWS_ACCESS_KEY_ID", "GPG_KEY_PATH", "COMPASS", "WEBHOOK_FILE"] {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn values_are_hidden_wherever_they_got_to() {
        let pem = "-----BEGIN-----\nwhat the key is\n-----END-----";
        let env = [
            ("LONG_TOKEN", "canary-three-four"),
            ("SHORT_TOKEN", "canary-three"),
            ("PEM_KEY", pem),
            ("A_SECRET", "no"),
            ("THE_TOKEN", "true"),
            ("TOKEN_FILE", "/run/canary-file"),
            ("PLAIN", "canary-plain"),
        ];
        learn(env);
        assert_eq!(hide("-X a=canary-three-four -X b=canary-three"), "-X a=(LONG_TOKEN) -X b=(SHORT_TOKEN)");
        assert_eq!(hide("it says: what the key is"), "it says: (PEM_KEY)");
        for text in ["no, that is true", "/run/canary-file", "canary-plain"] {
            assert!(matches!(hide(text), Cow::Borrowed(t) if t == text), "{text}");
        }
        let mut value = serde_json::json!({"canary-three": ["canary-three", 1, {"x": "a canary-three b"}]});
        hide_json(&mut value);
        let hidden = serde_json::json!({"canary-three": ["(SHORT_TOKEN)", 1, {"x": "a (SHORT_TOKEN) b"}]});
        assert_eq!(value, hidden);
    }
}
