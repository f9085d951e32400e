//! `goferry man`.

use super::unwritable;
use crate::args::{Cli, ManArgs};
use crate::output;
use clap::CommandFactory;
use goferry_report::Diagnostics;
use std::process::ExitCode;

pub(super) fn run(args: &ManArgs) -> Result<ExitCode, Diagnostics> {
    let command = Cli::command();
    match &args.output {
        Some(dir) => {
            std::fs::create_dir_all(dir)
                .and_then(|()| clap_mangen::generate_to(command, dir))
                .map_err(|e| unwritable(dir, &e))?;
        }
        None => {
            let mut out = vec![];
            clap_mangen::Man::new(command)
                .render(&mut out)
                .map_err(|e| unwritable(std::path::Path::new("the manual page"), &e))?;
            output::data(&String::from_utf8_lossy(&out));
        }
    }
    Ok(ExitCode::SUCCESS)
}
