//! A copy of the module, in which versions are tried.
//!
//! Owns: what is copied, the two files that change. Must not: run anything.

use super::read_go_mod;
use crate::copy;
use crate::dist::failure;
use goferry_report::{Code, Diagnostic};
use goferry_toolchain::gomod::{GoMod, Replacement, input_roots};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// go.mod and go.sum as they stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct State {
    pub(super) go_mod: Vec<u8>,
    /// None where there is no such file.
    pub(super) go_sum: Option<Vec<u8>>,
}

/// The copy; removed with this value.
pub(super) struct Scratch {
    dir: tempfile::TempDir,
    module: PathBuf,
    original: State,
}

impl Scratch {
    /// Copies a module and what its replace lines name beside it.
    ///
    /// # Errors
    /// go.mod or a file that cannot be read or written.
    pub(super) fn new(root: &Path) -> Result<Scratch, Box<Diagnostic>> {
        let dir = tempfile::Builder::new()
            .prefix("goferry-deps-")
            .tempdir()
            .map_err(|e| failure(&std::env::temp_dir(), &e))?;
        let original = read(root)?;
        let folders = folders(root)?;
        let common = common(&folders);
        let place =
            |folder: &Path| dir.path().join("copy").join(folder.strip_prefix(&common).unwrap_or(folder));
        for folder in outermost(&folders) {
            let skip = |p: &Path| left_out(root, p);
            copy::tree(folder, &place(folder), &skip).map_err(|e| failure(folder, &e))?;
        }
        let module = place(root);
        Ok(Scratch { module, original, dir })
    }

    /// The module's folder in the copy.
    pub(super) fn module(&self) -> &Path {
        &self.module
    }

    /// A folder for what is built.
    pub(super) fn folder(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(super) fn original(&self) -> &State {
        &self.original
    }

    pub(super) fn original_go_mod(&self) -> Result<GoMod, Box<Diagnostic>> {
        let text = String::from_utf8_lossy(&self.original.go_mod);
        GoMod::parse(&text).map_err(|e| Box::new(Diagnostic::error(Code::ModuleQuery, format!("go.mod:{e}"))))
    }

    /// Lines of the module's own go.sum.
    pub(super) fn entries(&self) -> usize {
        self.original
            .go_sum
            .as_ref()
            .map_or(0, |s| s.split(|b| *b == b'\n').filter(|l| !l.is_empty()).count())
    }

    /// Both files as they are in the copy now.
    pub(super) fn state(&self) -> Result<State, Box<Diagnostic>> {
        read(&self.module)
    }

    /// Both files as they were.
    pub(super) fn reset(&self) -> Result<(), Box<Diagnostic>> {
        self.put(&self.original)
    }

    pub(super) fn put(&self, state: &State) -> Result<(), Box<Diagnostic>> {
        let (go_mod, go_sum) = (self.module.join("go.mod"), self.module.join("go.sum"));
        std::fs::write(&go_mod, &state.go_mod).map_err(|e| failure(&go_mod, &e))?;
        match &state.go_sum {
            Some(text) => std::fs::write(&go_sum, text),
            None => std::fs::remove_file(&go_sum).or_else(|e| match e.kind() {
                std::io::ErrorKind::NotFound => Ok(()),
                _ => Err(e),
            }),
        }
        .map_err(|e| failure(&go_sum, &e))
    }
}

/// Reads both files of a folder.
pub(super) fn read(dir: &Path) -> Result<State, Box<Diagnostic>> {
    let (go_mod, go_sum) = (dir.join("go.mod"), dir.join("go.sum"));
    let text = std::fs::read(&go_mod).map_err(|e| failure(&go_mod, &e))?;
    let sum = match std::fs::read(&go_sum) {
        Ok(text) => Some(text),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
        Err(e) => return Err(failure(&go_sum, &e)),
    };
    Ok(State { go_mod: text, go_sum: sum })
}

/// The module and the folders that its relative replace lines name. Absolute ones stay where they are.
fn folders(root: &Path) -> Result<BTreeSet<PathBuf>, Box<Diagnostic>> {
    let all = input_roots(root, "off").map_err(|e| Diagnostic::error(Code::ModuleQuery, e.to_string()))?.dirs;
    let go_mod = read_go_mod(&root.join("go.mod"))?;
    let absolute = |dir: &PathBuf| {
        let is = |r: &Replacement| matches!(r, Replacement::Local(p) if Path::new(p) == dir.as_path());
        go_mod.replace.iter().any(|r| is(&r.with))
    };
    Ok(all.into_iter().filter(|d| d == root || !absolute(d)).collect())
}

fn common(folders: &BTreeSet<PathBuf>) -> PathBuf {
    let mut all = folders.iter();
    let mut out = all.next().cloned().unwrap_or_default();
    for folder in all {
        while !folder.starts_with(&out) {
            out.pop();
        }
    }
    // Its last part stays, because programs are named by it.
    if folders.len() == 1 { out.parent().map(Path::to_owned).unwrap_or_default() } else { out }
}

/// Those that lie in no other.
fn outermost(folders: &BTreeSet<PathBuf>) -> impl Iterator<Item = &PathBuf> {
    folders.iter().filter(|f| !folders.iter().any(|o| o != *f && f.starts_with(o)))
}

/// What a build does not read: the repository, what was built, and copies of dependencies at their old versions.
fn left_out(root: &Path, path: &Path) -> bool {
    path.file_name().is_some_and(|n| n == ".git") || path == root.join("vendor") || path == root.join("dist")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_module_and_what_lies_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let put = |path: &str, text: &str| {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        put("m/go.mod", "module m\n\nreplace x => ../x\n\nreplace y => ./y\n");
        for file in [
            "m/main.go",
            "m/vendor/v.go",
            "m/sub/vendor/v.go",
            "m/.git/HEAD",
            "m/dist/m",
            "m/y/go.mod",
            "x/go.mod",
        ] {
            put(file, "");
        }
        put("unrelated/big", "");
        let s = Scratch::new(&dir.path().join("m")).unwrap();
        let there = |path: &str| s.module().join(path).exists();
        assert!(there("main.go") && there("y/go.mod") && there("../x/go.mod") && there("sub/vendor/v.go"));
        assert!(!there("vendor") && !there(".git") && !there("dist") && !there("../unrelated"));
        assert_eq!(s.original().go_sum, None);
        s.put(&State { go_mod: b"module n\n".to_vec(), go_sum: Some(b"a\nb\n".to_vec()) }).unwrap();
        assert_eq!(s.state().unwrap().go_sum, Some(b"a\nb\n".to_vec()));
        s.reset().unwrap();
        assert_eq!(&s.state().unwrap(), s.original());
    }

    #[test]
    fn a_module_alone_keeps_its_name() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("tool")).unwrap();
        std::fs::write(dir.path().join("tool/go.mod"), "module m\n").unwrap();
        let s = Scratch::new(&dir.path().join("tool")).unwrap();
        assert!(s.module().ends_with("copy/tool"));
    }
}
