//! HOME and TMPDIR of one program: made before it, removed after it, and swept up by the next one where that one was
//! killed.
//!
//! Owns: the folders and their lock. They lie on the file system of TMPDIR itself, because tests link what go built
//! there into them, which does not work across mounts.

use std::fs::{DirEntry, File, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

const PREFIX: &str = "goferry-guest-";
const LOCK: &str = "lock";

/// From when on a folder without a lock is not being made any more: its maker was killed before it had one.
const GIVEN_UP: Duration = Duration::from_secs(3600);

/// The folders; removed with this value.
#[derive(Debug)]
pub(super) struct Folders {
    dir: PathBuf,
    /// The kernel drops it with the process.
    _lock: File,
}

impl Folders {
    /// Makes them, and removes those of runs that were killed.
    pub(super) fn new() -> io::Result<Folders> {
        let parent = std::env::temp_dir();
        sweep(&parent);
        let dir = tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent)?.keep();
        // Held before it has its name: others remove a folder whose lock they can take.
        let unnamed = dir.join("lock.new");
        let lock = File::create(&unnamed)?;
        lock.lock()?;
        std::fs::rename(unnamed, dir.join(LOCK))?;
        for (_, folder) in places(&dir) {
            std::fs::create_dir(folder)?;
        }
        Ok(Folders { dir, _lock: lock })
    }

    /// HOME and TMPDIR.
    pub(super) fn variables(&self) -> [(&'static str, PathBuf); 2] {
        places(&self.dir)
    }
}

impl Drop for Folders {
    fn drop(&mut self) {
        remove(&self.dir);
    }
}

fn places(dir: &Path) -> [(&'static str, PathBuf); 2] {
    [("HOME", dir.join("home")), ("TMPDIR", dir.join("tmp"))]
}

/// Removes what nobody holds any more.
fn sweep(parent: &Path) {
    let own = nix::unistd::geteuid().as_raw();
    for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
        let is_ours = entry.file_name().to_string_lossy().starts_with(PREFIX)
            && entry.metadata().is_ok_and(|m| m.is_dir() && m.uid() == own);
        let free = match is_ours.then(|| lock_of(&entry.path())) {
            None => false,
            Some(Some(lock)) => !matches!(lock.try_lock(), Err(TryLockError::WouldBlock)),
            // One without a lock may be being made at this moment.
            Some(None) => is_old(&entry),
        };
        if free {
            remove(&entry.path());
        }
    }
}

fn is_old(entry: &DirEntry) -> bool {
    let changed = entry.metadata().and_then(|m| m.modified());
    changed.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > GIVEN_UP))
}

/// The lock of a folder; a pipe or a link that a program put in its place is none, and must not be waited for.
fn lock_of(dir: &Path) -> Option<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let flags = nix::fcntl::OFlag::O_NONBLOCK | nix::fcntl::OFlag::O_NOFOLLOW;
    let file = File::options().read(true).custom_flags(flags.bits()).open(dir.join(LOCK)).ok()?;
    file.metadata().is_ok_and(|m| m.is_file()).then_some(file)
}

/// Removes a folder, also what the program made unwritable.
fn remove(dir: &Path) {
    if std::fs::remove_dir_all(dir).is_err() {
        open_up(dir);
        // What root left there in another user's name stays for the next sweep.
        let _ = std::fs::remove_dir_all(dir);
    }
}

fn open_up(dir: &Path) {
    let _ = std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700));
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|t| t.is_dir()) {
            open_up(&entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_killed_is_swept_up_and_what_lives_is_not() {
        let parent = tempfile::tempdir().unwrap();
        let stale = parent.path().join("goferry-guest-stale");
        let locked = stale.join("home/closed");
        std::fs::create_dir_all(&locked).unwrap();
        std::fs::write(locked.join("file"), "x").unwrap();
        std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o500)).unwrap();
        File::create(stale.join(LOCK)).unwrap();
        let live = parent.path().join("goferry-guest-live");
        std::fs::create_dir(&live).unwrap();
        let held = File::create(live.join(LOCK)).unwrap();
        held.lock().unwrap();
        let strange = parent.path().join("goferry-other");
        std::fs::create_dir(&strange).unwrap();
        sweep(parent.path());
        assert!(!stale.exists() && live.exists() && strange.exists());
        drop(held);
        sweep(parent.path());
        assert!(!live.exists());
    }

    #[test]
    fn what_was_killed_before_it_had_a_lock_is_swept_up_later() {
        let parent = tempfile::tempdir().unwrap();
        let (old, fresh) =
            (parent.path().join("goferry-guest-old"), parent.path().join("goferry-guest-fresh"));
        for (dir, age) in [(&old, 2), (&fresh, 0)] {
            std::fs::create_dir(dir).unwrap();
            File::create(dir.join("lock.new")).unwrap();
            let at = std::time::SystemTime::now() - age * GIVEN_UP;
            File::open(dir).unwrap().set_modified(at).unwrap();
        }
        sweep(parent.path());
        assert!(!old.exists() && fresh.exists());
    }

    #[test]
    fn those_that_are_being_made_are_not_swept_up() {
        std::thread::scope(|s| {
            for _ in 0..8 {
                s.spawn(|| {
                    for _ in 0..50 {
                        let folders = Folders::new().unwrap();
                        assert!(folders.variables().iter().all(|(_, p)| p.is_dir()));
                    }
                });
            }
        });
    }

    #[test]
    fn they_are_gone_with_their_value() {
        let folders = Folders::new().unwrap();
        let places = folders.variables();
        assert!(places.iter().all(|(_, p)| p.is_dir()));
        drop(folders);
        assert!(!places[0].1.parent().unwrap().exists());
    }
}
