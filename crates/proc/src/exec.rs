//! Becoming another program.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

/// Replaces this process by a program, with the caller's own streams; returns only the error of not being able to. Where
/// processes cannot be replaced it is waited for, and its status taken.
pub fn exec_instead(
    program: &Path,
    args: &[OsString],
    set: &[(String, String)],
    remove: &[String],
) -> std::io::Error {
    let mut command = Command::new(program);
    command.args(args);
    for name in remove {
        command.env_remove(name);
    }
    command.envs(set.iter().map(|(k, v)| (k, v)));
    replace(command)
}

#[cfg(unix)]
fn replace(mut command: Command) -> std::io::Error {
    std::os::unix::process::CommandExt::exec(&mut command)
}

#[cfg(not(unix))]
fn replace(mut command: Command) -> std::io::Error {
    match command.status() {
        Ok(status) => std::process::exit(status.code().unwrap_or(1)),
        Err(e) => e,
    }
}

/// A line on standard error, for processes that have no sink yet.
pub fn complain(text: &str) {
    use std::io::Write;
    // Nobody listens: nothing to be done.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
