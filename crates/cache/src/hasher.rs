//! Digests of many files and of whole trees, remembering them between runs by what `stat` says.
//!
//! Owns: the stat cache. Must not: decide which files belong to an input.
//!
//! A remembered digest counts only while path, device, inode, size, modification and change time are the same. A file
//! that changed within two seconds of being digested is not remembered: a later change could leave its times as they are.

use crate::memory::{Memory, Stamp};
use crate::{CacheError, Digest};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

/// A file younger than this when it is digested is not remembered.
const RACY: Duration = Duration::from_secs(2);

/// What a tree holds under one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TreeContent {
    /// A regular file.
    File(Digest),
    /// A symbolic link and its text.
    Link(PathBuf),
}

/// One file or link of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeEntry {
    /// Relative to the tree's root.
    pub path: PathBuf,
    /// Permission bits; 0 for links.
    pub mode: u32,
    /// What it is.
    pub content: TreeContent,
}

/// Digests files, with a memory on disk. May be shared by threads.
#[derive(Debug)]
pub struct FileHasher {
    memory: Mutex<Memory>,
    threads: usize,
}

/// A file or link as the walk saw it.
struct Seen {
    path: PathBuf,
    facts: fs::Metadata,
}

impl FileHasher {
    /// Opens the memory for one scope (a project's root folder) below a store's [`crate::Store::folder`]; a missing or
    /// damaged one is empty. Uses up to `threads` threads.
    pub fn open(folder: &Path, scope: &Path, threads: usize) -> Self {
        let name = Digest::of(scope.as_os_str().as_encoded_bytes()).to_hex();
        FileHasher {
            memory: Mutex::new(Memory::load(&folder.join("stat").join(name))),
            threads: threads.max(1),
        }
    }

    /// The digest of one file's content; links are followed.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn file(&self, path: &Path) -> Result<Digest, CacheError> {
        let facts = fs::metadata(path).map_err(CacheError::io("read", path))?;
        self.digest(path, &facts)
    }

    /// The digests of many files, in their order.
    ///
    /// # Errors
    /// The first file (in their order) that cannot be read.
    pub fn files(&self, paths: &[PathBuf]) -> Result<Vec<Digest>, CacheError> {
        self.in_parallel(paths, |path| self.file(path))
    }

    /// Every file and link below `root`, sorted by the bytes of the path; `exclude` is asked with the relative path of each file and
    /// folder, and a folder that it excludes is not entered. Sockets, pipes and devices are left out.
    ///
    /// # Errors
    /// A folder or file that cannot be read.
    pub fn tree(
        &self,
        root: &Path,
        exclude: &(dyn Fn(&Path) -> bool + Sync),
    ) -> Result<Vec<TreeEntry>, CacheError> {
        let mut folders = vec![PathBuf::new()];
        let mut seen = Vec::new();
        // Level by level, so that the folders of a level can be read by several threads.
        while !folders.is_empty() {
            let levels = self.in_parallel(&folders, |folder| read_folder(root, folder, exclude))?;
            folders.clear();
            for (files, below) in levels {
                seen.extend(files);
                folders.extend(below);
            }
        }
        let mut entries = self.in_parallel(&seen, |s| {
            let full = root.join(&s.path);
            let content = if s.facts.is_symlink() {
                TreeContent::Link(fs::read_link(&full).map_err(CacheError::io("read", &full))?)
            } else {
                TreeContent::File(self.digest(&full, &s.facts)?)
            };
            let mode = if s.facts.is_symlink() { 0 } else { mode_of(&s.facts) };
            Ok(TreeEntry { path: s.path.clone(), mode, content })
        })?;
        // By bytes: comparing paths part by part took a third of a warm run.
        entries.sort_unstable_by(|a, b| a.path.as_os_str().cmp(b.path.as_os_str()));
        Ok(entries)
    }

    /// Writes the memory if anything new is in it. Another process's findings of the same time may be lost, never mixed.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn save(&self) -> Result<(), CacheError> {
        self.memory().save()
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn digest(&self, path: &Path, facts: &fs::Metadata) -> Result<Digest, CacheError> {
        let stamp = Stamp::of(facts);
        if let Some(known) = stamp.as_ref().and_then(|s| self.memory().find(path, s)) {
            return Ok(known);
        }
        let began = SystemTime::now();
        let digest = Digest::of_file(path)?;
        // What was read must be what the stamp describes: the file must look the same afterwards.
        let after = fs::metadata(path).map_err(CacheError::io("read", path))?;
        if let Some(stamp) = stamp
            && Stamp::of(&after).as_ref() == Some(&stamp)
            && stamp.is_older_than(began, RACY)
        {
            self.memory().remember(path, stamp, digest);
        }
        Ok(digest)
    }

    /// Maps in order; small lists stay on this thread. The first error in order wins.
    fn in_parallel<T: Sync, R: Send>(
        &self,
        items: &[T],
        work: impl Fn(&T) -> Result<R, CacheError> + Sync,
    ) -> Result<Vec<R>, CacheError> {
        const CHUNK: usize = 64;
        if self.threads == 1 || items.len() < CHUNK {
            return items.iter().map(work).collect();
        }
        let chunks: Vec<&[T]> = items.chunks(CHUNK).collect();
        let results: Vec<Mutex<Vec<Result<R, CacheError>>>> =
            chunks.iter().map(|_| Mutex::default()).collect();
        let next = AtomicUsize::new(0);
        let run = || {
            loop {
                let i = next.fetch_add(1, Ordering::Relaxed);
                let Some(chunk) = chunks.get(i) else { break };
                let done = chunk.iter().map(&work).collect();
                *results[i].lock().unwrap_or_else(PoisonError::into_inner) = done;
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..self.threads.min(chunks.len()) {
                scope.spawn(run);
            }
            run();
        });
        results.into_iter().flat_map(|r| r.into_inner().unwrap_or_else(PoisonError::into_inner)).collect()
    }
}

/// The files and links of one folder, and its folders.
fn read_folder(
    root: &Path,
    folder: &Path,
    exclude: &(dyn Fn(&Path) -> bool + Sync),
) -> Result<(Vec<Seen>, Vec<PathBuf>), CacheError> {
    let full = root.join(folder);
    let (mut files, mut below) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(&full).map_err(CacheError::io("read", &full))? {
        let entry = entry.map_err(CacheError::io("read", &full))?;
        let path = folder.join(entry.file_name());
        if exclude(&path) {
            continue;
        }
        let kind = entry.file_type().map_err(CacheError::io("read", &full))?;
        if kind.is_dir() {
            below.push(path);
        } else if kind.is_file() || kind.is_symlink() {
            match entry.metadata() {
                Ok(facts) => files.push(Seen { path, facts }),
                // Removed between the listing and the look: as if it had not been listed.
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
                Err(e) => return Err(CacheError::io("read", &root.join(&path))(e)),
            }
        }
    }
    Ok((files, below))
}

#[cfg(unix)]
fn mode_of(facts: &fs::Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    facts.permissions().mode() & 0o7777
}

#[cfg(not(unix))]
fn mode_of(facts: &fs::Metadata) -> u32 {
    if facts.permissions().readonly() { 0o444 } else { 0o644 }
}
