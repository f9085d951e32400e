//! `goferry run`: this process becomes the program, so that its status, signals and streams are its own.

use super::say;
use crate::args::RunArgs;
use crate::output::talk;
use crate::resolve;
use crate::watch::Watch;
use goferry_proc::{Cancel, exec_instead};
use goferry_report::{Code, Diagnostics};
use std::process::ExitCode;

/// goferry itself failed; it cannot be run here; there is no such program: as env(1) and its kin have it.
const FAILED: u8 = 125;
const CANNOT: u8 = 126;
const ABSENT: u8 = 127;

// Every other command gives its problems to the caller, whose statuses are not those of `run`.
#[expect(clippy::unnecessary_wraps, reason = "the shape of all commands")]
pub(super) fn run(args: &RunArgs) -> Result<ExitCode, Diagnostics> {
    let cancel = Cancel::new();
    let command = {
        let _watch = Watch::start(&cancel, None);
        super::toolchain::session(&cancel).and_then(|session| {
            let target = resolve::target(&args.target)?;
            goferry_engine::run::program(&session, target, args.package.as_deref(), &args.args)
        })
    };
    let command = match command {
        Ok(c) => c,
        Err(problems) => {
            let _ = say(&problems);
            return Ok(ExitCode::from(status(&problems)));
        }
    };
    let error = exec_instead(&command.program, &command.args, &command.env, &[]);
    talk(&format!("goferry: {} cannot be started: {error}\n", command.program.display()));
    let absent = error.kind() == std::io::ErrorKind::NotFound;
    Ok(ExitCode::from(if absent { ABSENT } else { CANNOT }))
}

fn status(problems: &Diagnostics) -> u8 {
    match problems.list.iter().map(|d| d.code).next_back() {
        Some(Code::RunnerMissing | Code::NotABinary) => CANNOT,
        Some(Code::MainMissing) => ABSENT,
        _ => FAILED,
    }
}
