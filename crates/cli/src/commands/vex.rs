//! `goferry vex`: which known vulnerabilities are in programs, and which are not.

use super::toolchain::session;
use super::unwritable;
use crate::args::VexArgs;
use crate::args::vex::Form;
use crate::output::{data, harmless, talk};
use crate::resolve::VERSION;
use goferry_engine::bom::{BomRequest, inventory};
use goferry_engine::scanning::Scanner;
use goferry_proc::Cancel;
use goferry_report::Diagnostics;
use goferry_supply::sbom::Written;
use goferry_supply::vex::{Vex, VexFormat, statements};
use serde_json::Value;
use std::path::Path;
use std::process::ExitCode;

pub(super) fn run(args: &VexArgs) -> Result<ExitCode, Diagnostics> {
    let session = session(&Cancel::new())?;
    let config = session.config()?;
    let version = args.version.clone().or_else(|| args.files.iter().find_map(|f| released(f)));
    let request = BomRequest { files: &args.files, version: version.as_deref() };
    let (inventory, newest) = inventory(&session, request)?;
    let scanner = Scanner::open(&session, config.scan.as_ref(), &args.known.asked())?;
    let mut reports = vec![];
    for file in &args.files {
        reports
            .extend(scanner.anything(&session, &file.to_string_lossy(), &[])?.into_iter().map(|s| s.report));
    }
    reports.iter().flat_map(|r| &r.notes).for_each(|n| talk(&format!("note: {}\n", harmless(n))));
    let vex = Vex {
        path: inventory.root.path.clone(),
        version: inventory.root.version.version.clone(),
        files: inventory.files.iter().map(|(name, f)| (base(name), f.sha256.clone())).collect(),
        statements: statements(&reports),
        database: scanner.about().date,
    };
    let given = session.env.get("SOURCE_DATE_EPOCH").and_then(|t| t.parse().ok());
    let document = vex.render(format(args), &Written { goferry: VERSION, unix: given.unwrap_or(newest) });
    match &args.output {
        Some(path) => std::fs::write(path, document).map_err(|e| unwritable(path, &e))?,
        None => data(&String::from_utf8_lossy(&document)),
    }
    Ok(ExitCode::SUCCESS)
}

fn format(args: &VexArgs) -> VexFormat {
    let named = || args.output.as_ref().is_some_and(|o| o.to_string_lossy().ends_with(".cdx.json"));
    match args.format {
        Some(Form::Cyclonedx) => VexFormat::CycloneDx,
        None if named() => VexFormat::CycloneDx,
        _ => VexFormat::OpenVex,
    }
}

fn base(path: &str) -> String {
    path.rsplit('/').next().unwrap_or(path).to_owned()
}

/// The version of a release by its folder.
fn released(folder: &Path) -> Option<String> {
    let text = std::fs::read(folder.join("metadata.json")).ok()?;
    let metadata: Value = serde_json::from_slice(&text).ok()?;
    metadata["version"].as_str().map(str::to_owned)
}
