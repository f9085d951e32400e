//! `goferry debug`: a program without optimisations, held by what gdb talks to.
//!
//! Owns: what is built and refused, who holds the program, sessions and their end. Must not: understand gdb's protocol.
//!
//! qemu-user has a gdb stub (`-g`), and gdbserver holds programs of the host's own machine. Neither is given a port: both
//! would listen on every interface. qemu listens on a socket file in a folder that only the caller may enter, and
//! gdbserver talks through its standard streams. goferry stands between them and the debugger, so that the program ends
//! with the session, however that ends. ssh would be a third [`Stub`].

mod attached;
mod carry;
mod gdb;
mod listen;
mod stub;

pub use attached::attached;
pub use listen::{Listening, listen};
pub use stub::Stub;

use crate::exec;
use crate::run::{self, Ready, Wish};
use crate::session::Session;
use goferry_objfile::FileKind;
use goferry_proc::find_program;
use goferry_report::{Code, Diagnostic, Diagnostics};
use goferry_target::{ArchKind, GoTarget, Os};
use std::ffi::OsString;
use std::path::PathBuf;

/// What a debugger needs of go build: neither inlining nor registers in the place of variables, everything that tells
/// of the sources, and paths as they are. They overrule those of GOFLAGS.
const FLAGS: [&str; 4] = ["-gcflags=all=-N -l", "-ldflags=", "-trimpath=false", "-buildmode=exe"];

/// A program that is ready to be debugged.
#[derive(Debug)]
pub struct Debuggee {
    /// What it was built for.
    pub target: GoTarget,
    /// The file, with its symbols.
    pub file: PathBuf,
    /// Where a dynamic program's libraries are.
    pub sysroot: Option<PathBuf>,
    /// Go's own script for gdb, where Go is installed.
    pub script: Option<PathBuf>,
    /// The function to stop in first.
    pub break_at: String,
    /// What holds the program.
    pub stub: Stub,
}

/// Builds the program if it is a package, and finds what holds it.
///
/// # Errors
/// As [`run::program`]; the program has nothing that gdb could show; gdbserver is missing.
pub fn debuggee(
    session: &Session,
    target: GoTarget,
    what: Option<&str>,
    args: &[OsString],
    break_at: &str,
) -> Result<Debuggee, Diagnostics> {
    if target.os != Os::Linux {
        return Err(nothing_holds(target).into());
    }
    let ready = run::with_flags(session, target, Wish { what, flags: &FLAGS }, None)?;
    debuggable(&ready)?;
    let stub = Stub::choose(session, target, &ready, args)?;
    let Ready { file, sysroot, .. } = ready;
    Ok(Debuggee { target, file, sysroot, script: script(session), break_at: break_at.to_owned(), stub })
}

fn nothing_holds(target: GoTarget) -> Diagnostic {
    let message = format!("{target} cannot be debugged here: qemu and gdbserver hold only Linux programs");
    Diagnostic::error(Code::RunnerMissing, message)
}

fn broken(e: &std::io::Error) -> Box<Diagnostic> {
    Box::new(Diagnostic::error(Code::Io, format!("the connection to the debugger broke: {e}")))
}

/// Refuses what a debugger can show nothing of.
fn debuggable(ready: &Ready) -> Result<(), Box<Diagnostic>> {
    let binary = exec::read(&ready.file)?;
    let wrong = |why: &str| {
        Box::new(
            Diagnostic::error(Code::NotABinary, format!("{} {why}", ready.file.display()))
                .hint("name the package instead of the file: goferry builds it for debugging")
                .hint_with("or build it so:", "go build -gcflags='all=-N -l' -buildmode=exe"),
        )
    };
    if !binary.debug_info {
        return Err(wrong("has no DWARF: it was built with -ldflags=-w or stripped"));
    }
    if binary.kind == FileKind::Pie {
        return Err(wrong(
            "is position independent (-buildmode=pie): gdb does not learn where the stub loads it",
        ));
    }
    Ok(())
}

/// `$GOROOT/src/runtime/runtime-gdb.py`.
fn script(session: &Session) -> Option<PathBuf> {
    let (_, identity) = session.go().ok()?;
    Some(identity.goroot.join("src/runtime/runtime-gdb.py")).filter(|p| p.is_file())
}

/// gdb for a target: gdb-multiarch, or a gdb that knows only the host's own machine.
fn gdb(session: &Session, target: GoTarget) -> Result<PathBuf, Box<Diagnostic>> {
    let path = session.env.get("PATH").map(OsString::from);
    let find = |name: &str| find_program(name, path.as_deref(), &session.cwd);
    let own = ArchKind::host() == Some(target.arch.kind());
    find("gdb-multiarch").or_else(|| find("gdb").filter(|_| own)).ok_or_else(|| {
        Box::new(
            Diagnostic::error(Code::ToolMissing, "gdb-multiarch is not on PATH")
                .hint_with("to install it:", "sudo apt-get install gdb-multiarch")
                .hint("with --listen the program waits for a gdb that runs elsewhere"),
        )
    })
}
