//! `goferry sbom`.

use clap::{Args, ValueEnum, ValueHint};
use goferry_supply::sbom::SbomFormat;
use std::path::PathBuf;

pub(crate) const EXAMPLES: &str = "\
Examples:
  goferry sbom tool                                    CycloneDX 1.6 on standard output
  goferry sbom --format spdx -o tool.spdx.json tool    SPDX 2.3
  goferry sbom dist/                                   everything in it, archives too
  goferry sbom --version v1.2.3 tool.tar.gz            where the program says no version

Nothing is fetched or run. Licences and the module graph come from the module cache and vendor/, as far as they are there.
The time in it is SOURCE_DATE_EPOCH, else the commit's that the program names, else the newest file's.";

#[derive(Debug, Args)]
pub(crate) struct SbomArgs {
    /// Programs built by Go, archives with such in them, folders
    #[arg(value_name = "FILE", value_hint = ValueHint::AnyPath, required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// What is written [default: spdx for -o FILE.spdx.json, else cyclonedx]
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<Format>,
    /// Where it goes [default: standard output]
    #[arg(short, long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
    /// Version of the main module [default: what Go stamped, else what -ldflags or the commit say]
    #[arg(long, value_name = "VERSION", value_parser = version)]
    pub(crate) version: Option<String>,
    /// Write the texts of all licences to a file as well
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub(crate) third_party_licenses: Option<PathBuf>,
}

/// A version that names something: `(devel)`, which Go writes where it knows none, is not one.
pub(crate) fn version(text: &str) -> Result<String, String> {
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '(' | ')' | '@');
    match text.is_empty() || text.contains(odd) {
        true => Err("a version of a release is wanted, such as v1.2.3".to_owned()),
        false => Ok(text.to_owned()),
    }
}

/// `--format`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Format {
    /// CycloneDX 1.6, JSON
    Cyclonedx,
    /// SPDX 2.3, JSON
    Spdx,
}

impl SbomArgs {
    /// What is written.
    pub(crate) fn format(&self) -> SbomFormat {
        let spdx = || self.output.as_ref().is_some_and(|o| o.to_string_lossy().ends_with(".spdx.json"));
        match self.format {
            Some(Format::Spdx) => SbomFormat::Spdx,
            None if spdx() => SbomFormat::Spdx,
            _ => SbomFormat::CycloneDx,
        }
    }
}
