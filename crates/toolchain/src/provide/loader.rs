//! Programs of another suite, which need a newer C library than the host's: started by that suite's own loader.
//!
//! Owns: the shims that do it, and those of the programs that gcc itself starts. Must not: change what was unpacked.
//!
//! gcc looks for cc1, as, collect2 and ld in the folder of `-B` first, where links to goferry start each by the loader. By
//! the loader's `--argv0` gcc has a bare name, under which lto-wrapper finds it again on PATH; where its own files are is
//! then said by GCC_EXEC_PREFIX.

use super::store;
use crate::shim::{self, Shim};
use goferry_report::{Code, Diagnostic};
use goferry_target::{ArchKind, GoTarget, Os};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A root's loader and where its libraries are.
pub(super) struct Loader {
    program: PathBuf,
    libraries: String,
}

/// Folders of the host's libraries in an unpacked root, as the loader takes them.
pub(super) fn libraries(root: &Path) -> String {
    let folders = std::fs::read_dir(root.join("usr/lib")).into_iter().flatten().flatten();
    let folders = folders.map(|e| e.path());
    let own = folders.filter(|p| p.file_name().is_some_and(|n| n.to_string_lossy().ends_with("-linux-gnu")));
    let mut own: Vec<String> = own.map(|p| p.to_string_lossy().into_owned()).collect();
    own.sort();
    own.join(":")
}

impl Loader {
    /// The loader of the host's architecture in a root.
    ///
    /// # Errors
    /// A root without one.
    pub(super) fn of(root: &Path) -> Result<Loader, Box<Diagnostic>> {
        let host = ArchKind::host().map(|a| GoTarget::new(Os::Linux, a.default_arch()));
        let name = host.and_then(|t| t.facts()).and_then(|f| f.glibc_loader).unwrap_or_default();
        let program = root.join(name.trim_start_matches('/'));
        if name.is_empty() || !program.is_file() {
            let message = format!("{} has no loader of this host's architecture", root.display());
            return Err(Box::new(
                Diagnostic::error(Code::ToolchainDamaged, message)
                    .hint_with("to lock what is there now:", "goferry toolchain update"),
            ));
        }
        Ok(Loader { program, libraries: libraries(root) })
    }

    /// A program under another name, started by the loader.
    pub(super) fn start(&self, program: &Path, argv0: &str) -> Shim {
        let words = ["--library-path", &self.libraries, "--argv0", argv0, &program.to_string_lossy()];
        Shim { args: words.map(str::to_owned).to_vec(), ..Shim::plain(self.program.clone()) }
    }

    /// Links for what gcc starts itself: its passes, the assembler and the linker.
    pub(super) fn passes(
        &self,
        fetcher_root: &Path,
        goferry: &Path,
        root: &Path,
        triple: &str,
    ) -> Result<PathBuf, Box<Diagnostic>> {
        let mut shims = BTreeMap::new();
        let mut add = |name: &str, path: &Path| {
            // Where they lie says to them where the rest is.
            shims.insert(name.to_owned(), self.start(path, &path.to_string_lossy()));
        };
        for path in passes_of(root, triple) {
            add(&path.file_name().unwrap_or_default().to_string_lossy(), &path);
        }
        for tool in ["as", "ld", "ld.bfd", "nm", "ar", "ranlib", "strip", "objcopy"] {
            let path = root.join(format!("usr/bin/{triple}-{tool}"));
            if path.is_file() {
                add(tool, &path);
            }
        }
        shim::link_farm(fetcher_root, goferry, &shims)
            .map_err(|e| store::io_error("cannot make links in", fetcher_root, &e))
    }
}

/// cc1 and its kin: the executable files beside them. Debian moved them from lib to libexec.
fn passes_of(root: &Path, triple: &str) -> Vec<PathBuf> {
    let mut out = vec![];
    for base in ["usr/libexec/gcc-cross", "usr/lib/gcc-cross"] {
        let versions = std::fs::read_dir(root.join(base).join(triple)).into_iter().flatten().flatten();
        let files = versions.flat_map(|v| std::fs::read_dir(v.path()).into_iter().flatten().flatten());
        out.extend(files.map(|f| f.path()).filter(|p| p.is_file() && is_program(p)));
    }
    out.sort();
    out
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let library = path.file_name().is_some_and(|n| n.to_string_lossy().contains(".so"));
    !library && path.metadata().is_ok_and(|m| m.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(_: &Path) -> bool {
    false
}
