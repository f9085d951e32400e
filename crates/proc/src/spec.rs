//! What to run and how it ended, as plain data.
//!
//! Owns: the shapes and the environment arithmetic. Must not: start anything.

use crate::SpawnError;
use serde::{Deserialize, Serialize};
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;

/// A command, as data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandSpec {
    /// What it is for, in words that fit "… failed": `go build for linux/arm64`.
    pub purpose: String,
    /// A bare name that is looked up on the command's own PATH, or a path (relative to `cwd`).
    pub program: OsString,
    /// Arguments without the program's name.
    pub args: Vec<OsString>,
    /// Its environment.
    pub env: Env,
    /// Its working directory; none: the caller's.
    pub cwd: Option<PathBuf>,
    /// What it reads.
    pub stdin: Stdin,
    /// What it may use.
    pub limits: Limits,
    /// Where its output goes.
    pub output: OutputMode,
}

/// The environment of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Env {
    /// The caller's, changed.
    Inherit {
        /// Added or replaced.
        set: Vec<(String, String)>,
        /// Removed, before `set` is applied.
        remove: Vec<String>,
    },
    /// These variables and no others.
    Exactly(Vec<(String, String)>),
}

/// What a command reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stdin {
    /// Nothing.
    Null,
    /// These bytes, then end of file.
    Bytes(Vec<u8>),
    /// The caller's standard input. Such a command stays in the caller's process group, because a background group
    /// may not read a terminal; cancellation and the time limit then reach the process itself only.
    Inherit,
}

/// What a command may use. Absent: no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Wall time, after which the whole process group is killed.
    pub wall: Option<Duration>,
    /// Bytes of private writable memory of one process (RLIMIT_DATA, which since Linux 4.7 counts private writable
    /// mappings). Not RLIMIT_AS: Go and qemu-user reserve gigabytes of address space that they never touch.
    pub memory_bytes: Option<u64>,
    /// Processes and threads (RLIMIT_NPROC, which the kernel counts per user and which does not bind root).
    pub processes: Option<u64>,
}

impl Limits {
    /// Only a limit of time.
    pub fn wall(wall: Duration) -> Self {
        Limits { wall: Some(wall), ..Limits::default() }
    }
}

/// Where a command's output goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputMode {
    /// Kept, each stream up to this many bytes: of longer output the first and the last half.
    Capture {
        /// Bytes per stream.
        max_bytes: usize,
    },
    /// The caller's own standard output and error.
    Inherit,
    /// Standard error is read by this process and written to its own, so that a command that would take the terminal for
    /// itself (tcsetpgrp(3), as gdbserver does) has none; standard output as it is.
    Relay,
    /// The caller's standard error for both: its standard output is kept for something else.
    InheritError,
}

impl OutputMode {
    /// Capture with room for what tools say: 16 MiB per stream.
    pub const CAPTURE: OutputMode = OutputMode::Capture { max_bytes: 16 << 20 };
}

/// One of the two output streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the two streams by name")]
pub enum Stream {
    Stdout,
    Stderr,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It exited with this status.
    Exited(i32),
    /// A signal that goferry did not send ended it.
    Signaled(i32),
    /// It ran into its limit of time and was killed.
    TimedOut,
}

impl Status {
    /// Whether it exited with 0.
    pub fn success(self) -> bool {
        self == Status::Exited(0)
    }

    /// The status a shell would give: 128+n for signals, 124 at the limit of time as timeout(1) has it.
    pub fn shell_code(self) -> i32 {
        match self {
            Status::Exited(code) => code,
            Status::Signaled(signal) => 128 + signal,
            Status::TimedOut => 124,
        }
    }
}

/// What is known of a command that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// How it ended.
    pub status: Status,
    /// Its standard output, up to the limit.
    pub stdout: Vec<u8>,
    /// Its standard error, up to the limit.
    pub stderr: Vec<u8>,
    /// Wall time.
    pub wall: Duration,
    /// The largest resident set among it and the descendants it waited for, in bytes, where the system tells.
    /// Never below goferry's own, because the kernel counts the moment before exec.
    pub max_rss_bytes: Option<u64>,
    /// Whether output was dropped: past the limit, or still open half a second after the command's end.
    pub truncated: bool,
}

impl Finished {
    /// A success without output; for scripted answers.
    pub fn ok() -> Self {
        Finished::with(Status::Exited(0), "", "")
    }

    /// An end with output; for scripted answers.
    pub fn with(status: Status, stdout: impl Into<Vec<u8>>, stderr: impl Into<Vec<u8>>) -> Self {
        Finished {
            status,
            stdout: stdout.into(),
            stderr: stderr.into(),
            wall: Duration::ZERO,
            max_rss_bytes: None,
            truncated: false,
        }
    }

    /// Whether SIGKILL came from elsewhere: on Linux mostly the kernel, for want of memory ([`crate::OomCounter`] can
    /// confirm it). A kill by goferry is [`Status::TimedOut`] or [`SpawnError::Cancelled`].
    pub fn killed_from_outside(&self) -> bool {
        self.status == Status::Signaled(9)
    }

    /// Standard output as text, invalid bytes replaced.
    pub fn stdout_text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text, invalid bytes replaced.
    pub fn stderr_text(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }
}

/// Something that runs commands: [`crate::Host`], or [`crate::Scripted`] in tests.
pub trait Spawner: Send + Sync {
    /// Runs a command to its end.
    ///
    /// # Errors
    /// If it could not be started or the run was cancelled. A command that fails is no error: see [`Finished::status`].
    fn run(&self, spec: &CommandSpec) -> Result<Finished, SpawnError>;

    /// Like [`Spawner::run`], and hands out each line as it is written, without its line end, invalid UTF-8 replaced.
    /// Called on the calling thread. With [`OutputMode::Inherit`] there is nothing to hand out.
    ///
    /// # Errors
    /// As [`Spawner::run`].
    fn run_lines(
        &self,
        spec: &CommandSpec,
        on_line: &(dyn Fn(Stream, &str) + Sync),
    ) -> Result<Finished, SpawnError>;
}

impl CommandSpec {
    /// A command with the caller's environment and directory, no input, captured output, no limits.
    pub fn new(purpose: impl Into<String>, program: impl Into<OsString>) -> Self {
        CommandSpec {
            purpose: purpose.into(),
            program: program.into(),
            args: Vec::new(),
            env: Env::Inherit { set: Vec::new(), remove: Vec::new() },
            cwd: None,
            stdin: Stdin::Null,
            limits: Limits::default(),
            output: OutputMode::CAPTURE,
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Replaces the environment.
    #[must_use]
    pub fn env(mut self, env: Env) -> Self {
        self.env = env;
        self
    }

    /// Sets one variable.
    #[must_use]
    pub fn set(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        match &mut self.env {
            Env::Inherit { set, .. } | Env::Exactly(set) => set.push((name.into(), value.into())),
        }
        self
    }

    /// Sets the working directory.
    #[must_use]
    pub fn cwd(mut self, cwd: impl Into<PathBuf>) -> Self {
        self.cwd = Some(cwd.into());
        self
    }

    /// Sets the limits.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The command line for people: words, with quotes where a shell would need them.
    pub fn command_line(&self) -> String {
        std::iter::once(&self.program).chain(&self.args).map(|w| quoted(w)).collect::<Vec<_>>().join(" ")
    }

    /// The value that a variable has for this command.
    pub(crate) fn variable(&self, name: &str) -> Option<OsString> {
        let (set, inherited) = match &self.env {
            Env::Exactly(set) => (set, None),
            Env::Inherit { set, remove } => {
                (set, if remove.iter().any(|r| r == name) { None } else { std::env::var_os(name) })
            }
        };
        set.iter().rev().find(|(n, _)| n == name).map(|(_, v)| v.into()).or(inherited)
    }
}

/// A word as a POSIX shell would have to be given it.
fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = |c: char| c.is_alphanumeric() || "-_./=:,@+%^".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.into_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_lines_are_quoted_only_where_needed() {
        let spec = CommandSpec::new("p", "go").args(["build", "-ldflags", "-s -w", "it's", ""]);
        assert_eq!(spec.command_line(), r"go build -ldflags '-s -w' 'it'\''s' ''");
    }

    #[test]
    fn the_last_setting_of_a_variable_counts() {
        let spec = CommandSpec::new("p", "x").env(Env::Exactly(vec![])).set("A", "1").set("A", "2");
        assert_eq!(spec.variable("A"), Some("2".into()));
        assert_eq!(spec.variable("PATH"), None);
        let spec = CommandSpec::new("p", "x").env(Env::Inherit { set: vec![], remove: vec!["PATH".into()] });
        assert_eq!(spec.variable("PATH"), None);
    }
}
