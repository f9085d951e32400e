//! A gpg with a home of its own, and one key in it.

use goferry_package::linux::{Sign, SignatureForm};
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A key without a passphrase.
pub(crate) struct Gpg {
    home: TempDir,
}

impl Gpg {
    /// `algorithm` in gpg's words: `rsa2048`, `ed25519`.
    pub(crate) fn new(algorithm: &str) -> Gpg {
        let gpg = Gpg { home: tempfile::Builder::new().prefix("g").tempdir().unwrap() };
        let user = "Ann Other <ann@example.com>";
        gpg.run(&["--passphrase", "", "--quick-generate-key", user, algorithm, "sign", "never"], b"");
        gpg
    }

    /// What gpg writes when it ends well.
    pub(crate) fn run(&self, args: &[&str], input: &[u8]) -> Vec<u8> {
        self.tried(args, input).unwrap()
    }

    fn tried(&self, args: &[&str], input: &[u8]) -> Result<Vec<u8>, String> {
        let mut gpg = Command::new("gpg")
            .args(["--batch", "--yes", "--no-tty", "--homedir"])
            .arg(self.home.path())
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        gpg.stdin.take().unwrap().write_all(input).unwrap();
        let made = gpg.wait_with_output().unwrap();
        if made.status.success() {
            Ok(made.stdout)
        } else {
            Err(String::from_utf8_lossy(&made.stderr).into_owned())
        }
    }
}

impl Drop for Gpg {
    fn drop(&mut self) {
        let agent =
            Command::new("gpgconf").arg("--homedir").arg(self.home.path()).args(["--kill", "all"]).status();
        drop(agent);
    }
}

impl Sign for Gpg {
    fn sign(&self, form: SignatureForm, data: &mut dyn Read) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        data.read_to_end(&mut bytes).unwrap();
        match form {
            SignatureForm::Detached => self.tried(&["--detach-sign"], &bytes),
            SignatureForm::ArmoredDetached => self.tried(&["--armor", "--detach-sign"], &bytes),
            SignatureForm::RsaSha1 => Err("gpg does not sign apk".into()),
        }
    }
}
