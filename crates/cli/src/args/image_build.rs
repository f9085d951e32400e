//! `goferry image build` and `goferry image inspect`.

use clap::{Args, ValueHint};
use std::path::PathBuf;

pub(crate) const BUILD_EXAMPLES: &str = "\
Examples:
  goferry image build --snapshot            every image, for all of its platforms, into dist/images
  goferry image build --target linux/arm64  for one platform
  podman load -i dist/tool_1.2.3.oci.tar    with `archive = true` in [[image]]
  skopeo copy --all oci:dist/images/tool:ghcr.io/owner/tool:1.2.3 docker://ghcr.io/owner/tool:1.2.3";

#[derive(Debug, Args)]
pub(crate) struct ImageInspectArgs {
    /// An OCI layout, an archive of one or of `docker save`, or a dist folder
    #[arg(value_name = "LAYOUT|ARCHIVE", default_value = "dist", value_hint = ValueHint::AnyPath)]
    pub(crate) at: PathBuf,
    /// Read every blob and unpack every layer, and compare all digests
    #[arg(long)]
    pub(crate) verify: bool,
    /// List the files of each platform's image
    #[arg(long)]
    pub(crate) files: bool,
    /// Print everything as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) const INSPECT_EXAMPLES: &str = "\
Examples:
  goferry image inspect                     the images of dist/
  goferry image inspect --verify tool.tar   an archive, with every digest
  goferry image inspect --json --files dist/images/tool";
