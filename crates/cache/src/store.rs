//! Contents by digest and records by key, as files below one folder.
//!
//! Layout: `cas/ab/<hex>` contents, mode 0444; `records/ab/<hex>.json`; `slots/ab/<hex>.json` the last key of a slot;
//! `tmp/` unfinished files; `size` an approximate total. The layout's version is part of the folder name `v1`.

use crate::key::{Key, KeyField};
use crate::{CacheError, Digest};
use serde::{Deserialize, Serialize};
use sha2::Digest as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};
use tempfile::NamedTempFile;

/// 5 GiB.
pub const DEFAULT_LIMIT: u64 = 5 << 30;

/// Unfinished files older than this belong to nobody any more.
const STALE: Duration = Duration::from_secs(3600);
/// An entry's time is renewed on use only when it is older than this, so that reading stays reading.
const RENEW: Duration = Duration::from_secs(3600);
const PIECE: usize = 128 * 1024;

/// A store on disk. Cheap to open; may be shared by threads, and its folder by processes.
#[derive(Debug)]
pub struct Store {
    root: PathBuf,
    limit: u64,
    /// Bytes added by this process that the size file does not count yet.
    added: AtomicU64,
}

/// What an action gave, as it was recorded.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// The key's fields.
    pub fields: Vec<KeyField>,
    /// Whatever the caller recorded.
    pub value: serde_json::Value,
}

/// The state of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Info {
    /// Number of contents.
    pub files: u64,
    /// Their bytes, records included.
    pub bytes: u64,
    /// The limit in bytes.
    pub limit: u64,
}

impl Store {
    /// Opens the store below `root`, making its folders, and removes what killed processes left behind.
    ///
    /// # Errors
    /// The folders cannot be made.
    pub fn open(root: &Path, limit_bytes: u64) -> Result<Self, CacheError> {
        let root = root.join("v1");
        for folder in ["cas", "records", "slots", "tmp"] {
            let path = root.join(folder);
            fs::create_dir_all(&path).map_err(CacheError::io("create", &path))?;
        }
        let store = Store { root, limit: limit_bytes, added: AtomicU64::new(0) };
        store.remove_stale_temporaries();
        Ok(store)
    }

    /// The folder of this layout's version, for others that keep files beside (the stat cache).
    pub fn folder(&self) -> &Path {
        &self.root
    }

    /// Puts a file's content in and says its digest. The file is read once: the digest is that of what was stored.
    ///
    /// # Errors
    /// The file cannot be read, the store cannot be written.
    pub fn put_file(&self, path: &Path) -> Result<Digest, CacheError> {
        let mut from = File::open(path).map_err(CacheError::io("read", path))?;
        let (mut temporary, at) = self.temporary()?;
        let (digest, size) = pump(&mut from, path, temporary.as_file_mut(), &at)?;
        self.keep(temporary, &digest, size)?;
        Ok(digest)
    }

    /// Puts a file in whose digest the caller has just taken itself; does nothing if it is there already.
    /// The kernel copies (shared blocks where the file system can); a wrong digest is found when it is restored.
    ///
    /// # Errors
    /// The file cannot be read, the store cannot be written.
    pub fn put_known(&self, path: &Path, digest: &Digest) -> Result<(), CacheError> {
        if self.has(digest) {
            return Ok(());
        }
        let mut from = File::open(path).map_err(CacheError::io("read", path))?;
        let (mut temporary, at) = self.temporary()?;
        let size = io::copy(&mut from, temporary.as_file_mut()).map_err(CacheError::io("write", &at))?;
        self.keep(temporary, digest, size)
    }

    /// Puts bytes in.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn put_bytes(&self, bytes: &[u8]) -> Result<Digest, CacheError> {
        let digest = Digest::of(bytes);
        if !self.has(&digest) {
            let (mut temporary, at) = self.temporary()?;
            temporary.write_all(bytes).map_err(CacheError::io("write", &at))?;
            self.keep(temporary, &digest, bytes.len() as u64)?;
        }
        Ok(digest)
    }

    /// Whether the content is there (its bytes are checked when it is read); renews its time.
    pub fn has(&self, digest: &Digest) -> bool {
        let path = self.content_path(digest);
        match fs::metadata(&path) {
            Ok(facts) => {
                renew(&path, &facts);
                true
            }
            Err(_) => false,
        }
    }

    /// Copies a content to `to` with these permission bits, digesting while copying; never a link into the store.
    /// `to` is replaced in one step, and is as it was before if anything fails.
    ///
    /// # Errors
    /// [`CacheError::Missing`]; [`CacheError::Damaged`], then the entry is gone; I/O.
    pub fn restore(&self, digest: &Digest, to: &Path, mode: u32) -> Result<(), CacheError> {
        let path = self.content_path(digest);
        let mut from = self.open_content(digest, &path)?;
        let folder = match to.parent() {
            Some(p) if !p.as_os_str().is_empty() => p,
            _ => Path::new("."),
        };
        fs::create_dir_all(folder).map_err(CacheError::io("create", folder))?;
        let mut temporary = tempfile::Builder::new()
            .prefix(".goferry-tmp-")
            .tempfile_in(folder)
            .map_err(CacheError::io("create", to))?;
        let (found, _) = pump(&mut from, &path, temporary.as_file_mut(), to)?;
        if found != *digest {
            return Err(self.drop_damaged(digest, &path));
        }
        set_mode(temporary.as_file(), mode).map_err(CacheError::io("write", to))?;
        temporary.persist(to).map_err(|e| CacheError::io("write", to)(e.error))?;
        Ok(())
    }

    /// Reads a content into memory, checked. For small things.
    ///
    /// # Errors
    /// As [`Store::restore`].
    pub fn read_bytes(&self, digest: &Digest) -> Result<Vec<u8>, CacheError> {
        let path = self.content_path(digest);
        let mut bytes = Vec::new();
        self.open_content(digest, &path)?.read_to_end(&mut bytes).map_err(CacheError::io("read", &path))?;
        if Digest::of(&bytes) != *digest {
            return Err(self.drop_damaged(digest, &path));
        }
        Ok(bytes)
    }

    /// Records what an action gave.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn record<T: Serialize>(&self, key: &Key, value: &T) -> Result<(), CacheError> {
        let value = serde_json::to_value(value).map_err(|source| CacheError::Record { source })?;
        let record = Record { fields: key.fields().to_vec(), value };
        self.write_json(&self.json_path("records", key.digest()), &record)
    }

    /// What was recorded for a key, or none; a record that cannot be understood counts as none and is removed.
    ///
    /// # Errors
    /// The record is there but cannot be read.
    pub fn lookup(&self, key: &Key) -> Result<Option<Record>, CacheError> {
        let path = self.json_path("records", key.digest());
        let record: Option<Record> = read_json(&path)?;
        match record {
            Some(r) if r.fields == key.fields() => {
                if let Ok(facts) = fs::metadata(&path) {
                    renew(&path, &facts);
                }
                Ok(Some(r))
            }
            Some(_) => {
                let _ = fs::remove_file(&path);
                Ok(None)
            }
            None => Ok(None),
        }
    }

    /// Removes a record, e.g. because a content it names is gone.
    pub fn forget(&self, key: &Key) {
        let _ = fs::remove_file(self.json_path("records", key.digest()));
    }

    /// Notes which key a slot (a project's step, by any name) had last.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn remember(&self, slot: &str, key: &Key) -> Result<(), CacheError> {
        self.write_json(&self.json_path("slots", &Digest::of(slot.as_bytes())), &key.fields())
    }

    /// The fields of the slot's last key; with [`crate::difference`] it says why a step is not cached.
    pub fn last(&self, slot: &str) -> Option<Vec<KeyField>> {
        read_json(&self.json_path("slots", &Digest::of(slot.as_bytes()))).ok().flatten()
    }

    /// Counts what is there; walks the whole store.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn info(&self) -> Result<Info, CacheError> {
        let mut info = Info { files: 0, bytes: 0, limit: self.limit };
        for (section, counts) in [("cas", 1), ("records", 0), ("slots", 0)] {
            for entry in self.entries(section)? {
                info.files += counts;
                info.bytes += entry.size;
            }
        }
        Ok(info)
    }

    /// Removes every content and record; the folders stay.
    ///
    /// # Errors
    /// Something could not be removed.
    pub fn clean(&self) -> Result<(), CacheError> {
        for section in ["records", "slots", "cas"] {
            for entry in self.entries(section)? {
                remove(&entry.path)?;
            }
        }
        self.remove_folder_content("stat")?;
        self.added.store(0, Ordering::Relaxed);
        self.write_size(0)
    }

    /// Removes the least recently used entries if the store is over its limit, down to nine tenths of it. Cheap
    /// (one small file is read) while the store is under it. Says how many bytes were freed.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub fn evict(&self) -> Result<u64, CacheError> {
        let added = self.added.swap(0, Ordering::Relaxed);
        let known =
            fs::read_to_string(self.root.join("size")).ok().and_then(|t| t.trim().parse::<u64>().ok());
        if let Some(known) = known {
            let total = known.saturating_add(added);
            if total <= self.limit {
                if added > 0 {
                    self.write_size(total)?;
                }
                return Ok(0);
            }
        }
        let mut entries = Vec::new();
        for section in ["cas", "records", "slots"] {
            entries.extend(self.entries(section)?);
        }
        let before: u64 = entries.iter().map(|e| e.size).sum();
        let mut total = before;
        if total > self.limit {
            entries.sort_by(|a, b| a.used.cmp(&b.used).then_with(|| a.path.cmp(&b.path)));
            let goal = self.limit / 10 * 9;
            for entry in entries {
                if total <= goal {
                    break;
                }
                remove(&entry.path)?;
                total -= entry.size;
            }
        }
        self.write_size(total)?;
        Ok(before - total)
    }

    fn content_path(&self, digest: &Digest) -> PathBuf {
        let hex = digest.to_hex();
        self.root.join("cas").join(&hex[..2]).join(&hex)
    }

    fn json_path(&self, section: &str, digest: &Digest) -> PathBuf {
        let hex = digest.to_hex();
        self.root.join(section).join(&hex[..2]).join(format!("{hex}.json"))
    }

    fn temporary(&self) -> Result<(NamedTempFile, PathBuf), CacheError> {
        let folder = self.root.join("tmp");
        match NamedTempFile::new_in(&folder) {
            Ok(t) => Ok((t, folder)),
            Err(e) => Err(CacheError::io("create a file in", &folder)(e)),
        }
    }

    fn open_content(&self, digest: &Digest, path: &Path) -> Result<File, CacheError> {
        match File::open(path) {
            Ok(f) => {
                if let Ok(facts) = f.metadata() {
                    renew(path, &facts);
                }
                Ok(f)
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => Err(CacheError::Missing { digest: *digest }),
            Err(e) => Err(CacheError::io("read", path)(e)),
        }
    }

    /// Only a file that is still damaged is removed: another process may have put a good one in its place.
    fn drop_damaged(&self, digest: &Digest, path: &Path) -> CacheError {
        if Digest::of_file(path).is_ok_and(|d| d != *digest) {
            let _ = fs::remove_file(path);
        }
        CacheError::Damaged { digest: *digest }
    }

    fn keep(&self, temporary: NamedTempFile, digest: &Digest, size: u64) -> Result<(), CacheError> {
        let path = self.content_path(digest);
        if self.has(digest) {
            return Ok(());
        }
        set_mode(temporary.as_file(), 0o444).map_err(CacheError::io("write", &path))?;
        persist(temporary, &path)?;
        self.added.fetch_add(size, Ordering::Relaxed);
        Ok(())
    }

    fn write_json<T: Serialize + ?Sized>(&self, path: &Path, value: &T) -> Result<(), CacheError> {
        let text = serde_json::to_vec(value).map_err(|source| CacheError::Record { source })?;
        let (mut temporary, at) = self.temporary()?;
        temporary.write_all(&text).map_err(CacheError::io("write", &at))?;
        self.added.fetch_add(text.len() as u64, Ordering::Relaxed);
        persist(temporary, path)
    }

    fn write_size(&self, total: u64) -> Result<(), CacheError> {
        let (mut temporary, at) = self.temporary()?;
        temporary.write_all(total.to_string().as_bytes()).map_err(CacheError::io("write", &at))?;
        persist(temporary, &self.root.join("size"))
    }

    fn entries(&self, section: &str) -> Result<Vec<Entry>, CacheError> {
        let folder = self.root.join(section);
        let mut entries = Vec::new();
        for shard in list(&folder)? {
            for path in list(&shard)? {
                // Another process may have removed it meanwhile.
                if let Ok(facts) = fs::symlink_metadata(&path)
                    && facts.is_file()
                {
                    let used = facts.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                    entries.push(Entry { path, size: facts.len(), used });
                }
            }
        }
        Ok(entries)
    }

    fn remove_folder_content(&self, section: &str) -> Result<(), CacheError> {
        for path in list(&self.root.join(section))? {
            remove(&path)?;
        }
        Ok(())
    }

    fn remove_stale_temporaries(&self) {
        let Ok(paths) = list(&self.root.join("tmp")) else { return };
        for path in paths {
            let age =
                fs::symlink_metadata(&path).and_then(|m| m.modified()).ok().and_then(|t| t.elapsed().ok());
            if age.is_some_and(|a| a > STALE) {
                let _ = fs::remove_file(&path);
            }
        }
    }
}

struct Entry {
    path: PathBuf,
    size: u64,
    used: SystemTime,
}

/// A folder's paths; a missing folder has none.
fn list(folder: &Path) -> Result<Vec<PathBuf>, CacheError> {
    let entries = match fs::read_dir(folder) {
        Ok(e) => e,
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(e) => return Err(CacheError::io("read", folder)(e)),
    };
    entries.map(|e| e.map(|e| e.path()).map_err(CacheError::io("read", folder))).collect()
}

fn remove(path: &Path) -> Result<(), CacheError> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(CacheError::io("remove", path)(e)),
        _ => Ok(()),
    }
}

/// Renames; makes the shard folder when it is missing, also when another process removes it in between.
fn persist(temporary: NamedTempFile, path: &Path) -> Result<(), CacheError> {
    match temporary.persist(path) {
        Ok(_) => Ok(()),
        Err(e) if e.error.kind() == io::ErrorKind::NotFound => {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder).map_err(CacheError::io("create", folder))?;
            }
            e.file.persist(path).map(drop).map_err(|e| CacheError::io("write", path)(e.error))
        }
        Err(e) => Err(CacheError::io("write", path)(e.error)),
    }
}

/// Least recently used is told by the modification time, since access times are often switched off.
fn renew(path: &Path, facts: &fs::Metadata) {
    let old = facts.modified().ok().and_then(|t| t.elapsed().ok()).is_some_and(|age| age > RENEW);
    if old && let Ok(file) = OpenOptions::new().read(true).open(path) {
        let _ = file.set_modified(SystemTime::now());
    }
}

/// Copies and digests; says the digest and the length.
fn pump(
    from: &mut File,
    from_path: &Path,
    to: &mut File,
    to_path: &Path,
) -> Result<(Digest, u64), CacheError> {
    let mut hasher = sha2::Sha256::new();
    let mut piece = vec![0; PIECE];
    let mut size = 0;
    loop {
        let n = match from.read(&mut piece) {
            Ok(0) => break,
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(CacheError::io("read", from_path)(e)),
        };
        hasher.update(&piece[..n]);
        to.write_all(&piece[..n]).map_err(CacheError::io("write", to_path))?;
        size += n as u64;
    }
    Ok((Digest::from_bytes(hasher.finalize().into()), size))
}

fn read_json<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<Option<T>, CacheError> {
    let text = match fs::read(path) {
        Ok(t) => t,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(CacheError::io("read", path)(e)),
    };
    match serde_json::from_slice(&text) {
        Ok(value) => Ok(Some(value)),
        Err(_) => {
            let _ = fs::remove_file(path);
            Ok(None)
        }
    }
}

#[cfg(unix)]
fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_file: &File, _mode: u32) -> io::Result<()> {
    Ok(())
}
