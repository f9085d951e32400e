//! `goferry verify`.

use clap::{Args, ValueHint};
use std::path::PathBuf;

pub(crate) const EXAMPLES: &str = "\
Examples:
  goferry verify --key cosign.pub --bundle tool.tar.gz.sigstore.json tool.tar.gz
  goferry verify --certificate-identity https://github.com/o/r/.github/workflows/release.yml@refs/tags/v1.2.3 \\
      --certificate-oidc-issuer https://token.actions.githubusercontent.com --bundle b.json tool.tar.gz
  goferry verify --key minisign.pub --bundle tool.tar.gz.minisig tool.tar.gz

Nothing is fetched. Without --trusted-root, Sigstore's public instance counts, as goferry knows it.
With one, a signature by --key must be in one of its logs too. A file that is not proved is exit status 4.";

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// The files that the bundle must be about
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath, required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// The bundle, as goferry, cosign and other Sigstore clients write it; with --key also a signature of minisign, of ssh, or cosign's bare one
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub(crate) bundle: PathBuf,
    /// Public key that must have signed: a file in PEM, of minisign or of OpenSSH
    #[arg(long, value_name = "KEY", value_hint = ValueHint::FilePath, conflicts_with_all = ["certificate_identity", "certificate_oidc_issuer"])]
    pub(crate) key: Option<PathBuf>,
    /// Identity in the certificate that must have signed, as a whole: an email address or a URI
    #[arg(
        long,
        value_name = "IDENTITY",
        required_unless_present = "key",
        requires = "certificate_oidc_issuer"
    )]
    pub(crate) certificate_identity: Option<String>,
    /// OIDC issuer of that identity
    #[arg(long, value_name = "URL", requires = "certificate_identity")]
    pub(crate) certificate_oidc_issuer: Option<String>,
    /// Whose certificates, logs and timestamps count: a trusted_root.json
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub(crate) trusted_root: Option<PathBuf>,
    /// Print what is proved as JSON
    #[arg(long)]
    pub(crate) json: bool,
}
