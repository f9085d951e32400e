//! From what happened to an exit status (docs/exit-codes.md).

use goferry_report::Diagnostics;
use std::process::ExitCode;

/// The status of a run that ended with these diagnostics.
pub(crate) fn of(problems: &Diagnostics) -> ExitCode {
    problems.exit_class().map_or(ExitCode::SUCCESS, |c| ExitCode::from(c.status()))
}
