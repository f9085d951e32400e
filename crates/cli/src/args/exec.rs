//! `run`, `exec` and what they share with `test`: how far a program is kept apart.

use crate::{bytes, duration};
use clap::{Args, ValueHint};
use goferry_emulate::{Apart, Remote, Way};
use goferry_proc::Limits;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// How far a program is kept apart.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "Isolation")]
pub(crate) struct Isolation {
    /// Let the program see the host's network; otherwise it has a loopback of its own and nothing else
    #[arg(long)]
    pub(crate) network: bool,
    /// Let the program have your HOME and TMPDIR instead of empty ones of its own
    #[arg(long)]
    pub(crate) bind: bool,
    /// End the program after this time, e.g. 90s
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    pub(crate) time_limit: Option<Duration>,
    /// The most private memory of one process, e.g. 512M
    #[arg(long, value_name = "BYTES", value_parser = bytes::parse)]
    pub(crate) memory_limit: Option<u64>,
    /// The most processes and threads at once
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) process_limit: Option<u64>,
    /// How a program for another machine is started
    #[arg(long, value_enum, default_value_t = WayArg::Auto)]
    pub(crate) way: WayArg,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum WayArg {
    /// The first of the others that this machine grants
    Auto,
    /// By an emulator registered for it alone, in namespaces: programs that it starts run too
    Private,
    /// By the emulator that the host has registered
    Host,
    /// By calling the emulator: programs that it starts are not emulated
    Direct,
}

impl Isolation {
    /// The same in the engine's words.
    pub(crate) fn apart(&self) -> Apart {
        Apart {
            network: self.network,
            callers_folders: self.bind,
            limits: Limits {
                wall: self.time_limit,
                memory_bytes: self.memory_limit,
                processes: self.process_limit,
            },
            way: match self.way {
                WayArg::Auto => Way::Auto,
                WayArg::Private => Way::Private,
                WayArg::Host => Way::Host,
                WayArg::Direct => Way::Direct,
            },
        }
    }

    /// The same as arguments of `goferry exec`.
    pub(crate) fn arguments(&self) -> Vec<OsString> {
        let mut out = vec![];
        for (flag, set) in [("--network", self.network), ("--bind", self.bind)] {
            out.extend(set.then(|| OsString::from(flag)));
        }
        let values = [
            ("--time-limit", self.time_limit.map(|d| format!("{}ms", d.as_millis()))),
            ("--memory-limit", self.memory_limit.map(|b| b.to_string())),
            ("--process-limit", self.process_limit.map(|n| n.to_string())),
        ];
        for (flag, value) in values {
            out.extend(value.map(|v| OsString::from(format!("{flag}={v}"))));
        }
        let way = clap::ValueEnum::to_possible_value(&self.way).filter(|_| self.way != WayArg::Auto);
        out.extend(way.map(|w| OsString::from(format!("--way={}", w.get_name()))));
        out
    }
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Target, e.g. linux/arm64
    pub(crate) target: String,
    /// A package, or a program that is built already [default: `.`, else the only one in ./cmd]
    #[arg(value_name = "PACKAGE")]
    pub(crate) package: Option<String>,
    /// What the program is started with
    #[arg(last = true, value_name = "ARGS")]
    pub(crate) args: Vec<OsString>,
    /// Run it on another machine over ssh: it is copied there and removed again
    #[arg(long, value_name = "ssh://USER@HOST")]
    pub(crate) on: Option<Remote>,
    #[command(flatten)]
    pub(crate) isolation: Isolation,
}

#[derive(Debug, Args)]
pub(crate) struct ExecArgs {
    /// What the program was built for [default: what its bytes say]
    #[arg(long, value_name = "TARGET")]
    pub(crate) target: Option<String>,
    /// Where a dynamic program's loader and libraries are [default: looked for, or fetched]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) sysroot: Option<PathBuf>,
    /// Run it on another machine over ssh: it is copied there and removed again
    #[arg(long, value_name = "ssh://USER@HOST")]
    pub(crate) on: Option<Remote>,
    /// The runner that was chosen already, as JSON
    #[arg(long, hide = true, conflicts_with = "on")]
    pub(crate) runner: Option<String>,
    /// The processor that qemu shows, in the place of QEMU_CPU
    #[arg(long, hide = true)]
    pub(crate) processor: Option<String>,
    /// Where to write how it came to run, as JSON
    #[arg(long, hide = true)]
    pub(crate) report: Option<PathBuf>,
    /// What was said already
    #[arg(long, hide = true)]
    pub(crate) quiet: bool,
    #[command(flatten)]
    pub(crate) isolation: Isolation,
    /// The program
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// What it is started with
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
    pub(crate) args: Vec<OsString>,
}
