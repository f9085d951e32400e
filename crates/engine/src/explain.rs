//! Failed builds and binaries explained with what this host knows.
//!
//! Owns: the host's description for `diagnose`. Must not: know causes.

use crate::compilers::{FetchRules, Fetching};
use crate::host;
use crate::session::Session;
use goferry_diagnose::{BinaryReport, HostView, explain_binary, explain_log};
use goferry_emulate::choose_runner;
use goferry_objfile::{Binary, FileBytes};
use goferry_report::{Diagnostic, Diagnostics};
use goferry_target::{ArchKind, GoTarget, Os};
use std::path::{Path, PathBuf};

/// Adds the cause that a tool's output shows, with its fixes, to a diagnostic.
pub fn with_cause(mut d: Diagnostic, output: &[u8]) -> Diagnostic {
    let Some(first) = explain_log(output).first else { return d };
    d.notes.push(format!("cause: {}. {}", first.title, first.why));
    for fix in &first.fixes {
        d = match &fix.command {
            Some(command) => d.hint_with(fix.text.clone(), command.clone()),
            None => d.hint(fix.text.clone()),
        };
    }
    d.with_note(format!("more about it: {}", first.page))
}

/// Explains a program to this host.
///
/// # Errors
/// A lock file of the project that cannot be read.
pub fn binary(session: &Session, binary: &Binary) -> Result<BinaryReport, Diagnostics> {
    let target = goferry_diagnose::target_of(binary);
    Ok(explain_binary(binary, &view(session, binary, target)?))
}

fn view(session: &Session, binary: &Binary, target: Option<GoTarget>) -> Result<HostView, Diagnostics> {
    let mut view = HostView {
        os: Os::host().map(|o| o.goos().to_owned()).unwrap_or_default(),
        arch: ArchKind::host().map(|a| a.goarch().to_owned()).unwrap_or_default(),
        ..HostView::default()
    };
    if let Some(target) = target {
        let fetching = Fetching::new(session, &session.cwd, FetchRules::default())?;
        let path = session.env.get("PATH").map(String::as_str).unwrap_or_default();
        let choice = choose_runner(&target, &host::emulators(session, path, &[target], &fetching));
        view.runner = choice.runner.as_ref().map(goferry_emulate::Runner::label);
        view.runner_hint = choice.missing.map(|m| m.hint);
    }
    view.loaders.extend(binary.interpreter.iter().filter(|l| Path::new(l).exists()).cloned());
    let native = binary.arch.map(|a| a.goarch()) == Some(view.arch.as_str());
    if native {
        let dirs = library_folders(target);
        let here = |l: &&String| dirs.iter().any(|d| d.join(l).exists());
        view.libraries = binary.needed.iter().filter(here).cloned().collect();
        view.glibc = dirs.iter().find_map(|d| glibc_of(&d.join("libc.so.6")));
    } else {
        // What an emulator's prefix holds is its loader's business.
        view.libraries.clone_from(&binary.needed);
    }
    Ok(view)
}

/// Where the host's loader looks: what ld.so.conf names, and the folders that are built in.
fn library_folders(target: Option<GoTarget>) -> Vec<PathBuf> {
    let triple = target.and_then(|t| t.facts()).and_then(|f| f.gnu_triple).unwrap_or_default();
    let mut dirs: Vec<PathBuf> =
        ["/lib", "/usr/lib", "/lib64", "/usr/lib64"].iter().map(PathBuf::from).collect();
    dirs.extend(["/lib", "/usr/lib"].iter().map(|d| Path::new(d).join(triple)));
    let mut files = vec![PathBuf::from("/etc/ld.so.conf")];
    files.extend(std::fs::read_dir("/etc/ld.so.conf.d").into_iter().flatten().flatten().map(|e| e.path()));
    for file in files {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        dirs.extend(text.lines().map(str::trim).filter(|l| l.starts_with('/')).map(PathBuf::from));
    }
    dirs
}

/// The version that a C library says of itself: `GNU C Library (…) stable release version 2.36.`
fn glibc_of(library: &Path) -> Option<(u32, u32)> {
    let bytes = std::fs::read(library).ok()?;
    let needle = b"release version ";
    let at = bytes.windows(needle.len()).position(|w| w == needle)? + needle.len();
    let text: String =
        bytes[at..].iter().take(12).map(|b| char::from(*b)).take_while(|c| !c.is_whitespace()).collect();
    let mut parts = text.trim_end_matches(['.', ',']).split('.').map(str::parse);
    Some((parts.next()?.ok()?, parts.next()?.ok()?))
}

/// Whether a file is a program of another machine, for which the kernel has no emulator registered.
pub fn kernel_refuses(path: &Path) -> bool {
    let Ok(Subject::Binary(binary)) = subject(path) else { return false };
    let own = ArchKind::host();
    let foreign = match goferry_diagnose::target_of(&binary) {
        Some(t) if Os::host() != Some(t.os) => true,
        Some(t) => own != Some(t.arch.kind()) && !runs_beside(own, t.arch.kind()),
        None => false,
    };
    foreign && !registered(path, Path::new(crate::exec::BINFMT_MISC))
}

/// Whether an entry of binfmt_misc takes the file: by its first bytes or its ending.
pub(crate) fn registered(path: &Path, binfmt: &Path) -> bool {
    let Ok(head) = crate::binfmt::head(path) else { return false };
    goferry_emulate::binfmt::Table::read(binfmt).takers(path, &head).next().is_some()
}

/// 32-bit programs on a 64-bit kernel.
pub(crate) fn runs_beside(host: Option<ArchKind>, program: ArchKind) -> bool {
    matches!(
        (host, program),
        (Some(ArchKind::Amd64), ArchKind::I386) | (Some(ArchKind::Arm64), ArchKind::Arm)
    )
}

/// What a file is to `explain`.
pub enum Subject {
    /// A program, library or object.
    Binary(Box<Binary>),
    /// Anything else: a log.
    Text(Vec<u8>),
}

/// Reads a file: a binary by its headers only, anything else whole.
///
/// # Errors
/// A file that cannot be read; one that begins as a binary and is damaged.
pub fn subject(path: &Path) -> Result<Subject, Diagnostics> {
    use goferry_report::Code;
    let failed = |e: &std::io::Error| crate::dist::failure(path, e);
    let bytes = std::fs::File::open(path).and_then(FileBytes::new).map_err(|e| failed(&e))?;
    match goferry_objfile::inspect(&bytes) {
        Ok(binary) => Ok(Subject::Binary(Box::new(binary))),
        Err(goferry_objfile::ObjError::Unrecognized { .. }) => {
            Ok(Subject::Text(std::fs::read(path).map_err(|e| failed(&e))?))
        }
        Err(e) => Err(Diagnostic::error(Code::NotABinary, format!("{}: {e}", path.display()))
            .hint("the file is cut off or damaged: copy or download it again")
            .into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_of_binfmt_take_files_by_their_bytes_or_endings() {
        let dir = tempfile::tempdir().unwrap();
        let (arm, exe) = (dir.path().join("arm"), dir.path().join("x.exe"));
        std::fs::write(&arm, b"\x7fELF\x02\x01\x01\x00rest").unwrap();
        std::fs::write(&exe, b"MZ").unwrap();
        let binfmt = dir.path().join("binfmt_misc");
        std::fs::create_dir(&binfmt).unwrap();
        std::fs::write(binfmt.join("status"), "enabled\n").unwrap();
        assert!(!registered(&arm, &binfmt));
        let entry = "interpreter /q\nflags: F\noffset 0\nmagic 7f454c4600\nmask ffffffff00\n";
        std::fs::write(binfmt.join("one"), format!("disabled\n{entry}")).unwrap();
        assert!(!registered(&arm, &binfmt));
        std::fs::write(binfmt.join("one"), format!("enabled\n{entry}")).unwrap();
        assert!(registered(&arm, &binfmt) && !registered(&exe, &binfmt));
        std::fs::write(binfmt.join("wine"), "enabled\ninterpreter /w\nflags: \nextension .exe\n").unwrap();
        assert!(registered(&exe, &binfmt));
    }
}
