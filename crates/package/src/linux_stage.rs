//! [`Verified`] to [`Packaged`] for Linux packages: programs and libraries come from nowhere but what was verified.
//!
//! Owns: the check that what is installed is what ran. Must not: know how a format is written, read configuration.

use crate::PackageError;
use crate::linux::{Content, Format, Package, Sign, write};
use crate::stage::Packaged;
use goferry_build::BuiltFile;
use goferry_plan::graph::{ArtifactKind, InstalledProgram};
use goferry_verify::Verified;
use std::path::Path;

/// A planned program with what was verified.
#[derive(Clone, Copy, Debug)]
pub struct Program<'p> {
    /// Where it goes.
    pub planned: &'p InstalledProgram,
    /// What it is; of a header the library that it was made with.
    pub verified: &'p Verified,
}

impl Program<'_> {
    /// The file: the program itself, or another one that the same build made.
    ///
    /// # Errors
    /// The build made no such file.
    pub fn file(&self) -> Result<&BuiltFile, PackageError> {
        let files = self.verified.built().files();
        files.iter().find(|f| f.path == self.planned.path).ok_or_else(|| PackageError::Io {
            action: "find",
            path: self.planned.path.clone().into(),
            source: std::io::ErrorKind::NotFound.into(),
        })
    }
}

/// Writes one package: `package` without programs, and the programs.
///
/// # Errors
/// As [`write`]; and [`PackageError::Changed`] if a program is no longer what was verified.
pub fn linux_package(
    format: Format,
    package: &Package,
    programs: &[Program<'_>],
    file: &str,
    dist: &Path,
    sign: Option<&dyn Sign>,
) -> Result<Packaged, PackageError> {
    let mut package = package.clone();
    for p in programs {
        let built = p.file()?;
        let mode = if p.planned.kind == ArtifactKind::CHeader { 0o644 } else { 0o755 };
        package.contents.push(Content::file(dist.join(&built.path), p.planned.dst.clone(), mode));
    }
    let out = dist.join(file);
    let written = write(format, &package, &out, sign)?;
    for p in programs {
        let (built, name) = (p.file()?, p.planned.dst.trim_start_matches('/'));
        let packed = written.members.iter().find(|m| m.name == name);
        if packed.is_none_or(|m| m.sha256 != built.sha256) {
            let _ = std::fs::remove_file(&out);
            return Err(PackageError::Changed { path: dist.join(&built.path) });
        }
    }
    let own = |name: &&str| !programs.iter().any(|p| p.planned.dst.trim_start_matches('/') == *name);
    let others = written.members.iter().map(|m| m.name.as_str()).filter(own).map(str::to_owned).collect();
    let file = BuiltFile { path: file.to_owned(), sha256: written.sha256, size: written.size, mode: 0o644 };
    Ok(Packaged::of(file, others))
}
