//! PEM (RFC 7468), leniently: other text around, blocks that are not keys (EC PARAMETERS), any width of line.

use base64ct::{Base64, Encoding as _};
use zeroize::Zeroizing;

/// The kinds of block that hold a private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Label {
    /// cosign's own: a JSON box of scrypt and nacl/secretbox.
    Sealed,
    Pkcs8,
    EncryptedPkcs8,
    Sec1,
}

pub(super) struct Block {
    pub(super) label: Label,
    pub(super) bytes: Zeroizing<Vec<u8>>,
}

const LABELS: [(&str, Label); 5] = [
    ("ENCRYPTED SIGSTORE PRIVATE KEY", Label::Sealed),
    ("ENCRYPTED COSIGN PRIVATE KEY", Label::Sealed),
    ("ENCRYPTED PRIVATE KEY", Label::EncryptedPkcs8),
    ("PRIVATE KEY", Label::Pkcs8),
    ("EC PRIVATE KEY", Label::Sec1),
];

/// The first block that holds a private key.
pub(super) fn private_block(text: &[u8]) -> Result<Block, String> {
    let mut others = vec![];
    for (label, body) in blocks(text) {
        let Some((_, kind)) = LABELS.iter().find(|(l, _)| *l == label) else {
            others.push(label);
            continue;
        };
        if body.contains(':') {
            // `Proc-Type: 4,ENCRYPTED`: encryption with MD5, before PKCS 8.
            return Err(format!(
                "{label} is encrypted in openssl's old way; `openssl pkcs8 -topk8` converts it"
            ));
        }
        let bytes = decoded(body).ok_or_else(|| format!("{label} is not valid base64"))?;
        return Ok(Block { label: *kind, bytes });
    }
    Err(match others.is_empty() {
        true => "there is no key in PEM in it".to_owned(),
        false => format!("it holds {} and no private key that can be read here", named(&others)),
    })
}

/// The bytes of the first `PUBLIC KEY` block.
pub(super) fn public_block(text: &[u8]) -> Result<Vec<u8>, String> {
    let mut others = vec![];
    for (label, body) in blocks(text) {
        if label == "PUBLIC KEY" {
            return decoded(body)
                .map(|b| b.to_vec())
                .ok_or_else(|| "PUBLIC KEY is not valid base64".to_owned());
        }
        others.push(label);
    }
    Err(match others.is_empty() {
        true => "there is no key in PEM in it".to_owned(),
        false => format!("it holds {} and no PUBLIC KEY", named(&others)),
    })
}

/// The bytes of the first `CERTIFICATE` block.
pub(super) fn certificate_block(text: &[u8]) -> Option<Vec<u8>> {
    let (_, body) = blocks(text).into_iter().find(|(label, _)| *label == "CERTIFICATE")?;
    decoded(body).map(|b| b.to_vec())
}

/// One block in PEM, in lines of 64 characters.
pub(super) fn written(label: &str, bytes: &[u8]) -> Zeroizing<String> {
    let body = Zeroizing::new(Base64::encode_string(bytes));
    let mut out = Zeroizing::new(String::with_capacity(body.len() + body.len() / 64 + 2 * label.len() + 40));
    out.push_str(&format!("-----BEGIN {label}-----\n"));
    let mut rest: &str = &body;
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(64));
        out.push_str(line);
        out.push('\n');
        rest = more;
    }
    out.push_str(&format!("-----END {label}-----\n"));
    out
}

/// Labels that a message may repeat: they come from a file that was meant to be a key.
fn named(labels: &[&str]) -> String {
    let plain =
        |l: &&&str| l.len() < 60 && l.chars().all(|c| c.is_ascii_uppercase() || " 0123456789".contains(c));
    labels.iter().filter(plain).take(3).copied().collect::<Vec<_>>().join(", ")
}

/// Every block with its label and what stands between its two lines.
fn blocks(text: &[u8]) -> Vec<(&str, &str)> {
    let (begin, end) = ("-----BEGIN ", "-----END ");
    let Ok(mut rest) = std::str::from_utf8(text) else { return vec![] };
    let mut out = vec![];
    while let Some(start) = rest.find(begin) {
        rest = &rest[start + begin.len()..];
        let Some((label, after)) = rest.split_once("-----") else { break };
        let Some((body, after)) = after.split_once(end) else { break };
        if after.strip_prefix(label).is_some_and(|a| a.starts_with("-----")) {
            out.push((label, body));
        }
        rest = after;
    }
    out
}

fn decoded(body: &str) -> Option<Zeroizing<Vec<u8>>> {
    let plain: Zeroizing<String> =
        Zeroizing::new(body.chars().filter(|c| !c.is_ascii_whitespace()).collect());
    Base64::decode_vec(&plain).ok().map(Zeroizing::new)
}
