//! Which files `archives[].files` means: goreleaser's globs, destinations and order.
//!
//! Owns: patterns, destinations, order, duplicates. Must not: read files' content, write archives.

use crate::PackageError;
use crate::archive::Member;
use goferry_report::Diagnostic;
use std::path::Path;

/// One item of `archives[].files`, its templates already applied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileSpec {
    /// Glob, relative to the project (`../` and absolute ones are allowed as in goreleaser).
    pub src: String,
    /// Folder (or, for a single file, path) in the archive.
    pub dst: String,
    /// Keep only the file's own name.
    pub strip_parent: bool,
    /// Owner, group, mode and time to write.
    pub info: FileInfo,
    /// One of goreleaser's own six patterns: no match is no warning.
    pub is_default: bool,
}

/// Overrides of what is on disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileInfo {
    /// Owner's name; empty means root.
    pub owner: String,
    /// Group's name; empty means root.
    pub group: String,
    /// Permission bits; none means 0755 for what is executable, else 0644.
    pub mode: Option<u32>,
    /// Unix seconds; none means the archive's default.
    pub mtime: Option<i64>,
}

/// The members that the specs mean, sorted by name, and what is to be said about them.
#[derive(Clone, Debug, Default)]
pub struct Resolved {
    /// Sorted by name, each once.
    pub members: Vec<Member>,
    /// Patterns without a match, files that another one hides.
    pub warnings: Vec<Diagnostic>,
}

/// goreleaser's patterns when `files` is left out.
pub fn default_specs() -> Vec<FileSpec> {
    ["license*", "LICENSE*", "readme*", "README*", "changelog*", "CHANGELOG*"]
        .into_iter()
        .map(|src| FileSpec { src: src.into(), is_default: true, ..FileSpec::default() })
        .collect()
}

/// Resolves `specs` in `project`.
///
/// # Errors
/// A pattern that does not parse, a plain path that does not exist, folders that cannot be read.
pub fn resolve(_project: &Path, _specs: &[FileSpec]) -> Result<Resolved, PackageError> {
    Ok(Resolved::default())
}

/// Puts members below a folder, `wrap_in_directory`'s value with its template applied; empty changes nothing.
pub fn wrap(members: &mut [Member], folder: &str) {
    let folder = folder.replace('\\', "/");
    for member in members {
        let joined =
            if folder.is_empty() { member.name.clone() } else { format!("{folder}/{}", member.name) };
        member.name = joined;
    }
}
