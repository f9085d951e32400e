//! `goferry trace`: a program run under what writes its system calls down.
//!
//! Owns: which tool traces a runner's programs and how it is called, where it writes. Must not: understand the trace.

use crate::run::Ready;
use crate::session::Session;
use goferry_emulate::trace::{Event, Log, read_qemu, read_strace};
use goferry_emulate::{Runner, RunnerCommand, command_for};
use goferry_proc::{CommandSpec, Env, OutputMode, SpawnError, Spawner, Status, Stdin, find_program};
use goferry_report::{Code, Diagnostic, Diagnostics};
use goferry_target::{GoTarget, Os};
use std::ffi::OsString;
use std::fmt::Write;
use std::path::Path;

/// Where the traced program's own output goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Streams {
    /// To the caller's.
    Callers,
    /// Both to the caller's standard error, since the trace takes standard output.
    Error,
    /// It is kept, and the program reads nothing.
    Kept,
}

/// A program's run with its trace.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// What it was built for.
    pub target: GoTarget,
    /// What ran and traced it: `qemu 7.2.22`, `native, strace`.
    pub by: String,
    /// What happened, in order.
    pub events: Vec<Event>,
    /// The text of the trace. An emulator's files are put in order, each line with its thread's number before it.
    pub raw: String,
    /// How the program ended; none: the user interrupted it.
    pub status: Option<Status>,
    /// Its standard output and error, if they were kept.
    pub output: (Vec<u8>, Vec<u8>),
}

impl Recorded {
    /// The status that a shell would give.
    pub fn shell_code(&self) -> i32 {
        self.status.map_or(130, Status::shell_code)
    }
}

/// Runs the program to its end and reads its trace.
///
/// # Errors
/// Nothing traces such programs here, or the program could not be started.
pub fn record(
    session: &Session,
    target: GoTarget,
    ready: &Ready,
    args: &[OsString],
    streams: Streams,
) -> Result<Recorded, Diagnostics> {
    let folder = tempfile::Builder::new()
        .prefix("goferry-trace-")
        .tempdir()
        .map_err(|e| crate::dist::failure(&std::env::temp_dir(), &e))?;
    let plain = command_for(&ready.runner, &target, &ready.file, &[], ready.sysroot.as_deref());
    let mut command = match &ready.runner {
        Runner::QemuUser { version, .. } => emulated(plain, version, folder.path()),
        Runner::Native if target.os == Os::Linux => native(session, plain, folder.path())?,
        _ => return Err(no_tracer(target).into()),
    };
    command.args.extend(args.iter().cloned());
    let spec = CommandSpec {
        // A trace that the caller's environment asks for would go elsewhere, or come twice.
        env: Env::Inherit { set: command.env, remove: LOGGING.iter().map(|n| (*n).to_owned()).collect() },
        stdin: if streams == Streams::Kept { Stdin::Null } else { Stdin::Inherit },
        output: match streams {
            Streams::Callers => OutputMode::Inherit,
            Streams::Error => OutputMode::InheritError,
            Streams::Kept => OutputMode::CAPTURE,
        },
        ..CommandSpec::new(format!("{target} under a trace"), command.program).args(command.args)
    };
    let (status, output) = match session.host.run(&spec) {
        Ok(done) => (Some(done.status), (done.stdout, done.stderr)),
        // What was written until then is worth the same.
        Err(SpawnError::Cancelled { .. }) => (None, (vec![], vec![])),
        Err(e) => return Err(Diagnostic::error(Code::DoesNotStart, e.to_string()).into()),
    };
    let (events, raw) = read(&ready.runner, target, folder.path())?;
    let by = match &ready.runner {
        Runner::Native => "native, strace".to_owned(),
        other => other.label(),
    };
    Ok(Recorded { target, by, events, raw, status, output })
}

/// Variables by which qemu-user is told to write logs.
const LOGGING: [&str; 3] = ["QEMU_STRACE", "QEMU_LOG", "QEMU_LOG_FILENAME"];

/// qemu's own options; a file for each thread since 7.1 (util/log.c, `-d tid`).
fn emulated(mut command: RunnerCommand, version: &str, folder: &Path) -> RunnerCommand {
    let mut numbers = version.split('.').map(|n| n.parse::<u32>().unwrap_or_default());
    let by_thread = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default()) >= (7, 1);
    let (what, name) = if by_thread { ("strace,tid", "%d.log") } else { ("strace", "all.log") };
    let options: [OsString; 4] = ["-d".into(), what.into(), "-D".into(), folder.join(name).into()];
    command.args.splice(0..0, options);
    command
}

fn native(
    session: &Session,
    command: RunnerCommand,
    folder: &Path,
) -> Result<RunnerCommand, Box<Diagnostic>> {
    let path = session.env.get("PATH").map(OsString::from);
    let strace = find_program("strace", path.as_deref(), &session.cwd).ok_or_else(|| {
        Box::new(
            Diagnostic::error(
                Code::ToolMissing,
                "strace is not on PATH; it traces programs of the host's own machine",
            )
            .hint_with("to install it:", "sudo apt-get install strace")
            .hint("an emulated target needs nothing: qemu traces itself"),
        )
    })?;
    let mut args: Vec<OsString> = vec!["-f".into(), "-o".into(), folder.join("all.log").into(), "--".into()];
    args.push(command.program.into());
    args.extend(command.args);
    Ok(RunnerCommand { program: strace, args, env: command.env })
}

fn no_tracer(target: GoTarget) -> Diagnostic {
    Diagnostic::error(
        Code::RunnerMissing,
        format!("nothing here traces {target}: only Linux programs can be traced"),
    )
}

/// Reads what was written.
fn read(runner: &Runner, target: GoTarget, folder: &Path) -> Result<(Vec<Event>, String), Box<Diagnostic>> {
    let failed = |e: std::io::Error| crate::dist::failure(folder, &e);
    let mut logs = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let bytes = std::fs::read(&path).map_err(failed)?;
        logs.push(Log {
            thread: path.file_stem().and_then(|s| s.to_str()).and_then(|s| s.parse().ok()),
            text: String::from_utf8_lossy(&bytes).into_owned(),
        });
    }
    logs.sort_by_key(|l| l.thread);
    let one_file = logs.iter().all(|l| l.thread.is_none());
    let text = |logs: Vec<Log>| logs.into_iter().map(|l| l.text).collect::<String>();
    Ok(match runner {
        Runner::Native => {
            let raw = text(logs);
            (read_strace(&raw), raw)
        }
        _ => {
            let events = read_qemu(&logs, target.arch.kind());
            let raw = if one_file { text(logs) } else { numbered(&events) };
            (events, raw)
        }
    })
}

fn numbered(events: &[Event]) -> String {
    let mut out = String::new();
    for e in events {
        // Writing into a text cannot fail.
        let _ = writeln!(out, "{} {}", e.thread, e.raw);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_emulators_write_one_file() {
        let options = |version: &str| {
            let command = RunnerCommand { program: "/q".into(), args: vec!["/x".into()], env: vec![] };
            let args = emulated(command, version, Path::new("/t")).args;
            args.iter().map(|a| a.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(options("7.2.22"), "-d strace,tid -D /t/%d.log /x");
        assert_eq!(options("10.0.13"), "-d strace,tid -D /t/%d.log /x");
        assert_eq!(options("6.2.0"), "-d strace -D /t/all.log /x");
    }
}
