//! Records against a subject, with govulncheck's rules (golang.org/x/vuln/internal/vulncheck, v1.9.0).
//!
//! Which module a package belongs to, what a record without packages means, what a replaced module is compared with, and
//! that unexported functions stand back where an exported one is linked: all as there, so that the findings of level
//! `linked` are the same. Must not: ignore anything; that is decided later.

use crate::database::Database;
use crate::finding::{Depth, Finding, Found, Level, Vulnerability};
use crate::osv::{Affected, Package, Record};
use crate::subject::{Contents, Linked, STDLIB, Subject};
use crate::{ScanError, doubt, symbol, version};
use std::collections::{BTreeMap, BTreeSet};

/// The records that affect one module at its version and on this platform.
struct Affecting<'s> {
    module: &'s Linked,
    records: Vec<Matched>,
}

struct Matched {
    record: Record,
    /// What is affected of the module, packages of other platforms left out.
    affected: Vec<Affected>,
    /// The record names the module that took the place, which govulncheck does not compare.
    of_replacement: bool,
}

/// Compares a subject with a database. `now` is in seconds since 1970: what was withdrawn before does not count.
///
/// # Errors
/// The database cannot be read.
pub fn scan(subject: &Subject, database: &Database, now: i64) -> Result<Found, ScanError> {
    let spelled = if subject.lowercased { Some(spelled(subject, database)?) } else { None };
    let subject = spelled.as_ref().unwrap_or(subject);
    let affecting = affecting(subject, database, now)?;
    let mut findings = BTreeSet::new();
    let depth = match &subject.contents {
        Contents::Functions(packages) => {
            for (package, symbols) in packages {
                findings.extend(in_package(subject, &affecting, package, Some(symbols)));
            }
            Depth::Functions
        }
        Contents::Packages(packages) => {
            for package in packages {
                findings.extend(in_package(subject, &affecting, package, None));
            }
            Depth::Packages
        }
        Contents::Modules(why) => Depth::Modules { why: why.clone() },
    };
    present(&affecting, &mut findings);
    let vulnerabilities = vulnerabilities(&affecting, &findings);
    let mut notes = subject.notes.clone();
    notes.extend(unversioned(subject, database, now)?);
    let mut found = Found { depth, findings: findings.into_iter().collect(), vulnerabilities, notes };
    let own = doubt::Own::new(subject);
    for a in &affecting {
        for m in &a.records {
            doubt::of_known(&own, a.module, &m.record, &m.affected, &mut found);
        }
    }
    doubt::of_assumed(&own, database, now, &mut found)?;
    doubt::of_incomplete(subject, &mut found);
    Ok(found)
}

/// The modules by the names that records have for them, where capitals may be lost.
fn spelled(subject: &Subject, db: &Database) -> Result<Subject, ScanError> {
    let mut out = Subject { modules: vec![], ..subject.clone() };
    for m in &subject.modules {
        let mut names = db.spellings(m.real_path())?;
        // What has capitals has kept them.
        if names.is_empty() || m.real_path().bytes().any(|b| b.is_ascii_uppercase()) {
            names = BTreeSet::from([m.real_path().to_owned()]);
        }
        out.modules.extend(names.into_iter().map(|n| Linked::new(n, m.version.clone())));
    }
    Ok(out)
}

/// One result of several, as of the slices of a fat Mach-O.
pub fn merge(all: Vec<Found>) -> Option<Found> {
    all.into_iter().reduce(|mut a, b| {
        if a.depth == Depth::Functions || matches!(b.depth, Depth::Modules { .. }) {
            a.depth = b.depth;
        }
        a.findings.extend(b.findings);
        a.vulnerabilities.extend(b.vulnerabilities);
        a.notes.extend(b.notes);
        a.findings.sort();
        a.findings.dedup();
        a.vulnerabilities.sort();
        a.vulnerabilities.dedup();
        a.notes.sort();
        a.notes.dedup();
        keep_nearest(&mut a.findings);
        a
    })
}

/// Drops findings of modules or packages for which there is a nearer one.
fn keep_nearest(findings: &mut Vec<Finding>) {
    let key = |f: &Finding| (f.id.clone(), f.module.clone(), f.package.clone());
    let linked: BTreeSet<_> = findings.iter().filter(|f| f.level == Level::Linked).map(key).collect();
    let nearer: BTreeSet<_> = findings
        .iter()
        .filter(|f| f.level > Level::Present)
        .map(|f| (f.id.clone(), f.module.clone()))
        .collect();
    // What was compared in one slice clears nothing that was not in another.
    let unseen: BTreeSet<_> = findings.iter().filter(|f| !f.unseen.is_empty()).map(key).collect();
    let heavy: BTreeSet<_> = findings
        .iter()
        .filter(|f| f.level == Level::Linked || f.level > Level::Present && !f.unseen.is_empty())
        .map(|f| (f.id.clone(), f.module.clone()))
        .collect();
    findings.retain(|f| match f.level {
        Level::Present if f.unseen.is_empty() => !nearer.contains(&(f.id.clone(), f.module.clone())),
        Level::Present => !heavy.contains(&(f.id.clone(), f.module.clone())),
        Level::Imported => !linked.contains(&key(f)) && (!f.unseen.is_empty() || !unseen.contains(&key(f))),
        Level::Linked => true,
    });
}

fn affecting<'s>(subject: &'s Subject, db: &Database, now: i64) -> Result<Vec<Affecting<'s>>, ScanError> {
    let mut out = Vec::new();
    for module in &subject.modules {
        let records = db.module(module.real_path(), now)?;
        // Only modules that the database knows take part in finding a package's module.
        if records.is_empty() {
            continue;
        }
        let other = module.real_path() != module.path;
        let mut matched = Vec::new();
        if other {
            // govulncheck asks for the replacement's records, and takes from them what names the replaced module.
            for record in db.module(&module.path, now)? {
                if records.iter().any(|r| r.id == record.id) {
                    matched.extend(matching(record, module, subject, false));
                }
            }
        }
        matched.extend(records.into_iter().filter_map(|r| matching(r, module, subject, other)));
        out.push(Affecting { module, records: matched });
    }
    Ok(out)
}

fn matching(record: Record, module: &Linked, subject: &Subject, of_replacement: bool) -> Option<Matched> {
    let mut affected = Vec::new();
    for a in record.affected.iter().filter(|a| version::is_affected(a, module.real_version())) {
        affected.extend(here(a, subject));
    }
    (!affected.is_empty()).then_some(Matched { record, affected, of_replacement })
}

/// Without the packages of other platforms; none if there are no others.
pub(crate) fn here(a: &Affected, subject: &Subject) -> Option<Affected> {
    let here = |p: &&Package| matches(&subject.goos, &p.goos) && matches(&subject.goarch, &p.goarch);
    let packages: Vec<Package> = a.packages.iter().filter(here).cloned().collect();
    (a.packages.is_empty() || !packages.is_empty()).then(|| Affected { packages, ..a.clone() })
}

/// An unknown one is every one.
fn matches(one: &str, of: &[String]) -> bool {
    one.is_empty() || of.is_empty() || of.iter().any(|o| o == one)
}

/// The module of a package: the standard library's, or the longest path that the package's begins with.
fn module_of<'a, 's>(affecting: &'a [Affecting<'s>], package: &str) -> Option<&'a Affecting<'s>> {
    if is_standard(package) {
        let std = affecting.iter().find(|a| a.module.path == STDLIB);
        if std.is_some() {
            return std;
        }
    }
    let owners = affecting.iter().filter(|a| package.starts_with(&a.module.path));
    owners.reduce(|best, a| if a.module.path.len() > best.module.path.len() { a } else { best })
}

/// Whether a package's import path lies in a module's.
pub(crate) fn is_within(package: &str, module: &str) -> bool {
    package.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// No dot before the first slash.
pub(crate) fn is_standard(package: &str) -> bool {
    let first = package.split('/').next().unwrap_or(package);
    !first.is_empty() && !first.contains('.')
}

fn in_package(
    subject: &Subject,
    affecting: &[Affecting<'_>],
    package: &str,
    symbols: Option<&BTreeSet<String>>,
) -> Vec<Finding> {
    let Some(owner) = module_of(affecting, package) else { return vec![] };
    let path = match &owner.module.replace {
        Some((replacement, _)) => {
            let rest = package.strip_prefix(owner.module.path.as_str()).unwrap_or(package);
            format!("{replacement}{rest}")
        }
        None => package.to_owned(),
    };
    let module = shown_module(subject, owner.module, package);
    let mut out = Vec::new();
    for matched in owner.records.iter().filter(|m| m.affected.iter().any(|a| names_package(a, &path))) {
        let finding = |level, symbol: String| Finding {
            id: matched.record.id.clone(),
            level,
            module: module.clone(),
            package: package.to_owned(),
            symbol,
            unseen: String::new(),
        };
        let symbols = symbols.filter(|_| !matched.of_replacement);
        let linked = symbols.map(|s| vulnerable(&matched.affected, &path, s)).unwrap_or_default();
        if linked.is_empty() {
            out.push(finding(Level::Imported, String::new()));
        }
        out.extend(linked.into_iter().map(|s| finding(Level::Linked, s)));
    }
    out
}

fn names_package(affected: &Affected, path: &str) -> bool {
    affected.packages.is_empty() || affected.packages.iter().any(|p| p.path == path)
}

/// The functions of a package that a record names, as they are shown.
fn vulnerable(affected: &[Affected], path: &str, symbols: &BTreeSet<String>) -> BTreeSet<String> {
    let named = |symbol: &str| {
        affected.iter().any(|a| {
            let holds = |p: &Package| {
                p.path == path && (p.symbols.is_empty() || p.symbols.iter().any(|s| s == symbol))
            };
            a.packages.is_empty() || a.packages.iter().any(holds)
        })
    };
    let found: Vec<&String> = symbols.iter().filter(|s| named(s)).collect();
    let exported = found.iter().any(|s| symbol::is_exported(s));
    let shown = found.into_iter().filter(|s| !exported || symbol::is_exported(s));
    shown.filter_map(|s| symbol::printed(s)).collect()
}

/// The module that a finding names: the one whose path is the package's beginning, part by part.
fn shown_module(subject: &Subject, owner: &Linked, package: &str) -> String {
    if owner.path == STDLIB {
        return STDLIB.to_owned();
    }
    let holds = |m: &&Linked| is_within(package, &m.path);
    let best = subject.modules.iter().filter(holds).max_by_key(|m| m.path.len());
    best.unwrap_or(owner).real_path().to_owned()
}

/// Adds what is affected, but of which no package was seen.
fn present(affecting: &[Affecting<'_>], findings: &mut BTreeSet<Finding>) {
    let seen: BTreeSet<(String, String)> =
        findings.iter().map(|f| (f.id.clone(), f.module.clone())).collect();
    for a in affecting {
        for m in &a.records {
            let module = a.module.real_path().to_owned();
            if !seen.contains(&(m.record.id.clone(), module.clone())) {
                findings.insert(Finding {
                    id: m.record.id.clone(),
                    level: Level::Present,
                    module,
                    package: String::new(),
                    symbol: String::new(),
                    unseen: String::new(),
                });
            }
        }
    }
}

fn vulnerabilities(affecting: &[Affecting<'_>], findings: &BTreeSet<Finding>) -> Vec<Vulnerability> {
    let wanted: BTreeSet<(&str, &str)> =
        findings.iter().map(|f| (f.id.as_str(), f.module.as_str())).collect();
    let mut out = BTreeMap::new();
    for a in affecting {
        for m in &a.records {
            let path = a.module.real_path();
            // A package may have been taken for another module's; then that one's name is in the finding.
            let named: Vec<&str> = wanted.iter().filter(|w| w.0 == m.record.id).map(|w| w.1).collect();
            for module in named.into_iter().filter(|n| *n == path || !is_a_module(affecting, n)) {
                let key = (m.record.id.clone(), module.to_owned());
                out.entry(key).or_insert_with(|| {
                    vulnerability(&m.record, &m.affected, module, a.module.real_version())
                });
            }
        }
    }
    out.into_values().collect()
}

fn is_a_module(affecting: &[Affecting<'_>], path: &str) -> bool {
    affecting.iter().any(|a| a.module.real_path() == path)
}

pub(crate) fn vulnerability(
    record: &Record,
    affected: &[Affected],
    module: &str,
    version: &str,
) -> Vulnerability {
    let affected: Vec<&Affected> = affected.iter().collect();
    Vulnerability {
        id: record.id.clone(),
        module: module.to_owned(),
        version: version.to_owned(),
        fixed: version::fix_of(&affected, version).unwrap_or_default(),
        aliases: record.aliases.clone(),
        summary: record.summary.clone(),
        url: record.url.clone(),
    }
}

/// Modules that the database knows and whose version is not known: nothing can be said of them.
fn unversioned(subject: &Subject, db: &Database, now: i64) -> Result<Vec<String>, ScanError> {
    let mut out = Vec::new();
    for m in &subject.modules {
        let unknown = matches!(m.real_version(), "" | "(devel)") && m.path != STDLIB;
        // Of a replaced one the records of what it stands for are asked; see `doubt`.
        if unknown && m.replace.is_none() && !db.module(m.real_path(), now)?.is_empty() {
            out.push(format!("{} is not compared: its version is not known", m.real_path()));
        }
    }
    Ok(out)
}
