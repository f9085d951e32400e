//! Whether a run of an artifact passes: pure, from how it ended and what it printed.

use serde::{Deserialize, Serialize};

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// The program's own exit status.
    Exited(i32),
    /// Killed by a signal.
    Signaled(i32),
    /// Still running at the time limit.
    Running,
}

/// What is made of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It starts: exit 0, or its own non-zero exit.
    Passed,
    /// It was still running at the limit, which for a server is right.
    Started,
    /// It does not start; why.
    Failed(String),
    /// It starts, but its output is not what the configuration expects; why.
    Unexpected(String),
}

/// Words that Go's runtime, qemu and the loaders print when a program dies or cannot be started.
const DEADLY: [&str; 2] = ["panic:", "fatal error:"];
const LOADER: [&str; 9] = [
    "error while loading shared libraries",
    "Could not open '/lib",
    "version `GLIBC_",
    "Error loading shared library",
    "Error relocating",
    "exec format error",
    "Exec format error",
    "cannot execute binary file",
    "Invalid ELF image for this architecture",
];

/// Judges a run. `expect` must match what the program printed on either stream.
///
/// A loader's words and those of a dying program decide, whatever the exit status; without them every status is the program's own.
pub fn judge(ended: Ended, output: &str, expect: Option<&regex::Regex>) -> Verdict {
    if let Ended::Signaled(n) = ended {
        return Verdict::Failed(format!("it was killed by {}", signal(n)));
    }
    if let Some(line) = output.lines().find(|l| LOADER.iter().any(|w| l.contains(w))) {
        return Verdict::Failed(format!("it could not be loaded: {}", line.trim()));
    }
    if let Some(line) = output.lines().find(|l| deadly(l)) {
        return Verdict::Failed(format!("it printed `{}`", line.trim()));
    }
    if let Some(re) = expect
        && !re.is_match(output)
    {
        let first = output.lines().next().unwrap_or("nothing").trim();
        return Verdict::Unexpected(format!("it printed `{first}`, which does not match `{}`", re.as_str()));
    }
    match ended {
        Ended::Running => Verdict::Started,
        _ => Verdict::Passed,
    }
}

/// `SIG` counts only as Go's runtime and qemu print it (`SIGILL: illegal instruction`, `[signal SIGSEGV: …`): a help
/// text may well explain what the program does on SIGTERM.
fn deadly(line: &str) -> bool {
    if DEADLY.iter().any(|w| line.trim_start().starts_with(w)) {
        return true;
    }
    let trimmed = line.trim_start();
    let go_signal =
        trimmed.strip_prefix("SIG").and_then(|rest| rest.split_once(": ")).is_some_and(|(name, _)| {
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        });
    go_signal || trimmed.starts_with("[signal SIG") || trimmed.starts_with("qemu: uncaught target signal")
}

fn signal(n: i32) -> String {
    let name = match n {
        4 => "SIGILL",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        15 => "SIGTERM",
        24 => "SIGXCPU",
        31 => "SIGSYS",
        _ => return format!("signal {n}"),
    };
    format!("{name} (signal {n})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_and_what_does_not() {
        let failed = |v: Verdict| matches!(v, Verdict::Failed(_));
        assert_eq!(judge(Ended::Exited(0), "v1.2.3\n", None), Verdict::Passed);
        assert_eq!(
            judge(Ended::Exited(2), "flag provided but not defined: -version\n", None),
            Verdict::Passed
        );
        assert_eq!(judge(Ended::Running, "listening\n", None), Verdict::Started);
        assert!(failed(judge(Ended::Signaled(11), "", None)));
        assert!(failed(judge(Ended::Exited(2), "panic: no config\n\ngoroutine 1 [running]:\n", None)));
        assert!(failed(judge(Ended::Exited(2), "fatal error: out of memory\n", None)));
        assert!(failed(judge(Ended::Exited(2), "SIGILL: illegal instruction\nPC=0x1\n", None)));
        assert!(failed(judge(Ended::Exited(2), "[signal SIGSEGV: segmentation violation code=0x1]\n", None)));
        assert!(failed(judge(
            Ended::Exited(255),
            "qemu-mips64el: Could not open '/lib64/ld.so.1': No such file\n",
            None
        )));
        assert!(failed(judge(
            Ended::Exited(127),
            "./app: error while loading shared libraries: libpcap.so.0.8: cannot open\n",
            None
        )));
        // A help text that explains signals is no crash.
        let help = "  --sig   send SIGTERM to all\n  SIGNATURES  list\n  SIGHUP reloads\n";
        assert_eq!(judge(Ended::Exited(0), help, None), Verdict::Passed);
    }

    #[test]
    fn expectations() {
        let re = regex::Regex::new(r"v1\.\d").unwrap();
        assert_eq!(judge(Ended::Exited(0), "app v1.2", Some(&re)), Verdict::Passed);
        assert!(matches!(judge(Ended::Exited(0), "app v2.0", Some(&re)), Verdict::Unexpected(_)));
    }
}
