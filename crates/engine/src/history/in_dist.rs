//! The release that lies in a dist/ folder, as goferry.json has it.

use super::TargetRecord;
use goferry_toolchain::gomod::{GoMod, find_module_root};
use serde::Serialize;
use std::path::Path;

/// goferry.json of a large release has a few megabytes.
const LIMIT: u64 = 64 << 20;

/// The release in a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct InDist {
    /// Project name.
    pub project: String,
    /// Module path; empty without one.
    pub module: String,
    /// Version.
    pub version: String,
    /// Whether the run got to its end.
    pub ok: bool,
    /// What stopped the release as a whole.
    pub blocked: Vec<String>,
    /// Each target.
    pub targets: Vec<TargetRecord>,
}

/// Reads it; none if there is none, or of an older goferry.
pub fn in_dist(dist: &Path) -> Option<InDist> {
    let bytes = goferry_supply::read_bounded(&dist.join("goferry.json"), LIMIT).ok()?;
    let value: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
    let text = |v: &serde_json::Value| v.as_str().unwrap_or_default().to_owned();
    let p = &value["project"];
    Some(InDist {
        project: text(&p["name"]),
        module: text(&p["module_path"]),
        version: text(&p["version"]),
        ok: !dist.join(".goferry-incomplete").exists(),
        blocked: serde_json::from_value(value["blocked"].clone()).unwrap_or_default(),
        targets: serde_json::from_value(value["targets"].clone()).ok()?,
    })
}

/// The module of a folder; empty without one.
pub fn module_of(dir: &Path) -> String {
    let root = find_module_root(dir);
    root.and_then(|r| GoMod::read(&r.join("go.mod")).ok()).map(|m| m.module).unwrap_or_default()
}
