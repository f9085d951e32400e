//! `goferry size`: where a program's bytes are, by section and by package, and what another one has more or less.
//!
//! Owns: whose a byte is. Must not: draw.

use crate::symbols::{is_std, no_table, open};
use goferry_objfile::pclntab::{self, SymbolName};
use goferry_objfile::{Binary, DataSymbol, ReadAt, data_symbols};
use goferry_report::Diagnostic;
use goferry_target::GoTarget;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Sizes of a program's parts, in bytes.
#[derive(Debug, Serialize)]
pub struct Sizes {
    /// The file, as it was named.
    pub file: String,
    /// What it was built for, if its bytes say so.
    pub target: Option<GoTarget>,
    /// The file's size.
    pub total: u64,
    /// Sections as they lie in memory (wasm: in the file), in the file's order; empty if their headers were removed.
    pub sections: Vec<Part>,
    /// Packages and what belongs to none, the largest first.
    pub packages: Vec<Package>,
    /// Whether there is a symbol table, by which data is counted.
    pub symbols: bool,
}

/// A section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// Bytes.
    pub size: u64,
}

/// What a package has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Package {
    /// Import path; in parentheses what belongs to no package.
    pub name: String,
    /// Bytes of its functions, padding included.
    pub code: u64,
    /// Bytes of its variables and constants in the file, as far as symbols tell.
    pub data: u64,
    /// Bytes of its variables that are zero at the start and take no room in the file.
    pub zero: u64,
    /// How many functions have code of their own.
    pub functions: u64,
    /// It is of the standard library.
    pub std: bool,
}

impl Package {
    /// What it takes of the file.
    pub fn size(&self) -> u64 {
        self.code + self.data
    }
}

/// What the runtime knows of functions.
const TABLE: &str = "(table of functions)";

/// Measures a program.
///
/// # Errors
/// The file cannot be read, or has no table of functions that goferry reads.
pub fn read(path: &Path) -> Result<Sizes, Box<Diagnostic>> {
    let (bytes, binary) = open(path)?;
    let table = pclntab::read(&bytes).map_err(|e| no_table(path, &e))?;
    let symbols = data_symbols(&bytes).map_err(|e| no_table(path, &e.into()))?;
    let mut packages: BTreeMap<String, Package> = BTreeMap::new();
    for f in table.functions() {
        let package = f.symbol().package;
        let name = if package.is_empty() { "(compiler)" } else { &package };
        let entry = packages.entry(name.to_owned()).or_default();
        entry.code += f.size();
        entry.functions += 1;
    }
    let go_code: u64 = packages.values().map(|p| p.code).sum();
    let other = code_section(&binary).saturating_sub(go_code);
    if other > 0 {
        packages.entry("(other code)".to_owned()).or_default().code = other;
    }
    packages.entry(TABLE.to_owned()).or_default().data = table.size();
    let within_table = table.address()..table.address().saturating_add(table.size());
    for s in symbols.iter().filter(|s| !within_table.contains(&s.addr)) {
        let entry = packages.entry(owner(s)).or_default();
        *(if s.zero { &mut entry.zero } else { &mut entry.data }) += s.size;
    }
    let mut packages: Vec<Package> = packages
        .into_iter()
        .map(|(name, p)| Package { std: is_std(&name, binary.go.as_ref()), name, ..p })
        .collect();
    packages.sort_by(|a, b| b.size().cmp(&a.size()).then_with(|| a.name.cmp(&b.name)));
    let part = |s: &goferry_objfile::Section| Part { name: s.name.clone(), size: s.size };
    Ok(Sizes {
        file: path.display().to_string(),
        target: goferry_diagnose::target_of(&binary),
        total: bytes.len(),
        sections: binary.sections.iter().filter(|s| s.size > 0).map(part).collect(),
        packages,
        symbols: !symbols.is_empty(),
    })
}

/// The section that Go's code is in, with what a C compiler added.
fn code_section(binary: &Binary) -> u64 {
    let names = [".text", "__TEXT,__text", "code"];
    names.iter().find_map(|n| binary.section_size(n)).unwrap_or(0)
}

/// Whose a symbol of data is.
fn owner(s: &DataSymbol) -> String {
    let made_up = [
        ("type:", "(types)"),
        ("go:itab", "(types)"),
        ("go:string", "(strings)"),
        // Inline trees and stack maps.
        ("go:func", TABLE),
        ("runtime.findfunctab", TABLE),
        ("runtime.gcbits", "(types)"),
    ];
    if let Some((_, name)) = made_up.iter().find(|(prefix, _)| s.name.starts_with(prefix)) {
        return (*name).to_owned();
    }
    let package = SymbolName::parse(&s.name).package;
    if package.is_empty() { "(other data)".to_owned() } else { package.into_owned() }
}

/// What changed from one program to another.
#[derive(Debug, Serialize)]
pub struct Change {
    /// `section` or `package`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// Bytes in the first.
    pub before: u64,
    /// Bytes in the second.
    pub after: u64,
}

impl Change {
    /// How much more the second has.
    pub fn delta(&self) -> i64 {
        self.after.cast_signed().saturating_sub(self.before.cast_signed())
    }
}

/// What changed, of sections first and then of packages, each with the largest change first.
pub fn changes(before: &Sizes, after: &Sizes) -> Vec<Change> {
    let sections = |s: &Sizes| s.sections.iter().map(|p| (p.name.clone(), p.size)).collect::<Vec<_>>();
    // Data is only comparable where both have symbols.
    let data = before.symbols && after.symbols;
    let packages = |s: &Sizes| {
        let size = |p: &Package| if data { p.size() } else { p.code };
        s.packages.iter().map(|p| (p.name.clone(), size(p))).collect::<Vec<_>>()
    };
    let mut out = between("section", &sections(before), &sections(after));
    out.extend(between("package", &packages(before), &packages(after)));
    out
}

fn between(kind: &'static str, before: &[(String, u64)], after: &[(String, u64)]) -> Vec<Change> {
    let mut all: BTreeMap<&str, [u64; 2]> = BTreeMap::new();
    for (side, list) in [before, after].into_iter().enumerate() {
        for (name, size) in list {
            all.entry(name).or_default()[side] += size;
        }
    }
    let change =
        |(name, [before, after]): (&str, [u64; 2])| Change { kind, name: name.to_owned(), before, after };
    let mut out: Vec<Change> = all.into_iter().map(change).filter(|c| c.before != c.after).collect();
    out.sort_by(|a, b| b.delta().abs().cmp(&a.delta().abs()).then_with(|| a.name.cmp(&b.name)));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_changes_come_first() {
        let list = |l: &[(&str, u64)]| l.iter().map(|(n, s)| ((*n).to_owned(), *s)).collect::<Vec<_>>();
        let out = between(
            "package",
            &list(&[("a", 5), ("b", 9), ("c", 1)]),
            &list(&[("a", 6), ("d", 20), ("c", 1)]),
        );
        let out: Vec<_> = out.iter().map(|c| (c.name.as_str(), c.delta())).collect();
        assert_eq!(out, [("d", 20), ("b", -9), ("a", 1)]);
    }

    #[test]
    fn data_has_an_owner() {
        for (name, expected) in [
            ("main.table", "main"),
            ("net/http.http2frameNames", "net/http"),
            ("gopkg.in/yaml%2ev3.x", "gopkg.in/yaml.v3"),
            ("type:*main.T", "(types)"),
            ("go:itab.*os.File,io.Reader", "(types)"),
            ("go:string.*", "(strings)"),
            ("runtime.findfunctab", "(table of functions)"),
            ("stderr", "(other data)"),
        ] {
            let symbol = DataSymbol { name: name.to_owned(), addr: 0, size: 1, zero: false };
            assert_eq!(owner(&symbol), expected, "{name}");
        }
    }
}
