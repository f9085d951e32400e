//! Who needs whom, and licences: what the module cache, vendor/ or a checkout say of the modules of an inventory.
//!
//! Nothing is asked for that is not there: a module whose go.mod is not at hand has no edges, one whose folder is not at
//! hand has no licence, and the document says so.

use super::inventory::{Inventory, ModuleUse};
use super::licence::{self, Licences, Matcher};
use crate::purl::Purl;
use goferry_toolchain::gomod::GoMod;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

/// Where modules are on this machine.
#[derive(Clone, Debug, Default)]
pub struct ModuleFiles {
    /// GOMODCACHE.
    pub cache: Option<PathBuf>,
    /// The main module's folder, with go.mod, licence and perhaps vendor/.
    pub main: Option<PathBuf>,
    /// GOROOT, for the standard library's licence text.
    pub goroot: Option<PathBuf>,
}

impl ModuleFiles {
    /// The folder of a module's files, if it is at hand.
    pub(crate) fn folder(&self, path: &str, version: &str) -> Option<PathBuf> {
        let vendored = self.main.as_ref().map(|m| m.join("vendor").join(path));
        let cached = || {
            let name = format!("{}@{}", escaped(path)?, escaped(version)?);
            Some(self.cache.as_ref()?.join(name)).filter(|_| !version.is_empty())
        };
        vendored.filter(|p| p.is_dir()).or_else(cached).filter(|p| p.is_dir())
    }

    fn gomod(&self, path: &str, version: &str) -> Option<PathBuf> {
        let name = format!("cache/download/{}/@v/{}.mod", escaped(path)?, escaped(version)?);
        Some(self.cache.as_ref()?.join(name)).filter(|_| !version.is_empty())
    }

    /// The main module's folder: the checkout, else the module cache.
    pub(crate) fn root(&self, path: &str, version: &str) -> Option<PathBuf> {
        self.main.clone().or_else(|| self.folder(path, version))
    }
}

/// How the module cache writes capitals: `!c` for `C` (golang.org/x/mod/module, "Escaped Paths"). None: not a path or
/// version that it could hold.
fn escaped(path: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/+".contains(c);
    if !path.chars().all(plain) || path.starts_with('/') || path.split('/').any(|w| matches!(w, "." | "..")) {
        return None;
    }
    let mut out = String::with_capacity(path.len());
    for c in path.chars() {
        if c.is_ascii_uppercase() {
            out.push('!');
        }
        out.push(c.to_ascii_lowercase());
    }
    Some(out)
}

/// Fills in edges and licences from what is at hand.
pub fn resolve(inventory: &mut Inventory, files: &ModuleFiles) {
    Resolver::new(files.clone()).resolve(inventory);
}

/// Fills in edges and licences of several inventories that have most of their modules in common: each is looked at once.
pub struct Resolver {
    files: ModuleFiles,
    matcher: Matcher,
    /// Most modules of an owner have the same text.
    texts: licence::Known,
    modules: HashMap<Purl, Looked>,
}

/// What was found out about a module.
#[derive(Clone, Default)]
struct Looked {
    licences: Licences,
    /// Paths of the modules that its go.mod requires directly.
    requires: Vec<String>,
}

type Edges = BTreeMap<Purl, BTreeSet<Purl>>;

impl Resolver {
    /// For modules that are there.
    pub fn new(files: ModuleFiles) -> Resolver {
        Resolver { files, matcher: Matcher::new(), texts: HashMap::new(), modules: HashMap::new() }
    }

    /// Where modules are.
    pub fn files(&self) -> &ModuleFiles {
        &self.files
    }

    /// Fills in one.
    pub fn resolve(&mut self, inventory: &mut Inventory) {
        let root = self.files.root(&inventory.root.path, &inventory.root.version.version);
        let mut main = Looked::default();
        if let Some(folder) = &root {
            main.licences = licence::of_folder(folder, &self.matcher, &mut self.texts);
            main.requires = required(&folder.join("go.mod"));
        }
        inventory.root.licences = main.licences;
        let mut requires = BTreeMap::new();
        for (purl, module) in &mut inventory.modules {
            let looked = self.look(purl, module);
            module.licences = looked.licences;
            requires.insert(purl.clone(), looked.requires);
        }
        requires.insert(inventory.root.purl(), main.requires);
        inventory.edges = edges(inventory, requires);
    }

    fn look(&mut self, purl: &Purl, module: &ModuleUse) -> Looked {
        if let Some(looked) = self.modules.get(purl) {
            return looked.clone();
        }
        let mut looked = Looked::default();
        if let Some(folder) = self.files.folder(&module.path, &module.version) {
            looked.licences = licence::of_folder(&folder, &self.matcher, &mut self.texts);
        }
        if let Some(gomod) = self.files.gomod(&module.path, &module.version) {
            looked.requires = required(&gomod);
        }
        self.modules.insert(purl.clone(), looked.clone());
        looked
    }
}

/// What a go.mod requires directly; nothing if it is not there.
fn required(gomod: &Path) -> Vec<String> {
    let required = GoMod::read(gomod).map(|m| m.require).unwrap_or_default();
    required.into_iter().filter(|r| !r.indirect).map(|r| r.module.path).collect()
}

fn edges(inventory: &Inventory, requires: BTreeMap<Purl, Vec<String>>) -> Edges {
    // Requirements name the path that was replaced, or the one that is there.
    let mut by_path: BTreeMap<&str, Vec<&Purl>> = BTreeMap::new();
    for (purl, module) in &inventory.modules {
        by_path.entry(&module.path).or_default().push(purl);
        if let Some((path, _)) = module.replaces.as_ref().filter(|(p, _)| *p != module.path) {
            by_path.entry(path).or_default().push(purl);
        }
    }
    let mut out = Edges::new();
    for (purl, paths) in requires {
        let to = paths.iter().filter_map(|p| by_path.get(p.as_str())).flatten().map(|p| (*p).clone());
        let to: BTreeSet<Purl> = to.filter(|p| *p != purl).collect();
        out.insert(purl, to);
    }
    hang_loose_ones(&inventory.root.purl(), &mut out);
    out
}

/// What cannot be reached from the root hangs on it, the highest first: in a flat list that is everything.
fn hang_loose_ones(root: &Purl, edges: &mut Edges) {
    let mut reached = BTreeSet::new();
    reach(root, edges, &mut reached);
    let needed: BTreeSet<Purl> = edges.values().flatten().cloned().collect();
    let all: Vec<Purl> = edges.keys().cloned().collect();
    // Those that nobody needs first; what is then left needs itself in a circle.
    for wanted in [false, true] {
        for purl in &all {
            if !reached.contains(purl) && needed.contains(purl) == wanted {
                edges.entry(root.clone()).or_default().insert(purl.clone());
                reach(purl, edges, &mut reached);
            }
        }
    }
}

fn reach(from: &Purl, edges: &Edges, reached: &mut BTreeSet<Purl>) {
    let mut todo = vec![from.clone()];
    while let Some(purl) = todo.pop() {
        if reached.insert(purl.clone()) {
            todo.extend(edges.get(&purl).into_iter().flatten().cloned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_escaped_as_the_module_cache_does() {
        assert_eq!(escaped("github.com/BurntSushi/toml").unwrap(), "github.com/!burnt!sushi/toml");
        assert_eq!(escaped("v2.0.0+incompatible").unwrap(), "v2.0.0+incompatible");
        for bad in ["../x", "a/../b", "/etc", "a b", "a/./b", "c:\\x"] {
            assert_eq!(escaped(bad), None, "{bad}");
        }
    }

    #[test]
    fn edges_are_those_of_the_go_mod_files() {
        let dir = tempfile::tempdir().unwrap();
        let module = |path: &str| ModuleUse {
            path: path.to_owned(),
            version: "v1.0.0".to_owned(),
            ..ModuleUse::default()
        };
        let mut inventory = Inventory::default();
        inventory.root.path = "example.com/m".to_owned();
        for path in ["a.com/a", "a.com/b", "a.com/c", "a.com/x", "a.com/y"] {
            inventory.modules.insert(module(path).purl(), module(path));
        }
        let write = |path: &str, text: &str| {
            let file = dir.path().join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        };
        let gomod = |path: &str, text: &str| write(&format!("cache/download/{path}/@v/v1.0.0.mod"), text);
        write(
            "main/go.mod",
            "module example.com/m\nrequire (\na.com/a v0.9.0\na.com/b v1.0.0 // indirect\n)\n",
        );
        gomod("a.com/a", "module a.com/a\nrequire a.com/b v0.1.0\nrequire a.com/unused v1.0.0\n");
        gomod("a.com/x", "module a.com/x\nrequire a.com/y v1.0.0\n");
        gomod("a.com/y", "module a.com/y\nrequire a.com/x v1.0.0\n");
        let files = ModuleFiles {
            cache: Some(dir.path().to_owned()),
            main: Some(dir.path().join("main")),
            goroot: None,
        };
        let text = |inventory: &Inventory| -> Vec<String> {
            let short = |p: &Purl| p.as_str().trim_start_matches("pkg:golang/").to_owned();
            let pairs = inventory
                .edges
                .iter()
                .flat_map(|(f, t)| t.iter().map(move |t| format!("{}>{}", short(f), short(t))));
            pairs.map(|p| p.replace("@v1.0.0", "")).collect()
        };
        resolve(&mut inventory, &files);
        // c has no go.mod, x and y only each other.
        let want = [
            "a.com/a>a.com/b",
            "a.com/x>a.com/y",
            "a.com/y>a.com/x",
            "example.com/m>a.com/a",
            "example.com/m>a.com/c",
            "example.com/m>a.com/x",
        ];
        assert_eq!(text(&inventory), want);
        resolve(&mut inventory, &ModuleFiles::default());
        assert_eq!(text(&inventory).len(), 5, "flat without files");
    }
}
