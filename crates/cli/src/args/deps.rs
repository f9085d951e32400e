//! `goferry deps`.

use super::exec::Isolation;
use clap::Args;

pub(crate) const EXAMPLES: &str = "\
Examples:
  goferry deps --target linux/amd64            which go get lines clear what can be reached
  goferry deps --apply                         and write go.mod and go.sum, if everything holds
  goferry deps --analyze --no-test --json      with what each dependency weighs

Only functions that are linked into the module's programs count. Every try is made in a copy: built, vetted, scanned and
tested for each target. Status 3: something can be reached; 1: what would clear it does not build or its tests fail.";

#[derive(Debug, Args)]
pub(crate) struct DepsArgs {
    /// The targets that it has to hold for [default: the project's]
    #[arg(long, value_name = "TARGET", value_delimiter = ',')]
    pub(crate) target: Vec<String>,
    /// The vulnerability database: a path or an address [default: db in [scan], else GOVULNDB]
    #[arg(long, value_name = "PATH|URL", value_parser = super::scan::place)]
    pub(crate) db: Option<String>,
    /// Write go.mod and go.sum if everything holds
    #[arg(long)]
    pub(crate) apply: bool,
    /// Do without the module's tests
    #[arg(long, conflicts_with = "apply")]
    pub(crate) no_test: bool,
    /// Weigh the dependencies [default: with more than 200 lines in go.sum]
    #[arg(long)]
    pub(crate) analyze: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) isolation: Isolation,
}
