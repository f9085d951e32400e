//! `goferry exec`: a program that is built already, run in this process's place: its streams, status and signals.

use super::say;
use crate::args::ExecArgs;
use crate::output::talk;
use crate::{duration, resolve};
use goferry_emulate::{Apart, Runner};
use goferry_engine::exec::{Known, program};
use goferry_engine::testing::Granted;
use goferry_proc::guest::{Begun, Exceeded, Level};
use goferry_proc::{Cancel, Limits, SpawnError, guest};
use goferry_report::{Code, Diagnostic, Diagnostics};
use std::process::ExitCode;

/// goferry itself failed; it cannot be run here; there is no such program: as env(1) and its kin have it.
pub(super) const FAILED: u8 = 125;
const CANNOT: u8 = 126;
const ABSENT: u8 = 127;

pub(super) fn run(args: &ExecArgs) -> Result<ExitCode, Diagnostics> {
    let apart = args.isolation.apart();
    let spec = known(args).and_then(|known| {
        let session = super::toolchain::session(&Cancel::new())?;
        program(&session, &args.file, args.args.clone(), &known, &apart)
    });
    let spec = match spec {
        Ok(spec) => spec,
        Err(problems) => return Ok(failed(&problems)),
    };
    let ran = guest::run(&spec, &mut |begun| {
        if !args.quiet {
            talk(&lacking(begun, &apart));
        }
    });
    Ok(match ran {
        Ok(run) => {
            if let Some(report) = &args.report {
                let granted = Granted {
                    level: run.level,
                    isolation: run.isolation.clone(),
                    not_registered: run.not_registered.clone(),
                };
                let text = serde_json::to_string(&granted).unwrap_or_default();
                std::fs::write(report, text).map_err(|e| super::unwritable(report, &e))?;
            }
            if let Some(limit) = run.exceeded {
                let what = exceeded(limit, &apart.limits);
                talk(&format!("goferry: {} was ended: {what}\n", args.file.display()));
            }
            ExitCode::from(u8::try_from(run.status.shell_code()).unwrap_or(FAILED))
        }
        Err(e) => {
            talk(&format!("goferry: {e}\n"));
            ExitCode::from(match e {
                SpawnError::NotFound { .. } => ABSENT,
                SpawnError::NotExecutable { .. } => CANNOT,
                _ => FAILED,
            })
        }
    })
}

/// What the program does without, where somebody may count on it.
fn lacking(begun: Begun<'_>, apart: &Apart) -> String {
    let mut out = String::new();
    if let (Level::Emulator, Some(why)) = (begun.level, begun.not_registered) {
        out += &format!("note: programs that this one starts are not emulated ({why})\n");
    }
    if let (Some(why), false) = (begun.not_apart, apart.network) {
        out += &format!("note: the program sees the host's network and processes ({why})\n");
    }
    out
}

fn exceeded(limit: Exceeded, limits: &Limits) -> String {
    match limit {
        Exceeded::Wall => {
            format!("it ran longer than {}", duration::limit(limits.wall.unwrap_or_default()))
        }
        Exceeded::Processes => {
            format!("it had more than {} processes and threads", limits.processes.unwrap_or_default())
        }
    }
}

fn known(args: &ExecArgs) -> Result<Known, Diagnostics> {
    let target = args.target.as_deref().map(resolve::target).transpose()?;
    let runner: Option<Runner> =
        args.runner.as_deref().map(serde_json::from_str).transpose().map_err(|e| {
            Diagnostic::error(Code::ConfigValue, format!("--runner is not what goferry itself writes: {e}"))
        })?;
    let runner = runner.or_else(|| args.on.clone().map(Runner::Ssh));
    Ok(Known { target, runner, sysroot: args.sysroot.clone(), processor: args.processor.clone() })
}

/// Says what is wrong; the status of a program that could not be started.
pub(super) fn failed(problems: &Diagnostics) -> ExitCode {
    let _ = say(problems);
    ExitCode::from(match problems.list.iter().map(|d| d.code).next_back() {
        Some(Code::RunnerMissing | Code::NotABinary | Code::ToolMissing) => CANNOT,
        Some(Code::MainMissing) => ABSENT,
        _ => FAILED,
    })
}
