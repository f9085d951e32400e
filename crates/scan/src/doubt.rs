//! What govulncheck's rules pass over: a finding that they would clear without having compared it.
//!
//! Packages are found by their own import paths and functions by their own names here, generic ones and those of replaced
//! modules too. What is there and has no finding `linked` is marked ([`Finding::unseen`]): it counts as linked, and nobody says
//! that it does no harm. Must not: make a finding `linked`, whose set is govulncheck's.

use crate::ScanError;
use crate::database::Database;
use crate::finding::{Finding, Found, Level};
use crate::matching::{here, is_standard, is_within, vulnerability};
use crate::osv::{Affected, Record};
use crate::subject::{Assumed, Contents, Linked, STDLIB, Subject};
use crate::version;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// The affected code that is there: import paths, each with a function (empty where functions are not known).
type Hits = BTreeMap<String, String>;

/// What is scanned, by its own names.
pub(crate) struct Own<'s> {
    subject: &'s Subject,
    /// Paths of its modules.
    modules: HashSet<&'s str>,
}

/// A record that means a module at its version, by all names that the program's functions have.
pub(crate) fn of_known(
    own: &Own<'_>,
    module: &Linked,
    record: &Record,
    affected: &[Affected],
    found: &mut Found,
) {
    let vulnerability = vulnerability(record, affected, module.real_path(), module.real_version());
    for (package, function) in own.hits(&module.path, module.real_path(), affected) {
        let told = |f: &Finding| f.id == record.id && f.package == package;
        if function.is_empty() && found.findings.iter().any(told) {
            continue;
        }
        let function = if function.is_empty() { &package } else { &function };
        let why = match &module.replace {
            Some((path, _)) if *path != module.path => {
                format!("{function} is in it, but {path} takes the place of {}", module.path)
            }
            _ => format!("{function} is in it, in a form that is not compared"),
        };
        mark(found, &vulnerability, &package, &why);
    }
}

/// Records of modules whose version is not known for sure.
pub(crate) fn of_assumed(own: &Own<'_>, db: &Database, now: i64, found: &mut Found) -> Result<(), ScanError> {
    let mut assumed = own.subject.assumed.clone();
    assumed.extend(own.subject.modules.iter().filter_map(replaced));
    assumed.extend(own.unowned());
    for a in assumed {
        let records = db.module(&a.path, now)?;
        if records.is_empty() {
            continue;
        }
        if a.path != STDLIB && !found.notes.contains(&a.why) {
            found.notes.push(a.why.clone());
        }
        for record in records {
            of_record(own, &a, &record, found);
        }
    }
    Ok(())
}

fn of_record(own: &Own<'_>, a: &Assumed, record: &Record, found: &mut Found) {
    let subject = own.subject;
    let at = |v: &Affected| a.version.as_ref().is_none_or(|version| version::is_affected(v, version));
    let affected: Vec<Affected> =
        record.affected.iter().filter(|v| at(v)).filter_map(|v| here(v, subject)).collect();
    if affected.is_empty() {
        return;
    }
    let version = a.version.as_deref().unwrap_or_default();
    let vulnerability = vulnerability(record, &affected, &a.path, version);
    if let Contents::Modules(_) = subject.contents {
        mark(found, &vulnerability, "", &a.why);
        return;
    }
    let hits = own.hits(&a.path, &a.path, &affected);
    if hits.is_empty() && !subject.doubt.is_empty() {
        mark(found, &vulnerability, "", &subject.doubt);
    }
    for (package, function) in hits {
        let what = if function.is_empty() { &package } else { &function };
        mark(found, &vulnerability, &package, &format!("{what} is in it; {}", a.why));
    }
}

/// Of what is not seen in something that could not be seen whole nothing is known.
pub(crate) fn of_incomplete(subject: &Subject, found: &mut Found) {
    if subject.doubt.is_empty() {
        return;
    }
    let seen = |f: &&mut Finding| f.level != Level::Linked && f.unseen.is_empty();
    for f in found.findings.iter_mut().filter(seen) {
        f.unseen.clone_from(&subject.doubt);
    }
    found.notes.push(subject.doubt.clone());
}

/// What a fork or a folder stands for: whether it has the same faults only its author knows.
fn replaced(m: &Linked) -> Option<Assumed> {
    let (path, version) = m.replace.as_ref()?;
    let is_folder = matches!(version.as_str(), "" | "(devel)");
    if *path == m.path && !is_folder {
        return None;
    }
    let by = if is_folder { format!("the folder {path}") } else { format!("{path} {version}") };
    // What the go command writes where nobody means a version.
    let none = matches!(m.version.as_str(), "v0.0.0" | "v0.0.0-00010101000000-000000000000");
    let stated = version::is_version(&m.version) && !none;
    let version = Some(m.version.clone()).filter(|_| stated);
    let with = if stated { m.version.as_str() } else { "every version" };
    let why = format!("{by} takes the place of {}, which is compared as {with}", m.path);
    Some(Assumed { path: m.path.clone(), version, why })
}

impl<'s> Own<'s> {
    pub(crate) fn new(subject: &'s Subject) -> Self {
        Own { subject, modules: subject.modules.iter().map(|m| m.path.as_str()).collect() }
    }

    /// The modules that packages may be of which no module of the program has: it was built without modules, or by another
    /// tool than the go command.
    fn unowned(&self) -> Vec<Assumed> {
        let Contents::Functions(all) = &self.subject.contents else { return vec![] };
        let packages: BTreeSet<&String> = all.keys().chain(self.subject.passed_over.keys()).collect();
        let mut paths = BTreeSet::new();
        for package in packages {
            // GOPATH's vendor folders are looked into by what is in them.
            let known = is_standard(package) || package.contains("/vendor/") || self.owner(package).is_some();
            if !known && !self.is_of_wrapper(package) {
                paths.extend(beginnings(package).map(str::to_owned));
            }
        }
        let assumed = |path: String| {
            let why = format!(
                "the program does not state the version of {path}, which is compared as every version"
            );
            Assumed { path, version: None, why }
        };
        paths.into_iter().map(assumed).collect()
    }

    /// Wrappers of promoted methods that are not exported have a package's path in their middle, and rules that take a name
    /// apart at the last slash take `a.b/c/v3.(*T).d.e/f` and `a.b/c/v3.T.d.e/f` for packages.
    fn is_of_wrapper(&self, package: &str) -> bool {
        package.contains('(')
            || self.modules.iter().any(|m| {
                let rest = package.strip_prefix(m).and_then(|r| r.strip_prefix('.'));
                let inner = rest.and_then(|r| r.split_once('.')).map(|(_, inner)| inner);
                inner.is_some_and(|inner| is_standard(inner) || self.owner(inner).is_some())
            })
    }

    /// The affected packages and functions of `module` that are there. Records name them by `real`, the path of what took
    /// its place, or by its own.
    fn hits(&self, module: &str, real: &str, affected: &[Affected]) -> Hits {
        let mut out = Hits::new();
        for a in affected {
            if a.packages.is_empty() {
                let all = self.names().filter(|(package, _)| self.is_of(package, module));
                out.extend(all.map(|(package, symbol)| (package.to_owned(), shown(package, symbol))));
            }
            for p in &a.packages {
                let path = match p.path.strip_prefix(real) {
                    Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("{module}{rest}"),
                    _ => p.path.clone(),
                };
                let named = |symbol: &str| p.symbols.is_empty() || p.symbols.iter().any(|s| s == symbol);
                let hit = self.functions(&path).find(|s| s.is_empty() || named(s));
                if let Some(symbol) = hit.filter(|_| self.is_of(&path, module)) {
                    out.insert(path.clone(), shown(&path, symbol));
                }
            }
        }
        out
    }

    /// Package and a function of it; an empty one where functions are not known.
    fn names(&self) -> Box<dyn Iterator<Item = (&str, &str)> + '_> {
        let one = |(package, symbols)| -> Option<(&str, &str)> {
            let (package, symbols): (&String, &BTreeSet<String>) = (package, symbols);
            Some((package, symbols.first()?))
        };
        match &self.subject.contents {
            Contents::Functions(all) => {
                let all = all.iter().chain(&self.subject.passed_over);
                Box::new(all.filter(|(package, _)| !package.contains('(')).filter_map(one))
            }
            Contents::Packages(all) => Box::new(all.iter().map(|p| (p.as_str(), ""))),
            Contents::Modules(_) => Box::new(std::iter::empty()),
        }
    }

    fn functions(&self, package: &str) -> Box<dyn Iterator<Item = &'s str> + 's> {
        match &self.subject.contents {
            Contents::Functions(all) => {
                let both = [all.get(package), self.subject.passed_over.get(package)];
                Box::new(both.into_iter().flatten().flatten().map(String::as_str))
            }
            Contents::Packages(all) => Box::new(all.get(package).map(|_| "").into_iter()),
            Contents::Modules(_) => Box::new(std::iter::empty()),
        }
    }

    /// Whether a package is a module's. Of one that no module has, every module may be the owner.
    fn is_of(&self, package: &str, module: &str) -> bool {
        if module != STDLIB && !is_within(package, module) {
            return false;
        }
        match self.owner(package) {
            Some(owner) => owner == module,
            None => module != STDLIB || is_standard(package),
        }
    }

    /// The module of the program whose path is the package's beginning, part by part.
    fn owner(&self, package: &str) -> Option<&'s str> {
        beginnings(package).filter_map(|path| self.modules.get(path).copied()).last()
    }
}

/// `a.b`, `a.b/c` and `a.b/c/d` of `a.b/c/d`.
fn beginnings(package: &str) -> impl Iterator<Item = &str> {
    let ends = package.match_indices('/').map(|(at, _)| at).chain([package.len()]);
    ends.map(|end| &package[..end])
}

fn shown(package: &str, symbol: &str) -> String {
    if symbol.is_empty() { String::new() } else { format!("{package}.{symbol}") }
}

/// Marks what there is of a vulnerability in a package (empty: in the module), or adds it. What is linked needs no mark.
fn mark(found: &mut Found, vulnerability: &crate::Vulnerability, package: &str, why: &str) {
    let (id, module) = (&vulnerability.id, &vulnerability.module);
    let own = |f: &Finding| f.id == *id && f.module == *module;
    let here = |f: &Finding| own(f) && (f.package == package || package.is_empty());
    if found.findings.iter().any(|f| here(f) && (f.level == Level::Linked || !f.unseen.is_empty())) {
        return;
    }
    // Under another module's name govulncheck's rules may have told it as well.
    if found.findings.iter().any(|f| f.id == *id && f.level == Level::Linked && f.package == package) {
        return;
    }
    let known = found.findings.iter_mut().filter(|f| here(f) && f.package == package);
    if known.map(|f| why.clone_into(&mut f.unseen)).count() == 0 {
        let level = if package.is_empty() { Level::Present } else { Level::Imported };
        found.findings.retain(|f| !(own(f) && f.level == Level::Present));
        found.findings.push(Finding {
            id: id.clone(),
            level,
            module: module.clone(),
            package: package.to_owned(),
            symbol: String::new(),
            unseen: why.to_owned(),
        });
        found.findings.sort();
    }
    if found.vulnerabilities.iter().all(|v| v.id != *id || v.module != *module) {
        found.vulnerabilities.push(vulnerability.clone());
        found.vulnerabilities.sort();
    }
}
