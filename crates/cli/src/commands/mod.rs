//! One file for each command. Must not: know how to build; they ask the engine and draw what it says.

mod binfmt;
mod cache;
mod check;
mod ci;
mod completion;
mod debug;
mod deps;
mod doctor;
mod evidence;
mod exec;
mod explain;
mod image;
mod image_inspect;
mod image_push;
mod image_run;
mod init;
mod inspect;
mod jsonschema;
mod man;
mod plan;
mod profile;
mod release;
mod resolve_host;
mod run;
mod sbom;
mod scan;
mod size;
mod stats;
mod symbols;
mod targets;
mod test;
mod toolchain;
mod trace;
mod verify;
mod vex;

use crate::args::Command;
use crate::exit;
use crate::output::{Terminal, talk};
use crate::render::diagnostics;
use crate::resolve;
use goferry_report::{Code, Diagnostic, Diagnostics};
use std::path::Path;
use std::process::ExitCode;

/// Runs a command.
pub(crate) fn run(command: Command) -> ExitCode {
    let env = resolve::environment();
    goferry_plan::secret::learn(env.iter().map(|(k, v)| (k.as_str(), v.as_str())));
    goferry_engine::learn_environment(&env);
    let result = match command {
        Command::Release(a) => release::release(&a),
        Command::Build(a) => release::build(&a),
        Command::Plan(a) => plan::run(&a),
        Command::Check(a) => check::run(&a),
        Command::Init => init::run(),
        Command::Inspect(a) => inspect::run(&a),
        Command::Symbols(a) => symbols::run(&a),
        Command::Size(a) => size::run(&a),
        Command::Run(a) => run::run(&a),
        Command::Test(a) => test::run(&a),
        Command::Exec(a) => exec::run(&a),
        Command::Profile(a) => profile::run(&a),
        Command::Trace(a) => trace::run(&a),
        Command::Debug(a) => debug::run(&a),
        Command::Sbom(a) => sbom::run(&a),
        Command::Image(a) => image::run(&a),
        Command::Ci(a) => ci::run(&a),
        Command::Sign(a) => evidence::sign(&a),
        Command::Attest(a) => evidence::attest(&a),
        Command::Verify(a) => verify::run(&a),
        Command::Scan(a) => scan::run(&a),
        Command::Vex(a) => vex::run(&a),
        Command::Deps(a) => deps::run(&a),
        Command::Stats(a) => stats::run(&a),
        Command::Explain(a) => explain::run(&a),
        Command::Doctor(a) => doctor::run(&a),
        Command::Binfmt(a) => binfmt::run(&a.action),
        Command::Toolchain(a) => toolchain::run(&a),
        Command::Targets(a) => targets::run(&a),
        Command::Jsonschema(a) => jsonschema::run(&a),
        Command::Cache(a) => cache::run(a.action),
        Command::Completion(a) => completion::run(a.shell),
        Command::Man(a) => man::run(&a),
        Command::ResolveHost { name } => resolve_host::run(&name),
    };
    result.unwrap_or_else(|problems| say(&problems))
}

/// Draws problems on standard error and gives their status.
fn say(problems: &Diagnostics) -> ExitCode {
    let terminal = Terminal::detect();
    for d in &problems.list {
        talk(&diagnostics::draw(d, &terminal));
    }
    exit::of(problems)
}

/// A file that could not be written.
fn unwritable(path: &Path, e: &std::io::Error) -> Diagnostics {
    let code = if e.kind() == std::io::ErrorKind::StorageFull { Code::DiskFull } else { Code::Io };
    Diagnostic::error(code, format!("{} cannot be written: {e}", path.display())).into()
}
