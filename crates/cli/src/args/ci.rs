//! `goferry ci`.

use super::Select;
use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub(crate) struct CiArgs {
    #[command(subcommand)]
    pub(crate) action: CiAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CiAction {
    /// Print a docker-bake file of the images, which takes the binaries from dist/
    #[command(after_help = BAKE_EXAMPLES)]
    Bake(Box<BakeArgs>),
}

#[derive(Debug, Args)]
pub(crate) struct BakeArgs {
    #[command(flatten)]
    pub(crate) select: Select,
}

const BAKE_EXAMPLES: &str = "\
Examples:
  goferry build --clean && goferry ci bake > docker-bake.json
  docker buildx bake --print                what BuildKit would do
  docker buildx bake context                lays out what Dockerfiles see, below dist/
  docker buildx bake --push";
