//! Real hardware as a runner: the program is copied over ssh, run there and removed.
//!
//! Owns: `ssh://` addresses, the scripts for the other side, the process that stands for the program here. Must not:
//! ask for or keep passwords; ssh and its own configuration do that.
//!
//! One connection serves all steps (ssh_config(5), ControlMaster), so that a password is asked for once.

use crate::RunnerCommand;
use goferry_proc::{
    Cancel, CommandSpec, Finished, Host, OutputMode, SpawnError, Spawner, Status, Stdin, complain,
};
use serde::{Deserialize, Serialize};
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// The first argument of the process that stands for a program on another machine.
const ROLE: &str = "__ssh";

/// goferry or ssh failed, and not the program: as env(1) and its kin have it.
const FAILED: i32 = 125;

/// What ssh itself ends with when the connection fails (ssh(1)).
const SSH_FAILED: i32 = 255;

/// Another machine: `ssh://user@host:port`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remote {
    /// `user@host`, or a host that ssh's configuration knows.
    pub host: String,
    /// None: ssh's own choice.
    pub port: Option<u16>,
}

impl FromStr for Remote {
    type Err = String;

    fn from_str(text: &str) -> Result<Remote, String> {
        let rest =
            text.strip_prefix("ssh://").ok_or("a machine is written ssh://user@host, or ssh://host:22")?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = match rest.rsplit_once(':') {
            // A colon within brackets belongs to an IPv6 address.
            Some((host, port)) if !port.contains(']') => {
                (host, Some(port.parse().map_err(|_| format!("`{port}` is no port"))?))
            }
            _ => (rest, None),
        };
        let (user, name) = host.split_once('@').map_or((None, host), |(u, h)| (Some(u), h));
        let name = name.strip_prefix('[').and_then(|n| n.strip_suffix(']')).unwrap_or(name);
        // Nothing that ssh could take for an option or a shell for anything but a word.
        let sound = |word: &str| {
            !word.is_empty()
                && !word.starts_with('-')
                && word.chars().all(|c| c.is_ascii_alphanumeric() || "._-:%".contains(c))
        };
        if !sound(name) || user.is_some_and(|u| !sound(u)) {
            return Err(format!("`{host}` is no user@host"));
        }
        let host = user.map_or(name.to_owned(), |u| format!("{u}@{name}"));
        Ok(Remote { host, port })
    }
}

impl fmt::Display for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (user, name) = self.host.split_once('@').map_or(("", self.host.as_str()), |(u, h)| (u, h));
        let at = if user.is_empty() { "" } else { "@" };
        match name.contains(':') {
            true => write!(f, "ssh://{user}{at}[{name}]")?,
            false => write!(f, "ssh://{user}{at}{name}")?,
        }
        self.port.map_or(Ok(()), |p| write!(f, ":{p}"))
    }
}

/// How a program is started there: by goferry itself, in the role of the program.
pub(crate) fn command(remote: &Remote, program: &Path, args: Vec<OsString>) -> RunnerCommand {
    // Without a path of its own nothing could be started at all; the name then says so.
    let own = std::env::current_exe().unwrap_or_else(|_| "goferry".into());
    let head = [ROLE.into(), remote.to_string().into(), program.into()];
    RunnerCommand { program: own, args: head.into_iter().chain(args).collect(), env: Vec::new() }
}

/// To be called first in `main`: if this process was started to stand for a program on another machine it does that
/// and ends with the program's status.
pub fn enter_if_asked() {
    let mut args = std::env::args_os().skip(1);
    if args.next().is_none_or(|role| role != ROLE) {
        return;
    }
    let remote = args.next().and_then(|r| r.to_str().and_then(|r| r.parse::<Remote>().ok()));
    let (Some(remote), Some(file)) = (remote, args.next()) else {
        complain("goferry: neither a machine nor a program was named");
        std::process::exit(FAILED)
    };
    let args: Vec<OsString> = args.collect();
    std::process::exit(stand_in(&remote, Path::new(&file), &args).unwrap_or_else(|why| {
        complain(&format!("goferry: {remote}: {why}"));
        FAILED
    }))
}

/// The connection that all steps share.
struct Connection<'a> {
    remote: &'a Remote,
    /// Holds its socket.
    dir: tempfile::TempDir,
}

fn stand_in(remote: &Remote, file: &Path, args: &[OsString]) -> Result<i32, String> {
    let text = |e: std::io::Error| e.to_string();
    let bytes = std::fs::read(file).map_err(|e| format!("{}: {e}", file.display()))?;
    let run = run_script(file.file_name().unwrap_or_default(), args)?;
    // A socket's path may have a hundred bytes, and a folder for temporary files may be named longer.
    let dir = tempfile::Builder::new().prefix("goferry-").tempdir_in("/tmp").or_else(|_| tempfile::tempdir());
    let connection = Connection { remote, dir: dir.map_err(text)? };
    let cancel = Cancel::new();
    goferry_proc::install_every_end(cancel.clone()).map_err(text)?;
    let host = Host::new(cancel);
    let result = connection.copy(&host, file, bytes).and_then(|there| connection.run(&host, &there, &run));
    connection.close();
    result
}

impl Connection<'_> {
    /// ssh with a script for the other side.
    fn ssh(&self, purpose: &str, script: &str) -> CommandSpec {
        let mut spec = CommandSpec::new(purpose, "ssh").args([
            "-o".to_owned(),
            "ControlMaster=auto".to_owned(),
            "-o".to_owned(),
            format!("ControlPath={}/%C", self.dir.path().display()),
            "-o".to_owned(),
            "ControlPersist=60".to_owned(),
            "-T".to_owned(),
        ]);
        if let Some(port) = self.remote.port {
            spec = spec.args(["-p".to_owned(), port.to_string()]);
        }
        spec.args(["--", self.remote.host.as_str()]).arg(format!("exec sh -c {}", quoted(script)))
    }

    /// Copies the program; the folder that it is in there.
    fn copy(&self, host: &Host, file: &Path, bytes: Vec<u8>) -> Result<String, String> {
        let name = quoted(&file.file_name().unwrap_or_default().to_string_lossy());
        let script = format!(
            "umask 077; d=$(mktemp -d \"${{TMPDIR:-/tmp}}/goferry.XXXXXXXX\") && cat >\"$d\"/{name} && chmod 700 \"$d\"/{name} && echo \"$d\""
        );
        let spec = CommandSpec { stdin: Stdin::Bytes(bytes), ..self.ssh("copying the program", &script) };
        let done = finished(host.run(&spec))?;
        let folder = done.stdout_text().lines().last().unwrap_or_default().to_owned();
        match done.status.success() && folder.starts_with('/') {
            true => Ok(folder),
            false => Err(format!("the program could not be copied: {}", done.stderr_text().trim())),
        }
    }

    /// Runs it and removes it; its status.
    fn run(&self, host: &Host, there: &str, script: &str) -> Result<i32, String> {
        let folder = quoted(there);
        let spec = CommandSpec {
            stdin: Stdin::Inherit,
            output: OutputMode::Inherit,
            ..self.ssh("running the program", &format!("cd {folder} && {script}"))
        };
        let ran = host.run(&spec);
        // Also after an interruption, for which this host's switch is thrown already. Whatever still runs is ended.
        let script = format!(
            "cd {folder} || exit 1; if [ -f .status ]; then cat .status; else kill $(cat .pid); sleep 1; kill -9 $(cat .pid); fi 2>/dev/null; cd /; rm -rf {folder}"
        );
        let removed = Host::new(Cancel::new()).run(&self.ssh("removing the program", &script));
        match (&ran, &removed) {
            (Err(SpawnError::Cancelled { .. }), _) => Ok(130),
            (Ok(Finished { status: Status::Exited(n), .. }), _) if *n != SSH_FAILED => Ok(*n),
            // A program may end with ssh's own status too; then the other side has written it down.
            (Ok(_), Ok(done)) => {
                done.stdout_text().trim().parse().map_err(|_| "the connection broke".to_owned())
            }
            (Err(e), _) | (_, Err(e)) => Err(e.to_string()),
        }
    }

    fn close(&self) {
        let mut spec = CommandSpec::new("closing the connection", "ssh").args(["-O", "exit", "-o"]);
        spec = spec.arg(format!("ControlPath={}/%C", self.dir.path().display()));
        if let Some(port) = self.remote.port {
            spec = spec.args(["-p".to_owned(), port.to_string()]);
        }
        // It ends by itself after a minute.
        let _ = Host::new(Cancel::new()).run(&spec.args(["--", self.remote.host.as_str()]));
    }
}

fn finished(ran: Result<Finished, SpawnError>) -> Result<Finished, String> {
    ran.map_err(|e| match e {
        SpawnError::NotFound { .. } => "ssh is not on PATH: apt-get install openssh-client".to_owned(),
        e => e.to_string(),
    })
}

/// What runs the program there, in its folder: its status is written down, and its number for when it must be ended. It
/// runs beside the shell, which gives such a command no input unless it is told to.
fn run_script(name: &OsStr, args: &[OsString]) -> Result<String, String> {
    let mut words = vec![format!("./{}", name.to_string_lossy())];
    for arg in args {
        let text = arg.to_str().ok_or("arguments for another machine are UTF-8")?;
        words.push(text.to_owned());
    }
    let words: Vec<String> = words.iter().map(|w| quoted(w)).collect();
    Ok(format!(
        "{{ exec 3<&0; {} <&3 3<&- & p=$!; echo $p >.pid; exec 3<&-; wait $p; s=$?; echo $s >.status; exit $s; }}",
        words.join(" ")
    ))
}

/// One word for a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (text, host, port) in [
            ("ssh://pi@raspberry", "pi@raspberry", None),
            ("ssh://raspberry:2222/", "raspberry", Some(2222)),
            ("ssh://me@[fe80::1%eth0]:22", "me@fe80::1%eth0", Some(22)),
            ("ssh://[::1]", "::1", None),
        ] {
            let remote: Remote = text.parse().unwrap();
            assert_eq!((remote.host.as_str(), remote.port), (host, port), "{text}");
            assert_eq!(remote.to_string().parse::<Remote>().unwrap(), remote, "{text}");
        }
        for wrong in [
            "pi@raspberry",
            "ssh://",
            "ssh://-oProxyCommand=x",
            "ssh://a@-b",
            "ssh://a b",
            "ssh://h:port",
            "ssh://h;id",
            "ssh://@h",
        ] {
            assert!(wrong.parse::<Remote>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn words_for_the_other_shell() {
        assert_eq!(quoted("it's"), r"'it'\''s'");
        let script = run_script(OsStr::new("x y"), &["a'b".into(), "$HOME".into(), "".into()]).unwrap();
        assert!(script.contains(r"'./x y' 'a'\''b' '$HOME' '' <&3"), "{script}");
    }
}
