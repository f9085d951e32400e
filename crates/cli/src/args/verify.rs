//! `goferry verify`.

use clap::{Args, ValueHint};
use std::path::PathBuf;

pub(crate) const EXAMPLES: &str = "\
Examples:
  goferry verify --key cosign.pub downloads/                  a release: every file, and that none is missing
  goferry verify --key cosign.pub --source github.com/o/r --version 1.2.3 tool_1.2.3_linux_amd64.tar.gz
  goferry verify --key cosign.pub --bundle tool.tar.gz.sigstore.json tool.tar.gz
  goferry verify --certificate-identity https://github.com/o/r/.github/workflows/release.yml@refs/tags/v1.2.3 \\
      --certificate-oidc-issuer https://token.actions.githubusercontent.com --bundle b.json tool.tar.gz
  goferry verify --key minisign.pub --bundle tool.tar.gz.minisig tool.tar.gz

Without --bundle, what lies beside the files is the evidence: checksums, signatures, provenance, SBOM. Without --key or an
identity it is only said whether they agree with each other.

Nothing is fetched. Without --trusted-root, Sigstore's public instance counts, as goferry knows it.
With one, a signature by --key must be in one of its logs too. A file that is not proved is exit status 4.";

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// A folder with a release, or files of one; with --bundle, the files that it must be about
    #[arg(value_name = "DIR|FILE", value_hint = ValueHint::AnyPath, required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// One bundle, as goferry, cosign and other Sigstore clients write it, instead of what lies beside the files; with --key also
    /// a signature of minisign, of ssh, or cosign's bare one
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub(crate) bundle: Option<PathBuf>,
    /// Public key that must have signed: a file in PEM, of minisign or of OpenSSH
    #[arg(long, value_name = "KEY", value_hint = ValueHint::FilePath, conflicts_with_all = ["certificate_identity", "certificate_oidc_issuer"])]
    pub(crate) key: Option<PathBuf>,
    /// Identity in the certificate that must have signed, as a whole: an email address or a URI
    #[arg(long, value_name = "IDENTITY", requires = "certificate_oidc_issuer")]
    pub(crate) certificate_identity: Option<String>,
    /// OIDC issuer of that identity
    #[arg(long, value_name = "URL", requires = "certificate_identity")]
    pub(crate) certificate_oidc_issuer: Option<String>,
    /// Whose certificates, logs and timestamps count: a trusted_root.json
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub(crate) trusted_root: Option<PathBuf>,
    /// Repository or module that the release must come from, as its provenance says
    #[arg(long, value_name = "REPO|MODULE", conflicts_with = "bundle")]
    pub(crate) source: Option<String>,
    /// Tag that it must be made of
    #[arg(long, value_name = "TAG", conflicts_with = "bundle")]
    pub(crate) source_tag: Option<String>,
    /// Version that it must be: an older one is refused however well it is signed
    #[arg(long, value_name = "VERSION", conflicts_with = "bundle")]
    pub(crate) version: Option<String>,
    /// Print what is proved as JSON
    #[arg(long)]
    pub(crate) json: bool,
}
