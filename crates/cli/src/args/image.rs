//! `goferry image`.

use super::image_push::{ImagePushArgs, PUSH_EXAMPLES};
use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub(crate) struct ImageArgs {
    #[command(subcommand)]
    pub(crate) action: ImageAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ImageAction {
    /// Push images to their registries, with signature, bill of materials and provenance
    #[command(after_help = PUSH_EXAMPLES)]
    Push(ImagePushArgs),
}
