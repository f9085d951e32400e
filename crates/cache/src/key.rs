//! The key of an action: named inputs, digested so that no two different lists give the same key.
//!
//! Owns: how fields become a key, and which fields of two keys differ. Must not: know what the fields mean.

use crate::Digest;
use serde::{Deserialize, Serialize};
use sha2::Digest as _;

/// One named input; its value only as a digest, so that records hold no secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyField {
    /// The name, e.g. `env:GOFLAGS`, `file:go.mod`.
    pub name: String,
    /// Digest of the value.
    pub value: Digest,
}

/// A finished key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    digest: Digest,
    fields: Vec<KeyField>,
}

impl Key {
    /// What a record is found by.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// What it was made of, in order.
    pub fn fields(&self) -> &[KeyField] {
        &self.fields
    }
}

/// Collects the fields of a key. The order of the calls counts.
#[derive(Clone, Debug)]
pub struct KeyBuilder {
    kind: String,
    fields: Vec<KeyField>,
}

impl KeyBuilder {
    /// Starts a key. `kind` keeps keys of different actions (and of different versions of the program) apart.
    pub fn new(kind: impl Into<String>) -> Self {
        KeyBuilder { kind: kind.into(), fields: Vec::new() }
    }

    /// A field with raw bytes as its value.
    pub fn bytes(&mut self, name: impl Into<String>, value: &[u8]) -> &mut Self {
        self.digest(name, Digest::of(value))
    }

    /// A field with text as its value.
    pub fn text(&mut self, name: impl Into<String>, value: &str) -> &mut Self {
        self.bytes(name, value.as_bytes())
    }

    /// A field with a list of texts as its value; `["a", "b"]`, `["a b"]` and `["ab"]` differ.
    pub fn list<S: AsRef<str>>(
        &mut self,
        name: impl Into<String>,
        values: impl IntoIterator<Item = S>,
    ) -> &mut Self {
        let mut hasher = sha2::Sha256::new();
        for value in values {
            add_prefixed(&mut hasher, value.as_ref().as_bytes());
        }
        self.digest(name, Digest::from_bytes(hasher.finalize().into()))
    }

    /// A field whose value is already a digest.
    pub fn digest(&mut self, name: impl Into<String>, value: Digest) -> &mut Self {
        self.fields.push(KeyField { name: name.into(), value });
        self
    }

    /// The key.
    pub fn finish(self) -> Key {
        let mut hasher = sha2::Sha256::new();
        hasher.update(b"goferry key 1\n");
        add_prefixed(&mut hasher, self.kind.as_bytes());
        for field in &self.fields {
            add_prefixed(&mut hasher, field.name.as_bytes());
            hasher.update(field.value.as_bytes());
        }
        Key { digest: Digest::from_bytes(hasher.finalize().into()), fields: self.fields }
    }
}

/// Length first, so that the borders between values are part of what is digested.
fn add_prefixed(hasher: &mut sha2::Sha256, bytes: &[u8]) {
    hasher.update((bytes.len() as u64).to_le_bytes());
    hasher.update(bytes);
}

/// Names of the fields in which two keys differ, in the order of `now`, then those that are gone.
pub fn difference(before: &[KeyField], now: &[KeyField]) -> Vec<String> {
    let old: std::collections::HashMap<&str, &Digest> =
        before.iter().map(|f| (f.name.as_str(), &f.value)).collect();
    let new: std::collections::HashSet<&str> = now.iter().map(|f| f.name.as_str()).collect();
    now.iter()
        .filter(|f| old.get(f.name.as_str()) != Some(&&f.value))
        .chain(before.iter().filter(|f| !new.contains(f.name.as_str())))
        .map(|f| f.name.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(fill: impl FnOnce(&mut KeyBuilder)) -> Key {
        let mut b = KeyBuilder::new("test");
        fill(&mut b);
        b.finish()
    }

    #[test]
    fn borders_between_fields_count() {
        let all = [
            key(|b| {
                b.text("a", "bc");
            }),
            key(|b| {
                b.text("ab", "c");
            }),
            key(|b| {
                b.text("a", "").text("bc", "");
            }),
            key(|b| {
                b.list("a", ["b", "c"]);
            }),
            key(|b| {
                b.list("a", ["bc"]);
            }),
            key(|b| {
                b.list("a", ["b", "c", ""]);
            }),
            key(|_| {}),
        ];
        let mut digests: Vec<_> = all.iter().map(|k| *k.digest()).collect();
        digests.sort();
        digests.dedup();
        assert_eq!(digests.len(), all.len());
        assert_ne!(KeyBuilder::new("a").finish(), KeyBuilder::new("b").finish());
    }

    #[test]
    fn differences_are_named() {
        let before = key(|b| {
            b.text("go", "1.26").text("flags", "-s").text("gone", "x");
        });
        let now = key(|b| {
            b.text("go", "1.27").text("flags", "-s").text("new", "y");
        });
        assert_eq!(difference(before.fields(), now.fields()), ["go", "new", "gone"]);
        assert!(difference(now.fields(), now.fields()).is_empty());
    }
}
