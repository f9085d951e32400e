//! What signs a release: keys that are opened once, and what they need of the environment.
//!
//! Owns: where a key and its password come from, and which files a signature is written into. Must not: know a format.

use base64ct::{Base64, Encoding as _};
use goferry_plan::graph::{NativeSign, SignBy, SignSpec};
use goferry_plan::secret;
use goferry_report::{Code, Diagnostic, Diagnostics};
use goferry_supply::{Password, SigningKey, SupplyError};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// A key is some hundred bytes.
const KEY_LIMIT: u64 = 1 << 20;

/// Variables of one signature, its own before all others.
#[derive(Clone, Copy)]
pub(crate) struct Environment<'a> {
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

/// A key's name and its password.
type Opening = (String, Option<String>);

/// Keys that were opened: a password costs a sixth of a second, and a release has many files.
#[derive(Default)]
pub(crate) struct Keys {
    opened: Mutex<HashMap<Opening, Arc<SigningKey>>>,
}

impl Keys {
    /// Signs a file; the files to write, relative to `cwd`, with what goes into them.
    pub(crate) fn sign(
        &self,
        cwd: &Path,
        file: &str,
        native: &NativeSign,
        env: &Environment<'_>,
    ) -> Result<Vec<(String, Vec<u8>)>, Diagnostics> {
        let path = cwd.join(file);
        let signature = match &native.key {
            Some(name) => self.open(cwd, name, env, native.stdin.as_deref())?.sign(&path).map_err(drawn)?,
            None => {
                let message = format!("{file}: no key is named, and there is no identity token to sign with");
                return Err(Diagnostic::error(Code::IdentityToken, message).into());
            }
        };
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

    /// A statement, signed.
    pub(crate) fn seal(
        &self,
        cwd: &Path,
        statement: &goferry_supply::Statement,
        native: &NativeSign,
        env: &Environment<'_>,
    ) -> Result<Sealed, Diagnostics> {
        let Some(name) = &native.key else {
            let message = "provenance: no key is named, and there is no identity token to sign with";
            return Err(Diagnostic::error(Code::IdentityToken, message).into());
        };
        let key = self.open(cwd, name, env, native.stdin.as_deref())?;
        let bytes = goferry_supply::slsa::sealed(statement, key.sigstore()).map_err(drawn)?;
        let beside = key.sigstore().is_none().then_some(key);
        Ok(Sealed { bytes, beside })
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
        let id = (name.to_owned(), password.map(str::to_owned));
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = opened.get(&id) {
            return Ok(Arc::clone(key));
        }
        let text = match name.strip_prefix("env://") {
            Some(variable) => env.get(variable).map(|v| v.as_bytes().to_vec()).ok_or_else(|| {
                let reason = "there is no such variable".to_owned();
                drawn(SupplyError::Key { name: name.to_owned(), reason })
            })?,
            None => goferry_supply::read_bounded(&cwd.join(name), KEY_LIMIT).map_err(drawn)?,
        };
        let password = password.map(Password::new);
        let key = Arc::new(SigningKey::read(&text, name, password.as_ref()).map_err(drawn)?);
        opened.insert(id, Arc::clone(&key));
        Ok(key)
    }
}

/// As cosign's `--b64` has it.
fn encoded(bytes: Vec<u8>, raw: bool) -> Vec<u8> {
    if raw { bytes } else { Base64::encode_string(&bytes).into_bytes() }
}

/// Writes a file without a moment in which half of it is there.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".goferry-tmp");
    std::fs::write(&beside, bytes)?;
    std::fs::rename(&beside, path)
}

/// What a sign step knows of secrets beyond the environment.
pub(crate) fn learn_secrets(spec: &SignSpec) {
    for file in &spec.files {
        let (env, stdin, token) = match &file.by {
            SignBy::Goferry(n) => (&n.env, n.stdin.as_deref(), n.token.as_deref()),
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
    e.diagnostic().into()
}
