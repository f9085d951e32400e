//! A blob while it is written: hashed on the way, without a name until it is whole.

use crate::{Digest, ImageError};
use sha2::{Digest as _, Sha256};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// What unfinished files are called; the next run removes them.
pub(crate) const UNFINISHED: &str = ".goferry-tmp-";

/// A blob that is being written; dropping it removes it.
pub struct BlobWriter {
    file: NamedTempFile,
    folder: PathBuf,
    hash: Sha256,
    size: u64,
}

impl BlobWriter {
    /// Starts a blob of the folder `blobs/sha256`.
    pub(crate) fn create(folder: &Path) -> Result<BlobWriter, ImageError> {
        let file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(folder);
        let file = file.map_err(ImageError::io("create a file in", folder))?;
        Ok(BlobWriter { file, folder: folder.to_owned(), hash: Sha256::new(), size: 0 })
    }

    /// Bytes so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Brings what was written to the disk: for blobs that outlive this run, whose name must not come to it before them.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn sync(&self) -> Result<(), ImageError> {
        self.file.as_file().sync_all().map_err(ImageError::io("write", self.file.path()))
    }

    /// Gives it its name: its digest.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn finish(self) -> Result<(Digest, u64), ImageError> {
        let digest = Digest::from_hash(&self.hash.finalize());
        name(self.file, &self.folder, &digest)?;
        Ok((digest, self.size))
    }

    /// As [`BlobWriter::finish`], for bytes that must have this digest.
    ///
    /// # Errors
    /// Also if they have another.
    pub fn finish_as(self, expected: &Digest) -> Result<u64, ImageError> {
        let digest = Digest::from_hash(&self.hash.finalize());
        if digest != *expected {
            return Err(ImageError::damaged(expected, format_args!("its content has the digest {digest}")));
        }
        name(self.file, &self.folder, &digest)?;
        Ok(self.size)
    }
}

fn name(file: NamedTempFile, folder: &Path, digest: &Digest) -> Result<(), ImageError> {
    let path = folder.join(digest.hex());
    set_mode(file.as_file()).map_err(ImageError::io("write", &path))?;
    file.persist(&path).map_err(|e| ImageError::io("write", &path)(e.error))?;
    Ok(())
}

/// 0644: the umask has no say.
pub(crate) fn set_mode(file: &std::fs::File) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.set_permissions(std::fs::Permissions::from_mode(0o644))?;
    }
    let _ = file;
    Ok(())
}

impl Write for BlobWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.file.write(bytes)?;
        self.hash.update(&bytes[..n]);
        self.size += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
