//! Where proto3's JSON and the readers of `sigstore-verify` differ.
//!
//! It allows base64 with line ends, in the URL alphabet or without padding, numbers for enumerations, and an empty message for an absent
//! one: Go's reader, and so cosign, takes them. It does not allow two of what is one of a choice, of which those readers take the first.

use serde_json::Value;

/// Fields of bundles and trusted roots that hold bytes.
const BYTES: [&str; 11] = [
    "canonicalizedBody",
    "digest",
    "hashes",
    "keyId",
    "payload",
    "rawBytes",
    "rootHash",
    "sig",
    "signature",
    "signedEntryTimestamp",
    "signedTimestamp",
];

/// HashAlgorithm of sigstore_common.proto, by number.
const HASHES: [&str; 4] = ["HASH_ALGORITHM_UNSPECIFIED", "SHA2_256", "SHA2_384", "SHA2_512"];

/// The choices of a bundle, where exactly one must be made.
const CONTENT: [&str; 2] = ["messageSignature", "dsseEnvelope"];
const MATERIAL: [&str; 3] = ["certificate", "x509CertificateChain", "publicKey"];

/// A bundle says what it is, what was signed, and by what, each once.
pub(super) fn unambiguous(text: &str) -> Result<(), String> {
    let bundle: Value = serde_json::from_str(text).map_err(|e| e.to_string())?;
    if !bundle["mediaType"].is_string() {
        return Err("it has no mediaType".to_owned());
    }
    let one = |at: &Value, choice: &[&str]| match choice.iter().filter(|c| !at[**c].is_null()).count() {
        1 => Ok(()),
        _ => Err(format!("it has not exactly one of {}", choice.join(", "))),
    };
    one(&bundle, &CONTENT).and_then(|()| one(&bundle["verificationMaterial"], &MATERIAL))
}

/// The same value as JSON that is read; none if it is not JSON.
pub(super) fn plain(text: &str) -> Option<String> {
    let mut value: Value = serde_json::from_str(text).ok()?;
    if let Some(message) = value.get_mut("messageSignature").and_then(Value::as_object_mut)
        && message.get("messageDigest").and_then(Value::as_object).is_some_and(serde_json::Map::is_empty)
    {
        // As cosign writes it for Ed25519.
        message.remove("messageDigest");
    }
    if let Some(algorithm) = value.pointer_mut("/messageSignature/messageDigest/algorithm")
        && let Some(name) = algorithm.as_u64().and_then(|n| HASHES.get(usize::try_from(n).ok()?))
    {
        *algorithm = (*name).into();
    }
    each(&mut value, false);
    Some(value.to_string())
}

fn each(value: &mut Value, bytes: bool) {
    match value {
        Value::String(s) if bytes => *s = standard(s),
        Value::Array(list) => list.iter_mut().for_each(|v| each(v, bytes)),
        Value::Object(map) => map.iter_mut().for_each(|(k, v)| each(v, BYTES.contains(&k.as_str()))),
        _ => {}
    }
}

fn standard(s: &str) -> String {
    let mut out: String = s.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    if out.contains(['-', '_']) {
        out = out.replace('-', "+").replace('_', "/");
    }
    if !out.ends_with('=') {
        let missing = (4 - out.len() % 4) % 4;
        out.extend(std::iter::repeat_n('=', missing));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_in_one_form() {
        let text = r#"{"messageSignature": {"messageDigest": {}, "signature": "ab-_\ncd"}, "envelope": "a-b\n", "hashes": ["_w"]}"#;
        let want = r#"{"messageSignature":{"signature":"ab+/cd=="},"envelope":"a-b\n","hashes":["/w=="]}"#;
        assert_eq!(plain(text).unwrap(), want);
        assert_eq!(plain("{"), None);
        let number = r#"{"messageSignature":{"messageDigest":{"algorithm":2}}}"#;
        assert_eq!(plain(number).unwrap(), number.replace('2', "\"SHA2_384\""));
    }

    #[test]
    fn a_choice_is_made_once() {
        let bundle = |more: &str, material: &str| {
            format!(
                r#"{{"mediaType": "x", "dsseEnvelope": {{}}, "verificationMaterial": {{{material}}}{more}}}"#
            )
        };
        let key = r#""publicKey": {}"#;
        assert_eq!(unambiguous(&bundle("", key)), Ok(()));
        assert_eq!(unambiguous(&bundle(r#", "messageSignature": null"#, key)), Ok(()));
        for bad in [
            bundle(r#", "messageSignature": {}"#, key),
            bundle("", ""),
            bundle("", r#""publicKey": {}, "certificate": {}"#),
            bundle("", key).replace("mediaType", "m"),
            bundle("", key).replace("dsseEnvelope", "d"),
            "[]".to_owned(),
            "1".to_owned(),
        ] {
            assert!(unambiguous(&bad).is_err(), "{bad}");
        }
    }
}
