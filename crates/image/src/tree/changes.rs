//! What programs changed in a folder into which a tree was unpacked: the entries of a layer.

use super::{Content, Kind, Node, attributes};
use crate::ImageError;
use crate::layer::{Change, LayerEntry};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::Metadata;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

/// What the kernel says of a file; when any of it differs, the file is another. The time of its last change of any kind
/// cannot be set back by programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    mode: u32,
    owner: (u32, u32),
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(m: &Metadata) -> Stamp {
        // A folder is another when an entry comes or goes, which the entries say themselves.
        let times = if m.is_dir() {
            (0, 0, 0, 0, 0)
        } else {
            (m.size(), m.mtime(), m.mtime_nsec(), m.ctime(), m.ctime_nsec())
        };
        Stamp {
            inode: m.ino(),
            mode: m.mode(),
            owner: (m.uid(), m.gid()),
            size: times.0,
            modified: (times.1, times.2),
            changed: (times.3, times.4),
        }
    }
}

/// A folder as it was.
#[derive(Debug)]
pub struct Snapshot {
    stamps: BTreeMap<String, Stamp>,
}

impl Snapshot {
    /// Looks at everything below a folder.
    ///
    /// # Errors
    /// The folder cannot be read; a name that is not UTF-8.
    pub fn take(folder: &Path) -> Result<Snapshot, ImageError> {
        Ok(Snapshot { stamps: walk(folder)?.into_iter().map(|(path, m)| (path, Stamp::of(&m))).collect() })
    }

    /// What has changed since, in the order of paths, with the folders above a change. Files get `mtime`: what a program
    /// writes has the time of the run, which is another each time. `mounted` are paths that were mounted over; where they are
    /// new they are the mount's, not the program's.
    ///
    /// # Errors
    /// As [`Snapshot::take`].
    pub fn changes(
        &self,
        folder: &Path,
        mounted: &[&str],
        mtime: i64,
    ) -> Result<Vec<LayerEntry>, ImageError> {
        let now = walk(folder)?;
        let is_mounts = |path: &str| mounted.contains(&path) && !self.stamps.contains_key(path);
        let changed = now.iter().filter(|(p, m)| self.stamps.get(*p) != Some(&Stamp::of(m)) && !is_mounts(p));
        let mut put: BTreeSet<&str> = changed.map(|(p, _)| p.as_str()).collect();
        let gone: BTreeSet<&str> = self
            .stamps
            .keys()
            .map(String::as_str)
            .filter(|p| !now.contains_key(*p) && now.get(above(p)).is_none_or(Metadata::is_dir))
            .filter(|p| above(p).is_empty() || now.contains_key(above(p)))
            .collect();
        let touched: Vec<&str> = put.iter().chain(&gone).copied().collect();
        for path in touched {
            put.extend(path.match_indices('/').map(|(at, _)| &path[..at]));
        }
        let mut out = vec![];
        for path in put {
            if let Some(node) = now.get(path).map(|m| node(folder, path, m, mtime)).transpose()?.flatten() {
                out.push(LayerEntry { path: path.to_owned(), change: Change::Put(node) });
            }
        }
        out.extend(gone.into_iter().map(|p| LayerEntry { path: p.to_owned(), change: Change::Whiteout }));
        out.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(out)
    }
}

fn above(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Everything below a folder, other file systems left out.
fn walk(folder: &Path) -> Result<BTreeMap<String, Metadata>, ImageError> {
    let mut out = BTreeMap::new();
    let device = folder.symlink_metadata().map_err(ImageError::io("read", folder))?.dev();
    let mut open = vec![(folder.to_owned(), String::new())];
    while let Some((dir, name)) = open.pop() {
        for entry in std::fs::read_dir(&dir).map_err(ImageError::io("read", &dir))? {
            let entry = entry.map_err(ImageError::io("read", &dir))?;
            let path = entry.path();
            let odd = || ImageError::damaged(path.display().to_string(), "its name is not UTF-8");
            let own = entry.file_name();
            let own = own.to_str().ok_or_else(odd)?;
            let full = if name.is_empty() { own.to_owned() } else { format!("{name}/{own}") };
            let m = entry.metadata().map_err(ImageError::io("read", &path))?;
            if m.is_dir() && m.dev() == device {
                open.push((path, full.clone()));
            }
            out.insert(full, m);
        }
    }
    Ok(out)
}

/// A file of the folder as an entry; none for a socket, which no layer can hold.
fn node(folder: &Path, path: &str, m: &Metadata, mtime: i64) -> Result<Option<Node>, ImageError> {
    let at = folder.join(path);
    let kind = m.file_type();
    let kind = if kind.is_dir() {
        Kind::Directory
    } else if kind.is_symlink() {
        let to = std::fs::read_link(&at).map_err(ImageError::io("read", &at))?;
        let odd = || ImageError::damaged(at.display().to_string(), "the link's text is not UTF-8");
        Kind::Symlink(to.to_str().ok_or_else(odd)?.to_owned())
    } else if kind.is_file() {
        Kind::File(Content::File { path: at.as_path().into(), size: m.size(), digest: None })
    } else if kind.is_fifo() {
        Kind::Fifo
    } else {
        return Ok(None);
    };
    let links = (m.is_file() && m.nlink() > 1).then(|| m.ino());
    let xattrs = match m.is_symlink() {
        true => BTreeMap::new(),
        false => attributes::get(&at).map_err(ImageError::io("read", &at))?,
    };
    let node =
        Node { uid: m.uid(), gid: m.gid(), links, xattrs, ..Node::new(kind, m.mode() & 0o7777, mtime) };
    Ok(Some(node))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn what_came_changed_and_went() {
        let dir = tempfile::tempdir().unwrap();
        let at = |p: &str| dir.path().join(p);
        for folder in ["etc", "kept", "gone/deep", "dev"] {
            fs::create_dir_all(at(folder)).unwrap();
        }
        for file in ["etc/a", "etc/b", "etc/mode", "kept/x", "gone/deep/y", "becomes-folder"] {
            fs::write(at(file), file).unwrap();
        }
        let before = Snapshot::take(dir.path()).unwrap();
        assert_eq!(before.changes(dir.path(), &[], 7).unwrap().len(), 0);
        fs::write(at("etc/a"), "other").unwrap();
        fs::remove_file(at("etc/b")).unwrap();
        fs::set_permissions(at("etc/mode"), fs::Permissions::from_mode(0o600)).unwrap();
        fs::remove_dir_all(at("gone")).unwrap();
        fs::remove_file(at("becomes-folder")).unwrap();
        fs::create_dir(at("becomes-folder")).unwrap();
        fs::write(at("becomes-folder/in"), "").unwrap();
        symlink("etc/a", at("link")).unwrap();
        fs::hard_link(at("etc/a"), at("second")).unwrap();
        fs::create_dir(at("proc")).unwrap();
        // The same bytes written again at the same length and time are a change all the same.
        let time = fs::metadata(at("kept/x")).unwrap().modified().unwrap();
        fs::write(at("kept/x"), "kept/y").unwrap();
        fs::File::options().write(true).open(at("kept/x")).unwrap().set_modified(time).unwrap();
        let all = before.changes(dir.path(), &["proc", "dev"], 7).unwrap();
        let said: Vec<String> = all
            .iter()
            .map(|e| match &e.change {
                Change::Put(n) => format!("{} {:?} {}", e.path, n.mode & 0o777 == 0o600, n.mtime),
                other => format!("{} {other:?}", e.path),
            })
            .collect();
        let expected = [
            "becomes-folder false 7",
            "becomes-folder/in false 7",
            "etc false 7",
            "etc/a false 7",
            "etc/b Whiteout",
            "etc/mode true 7",
            "gone Whiteout",
            "kept false 7",
            "kept/x false 7",
            "link false 7",
            "second false 7",
        ];
        assert_eq!(said, expected);
        let links: Vec<_> = all
            .iter()
            .filter_map(|e| match &e.change {
                Change::Put(n) => n.links,
                _ => None,
            })
            .collect();
        assert!(links.len() == 2 && links[0] == links[1], "{links:?}");
    }
}
