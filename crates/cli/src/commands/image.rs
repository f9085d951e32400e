//! `goferry image`.

use super::{image_inspect, image_push, image_run, release};
use crate::args::{ImageAction, ImageArgs};
use goferry_report::Diagnostics;
use std::process::ExitCode;

pub(super) fn run(args: &ImageArgs) -> Result<ExitCode, Diagnostics> {
    match &args.action {
        ImageAction::Build(a) => release::images(a),
        ImageAction::Inspect(a) => image_inspect::run(a),
        ImageAction::Run(a) => image_run::run(a),
        ImageAction::Push(a) => image_push::run(a),
    }
}
