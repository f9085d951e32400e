//! An entry in a transparency log: Rekor 1 (openapi.yaml, `hashedrekord` and `dsse` 0.0.1) and Rekor 2 (rekor-tiles, `hashedrekord` 0.0.2).

use crate::SupplyError;
use crate::bundle::{Content, LogEntry};
use crate::service::{Answer, Asked, Call, Transport};
use base64ct::{Base64, Encoding as _};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What is logged.
pub(crate) struct Logged<'a> {
    pub(crate) content: &'a Content,
    pub(crate) signature: &'a [u8],
    /// SHA-256 of what was signed: the file, or the envelope's pre-authentication encoding.
    pub(crate) digest: [u8; 32],
    /// The certificate or the public key, in PEM and DER.
    pub(crate) pem: &'a str,
    pub(crate) der: &'a [u8],
    pub(crate) is_certificate: bool,
}

/// Asks for an entry. A log of the second version does not know the first one's address, and is asked in its own way.
pub(crate) fn entry(url: &str, it: &Logged<'_>, transport: &dyn Transport) -> Result<LogEntry, SupplyError> {
    let asked = Asked { what: "log", url, secret: "" };
    let post = |path: &str, body: &Value, also: &[u16]| {
        let url = format!("{url}{path}");
        let body = Some(body.to_string().into_bytes());
        // The same entry twice is one.
        let call = Call { url: &url, body, content_type: "application/json", bearer: None, repeatable: true };
        asked.send(transport, &call, also)
    };
    let first = post("/api/v1/log/entries", &first_version(it), &[404, 409])?;
    let entry = match first.status {
        404 => asked.json(&post("/api/v2/log/entries", &second_version(it), &[])?)?,
        // It has this very signature already: a key's, which is the same every time.
        409 => one(&asked, &existing(&asked, &first, transport)?)?,
        _ => one(&asked, &first)?,
    };
    about_this(&entry, it).map_err(|e| asked.failed(e))?;
    Ok(entry)
}

/// Whether the log says when: Rekor 2 leaves that to timestamp authorities.
pub(crate) fn states_a_time(entry: &LogEntry) -> bool {
    entry.0["integratedTime"].as_str().is_some_and(|t| t.parse::<i64>().is_ok_and(|t| t > 0))
}

fn first_version(it: &Logged<'_>) -> Value {
    match it.content {
        Content::MessageSignature { .. } => json!({
            "apiVersion": "0.0.1",
            "kind": "hashedrekord",
            "spec": {
                "signature": {
                    "content": Base64::encode_string(it.signature),
                    "publicKey": { "content": Base64::encode_string(it.pem.as_bytes()) },
                },
                "data": { "hash": { "algorithm": "sha256", "value": crate::sbom::hex(&it.digest) } },
            },
        }),
        Content::DsseEnvelope(envelope) => json!({
            "apiVersion": "0.0.1",
            "kind": "dsse",
            "spec": { "proposedContent": {
                "envelope": serde_json::to_string(envelope).unwrap_or_default(),
                "verifiers": [Base64::encode_string(it.pem.as_bytes())],
            }},
        }),
    }
}

fn second_version(it: &Logged<'_>) -> Value {
    let raw = json!({ "rawBytes": Base64::encode_string(it.der) });
    let who = if it.is_certificate { "x509Certificate" } else { "publicKey" };
    json!({ "hashedRekordRequestV002": {
        "digest": Base64::encode_string(&it.digest),
        "signature": {
            "content": Base64::encode_string(it.signature),
            "verifier": { who: raw, "keyDetails": "PKIX_ECDSA_P256_SHA_256" },
        },
    }})
}

/// What the first version answers: entries by their names.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct First {
    body: String,
    integrated_time: i64,
    #[serde(rename = "logID")]
    log_id: String,
    log_index: i64,
    verification: Verification,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Verification {
    inclusion_proof: Proof,
    signed_entry_timestamp: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Proof {
    checkpoint: String,
    hashes: Vec<String>,
    log_index: i64,
    root_hash: String,
    tree_size: i64,
}

fn one(asked: &Asked<'_>, answer: &Answer) -> Result<LogEntry, SupplyError> {
    let entries: BTreeMap<String, First> = asked.json(answer)?;
    let entry = entries.into_values().next().ok_or_else(|| asked.failed("its answer has no entry"))?;
    converted(&entry).ok_or_else(|| asked.failed("its entry is malformed"))
}

fn existing(asked: &Asked<'_>, answer: &Answer, transport: &dyn Transport) -> Result<Answer, SupplyError> {
    let place = answer.location.as_deref().filter(|l| l.starts_with("/api/v1/log/entries/"));
    let place = place.ok_or_else(|| asked.failed("it has the entry already, and does not say where"))?;
    let url = format!("{}{place}", asked.url);
    let call = Call { url: &url, body: None, content_type: "", bearer: None, repeatable: true };
    asked.send(transport, &call, &[])
}

/// The first version's entry in the form of bundles.
fn converted(e: &First) -> Option<LogEntry> {
    let body = Base64::decode_vec(&e.body).ok()?;
    let body: Value = serde_json::from_slice(&body).ok()?;
    let kind_version = json!({ "kind": body["kind"].as_str()?, "version": body["apiVersion"].as_str()? });
    let p = &e.verification.inclusion_proof;
    let hashes = p.hashes.iter().map(|h| bytes(h)).collect::<Option<Vec<_>>>()?;
    let hashes: Vec<String> = hashes.iter().map(|h| Base64::encode_string(h)).collect();
    let value = json!({
        "logIndex": e.log_index.to_string(),
        "logId": { "keyId": Base64::encode_string(&bytes(&e.log_id)?) },
        "kindVersion": kind_version,
        "integratedTime": e.integrated_time.to_string(),
        "inclusionPromise": { "signedEntryTimestamp": e.verification.signed_entry_timestamp },
        "inclusionProof": {
            "logIndex": p.log_index.to_string(),
            "rootHash": Base64::encode_string(&bytes(&p.root_hash)?),
            "treeSize": p.tree_size.to_string(),
            "hashes": hashes,
            "checkpoint": { "envelope": p.checkpoint },
        },
        "canonicalizedBody": e.body,
    });
    Some(LogEntry(value))
}

/// An entry about another signature would make a bundle that proves nothing.
fn about_this(entry: &LogEntry, it: &Logged<'_>) -> Result<(), &'static str> {
    let body = entry.0["canonicalizedBody"].as_str().and_then(|b| Base64::decode_vec(b).ok());
    let body: Option<Value> = body.and_then(|b| serde_json::from_slice(&b).ok());
    let body = body.ok_or("its entry has no body that can be read")?;
    let signature = Base64::encode_string(it.signature);
    // Each kind has the signature in a place of its own; wherever it is, it is one text.
    match holds(&body["spec"], &signature) {
        true if entry.0["inclusionProof"]["checkpoint"]["envelope"].is_string() => Ok(()),
        true => Err("its entry has no proof of inclusion"),
        false => Err("its entry is about another signature"),
    }
}

fn holds(value: &Value, text: &str) -> bool {
    match value {
        Value::String(s) => s == text,
        Value::Array(list) => list.iter().any(|v| holds(v, text)),
        Value::Object(map) => map.values().any(|v| holds(v, text)),
        _ => false,
    }
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    if !hex.len().is_multiple_of(2) || !hex.is_ascii() {
        return None;
    }
    (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).ok()).collect()
}
