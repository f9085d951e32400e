//! in-toto statements, version 1 (<https://in-toto.io/Statement/v1>): what is said about which files.

use crate::SupplyError;
use serde::Serialize;
use serde_json::value::RawValue;

/// The type of every statement that is made here.
const TYPE: &str = "https://in-toto.io/Statement/v1";

/// A file or an image that a statement is about (in-toto attestation 1, `resource_descriptor.md`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Subject {
    /// Its name: of a file without folders, of an image with its registry and without tag.
    pub name: String,
    /// What it holds.
    pub digest: Digests,
    /// What it is, of an image: that of its index or manifest.
    #[serde(rename = "mediaType", skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
}

/// A file's digests by algorithm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Digests {
    /// SHA-256, in lower case hexadecimal.
    pub sha256: String,
}

impl Subject {
    /// A file by name and SHA-256.
    pub fn new(name: impl Into<String>, sha256: [u8; 32]) -> Subject {
        let sha256 = sha256.iter().map(|b| format!("{b:02x}")).collect();
        Subject { name: name.into(), digest: Digests { sha256 }, media_type: None }
    }

    /// An image by name, SHA-256 (hexadecimal) and media type of its index or manifest.
    pub fn image(name: impl Into<String>, sha256: &str, media_type: &str) -> Subject {
        let digest = Digests { sha256: sha256.to_owned() };
        Subject { name: name.into(), digest, media_type: Some(media_type.to_owned()) }
    }
}

/// The URI that says what a predicate is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct PredicateType(String);

/// cosign's short words for `--type`, and what they stand for (cosign 3, cmd/cosign/cli/options/predicate.go).
const WORDS: [(&str, &str); 10] = [
    ("custom", "https://cosign.sigstore.dev/attestation/v1"),
    ("cyclonedx", "https://cyclonedx.org/bom"),
    ("link", "https://in-toto.io/Link/v1"),
    ("openvex", "https://openvex.dev/ns"),
    ("slsaprovenance", "https://slsa.dev/provenance/v0.2"),
    ("slsaprovenance02", "https://slsa.dev/provenance/v0.2"),
    ("slsaprovenance1", "https://slsa.dev/provenance/v1"),
    ("spdx", "https://spdx.dev/Document"),
    ("spdxjson", "https://spdx.dev/Document"),
    ("vuln", "https://cosign.sigstore.dev/attestation/vuln/v1"),
];

impl PredicateType {
    /// One of cosign's short words, or a URI.
    ///
    /// # Errors
    /// It is neither.
    pub fn parse(text: &str) -> Result<PredicateType, SupplyError> {
        if let Some((_, uri)) = WORDS.iter().find(|(w, _)| *w == text) {
            return Ok(PredicateType((*uri).to_owned()));
        }
        let scheme = text.split_once(':').map(|(s, rest)| (s, !rest.is_empty()));
        let valid = scheme.is_some_and(|(s, more)| {
            more && s.starts_with(|c: char| c.is_ascii_alphabetic())
                && s.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        }) && text.chars().all(|c| c.is_ascii_graphic());
        match valid {
            true => Ok(PredicateType(text.to_owned())),
            false => {
                let words: Vec<&str> = WORDS.iter().map(|(w, _)| *w).collect();
                let words = words.join(", ");
                Err(SupplyError::Predicate(format!(
                    "`{text}` is no type of predicate: a URI, or one of {words}"
                )))
            }
        }
    }

    /// The URI.
    pub fn uri(&self) -> &str {
        &self.0
    }
}

/// What is said about which files.
#[derive(Debug, Serialize)]
pub struct Statement {
    #[serde(rename = "_type")]
    kind: &'static str,
    subject: Vec<Subject>,
    #[serde(rename = "predicateType")]
    predicate_type: PredicateType,
    predicate: Box<RawValue>,
}

impl Statement {
    /// A statement. The predicate's JSON goes in as it is, byte for byte.
    ///
    /// # Errors
    /// The predicate is not a JSON object, or there is no subject.
    pub fn new(
        subject: Vec<Subject>,
        predicate_type: PredicateType,
        predicate: &str,
    ) -> Result<Statement, SupplyError> {
        if subject.is_empty() {
            return Err(SupplyError::Predicate("a statement is about at least one file".to_owned()));
        }
        let predicate: Box<RawValue> = serde_json::from_str(predicate)
            .map_err(|e| SupplyError::Predicate(format!("the predicate is not valid JSON: {e}")))?;
        if !predicate.get().starts_with('{') {
            return Err(SupplyError::Predicate("the predicate is not a JSON object".to_owned()));
        }
        Ok(Statement { kind: TYPE, subject, predicate_type, predicate })
    }

    /// The bytes that are signed.
    ///
    /// # Errors
    /// None that can happen: every value was JSON before.
    pub fn to_json(&self) -> Result<Vec<u8>, SupplyError> {
        serde_json::to_vec(self).map_err(|e| SupplyError::Predicate(e.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_words_of_cosign_or_uris() {
        for (text, uri) in [
            ("slsaprovenance1", Some("https://slsa.dev/provenance/v1")),
            ("cyclonedx", Some("https://cyclonedx.org/bom")),
            ("https://example.com/p/v1", Some("https://example.com/p/v1")),
            ("urn:x", Some("urn:x")),
            ("slsa", None),
            ("1x:y", None),
            ("https:", None),
            ("https://a b", None),
            ("", None),
        ] {
            assert_eq!(PredicateType::parse(text).ok().as_ref().map(PredicateType::uri), uri, "{text}");
        }
    }

    #[test]
    fn a_statement_keeps_the_bytes_of_its_predicate() {
        let predicate = r#"{"b": 1e400, "a": 123456789012345678901234567890}"#;
        let kind = PredicateType::parse("urn:x").unwrap();
        let subject = vec![Subject::new("tool", [0xab; 32])];
        let statement = Statement::new(subject.clone(), kind.clone(), &format!(" {predicate}\n")).unwrap();
        let sha256 = "ab".repeat(32);
        let want = format!(
            r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{{"name":"tool","digest":{{"sha256":"{sha256}"}}}}],"predicateType":"urn:x","predicate":{predicate}}}"#
        );
        assert_eq!(String::from_utf8(statement.to_json().unwrap()).unwrap(), want);
        for bad in ["", "[]", "1", "{", "{} {}", "nul"] {
            assert!(Statement::new(subject.clone(), kind.clone(), bad).is_err(), "{bad}");
        }
        assert!(Statement::new(vec![], kind, "{}").is_err());
    }
}
