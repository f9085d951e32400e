//! `goferry image run`: an image's program in this process's place.

use super::exec::{FAILED, failed};
use crate::args::ImageRunArgs;
use crate::output::talk;
use goferry_emulate::{Apart, Way};
use goferry_engine::images::run::{Question, ready};
use goferry_proc::{Cancel, Limits, guest};
use goferry_report::Diagnostics;
use std::process::ExitCode;

pub(super) fn run(args: &ImageRunArgs) -> Result<ExitCode, Diagnostics> {
    let apart =
        Apart { network: args.network, callers_folders: false, limits: Limits::default(), way: Way::Auto };
    let question = Question {
        at: args.at.clone(),
        name: args.name.clone(),
        platform: args.platform.clone(),
        entrypoint: args.entrypoint.clone(),
        args: args.args.clone(),
        env: args.env.clone(),
        user: args.user.clone(),
        apart,
    };
    let start = super::toolchain::session(&Cancel::new()).and_then(|session| ready(&session, &question));
    let start = match start {
        Ok(start) => start,
        Err(problems) => return Ok(failed(&problems)),
    };
    let ran = guest::run(&start.spec, &mut |_| {});
    // The program may have taken rights from itself in its own folders.
    drop(start.folder);
    Ok(match ran {
        Ok(run) => ExitCode::from(u8::try_from(run.status.shell_code()).unwrap_or(FAILED)),
        Err(e) => {
            talk(&format!("goferry: {e}\n"));
            ExitCode::from(FAILED)
        }
    })
}
