//! The binaries that a release's folder names: goferry's own record, else goreleaser's list.
//!
//! Must not: leave out one that is named, whatever became of it.

use goferry_cache::Digest;
use goferry_report::{Code, Diagnostic, Diagnostics, Label};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A binary that a release names.
pub(super) struct Listed {
    pub(super) path: PathBuf,
    pub(super) target: String,
    /// SHA-256 in hexadecimal, if the record has it.
    pub(super) sha256: Option<String>,
}

/// goreleaser's types of what holds Go code.
const PROGRAMS: [&str; 4] = ["Binary", "Universal Binary", "C Shared Library", "C Archive Library"];

/// Whether a folder is one that a release made.
pub(super) fn is_release(folder: &Path) -> bool {
    ["goferry.json", "artifacts.json"].iter().any(|f| folder.join(f).is_file())
}

/// Every binary that the folder names.
///
/// # Errors
/// There is none, or one of them is not where it should be.
pub(super) fn listed(folder: &Path) -> Result<Vec<Listed>, Diagnostics> {
    let own = folder.join("goferry.json");
    let (file, found): (PathBuf, Vec<Result<Listed, String>>) = if own.is_file() {
        let record = read(&own)?;
        let binaries = record.get("binaries").and_then(Value::as_array).into_iter().flatten();
        let found = binaries.map(|b| of_record(folder, b)).collect();
        (own, found)
    } else {
        let list = folder.join("artifacts.json");
        let record = read(&list)?;
        let artifacts = record.as_array().into_iter().flatten();
        let found = artifacts.filter_map(|a| of_artifact(folder, a)).collect();
        (list, found)
    };
    let (mut out, mut problems) = (vec![], Diagnostics::default());
    for result in found {
        match result {
            Ok(listed) => out.push(listed),
            Err(why) => problems.push(missing(&file, &why)),
        }
    }
    if out.is_empty() && !problems.has_errors() {
        problems.push(missing(&file, "no binary"));
    }
    if problems.has_errors() { Err(problems) } else { Ok(out) }
}

fn missing(file: &Path, what: &str) -> Diagnostic {
    Diagnostic::error(Code::OutputMissing, format!("{} names {what}", file.display()))
        .label(Label::file(file.display().to_string()))
}

fn read(path: &Path) -> Result<Value, Diagnostics> {
    let bytes = std::fs::read(path).map_err(|e| *crate::dist::failure(path, &e))?;
    serde_json::from_slice(&bytes)
        .map_err(|e| Diagnostic::error(Code::Io, format!("{} is damaged: {e}", path.display())).into())
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).map(str::to_owned)
}

fn of_record(folder: &Path, binary: &Value) -> Result<Listed, String> {
    let path = text(binary, "path").ok_or("a binary without a path")?;
    let whole = folder.join(&path);
    if !whole.is_file() {
        return Err(format!("{path}, which is not there"));
    }
    let target = text(binary, "target").unwrap_or_default();
    Ok(Listed { path: whole, target, sha256: text(binary, "sha256") })
}

/// goreleaser writes paths from the project's folder, with dist's own name before them.
fn of_artifact(folder: &Path, a: &Value) -> Option<Result<Listed, String>> {
    if !PROGRAMS.contains(&a.get("type")?.as_str()?) {
        return None;
    }
    let Some(path) = text(a, "path") else { return Some(Err("a binary without a path".to_owned())) };
    let inside: PathBuf = Path::new(&path).components().skip(1).collect();
    let beside = folder.parent().map(|p| p.join(&path));
    let places = [Some(folder.join(inside)), beside];
    let Some(found) = places.into_iter().flatten().find(|p| p.is_file()) else {
        return Some(Err(format!("{path}, which is not there")));
    };
    let target = [text(a, "goos"), text(a, "goarch")].into_iter().flatten().collect::<Vec<_>>().join("/");
    let checksum = a.pointer("/extra/Checksum").and_then(Value::as_str);
    let sha256 = checksum.and_then(|c| c.strip_prefix("sha256:")).map(str::to_owned);
    Some(Ok(Listed { path: found, target, sha256 }))
}

impl Listed {
    /// An error if the file is not the one that was recorded.
    pub(super) fn check(&self) -> Result<(), Box<Diagnostic>> {
        let Some(expected) = &self.sha256 else { return Ok(()) };
        let name = self.path.display().to_string();
        let digest = Digest::of_file(&self.path)
            .map_err(|e| Box::new(Diagnostic::error(Code::Io, format!("{name}: {e}"))))?
            .to_hex();
        if digest.eq_ignore_ascii_case(expected) {
            return Ok(());
        }
        let message =
            format!("{name} is not the file of the release: its SHA-256 is {digest}, not {expected}");
        Err(Box::new(Diagnostic::error(Code::DigestChanged, message).label(Label::file(&name))))
    }
}
