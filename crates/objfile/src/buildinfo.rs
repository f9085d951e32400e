//! Go build information: the blob that the linker writes (cmd/link, `Link.buildinfo`) and the text inside it.
//!
//! Formats: since Go 1.18 the strings stand in the blob, each after its length; before, it points to Go strings.
//! Source: Go's debug/buildinfo and runtime/debug `ParseBuildInfo`.

use serde::{Deserialize, Serialize};

/// What the go command wrote into a program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoBuildInfo {
    /// The toolchain: `go1.26.8`, with experiments after it (`go1.26 X:jsonv2`).
    pub go_version: String,
    /// Import path of the main package; empty if the program was built without modules.
    pub path: String,
    /// The main module.
    pub main: Option<Module>,
    /// Modules that packages were linked from, sorted by path.
    pub deps: Vec<Module>,
    /// Build settings (`GOOS`, `-ldflags`, `vcs.revision`, …) in the file's order.
    pub settings: Vec<(String, String)>,
}

impl GoBuildInfo {
    /// The value of a setting, if it was written.
    pub fn setting(&self, key: &str) -> Option<&str> {
        self.settings.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
    }
}

/// A module as build information names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Module {
    /// Module path.
    pub path: String,
    /// Version; `(devel)` or empty where the go command knew none.
    pub version: String,
    /// `h1:` hash; empty for the main module and for directories.
    pub sum: String,
    /// What took its place by a replace line.
    pub replace: Option<Box<Module>>,
}
