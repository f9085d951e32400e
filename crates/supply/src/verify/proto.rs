//! What proto3's JSON allows and `sigstore-verify` does not read: base64 with line ends, in the URL alphabet or without padding, and
//! an empty message for an absent one. Go's reader, and so cosign, takes all of them.

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

/// The same value as JSON that is read; none if it is not JSON.
pub(super) fn plain(text: &str) -> Option<String> {
    let mut value: Value = serde_json::from_str(text).ok()?;
    if let Some(message) = value.get_mut("messageSignature").and_then(Value::as_object_mut)
        && message.get("messageDigest").and_then(Value::as_object).is_some_and(serde_json::Map::is_empty)
    {
        // As cosign writes it for Ed25519.
        message.remove("messageDigest");
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
    }
}
