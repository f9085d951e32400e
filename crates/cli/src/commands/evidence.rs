//! `goferry sign` and `goferry attest`.

use super::unwritable;
use crate::args::{AttestArgs, ServiceArgs, SignArgs};
use crate::output::{Terminal, harmless, talk};
use crate::resolve;
use crate::sinks::{Manner, Talker};
use crate::watch::Watch;
use goferry_engine::Session;
use goferry_engine::signing::{Environment, Keys};
use goferry_plan::graph::{NativeSign, Services};
use goferry_proc::Cancel;
use goferry_report::{Code, Diagnostic, Diagnostics, Sink};
use goferry_supply::{Password, PredicateType, SupplyError};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// A predicate is at most what a large SBOM is, a token a few kilobytes.
const PREDICATE_LIMIT: u64 = 256 << 20;
const TOKEN_LIMIT: u64 = 64 << 10;

pub(super) fn sign(args: &SignArgs) -> Result<ExitCode, Diagnostics> {
    if let Some(prefix) = &args.generate_key {
        return generate(prefix);
    }
    if args.bundle.is_some() && args.files.len() > 1 {
        return Err(usage("--bundle is for one FILE; without it each gets a file of its own").into());
    }
    let cancel = Cancel::new();
    let _watch = Watch::start(&cancel, None);
    let (session, keys) = (session(&cancel)?, Keys::default());
    let native = native(args.key.as_ref(), &args.services)?;
    let env = Environment { own: &[], all: &session.env };
    for file in &args.files {
        let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy();
        let (format, signature) = keys.sign(&session, file, &name, &native, &env)?;
        let place = args.bundle.clone().unwrap_or_else(|| with_suffix(file, format.suffix()));
        write(&place, &signature.document)?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn attest(args: &AttestArgs) -> Result<ExitCode, Diagnostics> {
    let place = match (&args.bundle, args.files.as_slice()) {
        (Some(path), _) => path.clone(),
        (None, [file]) => with_suffix(file, ".sigstore.json"),
        _ => return Err(usage("more than one FILE: say with --bundle where the bundle goes").into()),
    };
    let kind = PredicateType::parse(&args.kind).map_err(drawn)?;
    let predicate = goferry_supply::read_bounded(&args.predicate, PREDICATE_LIMIT).map_err(drawn)?;
    let Ok(predicate) = String::from_utf8(predicate) else {
        let message = format!("{} is not UTF-8", args.predicate.display());
        return Err(Diagnostic::error(Code::PredicateInvalid, message).into());
    };
    let cancel = Cancel::new();
    let _watch = Watch::start(&cancel, None);
    let session = session(&cancel)?;
    let native = native(args.key.as_ref(), &args.services)?;
    let env = Environment { own: &[], all: &session.env };
    let said = Keys::default().attest(&session, &args.files, (&kind, &predicate), &native, &env)?;
    write(&place, &(said.bundle.to_json().map_err(drawn)? + "\n"))?;
    Ok(ExitCode::SUCCESS)
}

fn session(cancel: &Arc<Cancel>) -> Result<Session, Diagnostics> {
    let terminal = Terminal { live: false, ..Terminal::detect() };
    let sink: Arc<dyn Sink> = Talker::new(Manner { json: false, verbose: false }, terminal);
    resolve::session(sink, Arc::clone(cancel), false)
}

/// What the options ask for. A log that is named is asked for a key's signature too.
fn native(key: Option<&String>, services: &ServiceArgs) -> Result<NativeSign, Diagnostics> {
    let token = match services.identity_token.as_deref() {
        Some("-") => Some(from_stdin()?),
        given => given.map(str::to_owned),
    };
    Ok(NativeSign {
        key: key.cloned(),
        token,
        log: services.rekor_url.is_some(),
        services: Services {
            fulcio: services.fulcio_url.clone(),
            rekor: services.rekor_url.clone(),
            tsa: services.timestamp_url.clone(),
        },
        ..NativeSign::default()
    })
}

fn from_stdin() -> Result<String, Diagnostics> {
    let mut text = String::new();
    let read = std::io::stdin().take(TOKEN_LIMIT).read_to_string(&mut text);
    let reason = "standard input holds no identity token".to_owned();
    read.map(|_| text.trim().to_owned()).map_err(|_| drawn(SupplyError::Identity { reason }))
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
