//! `goferry image`.

use super::MakeArgs;
use super::image_build::{BUILD_EXAMPLES, INSPECT_EXAMPLES, ImageInspectArgs};
use super::image_push::{ImagePushArgs, PUSH_EXAMPLES};
use super::image_run::{ImageRunArgs, RUN_EXAMPLES};
use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub(crate) struct ImageArgs {
    #[command(subcommand)]
    pub(crate) action: ImageAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ImageAction {
    /// Build, verify and make the images that are configured, and nothing else
    #[command(after_help = BUILD_EXAMPLES)]
    Build(Box<MakeArgs>),
    /// Say what an image is, by its bytes
    #[command(after_help = INSPECT_EXAMPLES)]
    Inspect(ImageInspectArgs),
    /// Run an image's program here, for any of its platforms, with the image as its whole file system
    #[command(after_help = RUN_EXAMPLES)]
    Run(ImageRunArgs),
    /// Push images to their registries, with signature, bill of materials and provenance
    #[command(after_help = PUSH_EXAMPLES)]
    Push(ImagePushArgs),
}
