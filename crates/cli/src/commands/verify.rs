//! `goferry verify`: what a bundle proves about files, and what the files of a release prove about each other.

use crate::args::VerifyArgs;
use crate::output::{self, data, harmless};
use goferry_engine::evidence::{self, Question, Report, State, Verdict, Whose};
use goferry_report::{Code, Diagnostic, Diagnostics};
use goferry_supply::{
    Proof, Signer, SupplyError, Trust, TrustedKey, comment_fits, named_in_comment, read_bounded,
};
use serde::Serialize;
use std::path::Path;
use std::process::ExitCode;

const KEY_LIMIT: u64 = 1 << 20;
/// A bundle may hold an attested SBOM.
const BUNDLE_LIMIT: u64 = 512 << 20;

#[derive(Serialize)]
struct Row<'a> {
    file: String,
    #[serde(flatten)]
    proof: &'a Proof,
}

pub(super) fn run(args: &VerifyArgs) -> Result<ExitCode, Diagnostics> {
    args.key.as_deref().and_then(Path::to_str).map_or(Ok(()), goferry_engine::signing::check_key_name)?;
    let key = args.key.as_ref().map(|path| {
        read_bounded(path, KEY_LIMIT).and_then(|pem| TrustedKey::read(&pem, &path.display().to_string()))
    });
    let key = key.transpose().map_err(drawn)?;
    let by = match (&key, &args.certificate_identity, &args.certificate_oidc_issuer) {
        (Some(key), ..) => Some(Whose::Key(key)),
        (None, Some(identity), Some(issuer)) => Some(Whose::Identity(Signer::Identity { identity, issuer })),
        _ => None,
    };
    let trust = args.trusted_root.as_ref().map_or_else(Trust::sigstore, |p| Trust::read(p)).map_err(drawn)?;
    let Some(bundle) = &args.bundle else { return release(args, by, &trust) };
    let Some(by) = by else {
        let message = "--bundle needs --key or --certificate-identity";
        return Err(Diagnostic::error(Code::ConfigValue, message).into());
    };
    let bundle = read_bounded(bundle, BUNDLE_LIMIT).map_err(drawn)?;
    let (mut proofs, mut problems) = (vec![], Diagnostics::default());
    for file in &args.files {
        let proved = match by {
            Whose::Key(key) => goferry_supply::verify_signature(&bundle, file, key, &trust),
            Whose::Identity(signer) => goferry_supply::verify(&bundle, file, signer, &trust),
        };
        match proved.and_then(|proof| of_its_name(file, proof)) {
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

/// minisign signs the file's name too, in its comment: an older file under a newer one's name is found by it.
fn of_its_name(file: &Path, proof: Proof) -> Result<Proof, SupplyError> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let comment = proof.comment.as_deref().unwrap_or_default();
    if comment_fits(comment, &name) {
        return Ok(proof);
    }
    let meant = named_in_comment(comment).unwrap_or_default();
    Err(SupplyError::Refused {
        file: file.into(),
        reason: format!("the signature is of a file that was called {meant}, not {name}"),
    })
}

/// The files of a release, by what lies beside them.
fn release(args: &VerifyArgs, signer: Option<Whose<'_>>, trust: &Trust) -> Result<ExitCode, Diagnostics> {
    let question = Question {
        paths: &args.files,
        signer,
        trust,
        source: args.source.as_deref(),
        tag: args.source_tag.as_deref(),
        version: args.version.as_deref(),
    };
    let report = evidence::check(&question)?;
    match args.json {
        true => output::json(&report),
        false => data(&drawn_report(&report)),
    }
    if report.problems.has_errors() { Err(report.problems) } else { Ok(ExitCode::SUCCESS) }
}

fn drawn_report(report: &Report) -> String {
    let mut out = String::new();
    let mut say = |line: String| out += &(harmless(&line) + "\n");
    for f in &report.files {
        let state = match f.state {
            State::Proved => "proved",
            State::Consistent => "as the others say",
            State::NotChecked => "not checked",
            State::Failed => "NOT PROVED",
        };
        let by = if f.by.is_empty() { String::new() } else { format!(": {}", f.by.join(", ")) };
        say(format!("{}: {state}{by}", f.file));
    }
    report.checked.iter().for_each(|c| say(format!("compared: {c}")));
    report.unproved.iter().for_each(|u| say(format!("not proved: {u}")));
    let what = [
        report.version.as_ref().map(|v| format!("version {v}")),
        report.source.clone(),
        report.commit.as_ref().map(|c| format!("commit {c}")),
    ];
    let what: Vec<String> = what.into_iter().flatten().collect();
    let about = if what.is_empty() { String::new() } else { format!(" ({})", what.join(", ")) };
    match report.verdict {
        Verdict::Proved => {
            let but = match report.unsigned.as_slice() {
                [] => String::new(),
                some => format!(" but {}", some.join(", ")),
            };
            say(format!("every file{but} is signed as asked for, or vouched for by one that is{about}"))
        }
        Verdict::Consistent => say(format!(
            "the files agree with each other{about}; who made them is not proved: whoever changed one could have changed all"
        )),
        Verdict::Nothing | Verdict::Failed => {}
    }
    out
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
