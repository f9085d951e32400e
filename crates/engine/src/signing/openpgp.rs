//! OpenPGP signatures by gpg, for packages: deb and rpm know no other kind.
//!
//! Owns: a keyring of its own for each key, how the passphrase gets there, what gpg is asked. Must not: know a package, touch the
//! user's keyring.
//!
//! The keyring is a folder that only this user may enter, with a short path, for gpg-agent's sockets lie in it. The passphrase is
//! given on standard input. The time of a signature is the release's (or the key's own, if that is later), so that the same
//! input gives the same bytes.

use goferry_proc::{CommandSpec, Env, Finished, Host, Limits, OutputMode, Spawner as _, Stdin};
use goferry_report::{Code, Diagnostic};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// gpg answers within a second; a smart card or a wedged agent does not.
const PATIENCE: Duration = Duration::from_secs(60);
/// A socket's path has some hundred bytes (unix(7)), of which gpg-agent's own name takes twenty.
const LONGEST_HOME: usize = 70;
/// How gpg is got where it is missing.
const INSTALL: &str = "sudo apt-get install gpg gpg-agent";

/// A key that was opened and has signed once.
pub(crate) struct OpenPgpKey {
    host: Host,
    gpg: PathBuf,
    path: String,
    home: tempfile::TempDir,
    /// As the configuration names it.
    name: String,
    fingerprint: String,
    passphrase: String,
    /// Unix seconds of every signature.
    time: i64,
}

/// What is needed to open a key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opening<'a> {
    /// The key's file, absolute.
    pub file: &'a Path,
    /// As the configuration names it.
    pub name: &'a str,
    /// Its passphrase.
    pub passphrase: Option<&'a str>,
    /// The variables that could have had it.
    pub variables: &'a [String],
    /// Unix seconds: the release's clock.
    pub clock: i64,
    /// PATH.
    pub path: &'a str,
    /// TMPDIR, if there is one.
    pub tmpdir: Option<&'a str>,
}

impl OpenPgpKey {
    /// Imports the key into a keyring of its own and signs once, so that a wrong passphrase is found now.
    pub(crate) fn open(host: &Host, o: &Opening<'_>) -> Result<Self, Box<Diagnostic>> {
        let found = goferry_proc::find_program("gpg", Some(o.path.as_ref()), Path::new("/"));
        let gpg = found.ok_or_else(|| {
            Box::new(
                Diagnostic::error(Code::ToolMissing, format!("gpg is not on PATH, and {} needs it", o.name))
                    .hint_with("to install it:", INSTALL)
                    .hint_with("to go on without signatures:", "--skip=sign"),
            )
        })?;
        std::fs::metadata(o.file).map_err(|e| unusable(o.name, &e.to_string()))?;
        let home = home(o.tmpdir)?;
        let mut key = OpenPgpKey {
            host: host.clone(),
            gpg,
            path: o.path.to_owned(),
            home,
            name: o.name.to_owned(),
            fingerprint: String::new(),
            passphrase: o.passphrase.unwrap_or_default().to_owned(),
            time: o.clock,
        };
        let imported = key.run(&["--import".into(), o.file.display().to_string()], Stdin::Null)?;
        if !imported.status.success() {
            return Err(key.explained(&imported, o.variables));
        }
        key.choose()?;
        let probe = key.home.path().join("probe");
        std::fs::write(&probe, b"goferry").map_err(|e| crate::dist::failure(&probe, &e))?;
        let tried = key.sign_with(&probe, false)?;
        if !tried.status.success() {
            return Err(key.explained(&tried, o.variables));
        }
        Ok(key)
    }

    /// The one secret key of the file.
    fn choose(&mut self) -> Result<(), Box<Diagnostic>> {
        let listed = self.run(&["--with-colons".into(), "--list-secret-keys".into()], Stdin::Null)?;
        let keys = secret_keys(&listed.stdout_text());
        let key = match keys.as_slice() {
            [key] => key,
            [] => return Err(unusable(&self.name, "there is no private key of OpenPGP in it")),
            _ => return Err(unusable(&self.name, "there is more than one private key in it")),
        };
        if let Some(why) = key.refused {
            return Err(unusable(&self.name, why));
        }
        self.fingerprint.clone_from(&key.fingerprint);
        self.time = self.time.max(key.created);
        Ok(())
    }

    /// A detached signature of a file: binary as rpm has it, or in armour as deb does.
    pub(crate) fn detached(&self, file: &Path, armor: bool) -> Result<Vec<u8>, Box<Diagnostic>> {
        let done = self.sign_with(file, armor)?;
        if done.status.success() && !done.stdout.is_empty() {
            return Ok(done.stdout);
        }
        let message = format!("gpg could not sign with {}", self.name);
        let mut d = Diagnostic::error(Code::SignFailed, message);
        d.notes = done.stderr_text().lines().map(str::to_owned).collect();
        Err(Box::new(d))
    }

    /// A detached signature of everything that is read, which gpg finds in the private folder.
    pub(crate) fn detached_of(&self, data: &mut dyn Read, armor: bool) -> Result<Vec<u8>, Box<Diagnostic>> {
        let io = |e: std::io::Error| crate::dist::failure(self.home.path(), &e);
        let mut file = tempfile::NamedTempFile::new_in(self.home.path()).map_err(io)?;
        std::io::copy(data, &mut file).map_err(io)?;
        self.detached(file.path(), armor)
    }

    fn sign_with(&self, file: &Path, armor: bool) -> Result<Finished, Box<Diagnostic>> {
        let mut args: Vec<String> = [
            "--pinentry-mode",
            "loopback",
            "--passphrase-fd",
            "0",
            "--digest-algo",
            "SHA256",
            "--faked-system-time",
        ]
        .map(str::to_owned)
        .into();
        args.extend([format!("{}!", self.time), "--local-user".into(), self.fingerprint.clone()]);
        args.extend(armor.then(|| "--armor".to_owned()));
        args.extend(["--output".into(), "-".into(), "--detach-sign".into(), file.display().to_string()]);
        self.run(&args, Stdin::Bytes(format!("{}\n", self.passphrase).into_bytes()))
    }

    fn run(&self, args: &[String], stdin: Stdin) -> Result<Finished, Box<Diagnostic>> {
        let common = ["--batch", "--no-tty", "--no-options", "--quiet"];
        let spec = self.command("gpg", self.gpg.display().to_string(), stdin).args(common).args(args);
        self.host.run(&spec).map_err(|e| Box::new(goferry_build::BuildError::from(e).diagnostic()))
    }

    fn command(&self, purpose: &str, program: String, stdin: Stdin) -> CommandSpec {
        let home = self.home.path().display().to_string();
        let env = [("PATH", self.path.clone()), ("HOME", home.clone()), ("GNUPGHOME", home)];
        let env = env.into_iter().chain([("LC_ALL", "C".to_owned())]);
        CommandSpec {
            purpose: purpose.to_owned(),
            program: program.into(),
            args: vec![],
            env: Env::Exactly(env.map(|(k, v)| (k.to_owned(), v)).collect()),
            cwd: Some(self.home.path().to_owned()),
            stdin,
            limits: Limits::wall(PATIENCE),
            output: OutputMode::Capture { max_bytes: 1 << 20 },
        }
    }

    fn explained(&self, done: &Finished, variables: &[String]) -> Box<Diagnostic> {
        let said = done.stderr_text();
        let lower = said.to_lowercase();
        if lower.contains("bad passphrase") || lower.contains("no passphrase given") {
            let what = if self.passphrase.is_empty() {
                "needs a passphrase"
            } else {
                "does not open with its passphrase"
            };
            let d = Diagnostic::error(Code::KeyPassword, format!("the key {} {what}", self.name));
            return Box::new(d.hint(format!("set {}", variables.join(", or "))));
        }
        let mut d = *unusable(&self.name, "gpg does not take it");
        d.notes = said.lines().map(str::to_owned).collect();
        Box::new(d)
    }
}

impl Drop for OpenPgpKey {
    /// The agent that gpg started would outlive the folder for a while.
    fn drop(&mut self) {
        let end = self.command("end gpg-agent", "gpgconf".to_owned(), Stdin::Null);
        let _ = self.host.run(&end.args(["--kill", "all"]));
    }
}

fn unusable(name: &str, why: &str) -> Box<Diagnostic> {
    Box::new(Diagnostic::error(Code::KeyUnusable, format!("the key {name}: {why}")))
}

/// A folder with a path that is short enough; tempfile makes it with mode 0700.
fn home(tmpdir: Option<&str>) -> Result<tempfile::TempDir, Box<Diagnostic>> {
    let short = |d: &&str| d.len() <= LONGEST_HOME && Path::new(d).is_dir();
    let parent = tmpdir.iter().copied().chain(["/tmp", "/var/tmp"]).find(short).unwrap_or("/tmp");
    let made = tempfile::Builder::new().prefix("gpg-").rand_bytes(6).tempdir_in(parent);
    made.map_err(|e| crate::dist::failure(Path::new(parent), &e))
}

/// A secret key as gpg lists it.
#[derive(Debug, PartialEq, Eq)]
struct Listed {
    fingerprint: String,
    /// The newest of it and its subkeys, Unix seconds.
    created: i64,
    refused: Option<&'static str>,
}

/// The secret keys of `--with-colons --list-secret-keys` (GnuPG's doc/DETAILS).
fn secret_keys(text: &str) -> Vec<Listed> {
    let mut keys: Vec<Listed> = vec![];
    for line in text.lines() {
        let fields: Vec<&str> = line.split(':').collect();
        let field = |n: usize| fields.get(n).copied().unwrap_or_default();
        let created = field(5).parse().unwrap_or_default();
        match field(0) {
            "sec" => keys.push(Listed {
                fingerprint: String::new(),
                created,
                refused: match field(1) {
                    "e" => Some("it has expired"),
                    "r" => Some("it was revoked"),
                    "d" | "i" => Some("it is not valid"),
                    _ => None,
                },
            }),
            "ssb" => {
                if let Some(key) = keys.last_mut() {
                    key.created = key.created.max(created);
                }
            }
            "fpr" => {
                if let Some(key) = keys.last_mut().filter(|k| k.fingerprint.is_empty()) {
                    field(9).clone_into(&mut key.fingerprint);
                }
            }
            _ => {}
        }
    }
    keys
}

#[cfg(test)]
mod tests;
