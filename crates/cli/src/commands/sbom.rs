//! `goferry sbom`: what is in programs, archives and folders.

use super::toolchain::session;
use super::unwritable;
use crate::args::SbomArgs;
use crate::output::{data, harmless, talk};
use crate::resolve::VERSION;
use goferry_engine::bom::{BomRequest, inventory, module_files};
use goferry_proc::Cancel;
use goferry_report::Diagnostics;
use goferry_supply::sbom::{Written, render, third_party_licenses};
use std::process::ExitCode;

pub(super) fn run(args: &SbomArgs) -> Result<ExitCode, Diagnostics> {
    let session = session(&Cancel::new())?;
    let request = BomRequest { files: &args.files, version: args.version.as_deref() };
    let (inventory, newest) = inventory(&session, request)?;
    let given = session.env.get("SOURCE_DATE_EPOCH").and_then(|t| t.parse().ok());
    let written = Written { goferry: VERSION, unix: given.unwrap_or(newest) };
    if let Some(path) = &args.third_party_licenses {
        let files = module_files(&session, &inventory.root.path);
        let (text, missing) = third_party_licenses(&inventory, &files);
        std::fs::write(path, text).map_err(|e| unwritable(path, &e))?;
        for module in missing {
            talk(&harmless(&format!("no licence of {module} is at hand")));
            talk("\n");
        }
    }
    let document = render(&inventory, args.format(), &written);
    match &args.output {
        Some(path) => std::fs::write(path, document).map_err(|e| unwritable(path, &e))?,
        None => data(&String::from_utf8_lossy(&document)),
    }
    Ok(ExitCode::SUCCESS)
}
