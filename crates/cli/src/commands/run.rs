//! `goferry run`: a program built for a target; this process then becomes `goferry exec` with it.

use super::exec::failed;
use crate::args::RunArgs;
use crate::resolve;
use crate::watch::Watch;
use goferry_emulate::Runner;
use goferry_engine::exec::command_line;
use goferry_engine::run::Ready;
use goferry_proc::{Cancel, exec_instead};
use goferry_report::{Code, Diagnostic, Diagnostics};
use goferry_target::GoTarget;
use std::ffi::OsString;
use std::process::ExitCode;

// Every other command gives its problems to the caller, whose statuses are not those of `run`.
#[expect(clippy::unnecessary_wraps, reason = "the shape of all commands")]
pub(super) fn run(args: &RunArgs) -> Result<ExitCode, Diagnostics> {
    let cancel = Cancel::new();
    let ready = {
        let _watch = Watch::start(&cancel, None);
        super::toolchain::session(&cancel).and_then(|session| {
            let target = resolve::target(&args.target)?;
            let on = args.on.clone().map(Runner::Ssh);
            Ok((target, goferry_engine::run::program(&session, target, args.package.as_deref(), on)?))
        })
    };
    let become_it = ready.and_then(|(target, ready)| {
        let own = std::env::current_exe()
            .map_err(|e| Diagnostic::error(Code::Io, format!("the path of goferry is unknown: {e}")))?;
        // By exec, because programs are entered without threads, and the build has some.
        let error = exec_instead(&own, &arguments(args, target, &ready), &[], &[]);
        Err::<ExitCode, _>(
            Diagnostic::error(Code::Io, format!("goferry cannot start itself again: {error}")).into(),
        )
    });
    Ok(become_it.unwrap_or_else(|problems| failed(&problems)))
}

/// The command line of `goferry exec`.
fn arguments(args: &RunArgs, target: GoTarget, ready: &Ready) -> Vec<OsString> {
    let known = command_line(&target, &ready.runner, ready.sysroot.as_deref());
    let (own, last) = known.split_at(known.len() - 1);
    let own = own.iter().map(OsString::from).chain(args.isolation.arguments());
    let program = [OsString::from(&last[0]), ready.file.clone().into()];
    own.chain(program).chain(args.args.iter().cloned()).collect()
}
