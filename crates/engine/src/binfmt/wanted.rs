//! What would be registered: an entry for each architecture whose emulator is here.

use super::own_name;
use crate::compilers::{FetchRules, Fetching};
use crate::host;
use crate::session::Session;
use goferry_emulate::binfmt::{Entry, Registered, Rule, entry, flags_for};
use goferry_emulate::{QemuFound, Runner, choose_runner};
use goferry_objfile::FileBytes;
use goferry_report::{Code, Diagnostic, Diagnostics};
use goferry_target::{ArchKind, GoTarget, Os};
use std::path::Path;

/// An entry as it is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Which architecture.
    pub(super) kind: ArchKind,
    /// As the kernel would show it.
    pub(super) entry: Registered,
    /// What is written to `register`.
    pub(super) line: String,
    /// Whether the emulator needs libraries, which a chroot does not have.
    pub(super) dynamic: bool,
}

/// The entries for these architectures, or without any for all whose emulator is on PATH or was fetched before, but
/// those that the host runs itself.
///
/// # Errors
/// For named ones: no emulator, or an architecture that the host runs itself. A lock that cannot be read.
pub(super) fn wanted(session: &Session, kinds: &[ArchKind]) -> Result<Vec<Wanted>, Diagnostics> {
    let all: Vec<ArchKind> = ArchKind::ALL.into_iter().filter(|k| entry(*k).is_some()).collect();
    let asked = if kinds.is_empty() { &all } else { kinds };
    let targets: Vec<GoTarget> = asked.iter().map(|k| GoTarget::new(Os::Linux, k.default_arch())).collect();
    let fetching = Fetching::new(session, &session.cwd, FetchRules::default())?;
    let path = session.path();
    let host = host::emulators(session, path, &targets, &fetching);
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let (mut out, mut problems) = (Vec::new(), Diagnostics::default());
    for target in &targets {
        let choice = choose_runner(target, &host);
        let Some(entry) = entry(target.arch.kind()) else { continue };
        let found = match (&choice.runner, host.qemu.get(&entry.name)) {
            (Some(Runner::Native), _) => Err(native(target)),
            (_, Some(found)) => one(target.arch.kind(), &entry, found, kernel.trim()),
            _ => Err(missing(target, &choice.reason)),
        };
        match found {
            Ok(wanted) => out.push(wanted),
            Err(d) if !kinds.is_empty() => problems.push(d),
            Err(_) => {}
        }
    }
    if problems.has_errors() { Err(problems) } else { Ok(out) }
}

/// The exact lines for /proc/sys/fs/binfmt_misc/register.
///
/// # Errors
/// Those of [`super::register`] that are found before anything is touched.
pub fn lines(session: &Session, kinds: &[ArchKind]) -> Result<Vec<String>, Diagnostics> {
    Ok(wanted(session, kinds)?.into_iter().map(|w| w.line).collect())
}

fn one(kind: ArchKind, entry: &Entry, qemu: &QemuFound, kernel: &str) -> Result<Wanted, Diagnostic> {
    let name = own_name(kind).unwrap_or_default();
    // What is written down for the next boot should not hang on a link that somebody else keeps.
    let path = qemu.path.canonicalize().unwrap_or_else(|_| qemu.path.clone());
    let flags = flags_for(&qemu.version, kernel);
    let line = entry.register_line(&name, &path, flags).map_err(|e| {
        Diagnostic::error(Code::BinfmtRefused, format!("linux/{}: {e}", kind.goarch()))
            .hint("put the emulator where the kernel can name it, e.g. into /usr/local/bin")
    })?;
    let rule = Rule::Magic(entry.pattern.clone());
    let dynamic = is_dynamic(&path);
    let entry = Registered { name, enabled: true, interpreter: path, flags: flags.to_owned(), rule };
    Ok(Wanted { kind, entry, line, dynamic })
}

fn is_dynamic(path: &Path) -> bool {
    let bytes = std::fs::File::open(path).and_then(FileBytes::new);
    bytes.is_ok_and(|b| goferry_objfile::inspect(&b).is_ok_and(|b| b.interpreter.is_some()))
}

fn native(target: &GoTarget) -> Diagnostic {
    let message =
        format!("this host runs {target} programs itself; an entry would send them all to the emulator");
    Diagnostic::error(Code::UnknownTarget, message).hint("name another target")
}

fn missing(target: &GoTarget, reason: &str) -> Diagnostic {
    Diagnostic::error(Code::RunnerMissing, format!("{target}: {reason}"))
        .hint_with("to install emulators for every user", "sudo apt-get install qemu-user-static")
        .hint_with("to run programs as yourself, without a registration", format!("goferry run {target}"))
}
