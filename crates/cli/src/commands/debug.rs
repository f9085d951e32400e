//! `goferry debug`: gdb with a program of any target, or a port where one is waited for.

use crate::args::DebugArgs;
use goferry_report::Diagnostics;
use std::process::ExitCode;

#[cfg(not(unix))]
pub(super) fn run(_args: &DebugArgs) -> Result<ExitCode, Diagnostics> {
    use goferry_report::{Code, Diagnostic};
    // The stubs are reached by Unix sockets.
    Err(Diagnostic::error(Code::RunnerMissing, "programs are debugged on Linux only").into())
}

#[cfg(unix)]
pub(super) use with_stub::run;

#[cfg(unix)]
mod with_stub {
    use super::{DebugArgs, Diagnostics, ExitCode};
    use crate::output::{self, talk};
    use crate::resolve;
    use crate::watch::Watch;
    use goferry_engine::Session;
    use goferry_engine::debug::{Debuggee, Listening, attached, debuggee, listen};
    use goferry_proc::Cancel;
    use std::io::IsTerminal;

    pub(in crate::commands) fn run(args: &DebugArgs) -> Result<ExitCode, Diagnostics> {
        let cancel = Cancel::new();
        let _watch = Watch::start(&cancel, None);
        let session = crate::commands::toolchain::session(&cancel)?;
        let target = resolve::target(&args.target)?;
        let batch = args.batch || !args.commands.is_empty();
        let terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
        // A port that is taken is known before anything is built.
        let port = match args.listen.is_some() || !(batch || terminal) {
            true => Some(Listening::at(args.listen.as_deref())?),
            false => None,
        };
        let program = debuggee(&session, target, args.package.as_deref(), &args.args, &args.break_at)?;
        match port {
            Some(port) => waits(&session, &program, &port, args.once),
            None => {
                let status = attached(&session, &program, &args.commands, batch)?;
                Ok(ExitCode::from(u8::try_from(status).unwrap_or(1)))
            }
        }
    }

    fn waits(
        session: &Session,
        program: &Debuggee,
        port: &Listening,
        once: bool,
    ) -> Result<ExitCode, Diagnostics> {
        output::json(&port.launch(program));
        let line = port.attach_line(program);
        talk(&format!("waiting for a debugger on {}; with gdb:\n  {line}\n", port.address));
        listen(session, program, port, once, &|| {
            let next = if once { "" } else { "; waiting for the next one (Ctrl-C ends)" };
            talk(&format!("the session has ended{next}\n"));
        })?;
        // Ctrl-C is how it ends without --once.
        Ok(ExitCode::from(if session.host.cancel().is_cancelled() { 130 } else { 0 }))
    }
}
