//! `goferry sign` and `goferry attest`.

use super::unwritable;
use crate::args::{AttestArgs, SignArgs};
use crate::output::{harmless, talk};
use goferry_report::{Code, Diagnostic, Diagnostics};
use goferry_supply::{Password, PredicateType, SigningKey, SupplyError};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// A key is some hundred bytes, a predicate at most what a large SBOM is.
const KEY_LIMIT: u64 = 1 << 20;
const PREDICATE_LIMIT: u64 = 256 << 20;

pub(super) fn sign(args: &SignArgs) -> Result<ExitCode, Diagnostics> {
    if let Some(prefix) = &args.generate_key {
        return generate(prefix);
    }
    let Some(key) = &args.key else { return Err(usage("--key is needed").into()) };
    if args.bundle.is_some() && args.files.len() > 1 {
        return Err(usage("--bundle is for one FILE; without it each gets FILE.sigstore.json").into());
    }
    let key = private_key(key)?;
    for file in &args.files {
        let signature = key.sign(file).map_err(drawn)?;
        let place = args.bundle.clone().unwrap_or_else(|| with_suffix(file, key.format().suffix()));
        write(&place, &signature.document)?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn attest(args: &AttestArgs) -> Result<ExitCode, Diagnostics> {
    let place = match (&args.bundle, args.files.as_slice()) {
        (Some(path), _) => path.clone(),
        (None, [file]) => beside(file),
        _ => return Err(usage("more than one FILE: say with --bundle where the bundle goes").into()),
    };
    let kind = PredicateType::parse(&args.kind).map_err(drawn)?;
    let predicate = goferry_supply::read_bounded(&args.predicate, PREDICATE_LIMIT).map_err(drawn)?;
    let Ok(predicate) = String::from_utf8(predicate) else {
        let message = format!("{} is not UTF-8", args.predicate.display());
        return Err(Diagnostic::error(Code::PredicateInvalid, message).into());
    };
    let key = private_key(&args.key)?;
    let key = key.sigstore().ok_or_else(|| {
        let reason = "it is of minisign or OpenSSH, and only cosign's kind of key attests".to_owned();
        drawn(SupplyError::Key { name: args.key.clone(), reason })
    })?;
    let attestation = goferry_supply::attest(key, &args.files, &kind, &predicate).map_err(drawn)?;
    write(&place, &(attestation.bundle.to_json().map_err(drawn)? + "\n"))?;
    Ok(ExitCode::SUCCESS)
}

fn generate(prefix: &Path) -> Result<ExitCode, Diagnostics> {
    let (private, public) = (with_suffix(prefix, ".key"), with_suffix(prefix, ".pub"));
    // Asked before a key is made, so that no half of a pair is written.
    if let Some(path) = [&private, &public].into_iter().find(|p| p.symlink_metadata().is_ok()) {
        return Err(drawn(SupplyError::Exists { path: path.clone() }));
    }
    let password = password()
        .ok_or_else(|| drawn(SupplyError::PasswordMissing { name: private.display().to_string() }))?;
    let pair = goferry_supply::generate(&password).map_err(drawn)?;
    goferry_supply::write_new(&private, pair.private.as_bytes(), true).map_err(drawn)?;
    goferry_supply::write_new(&public, pair.public.as_bytes(), false).map_err(drawn)?;
    talk(&harmless(&format!("wrote {} and {}", private.display(), public.display())));
    talk("\n");
    Ok(ExitCode::SUCCESS)
}

/// A key by path or, as cosign has it, `env://NAME`.
fn private_key(name: &str) -> Result<SigningKey, Diagnostics> {
    let text = match name.strip_prefix("env://") {
        Some(variable) => std::env::var_os(variable).map(OsString::into_encoded_bytes).ok_or_else(|| {
            let reason = "there is no such variable".to_owned();
            drawn(SupplyError::Key { name: name.to_owned(), reason })
        })?,
        None => goferry_supply::read_bounded(Path::new(name), KEY_LIMIT).map_err(drawn)?,
    };
    SigningKey::read(&text, name, password().as_ref()).map_err(drawn)
}

/// An empty one is one; none is none.
fn password() -> Option<Password> {
    std::env::var_os("COSIGN_PASSWORD").map(|p| Password::new(p.into_encoded_bytes()))
}

fn write(path: &Path, text: &str) -> Result<(), Diagnostics> {
    std::fs::write(path, text).map_err(|e| unwritable(path, &e))?;
    talk(&harmless(&format!("wrote {}", path.display())));
    talk("\n");
    Ok(())
}

fn beside(file: &Path) -> PathBuf {
    with_suffix(file, ".sigstore.json")
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn drawn(e: SupplyError) -> Diagnostics {
    e.diagnostic().into()
}

fn usage(message: &str) -> Diagnostic {
    Diagnostic::error(Code::ConfigValue, message)
}
