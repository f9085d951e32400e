//! What is in a program or a release, before it is written as anything.

use super::licence::Licences;
use super::version::{MainVersion, VersionSource, main_version};
use crate::purl::{DebOrigin, Purl, stdlib_cpe, stdlib_version};
use goferry_objfile::{Binary, GoBuildInfo, Module};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that one document is about.
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    /// What is described.
    pub root: Root,
    /// Modules that packages were linked from, by their package URL; not the main one.
    pub modules: BTreeMap<Purl, ModuleUse>,
    /// Toolchains whose standard library is in it (`go1.26.8`); one, but for a release that was built by several.
    pub toolchains: BTreeSet<String>,
    /// C libraries and the packages that they came from.
    pub libraries: BTreeMap<Purl, Library>,
    /// Files that are shipped, by name.
    pub files: BTreeMap<String, FileFact>,
    /// Who needs whom, as far as go.mod files say it; what nobody needs hangs on the root.
    pub edges: BTreeMap<Purl, BTreeSet<Purl>>,
}

/// The main module, at the version that is released.
#[derive(Clone, Debug)]
pub struct Root {
    /// Module path; the main package's path for a program that was built without modules.
    pub path: String,
    /// With `v`, never `(devel)`; empty if unknown.
    pub version: MainVersion,
    /// Found licences.
    pub licences: Licences,
}

impl Default for Root {
    fn default() -> Self {
        let version = MainVersion { version: String::new(), source: VersionSource::Unknown };
        Root { path: String::new(), version, licences: Licences::default() }
    }
}

impl Root {
    /// `pkg:golang/<module>@<version>`: what VEX and provenance call the product too.
    pub fn purl(&self) -> Purl {
        Purl::go_module(&self.path, &self.version.version)
    }
}

/// A Go module in a program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModuleUse {
    /// Path of the code that is really there: a replacement's own.
    pub path: String,
    /// Its version; empty for a folder, whose content is of no version.
    pub version: String,
    /// `h1:` hash of its content; empty for a folder.
    pub sum: String,
    /// The module (path, version) whose place it takes.
    pub replaces: Option<(String, String)>,
    /// Found licences.
    pub licences: Licences,
}

/// A library of another language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Library {
    /// `libsqlite3-dev`, `libc.so.6`.
    pub name: String,
    /// Empty if unknown.
    pub version: String,
    /// SHA-256 of the package; empty if unknown.
    pub sha256: String,
    /// How it is used.
    pub used: LibraryUse,
}

/// How a library is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LibraryUse {
    /// A package with headers and libraries was there when cgo compiled and linked: its code may be inside.
    Linked,
    /// The program asks the loader for it; it is not inside.
    Loaded,
}

/// A file that is shipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileFact {
    /// SHA-256, lower case hexadecimal.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
    /// What it is.
    pub kind: FileKind,
}

/// What a shipped file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A Go program: its build settings, in the taxonomy's names (`cdx:gomod:build:…`).
    Binary(Vec<(String, String)>),
    /// An archive, with the names of the programs in it.
    Archive(Vec<String>),
    /// Anything else.
    Other,
}

impl Inventory {
    /// Of one program. `version` is what the caller knows of its version. None: it has no Go build information.
    pub fn of_binary(
        binary: &Binary,
        name: &str,
        file: (String, u64),
        version: Option<&str>,
    ) -> Option<Inventory> {
        let info = binary.go.as_ref()?;
        let mut out = Inventory { root: root(info, version), ..Inventory::default() };
        out.add_build_info(info);
        for slice in binary.slices.iter().filter_map(|s| s.go.as_ref()) {
            out.add_build_info(slice);
        }
        let all = binary.needed.iter().chain(binary.slices.iter().flat_map(|s| &s.needed));
        all.for_each(|library| out.add_loaded(library));
        let (sha256, size) = file;
        out.files.insert(name.to_owned(), FileFact { sha256, size, kind: FileKind::Binary(settings(info)) });
        Some(out)
    }

    /// Takes in what another program of the same release has; the root stays.
    pub fn merge(&mut self, other: Inventory) {
        self.modules.extend(other.modules);
        self.toolchains.extend(other.toolchains);
        self.libraries.extend(other.libraries);
        self.files.extend(other.files);
        for (from, to) in other.edges {
            // Another program of the release may have another main module.
            self.edges.entry(from).or_default().extend(to);
        }
        let own = self.root.path.clone();
        if other.root.path != own {
            let (path, version) = (other.root.path.clone(), other.root.version.version.clone());
            let module =
                ModuleUse { path, version, licences: other.root.licences.clone(), ..ModuleUse::default() };
            self.modules.insert(other.root.purl(), module);
        }
    }

    /// A file besides the programs: an archive with the names of those in it, or the source archive.
    pub fn add_file(&mut self, name: &str, sha256: &str, size: u64, kind: FileKind) {
        self.files.insert(name.to_owned(), FileFact { sha256: sha256.to_owned(), size, kind });
    }

    /// A package of Debian or its like that cgo compiled and linked against.
    pub fn add_deb(&mut self, name: &str, version: &str, origin: DebOrigin<'_>, sha256: &str) {
        let used = LibraryUse::Linked;
        let library =
            Library { name: name.to_owned(), version: version.to_owned(), sha256: sha256.to_owned(), used };
        self.libraries.insert(Purl::deb(name, version, origin), library);
    }

    fn add_build_info(&mut self, info: &GoBuildInfo) {
        self.toolchains.insert(info.go_version.clone());
        for dep in &info.deps {
            let module = module_use(dep);
            self.modules.insert(module.purl(), module);
        }
    }

    fn add_loaded(&mut self, library: &str) {
        // Paths are of the machine that linked (macOS: of every machine): the name is what matters.
        let name = library.rsplit('/').next().unwrap_or(library);
        let used = LibraryUse::Loaded;
        let fact = Library { name: name.to_owned(), version: String::new(), sha256: String::new(), used };
        self.libraries.insert(Purl::generic(name, "", &[]), fact);
    }

    /// The standard library of each toolchain.
    pub(crate) fn stdlib(&self) -> impl Iterator<Item = Stdlib<'_>> {
        self.toolchains.iter().map(|go| Stdlib {
            purl: Purl::stdlib(go),
            version: stdlib_version(go),
            cpe: stdlib_cpe(go),
        })
    }
}

/// The standard library of a toolchain.
pub(crate) struct Stdlib<'i> {
    pub(crate) purl: Purl,
    /// `1.26.8`.
    pub(crate) version: &'i str,
    pub(crate) cpe: String,
}

impl ModuleUse {
    /// The module's package URL.
    pub fn purl(&self) -> Purl {
        Purl::go_module(&self.path, &self.version)
    }
}

fn root(info: &GoBuildInfo, version: Option<&str>) -> Root {
    let path = info.main.as_ref().map_or(info.path.as_str(), |m| m.path.as_str());
    // `go build main.go` outside a module.
    let path = if path.is_empty() { "command-line-arguments" } else { path };
    Root { path: path.to_owned(), version: main_version(info, version), licences: Licences::default() }
}

fn module_use(dep: &Module) -> ModuleUse {
    let replaces = dep.replace.is_some().then(|| (dep.path.clone(), dep.version.clone()));
    let known = |v: &str| if v == "(devel)" { String::new() } else { v.to_owned() };
    match dep.replace.as_deref() {
        // A folder: the code is the module's own or a fork of it, at no version.
        Some(folder) if folder.path.starts_with(['.', '/']) || folder.path.contains(['\\', ':']) => {
            ModuleUse {
                path: dep.path.clone(),
                version: known(&folder.version),
                replaces,
                ..ModuleUse::default()
            }
        }
        other => {
            let real = other.unwrap_or(dep);
            ModuleUse {
                path: real.path.clone(),
                version: known(&real.version),
                sum: real.sum.clone(),
                replaces,
                licences: Licences::default(),
            }
        }
    }
}

/// Build settings that tell builds apart, in the CycloneDX property taxonomy's names (cdx:gomod).
fn settings(info: &GoBuildInfo) -> Vec<(String, String)> {
    let mut out = vec![("cdx:gomod:build:env:GOVERSION".to_owned(), info.go_version.clone())];
    for (key, value) in &info.settings {
        let name = match key.as_str() {
            "-compiler" => "cdx:gomod:build:compiler".to_owned(),
            "-tags" => {
                let tags = value.split(',').filter(|t| !t.is_empty());
                out.extend(tags.map(|t| ("cdx:gomod:build:tag".to_owned(), t.to_owned())));
                continue;
            }
            "vcs" => "cdx:gomod:build:vcs".to_owned(),
            "vcs.revision" | "vcs.time" | "vcs.modified" => {
                format!("cdx:gomod:build:vcs:{}", key.trim_start_matches("vcs."))
            }
            // CGO_CFLAGS and its kin hold paths of the building machine, and may hold more.
            "CGO_ENABLED" => "cdx:gomod:build:env:CGO_ENABLED".to_owned(),
            go if go.starts_with("GO") => format!("cdx:gomod:build:env:{go}"),
            _ => continue,
        };
        out.push((name, value.clone()));
    }
    if !info.path.is_empty() {
        out.push(("cdx:gomod:binary:package".to_owned(), info.path.clone()));
    }
    out.retain(|(_, value)| !value.is_empty());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replacement_is_what_is_there() {
        let module = |path: &str, version: &str, sum: &str| Module {
            path: path.to_owned(),
            version: version.to_owned(),
            sum: sum.to_owned(),
            replace: None,
        };
        let with = |replace: Module| Module {
            replace: Some(Box::new(replace)),
            ..module("example.com/a", "v1.0.0", "")
        };
        for (dep, purl, sum) in [
            (module("example.com/a", "v1.0.0", "h1:x="), "pkg:golang/example.com/a@v1.0.0", "h1:x="),
            (
                with(module("example.com/fork", "v1.0.1", "h1:y=")),
                "pkg:golang/example.com/fork@v1.0.1",
                "h1:y=",
            ),
            (with(module("./a", "(devel)", "")), "pkg:golang/example.com/a", ""),
            (with(module("/src/a", "", "")), "pkg:golang/example.com/a", ""),
            (with(module("C:\\src\\a", "", "")), "pkg:golang/example.com/a", ""),
        ] {
            let used = module_use(&dep);
            assert_eq!((used.purl().as_str(), used.sum.as_str()), (purl, sum));
            assert_eq!(used.replaces.is_some(), dep.replace.is_some());
        }
    }
}
