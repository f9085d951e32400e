//! Who signed a log's checkpoint, by name.
//!
//! A checkpoint may carry many signatures (witnesses, old keys). One must be the log's own: under the log's name, which is the
//! checkpoint's origin (C2SP tlog-checkpoint), and by the key that the trusted root has for the log that the entry names.
//! `sigstore-verify` finds keys by a hint of four bytes only, which says nothing about names.

use sigstore_verify::crypto::VerificationKey;
use sigstore_verify::trust_root::{TransparencyLog, TrustedRoot};
use sigstore_verify::types::{Bundle, Checkpoint, KindVersion, TransparencyLogEntry};

/// Every entry with an inclusion proof must have a checkpoint of its own log.
pub(super) fn verify(bundle: &Bundle, root: &TrustedRoot) -> Result<(), String> {
    bundle.verification_material.tlog_entries.iter().try_for_each(|entry| verify_entry(entry, root))
}

fn verify_entry(entry: &TransparencyLogEntry, root: &TrustedRoot) -> Result<(), String> {
    let Some(proof) = &entry.inclusion_proof else { return Ok(()) };
    let checkpoint = proof.checkpoint.checkpoint().ok_or("an inclusion proof has no checkpoint")?;
    // C2SP signed-note: every line ends, and so does the last.
    if !proof.checkpoint.envelope().ends_with('\n') {
        return Err("the checkpoint is not a signed note: its last line does not end".to_owned());
    }
    let log = root
        .tlogs
        .iter()
        .find(|log| log.log_id.key_id == entry.log_id.key_id)
        .ok_or("an entry is of a log that is not trusted")?;
    let name = log_name(checkpoint, entry.kind_version, log)?;
    let key = VerificationKey::from_spki(&log.public_key.raw_bytes).map_err(|e| e.to_string())?;
    let signed = checkpoint
        .signatures()
        .iter()
        .filter(|s| s.name == name)
        .any(|s| key.verify(checkpoint.signed_data(), &s.signature).is_ok());
    match signed {
        true => Ok(()),
        false => Err(format!("the checkpoint has no valid signature of its log, {name}")),
    }
}

/// The name under which a log signs. Rekor 1 has `HOST - TREE` as origin and signs as HOST; Rekor 2 signs as its origin, which is
/// its host (or, as C2SP has it, its address without scheme).
fn log_name<'c>(
    checkpoint: &'c Checkpoint,
    kind: KindVersion,
    log: &TransparencyLog,
) -> Result<&'c str, String> {
    let origin = checkpoint.origin();
    if kind != KindVersion::HashedRekordV002 {
        return Ok(origin.split_once(" - ").map_or(origin, |(host, _)| host));
    }
    let address = log.base_url.split_once("://").map_or(log.base_url.as_str(), |(_, a)| a);
    let address = address.trim_end_matches('/');
    let host = address.split('/').next().unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    match [address, host, name].contains(&origin) {
        true => Ok(origin),
        false => Err(format!("the checkpoint is of {origin}, and the log that the entry names is {address}")),
    }
}
