//! `debug`.

use clap::{Args, ValueHint};
use std::ffi::OsString;

pub(crate) const EXAMPLES: &str = "\
Examples:
  goferry debug linux/arm64                              gdb at the beginning of main.main
  goferry debug linux/s390x ./cmd/tool --break main.run -- -v
  goferry debug linux/mips64le -x commands.gdb           gdb's commands from a file, then its end
  goferry debug linux/arm64 --listen :1234 > .vscode/launch.json";

#[derive(Debug, Args)]
pub(crate) struct DebugArgs {
    /// Target, e.g. linux/arm64
    pub(crate) target: String,
    /// A package, or a program that is built already [default: `.`, else the only one in ./cmd]
    #[arg(value_name = "PACKAGE|FILE")]
    pub(crate) package: Option<String>,
    /// What the program is started with
    #[arg(last = true, value_name = "ARGS")]
    pub(crate) args: Vec<OsString>,
    /// Where to stop first: a function, or file:line
    #[arg(long = "break", value_name = "PLACE", default_value = "main.main")]
    pub(crate) break_at: String,
    /// Wait for a debugger here instead of starting gdb; without a host only this machine is heard [default without a
    /// terminal: any free port]
    #[arg(long, value_name = "[HOST]:PORT", conflicts_with_all = ["commands", "batch"])]
    pub(crate) listen: Option<String>,
    /// While listening: end after the first session instead of beginning the program anew for the next
    #[arg(long)]
    pub(crate) once: bool,
    /// Run gdb's commands from this file once the program has stopped, then end
    #[arg(short = 'x', long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) commands: Vec<OsString>,
    /// End gdb when the program has stopped for the first time and all commands are done
    #[arg(long)]
    pub(crate) batch: bool,
}
