//! `goferry __resolve NAME`: proves that the static binary can look up host names.

use crate::output::data;
use goferry_report::{Code, Diagnostic, Diagnostics};
use std::net::ToSocketAddrs;
use std::process::ExitCode;

pub(super) fn run(name: &str) -> Result<ExitCode, Diagnostics> {
    let addresses = (name, 0).to_socket_addrs().map_err(|e| {
        Diagnostic::error(Code::Io, format!("{} does not resolve: {e}", crate::output::harmless(name)))
    })?;
    for a in addresses {
        data(&format!("{}\n", a.ip()));
    }
    Ok(ExitCode::SUCCESS)
}
