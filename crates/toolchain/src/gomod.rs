//! go.mod and go.work: a small parser, and the directories that belong to a build.
//!
//! Owns: the two files' grammar (Go modules reference, "go.mod files"). Must not: run the go command or fetch anything.

use std::collections::BTreeSet;
use std::io;
use std::path::{Component, Path, PathBuf};

/// A line that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}: {message}")]
pub struct GoModSyntax {
    /// Line, counted from 1.
    pub line: u32,
    /// What is wrong with it.
    pub message: String,
}

/// A go.mod or go.work that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum GoModError {
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file cannot be understood.
    #[error("{}:{source}", path.display())]
    Syntax {
        /// Which file.
        path: PathBuf,
        /// Where and why.
        source: GoModSyntax,
    },
}

/// A module at a version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ModuleVersion {
    /// Module path.
    pub path: String,
    /// Version, as written.
    pub version: String,
}

/// One `require` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Require {
    /// What is required.
    pub module: ModuleVersion,
    /// `// indirect`.
    pub indirect: bool,
}

/// The right side of a replace line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replacement {
    /// A directory, as written.
    Local(String),
    /// Another module.
    Module(ModuleVersion),
}

/// One `replace` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replace {
    /// Line, counted from 1.
    pub line: u32,
    /// Module path on the left.
    pub path: String,
    /// Version on the left, if one is given.
    pub version: Option<String>,
    /// What takes its place.
    pub with: Replacement,
}

/// An interval of retracted versions; both ends are equal for a single one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retract {
    /// Lowest.
    pub low: String,
    /// Highest.
    pub high: String,
}

/// What goferry needs of a go.mod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GoMod {
    /// Module path; empty if the file states none.
    pub module: String,
    /// `go` line.
    pub go: Option<String>,
    /// `toolchain` line.
    pub toolchain: Option<String>,
    /// `require` lines.
    pub require: Vec<Require>,
    /// `replace` lines.
    pub replace: Vec<Replace>,
    /// `exclude` lines with their line numbers.
    pub exclude: Vec<(u32, ModuleVersion)>,
    /// `retract` lines.
    pub retract: Vec<Retract>,
    /// `tool` lines (package paths).
    pub tool: Vec<String>,
}

/// What goferry needs of a go.work.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GoWork {
    /// `go` line.
    pub go: Option<String>,
    /// `toolchain` line.
    pub toolchain: Option<String>,
    /// `use` directories, as written.
    pub uses: Vec<String>,
    /// `replace` lines.
    pub replace: Vec<Replace>,
}

impl GoMod {
    /// Parses a go.mod.
    ///
    /// # Errors
    /// The first line that is malformed. Unknown directives are passed over, as the go command does for dependencies.
    pub fn parse(text: &str) -> Result<GoMod, GoModSyntax> {
        let mut out = GoMod::default();
        for d in directives(text)? {
            match d.verb.as_str() {
                "module" => out.module = d.only(0)?,
                "go" => out.go = Some(d.only(0)?),
                "toolchain" => out.toolchain = Some(d.only(0)?),
                "require" => out.require.push(Require { module: d.module(0)?, indirect: d.is_indirect() }),
                "replace" => out.replace.push(d.replace()?),
                "exclude" => out.exclude.push((d.line, d.module(0)?)),
                "retract" => out.retract.push(d.retract()?),
                "tool" => out.tool.push(d.only(0)?),
                _ => {}
            }
        }
        Ok(out)
    }

    /// Reads and parses a go.mod.
    ///
    /// # Errors
    /// [`GoModError`] with the file's path.
    pub fn read(path: &Path) -> Result<GoMod, GoModError> {
        let text = read(path)?;
        GoMod::parse(&text).map_err(|source| GoModError::Syntax { path: path.to_owned(), source })
    }
}

impl GoMod {
    /// The module of a `require` line that has a package, by its path: the longest that is a prefix.
    pub fn required_for(&self, package: &str) -> Option<&Require> {
        let fitting = self.require.iter().filter(|r| crate::module::is_within(package, &r.module.path));
        fitting.max_by_key(|r| r.module.path.len())
    }
}

impl GoWork {
    /// Parses a go.work.
    ///
    /// # Errors
    /// The first line that is malformed.
    pub fn parse(text: &str) -> Result<GoWork, GoModSyntax> {
        let mut out = GoWork::default();
        for d in directives(text)? {
            match d.verb.as_str() {
                "go" => out.go = Some(d.only(0)?),
                "toolchain" => out.toolchain = Some(d.only(0)?),
                "use" => out.uses.push(d.only(0)?),
                "replace" => out.replace.push(d.replace()?),
                _ => {}
            }
        }
        Ok(out)
    }

    /// Reads and parses a go.work.
    ///
    /// # Errors
    /// [`GoModError`] with the file's path.
    pub fn read(path: &Path) -> Result<GoWork, GoModError> {
        let text = read(path)?;
        GoWork::parse(&text).map_err(|source| GoModError::Syntax { path: path.to_owned(), source })
    }
}

fn read(path: &Path) -> Result<String, GoModError> {
    std::fs::read_to_string(path).map_err(|source| GoModError::Read { path: path.to_owned(), source })
}

struct Directive {
    line: u32,
    verb: String,
    words: Vec<String>,
    comment: String,
}

impl Directive {
    fn wrong(&self, message: &str) -> GoModSyntax {
        GoModSyntax { line: self.line, message: format!("{}: {message}", self.verb) }
    }

    fn only(&self, at: usize) -> Result<String, GoModSyntax> {
        self.words.get(at).cloned().ok_or_else(|| self.wrong("something is missing"))
    }

    fn module(&self, at: usize) -> Result<ModuleVersion, GoModSyntax> {
        Ok(ModuleVersion { path: self.only(at)?, version: self.only(at + 1)? })
    }

    fn is_indirect(&self) -> bool {
        self.comment.split(';').next().is_some_and(|c| c.trim() == "indirect")
    }

    fn replace(&self) -> Result<Replace, GoModSyntax> {
        let arrow = self.words.iter().position(|w| w == "=>").ok_or_else(|| self.wrong("=> is missing"))?;
        let right = self.only(arrow + 1)?;
        let with = match self.words.get(arrow + 2) {
            Some(version) => Replacement::Module(ModuleVersion { path: right, version: version.clone() }),
            None => Replacement::Local(right),
        };
        if !(1..=2).contains(&arrow) {
            return Err(self.wrong("the left side wants a module path and at most a version"));
        }
        let version = if arrow == 2 { Some(self.only(1)?) } else { None };
        Ok(Replace { line: self.line, path: self.only(0)?, version, with })
    }

    fn retract(&self) -> Result<Retract, GoModSyntax> {
        let ends: Vec<&str> =
            self.words.iter().map(|w| w.trim_matches(['[', ']', ','])).filter(|w| !w.is_empty()).collect();
        let ends: Vec<&str> = ends.iter().flat_map(|w| w.split(',')).filter(|w| !w.is_empty()).collect();
        match ends.as_slice() {
            [one] => Ok(Retract { low: (*one).to_owned(), high: (*one).to_owned() }),
            [low, high] => Ok(Retract { low: (*low).to_owned(), high: (*high).to_owned() }),
            _ => Err(self.wrong("wants a version or [low, high]")),
        }
    }
}

/// Splits into directives; those in a block carry the block's verb.
fn directives(text: &str) -> Result<Vec<Directive>, GoModSyntax> {
    let mut out = vec![];
    let mut block: Option<String> = None;
    for (n, raw) in text.lines().enumerate() {
        let line = u32::try_from(n + 1).unwrap_or(u32::MAX);
        let (mut words, comment) = words(raw, line)?;
        if words.is_empty() {
            continue;
        }
        if block.is_some() && words == [")"] {
            block = None;
            continue;
        }
        let verb = match &block {
            Some(verb) => verb.clone(),
            None => words.remove(0),
        };
        if block.is_none() && words == ["("] {
            block = Some(verb);
            continue;
        }
        if block.is_none() && words == ["(", ")"] {
            continue;
        }
        out.push(Directive { line, verb, words, comment });
    }
    match block {
        Some(verb) => Err(GoModSyntax {
            line: u32::try_from(text.lines().count()).unwrap_or(u32::MAX),
            message: format!("the block of {verb} is not closed"),
        }),
        None => Ok(out),
    }
}

/// Words of a line and the text of its comment. Strings may be quoted with `"` or `` ` ``.
fn words(line: &str, number: u32) -> Result<(Vec<String>, String), GoModSyntax> {
    let mut out = vec![];
    let mut rest = line.trim();
    while !rest.is_empty() {
        if let Some(comment) = rest.strip_prefix("//") {
            return Ok((out, comment.trim().to_owned()));
        }
        let first = rest.as_bytes()[0];
        let (word, len) = if first == b'"' || first == b'`' {
            let quote = char::from(first);
            let Some(end) = rest[1..].find(quote) else {
                return Err(GoModSyntax { line: number, message: "a string is not closed".to_owned() });
            };
            (&rest[1..=end], end + 2)
        } else if first == b'(' || first == b')' {
            (&rest[..1], 1)
        } else {
            let blank = rest.find(|c: char| c.is_whitespace() || c == '(' || c == ')').unwrap_or(rest.len());
            let end = rest
                .find("//")
                .map_or(blank, |c| if is_comment_start(rest, c) { blank.min(c) } else { blank });
            (&rest[..end], end)
        };
        out.push(word.to_owned());
        rest = rest[len..].trim_start();
    }
    Ok((out, String::new()))
}

fn is_comment_start(text: &str, at: usize) -> bool {
    at > 0 && text[..at].ends_with(char::is_whitespace)
}

/// The local directories of a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputRoots {
    /// Root of the main module (holds go.mod).
    pub module_root: PathBuf,
    /// The go.work in force, if any.
    pub work_file: Option<PathBuf>,
    /// Every directory whose files may be compiled: module root, `use` directories, local replacements, sorted.
    pub dirs: BTreeSet<PathBuf>,
}

/// The module root at or above a directory.
pub fn find_module_root(dir: &Path) -> Option<PathBuf> {
    dir.ancestors().find(|d| d.join("go.mod").is_file()).map(Path::to_owned)
}

/// Finds every local directory that a build in `dir` may read sources from.
///
/// `gowork` is the value of GOWORK: empty searches upwards, `off` disables, else it is the file. Local replacements
/// are followed from the main modules and go.work only, as the go command ignores those of dependencies.
///
/// # Errors
/// [`GoModError`] if a go.mod or go.work of the main modules is missing or malformed.
pub fn input_roots(dir: &Path, gowork: &str) -> Result<InputRoots, GoModError> {
    let module_root = find_module_root(dir).ok_or_else(|| GoModError::Read {
        path: dir.join("go.mod"),
        source: io::Error::from(io::ErrorKind::NotFound),
    })?;
    let work_file = match gowork {
        "off" => None,
        "" => dir.ancestors().map(|d| d.join("go.work")).find(|f| f.is_file()),
        file => Some(PathBuf::from(file)),
    };
    let mut mains = BTreeSet::from([module_root.clone()]);
    let mut dirs = BTreeSet::new();
    if let Some(file) = &work_file {
        let work = GoWork::read(file)?;
        let base = file.parent().unwrap_or(Path::new("."));
        mains.extend(work.uses.iter().map(|u| resolve(base, u)));
        dirs.extend(local(base, &work.replace));
    }
    for main in &mains {
        let module = GoMod::read(&main.join("go.mod"))?;
        dirs.extend(local(main, &module.replace));
    }
    dirs.append(&mut mains);
    Ok(InputRoots { module_root, work_file, dirs })
}

fn local(base: &Path, replace: &[Replace]) -> Vec<PathBuf> {
    let target = |r: &Replace| match &r.with {
        Replacement::Local(path) => Some(resolve(base, path)),
        Replacement::Module(_) => None,
    };
    replace.iter().filter_map(target).collect()
}

/// Joins and removes `.` and `..` by name, so that one directory has one spelling.
fn resolve(base: &Path, path: &str) -> PathBuf {
    let mut out = PathBuf::new();
    for part in base.join(path).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(out.components().next_back(), Some(Component::Normal(_))) => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const REAL: &str = r#"// Deprecated: not really
module "example.com/a/v2" // comment

go 1.24.0
toolchain go1.26.8

require rsc.io/quote v1.5.2
require (
	golang.org/x/text v0.3.0 // indirect
	example.com/b v1.0.0 // indirect; why
	// a comment
	example.com/c v1.0.0+incompatible
)

replace (
	example.com/b => ../b
	example.com/c v1.0.0 => example.com/d v1.2.3
)
replace example.com/e => "./my dir"
exclude example.com/b v0.9.0
retract (
	v1.0.0 // broken
	[v1.1.0, v1.2.0]
)
tool golang.org/x/tools/cmd/stringer
godebug default=go1.21
ignore ./node_modules
"#;

    #[test]
    fn real_go_mod() {
        let m = GoMod::parse(REAL).unwrap();
        assert_eq!(m.module, "example.com/a/v2");
        assert_eq!((m.go.as_deref(), m.toolchain.as_deref()), (Some("1.24.0"), Some("go1.26.8")));
        let requires: Vec<_> = m.require.iter().map(|r| (r.module.path.as_str(), r.indirect)).collect();
        assert_eq!(
            requires,
            [
                ("rsc.io/quote", false),
                ("golang.org/x/text", true),
                ("example.com/b", true),
                ("example.com/c", false)
            ]
        );
        assert_eq!(m.replace[0].with, Replacement::Local("../b".into()));
        assert_eq!((m.replace[0].line, m.replace[1].version.as_deref()), (16, Some("v1.0.0")));
        let d = ModuleVersion { path: "example.com/d".into(), version: "v1.2.3".into() };
        assert_eq!(m.replace[1].with, Replacement::Module(d));
        assert_eq!(m.replace[2].with, Replacement::Local("./my dir".into()));
        assert_eq!((m.exclude.len(), m.exclude[0].0), (1, 20));
        let retracts: Vec<_> = m.retract.iter().map(|r| (r.low.as_str(), r.high.as_str())).collect();
        assert_eq!(retracts, [("v1.0.0", "v1.0.0"), ("v1.1.0", "v1.2.0")]);
        assert_eq!(m.tool, ["golang.org/x/tools/cmd/stringer"]);
    }

    #[test]
    fn mistakes_have_a_line() {
        for (text, line) in [
            ("module a\nrequire x", 2),
            ("module a\n\nreplace x ../y", 3),
            ("require (\n\tx v1\n", 2),
            ("module \"a", 1),
            ("replace a b c => d", 1),
        ] {
            assert_eq!(GoMod::parse(text).unwrap_err().line, line, "{text}");
        }
    }

    #[test]
    fn go_work() {
        let w = GoWork::parse("go 1.24\nuse ./a\nuse (\n\t.\n\t\"b c\"\n)\nreplace x => ../x\n").unwrap();
        assert_eq!(w.uses, ["./a", ".", "b c"]);
        assert_eq!(w.replace.len(), 1);
    }

    #[test]
    fn roots_follow_use_and_replace() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let put = |path: &str, text: &str| {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        put("go.work", "go 1.24\nuse (\n ./a\n ./b\n)\nreplace q => ./q\n");
        put("a/go.mod", "module a\nreplace x => ../x\n");
        put("a/sub/x.go", "package sub");
        put("b/go.mod", "module b\nreplace y => ./y\n");
        put("x/go.mod", "module x\nreplace z => ../z\n");
        let names = |gowork: &str| -> Vec<String> {
            let roots = input_roots(&root.join("a/sub"), gowork).unwrap();
            roots.dirs.iter().map(|d| d.strip_prefix(&root).unwrap().display().to_string()).collect()
        };
        assert_eq!(names(""), ["a", "b", "b/y", "q", "x"]);
        assert_eq!(names("off"), ["a", "x"]);
        assert_eq!(names(root.join("go.work").to_str().unwrap()), ["a", "b", "b/y", "q", "x"]);
        assert!(matches!(input_roots(Path::new("/"), "off"), Err(GoModError::Read { .. })));
    }

    proptest! {
        #[test]
        fn never_panics_on_damage(cut in 0..REAL.len(), at in 0..REAL.len(), c: char) {
            let mut text: Vec<char> = REAL.chars().collect();
            text[at] = c;
            let text: String = text.into_iter().collect();
            let _ = GoMod::parse(&text);
            let _ = GoWork::parse(text.get(..cut).unwrap_or(""));
        }
    }
}
