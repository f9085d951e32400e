//! `goferry binfmt`.

use clap::{Args, Subcommand, ValueHint};
use std::path::PathBuf;

pub(crate) const EXAMPLES: &str = "\
Examples:
  goferry binfmt status                          every entry, which one wins, what is wrong
  goferry binfmt explain ./program               who would start this file, and why
  goferry binfmt register --print                the lines for each emulator found here; changes nothing
  sudo goferry binfmt register linux/arm64       for every user of this host, until the next boot
  sudo goferry binfmt unregister                 all that goferry registered, and nothing else

goferry's own commands need no registration: they start emulators themselves.";

#[derive(Debug, Args)]
pub(crate) struct BinfmtArgs {
    #[command(subcommand)]
    pub(crate) action: BinfmtAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BinfmtAction {
    /// Show every entry, in the order in which the kernel tries them, and what is wrong
    Status {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Register qemu for programs of other architectures; leaves what others registered alone
    Register {
        /// Targets, e.g. linux/arm64 [default: all whose emulator is here]
        #[arg(value_name = "TARGET")]
        targets: Vec<String>,
        /// Also at each boot, by /etc/binfmt.d/goferry.conf
        #[arg(long, conflicts_with = "print")]
        persist: bool,
        /// Print the lines for the kernel and do nothing
        #[arg(long)]
        print: bool,
    },
    /// Take out what goferry registered, now and at boot
    Unregister {
        /// Targets [default: all]
        #[arg(value_name = "TARGET")]
        targets: Vec<String>,
    },
    /// Say who would start a file, and why
    Explain {
        /// The file
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}
