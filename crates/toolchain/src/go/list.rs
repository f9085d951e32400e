//! `go list -e -deps -json`: the packages of a build, and whether it needs cgo.
//!
//! Owns: the argv, the parsing, the rule. Must not: decide targets.

use super::Go;
use crate::ask::{Question, ToolError};
use goferry_proc::Spawner;
use goferry_target::GoTarget;
use serde::Deserialize;
use std::path::{Path, PathBuf};

const FIELDS: &str = "ImportPath,Name,Dir,Standard,Module,GoFiles,CgoFiles,IgnoredGoFiles,EmbedFiles,CFiles,CXXFiles,HFiles,SFiles,SysoFiles,Error,DepOnly,Incomplete";

/// What to list.
#[derive(Clone, Copy, Debug)]
pub struct ListQuery<'a> {
    /// Where to run.
    pub dir: &'a Path,
    /// For which target; none is the host.
    pub target: Option<GoTarget>,
    /// `.`, `./cmd/x`.
    pub patterns: &'a [String],
    /// Build tags.
    pub tags: &'a [String],
    /// Further flags: `-mod=vendor`.
    pub flags: &'a [String],
    /// CGO_ENABLED.
    pub cgo: bool,
    /// More environment, set after everything else.
    pub env: &'a [(String, String)],
}

/// A package as go list tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[expect(missing_docs, reason = "the fields are those of go help list, files relative to Dir")]
pub struct Package {
    pub import_path: String,
    pub name: String,
    pub dir: PathBuf,
    pub standard: bool,
    pub module: Option<PackageModule>,
    pub go_files: Vec<String>,
    pub cgo_files: Vec<String>,
    #[serde(rename = "IgnoredGoFiles")]
    pub ignored: Vec<String>,
    pub embed_files: Vec<String>,
    #[serde(rename = "CFiles")]
    pub c_files: Vec<String>,
    #[serde(rename = "CXXFiles")]
    pub cxx_files: Vec<String>,
    #[serde(rename = "HFiles")]
    pub h_files: Vec<String>,
    #[serde(rename = "SFiles")]
    pub s_files: Vec<String>,
    #[serde(rename = "SysoFiles")]
    pub syso_files: Vec<String>,
    pub error: Option<PackageError>,
    pub dep_only: bool,
    pub incomplete: bool,
}

/// The module of a package.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[expect(missing_docs, reason = "the fields are those of go help list")]
pub struct PackageModule {
    pub path: String,
    pub version: String,
    pub dir: PathBuf,
    pub main: bool,
}

/// Why a package cannot be loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct PackageError {
    /// Import chain.
    pub import_stack: Option<Vec<String>>,
    /// `file:line:column`.
    pub pos: String,
    /// The go command's words.
    pub err: String,
}

pub(super) fn list_packages(
    go: &Go,
    spawner: &dyn Spawner,
    query: &ListQuery<'_>,
) -> Result<Vec<Package>, ToolError> {
    let mut args: Vec<String> = ["list", "-e", "-deps"].map(str::to_owned).into();
    args.push(format!("-json={FIELDS}"));
    if !query.tags.is_empty() {
        args.push(format!("-tags={}", query.tags.join(",")));
    }
    args.extend_from_slice(query.flags);
    args.push("--".to_owned());
    args.extend_from_slice(query.patterns);
    let question = question(go, query, "list the packages", args);
    let out = question.output(spawner)?;
    parse_packages(&out)
        .map_err(|e| ToolError::Unreadable { command: question.command(), what: e.to_string() })
}

fn question<'a>(go: &'a Go, query: &ListQuery<'a>, purpose: &'a str, args: Vec<String>) -> Question<'a> {
    let mut set: Vec<(String, String)> =
        vec![("CGO_ENABLED".into(), if query.cgo { "1" } else { "0" }.into())];
    set.extend(query.target.iter().flat_map(GoTarget::go_env).map(|(k, v)| (k.to_owned(), v)));
    set.extend_from_slice(query.env);
    Question { purpose, program: &go.path, args, dir: query.dir, set, remove: vec![] }
}

/// Whether the query's patterns compile, which Go's build cache remembers.
pub(super) fn compiles(go: &Go, spawner: &dyn Spawner, query: &ListQuery<'_>) -> Result<(), ToolError> {
    let nowhere = if cfg!(windows) { "NUL" } else { "/dev/null" };
    let mut args: Vec<String> = ["build", "-o", nowhere].map(str::to_owned).into();
    if !query.tags.is_empty() {
        args.push(format!("-tags={}", query.tags.join(",")));
    }
    args.extend_from_slice(query.flags);
    args.push("--".to_owned());
    args.extend_from_slice(query.patterns);
    question(go, query, "compile without cgo", args).output(spawner).map(drop)
}

/// Packages outside the standard library that lose their cgo files without cgo and get no others in their place. They may
/// be whole without them, or names are undefined (google/gopacket/pcap): only the compiler knows.
pub fn in_doubt(with_cgo: &[Package], without_cgo: &[Package]) -> Vec<String> {
    let bereft = |p: &&Package| {
        without_cgo
            .iter()
            .find(|w| w.import_path == p.import_path && w.error.is_none())
            .is_some_and(|w| w.go_files.iter().all(|f| p.go_files.contains(f)))
    };
    let own = with_cgo.iter().filter(|p| !p.standard && !p.cgo_files.is_empty());
    own.filter(bereft).map(|p| p.import_path.clone()).collect()
}

/// Reads the JSON objects that go list writes one after another.
///
/// # Errors
/// When they are not such objects.
pub fn parse_packages(stdout: &[u8]) -> Result<Vec<Package>, serde_json::Error> {
    serde_json::Deserializer::from_slice(stdout).into_iter().collect()
}

/// Whether a main package is built with cgo when nobody says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CgoNeed {
    /// Off.
    No,
    /// On, and why.
    Yes {
        /// A sentence that names the package.
        reason: String,
    },
}

/// Decides from the same list taken with CGO_ENABLED=1 and =0.
///
/// Yes if without cgo a package outside the standard library does not load though it does with it, or if one has more
/// cgo files than Go files that remain without cgo: then those are stubs (mattn/go-sqlite3 compiles and fails at run
/// time). Otherwise no: a package with a full pure Go side (net, os/user and their like) does not need it.
pub fn cgo_need(with_cgo: &[Package], without_cgo: &[Package]) -> CgoNeed {
    for p in without_cgo.iter().filter(|p| !p.standard) {
        let Some(error) = &p.error else { continue };
        let loads_with = with_cgo.iter().any(|w| w.import_path == p.import_path && w.error.is_none());
        if loads_with {
            return CgoNeed::Yes {
                reason: format!("{} does not build without cgo: {}", p.import_path, error.err.trim()),
            };
        }
    }
    for p in with_cgo.iter().filter(|p| !p.standard && !p.cgo_files.is_empty()) {
        let pure =
            without_cgo.iter().find(|w| w.import_path == p.import_path).map_or(0, |w| w.go_files.len());
        if p.cgo_files.len() > pure {
            let reason = format!(
                "{} has {} cgo files and without cgo only {pure} Go files, which must be stubs",
                p.import_path,
                p.cgo_files.len(),
            );
            return CgoNeed::Yes { reason };
        }
    }
    CgoNeed::No
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(path: &str, go: usize, cgo: usize, error: bool, standard: bool) -> Package {
        Package {
            import_path: path.into(),
            standard,
            go_files: vec!["a.go".into(); go],
            cgo_files: vec!["c.go".into(); cgo],
            error: error.then(|| PackageError {
                err: "build constraints exclude all Go files in /x".into(),
                ..Default::default()
            }),
            ..Package::default()
        }
    }

    #[test]
    fn the_rule() {
        let needs = |with, without| matches!(cgo_need(&[with], &[without]), CgoNeed::Yes { .. });
        // import "C" and nothing else
        assert!(needs(package("a", 0, 1, false, false), package("a", 0, 0, true, false)));
        // broken either way: cgo does not help
        assert!(!needs(package("a", 0, 0, true, false), package("a", 0, 0, true, false)));
        // go-sqlite3: 20 cgo files, some stubs
        assert!(needs(package("s", 2, 20, false, false), package("s", 4, 0, false, false)));
        // a pure Go alternative of the same size
        assert!(!needs(package("p", 3, 1, false, false), package("p", 4, 0, false, false)));
        // runtime/cgo, net
        assert!(!needs(package("net", 10, 90, false, true), package("net", 20, 0, false, true)));
    }

    #[test]
    fn doubts() {
        let own = |go: &[&str], cgo: usize| Package {
            go_files: go.iter().map(|f| (*f).to_owned()).collect(),
            ..package("p", 0, cgo, false, false)
        };
        // gopacket/pcap: one file of Go, one of cgo.
        assert_eq!(in_doubt(&[own(&["pcap.go"], 1)], &[own(&["pcap.go"], 0)]), ["p"]);
        // A file that is there without cgo only.
        assert!(in_doubt(&[own(&["a.go"], 1)], &[own(&["a.go", "a_nocgo.go"], 0)]).is_empty());
    }

    #[test]
    fn json_stream() {
        let text =
            br#"{"ImportPath":"a","GoFiles":["x.go"],"Module":{"Path":"m","Main":true},"CFiles":["x.c"]}
{"ImportPath":"b","Error":{"ImportStack":null,"Pos":"","Err":"no"},"DepOnly":true}"#;
        let got = parse_packages(text).unwrap();
        assert_eq!((got.len(), got[0].c_files.len(), got[1].dep_only), (2, 1, true));
        assert_eq!(got[1].error.as_ref().unwrap().err, "no");
        assert!(parse_packages(&text[..40]).is_err());
    }
}
