//! The stand-in's transparency log: Rekor 1's answers over a real Merkle tree (RFC 6962 section 2.1).

use super::ca::Key;
use super::now;
use base64ct::{Base64, Encoding as _};
use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const TREE: &str = "fake.rekor.example - 1193050959916656506";

#[derive(Default)]
pub(super) struct Log {
    leaves: Vec<[u8; 32]>,
    answers: Vec<Value>,
    bodies: Vec<String>,
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn node(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    Sha256::digest([&[1][..], left, right].concat()).into()
}

fn split(n: usize) -> usize {
    let mut k = 1;
    while k * 2 < n {
        k *= 2;
    }
    k
}

fn root(leaves: &[[u8; 32]]) -> [u8; 32] {
    match leaves {
        [] => Sha256::digest([]).into(),
        [one] => *one,
        _ => {
            let (l, r) = leaves.split_at(split(leaves.len()));
            node(&root(l), &root(r))
        }
    }
}

fn path(at: usize, leaves: &[[u8; 32]]) -> Vec<[u8; 32]> {
    if leaves.len() < 2 {
        return vec![];
    }
    let k = split(leaves.len());
    let (l, r) = leaves.split_at(k);
    match at < k {
        true => [path(at, l), vec![root(r)]].concat(),
        false => [path(at - k, r), vec![root(l)]].concat(),
    }
}

impl Log {
    /// With a few entries of others.
    pub(super) fn new() -> Log {
        let leaves = (0..5_u8).map(|n| Sha256::digest([0, n]).into()).collect();
        Log { leaves, ..Log::default() }
    }

    /// Takes an entry and says status, name, answer. A signature that does not hold is refused, as is what is there already.
    pub(super) fn add(&mut self, entry: &Value, key: &Key) -> (u16, String, Value) {
        let refuse = |why: &str| (400, String::new(), json!({"code": 400, "message": why}));
        let body = match entry["kind"].as_str() {
            Some("hashedrekord") => hashed(entry),
            Some("dsse") => envelope(entry),
            _ => return refuse("unknown kind"),
        };
        let Some(body) = body else { return refuse("the signature does not hold") };
        let body = body.to_string();
        if let Some(at) = self.bodies.iter().position(|b| *b == body) {
            let name = hex(&self.leaves[5 + at]);
            return (409, format!("/api/v1/log/entries/{name}"), json!({"message": "it is there already"}));
        }
        let leaf: [u8; 32] = Sha256::digest([&[0][..], body.as_bytes()].concat()).into();
        self.leaves.push(leaf);
        self.bodies.push(body.clone());
        let at = self.leaves.len() - 1;
        let (encoded, id, time) = (Base64::encode_string(body.as_bytes()), hex(&key.id()), now());
        // What is promised is canonical JSON: keys by name, no blanks.
        let promised =
            format!(r#"{{"body":"{encoded}","integratedTime":{time},"logID":"{id}","logIndex":{at}}}"#);
        let top = root(&self.leaves);
        let note = format!("{TREE}\n{}\n{}\n", self.leaves.len(), Base64::encode_string(&top));
        let signed = [&key.id()[..4], &key.sign(note.as_bytes())].concat();
        let checkpoint = format!("{note}\n\u{2014} fake.rekor.example {}\n", Base64::encode_string(&signed));
        let hashes: Vec<String> = path(at, &self.leaves).iter().map(|h| hex(h)).collect();
        let answer = json!({ hex(&leaf): {
            "body": encoded,
            "integratedTime": time,
            "logID": id,
            "logIndex": at,
            "verification": {
                "inclusionProof": {
                    "checkpoint": checkpoint,
                    "hashes": hashes,
                    "logIndex": at,
                    "rootHash": hex(&top),
                    "treeSize": self.leaves.len(),
                },
                "signedEntryTimestamp": Base64::encode_string(&key.sign(promised.as_bytes())),
            },
        }});
        self.answers.push(answer.clone());
        (201, format!("/api/v1/log/entries/{}", hex(&leaf)), answer)
    }

    pub(super) fn get(&self, name: &str) -> Option<Value> {
        self.answers.iter().find(|a| a.get(name).is_some()).cloned()
    }
}

/// The P-256 key in a certificate or a public key: what stands behind the algorithm's name.
pub(super) fn public_in(der: &[u8]) -> Option<p256::ecdsa::VerifyingKey> {
    const BEFORE: [u8; 13] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7, 3, 0x42, 0, 4, 0];
    let before = &BEFORE[..11];
    let at = der.windows(before.len()).position(|w| w == before)? + before.len();
    p256::ecdsa::VerifyingKey::from_sec1_bytes(der.get(at..at + 65)?).ok()
}

pub(super) fn from_pem(text: &str) -> Option<Vec<u8>> {
    let body: String = text.lines().filter(|l| !l.starts_with('-')).collect();
    Base64::decode_vec(&body).ok()
}

fn holds(pem: &str, digest: &[u8], signature: &[u8]) -> Option<()> {
    let key = public_in(&from_pem(pem)?)?;
    key.verify_prehash(digest, &p256::ecdsa::Signature::from_der(signature).ok()?).ok()
}

fn base64(value: &Value) -> Option<Vec<u8>> {
    Base64::decode_vec(value.as_str()?).ok()
}

fn hashed(entry: &Value) -> Option<Value> {
    let spec = &entry["spec"];
    let value = spec["data"]["hash"]["value"].as_str()?;
    let digest: Vec<u8> = (0..value.len())
        .step_by(2)
        .filter_map(|i| u8::from_str_radix(value.get(i..i + 2)?, 16).ok())
        .collect();
    let pem = base64(&spec["signature"]["publicKey"]["content"])?;
    holds(std::str::from_utf8(&pem).ok()?, &digest, &base64(&spec["signature"]["content"])?)?;
    Some(json!({ "apiVersion": "0.0.1", "kind": "hashedrekord", "spec": {
        "data": { "hash": { "algorithm": "sha256", "value": value } },
        "signature": {
            "content": spec["signature"]["content"],
            "publicKey": { "content": spec["signature"]["publicKey"]["content"] },
        },
    }}))
}

fn envelope(entry: &Value) -> Option<Value> {
    let proposed = &entry["spec"]["proposedContent"];
    let text = proposed["envelope"].as_str()?;
    let envelope: Value = serde_json::from_str(text).ok()?;
    let payload = base64(&envelope["payload"])?;
    let kind = envelope["payloadType"].as_str()?;
    let message = [format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).as_bytes(), &payload].concat();
    let pem = base64(&proposed["verifiers"][0])?;
    let signature = &envelope["signatures"][0]["sig"];
    holds(std::str::from_utf8(&pem).ok()?, &Sha256::digest(&message), &base64(signature)?)?;
    let sum = |bytes: &[u8]| json!({ "algorithm": "sha256", "value": hex(&Sha256::digest(bytes)) });
    Some(json!({ "apiVersion": "0.0.1", "kind": "dsse", "spec": {
        "envelopeHash": sum(text.as_bytes()),
        "payloadHash": sum(&payload),
        "signatures": [{ "signature": signature, "verifier": proposed["verifiers"][0] }],
    }}))
}
