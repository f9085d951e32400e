//! `goferry completion`.

use crate::args::{Cli, Shell};
use crate::output;
use clap::CommandFactory;
use clap_complete::generate;
use clap_complete::shells::{Bash, Fish, PowerShell, Zsh};
use goferry_report::Diagnostics;
use std::process::ExitCode;

pub(super) fn run(shell: Shell) -> Result<ExitCode, Diagnostics> {
    let mut command = Cli::command();
    let mut out = vec![];
    match shell {
        Shell::Bash => generate(Bash, &mut command, "goferry", &mut out),
        Shell::Zsh => generate(Zsh, &mut command, "goferry", &mut out),
        Shell::Fish => generate(Fish, &mut command, "goferry", &mut out),
        Shell::Powershell => generate(PowerShell, &mut command, "goferry", &mut out),
    }
    output::data(&String::from_utf8_lossy(&out));
    Ok(ExitCode::SUCCESS)
}
