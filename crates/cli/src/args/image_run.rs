//! `goferry image run`.

use clap::{Args, ValueHint};
use std::ffi::OsString;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct ImageRunArgs {
    /// An OCI layout, an archive, or the id of an image in dist/
    #[arg(value_name = "IMAGE", default_value = "dist", value_hint = ValueHint::AnyPath)]
    pub(crate) at: PathBuf,
    /// Which of its images, by its name
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// For which platform [default: this machine's, else the first]
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    pub(crate) platform: Option<String>,
    /// What to start in the place of the image's entrypoint
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) entrypoint: Option<String>,
    /// A variable beside those of the image; KEY alone takes the value from here
    #[arg(short, long, value_name = "KEY[=VALUE]")]
    pub(crate) env: Vec<String>,
    /// Whom it runs as in the place of the image's user
    #[arg(short, long, value_name = "USER[:GROUP]")]
    pub(crate) user: Option<String>,
    /// Let it see the host's network
    #[arg(long)]
    pub(crate) network: bool,
    /// What it is started with
    #[arg(last = true, value_name = "ARGS")]
    pub(crate) args: Vec<OsString>,
}

pub(crate) const RUN_EXAMPLES: &str = "\
Examples:
  goferry image run                                     the only image of dist/, for this machine
  goferry image run tool --platform linux/arm64 -- --version
  goferry image run tool.oci.tar --network -e PORT=8080 what is written is gone when it ends";
