//! `trace`.

use clap::{Args, ValueHint};
use std::ffi::OsString;
use std::path::PathBuf;

pub(crate) const EXAMPLES: &str = "\
Examples:
  goferry trace linux/arm64                              the main package here
  goferry trace linux/s390x ./cmd/tool --summary -- -v   how often each call, and its errors
  goferry trace linux/riscv64 -o calls.txt ./tool        the program keeps its standard output
  goferry trace --diff linux/amd64 linux/mips64le .      what the two do differently

Its status is the program's own, with --diff 1 if something differs; 125: goferry failed, 126: it cannot be run or
traced here, 127: there is no such program.";

#[derive(Debug, Args)]
pub(crate) struct TraceArgs {
    /// Target, e.g. linux/arm64
    #[arg(value_name = "TARGET", required_unless_present = "diff")]
    pub(crate) target: Option<String>,
    /// A package, or a program that is built already [default: `.`, else the only one in ./cmd]
    #[arg(value_name = "PACKAGE|FILE")]
    pub(crate) package: Option<String>,
    /// What the program is started with
    #[arg(last = true, value_name = "ARGS")]
    pub(crate) args: Vec<OsString>,
    /// Run the package on two targets and show what differs
    #[arg(long, num_args = 2, value_names = ["T1", "T2"], conflicts_with_all = ["summary", "raw", "all"])]
    pub(crate) diff: Vec<String>,
    /// Count calls and errors instead
    #[arg(long)]
    pub(crate) summary: bool,
    /// Print JSON, an object a line
    #[arg(long)]
    pub(crate) json: bool,
    /// Show readings of the clock too; JSON, counts and the raw text always have them
    #[arg(long)]
    pub(crate) all: bool,
    /// Write the tracer's own text to this file, `-` for standard output instead of the table
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) raw: Option<PathBuf>,
    /// Write to this file; the program then keeps its standard output
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
}
