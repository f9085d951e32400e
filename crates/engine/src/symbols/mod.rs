//! `goferry symbols`: the functions that are in a Go program, a fingerprint of them, and how two programs differ.
//!
//! Owns: what counts as the program's own, which functions are the compiler's. Must not: draw.

mod difference;
mod origin;

pub use difference::{Difference, Lone, Reason, compare};
pub use origin::Sources;

use goferry_cache::hex;
use goferry_objfile::pclntab::{self, Pclntab, SymbolName};
use goferry_objfile::{Binary, FileBytes, GoBuildInfo};
use goferry_report::{Code, Diagnostic, Label};
use goferry_target::GoTarget;
use goferry_toolchain::constraint::Platform;
use goferry_toolchain::module::is_within;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;

/// A Go program's functions.
#[derive(Debug, Serialize)]
pub struct Program {
    /// The file, as it was named.
    pub file: String,
    /// What it was built for, if its bytes say so.
    pub target: Option<GoTarget>,
    /// Version of Go that built it.
    pub go: Option<String>,
    /// Fingerprints of its functions.
    pub fingerprint: Fingerprint,
    /// Whether inlined functions are known; if not, those that are only inlined are missing.
    pub inlined_known: bool,
    /// Its functions, sorted by package and name.
    pub functions: Vec<Function>,
    #[serde(skip)]
    pub(crate) platform: Option<Platform>,
}

/// SHA-256 over the sorted names of functions, inlined ones included, a line each; hexadecimal. Addresses, sizes and
/// order do not count, nor does what the compiler makes (wrappers, equality of types) or what is written in assembly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fingerprint {
    /// Of all of them.
    pub all: String,
    /// Without the standard library's, which differs the most between systems and architectures.
    pub own: String,
}

/// A function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Function {
    /// Name as the linker wrote it, with its package.
    pub name: String,
    /// Import path of its package; empty for what belongs to none.
    pub package: String,
    /// Bytes of code of its own, padding included; 0 if it is only inlined into others.
    pub size: u64,
    /// It has no code of its own.
    pub only_inlined: bool,
    /// Who wrote it.
    pub kind: Kind,
    /// Its source file, as the table names it; empty if it does not.
    pub source: String,
    /// Whether its package is of the standard library.
    pub std: bool,
}

/// Who wrote a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Go source.
    Go,
    /// Assembly.
    Assembly,
    /// The compiler: wrappers, equality and hashes of types.
    Compiler,
}

/// Reads a program's functions.
///
/// # Errors
/// The file cannot be read, or has no table of functions that goferry reads.
pub fn read(path: &Path) -> Result<Program, Box<Diagnostic>> {
    let (bytes, binary) = open(path)?;
    let table = pclntab::read(&bytes).map_err(|e| no_table(path, &e))?;
    let functions = functions(&table, binary.go.as_ref());
    Ok(Program {
        file: path.display().to_string(),
        target: goferry_diagnose::target_of(&binary),
        go: binary.go.as_ref().map(|g| g.go_version.clone()).filter(|v| !v.is_empty()),
        fingerprint: Fingerprint {
            all: fingerprint(functions.iter()),
            own: fingerprint(functions.iter().filter(|f| !f.std)),
        },
        inlined_known: table.knows_inlined(),
        functions,
        platform: platform(&binary),
    })
}

/// Opens a file and says what it is.
pub(crate) fn open(path: &Path) -> Result<(FileBytes, Binary), Box<Diagnostic>> {
    let file = std::fs::File::open(path).map_err(|e| crate::dist::failure(path, &e))?;
    // Devices and pipes have no end to read to.
    if !file.metadata().is_ok_and(|m| m.is_file()) {
        let e = std::io::Error::other("it is not a regular file");
        return Err(crate::dist::failure(path, &e));
    }
    let bytes = FileBytes::new(file).map_err(|e| crate::dist::failure(path, &e))?;
    let binary = goferry_objfile::inspect(&bytes).map_err(|e| no_table(path, &e.into()))?;
    Ok((bytes, binary))
}

pub(crate) fn no_table(path: &Path, e: &pclntab::PclntabError) -> Box<Diagnostic> {
    let name = path.display().to_string();
    Box::new(Diagnostic::error(Code::NotABinary, format!("{name}: {e}")).label(Label::file(&name)))
}

/// What decided about source files when it was built.
fn platform(binary: &Binary) -> Option<Platform> {
    let target = goferry_diagnose::target_of(binary)?;
    let go = binary.go.as_ref();
    let cgo = go.and_then(|g| g.setting("CGO_ENABLED")) == Some("1");
    let mut platform = Platform::new(target.os.goos(), target.arch.goarch(), cgo);
    let tags = go.and_then(|g| g.setting("-tags")).unwrap_or_default();
    platform.tags = tags.split(',').filter(|t| !t.is_empty()).map(str::to_owned).collect();
    Some(platform)
}

fn functions(table: &Pclntab, go: Option<&GoBuildInfo>) -> Vec<Function> {
    let mut all: BTreeMap<&str, (u64, bool, &str)> = BTreeMap::new();
    for f in table.functions() {
        let entry = all.entry(f.name()).or_insert((0, false, f.file()));
        entry.0 += f.size();
        entry.1 = true;
        for (name, file) in f.bodies() {
            all.entry(name).or_insert((0, false, file));
        }
    }
    // What was inlined to nothing is in the tables all the same.
    for name in table.names() {
        all.entry(name).or_insert((0, false, ""));
    }
    let mut packages = BTreeMap::new();
    let mut out: Vec<Function> = all
        .into_iter()
        .map(|(name, (size, own_code, source))| {
            let package = SymbolName::parse(name).package.into_owned();
            let std = *packages.entry(package.clone()).or_insert_with(|| is_std(&package, go));
            let kind = kind(name, source);
            let (name, source) = (name.to_owned(), source.to_owned());
            Function { name, package, size, only_inlined: !own_code, kind, source, std }
        })
        .collect();
    out.sort_by(|a, b| (&a.package, &a.name).cmp(&(&b.package, &b.name)));
    out
}

fn kind(name: &str, source: &str) -> Kind {
    let last = name.rsplit('.').next().unwrap_or(name);
    let wrapper = ["gowrap", "deferwrap"].iter().any(|p| last.starts_with(p)) || name.ends_with("-fm");
    if wrapper || source == "<autogenerated>" || name.starts_with("type:") || name.starts_with("go:") {
        Kind::Compiler
    } else if source.ends_with(".s") {
        Kind::Assembly
    } else {
        Kind::Go
    }
}

/// Import paths of the standard library have no dot in their first element, and no module of the program has them.
pub(crate) fn is_std(package: &str, go: Option<&GoBuildInfo>) -> bool {
    let first = package.split('/').next().unwrap_or_default();
    if package == "main" || first.contains('.') {
        return false;
    }
    let modules = go.iter().flat_map(|g| g.main.iter().chain(&g.deps));
    !modules.into_iter().any(|m| is_within(package, &m.path))
}

fn fingerprint<'f>(functions: impl Iterator<Item = &'f Function>) -> String {
    let mut names: Vec<&str> = functions.filter(|f| f.kind == Kind::Go).map(|f| f.name.as_str()).collect();
    names.sort_unstable();
    let mut hash = Sha256::new();
    for name in names {
        hash.update(name);
        hash.update("\n");
    }
    hex(&hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use goferry_objfile::Module;

    #[test]
    fn kinds_are_told_by_name_and_file() {
        for (name, source, expected) in [
            ("main.main", "/x/main.go", Kind::Go),
            ("main.main.func1", "/x/main.go", Kind::Go),
            ("main.main.gowrap1", "/x/main.go", Kind::Compiler),
            ("main.main.func1.deferwrap2", "/x/main.go", Kind::Compiler),
            ("main.T.M-fm", "/x/main.go", Kind::Compiler),
            ("main.(*T).M", "<autogenerated>", Kind::Compiler),
            ("type:.eq.main.T", "<autogenerated>", Kind::Compiler),
            ("internal/bytealg.IndexByte", "/g/src/internal/bytealg/indexbyte_arm64.s", Kind::Assembly),
        ] {
            assert_eq!(kind(name, source), expected, "{name}");
        }
    }

    #[test]
    fn the_standard_library_is_told_by_its_paths() {
        let module = |path: &str| Module { path: path.to_owned(), ..Module::default() };
        let go =
            GoBuildInfo { main: Some(module("tool")), deps: vec![module("a.b/c")], ..GoBuildInfo::default() };
        for (package, expected) in [
            ("runtime", true),
            ("net/http", true),
            ("", true),
            ("main", false),
            ("tool", false),
            ("tool/sub", false),
            ("tools", true),
            ("a.b/c/d", false),
        ] {
            assert_eq!(is_std(package, Some(&go)), expected, "{package}");
        }
    }
}
