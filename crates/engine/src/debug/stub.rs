//! What holds a program for gdb.

use crate::run::Ready;
use crate::session::Session;
use goferry_emulate::{Runner, RunnerCommand, command_for};
use goferry_proc::{Cancel, CommandSpec, Env, Finished, Host, OutputMode, SpawnError, Spawner, find_program};
use goferry_report::{Code, Diagnostic};
use goferry_target::GoTarget;
use std::ffi::OsString;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Who holds the program.
#[derive(Clone, Debug)]
pub enum Stub {
    /// qemu-user's own stub, on a socket file.
    Qemu(RunnerCommand),
    /// gdbserver, which talks through its standard streams.
    GdbServer(RunnerCommand),
}

/// Variables by which qemu-user is told of other stubs and logs.
const OTHERS: [&str; 4] = ["QEMU_GDB", "QEMU_STRACE", "QEMU_LOG", "QEMU_LOG_FILENAME"];

/// How long a program may still take after the debugger's end, for which it may have been on its way out.
pub(super) const LEAVE: Duration = Duration::from_millis(300);

/// How often it is looked for the socket.
const TICK: Duration = Duration::from_millis(10);

impl Stub {
    pub(super) fn choose(
        session: &Session,
        target: GoTarget,
        ready: &Ready,
        args: &[OsString],
    ) -> Result<Stub, Box<Diagnostic>> {
        let mut command = command_for(&ready.runner, &target, &ready.file, &[], ready.sysroot.as_deref());
        command.args.extend(args.iter().cloned());
        command.env.push(("GODEBUG".to_owned(), godebug(session.env.get("GODEBUG").map(String::as_str))));
        match ready.runner {
            Runner::QemuUser { .. } => return Ok(Stub::Qemu(command)),
            Runner::Native => {}
            _ => return Err(Box::new(super::nothing_holds(target))),
        }
        let path = session.env.get("PATH").map(OsString::from);
        let gdbserver = find_program("gdbserver", path.as_deref(), &session.cwd).ok_or_else(|| {
            Box::new(
                Diagnostic::error(
                    Code::ToolMissing,
                    "gdbserver is not on PATH; it holds programs of the host's own machine",
                )
                .hint_with("to install it:", "sudo apt-get install gdbserver")
                .hint("an emulated target needs none: qemu has a stub of its own"),
            )
        })?;
        let own: [OsString; 3] = ["--once".into(), "-".into(), command.program.into()];
        let args = own.into_iter().chain(command.args).collect();
        Ok(Stub::GdbServer(RunnerCommand { program: gdbserver, args, env: command.env }))
    }

    /// The command of qemu with its socket, or of gdbserver.
    pub(super) fn command(&self, socket: &Path) -> CommandSpec {
        let (command, own) = match self {
            Stub::Qemu(c) => (c, vec![OsString::from("-g"), socket.into()]),
            Stub::GdbServer(c) => (c, vec![]),
        };
        let remove = OTHERS.iter().map(|n| (*n).to_owned()).collect();
        CommandSpec {
            env: Env::Inherit { set: command.env.clone(), remove },
            output: OutputMode::Inherit,
            ..CommandSpec::new("the program under the debugger", command.program.as_os_str())
                .args(own)
                .args(command.args.iter().cloned())
        }
    }
}

/// Without asynchronous preemption, unless the caller has an opinion: a goroutine that is interrupted at a breakpoint is
/// moved to another thread and meets the same breakpoint there once more (seen on mips64le).
fn godebug(callers: Option<&str>) -> String {
    match callers.filter(|c| !c.is_empty()) {
        None => "asyncpreemptoff=1".to_owned(),
        Some(c) if c.contains("asyncpreemptoff=") => c.to_owned(),
        Some(c) => format!("{c},asyncpreemptoff=1"),
    }
}

/// A folder for a socket that only the caller may enter.
pub(super) fn folder() -> Result<tempfile::TempDir, Box<Diagnostic>> {
    // The path of a socket has room for 107 bytes (unix(7)), and TMPDIR may be deep.
    let deep = std::env::temp_dir().as_os_str().len() > 60;
    let parent = if deep { PathBuf::from("/tmp") } else { std::env::temp_dir() };
    tempfile::Builder::new()
        .prefix("goferry-")
        .tempdir_in(&parent)
        .map_err(|e| crate::dist::failure(&parent, &e))
}

/// A stub that runs, and is ended when this goes.
pub(super) struct Held {
    cancel: Arc<Cancel>,
    /// It does not hear the debugger while the program runs.
    deaf: bool,
    thread: Option<std::thread::JoinHandle<Result<Finished, SpawnError>>>,
    /// Of its socket.
    _folder: tempfile::TempDir,
}

impl Held {
    /// Starts it; with what talks to it.
    pub(super) fn start(session: &Session, stub: &Stub) -> Result<(Held, UnixStream), Box<Diagnostic>> {
        let failed = |e: std::io::Error| {
            Box::new(Diagnostic::error(Code::Io, format!("the stub cannot be reached: {e}")))
        };
        let folder = folder()?;
        let socket = folder.path().join("stub");
        let spec = stub.command(&socket);
        let cancel = Cancel::new();
        let host = Host::new(Arc::clone(&cancel));
        let thread = std::thread::Builder::new().name("stub".into());
        match stub {
            Stub::Qemu(_) => {
                let thread = Some(thread.spawn(move || host.run(&spec)).map_err(failed)?);
                let mut held = Held { cancel, deaf: true, thread, _folder: folder };
                held.until_it_listens(session, &socket)?;
                let connection = UnixStream::connect(&socket).map_err(failed)?;
                Ok((held, connection))
            }
            Stub::GdbServer(_) => {
                let (ours, its) = UnixStream::pair().map_err(failed)?;
                let run = move || host.run_connected(&spec, its.into());
                let thread = Some(thread.spawn(run).map_err(failed)?);
                Ok((Held { cancel, deaf: false, thread, _folder: folder }, ours))
            }
        }
    }

    fn until_it_listens(&mut self, session: &Session, socket: &Path) -> Result<(), Box<Diagnostic>> {
        while !listens(socket) {
            if session.host.cancel().is_cancelled() {
                return Err(Box::new(Diagnostic::error(Code::Interrupted, "interrupted")));
            }
            if self.ended() {
                return Err(Box::new(self.failed()));
            }
            std::thread::sleep(TICK);
        }
        Ok(())
    }

    /// Stops the program at the debugger's wish, if the stub does not do that itself: qemu-user 7.2 reads nothing from
    /// its debugger while the program runs, but reports every signal before the program gets it.
    pub(super) fn interrupted(&self) -> bool {
        if self.deaf {
            self.cancel.interrupt();
        }
        self.deaf
    }

    pub(super) fn ended(&self) -> bool {
        self.thread.as_ref().is_none_or(std::thread::JoinHandle::is_finished)
    }

    /// Gives the program time to end by itself.
    pub(super) fn wait(&self, most: Duration) {
        let begun = std::time::Instant::now();
        while !self.ended() && begun.elapsed() < most {
            std::thread::sleep(TICK);
        }
    }

    fn failed(&mut self) -> Diagnostic {
        let how = match self.thread.take().and_then(|t| t.join().ok()) {
            Some(Ok(done)) => format!("it ended with status {}", done.status.shell_code()),
            Some(Err(e)) => e.to_string(),
            None => "it went away".to_owned(),
        };
        Diagnostic::error(Code::DoesNotStart, format!("the emulator does not hold the program: {how}"))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // Twice: at once. A program that stands at a breakpoint does not hear SIGTERM.
        self.cancel.cancel();
        self.cancel.cancel();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Whether something listens on a socket file: it has the flag `__SO_ACCEPTCON` in /proc/net/unix (proc(5)). To try it by
/// connecting would use up the stub's only session.
fn listens(socket: &Path) -> bool {
    let table = std::fs::read_to_string("/proc/net/unix").unwrap_or_default();
    let path = socket.to_string_lossy();
    table.lines().any(|line| {
        let mut words = line.split_whitespace();
        words.nth(3) == Some("00010000") && words.last() == Some(&path)
    })
}

#[cfg(test)]
impl Held {
    /// For tests of what stands around it.
    pub(super) fn nothing() -> Held {
        Held { cancel: Cancel::new(), deaf: false, thread: None, _folder: folder().unwrap() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_callers_word_counts() {
        assert_eq!(godebug(None), "asyncpreemptoff=1");
        assert_eq!(godebug(Some("http2debug=1")), "http2debug=1,asyncpreemptoff=1");
        assert_eq!(godebug(Some("asyncpreemptoff=0")), "asyncpreemptoff=0");
    }
}
