//! Copies of source trees: for modules that `go install` refuses, and for building a second time somewhere else.

use std::io;
use std::path::Path;

/// Copies a folder with its files and links; what is copied is writable by its owner. `skip` is asked with each path.
///
/// # Errors
/// The first file that cannot be read or written.
pub(crate) fn tree(from: &Path, to: &Path, skip: &dyn Fn(&Path) -> bool) -> io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if skip(&source) {
            continue;
        }
        let kind = entry.file_type()?;
        if kind.is_dir() {
            tree(&source, &target, skip)?;
        } else if kind.is_symlink() {
            link(&std::fs::read_link(&source)?, &target)?;
        } else if kind.is_file() {
            std::fs::copy(&source, &target)?;
            owner_writable(&target)?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn link(to: &Path, at: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(to, at)
}

#[cfg(not(unix))]
fn link(to: &Path, at: &Path) -> io::Result<()> {
    std::fs::copy(at.parent().unwrap_or(at).join(to), at).map(drop)
}

/// The module cache is read-only, and so would its copies be.
#[cfg(unix)]
fn owner_writable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mut permissions = path.metadata()?.permissions();
    permissions.set_mode(permissions.mode() | 0o200);
    std::fs::set_permissions(path, permissions)
}

#[cfg(not(unix))]
fn owner_writable(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn files_links_and_what_is_left_out() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (dir.path().join("a"), dir.path().join("b"));
        std::fs::create_dir_all(a.join("sub")).unwrap();
        std::fs::create_dir_all(a.join("dist")).unwrap();
        std::fs::write(a.join("sub/f"), "x").unwrap();
        std::fs::set_permissions(a.join("sub/f"), std::fs::Permissions::from_mode(0o555)).unwrap();
        std::os::unix::fs::symlink("sub/f", a.join("l")).unwrap();
        tree(&a, &b, &|p| p.ends_with("dist")).unwrap();
        assert_eq!(std::fs::read_link(b.join("l")).unwrap(), Path::new("sub/f"));
        assert_eq!(b.join("sub/f").metadata().unwrap().permissions().mode() & 0o777, 0o755);
        assert!(!b.join("dist").exists());
    }
}
