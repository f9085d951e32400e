//! What an unpacked folder holds: listed with digests when it is made, compared when it is used.
//!
//! Owns: the list and the stamps beside it. Must not: decide what becomes of a folder that changed.
//!
//! ```text
//! .goferry-files    kind TAB digest or link TAB path, a line each, sorted: what was unpacked from checked packages
//! .goferry-stamps   the list's digest, then what stat said of each line's file
//! ```
//!
//! A file whose stamp (size, inode, times of content and inode) is as remembered is not read again: the kernel sets the
//! inode's time, and no program chooses it. A folder's stamp says whether anything was added. Who can write the cache and
//! also makes a new list with its digest in the mark is not found out; under `--locked` the packages themselves are.

use super::store::{digest_of, digest_of_file};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::Metadata;
use std::io;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The list.
const FILES: &str = ".goferry-files";
/// The stamps.
const STAMPS: &str = ".goferry-stamps";
/// Of larger trees only programs and libraries are looked at each time: zig brings twenty thousand source files.
const EVERY_TIME: usize = 6000;

/// How closely a folder is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Depth {
    /// What the stamps say changed is read.
    Stamps,
    /// Everything is read.
    Everything,
}

/// One line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    path: String,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Folder,
    File { program: bool, digest: String },
    Link { to: String },
}

/// Lists a folder that was just filled, with stamps; the digest of the list.
///
/// # Errors
/// A file that cannot be read; a name that is no text of one line.
pub(super) fn seal(dir: &Path) -> io::Result<String> {
    let mut found = vec![];
    walk(dir, "", &mut found)?;
    found.sort();
    // Before reading: what changes meanwhile has another stamp.
    let stamps = stamps_of(dir, found.iter().map(String::as_str));
    let lines = in_parallel(&found, |path| line_of(dir, path))?;
    let text = lines.iter().map(Line::text).collect::<String>();
    let digest = digest_of(&text);
    write(dir, FILES, &text)?;
    write(dir, STAMPS, &format!("{digest}\n{}\n", stamps.join("\n")))?;
    Ok(digest)
}

/// Compares a folder with its list, whose digest is known.
///
/// # Errors
/// What is not as it was, in words, the first in the list's order.
pub(super) fn check(dir: &Path, digest: &str, depth: Depth) -> Result<(), String> {
    let text = std::fs::read_to_string(dir.join(FILES)).unwrap_or_default();
    let lines = text.lines().map(Line::parse).collect::<Option<Vec<Line>>>();
    let Some(lines) = lines.filter(|_| digest_of(&text) == digest) else {
        return Err(format!("{FILES} is not the list that was made of it"));
    };
    let remembered = std::fs::read_to_string(dir.join(STAMPS)).unwrap_or_default();
    let mut remembered = remembered.lines();
    let mut known: Vec<&str> = if remembered.next() == Some(digest) { remembered.collect() } else { vec![] };
    known.resize(lines.len(), "");
    let looked_at = |l: &Line| depth == Depth::Everything || lines.len() <= EVERY_TIME || l.is_code();
    let now = stamps_of(dir, lines.iter().map(|l| if looked_at(l) { l.path.as_str() } else { "" }));
    let suspects: Vec<&Line> = lines
        .iter()
        .zip(&known)
        .zip(&now)
        .filter(|((l, known), now)| {
            looked_at(l) && (depth == Depth::Everything || *known != now || now.is_empty())
        })
        .map(|((l, _), _)| l)
        .collect();
    let children = Children::of(&lines);
    children.same(dir, "")?;
    let results = in_parallel(&suspects, |l| Ok(l.verify(dir, &children)));
    results.unwrap_or_default().into_iter().collect::<Result<Vec<()>, String>>()?;
    let stamps: Vec<&str> =
        known.iter().zip(&now).map(|(k, n)| if n.is_empty() { *k } else { n.as_str() }).collect();
    if stamps != known {
        // Costs a reading again the next time, where it cannot be written.
        let _ = write(dir, STAMPS, &format!("{digest}\n{}\n", stamps.join("\n")));
    }
    Ok(())
}

impl Line {
    fn text(&self) -> String {
        let (kind, what) = match &self.kind {
            Kind::Folder => ("d", "-"),
            Kind::File { program: false, digest } => ("f", digest.as_str()),
            Kind::File { program: true, digest } => ("x", digest.as_str()),
            Kind::Link { to } => ("l", to.as_str()),
        };
        format!("{kind}\t{what}\t{}\n", self.path)
    }

    fn parse(line: &str) -> Option<Line> {
        let mut words = line.splitn(3, '\t');
        let (kind, what, path) = (words.next()?, words.next()?.to_owned(), words.next()?.to_owned());
        let kind = match kind {
            "d" => Kind::Folder,
            "f" | "x" => Kind::File { program: kind == "x", digest: what },
            "l" => Kind::Link { to: what },
            _ => return None,
        };
        Some(Line { path, kind })
    }

    /// A program, a library, an object, or a folder or link that may lead to one.
    fn is_code(&self) -> bool {
        match &self.kind {
            Kind::File { program, .. } => {
                let library = [".so", ".a", ".o"].iter().any(|e| self.path.ends_with(e));
                *program || library || self.path.contains(".so.")
            }
            Kind::Link { .. } => true,
            Kind::Folder => false,
        }
    }

    fn verify(&self, dir: &Path, children: &Children<'_>) -> Result<(), String> {
        let path = &self.path;
        let found = line_of(dir, path).map_err(|e| match e.kind() {
            io::ErrorKind::NotFound => format!("{path} is missing"),
            _ => format!("{path} cannot be read: {e}"),
        })?;
        if found == *self {
            return if self.kind == Kind::Folder { children.same(dir, path) } else { Ok(()) };
        }
        Err(match (&found.kind, &self.kind) {
            (Kind::File { digest: now, .. }, Kind::File { digest, .. }) if now != digest => {
                format!("{path} has other content: SHA-256 {now} instead of {digest}")
            }
            (Kind::File { .. }, Kind::File { .. }) => {
                format!("{path} is executable or is not, unlike before")
            }
            (Kind::Link { to: now }, Kind::Link { to }) => format!("{path} leads to {now} instead of {to}"),
            _ => format!("{path} is something else than it was"),
        })
    }
}

/// Names in each folder of the list.
struct Children<'l>(BTreeMap<&'l str, BTreeSet<&'l str>>);

impl<'l> Children<'l> {
    fn of(lines: &'l [Line]) -> Children<'l> {
        let mut all: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for line in lines {
            let (folder, name) = line.path.rsplit_once('/').unwrap_or(("", &line.path));
            all.entry(folder).or_default().insert(name);
        }
        Children(all)
    }

    /// Whether a folder has nothing that is not listed; what it lacks is found by its own line.
    fn same(&self, dir: &Path, folder: &str) -> Result<(), String> {
        let entries =
            std::fs::read_dir(dir.join(folder)).map_err(|e| format!("{folder} cannot be read: {e}"))?;
        let none = BTreeSet::new();
        let listed = self.0.get(folder).unwrap_or(&none);
        for entry in entries.flatten() {
            let name = entry.file_name();
            let own = folder.is_empty() && name.to_string_lossy().starts_with(".goferry-");
            if !own && !name.to_str().is_some_and(|n| listed.contains(n)) {
                return Err(format!("{} was added", Path::new(folder).join(name).display()));
            }
        }
        Ok(())
    }
}

fn walk(dir: &Path, below: &str, found: &mut Vec<String>) -> io::Result<()> {
    for entry in std::fs::read_dir(dir.join(below))? {
        let entry = entry?;
        let odd =
            || io::Error::new(io::ErrorKind::InvalidData, format!("a file is named {:?}", entry.file_name()));
        let name =
            entry.file_name().into_string().ok().filter(|n| !n.contains(['\n', '\r'])).ok_or_else(odd)?;
        let path = if below.is_empty() { name } else { format!("{below}/{name}") };
        if entry.file_type()?.is_dir() {
            walk(dir, &path, found)?;
        }
        found.push(path);
    }
    Ok(())
}

fn line_of(dir: &Path, path: &str) -> io::Result<Line> {
    let full = dir.join(path);
    let facts = full.symlink_metadata()?;
    let kind = if facts.is_dir() {
        Kind::Folder
    } else if facts.is_symlink() {
        let to = std::fs::read_link(&full)?.to_string_lossy().into_owned();
        if to.contains(['\n', '\r', '\t']) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("{path} leads to {to:?}")));
        }
        Kind::Link { to }
    } else {
        Kind::File { program: is_program(&facts), digest: digest_of_file(&full)? }
    };
    Ok(Line { path: path.to_owned(), kind })
}

/// One stamp for each path; empty for an empty path and for what is not there.
fn stamps_of<'p>(dir: &Path, paths: impl Iterator<Item = &'p str>) -> Vec<String> {
    let paths: Vec<&str> = paths.collect();
    let stamp = |path: &&str| {
        let facts = (!path.is_empty()).then(|| dir.join(path).symlink_metadata().ok()).flatten();
        Ok(facts.map(|f| stamp(&f)).unwrap_or_default())
    };
    in_parallel(&paths, stamp).unwrap_or_default()
}

#[cfg(unix)]
fn stamp(f: &Metadata) -> String {
    use std::os::unix::fs::MetadataExt;
    let size = if f.is_dir() { 0 } else { f.size() };
    let (mode, inode) = (f.mode(), f.ino());
    format!("{mode:o} {size} {inode} {}.{} {}.{}", f.mtime(), f.mtime_nsec(), f.ctime(), f.ctime_nsec())
}

/// Without inode and change time a stamp proves too little: everything is read each time.
#[cfg(not(unix))]
fn stamp(_: &Metadata) -> String {
    String::new()
}

#[cfg(unix)]
fn is_program(facts: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    facts.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn is_program(_: &Metadata) -> bool {
    false
}

/// By renaming: two runs may write at once, and the old file may have other names.
fn write(dir: &Path, name: &str, text: &str) -> io::Result<()> {
    let part = tempfile::Builder::new().prefix(".goferry-part-").tempfile_in(dir)?;
    std::fs::write(part.path(), text)?;
    super::store::set_mode(part.path(), 0o644)?;
    part.persist(dir.join(name)).map(drop).map_err(|e| e.error)
}

/// Results in the items' order, made by as many threads as there are cores, up to four.
fn in_parallel<T: Sync, R: Send>(
    items: &[T],
    make: impl Fn(&T) -> io::Result<R> + Sync,
) -> io::Result<Vec<R>> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).clamp(1, 4);
    if items.len() < 8 || threads == 1 {
        return items.iter().map(make).collect();
    }
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, io::Result<R>)>> = Mutex::new(Vec::with_capacity(items.len()));
    std::thread::scope(|s| {
        for _ in 0..threads {
            s.spawn(|| {
                let mut own = vec![];
                while let Some((at, item)) = {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    items.get(at).map(|item| (at, item))
                } {
                    own.push((at, make(item)));
                }
                done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend(own);
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    /// A small tree, sealed.
    fn tree() -> (tempfile::TempDir, String) {
        let dir = tempfile::tempdir().unwrap();
        let at = |p: &str| dir.path().join(p);
        std::fs::create_dir_all(at("usr/bin")).unwrap();
        std::fs::write(at("usr/bin/cc1"), "compiler").unwrap();
        std::fs::set_permissions(at("usr/bin/cc1"), PermissionsExt::from_mode(0o755)).unwrap();
        std::fs::write(at("usr/x.h"), "header\ttab").unwrap();
        symlink("usr/bin", at("bin")).unwrap();
        let digest = seal(dir.path()).unwrap();
        (dir, digest)
    }

    type Change = fn(&Path);

    const CHANGES: [(&str, Change); 9] = [
        ("usr/bin/cc1 has other content", |d| std::fs::write(d.join("usr/bin/cc1"), "compileR").unwrap()),
        ("usr/x.h has other content", |d| std::fs::write(d.join("usr/x.h"), "").unwrap()),
        ("usr/x.h is missing", |d| std::fs::remove_file(d.join("usr/x.h")).unwrap()),
        ("usr/bin/as was added", |d| std::fs::write(d.join("usr/bin/as"), "").unwrap()),
        ("top was added", |d| std::fs::write(d.join("top"), "").unwrap()),
        ("usr/bin/cc1 is executable or is not", |d| {
            std::fs::set_permissions(d.join("usr/bin/cc1"), PermissionsExt::from_mode(0o644)).unwrap();
        }),
        ("bin leads to /tmp", |d| {
            std::fs::remove_file(d.join("bin")).unwrap();
            symlink("/tmp", d.join("bin")).unwrap();
        }),
        ("usr/x.h is something else", |d| {
            std::fs::remove_file(d.join("usr/x.h")).unwrap();
            symlink("bin/cc1", d.join("usr/x.h")).unwrap();
        }),
        (".goferry-files is not the list", |d| {
            let list = d.join(FILES);
            let text = std::fs::read_to_string(&list).unwrap().replace("usr/x.h", "usr/y.h");
            std::fs::write(list, text).unwrap();
        }),
    ];

    #[test]
    fn each_change_is_found_by_name() {
        for depth in [Depth::Stamps, Depth::Everything] {
            for (expected, change) in CHANGES {
                let (dir, digest) = tree();
                assert_eq!(check(dir.path(), &digest, depth), Ok(()));
                change(dir.path());
                let found = check(dir.path(), &digest, depth).unwrap_err();
                assert!(found.starts_with(expected), "{found} instead of {expected}");
                // Finding it once does not make it right.
                assert_eq!(check(dir.path(), &digest, depth).unwrap_err(), found);
            }
        }
    }

    #[test]
    fn a_copy_is_read_once_and_then_known_by_its_stamps() {
        let (dir, digest) = tree();
        let stamps = || std::fs::read_to_string(dir.path().join(STAMPS)).unwrap();
        let before = stamps();
        // As after copying: the same content, another inode.
        std::fs::copy(dir.path().join("usr/x.h"), dir.path().join("usr/new")).unwrap();
        std::fs::rename(dir.path().join("usr/new"), dir.path().join("usr/x.h")).unwrap();
        assert_eq!(check(dir.path(), &digest, Depth::Stamps), Ok(()));
        let after = stamps();
        assert_ne!(before, after);
        assert_eq!(check(dir.path(), &digest, Depth::Stamps), Ok(()));
        assert_eq!(stamps(), after);
        // Stamps of another list count for nothing.
        std::fs::write(dir.path().join(STAMPS), after.replace(&digest, "other")).unwrap();
        assert_eq!(check(dir.path(), &digest, Depth::Stamps), Ok(()));
        assert_eq!(stamps(), after);
    }

    #[test]
    fn the_list_is_the_same_wherever_it_is_made() {
        assert_eq!(tree().1, tree().1);
        let (dir, _) = tree();
        std::fs::write(dir.path().join("two\nlines"), "").unwrap();
        assert!(seal(dir.path()).is_err());
    }
}
