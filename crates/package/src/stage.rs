//! [`Verified`] to [`Packaged`]: archives and single files made of nothing but binaries that were verified.
//!
//! Owns: the check that what ships is what ran. Must not: verify, know the cache (it offers [`PackagedRecord`]).

use crate::PackageError;
use crate::archive::{ArchiveFormat, Member, Source, WriteOptions, write_archive};
use crate::members::{self, FileInfo, FileSpec};
use goferry_build::{BuiltFile, Restored};
use goferry_plan::graph::{ArchiveSpec, InfoSpec};
use goferry_report::{Code, Diagnostic};
use goferry_verify::Verified;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// A file that is released, made of verified binaries.
#[derive(Clone, Debug)]
pub struct Packaged {
    file: BuiltFile,
    files: Vec<String>,
}

/// What the action cache keeps of a [`Packaged`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackagedRecord {
    /// The file.
    pub file: BuiltFile,
    /// Names of the members that are not binaries.
    pub files: Vec<String>,
}

impl Packaged {
    /// What another stage of this house wrote.
    pub(crate) fn of(file: BuiltFile, files: Vec<String>) -> Packaged {
        Packaged { file, files }
    }

    /// The file.
    pub fn file(&self) -> &BuiltFile {
        &self.file
    }

    /// Names of the members that are not binaries.
    pub fn files(&self) -> &[String] {
        &self.files
    }

    /// The record for the cache.
    pub fn record(&self) -> PackagedRecord {
        PackagedRecord { file: self.file.clone(), files: self.files.clone() }
    }

    /// From the cache's record of the same key, if the file was written again with the same digest.
    pub fn restore(record: PackagedRecord, restored: &Restored) -> Option<Packaged> {
        (record.file.path == restored.path && record.file.sha256 == restored.sha256)
            .then_some(Packaged { file: record.file, files: record.files })
    }

    /// A binary that is released as it is (format `binary`).
    pub fn binary(verified: &Verified) -> Packaged {
        Packaged { file: verified.built().binary().clone(), files: vec![] }
    }
}

/// The members of an archive besides its binaries, and what is to be said about them.
///
/// # Errors
/// As [`members::resolve`].
pub fn extra_members(
    spec: &ArchiveSpec,
    project: &Path,
) -> Result<(Vec<Member>, Vec<Diagnostic>), PackageError> {
    let specs: Vec<FileSpec> = spec
        .files
        .iter()
        .map(|f| FileSpec {
            src: f.src.clone(),
            dst: f.dst.clone(),
            strip_parent: f.strip_parent,
            info: info(&f.info),
            is_default: f.default,
        })
        .collect();
    let resolved = members::resolve(project, &specs)?;
    Ok((resolved.members, resolved.warnings))
}

/// goreleaser's shape of a file's owner and time.
pub fn info(i: &InfoSpec) -> FileInfo {
    FileInfo { owner: i.owner.clone(), group: i.group.clone(), mode: i.mode, mtime: i.mtime }
}

/// Writes one archive. `verified` are the values of the steps that `spec.binaries` names, in that order; `extra` are
/// its other members.
///
/// # Errors
/// [`PackageError`], of which [`PackageError::Empty`] if there is no member at all; and [`Code::DigestChanged`] as [`PackageError::Changed`] if a binary is no longer what was
/// verified.
pub fn package(
    spec: &ArchiveSpec,
    verified: &[&Verified],
    extra: &[Member],
    dist: &Path,
) -> Result<Packaged, PackageError> {
    let format: ArchiveFormat = spec.format.parse()?;
    let mut all = extra.to_vec();
    for (binary, v) in spec.binaries.iter().zip(verified) {
        let mut m = Member::new(binary.name.clone(), Source::File(v.built().path().to_owned()), 0o755);
        let i = &spec.builds_info;
        m.mode = 0o755;
        m.mtime = i.mtime;
        if !i.owner.is_empty() {
            m.owner.clone_from(&i.owner);
        }
        if !i.group.is_empty() {
            m.group.clone_from(&i.group);
        }
        all.push(m);
    }
    members::wrap(&mut all, &spec.wrap);
    let out = dist.join(&spec.file);
    if all.is_empty() {
        return Err(PackageError::Empty { path: out });
    }
    let written = write_archive(format, &all, &out, &WriteOptions::new(spec.default_mtime))?;
    let binaries = &written.members[written.members.len() - verified.len()..];
    for (w, v) in binaries.iter().zip(verified) {
        if w.sha256 != v.built().binary().sha256 {
            let _ = std::fs::remove_file(&out);
            return Err(PackageError::Changed { path: v.built().path().to_owned() });
        }
    }
    Ok(Packaged {
        file: BuiltFile { path: spec.file.clone(), sha256: written.sha256, size: written.size, mode: 0o644 },
        files: extra.iter().map(|m| m.name.clone()).collect(),
    })
}

impl From<&PackageError> for Diagnostic {
    fn from(e: &PackageError) -> Self {
        let code = match e {
            PackageError::Changed { .. } => Code::DigestChanged,
            PackageError::Io { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => {
                Code::DiskFull
            }
            PackageError::UnknownFormat { .. }
            | PackageError::UnknownAlgorithm { .. }
            | PackageError::UnknownPackageFormat { .. }
            | PackageError::LinuxPackage { .. }
            | PackageError::ContentCollision { .. }
            | PackageError::Unstorable { .. }
            | PackageError::Pattern { .. } => Code::ConfigValue,
            PackageError::DuplicateMember { .. } => Code::ArchiveNameCollision,
            PackageError::Signing { .. } => Code::SignFailed,
            _ => Code::Io,
        };
        let said = e.to_string();
        let mut lines = said.lines().map(str::to_owned);
        let mut d = Diagnostic::error(code, lines.next().unwrap_or_default());
        // What a tool wrote, where one was asked.
        d.notes = lines.collect();
        d
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_have_codes_and_keep_what_tools_said() {
        let reason = "gpg could not sign: exit status 2\ngpg: no secret key\ngpg: signing failed".to_owned();
        let failed = PackageError::Signing { package: "tiny".to_owned(), format: "deb", reason };
        let d = Diagnostic::from(&failed);
        assert_eq!(d.code, Code::SignFailed);
        assert!(d.message.ends_with("exit status 2"), "{}", d.message);
        assert_eq!(d.notes, ["gpg: no secret key", "gpg: signing failed"]);
        let name = "x".to_owned();
        let bad = PackageError::Unstorable { path: "tiny".into(), name, reason: "it is too long" };
        assert_eq!(Diagnostic::from(&bad).code, Code::ConfigValue);
    }
}
