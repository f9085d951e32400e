//! `goferry stats`.

use clap::{Args, ValueHint};
use std::path::PathBuf;

pub(crate) const EXAMPLES: &str = "\
Examples:
  goferry stats                  the release in dist/, and the last 20 from the records
  goferry stats --last 100 --json

Records are kept under $GOFERRY_CACHE/history, else $XDG_STATE_HOME/goferry, else ~/.local/state/goferry: one line a release,
with names, versions and what stopped it.";

#[derive(Debug, Args)]
pub(crate) struct StatsArgs {
    /// Folder of the release
    #[arg(value_name = "DIST", value_hint = ValueHint::DirPath, default_value = "dist")]
    pub(crate) dist: PathBuf,
    /// How many of the last releases count
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) last: usize,
    /// Leave out snapshots
    #[arg(long)]
    pub(crate) no_snapshots: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}
