//! `goferry image push`.

use super::ServiceArgs;
use clap::{Args, ValueHint};
use std::path::PathBuf;

pub(crate) const PUSH_EXAMPLES: &str = "\
Examples:
  goferry image push                                  every image of dist/, under its names
  goferry image push --to ghcr.io/me/tool:1.2.3 --to quay.io/me/tool build/layout
  goferry image push dist/tool_1.2.3.oci.tar --to quay.io/me/tool
  goferry image push --key cosign.key                 signed, with what the release says of it signed too
  cosign verify --key cosign.pub --insecure-ignore-tlog ghcr.io/me/tool:1.2.3

Credentials are those of Docker's configuration and its helpers (DOCKER_CONFIG, DOCKER_AUTH_CONFIG). Signature and attachments refer
to the image, which stays as it is; registries without a list of them get a tag sha256-…. With a key or an identity each
attachment is signed as a statement about the image, as cosign attest does. What is there already is not sent again.";

#[derive(Debug, Args)]
pub(crate) struct ImagePushArgs {
    /// An OCI image layout, an archive of one or of `docker save`, or a folder with layouts in its images/
    #[arg(value_name = "DIR|ARCHIVE", value_hint = ValueHint::AnyPath, default_value = "dist")]
    pub(crate) folder: PathBuf,
    /// Where to push the image instead; without a tag, under those that it has [default: its names in the layout]
    #[arg(long, value_name = "REF")]
    pub(crate) to: Vec<String>,
    /// Leave a tag alone that exists with another digest: exit status 3
    #[arg(long)]
    pub(crate) immutable: bool,
    /// Sign the image with this key: a file in PEM (cosign's own, PKCS 8, SEC 1), or env://NAME
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<String>,
    /// Sign also as cosign did before version 3, under the tag sha256-….sig
    #[arg(long, requires = "key")]
    pub(crate) signature_tag: bool,
    /// Sign the image with an identity
    #[arg(long, conflicts_with = "key")]
    pub(crate) keyless: bool,
    /// Attach a file: CycloneDX, SPDX, OpenVEX, an in-toto statement such as provenance, or a bundle with one [default:
    /// what the release in DIR has of SBOMs, provenance and verification summary]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) attach: Vec<PathBuf>,
    /// Attach nothing of the release
    #[arg(long, conflicts_with = "attach")]
    pub(crate) no_attach: bool,
    /// A repository of the same registry that may have the same layers
    #[arg(long, value_name = "REPOSITORY")]
    pub(crate) mount_from: Vec<String>,
    /// A registry that speaks plain http; those on this machine always may
    #[arg(long, value_name = "HOST")]
    pub(crate) plain_http: Vec<String>,
    /// Write the digests to a file, as goreleaser's docker_digest has them
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) digests: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) services: ServiceArgs,
    /// Print what was pushed as JSON
    #[arg(long)]
    pub(crate) json: bool,
}
