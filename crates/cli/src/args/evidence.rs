//! `goferry sign` and `goferry attest`.

use clap::{Args, ValueHint};
use std::path::PathBuf;

pub(crate) const SIGN_EXAMPLES: &str = "\
Examples:
  goferry sign --generate-key cosign                   cosign.key and cosign.pub, as cosign makes them
  goferry sign --key cosign.key dist/checksums.txt     writes dist/checksums.txt.sigstore.json
  cosign verify-blob --key cosign.pub --bundle dist/checksums.txt.sigstore.json \\
      --insecure-ignore-tlog dist/checksums.txt        (nothing is written to a public log)
  goferry sign dist/checksums.txt                      with an identity: SIGSTORE_ID_TOKEN, or the one of GitHub Actions
  goferry sign --key ~/.minisign/minisign.key tool     writes tool.minisig
  goferry sign --key ~/.ssh/id_ed25519 tool            writes tool.sig, for ssh-keygen -Y verify -n file

The password of an encrypted key is taken from COSIGN_PASSWORD.";

pub(crate) const ATTEST_EXAMPLES: &str = "\
Examples:
  goferry attest --key cosign.key --type slsaprovenance1 --predicate p.json --bundle b.json dist/*.tar.gz
  goferry attest --key env://COSIGN_PRIVATE_KEY --type cyclonedx --predicate sbom.json tool

The password of an encrypted key is taken from COSIGN_PASSWORD.";

#[derive(Debug, Args)]
pub(crate) struct SignArgs {
    /// Files to sign
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath, required_unless_present = "generate_key")]
    pub(crate) files: Vec<PathBuf>,
    /// Private key: cosign's own, PKCS 8, SEC 1, minisign's or OpenSSH's; a file, or env://NAME [default: sign with an identity]
    #[arg(long, value_name = "KEY", allow_hyphen_values = true)]
    pub(crate) key: Option<String>,
    /// Where the signature goes, - for standard output [default: FILE.sigstore.json, FILE.minisig or FILE.sig, by the kind of key]
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub(crate) bundle: Option<PathBuf>,
    /// Make a new key: PREFIX.key, encrypted with COSIGN_PASSWORD, and PREFIX.pub
    #[arg(long, value_name = "PREFIX", value_hint = ValueHint::FilePath, conflicts_with_all = ["files", "key", "bundle", "identity_token", "fulcio_url", "rekor_url", "timestamp_url"])]
    pub(crate) generate_key: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) services: ServiceArgs,
}

/// Whom to ask for a certificate, a log entry and a time.
#[derive(Debug, Args)]
pub(crate) struct ServiceArgs {
    /// Identity token: a file, - for standard input, or the token [default: SIGSTORE_ID_TOKEN, or from GitHub Actions]
    #[arg(long, value_name = "FILE", conflicts_with = "key", value_hint = ValueHint::FilePath)]
    pub(crate) identity_token: Option<String>,
    /// Certificate authority [default: Sigstore's public one]
    #[arg(long, value_name = "URL", conflicts_with = "key")]
    pub(crate) fulcio_url: Option<String>,
    /// Transparency log [default: Sigstore's public one; with --key none]
    #[arg(long, value_name = "URL")]
    pub(crate) rekor_url: Option<String>,
    /// Timestamp authority (RFC 3161), with its path [default: none]
    #[arg(long, value_name = "URL")]
    pub(crate) timestamp_url: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct AttestArgs {
    /// The files that it is about
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath, required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Private key: a file in PEM (cosign's own, PKCS 8, SEC 1), or env://NAME [default: sign with an identity]
    #[arg(long, value_name = "KEY", allow_hyphen_values = true)]
    pub(crate) key: Option<String>,
    /// What is said of the files: a file with a JSON object, or - for standard input
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub(crate) predicate: PathBuf,
    /// What the predicate is: a URI, or one of cosign's words, e.g. slsaprovenance1, cyclonedx, openvex
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) kind: String,
    /// Where the bundle goes, - for standard output [default: FILE.sigstore.json, for one FILE]
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub(crate) bundle: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) services: ServiceArgs,
}
