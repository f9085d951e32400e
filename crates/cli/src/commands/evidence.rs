//! `goferry sign` and `goferry attest`.

use super::unwritable;
use crate::args::{AttestArgs, ServiceArgs, SignArgs};
use crate::output::{Terminal, data, harmless, talk};
use crate::resolve;
use crate::sinks::{Manner, Talker};
use crate::watch::Watch;
use goferry_engine::Session;
use goferry_engine::signing::{Environment, Keys, check_services, looks_like_a_token};
use goferry_plan::graph::{NativeSign, Services};
use goferry_proc::Cancel;
use goferry_report::{Code, Diagnostic, Diagnostics, Sink};
use goferry_supply::{Password, PredicateType, SupplyError};
use std::collections::BTreeSet;
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
    if args.bundle.is_some() && once(&args.files).len() > 1 {
        return Err(usage("--bundle is for one FILE; without it each gets a file of its own").into());
    }
    let cancel = Cancel::new();
    let native = native(args.key.as_ref(), &args.services)?;
    let _watch = watch(&native, &cancel);
    let (session, keys) = (session(&cancel)?, Keys::default());
    let env = Environment { own: &[], all: &session.env };
    let suffix = keys.format(&session, &native, &env)?.suffix();
    let files = once(&args.files);
    let places: Vec<PathBuf> =
        files.iter().map(|f| args.bundle.clone().unwrap_or_else(|| with_suffix(f, suffix))).collect();
    let key = args.key.as_ref().map(Path::new);
    free(&places, files.iter().copied().chain(key))?;
    for (file, place) in files.iter().zip(&places) {
        let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy();
        let (_, signature) = keys.sign(&session, file, &name, &native, &env)?;
        write(place, &signature.document)?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn attest(args: &AttestArgs) -> Result<ExitCode, Diagnostics> {
    let files = once(&args.files);
    let place = match (&args.bundle, files.as_slice()) {
        (Some(path), _) => path.clone(),
        (None, [file]) => with_suffix(file, ".sigstore.json"),
        _ => return Err(usage("more than one FILE: say with --bundle where the bundle goes").into()),
    };
    let kind = PredicateType::parse(&args.kind).map_err(drawn)?;
    let key = args.key.as_ref().map(Path::new);
    free(std::slice::from_ref(&place), files.iter().copied().chain(key).chain([args.predicate.as_path()]))?;
    let predicate = predicate(args)?;
    let cancel = Cancel::new();
    let native = native(args.key.as_ref(), &args.services)?;
    let _watch = watch(&native, &cancel);
    let session = session(&cancel)?;
    let env = Environment { own: &[], all: &session.env };
    let files: Vec<PathBuf> = files.into_iter().map(Path::to_owned).collect();
    let said = Keys::default().attest(&session, &files, (&kind, &predicate), &native, &env)?;
    write(&place, &(said.bundle.to_json().map_err(drawn)? + "\n"))?;
    Ok(ExitCode::SUCCESS)
}

/// What is said of the files: a file, or `-` for standard input.
fn predicate(args: &AttestArgs) -> Result<String, Diagnostics> {
    let bytes = match args.predicate.to_str() {
        Some("-") if args.services.identity_token.as_deref() == Some("-") => {
            let message = "standard input is either the token or the predicate: give a file for one of them";
            return Err(usage(message).into());
        }
        Some("-") => {
            let mut bytes = vec![];
            let read = std::io::stdin().take(PREDICATE_LIMIT).read_to_end(&mut bytes);
            let failed = |e| Diagnostic::error(Code::Io, format!("standard input cannot be read: {e}"));
            read.map_err(failed)?;
            bytes
        }
        _ => goferry_supply::read_bounded(&args.predicate, PREDICATE_LIMIT).map_err(drawn)?,
    };
    String::from_utf8(bytes).map_err(|_| {
        let message = format!("{} is not UTF-8", args.predicate.display());
        Diagnostic::error(Code::PredicateInvalid, message).into()
    })
}

/// Each file once, in the order given: a pattern of the shell's may name one again.
fn once(files: &[PathBuf]) -> Vec<&Path> {
    let mut seen = BTreeSet::new();
    files
        .iter()
        .filter(|f| seen.insert(std::path::absolute(f).unwrap_or_else(|_| f.to_path_buf())))
        .map(|f| f.as_path())
        .collect()
}

/// Whether these can be written, before anything is signed: a service's log keeps what it is told. Nothing that is read is
/// written over, above all not the key.
fn free<'p>(places: &[PathBuf], read: impl Iterator<Item = &'p Path>) -> Result<(), Diagnostics> {
    let read: Vec<PathBuf> = read.filter_map(|p| p.canonicalize().ok()).collect();
    let mut problems = Diagnostics::default();
    for place in places.iter().filter(|p| !is_stdout(p)) {
        let parent = place.parent().filter(|p| !p.as_os_str().is_empty());
        // A folder that is read is reported as one.
        if !place.is_dir() && place.canonicalize().is_ok_and(|p| read.contains(&p)) {
            let message = format!(
                "{} would be written over, and it is one of the files that are read",
                place.display()
            );
            problems.push(usage(&message).hint("say with --bundle where the signature of one FILE goes"));
        } else if place.is_dir() {
            problems.push(usage(&format!("{} is a folder; --bundle names a file", place.display())));
        } else if let Some(parent) = parent.filter(|p| !p.is_dir()) {
            let message =
                format!("{} cannot be written: there is no folder {}", place.display(), parent.display());
            problems.push(Diagnostic::error(Code::Io, message));
        }
    }
    if problems.has_errors() { Err(problems) } else { Ok(()) }
}

/// Ctrl-C ends a wait for a service; a key alone waits for nobody, and the signal ends it as it is.
fn watch(native: &NativeSign, cancel: &Arc<Cancel>) -> Option<Watch> {
    let asks = native.key.is_none() || native.log || native.services.tsa.is_some();
    asks.then(|| Watch::start(cancel, None))
}

pub(super) fn session(cancel: &Arc<Cancel>) -> Result<Session, Diagnostics> {
    let terminal = Terminal { live: false, ..Terminal::detect() };
    let sink: Arc<dyn Sink> = Talker::new(Manner { json: false, verbose: false }, terminal);
    resolve::session(sink, Arc::clone(cancel), false)
}

/// What the options ask for. A log that is named is asked for a key's signature too.
pub(super) fn native(key: Option<&String>, services: &ServiceArgs) -> Result<NativeSign, Diagnostics> {
    let token = match services.identity_token.as_deref() {
        Some("-") => Some(from_stdin()?),
        given => given.map(str::to_owned),
    };
    let native = NativeSign {
        key: key.cloned(),
        token,
        log: services.rekor_url.is_some(),
        services: Services {
            fulcio: services.fulcio_url.clone(),
            rekor: services.rekor_url.clone(),
            tsa: services.timestamp_url.clone(),
        },
        ..NativeSign::default()
    };
    check_services(&native)?;
    Ok(native)
}

fn from_stdin() -> Result<String, Diagnostics> {
    let mut text = String::new();
    let read = std::io::stdin().take(TOKEN_LIMIT).read_to_string(&mut text);
    let text = text.trim().to_owned();
    match read {
        Ok(_) if looks_like_a_token(&text) => Ok(text),
        _ => {
            let reason = "standard input holds no identity token".to_owned();
            Err(drawn(SupplyError::Identity { reason }))
        }
    }
}

fn generate(prefix: &Path) -> Result<ExitCode, Diagnostics> {
    let (private, public) = (with_suffix(prefix, ".key"), with_suffix(prefix, ".pub"));
    free(&[private.clone(), public.clone()], std::iter::empty())?;
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

fn is_stdout(path: &Path) -> bool {
    path == Path::new("-")
}

fn write(path: &Path, text: &str) -> Result<(), Diagnostics> {
    if is_stdout(path) {
        data(text);
        return Ok(());
    }
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
