//! Which files `archives[].files` means: goreleaser's globs, destinations and order (2.15.1, `internal/archivefiles`).
//!
//! Owns: patterns, destinations, order, duplicates. Must not: read files' content, write archives.

use crate::PackageError;
use crate::archive::{Member, Source};
use crate::glob::{self, Glob};
use goferry_report::{Code, Diagnostic};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// One item of `archives[].files`, its templates already applied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileSpec {
    /// Glob, relative to the project (`../` and absolute ones are allowed as in goreleaser).
    pub src: String,
    /// Folder (or, for a single file without a pattern, folder too) in the archive.
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
    /// Permission bits; none or 0 means 0755 for what is executable, else 0644.
    pub mode: Option<u32>,
    /// Unix seconds; none means the archive's default.
    pub mtime: Option<i64>,
}

impl FileInfo {
    /// Puts the overrides on a member; also for `builds_info` on binaries.
    pub fn apply(&self, member: &mut Member) {
        if !self.owner.is_empty() {
            member.owner.clone_from(&self.owner);
        }
        if !self.group.is_empty() {
            member.group.clone_from(&self.group);
        }
        if let Some(mode) = self.mode.filter(|m| *m != 0) {
            member.mode = mode;
        }
        member.mtime = self.mtime.or(member.mtime);
    }
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
pub fn resolve(project: &Path, specs: &[FileSpec]) -> Result<Resolved, PackageError> {
    let mut found: Vec<(String, String, &FileSpec)> = Vec::new();
    let mut warnings = Vec::new();
    for spec in specs {
        let files = glob::find(project, &spec.src)?;
        if files.is_empty() {
            if !spec.is_default {
                let message = format!("the file pattern `{}` matches nothing", spec.src);
                warnings.push(Diagnostic::warning(Code::GlobNoMatch, message));
            }
            continue;
        }
        let prefix = prefix_of(project, &spec.src, &files)?;
        for file in files {
            let name = destination(spec, &prefix, &file);
            found.push((name, file, spec));
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    let mut resolved = Resolved { members: Vec::with_capacity(found.len()), warnings };
    let mut taken: HashMap<String, String> = HashMap::new();
    for (name, file, spec) in found {
        if let Some(first) = taken.get(&name) {
            if *first != file {
                let message = format!("`{file}` is left out: `{first}` already is `{name}` in the archive");
                resolved.warnings.push(Diagnostic::warning(Code::GlobNoMatch, message));
            }
            continue;
        }
        resolved.members.push(member(project, &name, &file, &spec.info)?);
        taken.insert(name, file);
    }
    Ok(resolved)
}

/// Resolves `extra_files[]{glob,name_template}` of `checksum` and `release`: name and path, by name, the later of two
/// with one name. `name` is the template's value; empty keeps the file's own name.
///
/// # Errors
/// As [`resolve`]; several matches for one name.
pub fn resolve_extra(
    project: &Path,
    items: &[(String, String)],
) -> Result<Vec<(String, PathBuf)>, PackageError> {
    let mut found = std::collections::BTreeMap::new();
    for (pattern, name) in items.iter().filter(|(pattern, _)| !pattern.is_empty()) {
        let files = glob::find(project, pattern)?;
        if files.len() > 1 && !name.is_empty() {
            return Err(PackageError::Pattern {
                pattern: pattern.clone(),
                reason: format!("it matches {} files, which cannot all be named `{name}`", files.len()),
            });
        }
        for file in files {
            let path = project.join(&file);
            if path.is_dir() {
                continue;
            }
            let own = file.rsplit('/').next().unwrap_or(&file).to_owned();
            found.insert(if name.is_empty() { own } else { name.clone() }, path);
        }
    }
    Ok(found.into_iter().collect())
}

/// Puts members below a folder, `wrap_in_directory`'s value with its template applied; empty changes nothing.
pub fn wrap(members: &mut [Member], folder: &str) {
    for member in members {
        member.name =
            clean(&format!("{folder}/{}", member.name).replace('\\', "/")).trim_start_matches('/').to_owned();
    }
}

/// What destinations are relative to: the pattern itself if it is an existing path, else the folder of what all matches
/// begin with.
pub(crate) fn prefix_of(project: &Path, pattern: &str, files: &[String]) -> Result<String, PackageError> {
    let plain = !Glob::parse(pattern)?.has_matchers();
    if plain && project.join(pattern).exists() {
        return Ok(clean(pattern));
    }
    let mut common = files[0].as_str();
    for file in files {
        let same = common.bytes().zip(file.bytes()).take_while(|(a, b)| a == b).count();
        let mut end = same;
        while !common.is_char_boundary(end) {
            end -= 1;
        }
        common = &common[..end];
    }
    Ok(match common.rfind('/') {
        Some(0) => "/".to_owned(),
        Some(at) => clean(&common[..at]),
        None => ".".to_owned(),
    })
}

fn destination(spec: &FileSpec, prefix: &str, file: &str) -> String {
    let base = file.rsplit('/').next().unwrap_or(file);
    if spec.strip_parent {
        return join(&spec.dst, base);
    }
    if spec.dst.is_empty() {
        return clean(file);
    }
    let file = clean(file);
    let relative = match prefix {
        "." => file.as_str(),
        p if p == file => "",
        p => file.strip_prefix(p).map_or(file.as_str(), |r| r.trim_start_matches('/')),
    };
    join(&spec.dst, relative)
}

fn join(folder: &str, name: &str) -> String {
    match (folder.is_empty(), name.is_empty()) {
        (true, _) => clean(name),
        (_, true) => clean(folder),
        _ => clean(&format!("{folder}/{name}")),
    }
}

/// Go's `path.Clean`.
pub(crate) fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => match parts.last() {
                Some(&"..") | None if !rooted => parts.push(".."),
                _ => {
                    parts.pop();
                }
            },
            other => parts.push(other),
        }
    }
    let joined = parts.join("/");
    match (rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".into(),
        (false, false) => joined,
    }
}

fn member(project: &Path, name: &str, file: &str, info: &FileInfo) -> Result<Member, PackageError> {
    let path = project.join(file);
    let facts = std::fs::symlink_metadata(&path).map_err(PackageError::io("read", &path))?;
    let (source, mode) = if facts.is_symlink() {
        let text = std::fs::read_link(&path).map_err(PackageError::io("read", &path))?;
        (Source::Symlink(text.to_string_lossy().replace('\\', "/")), 0o777)
    } else if facts.is_dir() {
        (Source::Directory, 0o755)
    } else {
        let mode = if is_executable(&facts) { 0o755 } else { 0o644 };
        (Source::File(path), mode)
    };
    let mut member = Member::new(name, source, mode);
    info.apply(&mut member);
    Ok(member)
}

#[cfg(unix)]
fn is_executable(facts: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    facts.permissions().mode() & 0o100 != 0
}

#[cfg(not(unix))]
fn is_executable(_facts: &std::fs::Metadata) -> bool {
    false
}
