//! What the plan is made from besides the configuration: plain data that the engine gathered.

use goferry_report::Diagnostic;
use goferry_target::GoTarget;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where the source comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum SourceKind {
    /// A directory with go.mod.
    Checkout,
    /// `module@version`, built by `go install` from the module cache.
    Module {
        /// Module path.
        path: String,
        /// Canonical version, with its `v`.
        version: String,
    },
}

/// What git (or a module's `.info`) says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Vcs {
    /// The tag in release, e.g. `v1.2.3`; `v0.0.0` in a snapshot without tags.
    pub tag: String,
    /// The tag before it, empty if none.
    pub previous_tag: String,
    /// Branch.
    pub branch: String,
    /// Full commit hash.
    pub commit: String,
    /// Abbreviated commit hash.
    pub short_commit: String,
    /// Commit time, Unix seconds.
    pub commit_unix: i64,
    /// Address of the remote.
    pub url: String,
    /// `git describe --tags --always --dirty`-like summary.
    pub summary: String,
    /// First line of the tag's message.
    pub tag_subject: String,
    /// The tag's whole message.
    pub tag_contents: String,
    /// The tag's message without its first line.
    pub tag_body: String,
    /// Whether the work tree differs from the commit.
    pub dirty: bool,
}

/// A main package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MainPackage {
    /// Relative to the module's root, `.` or `./cmd/x`.
    pub dir: String,
    /// Name of the binary that `go build` would choose.
    pub binary: String,
}

/// A main package on a target. The programs of a pattern such as `./...` have one id, so the id alone names none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Program {
    /// Build id.
    pub id: String,
    /// Main package.
    pub main: String,
    /// Target.
    pub target: GoTarget,
}

/// Whether a main package needs cgo on a target, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CgoNeed {
    /// Whether.
    pub needed: bool,
    /// Whether some of its packages are C++.
    pub cxx: bool,
    /// Why.
    pub reason: String,
}

/// The clock of `.Date`, `.Now` and file times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Clock {
    /// Unix seconds.
    pub unix: i64,
    /// `SOURCE_DATE_EPOCH`, `commit`, `--now`.
    pub source: String,
}

/// The project.
#[derive(Clone, Debug, Serialize)]
pub struct ProjectFacts {
    /// Checkout or module.
    pub source: SourceKind,
    /// What binaries are built from: the source, or with `gomod.proxy` the module of this tag from the proxy.
    pub build_from: SourceKind,
    /// Whether there is a git repository to make a changelog and a source archive from.
    pub has_repository: bool,
    /// Module path of go.mod, if there is one.
    pub module_path: Option<String>,
    /// Folder name, the last resort for a project name.
    pub dir_name: String,
    /// git.
    pub vcs: Vcs,
    /// The clock in force.
    pub clock: Clock,
    /// The main packages that a build without `main` takes.
    pub mains: Vec<MainPackage>,
    /// `(dir, main)` of configured builds → what is there.
    pub configured_mains: BTreeMap<(String, String), MainState>,
    /// `(dir, main)` of builds whose main is a pattern such as `./...` → the main packages below it.
    pub pattern_mains: BTreeMap<(String, String), Vec<MainPackage>>,
    /// Whether this is a snapshot.
    pub snapshot: bool,
    /// The process environment that templates see.
    #[serde(skip)]
    pub env: BTreeMap<String, String>,
}

/// What stands at the place of a configured main package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum MainState {
    /// A main package.
    Main,
    /// A package of another name.
    NotMain(String),
    /// No Go files.
    NoGoFiles,
    /// No such folder or file.
    Missing,
    /// A pattern (`./...`) or an import path: the go command decides.
    Pattern,
}

/// A C compiler, chosen for a cgo target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CcFact {
    /// Bare name or command of the C compiler.
    pub cc: String,
    /// C++.
    pub cxx: String,
    /// What identifies it: version and digest.
    pub identity: String,
    /// Why this one.
    pub reason: String,
}

/// A runner, chosen for a target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum RunnerFact {
    /// Programs can be run.
    Runs {
        /// `native`, `qemu-aarch64 7.2.22`.
        name: String,
        /// What identifies it: a digest, or the host for native.
        identity: String,
        /// Why this one.
        reason: String,
    },
    /// Nothing on any such host can run it.
    NoRunner {
        /// Why.
        reason: String,
    },
    /// Something could, but it is not installed.
    Missing {
        /// Why, and what to install.
        reason: String,
        /// Command that installs it.
        hint: String,
    },
}

/// The host, as far as the plan depends on it.
#[derive(Clone, Debug, Serialize)]
pub struct HostFacts {
    /// The host's own platform.
    pub host: GoTarget,
    /// What identifies the Go toolchain: version and GOROOT.
    pub go: String,
    /// Runner per target.
    pub runners: BTreeMap<GoTarget, RunnerFact>,
    /// C compiler per target, or why there is none.
    pub ccs: BTreeMap<GoTarget, Result<CcFact, Box<Diagnostic>>>,
    /// Cgo need of programs, where the configuration leaves it open.
    pub cgo: BTreeMap<Program, CgoNeed>,
    /// Whether GOFLAGS or the go env file say `-buildvcs=false`.
    pub buildvcs_off: bool,
    /// GOFLAGS of the go env file, which holds where the environment has none.
    pub goflags_of_file: String,
}
