//! A package's files in a folder, as an installed system would have them, but for owners.
//!
//! Owns: that nothing is written outside of the folder. Must not: run scripts.

use super::{Part, read_package};
use crate::PackageError;
use crate::archive::{Entry, EntryKind};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Puts everything that a package of this format installs below `folder`, which must be empty. Everything belongs to the caller, who
/// may enter every folder. At most `limit` bytes come out of it.
///
/// # Errors
/// As [`read_package`]; a file cannot be written, or would lie outside of the folder.
pub fn unpack_package(format: &str, path: &Path, limit: u64, folder: &Path) -> Result<(), PackageError> {
    // Links come last, so that no file is written through one.
    let mut links: Vec<(PathBuf, String)> = vec![];
    read_package(format, path, limit, &mut |part| match part {
        Part::Script(_) | Part::Control(_) => Ok(()),
        Part::Member(entry, body) => put(entry, body, folder, &mut links),
    })?;
    let folder = folder.canonicalize().map_err(PackageError::io("read", folder))?;
    for (at, to) in links {
        link(&folder, &at, &to).map_err(PackageError::io("write", &at))?;
    }
    Ok(())
}

fn put(
    entry: &Entry,
    body: &mut dyn Read,
    folder: &Path,
    links: &mut Vec<(PathBuf, String)>,
) -> io::Result<()> {
    // The name is absolute and clean: what goes up ends at the root.
    let at = folder.join(entry.name.trim_start_matches('/'));
    if let EntryKind::Symlink(to) = &entry.kind {
        links.push((at, to.clone()));
        return Ok(());
    }
    match entry.kind {
        EntryKind::Directory => std::fs::create_dir_all(&at),
        EntryKind::File => {
            std::fs::create_dir_all(at.parent().unwrap_or(folder))?;
            let mut file = std::fs::File::create_new(&at)?;
            io::copy(body, &mut file)?;
            permit(&file, entry.mode)
        }
        _ => Ok(()),
    }
}

fn link(folder: &Path, at: &Path, to: &str) -> io::Result<()> {
    let parent = at.parent().unwrap_or(folder);
    std::fs::create_dir_all(parent)?;
    if !parent.canonicalize()?.starts_with(folder) {
        return Err(io::Error::other("a link leads out of the package's folder"));
    }
    make_link(to, at)
}

#[cfg(unix)]
fn permit(file: &std::fs::File, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(mode & 0o777))
}

#[cfg(not(unix))]
fn permit(_: &std::fs::File, _: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn make_link(to: &str, at: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(to, at)
}

#[cfg(not(unix))]
fn make_link(_: &str, _: &Path) -> io::Result<()> {
    Ok(())
}
