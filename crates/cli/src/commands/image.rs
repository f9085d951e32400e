//! `goferry image`.

use super::image_push;
use crate::args::{ImageAction, ImageArgs};
use goferry_report::Diagnostics;
use std::process::ExitCode;

pub(super) fn run(args: &ImageArgs) -> Result<ExitCode, Diagnostics> {
    match &args.action {
        ImageAction::Push(a) => image_push::run(a),
    }
}
