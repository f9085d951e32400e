//! `goferry ci bake`.

use crate::args::{CiAction, CiArgs};
use crate::output::{self, Terminal};
use crate::sinks::{Manner, Talker};
use crate::{exit, resolve};
use goferry_engine::images::bake::bake;
use goferry_engine::prepare;
use goferry_proc::Cancel;
use goferry_report::{Diagnostics, Sink};
use std::process::ExitCode;
use std::sync::Arc;

pub(super) fn run(args: &CiArgs) -> Result<ExitCode, Diagnostics> {
    let CiAction::Bake(args) = &args.action;
    let terminal = Terminal { live: false, ..Terminal::detect() };
    let sink: Arc<dyn Sink> = Talker::new(Manner { json: false, verbose: false }, terminal);
    let session = resolve::session(Arc::clone(&sink), Cancel::new(), true)?;
    let mut request = resolve::request("ci bake", None, &args.select, &session.env)?;
    request.images_only = true;
    let mut prepared = prepare(&session, &request)?;
    let problems = std::mem::take(&mut prepared.problems);
    if problems.has_errors() {
        return Err(problems);
    }
    let (file, notes) = bake(&prepared.plan);
    notes.iter().for_each(|n| output::talk(&format!("note: {n}\n")));
    output::json(&file);
    Ok(exit::of(&problems))
}
