//! Keys that sign inside packages: OpenPGP by gpg for deb and rpm, RSA for apk.
//!
//! Owns: which kind a format wants, and opening each once. Must not: know a package.

use super::openpgp::{OpenPgpKey, Opening};
use super::{KEY_LIMIT, Keys, drawn};
use crate::session::Session;
use goferry_package::linux::{RsaKey, Sign, SignatureForm};
use goferry_plan::graph::{Action, LinuxPackageSpec, PackageSigning, Plan};
use goferry_report::{Code, Diagnostic, Diagnostics};
use std::io::Read;
use std::path::Path;
use std::sync::{Arc, PoisonError};

/// A key that signs packages of its kind.
pub(crate) enum PackageKey {
    /// deb, rpm.
    OpenPgp(OpenPgpKey),
    /// apk.
    Rsa(RsaKey),
}

impl Sign for PackageKey {
    fn sign(&self, form: SignatureForm, data: &mut dyn Read) -> Result<Vec<u8>, String> {
        let (key, armor) = match (self, form) {
            (PackageKey::Rsa(key), _) => return key.sign(form, data),
            (PackageKey::OpenPgp(key), SignatureForm::Detached) => (key, false),
            (PackageKey::OpenPgp(key), SignatureForm::ArmoredDetached) => (key, true),
            (PackageKey::OpenPgp(_), SignatureForm::RsaSha1) => return Err("gpg signs no apk".to_owned()),
        };
        key.detached_of(data, armor)
            .map_err(|d| std::iter::once(d.message).chain(d.notes).collect::<Vec<_>>().join("\n"))
    }
}

impl Keys {
    /// Opens every key that a package will need. With `hooks` still to run, a file that is not there may be made by them.
    pub(crate) fn open_packages(
        &self,
        session: &Session,
        root: &Path,
        plan: &Plan,
        hooks: bool,
    ) -> Result<(), Diagnostics> {
        let mut problems = Diagnostics::default();
        for step in &plan.steps {
            let Action::LinuxPackage(spec) = &step.action else { continue };
            let Some(signing) = &spec.signing else { continue };
            if hooks && !root.join(&signing.key_file).exists() {
                continue;
            }
            for d in self.package_key(session, root, spec, signing).err().into_iter().flat_map(|e| e.list) {
                if !problems.list.contains(&d) {
                    problems.push(d);
                }
            }
        }
        if problems.has_errors() { Err(problems) } else { Ok(()) }
    }

    /// The key that signs a package, opened once.
    ///
    /// # Errors
    /// gpg is missing, or the key cannot be used or does not open.
    pub(crate) fn package_key(
        &self,
        session: &Session,
        root: &Path,
        spec: &LinuxPackageSpec,
        signing: &PackageSigning,
    ) -> Result<Arc<PackageKey>, Diagnostics> {
        let is_rsa = spec.format == "apk";
        let id = (is_rsa, signing.key_file.clone(), signing.passphrase.as_deref().map(super::digest));
        let mut opened = self.packages.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = opened.get(&id) {
            return Ok(Arc::clone(key));
        }
        let file = root.join(&signing.key_file);
        let key = match is_rsa {
            true => PackageKey::Rsa(rsa(&file, signing)?),
            false => PackageKey::OpenPgp(OpenPgpKey::open(
                &session.host,
                &Opening {
                    file: &file,
                    name: &signing.key_file,
                    passphrase: signing.passphrase.as_deref(),
                    variables: &signing.variables,
                    clock: spec.default_mtime,
                    path: session.path(),
                    tmpdir: session.env.get("TMPDIR").map(String::as_str),
                },
            )?),
        };
        let key = Arc::new(key);
        opened.insert(id, Arc::clone(&key));
        Ok(key)
    }
}

fn rsa(file: &Path, signing: &PackageSigning) -> Result<RsaKey, Diagnostics> {
    let pem = goferry_supply::read_bounded(file, KEY_LIMIT).map_err(drawn)?;
    RsaKey::from_pem(&pem, signing.passphrase.as_deref()).map_err(|why| {
        let message = format!("the key {}: {why}", signing.key_file);
        if why.contains("passphrase") {
            let d = Diagnostic::error(Code::KeyPassword, message);
            return d.hint(format!("set {}", signing.variables.join(", or "))).into();
        }
        Diagnostics::from(Diagnostic::error(Code::KeyUnusable, message))
    })
}
