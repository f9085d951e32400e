//! `goferry scan`.

use clap::{Args, ValueEnum, ValueHint};
use goferry_engine::scanning::Asked;
use std::path::PathBuf;

pub(crate) const EXAMPLES: &str = "\
Examples:
  goferry scan --db https://vuln.go.dev ./tool            what is known against a program, stripped or not
  goferry scan dist/                                      every binary of a release
  goferry scan --target windows/amd64 .                   what the module here would be built to
  goferry scan github.com/cli/cli/v2@v2.62.0              that version of a module's programs, for this host
  goferry scan --fail-on never ./tool                     look, without judging
  goferry scan --sbom tool.cdx.json                       is anything known by now against what was shipped

Levels: present (the module is affected), imported (a package of it is linked), linked (a function of it is in the program, on
its own or inlined). The database is --db, db in [scan] of goferry.toml, or GOVULNDB: an address, a folder, a .tar.zst or
a .zip of OSV files. Exit status 3: something stops a release; 5: there is no database.";

#[derive(Debug, Args)]
pub(crate) struct ScanArgs {
    /// Programs, archives of them, a release's folder, a module's folder, or MODULE@VERSION
    #[arg(value_name = "FILE|DIR|MODULE", value_hint = ValueHint::AnyPath, required_unless_present = "sbom")]
    pub(crate) what: Vec<String>,
    /// An SBOM (CycloneDX or SPDX 2 JSON) whose modules are checked; may be repeated
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) sbom: Vec<PathBuf>,
    /// What a module is built for to be scanned [default: this host's target]
    #[arg(long, value_name = "TARGET", value_delimiter = ',')]
    pub(crate) target: Vec<String>,
    #[command(flatten)]
    pub(crate) known: Known,
    /// From which level on the exit status is 3 [default: fail_on in [scan], else linked]
    #[arg(long, value_name = "LEVEL")]
    pub(crate) fail_on: Option<FailOn>,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = Form::Table)]
    pub(crate) format: Form,
    /// Write JSON there too; `-` for standard output
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) json: Option<PathBuf>,
    /// Write SARIF 2.1.0 there too; `-` for standard output
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) sarif: Option<PathBuf>,
    /// Send no alert, whatever goferry.toml says
    #[arg(long)]
    pub(crate) no_alert: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    Present,
    Imported,
    Linked,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    Table,
    Json,
    Sarif,
}

/// What is known of vulnerabilities, and what is accepted of them.
#[derive(Debug, Args)]
pub(crate) struct Known {
    /// The vulnerability database: a path or an address [default: db in [scan], else GOVULNDB]
    #[arg(long, value_name = "PATH|URL", value_hint = ValueHint::AnyPath, value_parser = place)]
    pub(crate) db: Option<String>,
    /// Further OSV records, such as private advisories; may be repeated
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) extra: Vec<PathBuf>,
    /// Accepted vulnerabilities, as osv-scanner.toml or .trivyignore.yaml; may be repeated
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) ignore_file: Vec<PathBuf>,
}

/// A database's place. An empty one would be the working folder.
pub(crate) fn place(text: &str) -> Result<String, String> {
    if text.trim().is_empty() { Err("it is empty".to_owned()) } else { Ok(text.to_owned()) }
}

impl Known {
    /// Without a threshold.
    pub(crate) fn asked(&self) -> Asked {
        Asked {
            db: self.db.clone(),
            extra: self.extra.clone(),
            ignore_files: self.ignore_file.clone(),
            fail_on: None,
        }
    }
}
