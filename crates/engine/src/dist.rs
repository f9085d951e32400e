//! The output folder: who works in it, whether it is finished, whether it may be cleaned.
//!
//! A run holds a lock beside the folder's content (`.goferry-lock`, an advisory lock that the kernel drops with the
//! process) and leaves `.goferry-incomplete` in it until everything is written, so that what a killed run left counts
//! as empty.

use goferry_report::{Code, Diagnostic, Diagnostics};
use std::fs::{File, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

const LOCK: &str = ".goferry-lock";
pub(crate) const INCOMPLETE: &str = ".goferry-incomplete";
/// What is being removed. By its name it comes first, so that what a killed run left is not in the way.
const GONE: &str = ".goferry-gone";

/// An output folder that this run may write.
#[derive(Debug)]
pub struct Dist {
    path: PathBuf,
    lock: File,
}

impl Dist {
    /// Takes the folder: makes it, locks it, empties it if that is allowed.
    ///
    /// # Errors
    /// [`Code::DistLocked`] while another run holds it, [`Code::DistNotEmpty`] if it holds something that `clean` would
    /// remove, [`Code::Io`] and [`Code::DiskFull`].
    pub fn take(path: &Path, clean: bool) -> Result<Dist, Box<Diagnostic>> {
        let io = |what: &Path, e: std::io::Error| failure(what, &e);
        std::fs::create_dir_all(path).map_err(|e| io(path, e))?;
        let lock_path = path.join(LOCK);
        let mut lock = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&lock_path)
            .map_err(|e| io(&lock_path, e))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(locked(path, &mut lock)),
            Err(TryLockError::Error(e)) => return Err(io(&lock_path, e)),
        }
        let dist = Dist { path: path.to_owned(), lock };
        let unfinished = path.join(INCOMPLETE).exists();
        let others = dist.entries()?;
        if !others.is_empty() && !clean && !unfinished {
            let mut d = Diagnostic::error(
                Code::DistNotEmpty,
                format!("{} is not empty", path.file_name().unwrap_or_default().to_string_lossy()),
            )
            .hint_with("to remove what is there:", "--clean");
            // Refused: leave the folder as it was.
            let _ = std::fs::remove_file(&lock_path);
            d.notes = others.iter().take(5).map(|p| p.display().to_string()).collect();
            return Err(Box::new(d));
        }
        // The mark comes first: a kill while the folder is emptied leaves a folder that counts as empty.
        let mark = path.join(INCOMPLETE);
        std::fs::write(&mark, "a goferry run did not finish; the next one starts over\n")
            .map_err(|e| io(&mark, e))?;
        for entry in others {
            dist.remove(&entry).map_err(|e| io(&entry, e))?;
        }
        let mut lock = &dist.lock;
        let pid = std::process::id();
        lock.set_len(0).and_then(|()| writeln!(lock, "{pid}")).map_err(|e| io(&lock_path, e))?;
        Ok(dist)
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Everything is written: removes the mark and the lock file.
    ///
    /// # Errors
    /// The mark cannot be removed.
    pub fn finish(self) -> Result<(), Box<Diagnostic>> {
        let mark = self.path.join(INCOMPLETE);
        std::fs::remove_file(&mark).map_err(|e| failure(&mark, &e))?;
        let lock = self.path.join(LOCK);
        std::fs::remove_file(&lock).map_err(|e| failure(&lock, &e))
    }

    /// A folder loses its name before its files: nobody takes half an image for one, whenever this is killed.
    fn remove(&self, entry: &Path) -> std::io::Result<()> {
        if !entry.symlink_metadata()?.is_dir() {
            return std::fs::remove_file(entry);
        }
        let gone = self.path.join(GONE);
        std::fs::rename(entry, &gone)?;
        std::fs::remove_dir_all(&gone)
    }

    fn entries(&self) -> Result<Vec<PathBuf>, Box<Diagnostic>> {
        let list = std::fs::read_dir(&self.path).map_err(|e| failure(&self.path, &e))?;
        let mut out: Vec<PathBuf> = list
            .flatten()
            .map(|e| e.path())
            .filter(|p| !p.ends_with(LOCK) && !p.ends_with(INCOMPLETE))
            .collect();
        out.sort();
        Ok(out)
    }
}

fn locked(path: &Path, lock: &mut File) -> Box<Diagnostic> {
    let mut pid = String::new();
    let _ = lock.read_to_string(&mut pid);
    let who = match pid.trim() {
        "" => "another goferry".to_owned(),
        pid => format!("another goferry (process {pid})"),
    };
    Box::new(
        Diagnostic::error(Code::DistLocked, format!("{who} is working in {}", path.display()))
            .hint("wait for it, stop it, or give this run a folder of its own with --dist"),
    )
}

/// What is wrong with the folder of a release that did not end.
pub(crate) fn not_whole(folder: &Path, code: Code) -> Result<(), Diagnostics> {
    if !folder.join(INCOMPLETE).exists() {
        return Ok(());
    }
    let message = format!("{} is not whole: the release that began it did not end", folder.display());
    Err(Diagnostic::error(code, message).hint_with("make it again:", "goferry release --clean").into())
}

/// A file error as a diagnostic; a full disk has its own code.
pub(crate) fn failure(path: &Path, e: &std::io::Error) -> Box<Diagnostic> {
    let code = match e.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Code::DiskFull,
        _ => Code::Io,
    };
    let mut d = Diagnostic::error(code, format!("{}: {e}", path.display()));
    if code == Code::DiskFull {
        d = d
            .hint("make room where that file is, or choose another place: --dist, TMPDIR, GOFERRY_CACHE")
            .hint_with("goferry's own cache can be emptied:", "goferry cache clean");
    }
    Box::new(d)
}

/// Writes a file beside its place and renames it: it is whole or as it was.
pub(crate) fn write_whole(path: &Path, content: impl AsRef<[u8]>) -> Result<(), Box<Diagnostic>> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let write = || {
        // By its own name rather than as a temporary file, whose mode is private; steps write several at once.
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let part = dir.join(format!(".{name}.goferry-{}.part", std::process::id()));
        std::fs::write(&part, &content)?;
        std::fs::rename(&part, path).inspect_err(|_| drop(std::fs::remove_file(&part)))
    };
    write().map_err(|e| failure(path, &e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_run_is_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("dist");
        let first = Dist::take(&path, false).unwrap();
        let refused = Dist::take(&path, true).unwrap_err();
        assert_eq!(refused.code, Code::DistLocked);
        assert!(refused.message.contains(&std::process::id().to_string()), "{}", refused.message);
        drop(first);
        // Unfinished: counts as empty.
        std::fs::write(path.join("half"), "x").unwrap();
        let second = Dist::take(&path, false).unwrap();
        assert!(!path.join("half").exists());
        second.finish().unwrap();
        assert_eq!(std::fs::read_dir(&path).unwrap().count(), 0);
    }

    #[test]
    fn what_others_left_is_only_removed_when_asked() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("theirs"), "x").unwrap();
        assert_eq!(Dist::take(dir.path(), false).unwrap_err().code, Code::DistNotEmpty);
        assert!(dir.path().join("theirs").exists());
        Dist::take(dir.path(), true).unwrap();
        assert!(!dir.path().join("theirs").exists());
    }
}
