//! `goferry vex`.

use super::scan::Known;
use clap::{Args, ValueEnum, ValueHint};
use std::path::PathBuf;

pub(crate) const EXAMPLES: &str = "\
Examples:
  goferry vex --db https://vuln.go.dev tool                OpenVEX on standard output
  goferry vex -o tool.openvex.json dist/                   of a release; its version is that of dist/metadata.json
  goferry vex --format cyclonedx --version v1.2.3 tool     CycloneDX 1.6

The product is the root of what `goferry sbom` writes of the same files. A vulnerability whose functions are not in the program is
not_affected, one on the list of [scan] is so with the reason given there, and one whose functions are linked is affected. Nothing here judges:
the exit status is 0 whatever is found.";

#[derive(Debug, Args)]
pub(crate) struct VexArgs {
    /// Programs built by Go, or a release's folder: together one product
    #[arg(value_name = "FILE", value_hint = ValueHint::AnyPath, required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// What is written [default: cyclonedx for -o FILE.cdx.json, else openvex]
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<Form>,
    /// Where it goes [default: standard output]
    #[arg(short, long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
    /// Version of the product [default: as `goferry sbom` has it]
    #[arg(long, value_name = "VERSION", value_parser = super::sbom::version)]
    pub(crate) version: Option<String>,
    #[command(flatten)]
    pub(crate) known: Known,
}

/// `--format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// OpenVEX 0.2.0
    Openvex,
    /// CycloneDX 1.6 with vulnerabilities
    Cyclonedx,
}
