//! Which of the usual `cosign sign-blob` commands goferry can do itself: from the command's words alone.
//!
//! Owns: the reading of that command line, as cosign 2 and 3 read it (pflag). Must not: look at a file or the environment.
//! Anything that is not understood to the last word is not taken over: the command is run as it is.

use crate::graph::Services;

/// What a `cosign sign-blob` asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SignBlob {
    /// `--key`; none: keyless.
    pub(crate) key: Option<String>,
    /// `--bundle`.
    pub(crate) bundle: Option<String>,
    /// `--output-signature`.
    pub(crate) signature: Option<String>,
    /// `--output-certificate`.
    pub(crate) certificate: Option<String>,
    /// `--b64=false`: the two files are not in base64.
    pub(crate) raw: bool,
    /// `--identity-token`: a token, or a file with one.
    pub(crate) token: Option<String>,
    /// Addresses that were given.
    pub(crate) services: Services,
    /// `--tlog-upload`, if it was said.
    pub(crate) log: Option<bool>,
    /// What is signed.
    pub(crate) file: String,
}

/// Flags without a value that change nothing here, or only when they are this.
const BOOLEANS: [(&str, Option<bool>); 11] = [
    ("yes", None),
    ("verbose", None),
    ("insecure-skip-verify", None),
    ("use-signing-config", None),
    ("oidc-disable-ambient-providers", Some(false)),
    ("new-bundle-format", Some(true)),
    ("issue-certificate", Some(false)),
    ("sk", Some(false)),
    ("allow-http-registry", None),
    // Of images: only the image itself is signed here, and the signature goes to the registry.
    ("recursive", Some(false)),
    ("upload", Some(true)),
];

/// Flags with a value that change nothing here: an issuer is asked only when somebody is there to log in.
const IGNORED: [&str; 4] = ["oidc-issuer", "oidc-client-id", "timeout", "output-file"];

/// Reads a command; none if goferry must leave it to the program.
pub(crate) fn sign_blob(cmd: &str, args: &[String]) -> Option<SignBlob> {
    let out = read(cmd, args, "sign-blob")?;
    (out.bundle.is_some() || out.signature.is_some()).then_some(out)
}

/// Reads a `cosign sign`, whose `file` is an image's reference; none if goferry must leave it to the program. A copy of the
/// signature in a file is not made here.
pub(crate) fn sign_image(cmd: &str, args: &[String]) -> Option<SignBlob> {
    let out = read(cmd, args, "sign")?;
    (out.bundle.is_none() && out.signature.is_none() && out.certificate.is_none()).then_some(out)
}

fn read(cmd: &str, args: &[String], wanted: &str) -> Option<SignBlob> {
    let program = cmd.rsplit(['/', '\\']).next()?;
    if !matches!(program.strip_suffix(".exe").unwrap_or(program), "cosign") {
        return None;
    }
    let mut words = Words { rest: args.iter() };
    let mut out = SignBlob::default();
    let mut positional = vec![];
    while let Some(word) = words.rest.next() {
        match word.as_str() {
            "--" => positional.extend(words.rest.by_ref().map(String::as_str)),
            "-y" | "-d" => {}
            "-t" => drop(words.rest.next()?),
            w if w.starts_with("--") => words.flag(w, &mut out)?,
            w if w.starts_with('-') => return None,
            w => positional.push(w),
        }
    }
    let [command, file] = positional.as_slice() else { return None };
    out.file = (*file).to_owned();
    let kms = out.key.as_ref().is_some_and(|k| k.contains("://") && !k.starts_with("env://"));
    (*command == wanted && !kms && !file.starts_with("-")).then_some(out)
}

struct Words<'a> {
    rest: std::slice::Iter<'a, String>,
}

impl Words<'_> {
    fn flag(&mut self, word: &str, out: &mut SignBlob) -> Option<()> {
        let (name, given) = match word[2..].split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (&word[2..], None),
        };
        // A boolean takes no word of its own: `--yes true` is a file called true.
        let boolean = || parse_bool(given.as_deref().unwrap_or("true"));
        match name {
            "tlog-upload" => out.log = Some(boolean()?),
            "b64" => out.raw = !boolean()?,
            _ => {
                if let Some((_, only)) = BOOLEANS.iter().find(|(n, _)| *n == name) {
                    let value = boolean()?;
                    return only.is_none_or(|o| o == value).then_some(());
                }
                let value = match given {
                    Some(value) => value,
                    None => self.rest.next()?.clone(),
                };
                let some = Some(value).filter(|v| !v.is_empty());
                match name {
                    "key" => out.key = some,
                    "bundle" => out.bundle = some,
                    "output-signature" | "output" => out.signature = some,
                    "output-certificate" => out.certificate = some,
                    "identity-token" => out.token = some,
                    "fulcio-url" => out.services.fulcio = some,
                    "rekor-url" => out.services.rekor = some,
                    "timestamp-server-url" => out.services.tsa = some,
                    name if IGNORED.contains(&name) => {}
                    _ => return None,
                }
            }
        }
        Some(())
    }
}

/// Go's `strconv.ParseBool`.
fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
