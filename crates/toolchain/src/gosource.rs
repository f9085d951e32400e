//! Reads the head of a Go source file: build constraints, package clause, imports; and finds main packages with it.
//!
//! Owns: the scanner (Go spec, "Source file organization"; go/build's rules for `//go:build`, `// +build` and file
//! names) and the search for main packages. Must not: run the go command, or look past the import declarations.

use crate::constraint::{Constraint, Platform, file_name_allows};
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

/// What stands before the first declaration of a Go file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GoHeader {
    /// The package clause's name.
    pub package: String,
    /// The build constraint, from `//go:build` or, without one, from `// +build` lines.
    pub constraint: Option<Constraint>,
    /// Import paths in order of appearance.
    pub imports: Vec<String>,
    /// Whether `"C"` is among them.
    pub cgo: bool,
}

/// Scans the header; none if there is no package clause (an empty, damaged or non-Go file).
///
/// Lenient after the package clause: a syntax error ends the imports, the compiler will complain better.
pub fn scan_header(source: &[u8]) -> Option<GoHeader> {
    let source = source.strip_prefix(b"\xef\xbb\xbf").unwrap_or(source);
    let mut scan = Scanner { src: source, at: 0, go_build: None, plus_build: vec![], pending_plus: vec![] };
    if scan.word()? != b"package" {
        return None;
    }
    let constraint = scan.constraint();
    let package = String::from_utf8(scan.word()?.to_vec()).ok()?;
    let mut header = GoHeader { package, constraint, ..GoHeader::default() };
    while scan.word() == Some(b"import") {
        scan.import_decl(&mut header.imports);
    }
    header.cgo = header.imports.iter().any(|p| p == "C");
    Some(header)
}

struct Scanner<'a> {
    src: &'a [u8],
    at: usize,
    go_build: Option<String>,
    plus_build: Vec<String>,
    /// `// +build` lines count only if a blank line follows their comment block.
    pending_plus: Vec<String>,
}

impl<'a> Scanner<'a> {
    fn peek(&self) -> Option<u8> {
        self.src.get(self.at).copied()
    }

    /// Skips blanks, semicolons and comments; remembers constraints on the way.
    fn skip(&mut self) {
        let mut newlines = 0;
        while let Some(b) = self.peek() {
            match b {
                b'\n' => {
                    newlines += 1;
                    if newlines >= 2 {
                        self.plus_build.append(&mut self.pending_plus);
                    }
                    self.at += 1;
                }
                b' ' | b'\t' | b'\r' | b';' => self.at += 1,
                b'/' if self.src[self.at..].starts_with(b"//") => {
                    let end = find(&self.src[self.at..], b"\n").map_or(self.src.len(), |n| self.at + n);
                    self.line_comment(self.at, end);
                    self.at = end;
                    newlines = 0;
                }
                b'/' if self.src[self.at..].starts_with(b"/*") => {
                    self.at =
                        find(&self.src[self.at + 2..], b"*/").map_or(self.src.len(), |n| self.at + n + 4);
                    newlines = 0;
                }
                _ => break,
            }
        }
    }

    fn line_comment(&mut self, start: usize, end: usize) {
        let own_line = start == 0
            || self.src[..start].iter().rev().take_while(|b| **b != b'\n').all(|b| b.is_ascii_whitespace());
        let Ok(text) = std::str::from_utf8(&self.src[start..end]) else { return };
        let text = text.trim_end();
        if !own_line {
            return;
        }
        if let Some(expr) = text.strip_prefix("//go:build")
            && expr.starts_with([' ', '\t'])
        {
            // go/build takes the first; a second one is the compiler's error to report.
            self.go_build.get_or_insert_with(|| expr.trim().to_owned());
        } else if let Some(rest) = text[2..].trim().strip_prefix("+build")
            && (rest.is_empty() || rest.starts_with([' ', '\t']))
        {
            self.pending_plus.push(rest.trim().to_owned());
        }
    }

    fn constraint(&self) -> Option<Constraint> {
        match &self.go_build {
            // An expression that does not parse excludes nothing here: go itself will refuse the file.
            Some(expr) => Constraint::parse(expr),
            None => Constraint::from_plus_build(&self.plus_build),
        }
    }

    /// The next identifier or keyword; none at anything else.
    fn word(&mut self) -> Option<&'a [u8]> {
        self.skip();
        let start = self.at;
        while self.peek().is_some_and(|b| b == b'_' || b.is_ascii_alphanumeric() || b >= 0x80) {
            self.at += 1;
        }
        (self.at > start).then(|| &self.src[start..self.at])
    }

    fn import_decl(&mut self, out: &mut Vec<String>) {
        self.skip();
        if self.peek() != Some(b'(') {
            self.import_spec(out);
            return;
        }
        self.at += 1;
        loop {
            self.skip();
            match self.peek() {
                Some(b')') => {
                    self.at += 1;
                    return;
                }
                None => return,
                _ => {
                    if !self.import_spec(out) {
                        return;
                    }
                }
            }
        }
    }

    /// `name "path"`, `. "path"`, `"path"` or a raw string; false if it is none of them.
    fn import_spec(&mut self, out: &mut Vec<String>) -> bool {
        self.skip();
        if self.peek() == Some(b'.') {
            self.at += 1;
        } else {
            let _name = self.word();
        }
        self.skip();
        let Some(quote @ (b'"' | b'`')) = self.peek() else { return false };
        let body = &self.src[self.at + 1..];
        let Some(len) = body.iter().position(|b| *b == quote) else { return false };
        self.at += len + 2;
        let Ok(path) = std::str::from_utf8(&body[..len]) else { return false };
        out.push(path.to_owned());
        true
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|w| w == needle)
}

/// A main package of a module.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MainPackage {
    /// Directory relative to the module's root; empty for the root itself.
    pub dir: PathBuf,
    /// As the go command takes it: `.`, `./cmd/x`.
    pub pattern: String,
}

/// The main packages that a release builds without any configuration: `.`, else those under `cmd/`.
///
/// Never internal, example(s), tools, testdata, vendor, hidden or underscored directories, or nested modules. A file
/// counts if at least one platform that Go knows would compile it, so `//go:build ignore` does not. Sorted.
///
/// # Errors
/// When the root directory cannot be read; unreadable files below are passed over.
pub fn main_packages(module_root: &Path) -> io::Result<Vec<MainPackage>> {
    if holds_main(module_root)? {
        return Ok(vec![MainPackage { dir: PathBuf::new(), pattern: ".".to_owned() }]);
    }
    let mut found = BTreeSet::new();
    let mut todo = vec![(PathBuf::from("cmd"), "./cmd".to_owned())];
    while let Some((dir, pattern)) = todo.pop() {
        let full = module_root.join(&dir);
        if !full.is_dir() || full.join("go.mod").exists() {
            continue;
        }
        if holds_main(&full).unwrap_or(false) {
            found.insert(MainPackage { dir: dir.clone(), pattern: pattern.clone() });
        }
        for entry in std::fs::read_dir(&full).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.file_type().is_ok_and(|t| t.is_dir()) && !is_passed_over(&name) {
                todo.push((dir.join(&name), format!("{pattern}/{name}")));
            }
        }
    }
    Ok(found.into_iter().collect())
}

fn is_passed_over(dir: &str) -> bool {
    matches!(dir, "internal" | "example" | "examples" | "tools" | "testdata" | "vendor")
        || dir.starts_with(['.', '_'])
}

/// Whether a directory holds a main package that some platform compiles.
///
/// # Errors
/// When the directory cannot be read.
pub fn holds_main(dir: &Path) -> io::Result<bool> {
    for entry in std::fs::read_dir(dir)? {
        let Ok(entry) = entry else { continue };
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.ends_with(".go") || name.ends_with("_test.go") || name.starts_with(['.', '_']) {
            continue;
        }
        let Ok(source) = std::fs::read(entry.path()) else { continue };
        let Some(header) = scan_header(&source) else { continue };
        if header.package == "main" && Platform::any_compiles(&name, header.constraint.as_ref()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a file of this name and header is compiled on this platform.
pub fn is_compiled(name: &str, header: &GoHeader, platform: &Platform) -> bool {
    file_name_allows(name, platform)
        && header.constraint.as_ref().is_none_or(|c| c.eval(&|tag| platform.has(tag)))
        && (!header.cgo || platform.cgo)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn headers() {
        type Row = (&'static str, Option<(&'static str, &'static [&'static str])>);
        let table: &[Row] = &[
            ("package main", Some(("main", &[]))),
            ("\u{feff}package main\n", Some(("main", &[]))),
            ("// c\n/* package no */ package /*x*/ lib // y\nimport \"fmt\"", Some(("lib", &["fmt"]))),
            (
                "package a\nimport (\n\t\"fmt\"\n\t. `os`\n\t_ \"embed\"; x \"a/b\" // \")\"\n)\nimport \"io\"\nvar import_ = 1",
                Some(("a", &["fmt", "os", "embed", "a/b", "io"])),
            ),
            (
                "package a\n/*\n#include <x.h>\nimport \"no\"\n*/\nimport \"C\"\n\nconst s = `\nimport \"no\"`",
                Some(("a", &["C"])),
            ),
            ("package a;import(\"fmt\");func main(){}", Some(("a", &["fmt"]))),
            ("package a\nimport (", Some(("a", &[]))),
            ("package a\nimport \"fmt", Some(("a", &[]))),
            ("package größe", Some(("größe", &[]))),
            ("", None),
            ("package", None),
            ("/* package main", None),
            ("func main() {}", None),
        ];
        for (src, want) in table {
            let got = scan_header(src.as_bytes());
            let got = got
                .as_ref()
                .map(|h| (h.package.as_str(), h.imports.iter().map(String::as_str).collect::<Vec<_>>()));
            assert_eq!(got, want.map(|(p, i)| (p, i.to_vec())), "{src}");
        }
    }

    #[test]
    fn constraints_are_found_where_go_finds_them() {
        let linux = Platform::new("linux", "amd64", false);
        let table = [
            ("//go:build linux && !cgo\n\npackage a", true),
            ("//go:build windows\npackage a", false),
            ("// +build windows\n\npackage a", false),
            // Without a blank line it is the package's documentation.
            ("// +build windows\npackage a", true),
            ("// +build linux,!amd64 darwin\n\npackage a", false),
            ("// +build linux darwin\n// +build amd64\n\npackage a", true),
            ("//go:build linux\n// +build windows\n\npackage a", true),
            ("//go:buildwindows\n\npackage a", true),
            ("package a\n//go:build windows\n", true),
            ("/* x\n//go:build windows\n*/\npackage a", true),
            ("//go:build ignore\n\npackage main", false),
        ];
        for (src, want) in table {
            let header = scan_header(src.as_bytes()).unwrap();
            assert_eq!(is_compiled("x.go", &header, &linux), want, "{src}");
        }
    }

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        dir
    }

    fn patterns(files: &[(&str, &str)]) -> Vec<String> {
        main_packages(tree(files).path()).unwrap().into_iter().map(|m| m.pattern).collect()
    }

    #[test]
    fn mains() {
        let main = "package main";
        assert_eq!(patterns(&[("main.go", main), ("cmd/x/main.go", main)]), ["."]);
        assert_eq!(
            patterns(&[
                ("lib.go", "package lib"),
                ("gen.go", "//go:build ignore\n\npackage main"),
                ("a_test.go", main),
                ("cmd/b/main.go", main),
                ("cmd/a/main_windows.go", main),
                ("cmd/a/sub/deep/m.go", main),
                ("cmd/internal/x/m.go", main),
                ("cmd/examples/m.go", main),
                ("cmd/tools/m.go", main),
                ("cmd/testdata/m.go", main),
                ("cmd/.hidden/m.go", main),
                ("cmd/_off/m.go", main),
                ("cmd/nested/go.mod", "module nested"),
                ("cmd/nested/m.go", main),
                ("cmd/lib/l.go", "package lib"),
                ("other/m.go", main),
            ]),
            ["./cmd/a", "./cmd/a/sub/deep", "./cmd/b"]
        );
        assert_eq!(patterns(&[("cmd/m.go", main)]), ["./cmd"]);
        assert!(patterns(&[("lib.go", "package lib")]).is_empty());
    }

    const REAL: &str = "// Copyright\n\n//go:build (linux || darwin) && !ignore\n// +build linux darwin\n\n/*\nDoc.\n*/\npackage main\n\n/*\n#include <stdio.h>\n*/\nimport \"C\"\nimport (\n\tf \"fmt\"\n\t`os`\n)\n";

    proptest! {
        #[test]
        fn never_panics_on_damage(cut in 0..REAL.len(), at in 0..REAL.len(), byte: u8) {
            let mut bytes = REAL.as_bytes().to_vec();
            bytes[at] = byte;
            let _ = scan_header(&bytes);
            let _ = scan_header(&bytes[..cut]);
            let _ = scan_header(&bytes[cut..]);
        }
    }
}
