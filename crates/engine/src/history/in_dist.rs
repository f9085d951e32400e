//! The release that lies in a dist/ folder, as goferry.json has it.

use super::TargetRecord;
use goferry_report::{Code, Diagnostic, Diagnostics, Label};
use goferry_toolchain::gomod::{GoMod, find_module_root};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
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

/// Reads it; none if there is none, or of an older goferry, which had no targets in it.
///
/// # Errors
/// It cannot be read, or is not as goferry writes it: that is no folder without a release.
pub fn in_dist(dist: &Path) -> Result<Option<InDist>, Diagnostics> {
    let path = dist.join("goferry.json");
    if !path.is_file() {
        return Ok(None);
    }
    let bytes = goferry_supply::read_bounded(&path, LIMIT).map_err(|e| Diagnostics::from(e.diagnostic()))?;
    let value: serde_json::Value = serde_json::from_slice(&bytes).map_err(|e| damaged(&path, &e))?;
    let project: Named = field(&path, &value, "project")?.unwrap_or_default();
    let blocked = field(&path, &value, "blocked")?.unwrap_or_default();
    let Some(targets) = field(&path, &value, "targets")? else { return Ok(None) };
    Ok(Some(InDist {
        project: project.name,
        module: project.module_path.unwrap_or_default(),
        version: project.version,
        ok: !dist.join(".goferry-incomplete").exists(),
        blocked,
        targets,
    }))
}

/// What is read of the project.
#[derive(Default, Deserialize)]
struct Named {
    #[serde(default)]
    name: String,
    module_path: Option<String>,
    #[serde(default)]
    version: String,
}

fn field<T: DeserializeOwned>(
    path: &Path,
    value: &serde_json::Value,
    name: &str,
) -> Result<Option<T>, Diagnostics> {
    let Some(object) = value.as_object() else {
        return Err(bad(path, "it is not an object".to_owned(), Label::file(path.display().to_string())));
    };
    let Some(value) = object.get(name) else { return Ok(None) };
    let place = Label::file(path.display().to_string());
    T::deserialize(value).map(Some).map_err(|e| bad(path, format!("`{name}`: {e}"), place))
}

fn damaged(path: &Path, e: &serde_json::Error) -> Diagnostics {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let place = Label::at(path.display().to_string(), number(e.line()), number(e.column()));
    // The place stands beside it.
    let why = e.to_string();
    bad(path, why.split(" at line ").next().unwrap_or(&why).to_owned(), place)
}

fn bad(path: &Path, why: String, place: Label) -> Diagnostics {
    let message = format!("{} is not as goferry writes it: {why}", path.display());
    let d = Diagnostic::error(Code::Io, message).label(place);
    d.hint("make the release again, or name another folder with --dist").into()
}

/// The module of a folder; empty without one.
pub fn module_of(dir: &Path) -> String {
    let root = find_module_root(dir);
    root.and_then(|r| GoMod::read(&r.join("go.mod")).ok()).map(|m| m.module).unwrap_or_default()
}
