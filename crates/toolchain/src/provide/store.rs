//! The folder of everything that was fetched: files by digest, unpacked folders by what is in them.
//!
//! ```text
//! tools/files/<sha256>/<name>              as fetched; the digest is checked before use
//! tools/unpacked/<name>-<digest>/          complete if it has its mark
//! tools/resolved/<digest>.json             what a request for packages resolved to
//! tools/locks/<name>                       advisory, dropped by the kernel with the process
//! ```

use super::{Fetcher, LockEntry, LockFile, tree};
use goferry_report::{Code, Diagnostic};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Made last: a folder without it does not count.
const MARK: &str = ".goferry-complete";

/// Names of folders that are being filled, and of their locks.
const PART: &str = ".part-";
const PART_LOCK: &str = ".lock";

/// SHA-256 of a text, hex.
pub(super) fn digest_of(text: &str) -> String {
    hex(&Sha256::digest(text))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// SHA-256 of a file, hex.
pub(super) fn digest_of_file(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(&hasher.finalize())),
            n => hasher.update(&buffer[..n]),
        }
    }
}

/// The diagnostic of a folder of ours that cannot be used.
pub(super) fn io_error(what: &str, path: &Path, e: &io::Error) -> Box<Diagnostic> {
    let code = if e.kind() == io::ErrorKind::StorageFull { Code::DiskFull } else { Code::Io };
    Box::new(
        Diagnostic::error(code, format!("{what} {}: {e}", path.display()))
            .hint("fetched compilers are kept in the cache folder; GOFERRY_CACHE names another"),
    )
}

/// A lock that is held until it is dropped.
pub(super) struct Held(#[expect(dead_code, reason = "closing the file drops the lock")] File);

/// Waits for a thing of this name; two runs then fetch it once.
pub(super) fn hold(root: &Path, name: &str) -> Result<Held, Box<Diagnostic>> {
    let dir = root.join("locks");
    let path = dir.join(name);
    std::fs::create_dir_all(&dir)
        .and_then(|()| File::options().create(true).truncate(false).write(true).open(&path))
        .and_then(|f| f.lock().map(|()| Held(f)))
        .map_err(|e| io_error("cannot lock", &path, &e))
}

/// Where a fetched file is kept.
pub(super) fn place_of(root: &Path, file: &LockFile) -> PathBuf {
    root.join("files").join(&file.sha256).join(&file.file)
}

/// A fetched file whose digest was checked just now, from the cache or the mirror; none if neither has it.
///
/// # Errors
/// A mirror's file that is not what its name says.
pub(super) fn checked(fetcher: &Fetcher<'_>, file: &LockFile) -> Result<Option<PathBuf>, Box<Diagnostic>> {
    let place = place_of(fetcher.root, file);
    if place.is_file() {
        let found = digest_of_file(&place).map_err(|e| io_error("cannot read", &place, &e))?;
        if found == file.sha256 {
            return Ok(Some(place));
        }
        if !fetcher.may_fetch && fetcher.mirror.is_none() {
            return Err(substituted(file, &place, &found));
        }
        (fetcher.say)(&format!("{} in the cache is not what it was: it is fetched again", file.file));
        std::fs::remove_file(&place).map_err(|e| io_error("cannot remove", &place, &e))?;
    }
    let Some(mirror) = fetcher.mirror else { return Ok(None) };
    let shared = mirror.join("files").join(&file.sha256).join(&file.file);
    if !shared.is_file() {
        return Ok(None);
    }
    keep(fetcher.root, file, &shared, false).map(Some)
}

/// Takes a file into the store.
///
/// # Errors
/// A file whose digest is another; [`Code::ToolchainDamaged`].
pub(super) fn keep(
    root: &Path,
    file: &LockFile,
    from: &Path,
    may_move: bool,
) -> Result<PathBuf, Box<Diagnostic>> {
    let place = place_of(root, file);
    let dir = place.parent().unwrap_or(root);
    let failed = |e: io::Error| io_error("cannot write", &place, &e);
    let files = dir.parent().unwrap_or(root);
    std::fs::create_dir_all(files).map_err(failed)?;
    // What is hashed is what is kept: somebody else may write where it comes from.
    let part = tempfile::NamedTempFile::new_in(files).map_err(failed)?;
    if !(may_move && std::fs::rename(from, part.path()).is_ok()) {
        std::fs::copy(from, part.path()).map_err(failed)?;
    }
    let found = digest_of_file(part.path()).map_err(|e| io_error("cannot read", from, &e))?;
    if found != file.sha256 {
        return Err(substituted(file, from, &found));
    }
    set_mode(part.path(), 0o644).map_err(failed)?;
    std::fs::create_dir_all(dir).map_err(failed)?;
    part.persist(&place).map_err(|e| failed(e.error))?;
    Ok(place)
}

/// Copies what was fetched into the mirror, where it may be written and does not have it.
pub(super) fn share(fetcher: &Fetcher<'_>, entries: &[LockEntry]) -> Result<(), Box<Diagnostic>> {
    let Some(mirror) = fetcher.mirror else { return Ok(()) };
    for file in entries.iter().flat_map(|e| &e.files) {
        let from = place_of(fetcher.root, file);
        if place_of(mirror, file).is_file() || !from.is_file() {
            continue;
        }
        match keep(mirror, file, &from, false) {
            Ok(_) => {}
            // Somebody else fills it.
            Err(_) if read_only(mirror) => return Ok(()),
            Err(d) => return Err(d),
        }
    }
    Ok(())
}

fn read_only(dir: &Path) -> bool {
    tempfile::NamedTempFile::new_in(dir).is_err()
}

fn substituted(file: &LockFile, path: &Path, found: &str) -> Box<Diagnostic> {
    let message = format!(
        "{} is not what it should be: SHA-256 {found} instead of {} ({})",
        file.file,
        file.sha256,
        path.display()
    );
    Box::new(
        Diagnostic::error(Code::ToolchainDamaged, message)
            .hint("remove the file, and find out who changed it; goferry does not use it"),
    )
}

/// What a request resolved to the last time.
pub(super) fn remembered(root: &Path, request: &str) -> Option<LockEntry> {
    let text = std::fs::read(resolution(root, request)).ok()?;
    serde_json::from_slice(&text).ok().filter(|e: &LockEntry| e.check().is_ok())
}

/// Remembers what a request resolved to.
pub(super) fn remember(root: &Path, request: &str, entry: &LockEntry) -> Result<(), Box<Diagnostic>> {
    let path = resolution(root, request);
    let dir = path.parent().unwrap_or(root);
    let text = serde_json::to_vec(entry).unwrap_or_default();
    let write = || {
        std::fs::create_dir_all(dir)?;
        let part = tempfile::NamedTempFile::new_in(dir)?;
        std::fs::write(part.path(), &text)?;
        part.persist(&path).map(drop).map_err(|e| e.error)
    };
    write().map_err(|e| io_error("cannot write", &path, &e))
}

fn resolution(root: &Path, request: &str) -> PathBuf {
    root.join("resolved").join(format!("{}.json", &digest_of(request)[..24]))
}

/// What an entry is, in one digest: the same on every machine.
pub(super) fn identity(entry: &LockEntry) -> String {
    let mut sums: Vec<&str> = entry.files.iter().map(|f| f.sha256.as_str()).collect();
    sums.sort_unstable();
    digest_of(&sums.join("\n"))
}

/// Whether it was unpacked under this name before.
pub(super) fn is_unpacked(root: &Path, name: &str, identity: &str) -> bool {
    sealed(&folder(root, name, identity), identity).is_some()
}

fn folder(root: &Path, name: &str, identity: &str) -> PathBuf {
    root.join("unpacked").join(format!("{name}-{}", &identity[..12]))
}

/// What the mark of a complete folder says of its list of files.
fn sealed(dir: &Path, identity: &str) -> Option<String> {
    let text = std::fs::read_to_string(dir.join(MARK)).ok()?;
    let (found, list) = text.trim_end().split_once('\n')?;
    (found == identity).then(|| list.to_owned())
}

/// Whether a complete folder is what was unpacked, looked at once per process.
fn intact(fetcher: &Fetcher<'_>, dir: &Path, list: &str) -> Result<(), String> {
    static SEEN: Mutex<BTreeMap<(PathBuf, String), tree::Depth>> = Mutex::new(BTreeMap::new());
    let depth = if fetcher.locked || fetcher.mend { tree::Depth::Everything } else { tree::Depth::Stamps };
    let key = (dir.to_owned(), list.to_owned());
    if SEEN.lock().unwrap_or_else(PoisonError::into_inner).get(&key).is_some_and(|d| *d >= depth) {
        return Ok(());
    }
    tree::check(dir, list, depth)?;
    SEEN.lock().unwrap_or_else(PoisonError::into_inner).insert(key, depth);
    Ok(())
}

fn changed(dir: &Path, what: &str) -> Box<Diagnostic> {
    let message = format!("{} is not what was unpacked there: {what}", dir.display());
    Box::new(
        Diagnostic::error(Code::ToolchainDamaged, message)
            .hint_with("to unpack it again from packages that are checked:", "goferry toolchain install")
            .hint("find out who changed it: goferry does not use it"),
    )
}

/// The folder of something unpacked, without links in its path: compilers see through links, and what is mapped away in
/// debug information must be what they see.
///
/// # Errors
/// [`Code::ToolchainDamaged`] if a file in it is not what was unpacked, unless it is to be mended.
pub(super) fn unpacked(
    fetcher: &Fetcher<'_>,
    name: &str,
    identity: &str,
    make: impl FnOnce(&Path) -> Result<(), Box<Diagnostic>>,
) -> Result<PathBuf, Box<Diagnostic>> {
    let dir = complete(fetcher, name, identity, make)?;
    Ok(dir.canonicalize().unwrap_or(dir))
}

/// The folder, made now if it is not there: `make` fills an empty folder, which counts only when everything in it is
/// there.
fn complete(
    fetcher: &Fetcher<'_>,
    name: &str,
    identity: &str,
    make: impl FnOnce(&Path) -> Result<(), Box<Diagnostic>>,
) -> Result<PathBuf, Box<Diagnostic>> {
    let dir = folder(fetcher.root, name, identity);
    if let Some(list) = sealed(&dir, identity) {
        match intact(fetcher, &dir, &list) {
            Ok(()) => return Ok(dir),
            Err(what) if !fetcher.mend => return Err(changed(&dir, &what)),
            Err(what) => {
                (fetcher.say)(&format!("{} is not what it was: {what}: it is unpacked again", dir.display()));
            }
        }
    }
    let parent = fetcher.root.join("unpacked");
    std::fs::create_dir_all(&parent).map_err(|e| io_error("cannot make", &parent, &e))?;
    let part = Part::new(&parent).map_err(|e| io_error("cannot make a folder in", &parent, &e))?;
    make(&part.dir)?;
    let list = tree::seal(&part.dir).map_err(|e| io_error("cannot read", &part.dir, &e))?;
    let place = || {
        if dir.exists() {
            // Without its mark, or changed: what another goferry version, a disk error or somebody left.
            std::fs::remove_dir_all(&dir)?;
        }
        std::fs::write(part.dir.join(MARK), format!("{identity}\n{list}\n"))?;
        set_mode(&part.dir, 0o755)?;
        std::fs::rename(&part.dir, &dir)
    };
    place().map_err(|e| io_error("cannot place", &dir, &e))?;
    Ok(dir)
}

/// A folder that is being filled, and a lock that says so: a killed process loses the lock, and its folder is swept. Times
/// say nothing, because unpacking sets those of the folder to the package's.
struct Part {
    dir: PathBuf,
    lock: tempfile::NamedTempFile,
}

impl Part {
    fn new(parent: &Path) -> io::Result<Part> {
        let lock = tempfile::Builder::new().prefix(PART).suffix(PART_LOCK).tempfile_in(parent)?;
        lock.as_file().lock()?;
        let dir = lock.path().with_extension("");
        std::fs::create_dir(&dir)?;
        Ok(Part { dir, lock })
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // Renamed if all went well. Before the lock goes, so that nobody sweeps meanwhile.
        let _ = std::fs::remove_dir_all(&self.dir);
        let _ = self.lock.as_file().unlock();
    }
}

/// Temporary files and folders are private; a shared cache is not.
#[cfg(unix)]
pub(super) fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
pub(super) fn set_mode(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}

/// Removes what killed runs left in `unpacked/`.
pub(super) fn sweep(root: &Path) {
    for entry in std::fs::read_dir(root.join("unpacked")).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with(PART) || !name.ends_with(PART_LOCK) {
            continue;
        }
        let lock = entry.path();
        // Whoever fills the folder holds the lock.
        let Ok(file) = File::open(&lock) else { continue };
        if file.try_lock().is_ok() {
            let _ = std::fs::remove_dir_all(lock.with_extension(""));
            let _ = std::fs::remove_file(&lock);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_abandoned_folders_are_swept() {
        let root = tempfile::tempdir().unwrap();
        let parent = root.path().join("unpacked");
        let identity = "0123456789abcdef";
        std::fs::create_dir(&parent).unwrap();
        // What a killed process leaves: a folder and its lock, which nobody holds.
        std::fs::create_dir(parent.join(".part-dead")).unwrap();
        std::fs::write(parent.join(".part-dead.lock"), "").unwrap();
        let env = BTreeMap::new();
        let fetcher = Fetcher {
            spawner: &goferry_proc::Scripted::new([]),
            root: root.path(),
            mirror: None,
            lock: None,
            locked: false,
            may_fetch: false,
            mend: false,
            refresh: false,
            env: &env,
            say: &|_| {},
        };
        let made = unpacked(&fetcher, "tool", identity, |dir| {
            std::fs::write(dir.join("file"), "x").unwrap();
            // Packages set the folder's time to their own.
            let old = std::time::SystemTime::UNIX_EPOCH;
            File::open(dir).unwrap().set_modified(old).unwrap();
            sweep(root.path());
            assert!(dir.join("file").exists(), "a folder at work was swept");
            Ok(())
        })
        .unwrap();
        assert!(made.join("file").exists() && made.join(MARK).exists());
        let left: Vec<_> = std::fs::read_dir(&parent).unwrap().flatten().map(|e| e.file_name()).collect();
        assert_eq!(left, ["tool-0123456789ab"]);
        // Without its mark it does not count.
        std::fs::remove_file(made.join(MARK)).unwrap();
        let again = unpacked(&fetcher, "tool", identity, |_| Ok(())).unwrap();
        assert!(!again.join("file").exists());
    }
}
