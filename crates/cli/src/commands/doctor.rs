//! `goferry doctor`.

use crate::args::DoctorArgs;
use goferry_report::Diagnostics;
use std::process::ExitCode;

pub(super) fn run(_args: &DoctorArgs) -> Result<ExitCode, Diagnostics> {
    Ok(ExitCode::SUCCESS)
}
