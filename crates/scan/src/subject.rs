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
    /// Functions by package that govulncheck's rules give no name, or one that no record has; those of
    /// [`Contents::Functions`] are not repeated. They make no finding `linked`, but none is cleared over them.
    pub passed_over: BTreeMap<String, BTreeSet<String>>,
    /// Modules whose version is not known for sure.
    pub assumed: Vec<Assumed>,
    /// Why what is not in `contents` may be in it all the same; empty: then it is not.
    pub doubt: String,
    /// Whether paths may have lost their capitals, as package URLs do.
    pub lowercased: bool,
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

/// A module that is in it at a version that is only near the true one, or that is not known at all. What its records say is
/// told below level `linked`, and counts as linked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assumed {
    /// Path, as records name it.
    pub path: String,
    /// The version to compare with; none: every record may mean it.
    pub version: Option<String>,
    /// Why it is not known, as a sentence without its stop.
    pub why: String,
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
    /// With nothing but what is linked.
    pub fn new(contents: Contents) -> Subject {
        Subject {
            goos: String::new(),
            goarch: String::new(),
            modules: vec![],
            contents,
            passed_over: BTreeMap::new(),
            assumed: vec![],
            doubt: String::new(),
            lowercased: false,
            notes: vec![],
        }
    }

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
            ..Subject::new(Contents::Modules(String::new()))
        };
        subject.add_toolchain(&go.go_version);
        // Without its path it was not built from a module.
        subject.modules.extend(go.main.iter().filter(|m| !m.path.is_empty()).map(linked));
        subject.contents = match table {
            Ok(table) => {
                let (functions, passed_over) = functions(table, &go.path);
                subject.passed_over = passed_over;
                subject.seen(functions, table.knows_inlined())
            }
            Err(why) => Contents::Modules(why.to_owned()),
        };
        subject
    }

    fn seen(&mut self, functions: Functions, inlined: bool) -> Contents {
        // Every program has it: without, the functions are elsewhere (-linkshared) or have other names (obfuscated).
        if !functions.contains_key("runtime") {
            return Contents::Modules("its table of functions lacks those of the runtime".to_owned());
        }
        if inlined {
            return Contents::Functions(functions);
        }
        "inlined functions are not known, and a package may be there by them alone"
            .clone_into(&mut self.doubt);
        Contents::Packages(functions.into_keys().collect())
    }

    /// Adds the standard library of a toolchain (`go1.26.8`).
    pub fn add_toolchain(&mut self, go: &str) {
        let version = version::of_toolchain(go);
        if version.is_none() {
            self.assume_stdlib(go);
        }
        self.modules.push(Linked::new(STDLIB, version.unwrap_or_default()));
    }
}

impl Subject {
    /// A standard library of which nobody knows what was mended in it.
    pub(crate) fn assume_stdlib(&mut self, go: &str) {
        let near = version::near_toolchain(go);
        let with = near.as_ref().map_or("every version".to_owned(), |v| format!("go{}", &v[1..]));
        let why = format!("{go:?} is no released Go, so its standard library is compared as that of {with}");
        self.notes.push(why.clone());
        self.assumed.push(Assumed { path: STDLIB.to_owned(), version: near, why });
    }
}

/// By package.
type Functions = BTreeMap<String, BTreeSet<String>>;

fn linked(module: &goferry_objfile::Module) -> Linked {
    let replace = module.replace.as_ref().map(|r| (r.path.clone(), r.version.clone()));
    Linked { path: module.path.clone(), version: module.version.clone(), replace }
}

/// The functions of each package, and those that are passed over; package main by its import path, as records name it.
fn functions(table: &Pclntab, main: &str) -> (Functions, Functions) {
    let own = if table.version() >= TableVersion::Go120 { Origin::Function } else { Origin::OldFunction };
    let (mut out, mut passed_over) = (Functions::new(), Functions::new());
    let names = table.own_names().into_iter().map(|n| (n, own));
    for (name, origin) in names.chain(table.inlined_names().into_iter().map(|n| (n, Origin::Inlined))) {
        if let Some((package, symbol)) = symbol::passed_over(name, origin) {
            let package = if package == "main" && !main.is_empty() { main.to_owned() } else { package };
            passed_over.entry(package).or_default().insert(symbol);
        }
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
    (out, passed_over)
}
