//! `goferry verify`: what a bundle proves about files.

use crate::args::VerifyArgs;
use crate::output::{self, data, harmless};
use goferry_report::{Code, Diagnostic, Diagnostics};
use goferry_supply::{Proof, Signer, SupplyError, Trust, TrustedKey, read_bounded};
use serde::Serialize;
use std::process::ExitCode;

const KEY_LIMIT: u64 = 1 << 20;
/// A bundle may hold an attested SBOM.
const BUNDLE_LIMIT: u64 = 512 << 20;

/// Who must have signed.
#[derive(Clone, Copy)]
enum By<'a> {
    Key(&'a TrustedKey),
    Identity(Signer<'a>),
}

#[derive(Serialize)]
struct Row<'a> {
    file: String,
    #[serde(flatten)]
    proof: &'a Proof,
}

pub(super) fn run(args: &VerifyArgs) -> Result<ExitCode, Diagnostics> {
    let key = args.key.as_ref().map(|path| {
        read_bounded(path, KEY_LIMIT).and_then(|pem| TrustedKey::read(&pem, &path.display().to_string()))
    });
    let key = key.transpose().map_err(drawn)?;
    let by = match (&key, &args.certificate_identity, &args.certificate_oidc_issuer) {
        (Some(key), ..) => By::Key(key),
        (None, Some(identity), Some(issuer)) => By::Identity(Signer::Identity { identity, issuer }),
        _ => {
            return Err(
                Diagnostic::error(Code::ConfigValue, "--key or --certificate-identity is needed").into()
            );
        }
    };
    let trust = args.trusted_root.as_ref().map_or_else(Trust::sigstore, |p| Trust::read(p)).map_err(drawn)?;
    let bundle = read_bounded(&args.bundle, BUNDLE_LIMIT).map_err(drawn)?;
    let (mut proofs, mut problems) = (vec![], Diagnostics::default());
    for file in &args.files {
        let proved = match by {
            By::Key(key) => goferry_supply::verify_signature(&bundle, file, key, &trust),
            By::Identity(signer) => goferry_supply::verify(&bundle, file, signer, &trust),
        };
        match proved {
            Ok(proof) => proofs.push((file.display().to_string(), proof)),
            Err(e) => problems.push(e.diagnostic()),
        }
    }
    if args.json {
        let rows: Vec<Row<'_>> = proofs.iter().map(|(f, p)| Row { file: f.clone(), proof: p }).collect();
        output::json(&rows);
    } else {
        proofs.iter().for_each(|(file, proof)| data(&line(file, proof)));
    }
    if problems.has_errors() { Err(problems) } else { Ok(ExitCode::SUCCESS) }
}

fn line(file: &str, proof: &Proof) -> String {
    let by = match (&proof.identity, &proof.issuer) {
        (Some(identity), Some(issuer)) => format!("{identity} ({issuer})"),
        _ => "the key".to_owned(),
    };
    let kind = proof.statement.as_ref().and_then(|s| s["predicateType"].as_str());
    let what = kind.map_or_else(|| "signed".to_owned(), |t| format!("attested ({t})"));
    let logged = if proof.logged { ", in a transparency log" } else { "" };
    let comment = proof.comment.as_ref().map(|c| format!(", who says: {c}")).unwrap_or_default();
    harmless(&format!("{file}: {what} by {by}{logged}{comment}")) + "\n"
}

fn drawn(e: SupplyError) -> Diagnostics {
    e.diagnostic().into()
}
