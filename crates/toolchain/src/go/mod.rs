//! The go command: found, identified without being run, asked for its environment and its packages.
//!
//! Owns: where Go is, which Go it is, what `go env` and `go list` say. Must not: build, or fetch a toolchain.

mod identity;
mod list;
mod modules;
mod offline;

use crate::ask::{Question, ToolError};
use goferry_proc::{Spawner, find_program};
use goferry_report::{Code, Diagnostic};
use serde::{Deserialize, Serialize};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

pub use identity::{GoIdentity, GoIdentityError};
pub use list::{
    CgoNeed, ListQuery, Package, PackageError, PackageModule, cgo_need, in_doubt, parse_packages,
};
pub use modules::{BuildAction, ImportingPackage, ListedModule, ModuleFolder, build_actions};
pub use offline::{Lack, Refusal, lack, refusal};

/// Least version of Go that goferry works with; the main version's rule begins with 1.24.
pub const LEAST_GO_MINOR: u32 = 21;

/// What `go env -json` says, as far as goferry asks. Unknown names of a later Go do not harm.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE", default)]
#[expect(missing_docs, reason = "the names are those of go help environment")]
pub struct GoEnv {
    pub goroot: String,
    pub goversion: String,
    pub gohostos: String,
    pub gohostarch: String,
    pub goflags: String,
    pub gomodcache: String,
    pub gopath: String,
    pub gobin: String,
    pub goenv: String,
    pub gocache: String,
    pub gocacheprog: String,
    pub cgo_enabled: String,
    pub cc: String,
    pub cxx: String,
    pub ar: String,
    pub cgo_cflags: String,
    pub cgo_cppflags: String,
    pub cgo_cxxflags: String,
    pub cgo_ldflags: String,
    pub pkg_config: String,
    pub gotoolchain: String,
    pub gowork: String,
    pub gomod: String,
    pub goproxy: String,
    pub gosumdb: String,
    pub goprivate: String,
    pub gonosumdb: String,
    pub gonoproxy: String,
    pub goexperiment: String,
    pub gofips140: String,
    pub godebug: String,
    pub goamd64: String,
    pub goarm: String,
    pub goarm64: String,
}

impl GoEnv {
    /// The variables that are asked for.
    const NAMES: [&str; 34] = [
        "GOROOT",
        "GOVERSION",
        "GOHOSTOS",
        "GOHOSTARCH",
        "GOFLAGS",
        "GOMODCACHE",
        "GOPATH",
        "GOBIN",
        "GOENV",
        "GOCACHE",
        "GOCACHEPROG",
        "CGO_ENABLED",
        "CC",
        "CXX",
        "AR",
        "CGO_CFLAGS",
        "CGO_CPPFLAGS",
        "CGO_CXXFLAGS",
        "CGO_LDFLAGS",
        "PKG_CONFIG",
        "GOTOOLCHAIN",
        "GOWORK",
        "GOMOD",
        "GOPROXY",
        "GOSUMDB",
        "GOPRIVATE",
        "GONOSUMDB",
        "GONOPROXY",
        "GOEXPERIMENT",
        "GOFIPS140",
        "GODEBUG",
        "GOAMD64",
        "GOARM",
        "GOARM64",
    ];

    /// Reads `go env -json`.
    ///
    /// # Errors
    /// When it is not a JSON object of strings.
    pub fn parse(json: &[u8]) -> Result<GoEnv, serde_json::Error> {
        serde_json::from_slice(json)
    }

    /// Whether `-buildvcs=false` stands in GOFLAGS.
    pub fn buildvcs_off(&self) -> bool {
        let mut value = self
            .goflags
            .split_whitespace()
            .filter_map(|f| f.trim_start_matches('-').strip_prefix("buildvcs="));
        value.next_back().is_some_and(|v| matches!(v, "false" | "0" | "f" | "F" | "FALSE" | "False"))
    }
}

/// A version of Go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoVersion {
    /// As Go says it: `go1.26.8`, `devel go1.27-…`.
    pub text: String,
    /// 26 of `go1.26.8`; 0 if it cannot be told.
    pub minor: u32,
}

impl GoVersion {
    /// Reads GOVERSION or the first line of a VERSION file.
    pub fn parse(text: &str) -> GoVersion {
        let number = text.split_once("go1.").map_or("", |(_, rest)| rest);
        let digits = number.split(|c: char| !c.is_ascii_digit()).next().unwrap_or("");
        GoVersion { text: text.trim().to_owned(), minor: digits.parse().unwrap_or(0) }
    }
}

/// The go command.
#[derive(Clone, Debug)]
pub struct Go {
    /// Where it was found.
    pub path: PathBuf,
    /// Which one runs for the directory it was asked in (GOTOOLCHAIN may have switched).
    pub version: GoVersion,
    /// Its environment there.
    pub env: GoEnv,
}

impl Go {
    /// Finds `go` on a PATH and asks it for its environment in `dir` (one process, some 10 ms).
    ///
    /// # Errors
    /// [`Code::GoMissing`] if there is none, it does not work, or is too old.
    pub fn locate(spawner: &dyn Spawner, path: &OsStr, dir: &Path) -> Result<Go, Box<Diagnostic>> {
        let go = Go::find(path, dir)?;
        let mut args = vec!["env".to_owned(), "-json".to_owned()];
        args.extend(GoEnv::NAMES.map(str::to_owned));
        let question = Question {
            purpose: "ask go for its environment",
            program: &go,
            args,
            dir,
            set: vec![],
            remove: vec![],
        };
        let failed = |why: String| {
            let at = go.display();
            Box::new(
                Diagnostic::error(Code::GoMissing, format!("the go command at {at} does not work"))
                    .with_note(why),
            )
        };
        let out = question.output(spawner).map_err(|e| failed(e.to_string()))?;
        let env = GoEnv::parse(&out).map_err(|e| failed(format!("go env -json: {e}")))?;
        let version = GoVersion::parse(&env.goversion);
        if (1..LEAST_GO_MINOR).contains(&version.minor) {
            let message = format!("{} is older than Go 1.{LEAST_GO_MINOR}", version.text);
            return Err(Box::new(install_hint(Diagnostic::error(Code::GoMissing, message))));
        }
        Ok(Go { path: go, version, env })
    }

    /// Finds `go` on a PATH, without running it.
    ///
    /// # Errors
    /// [`Code::GoMissing`] with how to install it.
    pub fn find(path: &OsStr, dir: &Path) -> Result<PathBuf, Box<Diagnostic>> {
        find_program("go", Some(path), dir).ok_or_else(|| {
            Box::new(install_hint(Diagnostic::error(Code::GoMissing, "the go command was not found on PATH")))
        })
    }

    /// Which Go would run in `dir`, read from files only: a run with nothing to do asks no go command.
    ///
    /// # Errors
    /// When the binary or its GOROOT cannot be read.
    pub fn identify_without_running(go: &Path, dir: &Path) -> Result<GoIdentity, GoIdentityError> {
        GoIdentity::read(go, dir)
    }

    /// `go list -e -deps -json` of patterns for one target.
    ///
    /// # Errors
    /// [`ToolError`] if go fails altogether; a package's own errors are in the packages.
    pub fn list_packages(
        &self,
        spawner: &dyn Spawner,
        query: &ListQuery<'_>,
    ) -> Result<Vec<Package>, ToolError> {
        list::list_packages(self, spawner, query)
    }

    /// `go build` of the query's patterns to nowhere.
    ///
    /// # Errors
    /// [`ToolError`] with what the compiler said.
    pub fn compiles(&self, spawner: &dyn Spawner, query: &ListQuery<'_>) -> Result<(), ToolError> {
        list::compiles(self, spawner, query)
    }
}

fn install_hint(d: Diagnostic) -> Diagnostic {
    d.hint("install Go from https://go.dev/dl/, or from the distribution")
        .hint_with("on Debian and Ubuntu", "sudo apt-get install golang-go")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        for (text, minor) in
            [("go1.26.8", 26), ("go1.27rc1", 27), ("devel go1.28-abc", 28), ("go2", 0), ("", 0)]
        {
            assert_eq!(GoVersion::parse(text).minor, minor, "{text}");
        }
    }

    #[test]
    fn environment() {
        let env = GoEnv::parse(br#"{"GOROOT":"/g","GOFLAGS":"-mod=mod -buildvcs=false","NEW":"x"}"#).unwrap();
        assert_eq!(env.goroot, "/g");
        assert!(env.buildvcs_off());
        let later = GoEnv { goflags: "-buildvcs=false --buildvcs=auto".into(), ..GoEnv::default() };
        assert!(!later.buildvcs_off());
        assert!(GoEnv::parse(b"[").is_err());
    }
}
