//! What builds may read outside of the project's folders: behind symbolic links, and where `#cgo` lines point.
//!
//! Must not: follow absolute paths of `#cgo` lines; those are the machine's, as its C library is.

use crate::templates::clean;
use goferry_cache::{CacheError, Digest, FileHasher, KeyBuilder, Store, TreeContent, TreeEntry};
use goferry_toolchain::cgo_flags::cgo_paths;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// More files than a folder that somebody links to for a build has; what lies behind a link to `/` has more.
const MOST_FILES: usize = 20_000;

/// A file or folder outside, and who names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Place {
    /// Absolute.
    path: PathBuf,
    /// Whether what is below its folders counts.
    deep: bool,
    /// The link, or the Go file.
    named_by: PathBuf,
}

/// What was found outside.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outside {
    /// The folders and files, each once.
    pub paths: Vec<PathBuf>,
    /// Why builds cannot be kept, if they cannot.
    pub too_much: Option<String>,
}

/// The symbolic links of a tree that lead to folders.
pub(crate) fn links(root: &Path, tree: &[TreeEntry]) -> Vec<Place> {
    let links = tree.iter().filter(|e| matches!(e.content, TreeContent::Link(_)));
    links.filter_map(|e| to_folder(root.join(&e.path))).collect()
}

fn to_folder(link: PathBuf) -> Option<Place> {
    let path = link.canonicalize().ok().filter(|p| p.is_dir())?;
    Some(Place { path, deep: true, named_by: link })
}

/// What `#cgo` lines of a tree's Go files name. Remembered, because every Go file has to be read for it.
pub(crate) fn named(store: &Store, root: &Path, tree: &[TreeEntry]) -> Vec<Place> {
    let is_go = |e: &&TreeEntry| e.path.extension().is_some_and(|x| x == "go");
    let mut key = KeyBuilder::new("cgo-paths/1");
    key.text("root", &root.to_string_lossy());
    for e in tree.iter().filter(is_go) {
        if let TreeContent::File(digest) = &e.content {
            key.digest(e.path.to_string_lossy(), *digest);
        }
    }
    let key = digest_only(key);
    let known = store.lookup(&key).ok().flatten().and_then(|r| serde_json::from_value(r.value).ok());
    if let Some(places) = known {
        return places;
    }
    let mut places = vec![];
    for e in tree.iter().filter(is_go) {
        let file = root.join(&e.path);
        let source = std::fs::read(&file).unwrap_or_default();
        let folder = file.parent().unwrap_or(root);
        places.extend(cgo_paths(&source).into_iter().map(|p| Place {
            path: clean(&folder.join(&p.path)),
            deep: p.deep,
            named_by: file.clone(),
        }));
    }
    // A cache that cannot be written costs time, not correctness.
    let _ = store.record(&key, &places);
    places
}

/// One field instead of thousands: a record holds the fields of its key.
fn digest_only(key: KeyBuilder) -> goferry_cache::Key {
    let mut short = KeyBuilder::new("digest");
    short.digest("of", *key.finish().digest());
    short.finish()
}

/// Adds what lies outside of `inside` (folders that are hashed anyway) to a key. `ours` are folders that runs write to.
pub(crate) fn add(
    store: &Store,
    places: Vec<Place>,
    inside: &[PathBuf],
    ours: &[&Path],
    key: &mut KeyBuilder,
) -> Outside {
    add_up_to(MOST_FILES, store, places, inside, ours, key)
}

fn add_up_to(
    most: usize,
    store: &Store,
    places: Vec<Place>,
    inside: &[PathBuf],
    ours: &[&Path],
    key: &mut KeyBuilder,
) -> Outside {
    let real = |p: &Path| p.canonicalize().unwrap_or_else(|_| p.to_owned());
    let inside: Vec<PathBuf> = inside.iter().map(|p| real(p)).collect();
    let mut skip = inside.clone();
    skip.extend(ours.iter().map(|p| real(p)));
    let mut todo: VecDeque<Place> = places.into();
    let mut done: Vec<Place> = vec![];
    let mut out = Outside::default();
    while let Some(mut place) = todo.pop_front() {
        place.path = real(&place.path);
        let within = |p: &PathBuf| place.path.starts_with(p);
        let covered =
            done.iter().any(|d| d.path == place.path && d.deep >= place.deep || d.deep && within(&d.path));
        if covered || inside.iter().any(within) {
            continue;
        }
        match contents(most, store, &place, &skip, key) {
            Ok(below) => {
                todo.extend(below);
                out.paths.push(place.path.clone());
            }
            Err(why) => {
                let (by, path) = (place.named_by.display(), place.path.display());
                out.too_much.get_or_insert(format!("{by} leads to {path}, {why}"));
            }
        }
        done.push(place);
    }
    out
}

/// Adds one file or folder; the links in it that lead to other folders.
fn contents(
    most: usize,
    store: &Store,
    place: &Place,
    skip: &[PathBuf],
    key: &mut KeyBuilder,
) -> Result<Vec<Place>, String> {
    let root = &place.path;
    key.text("outside", &root.to_string_lossy());
    let unreadable = |e: &CacheError| format!("which cannot be read: {e}");
    if !root.is_dir() {
        // One that is not there yet may be there the next time.
        let digest =
            if root.is_file() { Some(Digest::of_file(root).map_err(|e| unreadable(&e))?) } else { None };
        key.text("content", &format!("{digest:?}"));
        return Ok(vec![]);
    }
    let hasher = FileHasher::open(store.folder(), root, 2);
    let seen = AtomicUsize::new(0);
    let leave_out = |p: &Path| {
        let full = root.join(p);
        seen.fetch_add(1, Ordering::Relaxed) >= most
            || p.file_name().is_some_and(|n| n == ".git")
            || skip.contains(&full)
            || !place.deep && full.is_dir()
    };
    let tree = hasher.tree(root, &leave_out).map_err(|e| unreadable(&e))?;
    let _ = hasher.save();
    if seen.into_inner() > most {
        return Err(format!("which holds more than {most} files"));
    }
    add_tree(root, &tree, key).map_err(|e| unreadable(&e))?;
    Ok(if place.deep { links(root, &tree) } else { vec![] })
}

/// Adds every file and link of a tree to a key.
///
/// # Errors
/// A file behind a link that cannot be read.
pub(crate) fn add_tree(root: &Path, tree: &[TreeEntry], key: &mut KeyBuilder) -> Result<(), CacheError> {
    for entry in tree {
        let name = entry.path.to_string_lossy();
        match &entry.content {
            TreeContent::File(d) => {
                key.bytes(format!("{name} {:o}", entry.mode & 0o111), d.as_bytes());
            }
            TreeContent::Link(to) => {
                // What lies behind a link may be outside of what is hashed; for folders see `links`.
                let behind = root.join(&entry.path);
                if behind.is_file() {
                    key.digest(format!("{name} behind"), Digest::of_file(&behind)?);
                }
                key.text(format!("{name} link"), &to.to_string_lossy());
            }
        }
    }
    Ok(())
}

#[cfg(all(test, unix))]
#[expect(clippy::unwrap_used, reason = "the functions that tests share are not marked as tests")]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    struct Case {
        dir: tempfile::TempDir,
        store: Store,
    }

    impl Case {
        /// `project` with a link to `far`, in which there is a file, a link onwards to `further`, and one back.
        fn new() -> Case {
            let dir = tempfile::tempdir().unwrap();
            let at = |p: &str| dir.path().join(p);
            for d in ["project", "far/sub", "further"] {
                std::fs::create_dir_all(at(d)).unwrap();
            }
            std::fs::write(at("far/sub/a.h"), "1").unwrap();
            std::fs::write(at("further/b.h"), "1").unwrap();
            symlink("../far", at("project/link")).unwrap();
            symlink("../further", at("far/on")).unwrap();
            symlink("../far", at("further/back")).unwrap();
            symlink("../project", at("further/home")).unwrap();
            let store = Store::open(&at("cache"), 1 << 30).unwrap();
            Case { dir, store }
        }

        fn at(&self, path: &str) -> PathBuf {
            self.dir.path().canonicalize().unwrap().join(path)
        }

        fn digest(&self, most: usize, places: Vec<Place>) -> (Digest, Outside) {
            let mut key = KeyBuilder::new("test");
            let inside = [self.at("project")];
            let out = add_up_to(most, &self.store, places, &inside, &[], &mut key);
            (*key.finish().digest(), out)
        }

        fn linked(&self, most: usize) -> (Digest, Outside) {
            let hasher = FileHasher::open(self.store.folder(), &self.at("project"), 1);
            let tree = hasher.tree(&self.at("project"), &|_| false).unwrap();
            self.digest(most, links(&self.at("project"), &tree))
        }
    }

    #[test]
    fn folders_behind_links_count_also_in_a_circle() {
        let case = Case::new();
        let (first, out) = case.linked(100);
        assert_eq!(out.paths, [case.at("far"), case.at("further")]);
        assert_eq!(out.too_much, None);
        assert_eq!(case.linked(100).0, first);
        std::fs::write(case.at("project/own"), "2").unwrap();
        assert_eq!(case.linked(100).0, first, "what is inside is hashed elsewhere");
        std::fs::write(case.at("further/b.h"), "2").unwrap();
        let second = case.linked(100).0;
        assert_ne!(second, first);
        std::fs::write(case.at("far/sub/a.h"), "2").unwrap();
        assert_ne!(case.linked(100).0, second);
    }

    #[test]
    fn a_folder_without_end_is_given_up() {
        let case = Case::new();
        for i in 0..50 {
            std::fs::write(case.at(&format!("far/sub/{i}")), "x").unwrap();
        }
        let why = case.linked(50).1.too_much.unwrap();
        assert!(why.contains("project/link leads to") && why.contains("more than 50 files"), "{why}");
    }

    #[test]
    fn a_library_folder_counts_without_what_is_below() {
        let case = Case::new();
        let place = |deep| vec![Place { path: case.at("far"), deep, named_by: case.at("project/a.go") }];
        let (flat, deep) = (case.digest(100, place(false)).0, case.digest(100, place(true)).0);
        std::fs::write(case.at("far/sub/a.h"), "2").unwrap();
        assert_eq!(case.digest(100, place(false)).0, flat);
        assert_ne!(case.digest(100, place(true)).0, deep);
        std::fs::write(case.at("far/libx.a"), "2").unwrap();
        assert_ne!(case.digest(100, place(false)).0, flat);
    }
}
