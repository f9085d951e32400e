//! What signs a release: keys and identities that are opened once, and what they need of the environment.
//!
//! Owns: where keys, passwords and tokens come from, whom to ask for certificates, and which files a signature is written into. Must not:
//! know a format.

mod early;
mod named;
mod openpgp;
pub(crate) mod packages;
mod service;
mod token;

pub(crate) use early::check;
pub(crate) use named::is_key_text;
pub use named::{check_key_name, looks_like_a_token};
pub use service::check_services;

use crate::session::Session;
use base64ct::{Base64, Encoding as _};
use goferry_plan::graph::{NativeSign, SignBy, SignSpec};
use goferry_plan::secret;
use goferry_report::{Code, Diagnostic, Diagnostics};
use goferry_supply::{
    Attestation, Bundle, Format, Identity, Password, PredicateType, PrivateKey, Signature, SignedBy,
    SigningKey, Statement, SupplyError, Witnesses,
};
use packages::PackageKey;
use service::{Addresses, addresses, learn_services};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};
use token::Source;

/// A key is some hundred bytes.
const KEY_LIMIT: u64 = 1 << 20;

/// Variables of one signature, its own before all others.
#[derive(Clone, Copy, Debug)]
pub struct Environment<'a> {
    /// `KEY=value`.
    pub own: &'a [String],
    /// Everybody's.
    pub all: &'a BTreeMap<String, String>,
}

impl Environment<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        let own = self.own.iter().rev().filter_map(|e| e.split_once('=')).find(|(k, _)| *k == name);
        own.map(|(_, v)| v).or_else(|| self.all.get(name).map(String::as_str))
    }
}

/// A statement as it is written.
pub(crate) struct Sealed {
    /// A bundle, or the bare statement.
    pub bytes: Vec<u8>,
    /// A key that signs no statements, and so signs the file.
    pub beside: Option<Arc<SigningKey>>,
}

/// What names a key of packages: its kind (RSA, else OpenPGP), itself and a digest of its password.
type PackageOpening = (bool, String, Option<[u8; 32]>);

/// What names a key: itself, and digests of the variable that holds it and of its password. Both may be of a signature's own `env`, so that the
/// same name is another key.
type Opening = (String, Option<[u8; 32]>, Option<[u8; 32]>);

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

/// Keys that were opened: a password costs a sixth of a second, and a release has many files. And identities that were certified, while
/// they are fresh.
#[derive(Default)]
pub struct Keys {
    opened: Mutex<HashMap<Opening, Arc<SigningKey>>>,
    /// By who certified them and where the token came from.
    certified: Mutex<HashMap<(String, Source), Arc<Identity>>>,
    /// Those that sign inside packages, by their names and passwords.
    packages: Mutex<HashMap<PackageOpening, Arc<PackageKey>>>,
}

/// Who signs, held while it is done.
enum Who {
    Key(Arc<SigningKey>),
    Identity(Arc<Identity>),
}

impl Keys {
    /// Signs a file, in the form of the key; `name` is what its users know it by.
    ///
    /// # Errors
    /// The key does not open, there is no identity, a service refuses, or the file cannot be read.
    pub fn sign(
        &self,
        session: &Session,
        file: &Path,
        name: &str,
        native: &NativeSign,
        env: &Environment<'_>,
    ) -> Result<(Format, Signature), Diagnostics> {
        let services = addresses(native, env);
        let path = session.cwd.join(file);
        let transport = service::Services(session);
        let witnesses = services.witnesses(&transport);
        let signed = match self.who(session, native, env, &services)? {
            Who::Key(key) => match &witnesses {
                Some(w) => key.sign_before(&path, w),
                None => key.sign_as(&path, name),
            }
            .map(|s| (key.format(), s)),
            Who::Identity(i) => {
                let bundle = goferry_supply::sign_blob_by(SignedBy::Identity(&i), witnesses.as_ref(), &path);
                bundle.and_then(|b| b.signature_of()).map(|s| (Format::Sigstore, s))
            }
        };
        signed.map_err(drawn)
    }

    /// The form in which a key signs; an identity's is a sigstore bundle.
    ///
    /// # Errors
    /// The key does not open.
    pub fn format(
        &self,
        session: &Session,
        native: &NativeSign,
        env: &Environment<'_>,
    ) -> Result<Format, Diagnostics> {
        match &native.key {
            Some(name) => self.open(&session.cwd, name, env, native.stdin.as_deref()).map(|k| k.format()),
            None => Ok(Format::Sigstore),
        }
    }

    /// Says something of files and signs it.
    ///
    /// # Errors
    /// As [`Keys::sign`]; and only keys of sigstore's kind attest.
    pub fn attest(
        &self,
        session: &Session,
        files: &[PathBuf],
        predicate: (&PredicateType, &str),
        native: &NativeSign,
        env: &Environment<'_>,
    ) -> Result<Attestation, Diagnostics> {
        let files: Vec<PathBuf> = files.iter().map(|f| session.cwd.join(f)).collect();
        self.by(session, native, env, |by, witnesses| {
            goferry_supply::attest_by(by, witnesses, &files, predicate.0, predicate.1)
        })
    }

    /// Signs a statement.
    ///
    /// # Errors
    /// As [`Keys::attest`].
    pub fn statement(
        &self,
        session: &Session,
        statement: &Statement,
        native: &NativeSign,
        env: &Environment<'_>,
    ) -> Result<Bundle, Diagnostics> {
        self.by(session, native, env, |by, witnesses| {
            goferry_supply::sign_statement(by, witnesses, statement)
        })
    }

    /// A statement, signed.
    pub(crate) fn seal(
        &self,
        session: &Session,
        statement: &Statement,
        native: &NativeSign,
        env: &Environment<'_>,
    ) -> Result<Sealed, Diagnostics> {
        if let Who::Key(key) = self.who(session, native, env, &addresses(native, env))?
            && key.sigstore().is_none()
        {
            let bytes = goferry_supply::slsa::sealed(statement, None).map_err(drawn)?;
            return Ok(Sealed { bytes, beside: Some(key) });
        }
        let bundle = self.statement(session, statement, native, env)?;
        Ok(Sealed { bytes: (bundle.to_json().map_err(drawn)? + "\n").into_bytes(), beside: None })
    }

    fn by<T>(
        &self,
        session: &Session,
        native: &NativeSign,
        env: &Environment<'_>,
        sign: impl FnOnce(SignedBy<'_>, Option<&Witnesses<'_>>) -> Result<T, SupplyError>,
    ) -> Result<T, Diagnostics> {
        let services = addresses(native, env);
        let transport = service::Services(session);
        let witnesses = services.witnesses(&transport);
        let done = match self.who(session, native, env, &services)? {
            Who::Key(key) => sign(SignedBy::Key(attesting(&key, native)?), witnesses.as_ref()),
            Who::Identity(i) => sign(SignedBy::Identity(&i), witnesses.as_ref()),
        };
        done.map_err(drawn)
    }

    fn who(
        &self,
        session: &Session,
        native: &NativeSign,
        env: &Environment<'_>,
        services: &Addresses,
    ) -> Result<Who, Diagnostics> {
        if let Some(name) = &native.key {
            return self.open(&session.cwd, name, env, native.stdin.as_deref()).map(Who::Key);
        }
        let source = Source::find(session, native.token.as_deref(), env)?;
        let id = (services.fulcio.clone(), source);
        let mut certified = self.certified.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(identity) = certified.get(&id).filter(|i| i.is_fresh(now())) {
            return Ok(Who::Identity(Arc::clone(identity)));
        }
        let token = id.1.token(session, now())?;
        let identity =
            Identity::certified(&token, &services.fulcio, &service::Services(session)).map_err(drawn)?;
        let identity = Arc::new(identity);
        certified.insert(id, Arc::clone(&identity));
        Ok(Who::Identity(identity))
    }

    /// Opens the key of one signer, before anything is done that it will sign.
    pub(crate) fn open_one(&self, session: &Session, native: &NativeSign) -> Result<(), Diagnostics> {
        let env = Environment { own: &native.env, all: &session.env };
        if let Some(name) = &native.key {
            let key = self.open(&session.cwd, name, &env, native.stdin.as_deref())?;
            attesting(&key, native)?;
        }
        Ok(())
    }

    /// Signs a message with a key of sigstore's kind: the signature alone.
    pub(crate) fn message(
        &self,
        session: &Session,
        native: &NativeSign,
        message: &[u8],
    ) -> Result<Vec<u8>, Diagnostics> {
        let env = Environment { own: &native.env, all: &session.env };
        let Some(name) = &native.key else {
            let reason = "an identity makes no signature of the old form".to_owned();
            return Err(drawn(SupplyError::Identity { reason }));
        };
        let key = self.open(&session.cwd, name, &env, native.stdin.as_deref())?;
        attesting(&key, native)?.sign(message).map_err(drawn)
    }

    /// A key by path or, as cosign has it, `env://NAME`.
    fn open(
        &self,
        cwd: &Path,
        name: &str,
        env: &Environment<'_>,
        stdin: Option<&str>,
    ) -> Result<Arc<SigningKey>, Diagnostics> {
        let password = env.get("COSIGN_PASSWORD").or(stdin);
        // A file is read once, for it may be a pipe.
        let variable = name.strip_prefix("env://").and_then(|variable| env.get(variable));
        let id = (name.to_owned(), variable.map(digest), password.map(digest));
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = opened.get(&id) {
            return Ok(Arc::clone(key));
        }
        let text = key_text(cwd, name, env)?;
        let password = password.map(Password::new);
        let key = Arc::new(SigningKey::read(&text, name, password.as_ref()).map_err(drawn)?);
        opened.insert(id, Arc::clone(&key));
        Ok(key)
    }
}

/// A key as it is written. A name that may be the key itself is in no error.
fn key_text(cwd: &Path, name: &str, env: &Environment<'_>) -> Result<Vec<u8>, Diagnostics> {
    if name.is_empty() {
        let d = Diagnostic::error(Code::KeyUnusable, "the name of the key is empty");
        return Err(d.hint("the variable that it comes from may not be set").into());
    }
    let failed = |reason: String| match named::may_be_shown(name) {
        true => drawn(SupplyError::Key { name: name.to_owned(), reason }),
        false => named::no_name().into(),
    };
    if let Some(variable) = name.strip_prefix("env://") {
        let text = env.get(variable).map(|v| v.as_bytes().to_vec());
        return match text {
            Some(text) if text.trim_ascii().is_empty() => Err(failed("the variable is empty".to_owned())),
            Some(text) => Ok(text),
            None => Err(failed("there is no such variable".to_owned())),
        };
    }
    match goferry_supply::read_bounded(&cwd.join(name), KEY_LIMIT) {
        Ok(text) if text.trim_ascii().is_empty() => Err(failed("it is empty".to_owned())),
        Ok(text) => Ok(text),
        Err(SupplyError::Io { source, .. }) => Err(failed(format!("it cannot be read: {source}"))),
        Err(SupplyError::TooLarge { limit, .. }) => Err(failed(format!("it has more than {limit} bytes"))),
        Err(e) => Err(failed(e.to_string())),
    }
}

/// The files that a release's signature is written into, relative to the working directory.
pub(crate) fn files(
    native: &NativeSign,
    signature: Signature,
) -> Result<Vec<(String, Vec<u8>)>, Diagnostics> {
    let mut out = vec![];
    if let Some(place) = &native.bundle {
        out.push((place.clone(), signature.document.into_bytes()));
    }
    if let Some(place) = &native.signature {
        let name = native.key.clone().unwrap_or_default();
        let reason = "it is of minisign or OpenSSH, which have no bare signatures".to_owned();
        let bare = signature.bare.ok_or_else(|| drawn(SupplyError::Key { name, reason }))?;
        out.push((place.clone(), encoded(bare, native.raw)));
    }
    if let (Some(place), Some(pem)) = (&native.certificate, signature.certificate) {
        out.push((place.clone(), encoded(pem.into_bytes(), native.raw)));
    }
    Ok(out)
}

fn attesting<'k>(key: &'k SigningKey, native: &NativeSign) -> Result<&'k PrivateKey, Diagnostics> {
    key.sigstore().ok_or_else(|| {
        let reason = "it is of minisign or OpenSSH, and only cosign's kind of key attests".to_owned();
        drawn(SupplyError::Key { name: native.key.clone().unwrap_or_default(), reason })
    })
}

/// The real time: certificates and tokens know no other.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// As cosign's `--b64` has it.
fn encoded(bytes: Vec<u8>, raw: bool) -> Vec<u8> {
    if raw { bytes } else { Base64::encode_string(&bytes).into_bytes() }
}

/// What a sign step knows of secrets beyond the environment.
pub(crate) fn learn_secrets(spec: &SignSpec) {
    for file in &spec.files {
        let (env, stdin, token) = match &file.by {
            SignBy::Goferry(n) => {
                learn_services(&n.services);
                secret::learn(n.key.as_deref().filter(|k| !named::may_be_shown(k)).map(|k| ("KEY", k)));
                (&n.env, n.stdin.as_deref(), n.token.as_deref().filter(|t| looks_like_a_token(t)))
            }
            SignBy::Command(c) => (&c.env, c.stdin.as_deref(), None),
        };
        secret::learn(env.iter().filter_map(|e| e.split_once('=')));
        secret::learn(stdin.map(|s| ("SIGN_STDIN_SECRET", s)));
        secret::learn(token.map(|s| ("IDENTITY_TOKEN", s)));
    }
}

/// A sign step in a line, for somebody who decides whether it may be done.
pub(crate) fn line(spec: &SignSpec) -> String {
    let by = spec.files.first().map(|f| match &f.by {
        SignBy::Goferry(n) => n.key.as_ref().map_or_else(
            || "with an identity of this machine's user".to_owned(),
            |k| format!("with the key {k}"),
        ),
        SignBy::Command(c) => format!("{} {}", c.program.as_deref().unwrap_or("gpg"), c.args.join(" ")),
    });
    format!("{}: {}", spec.section, by.unwrap_or_default())
}

fn drawn(e: SupplyError) -> Diagnostics {
    let e = match e {
        SupplyError::Service { what, url, reason } => {
            SupplyError::Service { what, url: goferry_net::shown(&url), reason }
        }
        e => e,
    };
    e.diagnostic().into()
}
