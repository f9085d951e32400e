//! Signatures as plain data: which files, by what, into which files.

use serde::Serialize;

/// Signatures of some artifacts by one item of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SignSpec {
    /// Where it was configured: `sign`, `signs` or `binary_signs`.
    pub section: &'static str,
    /// Its id, which artifacts.json says of each signature.
    pub id: String,
    /// Whether the output of a command is shown.
    pub output: bool,
    /// What is signed, one after another.
    pub files: Vec<SignedFile>,
}

/// One signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SignedFile {
    /// The artifact's name.
    pub name: String,
    /// Its path, relative to the working directory.
    pub path: String,
    /// By what.
    pub by: SignBy,
}

/// Who signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "by", rename_all = "kebab-case")]
pub enum SignBy {
    /// goferry itself.
    Goferry(NativeSign),
    /// A command of the user's.
    Command(SignCommand),
}

impl SignBy {
    /// What goferry itself does, if it does.
    pub fn native(&self) -> Option<&NativeSign> {
        match self {
            SignBy::Goferry(native) => Some(native),
            SignBy::Command(_) => None,
        }
    }
}

/// A signature that goferry makes. Paths are relative to the working directory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NativeSign {
    /// The key: a path or `env://NAME`; none: a certificate for an identity.
    pub key: Option<String>,
    /// Where the signature goes in the key's own form: a sigstore bundle, or minisign's or ssh's file.
    pub bundle: Option<String>,
    /// Where the bare signature goes, as cosign's `--output-signature` has it.
    pub signature: Option<String>,
    /// Where the certificate goes, as cosign's `--output-certificate` has it.
    pub certificate: Option<String>,
    /// Whether these two are not in base64.
    pub raw: bool,
    /// The identity token, or a file with it; none: from the environment.
    #[serde(serialize_with = "crate::secret::opaque")]
    pub token: Option<String>,
    /// Whom to ask.
    pub services: Services,
    /// Whether the log is asked although a key signs.
    pub log: bool,
    /// `KEY=value` before the environment, for COSIGN_PASSWORD and `env://NAME`. Secrets are serialised without their values.
    #[serde(serialize_with = "crate::secret::lines")]
    pub env: Vec<String>,
    /// What cosign would have read as its password.
    #[serde(serialize_with = "crate::secret::opaque")]
    pub stdin: Option<String>,
}

/// Addresses; none: Sigstore's public ones, and no timestamp.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Services {
    /// The certificate authority.
    pub fulcio: Option<String>,
    /// The transparency log.
    pub rekor: Option<String>,
    /// The timestamp authority.
    pub tsa: Option<String>,
}

/// A signature that a command makes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SignCommand {
    /// The program; none: git's `gpg.program`, else gpg.
    pub program: Option<String>,
    /// Its arguments.
    pub args: Vec<String>,
    /// `KEY=value` beside the inherited environment. Secrets are serialised without their values.
    #[serde(serialize_with = "crate::secret::lines")]
    pub env: Vec<String>,
    /// Text for its standard input.
    #[serde(serialize_with = "crate::secret::opaque")]
    pub stdin: Option<String>,
    /// File for its standard input.
    pub stdin_file: Option<String>,
}
