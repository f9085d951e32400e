//! module@version: resolved and downloaded by the go command, installed by the go command.
//!
//! Owns: the query's grammar, `go mod download -json`, the argv of `go install`. Must not: build or unpack anything.

use crate::ask::Question;
use crate::go::Go;
use crate::gomod::{GoMod, Replacement};
use goferry_proc::Spawner;
use goferry_report::{Code, Diagnostic, Label};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// `path@version` as the user wrote it; the path may go on below the module's root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleQuery {
    /// Module or package path.
    pub path: String,
    /// Version, or a query such as `latest`, `v1`, a branch or commit.
    pub version: String,
}

impl ModuleQuery {
    /// Parses; none if it is not one (no `@`, a file path, something a shell or flag parser would trip over).
    pub fn parse(text: &str) -> Option<ModuleQuery> {
        let (path, version) = text.split_once('@')?;
        let path = path.trim_end_matches('/');
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~/+".contains(c);
        let first = path.split('/').next()?;
        let good_path = first.contains('.')
            && !first.starts_with(['.', '-'])
            && path.chars().all(allowed)
            && path.split('/').all(|e| !e.is_empty() && e != "." && e != "..");
        let good_version = !version.is_empty() && !version.starts_with('-') && version.chars().all(allowed);
        (good_path && good_version)
            .then(|| ModuleQuery { path: path.to_owned(), version: version.to_owned() })
    }

    /// The paths that may be the module, longest first.
    fn candidates(&self) -> impl Iterator<Item = &str> {
        std::iter::successors(Some(self.path.as_str()), |p| p.rsplit_once('/').map(|(head, _)| head))
    }
}

/// The revision that a version was made from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Origin {
    /// `git`.
    #[serde(rename = "VCS")]
    pub vcs: String,
    /// Repository.
    #[serde(rename = "URL")]
    pub url: String,
    /// Directory in the repository.
    pub subdir: String,
    /// Full commit hash.
    pub hash: String,
    /// `refs/tags/v1.2.3`.
    #[serde(rename = "Ref")]
    pub reference: String,
}

/// The proxy's `.info` file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct VersionInfo {
    /// Version.
    pub version: String,
    /// Commit time, RFC 3339.
    pub time: String,
    /// Where it came from, if the proxy says.
    pub origin: Option<Origin>,
}

/// A downloaded module.
#[derive(Clone, Debug, PartialEq)]
pub struct ModuleInfo {
    /// Module path.
    pub path: String,
    /// Canonical version.
    pub version: String,
    /// Rest of the query's path below the module: empty, or `cmd/x`.
    pub package: String,
    /// Unpacked in the module cache; read-only.
    pub dir: PathBuf,
    /// The zip's checksum, `h1:…`, verified by the go command.
    pub sum: String,
    /// Time and origin.
    pub info: VersionInfo,
    /// Its go.mod.
    pub gomod: GoMod,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Download {
    path: String,
    version: String,
    error: String,
    info: PathBuf,
    go_mod: PathBuf,
    dir: PathBuf,
    sum: String,
    origin: Option<Origin>,
}

impl ModuleInfo {
    /// Why `go install M@V` will refuse this module: its replace and exclude lines.
    pub fn install_obstacles(&self) -> Option<Diagnostic> {
        if self.gomod.replace.is_empty() && self.gomod.exclude.is_empty() {
            return None;
        }
        let message =
            format!("{}@{} has replace or exclude lines, which go install refuses", self.path, self.version);
        let mut d = Diagnostic::error(Code::ModuleReplace, message);
        let name = format!("{}@{}/go.mod", self.path, self.version);
        for r in &self.gomod.replace {
            let with = match &r.with {
                Replacement::Local(dir) => dir.clone(),
                Replacement::Module(m) => format!("{} {}", m.path, m.version),
            };
            let text = format!("replace {} => {with}", r.path);
            d = d.label(Label { text, ..Label::at(name.as_str(), r.line, 1) });
        }
        for (line, m) in &self.gomod.exclude {
            let text = format!("exclude {} {}", m.path, m.version);
            d = d.label(Label { text, ..Label::at(name.as_str(), *line, 1) });
        }
        let hint = "build a copy of the module's files instead; its version is then stamped (devel)";
        Some(d.hint_with(hint, format!("goferry release {}@{} --from-copy", self.path, self.version)))
    }
}

/// Resolves and downloads through `go mod download -json`, which verifies checksums; the longest prefix of the path
/// that is a module wins.
///
/// # Errors
/// [`Code::ModuleQuery`] with the go command's own words.
pub fn resolve(go: &Go, spawner: &dyn Spawner, query: &ModuleQuery) -> Result<ModuleInfo, Box<Diagnostic>> {
    let at = format!("{}@{}", query.path, query.version);
    let broken = |why: String| {
        Box::new(Diagnostic::error(Code::ModuleQuery, format!("cannot resolve {at}")).with_note(why))
    };
    let empty = tempfile::tempdir().map_err(|e| broken(format!("no temporary directory: {e}")))?;
    let mut first_words = None;
    for candidate in query.candidates().filter(|c| c.contains('/') || *c == query.path) {
        match download(go, spawner, empty.path(), candidate, &query.version).map_err(broken)? {
            Ok(found) => return finish(query, candidate, found).map_err(broken),
            Err(words) => _ = first_words.get_or_insert(words),
        }
    }
    let d = broken(first_words.unwrap_or_default());
    Err(Box::new(d.hint(
        "see whether the name and version exist, and whether the proxy can be reached (go env GOPROXY)",
    )))
}

/// Outer error: go did not work at all; inner error: its words on this module.
fn download(
    go: &Go,
    spawner: &dyn Spawner,
    empty: &Path,
    path: &str,
    version: &str,
) -> Result<Result<Download, String>, String> {
    let set = [("GO111MODULE", "on"), ("GOFLAGS", "-mod=mod"), ("GOWORK", "off")];
    let question = Question {
        purpose: "download the module",
        program: &go.path,
        args: ["mod", "download", "-json", &format!("{path}@{version}")].map(str::to_owned).into(),
        dir: empty,
        set: set.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
        remove: vec![],
    };
    let finished = question.run(spawner).map_err(|e| e.to_string())?;
    match serde_json::from_slice::<Download>(&finished.stdout) {
        Ok(d) if d.error.is_empty() && finished.status.success() => Ok(Ok(d)),
        Ok(d) if !d.error.is_empty() => Ok(Err(d.error)),
        _ => Ok(Err(finished.stderr_text().trim().to_owned())),
    }
}

fn finish(query: &ModuleQuery, candidate: &str, found: Download) -> Result<ModuleInfo, String> {
    let info = std::fs::read(&found.info).map_err(|e| format!("{}: {e}", found.info.display()))?;
    let mut info: VersionInfo =
        serde_json::from_slice(&info).map_err(|e| format!("the module's .info: {e}"))?;
    info.origin = info.origin.or(found.origin);
    let gomod = GoMod::read(&found.go_mod).map_err(|e| e.to_string())?;
    let package = query.path[candidate.len()..].trim_start_matches('/').to_owned();
    Ok(ModuleInfo {
        path: found.path,
        version: found.version,
        package,
        dir: found.dir,
        sum: found.sum,
        info,
        gomod,
    })
}

/// Whether a package's import path lies in a module's.
pub fn is_within(package: &str, module: &str) -> bool {
    let rest = package.strip_prefix(module).filter(|_| !module.is_empty());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What the go command calls a program: the last element of its import path that is not a major version
/// (load.DefaultExecName).
pub fn executable_name(import_path: &str) -> &str {
    let mut elements = import_path.rsplit('/');
    let last = elements.next().unwrap_or(import_path);
    let is_major = last.strip_prefix('v').is_some_and(|n| {
        !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()) && !n.starts_with('0') && n != "1"
    });
    if is_major { elements.next().unwrap_or(last) } else { last }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries() {
        for (text, want) in [
            ("filippo.io/age@v1.2.1", Some(("filippo.io/age", "v1.2.1"))),
            ("filippo.io/age/cmd/age/@latest", Some(("filippo.io/age/cmd/age", "latest"))),
            ("rsc.io/quote@v1.5.2+incompatible", Some(("rsc.io/quote", "v1.5.2+incompatible"))),
            ("./dir@v1", None),
            ("age@v1", None),
            ("a.b/c", None),
            ("a.b/c@", None),
            ("a.b/../c@v1", None),
            ("a.b//c@v1", None),
            ("a.b/c@-x", None),
            ("-a.b/c@v1", None),
            ("a.b/c@v1;rm", None),
        ] {
            let got = ModuleQuery::parse(text);
            assert_eq!(got.as_ref().map(|q| (q.path.as_str(), q.version.as_str())), want, "{text}");
        }
        let q = ModuleQuery::parse("a.b/c/d@v1").unwrap();
        assert_eq!(q.candidates().collect::<Vec<_>>(), ["a.b/c/d", "a.b/c", "a.b"]);
    }

    #[test]
    fn names_of_executables() {
        for (path, want) in [
            ("a.b/c", "c"),
            ("a.b/c/v2", "c"),
            ("a.b/c/v1", "v1"),
            ("a.b/v2/cmd/x", "x"),
            ("gopkg.in/y.v2", "y.v2"),
        ] {
            assert_eq!(executable_name(path), want, "{path}");
        }
    }
}
