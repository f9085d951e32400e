//! Go, git, C compilers and emulators: found, probed and, for [`provide`], fetched. One module per outside tool.
//!
//! Owns: what these tools are asked and how their answers read; the facts of a module and of its repository.
//! Must not: decide what is built (plan does), build, or know a stage.

mod ask;
pub mod cc;
pub mod cgo_flags;
pub mod changelog;
pub mod constraint;
pub mod git;
pub mod go;
mod go_regexp;
pub mod gomod;
pub mod gosource;
pub mod main_version;
pub mod module;
pub mod provide;
pub mod semver;
pub mod shim;

pub use ask::ToolError;
pub use cc::{CcChoice, CcProvider, CcQuery, choose_cc};
pub use git::{GitFacts, GitQuery, GitReport};
pub use go::{Go, GoEnv, GoIdentity, GoVersion};
pub use gosource::{MainPackage, main_packages};
pub use module::{ModuleInfo, ModuleQuery};
