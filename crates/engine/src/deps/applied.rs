//! Writing go.mod and go.sum: both or neither, and only over what was read.

use super::scratch::{Scratch, State, read};
use crate::dist::{failure, write_whole};
use goferry_report::{Code, Diagnostic};
use std::path::Path;

/// Writes what was proven into the module.
///
/// # Errors
/// Somebody changed one of the files meanwhile, or one cannot be written; then both are as they were.
pub(super) fn write(root: &Path, scratch: &Scratch) -> Result<(), Box<Diagnostic>> {
    if read(root)? != *scratch.original() {
        let message = "go.mod or go.sum was changed meanwhile; nothing is written";
        return Err(Box::new(Diagnostic::error(Code::Io, message).hint("run goferry deps again")));
    }
    let state = scratch.state()?;
    put(root, &state).inspect_err(|_| {
        // The first may have been written already.
        let _ = put(root, scratch.original());
    })
}

fn put(root: &Path, state: &State) -> Result<(), Box<Diagnostic>> {
    // go.sum first: more lines than needed harm nothing.
    let go_sum = root.join("go.sum");
    match &state.go_sum {
        Some(text) => write_whole(&go_sum, text)?,
        None if go_sum.exists() => std::fs::remove_file(&go_sum).map_err(|e| failure(&go_sum, &e))?,
        None => {}
    }
    write_whole(&root.join("go.mod"), &state.go_mod)
}
