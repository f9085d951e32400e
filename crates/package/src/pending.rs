//! A file that does not exist until it is complete: written beside its destination, renamed at the end.

use crate::PackageError;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// An unfinished file; dropping it removes it.
pub(crate) struct PendingFile {
    temporary: NamedTempFile,
    destination: PathBuf,
}

impl PendingFile {
    /// Starts a file that will become `destination`; its folder is made if it is missing.
    pub(crate) fn create(destination: &Path) -> Result<Self, PackageError> {
        let folder = match destination.parent() {
            Some(p) if !p.as_os_str().is_empty() => p,
            _ => Path::new("."),
        };
        std::fs::create_dir_all(folder).map_err(PackageError::io("create", folder))?;
        let temporary = tempfile::Builder::new()
            .prefix(".goferry-tmp-")
            .tempfile_in(folder)
            .map_err(PackageError::io("create", destination))?;
        Ok(PendingFile { temporary, destination: destination.to_owned() })
    }

    /// The open file.
    pub(crate) fn file(&mut self) -> &mut File {
        self.temporary.as_file_mut()
    }

    /// Gives the file its mode and its name. The mode is set explicitly so that the umask has no say.
    pub(crate) fn finish(self, mode: u32) -> Result<(), PackageError> {
        set_mode(self.temporary.as_file(), mode).map_err(PackageError::io("write", &self.destination))?;
        let destination = self.destination;
        match self.temporary.persist(&destination) {
            Ok(_) => Ok(()),
            Err(e) => Err(PackageError::io("write", &destination)(e.error)),
        }
    }
}

#[cfg(unix)]
fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_file: &File, _mode: u32) -> io::Result<()> {
    Ok(())
}

/// Writes a whole small file, mode 0644.
pub(crate) fn write_file(destination: &Path, bytes: &[u8]) -> Result<(), PackageError> {
    let mut pending = PendingFile::create(destination)?;
    io::Write::write_all(pending.file(), bytes).map_err(PackageError::io("write", destination))?;
    pending.finish(0o644)
}
