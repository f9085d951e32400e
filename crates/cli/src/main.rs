//! The `goferry` command.
//!
//! Owns: command line, drawing, exit status. Must not: hold rules of the domain; those are the engine's and below.

mod args;
mod bytes;
mod commands;
mod duration;
mod exit;
mod output;
mod render;
mod resolve;
mod sinks;
mod watch;

use std::process::ExitCode;

fn main() -> ExitCode {
    // Before any thread starts: this process may have been started to enter namespaces for another.
    goferry_proc::sandbox::enter_if_asked();
    goferry_proc::guest::enter_if_asked();
    // Or to run a step of an image that is built.
    goferry_engine::images::enter_if_asked();
    // Or to interpret a wasm program, or to stand for one on another machine.
    goferry_emulate::wasi::enter_if_asked();
    goferry_emulate::ssh::enter_if_asked();
    // Or in place of a compiler.
    goferry_toolchain::shim::enter_if_asked();
    commands::run(args::parse())
}
