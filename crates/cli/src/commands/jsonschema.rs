//! `goferry jsonschema`.

use super::unwritable;
use crate::args::SchemaArgs;
use crate::output;
use goferry_config::{FileKind, json_schema};
use goferry_report::Diagnostics;
use std::path::Path;
use std::process::ExitCode;

pub(super) fn run(args: &SchemaArgs) -> Result<ExitCode, Diagnostics> {
    let schema = json_schema(if args.goreleaser { FileKind::Goreleaser } else { FileKind::Goferry });
    match args.output.as_deref().filter(|p| *p != Path::new("-")) {
        None => output::json(&schema),
        Some(path) => {
            let text = serde_json::to_string_pretty(&schema).unwrap_or_default() + "\n";
            std::fs::write(path, text).map_err(|e| unwritable(path, &e))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
