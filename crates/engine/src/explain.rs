//! Failed builds and binaries explained with what this host knows.
//!
//! Owns: the host's description for `diagnose`. Must not: know causes.

use crate::compilers::{FetchRules, Fetching};
use crate::host;
use crate::session::Session;
use goferry_diagnose::{BinaryReport, HostView, explain_binary, explain_log};
use goferry_emulate::binfmt::Liveness;
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

/// Explains a program to this host; `path` is where it is, if it is a file.
///
/// # Errors
/// A lock file of the project that cannot be read.
pub fn binary(session: &Session, binary: &Binary, path: Option<&Path>) -> Result<BinaryReport, Diagnostics> {
    let target = goferry_diagnose::target_of(binary);
    Ok(explain_binary(binary, &view(session, binary, path, target)?))
}

fn view(
    session: &Session,
    binary: &Binary,
    path: Option<&Path>,
    target: Option<GoTarget>,
) -> Result<HostView, Diagnostics> {
    let mut view = HostView {
        os: Os::host().map(|o| o.goos().to_owned()).unwrap_or_default(),
        arch: ArchKind::host().map(|a| a.goarch().to_owned()).unwrap_or_default(),
        ..HostView::default()
    };
    if let Some(target) = target {
        let fetching = Fetching::new(session, &session.cwd, FetchRules::default())?;
        let programs = session.path();
        let choice = choose_runner(&target, &host::emulators(session, programs, &[target], &fetching));
        view.runner = choice.runner.as_ref().map(goferry_emulate::Runner::label);
        view.runner_hint = choice.missing.map(|m| m.hint);
    }
    view.loaders.extend(binary.interpreter.iter().filter(|l| Path::new(l).exists()).cloned());
    let native = binary.arch.map(|a| a.goarch()) == Some(view.arch.as_str());
    if native {
        let mut dirs = own_folders(binary, path, target);
        dirs.extend(library_folders(target));
        let here = |l: &&String| dirs.iter().any(|d| d.join(l).exists());
        view.libraries = binary.needed.iter().filter(here).cloned().collect();
        view.glibc = dirs.iter().find_map(|d| glibc_of(&d.join("libc.so.6")));
    } else {
        // What an emulator's prefix holds is its loader's business.
        view.libraries.clone_from(&binary.needed);
    }
    Ok(view)
}

/// Where the binary itself says that its libraries are (ld.so(8), "Rpath token expansion").
fn own_folders(binary: &Binary, path: Option<&Path>, target: Option<GoTarget>) -> Vec<PathBuf> {
    let file = path.and_then(|p| p.canonicalize().ok());
    let origin = file.as_deref().and_then(Path::parent).map(|p| p.to_string_lossy().into_owned());
    let triple = target.and_then(|t| t.facts()).and_then(|f| f.gnu_triple).unwrap_or_default();
    // Debian's loader puts the triple in the place of LIB, others lib64 or lib.
    let places = [format!("lib/{triple}"), "lib64".to_owned(), "lib".to_owned()];
    let mut out = vec![];
    for folder in &binary.run_paths {
        let folder = match (&origin, folder.contains("ORIGIN")) {
            (Some(origin), true) => folder.replace("${ORIGIN}", origin).replace("$ORIGIN", origin),
            (None, true) => continue,
            (_, false) => folder.clone(),
        };
        let lib = folder.contains("$LIB") || folder.contains("${LIB}");
        for place in places.iter().take(if lib { 3 } else { 1 }) {
            out.push(PathBuf::from(folder.replace("${LIB}", place).replace("$LIB", place)));
        }
    }
    out
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
    let table = goferry_emulate::binfmt::Table::read(binfmt);
    // The kernel takes the first, and fails if its interpreter is gone.
    table.takers(path, &head).next().is_some_and(|entry| !matches!(entry.liveness(), Liveness::Stale { .. }))
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
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    fn folders_that_a_program_names_are_looked_into() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let gcc = |args: &[&str]| {
            use goferry_proc::{CommandSpec, Host, Spawner};
            let spec = CommandSpec::new("gcc", "gcc").args(args.iter().copied()).cwd(dir.path());
            Host::new(std::sync::Arc::default()).run(&spec).is_ok_and(|d| d.status.success())
        };
        std::fs::create_dir(at("own")).unwrap();
        std::fs::write(at("x.c"), "int x(void) { return 0; }").unwrap();
        std::fs::write(at("main.c"), "int x(void);\nint main(void) { return x(); }").unwrap();
        if !gcc(&["-shared", "-fPIC", "-o", "own/libx.so", "x.c"]) {
            return;
        }
        assert!(gcc(&["-o", "main", "main.c", "-Lown", "-lx", "-Wl,-rpath,$ORIGIN/own:/o/$LIB"]));
        let Subject::Binary(binary) = subject(&at("main")).ok().unwrap() else { panic!("no binary") };
        let target = goferry_diagnose::target_of(&binary);
        let folders = own_folders(&binary, Some(&at("main")), target);
        assert!(folders[0].join("libx.so").is_file(), "{folders:?}");
        assert!(folders.contains(&PathBuf::from("/o/lib/x86_64-linux-gnu")), "{folders:?}");
        assert!(folders.contains(&PathBuf::from("/o/lib64")), "{folders:?}");
        // Without a place there is no origin.
        assert!(own_folders(&binary, None, target).iter().all(|f| f.starts_with("/o")));
    }

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
        let entry = "interpreter /bin/sh\nflags: F\noffset 0\nmagic 7f454c4600\nmask ffffffff00\n";
        std::fs::write(binfmt.join("one"), format!("disabled\n{entry}")).unwrap();
        assert!(!registered(&arm, &binfmt));
        std::fs::write(binfmt.join("one"), format!("enabled\n{entry}")).unwrap();
        assert!(registered(&arm, &binfmt) && !registered(&exe, &binfmt));
        std::fs::write(binfmt.join("wine"), "enabled\ninterpreter /bin/sh\nflags: \nextension .exe\n")
            .unwrap();
        assert!(registered(&exe, &binfmt));
    }
}
