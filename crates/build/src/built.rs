//! The result of a build step, which only this house can make.

use crate::BuildError;
use goferry_target::GoTarget;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::io::Read;
use std::path::{Path, PathBuf};

/// One file that a build made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuiltFile {
    /// Path relative to dist, with `/`.
    pub path: String,
    /// SHA-256 of its bytes, hex.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
    /// Permission bits that the go command gave it: a header is no program.
    pub mode: u32,
}

/// A binary that a build step made, or that the cache gave back byte for byte.
#[derive(Clone, Debug)]
pub struct Built {
    target: Option<GoTarget>,
    files: Vec<BuiltFile>,
    absolute: PathBuf,
}

/// What the action cache keeps of a [`Built`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuiltRecord {
    /// Target; none for a universal binary.
    pub target: Option<GoTarget>,
    /// The binary first, then its header and the like.
    pub files: Vec<BuiltFile>,
}

/// Proof that a file was written with its bytes hashed on the way: path relative to dist and SHA-256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Path relative to dist.
    pub path: String,
    /// What the written bytes hash to.
    pub sha256: String,
}

impl Built {
    /// Takes what a command just wrote: hashes every file. Only this crate's stages call it.
    pub(crate) fn from_run(
        target: Option<GoTarget>,
        dist: &Path,
        paths: &[String],
    ) -> Result<Built, BuildError> {
        let files = paths.iter().map(|p| hash(dist, p)).collect::<Result<Vec<_>, _>>()?;
        let absolute = dist.join(&paths[0]);
        Ok(Built { target, files, absolute })
    }

    /// From the cache's record of the same key, if every file that it names was written again with the same digest.
    ///
    /// # Errors
    /// [`BuildError::Record`] when a file is missing among `restored` or differs.
    pub fn restore(record: BuiltRecord, dist: &Path, restored: &[Restored]) -> Result<Built, BuildError> {
        for f in &record.files {
            if !restored.iter().any(|r| r.path == f.path && r.sha256 == f.sha256) {
                return Err(BuildError::Record(dist.join(&f.path)));
            }
        }
        let Some(first) = record.files.first() else { return Err(BuildError::Record(dist.to_owned())) };
        let absolute = dist.join(&first.path);
        Ok(Built { target: record.target, files: record.files, absolute })
    }

    /// The record for the cache.
    pub fn record(&self) -> BuiltRecord {
        BuiltRecord { target: self.target, files: self.files.clone() }
    }

    /// Target; none for a universal binary.
    pub fn target(&self) -> Option<GoTarget> {
        self.target
    }

    /// The binary itself.
    pub fn binary(&self) -> &BuiltFile {
        &self.files[0]
    }

    /// Every file, the binary first.
    pub fn files(&self) -> &[BuiltFile] {
        &self.files
    }

    /// Where the binary is.
    pub fn path(&self) -> &Path {
        &self.absolute
    }
}

fn hash(dist: &Path, path: &str) -> Result<BuiltFile, BuildError> {
    let absolute = dist.join(path);
    let io = |source: std::io::Error| match source.kind() {
        // A hook or packer took it away after it was built.
        std::io::ErrorKind::NotFound => {
            BuildError::OutputMissing { command: "the build".to_owned(), path: absolute.clone() }
        }
        _ => BuildError::Io { path: absolute.clone(), source },
    };
    let mut file = std::fs::File::open(&absolute).map_err(io)?;
    let mode = permissions(&file.metadata().map_err(io)?);
    let mut hasher = Sha256::new();
    let mut buf = vec![0; 1 << 17];
    let mut size = 0;
    loop {
        let n = file.read(&mut buf).map_err(io)?;
        if n == 0 {
            break;
        }
        size += n as u64;
        hasher.update(&buf[..n]);
    }
    let sha256 = hasher.finalize().iter().map(|b| format!("{b:02x}")).collect();
    Ok(BuiltFile { path: path.to_owned(), sha256, size, mode })
}

#[cfg(unix)]
fn permissions(meta: &std::fs::Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    meta.permissions().mode() & 0o777
}

#[cfg(not(unix))]
fn permissions(_: &std::fs::Metadata) -> u32 {
    0o755
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_only_good_with_the_same_bytes() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("app"), b"abc").unwrap();
        let built = Built::from_run(None, dir.path(), &["app".to_owned()]).unwrap();
        assert_eq!(built.binary().sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        let restored = |sha: &str| vec![Restored { path: "app".to_owned(), sha256: sha.to_owned() }];
        let good = built.binary().sha256.clone();
        assert!(Built::restore(built.record(), dir.path(), &restored(&good)).is_ok());
        assert!(Built::restore(built.record(), dir.path(), &restored("00")).is_err());
        assert!(Built::restore(built.record(), dir.path(), &[]).is_err());
    }
}
