//! What is scanned: modules with versions, and what is known of the packages and functions that are linked.
//!
//! Owns: taking it from a Go program's bytes, stripped or not. Must not: judge.

use crate::ScanError;
use crate::symbol::{self, Origin};
use crate::version;
use goferry_objfile::pclntab::{self, Pclntab, TableVersion};
use goferry_objfile::{Binary, GoBuildInfo, ReadAt};
use std::collections::{BTreeMap, BTreeSet};

/// Path of the pretended module that the standard library's records name.
pub const STDLIB: &str = "stdlib";

/// Something that modules and packages are in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// GOOS and GOARCH; empty if unknown, which is every one.
    pub goos: String,
    /// See [`Subject::goos`].
    pub goarch: String,
    /// The modules; the standard library too, as [`STDLIB`].
    pub modules: Vec<Linked>,
    /// What is linked.
    pub contents: Contents,
    /// What could not be read and would have been compared, as sentences.
    pub notes: Vec<String>,
}

/// A module that is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linked {
    /// Path, as packages are named by.
    pub path: String,
    /// Version; `(devel)` and an empty one are compared with nothing.
    pub version: String,
    /// Path and version of what took its place.
    pub replace: Option<(String, String)>,
}

/// How much is known of what is linked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contents {
    /// Import paths, each with its functions (`Receiver.Method`), inlined ones included.
    Functions(BTreeMap<String, BTreeSet<String>>),
    /// Import paths.
    Packages(BTreeSet<String>),
    /// Nothing but modules, and why.
    Modules(String),
}

impl Linked {
    /// A module that was not replaced.
    pub fn new(path: impl Into<String>, version: impl Into<String>) -> Self {
        Linked { path: path.into(), version: version.into(), replace: None }
    }

    /// Path of what was really built.
    pub(crate) fn real_path(&self) -> &str {
        self.replace.as_ref().map_or(&self.path, |r| &r.0)
    }

    /// Version of what was really built.
    pub(crate) fn real_version(&self) -> &str {
        self.replace.as_ref().map_or(&self.version, |r| &r.1)
    }
}

impl Subject {
    /// Reads a program: one subject, and of a fat Mach-O one for each slice. `binary` is what
    /// [`goferry_objfile::inspect`] says of the same bytes.
    ///
    /// # Errors
    /// It is no Go program, or one whose build information is gone (as upx does).
    pub fn of_program(bytes: &dyn ReadAt, binary: &Binary) -> Result<Vec<Subject>, ScanError> {
        let slices: Vec<&Binary> =
            if binary.slices.is_empty() { vec![binary] } else { binary.slices.iter().collect() };
        let mut tables: Vec<Result<Pclntab, String>> = match pclntab::read_slices(bytes) {
            Ok(tables) => tables.into_iter().map(Ok).collect(),
            Err(e) => slices.iter().map(|_| Err(e.to_string())).collect(),
        };
        tables.resize_with(slices.len(), || Err("it has fewer tables of functions than slices".to_owned()));
        let mut out = Vec::new();
        for (slice, table) in slices.iter().zip(tables) {
            let Some(go) = &slice.go else {
                let why = "there is no Go build information in it (not a Go program, or a packed one)";
                return Err(ScanError::NotGo(why.to_owned()));
            };
            out.push(Subject::of_build(go, table.as_ref().map_err(String::as_str)));
        }
        Ok(out)
    }

    /// From build information and the table of functions, or the reason why there is none.
    pub fn of_build(go: &GoBuildInfo, table: Result<&Pclntab, &str>) -> Subject {
        let mut subject = Subject {
            goos: go.setting("GOOS").unwrap_or_default().to_owned(),
            goarch: go.setting("GOARCH").unwrap_or_default().to_owned(),
            modules: go.deps.iter().map(linked).collect(),
            contents: Contents::Modules(String::new()),
            notes: vec![],
        };
        subject.add_toolchain(&go.go_version);
        // Without its path it was not built from a module.
        subject.modules.extend(go.main.iter().filter(|m| !m.path.is_empty()).map(linked));
        subject.contents = match table {
            Ok(table) if table.knows_inlined() => Contents::Functions(functions(table, &go.path)),
            Ok(table) => {
                subject
                    .notes
                    .push("inlined functions are not known, so functions are not compared".to_owned());
                Contents::Packages(functions(table, &go.path).into_keys().collect())
            }
            Err(why) => Contents::Modules(why.to_owned()),
        };
        subject
    }

    /// Adds the standard library of a toolchain (`go1.26.8`).
    pub fn add_toolchain(&mut self, go: &str) {
        let version = version::of_toolchain(go);
        if version.is_none() {
            self.notes.push(format!("the standard library is not compared: {go:?} is no released Go"));
        }
        self.modules.push(Linked::new(STDLIB, version.unwrap_or_default()));
    }
}

fn linked(module: &goferry_objfile::Module) -> Linked {
    let replace = module.replace.as_ref().map(|r| (r.path.clone(), r.version.clone()));
    Linked { path: module.path.clone(), version: module.version.clone(), replace }
}

/// The functions of each package; package main by its import path, as records name it.
fn functions(table: &Pclntab, main: &str) -> BTreeMap<String, BTreeSet<String>> {
    let own = if table.version() >= TableVersion::Go120 { Origin::Function } else { Origin::OldFunction };
    let mut out: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let names = table.own_names().into_iter().map(|n| (n, own));
    for (name, origin) in names.chain(table.inlined_names().into_iter().map(|n| (n, Origin::Inlined))) {
        let Some((package, symbol)) = symbol::split(name, origin) else { continue };
        let package = if package == "main" && !main.is_empty() { main } else { package.as_ref() };
        if !out.contains_key(package) {
            out.insert(package.to_owned(), BTreeSet::new());
        }
        let symbols = out.get_mut(package);
        if let Some(symbols) = symbols.filter(|s| !s.contains(symbol.as_ref())) {
            symbols.insert(symbol.into_owned());
        }
    }
    out
}
