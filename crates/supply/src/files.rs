//! Reading small files with a limit, and writing new ones without a moment in which half of one is there.

use crate::SupplyError;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// Reads a file of at most `limit` bytes: a key, a bundle, a predicate.
///
/// # Errors
/// It cannot be read, or is larger.
pub fn read_bounded(path: &Path, limit: u64) -> Result<Vec<u8>, SupplyError> {
    let failed = |source| SupplyError::Io { action: "read", path: path.into(), source };
    let mut bytes = vec![];
    File::open(path).and_then(|f| f.take(limit + 1).read_to_end(&mut bytes)).map_err(failed)?;
    match bytes.len() as u64 > limit {
        true => Err(SupplyError::TooLarge { path: path.into(), limit }),
        false => Ok(bytes),
    }
}

/// Writes a file that must not be there yet. A `secret` one can be read by its owner only, from the first moment.
///
/// # Errors
/// It exists, or cannot be written.
pub fn write_new(path: &Path, bytes: &[u8], secret: bool) -> Result<(), SupplyError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AlreadyExists => SupplyError::Exists { path: path.into() },
        _ => SupplyError::Io { action: "write", path: path.into(), source },
    };
    let dir = path.parent().filter(|d| !d.as_os_str().is_empty()).map_or(PathBuf::from("."), Path::to_owned);
    // A temporary file is 0600; a public one gets what the caller's umask leaves, by being made in the usual way.
    if secret {
        // Its own errors name a file that nobody has heard of.
        let plain = |e: io::Error| failed(if e.raw_os_error().is_none() { e.kind().into() } else { e });
        let mut file = tempfile::NamedTempFile::new_in(dir).map_err(plain)?;
        file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
        return file.persist_noclobber(path).map(drop).map_err(|e| failed(e.error));
    }
    let mut file = File::create_new(path).map_err(failed)?;
    file.write_all(bytes).map_err(failed)
}
