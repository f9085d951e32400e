//! What no version mends: what else there is to do.
//!
//! Owns: the candidates. Must not: take one for a fix.

use super::Work;
use super::report::Reachable;
use goferry_report::Diagnostic;
use goferry_toolchain::go::ImportingPackage;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A module without a version that mends it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unfixed {
    /// Module path.
    pub module: String,
    /// The version that is linked.
    pub version: String,
    /// What is reachable in it.
    pub ids: BTreeSet<String>,
    /// Its newest version, if that is another one: the record says that it is affected too, as far as it knows.
    pub newest: Option<String>,
    /// `path/v2@v2.1.0`: the next major version is another module, which the record does not name.
    pub next_major: Option<String>,
    /// What its author says in its place.
    pub deprecated: Option<String>,
    /// The module's own packages that import it, themselves or by others.
    pub imported_by: Vec<String>,
    /// The requirement that brings it, if it is not required for itself.
    pub brought_by: Option<String>,
}

impl Work<'_> {
    /// Names candidates for each module.
    pub(super) fn unfixed(&self, open: &[Reachable]) -> Result<Vec<Unfixed>, Box<Diagnostic>> {
        let mut modules: BTreeMap<&str, Vec<&Reachable>> = BTreeMap::new();
        for r in open {
            modules.entry(&r.module).or_default().push(r);
        }
        if modules.is_empty() {
            return Ok(vec![]);
        }
        let packages = self
            .go
            .importing_packages(self.host(), self.folder(), &["./..."], false)
            .map_err(|e| super::go_says(&e))?;
        let one = |(module, list): (&str, Vec<&Reachable>)| self.candidates(module, &list, &packages);
        Ok(modules.into_iter().map(one).collect())
    }

    fn candidates(&self, module: &str, open: &[&Reachable], packages: &[ImportingPackage]) -> Unfixed {
        let ask = |query: String| self.go.module_at(self.host(), self.folder(), &query).ok().flatten();
        let version = open[0].version.clone();
        let newest = ask(format!("{module}@latest"));
        let next = next_major(module, &version);
        let next_major =
            next.and_then(|next| Some(format!("{next}@{}", ask(format!("{next}@latest"))?.version)));
        let way = way_to(packages, module);
        Unfixed {
            module: module.to_owned(),
            ids: open.iter().map(|r| r.id.clone()).collect(),
            deprecated: newest.as_ref().map(|m| m.deprecated.clone()).filter(|d| !d.is_empty()),
            newest: newest.map(|m| m.version).filter(|v| *v != version),
            next_major,
            imported_by: importers(packages, module),
            brought_by: way.filter(|by| by != module),
            version,
        }
    }
}

/// The path of the next major version (Go modules reference, "Major version suffixes").
fn next_major(module: &str, version: &str) -> Option<String> {
    let (head, own) = match module.rsplit_once('/') {
        Some((head, last)) if last.strip_prefix('v').is_some_and(|n| n.parse::<u32>().is_ok()) => {
            (head, last[1..].parse().ok())
        }
        _ => (module, None),
    };
    // gopkg.in has rules of its own.
    let major: u32 = own.or_else(|| version.strip_prefix('v')?.split('.').next()?.parse().ok())?;
    (!module.starts_with("gopkg.in/")).then(|| format!("{head}/v{}", major.max(1) + 1))
}

fn module_of(p: &ImportingPackage) -> &str {
    p.module.as_ref().map_or("", |m| m.path.as_str())
}

/// The module's own packages that import a package of another directly.
fn importers(packages: &[ImportingPackage], module: &str) -> Vec<String> {
    let of: BTreeSet<&str> =
        packages.iter().filter(|p| module_of(p) == module).map(|p| p.import_path.as_str()).collect();
    let own = packages.iter().filter(|p| !p.dep_only && p.imports.iter().any(|i| of.contains(i.as_str())));
    own.map(|p| p.import_path.clone()).collect()
}

/// The module of the first foreign package on the shortest way of imports from the own packages to a module's.
pub(super) fn way_to(packages: &[ImportingPackage], module: &str) -> Option<String> {
    let by_path: BTreeMap<&str, &ImportingPackage> =
        packages.iter().map(|p| (p.import_path.as_str(), p)).collect();
    let mut seen = BTreeSet::new();
    let own = packages.iter().filter(|p| !p.dep_only && !p.standard);
    let mut open: VecDeque<(&ImportingPackage, Option<&str>)> = own.map(|p| (p, None)).collect();
    while let Some((package, by)) = open.pop_front() {
        if module_of(package) == module {
            return Some(by.unwrap_or(module).to_owned());
        }
        for import in &package.imports {
            let Some(next) = by_path.get(import.as_str()).filter(|n| !n.standard) else { continue };
            if seen.insert(next.import_path.as_str()) {
                let first = if next.dep_only { Some(module_of(next)) } else { None };
                open.push_back((next, by.or(first)));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use goferry_toolchain::go::PackageModule;

    #[test]
    fn next_majors() {
        for (module, version, next) in [
            ("example.com/a", "v1.2.3", Some("example.com/a/v2")),
            ("example.com/a", "v0.2.3", Some("example.com/a/v2")),
            ("example.com/a/v2", "v2.0.0", Some("example.com/a/v3")),
            ("example.com/a", "v24.0.0+incompatible", Some("example.com/a/v25")),
            ("gopkg.in/yaml.v2", "v2.0.0", None),
            ("example.com/a", "(devel)", None),
        ] {
            assert_eq!(next_major(module, version).as_deref(), next, "{module} {version}");
        }
    }

    #[test]
    fn who_brings_what() {
        let package = |path: &str, module: &str, imports: &[&str]| ImportingPackage {
            import_path: path.to_owned(),
            dep_only: module != "m",
            module: Some(PackageModule { path: module.to_owned(), ..PackageModule::default() }),
            imports: imports.iter().map(|i| (*i).to_owned()).collect(),
            ..ImportingPackage::default()
        };
        let all = [
            package("m", "m", &["m/in", "b/x"]),
            package("m/in", "m", &["a"]),
            package("a", "a", &["c", "unknown"]),
            package("b/x", "b", &[]),
            package("c", "c", &["c/sub"]),
            package("c/sub", "c", &[]),
        ];
        assert_eq!(way_to(&all, "c").as_deref(), Some("a"));
        assert_eq!(way_to(&all, "b").as_deref(), Some("b"));
        assert_eq!(way_to(&all, "d"), None);
        assert_eq!(importers(&all, "a"), ["m/in"]);
        assert!(importers(&all, "c").is_empty());
    }
}
