//! `signs`, `binary_signs` and `[sign]`: what is signed, and by what.

use super::Text;
use crate::place::Place;
use serde::Serialize;

/// One item of `signs` or `binary_signs`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SignItem {
    /// `id`, default `default`.
    pub id: Option<Text>,
    /// `cmd`, default gpg or git's `gpg.program`. Not a template in goreleaser.
    pub cmd: Option<Text>,
    /// `args`: `$name` first, then templates.
    pub args: Vec<Text>,
    /// `signature`: name of the file, in the same way.
    pub signature: Option<Text>,
    /// `certificate`: name of the file, in the same way.
    pub certificate: Option<Text>,
    /// `artifacts`: which kind.
    pub artifacts: Option<Text>,
    /// `ids` of builds or archives.
    pub ids: Vec<Text>,
    /// `if` (goreleaser Pro): only when it gives true.
    pub condition: Option<Text>,
    /// `stdin`: text, in the same way as `args`.
    pub stdin: Option<Text>,
    /// `stdin_file`: a path, taken as it is.
    pub stdin_file: Option<Text>,
    /// `env`: `KEY=template` items.
    pub env: Vec<Text>,
    /// `output` (bool or template).
    pub output: Option<Text>,
    /// Where.
    #[serde(skip)]
    pub place: Place,
}

/// `[sign]` of goferry.toml.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Signing {
    /// `key`: a path or `env://NAME` (template).
    pub key: Option<Text>,
    /// `keyless`: with a certificate for an identity.
    pub keyless: bool,
    /// `artifacts`, default `checksum`.
    pub artifacts: Option<Text>,
    /// `ids` of builds or archives.
    pub ids: Vec<Text>,
    /// `signature`: name of the file.
    pub signature: Option<Text>,
    /// `fulcio`: address of the certificate authority.
    pub fulcio: Option<Text>,
    /// `rekor`: address of the log.
    pub rekor: Option<Text>,
    /// `tsa`: address of the timestamp authority.
    pub tsa: Option<Text>,
    /// Where.
    #[serde(skip)]
    pub place: Place,
}

impl Signing {
    /// Whether it says by whom to sign.
    pub fn is_configured(&self) -> bool {
        self.keyless || self.key.is_some()
    }
}
