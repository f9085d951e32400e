//! Unpacking packages of the distribution by its own dpkg-deb.

use super::Fetcher;
use super::store::io_error;
use goferry_proc::CommandSpec;
use goferry_report::{Code, Diagnostic};
use std::path::{Path, PathBuf};

/// Unpacks packages into one root, two at a time; links that are absolute are made to stay inside.
///
/// # Errors
/// What dpkg-deb says; a full disk.
pub(super) fn unpack(
    fetcher: &Fetcher<'_>,
    packages: &[PathBuf],
    root: &Path,
) -> Result<(), Box<Diagnostic>> {
    // Newer suites keep everything under /usr and rely on these links.
    merged(root).map_err(|e| io_error("cannot write", root, &e))?;
    let halves: Vec<Vec<&PathBuf>> = (0..2).map(|n| packages.iter().skip(n).step_by(2).collect()).collect();
    std::thread::scope(|s| {
        let threads: Vec<_> = halves
            .iter()
            .map(|half| s.spawn(move || half.iter().try_for_each(|p| one(fetcher, p, root))))
            .collect();
        threads.into_iter().try_for_each(|t| match t.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })?;
    relink(root, root).map_err(|e| io_error("cannot write", root, &e))
}

fn one(fetcher: &Fetcher<'_>, package: &Path, root: &Path) -> Result<(), Box<Diagnostic>> {
    let name = package.file_name().unwrap_or_default().to_string_lossy();
    let spec = CommandSpec::new(format!("unpacking {name}"), "dpkg-deb").args([
        "--extract".into(),
        package.as_os_str().to_owned(),
        root.as_os_str().to_owned(),
    ]);
    let failed = |why: String| Box::new(Diagnostic::error(Code::FetchFailed, why));
    let done = fetcher.spawner.run(&spec).map_err(|e| failed(format!("unpacking {name}: {e}")))?;
    if done.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&done.stderr);
    let mut d = failed(format!("unpacking {name} failed"));
    if said.contains("No space left") {
        d.code = Code::DiskFull;
    }
    d.notes = said.lines().take(8).map(str::to_owned).collect();
    Err(d)
}

#[cfg(unix)]
fn merged(root: &Path) -> std::io::Result<()> {
    for dir in ["lib", "lib32", "lib64", "libx32", "bin", "sbin"] {
        let link = root.join(dir);
        if link.symlink_metadata().is_err() {
            std::fs::create_dir_all(root.join("usr").join(dir))?;
            std::os::unix::fs::symlink(Path::new("usr").join(dir), link)?;
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn merged(_: &Path) -> std::io::Result<()> {
    Ok(())
}

/// Absolute links below `dir` become relative to their place, so that they mean the root's own files.
#[cfg(unix)]
fn relink(dir: &Path, root: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let path = entry.path();
        let kind = entry.file_type()?;
        if kind.is_dir() {
            relink(&path, root)?;
        } else if kind.is_symlink() {
            let to = std::fs::read_link(&path)?;
            if to.is_absolute() {
                let depth = path.strip_prefix(root).map_or(0, |p| p.components().count().saturating_sub(1));
                let mut relative: PathBuf =
                    std::iter::repeat_n(std::path::Component::ParentDir, depth).collect();
                relative.push(to.strip_prefix("/").unwrap_or(&to));
                std::fs::remove_file(&path)?;
                std::os::unix::fs::symlink(relative, &path)?;
            }
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn relink(_: &Path, _: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn absolute_links_stay_inside() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        merged(root).unwrap();
        std::fs::create_dir_all(root.join("usr/lib/t")).unwrap();
        std::fs::write(root.join("usr/lib/t/libx.so.1"), "x").unwrap();
        std::os::unix::fs::symlink("/lib/t/libx.so.1", root.join("usr/lib/t/libx.so")).unwrap();
        relink(root, root).unwrap();
        assert_eq!(
            std::fs::read_link(root.join("usr/lib/t/libx.so")).unwrap(),
            Path::new("../../../lib/t/libx.so.1")
        );
        assert_eq!(std::fs::read_to_string(root.join("usr/lib/t/libx.so")).unwrap(), "x");
    }
}
