//! `goferry symbols` and `goferry size`.

use clap::{Args, ValueHint};
use std::path::PathBuf;

pub(crate) const SYMBOLS_EXAMPLES: &str = "\
Examples:
  goferry symbols dist/x_linux_arm64/x                          what functions are in it, stripped or not
  goferry symbols x_linux_amd64 x_linux_arm64                   what only one of them has, and why
  goferry symbols old new --std                                 with the standard library's

Inlined functions are there too. The fingerprint is a SHA-256 over the sorted names of functions written in Go: equal for
equal sources and compilers wherever they are built; what the compiler made and assembly are left out of it.";

pub(crate) const SIZE_EXAMPLES: &str = "\
Examples:
  goferry size ./x                 by section and package
  goferry size old/x new/x         what changed, the largest first

Code is counted by the table of functions, which a stripped program has too; data by the symbol table, where there is one.";

#[derive(Debug, Args)]
pub(crate) struct SymbolsArgs {
    /// A Go program
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// Another one to compare it with
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) other: Option<PathBuf>,
    /// Show the standard library's functions in a comparison too
    #[arg(long, requires = "other")]
    pub(crate) std: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SizeArgs {
    /// A Go program
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// Another one: what it has more or less
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) other: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}
