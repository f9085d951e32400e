//! `goferry profile`.

use clap::{Args, ValueHint};
use std::ffi::OsString;
use std::path::PathBuf;

pub(crate) const EXAMPLES: &str = "\
Examples:
  goferry profile linux/arm64 ./cmd/tool -- --rounds 100
  goferry profile linux/arm64 --test ./pkg -- -bench=. -run='^$'
  goferry profile --compare linux/amd64 linux/arm64 ./cmd/tool

Writes a flame graph (.svg), folded stacks (.folded) and a profile for go tool pprof (.pb.gz).
Programs are measured by perf: of an emulated one it sees the function that runs, with what is
inlined into it, not who called it. Tests have Go's own profile, with whole stacks everywhere.";

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum CallGraph {
    Fp,
    Dwarf,
}

#[derive(Debug, Args)]
pub(crate) struct ProfileArgs {
    /// Target, then a package or a program that is built already [default: `.`, else the only one in ./cmd]; with
    /// --compare only the latter
    #[arg(value_name = "TARGET] [PACKAGE", num_args = 0..=2)]
    pub(crate) words: Vec<String>,
    /// Measure this on two targets and show where they differ
    #[arg(long, num_args = 2, value_names = ["T1", "T2"])]
    pub(crate) compare: Vec<String>,
    /// Measure the tests and benchmarks of this package; go test's flags come after `--`
    #[arg(long, value_name = "PACKAGE")]
    pub(crate) test: Option<String>,
    /// Folder for what is written
    #[arg(short, long, value_name = "DIR", value_hint = ValueHint::DirPath, default_value = "goferry-profile")]
    pub(crate) output: PathBuf,
    /// Samples a second, of programs
    #[arg(long, value_name = "N", default_value_t = 499, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub(crate) rate: u32,
    /// How perf finds callers of a program for this host: by frame pointers, which Go keeps, or by DWARF, for C code
    #[arg(long, value_enum, default_value_t = CallGraph::Fp)]
    pub(crate) call_graph: CallGraph,
    /// Print the hottest functions as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// What the program is started with, or go test's flags
    #[arg(last = true, value_name = "ARGS")]
    pub(crate) args: Vec<OsString>,
}
