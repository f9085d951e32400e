//! Sigstore bundles and bare statements: which signatures hold, and which statements there are.

use super::folder::{Folder, Held};
use super::kind::Kind;
use super::{Ledger, Question, Whose};
use base64ct::{Base64, Base64Unpadded, Encoding as _};
use goferry_cache::hex;
use goferry_package::checksum::Algorithm;
use goferry_supply::{Format, SupplyError};
use serde::Deserialize;
use serde_json::Value;

/// A statement of the folder.
pub(super) struct Found {
    /// The file that holds it.
    pub file: String,
    /// The statement.
    pub statement: Value,
}

/// A bundle as goferry and cosign write one for a key. What is not known is not let through: nothing but the signature
/// would vouch for it, and the signature does not cover it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Keyed {
    media_type: String,
    verification_material: Material,
    message_signature: Option<Message>,
    dsse_envelope: Option<Envelope>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Material {
    public_key: Hint,
    #[serde(rename = "tlogEntries")]
    _entries: Option<Value>,
    #[serde(rename = "timestampVerificationData")]
    _timestamps: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hint {
    hint: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Message {
    message_digest: MessageDigest,
    signature: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MessageDigest {
    // Both or none: cosign leaves them out where the message itself is signed (Ed25519).
    algorithm: Option<String>,
    digest: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Envelope {
    payload: String,
    #[serde(rename = "payloadType")]
    _payload_type: String,
    signatures: Vec<Signature>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Signature {
    sig: String,
    #[serde(rename = "keyid")]
    _keyid: Option<String>,
}

/// Verifies every bundle, and returns every statement that is signed or bare.
pub(super) fn gather(folder: &Folder, question: &Question<'_>, ledger: &mut Ledger) -> Vec<Found> {
    let mut out = vec![];
    for (name, _) in folder.of_kind(Kind::Bundle) {
        let Some(bytes) = folder.content(name) else {
            ledger.wrong(name, "it is too large for a bundle");
            continue;
        };
        let Ok(bundle) = serde_json::from_slice::<Value>(&bytes) else {
            ledger.wrong(name, "it is no bundle: it is not JSON");
            continue;
        };
        match bundle["dsseEnvelope"]["payload"].as_str() {
            Some(payload) => out.extend(enveloped(folder, question, ledger, name, &bytes, payload)),
            None if bundle["messageSignature"].is_object() => {
                blob(folder, question, ledger, name, &bytes, &bundle);
            }
            None => ledger.wrong(name, "it is no bundle: it holds neither a signature nor a statement"),
        }
    }
    for (name, _) in folder.of_kind(Kind::Statement) {
        match folder.json(name).filter(|s| s["subject"].is_array()) {
            Some(statement) => out.push(Found { file: name.to_owned(), statement }),
            None => ledger.wrong(name, "it is no in-toto statement"),
        }
    }
    if question.signer.is_none() && folder.of_kind(Kind::Bundle).next().is_some() {
        ledger.unproved("the signatures are not checked: neither --key nor --certificate-identity says whose they must be");
    }
    for (name, _) in folder.of_kind(Kind::OtherSignature) {
        detached(folder, question, ledger, name);
    }
    out
}

/// A signature over one file, which its name tells, else its digest.
fn blob(
    folder: &Folder,
    question: &Question<'_>,
    ledger: &mut Ledger,
    name: &str,
    bytes: &[u8],
    bundle: &Value,
) {
    let stated = match stated(&bundle["messageSignature"]["messageDigest"]) {
        Ok(stated) => stated,
        Err(why) => return ledger.wrong(name, why),
    };
    let is_of = |held: &Held| stated.as_ref().is_none_or(|s| s.is_of(held));
    let by_digest = || stated.as_ref().and_then(|s| folder.files.iter().find(|(_, h)| s.is_of(h)));
    let Some(of) = named(folder, name).or_else(|| by_digest().map(|(f, _)| f)) else {
        if folder.chosen.is_none() {
            ledger.wrong(name, "the file that it signs is missing");
        }
        return;
    };
    if !is_of(&folder.files[of]) {
        ledger.wrong(of, format!("it is not the file that {name} signs"));
        return;
    }
    ledger.over.insert(name.to_owned(), of.clone());
    match stated {
        Some(_) => ledger.claim(of, name, format!("digest in {name}"), false),
        None if question.signer.is_some() => {}
        None => {
            ledger.unproved(format!("{name}: without a key it says nothing: it has no digest of the file"))
        }
    }
    let Some(signer) = question.signer else { return };
    match verified(bytes, &folder.files[of].path, signer, question) {
        Ok(_) => {
            ledger.signed.extend([of.clone(), name.to_owned()]);
            ledger.checked.push(format!("{name}: signature over {of} verified"));
        }
        Err(why) => ledger.wrong(name, format!("its signature does not hold: {why}")),
    }
}

/// The digest that a bundle states of the file that was signed.
struct Stated {
    algorithm: Algorithm,
    hex: String,
}

impl Stated {
    fn is_of(&self, held: &Held) -> bool {
        match self.algorithm {
            Algorithm::Sha256 => held.sha256 == self.hex,
            other => other.sum_file(&held.path).is_ok_and(|sum| sum == self.hex),
        }
    }
}

/// None where it states none, which a bundle may (sigstore_common.proto, MessageSignature: it is a hint for looking the file up).
fn stated(digest: &Value) -> Result<Option<Stated>, String> {
    let Some(text) = digest["digest"].as_str().filter(|d| !d.is_empty()) else { return Ok(None) };
    let algorithm = match (digest["algorithm"].as_str(), digest["algorithm"].as_u64()) {
        (Some("SHA2_256"), _) | (_, Some(1)) => Algorithm::Sha256,
        (Some("SHA2_384"), _) | (_, Some(2)) => Algorithm::Sha384,
        (Some("SHA2_512"), _) | (_, Some(3)) => Algorithm::Sha512,
        _ => return Err("it has a digest by an algorithm that is not known here".to_owned()),
    };
    let bytes = decoded(text).ok_or("it has a digest that is not in base64")?;
    Ok(Some(Stated { algorithm, hex: hex(&bytes) }))
}

/// Base64 as JSON of protobuf may have it: in either alphabet, with padding or without. What a key signed is held to the one form
/// that goferry and cosign write.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let plain: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    let plain = plain.replace('-', "+").replace('_', "/");
    Base64Unpadded::decode_vec(plain.trim_end_matches('=')).ok()
}

/// A signed statement. The signature is over the statement; it holds or not whatever the files are, and is checked with the help of one
/// that is as the statement says.
fn enveloped(
    folder: &Folder,
    question: &Question<'_>,
    ledger: &mut Ledger,
    name: &str,
    bytes: &[u8],
    payload: &str,
) -> Option<Found> {
    let statement = decoded(payload).and_then(|p| serde_json::from_slice::<Value>(&p).ok());
    let Some(statement) = statement.filter(|s| s["subject"].is_array()) else {
        ledger.wrong(name, "it holds no in-toto statement");
        return None;
    };
    let found = Found { file: name.to_owned(), statement };
    let Some(signer) = question.signer else { return Some(found) };
    let fits = |(subject, sha256): &(&str, &str)| {
        folder.files.get(*subject).is_some_and(|held| held.sha256 == *sha256)
    };
    let subjects = super::statements::subjects(&found.statement);
    let Some((subject, _)) = subjects.iter().copied().find(fits) else {
        let concerned = |c: &std::collections::BTreeSet<String>| subjects.iter().any(|(s, _)| c.contains(*s));
        if folder.chosen.as_ref().is_some_and(|c| !concerned(c)) {
            ledger.unproved(format!("{name}: it is about files that are not here"));
            return None;
        }
        ledger.wrong(
            name,
            "no file that it is about is here as it says, so that its signature cannot be checked",
        );
        return None;
    };
    match verified(bytes, &folder.files[subject].path, signer, question) {
        // JSON that says a thing twice is read in two ways: what counts is what was signed.
        Ok(signed) if signed.as_ref() != Some(&found.statement) => {
            ledger.wrong(name, "the statement in it is not the one that was signed");
            None
        }
        Ok(_) => {
            ledger.signed.insert(name.to_owned());
            ledger.checked.push(format!("{name}: signature over a statement verified"));
            Some(found)
        }
        Err(why) => {
            ledger.wrong(name, format!("its signature does not hold: {why}"));
            None
        }
    }
}

/// The file that a signature's name begins with.
fn named<'f>(folder: &'f Folder, signature: &str) -> Option<&'f String> {
    let begins = |f: &&String| f.as_str() != signature && signature.starts_with(&format!("{f}."));
    folder.files.keys().filter(begins).max_by_key(|f| f.len())
}

/// A signature of minisign, of ssh, or cosign's bare one: over the file whose name it has, with an ending.
fn detached(folder: &Folder, question: &Question<'_>, ledger: &mut Ledger, name: &str) {
    let (Some(of), Some(bytes)) = (named(folder, name), folder.content(name)) else {
        ledger.unproved(format!("{name}: what it belongs to is not here, or it is too large"));
        return;
    };
    let Some(Whose::Key(key)) =
        question.signer.filter(|_| !name.ends_with(".pem") && !name.ends_with(".pub"))
    else {
        ledger.unproved(format!("{name}: it was not checked"));
        return;
    };
    if key.format() != Format::of_signature(&bytes) {
        ledger.unproved(format!("{name}: a signature of another form than the key, which was not checked"));
        return;
    }
    match goferry_supply::verify_signature(&bytes, &folder.files[of].path, key, question.trust) {
        Ok(proof) => {
            ledger.over.insert(name.to_owned(), of.clone());
            // The comment is signed too: who exchanges a file for an older one, signature and all, cannot change it.
            let comment = proof.comment.unwrap_or_default();
            if !goferry_supply::comment_fits(&comment, of) {
                let meant = goferry_supply::named_in_comment(&comment).unwrap_or_default();
                ledger.wrong(of, format!("{name} is the signature of a file that was called {meant}"));
                return;
            }
            ledger.claim(of, name, format!("signed: {name}"), false);
            ledger.signed.extend([of.clone(), name.to_owned()]);
            ledger.checked.push(format!("{name}: signature over {of} verified"));
        }
        Err(e) => ledger.wrong(name, format!("its signature does not hold: {}", reason(e))),
    }
}

fn reason(e: SupplyError) -> String {
    match e {
        SupplyError::Refused { reason, .. } => reason,
        e => e.to_string(),
    }
}

fn verified(
    bytes: &[u8],
    file: &std::path::Path,
    signer: Whose<'_>,
    question: &Question<'_>,
) -> Result<Option<Value>, String> {
    let proved = match signer {
        Whose::Key(key) => {
            let Some(own) = key.sigstore() else {
                return Err("it is a bundle, and the key is of minisign or OpenSSH".to_owned());
            };
            strict(bytes, &own.hint())?;
            goferry_supply::verify_signature(bytes, file, key, question.trust)
        }
        Whose::Identity(signer) => goferry_supply::verify(bytes, file, signer, question.trust),
    };
    proved.map(|proof| proof.statement).map_err(reason)
}

/// The media types of bundles (protobuf-specs, sigstore_bundle.proto).
const MEDIA_TYPES: [&str; 4] = [
    "application/vnd.dev.sigstore.bundle+json;version=0.1",
    "application/vnd.dev.sigstore.bundle+json;version=0.2",
    "application/vnd.dev.sigstore.bundle+json;version=0.3",
    goferry_supply::MEDIA_TYPE,
];
/// The digests of messages that keys sign here (sigstore_common.proto).
const ALGORITHMS: [&str; 3] = ["SHA2_256", "SHA2_384", "SHA2_512"];

/// What the signature does not cover must be as it is written for this key.
fn strict(bytes: &[u8], hint: &str) -> Result<(), String> {
    let keyed: Keyed = serde_json::from_slice(bytes).map_err(|e| format!("it is not one of a key: {e}"))?;
    if keyed.verification_material.public_key.hint.is_some_and(|h| h != hint) {
        return Err("it says that another key signed".to_owned());
    }
    let digest = keyed.message_signature.as_ref().map(|m| &m.message_digest);
    let known = match digest.map(|d| (d.algorithm.as_deref(), d.digest.as_deref())) {
        None | Some((None, None)) => true,
        Some((Some(algorithm), Some(_))) => ALGORITHMS.contains(&algorithm),
        Some(_) => false,
    };
    if !MEDIA_TYPES.contains(&keyed.media_type.as_str()) || !known {
        return Err("it names a type or an algorithm that there is none of".to_owned());
    }
    let message = keyed
        .message_signature
        .iter()
        .flat_map(|m| std::iter::once(&m.signature).chain(&m.message_digest.digest));
    let envelope =
        keyed.dsse_envelope.iter().flat_map(|e| e.signatures.iter().map(|s| &s.sig).chain([&e.payload]));
    for text in message.chain(envelope) {
        let canonical = Base64::decode_vec(text).is_ok_and(|b| Base64::encode_string(&b) == *text);
        if !canonical {
            return Err("its base64 is not in the one form that it has".to_owned());
        }
    }
    Ok(())
}
