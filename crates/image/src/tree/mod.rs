//! The file tree of an image: layers applied one after another, read by path, changed, and written as a new layer.
//!
//! Contents stay where they are (in a layer, in a file, in memory) until somebody reads them.

mod apply;
#[cfg(unix)]
mod changes;
mod content;
mod diff;
mod path;
mod unpack;
mod users;

#[cfg(unix)]
pub use changes::Snapshot;
pub use content::{Content, Contents, LayerBlob};
pub use path::clean;
pub use unpack::Owners;
pub use users::UnknownUser;

use crate::{ImageError, Layout, Manifest};
use std::collections::BTreeMap;
use std::ops::Bound;

/// An entry of a tree.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Permission bits with set-uid, set-gid and sticky.
    pub mode: u32,
    /// Owner's number.
    pub uid: u32,
    /// Group's number.
    pub gid: u32,
    /// Unix seconds.
    pub mtime: i64,
    /// Extended attributes.
    pub xattrs: BTreeMap<String, Vec<u8>>,
    /// The same for all names of a file that has several.
    pub links: Option<u64>,
}

/// What an entry is.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A folder.
    Directory,
    /// A regular file.
    File(Content),
    /// A symbolic link with its text.
    Symlink(String),
    /// A character device.
    CharDevice(u32, u32),
    /// A block device.
    BlockDevice(u32, u32),
    /// A named pipe.
    Fifo,
}

impl Node {
    /// Root's, without attributes.
    pub fn new(kind: Kind, mode: u32, mtime: i64) -> Node {
        Node { kind, mode, uid: 0, gid: 0, mtime, xattrs: BTreeMap::new(), links: None }
    }

    /// A folder of root's, 0755.
    pub fn directory(mtime: i64) -> Node {
        Node::new(Kind::Directory, 0o755, mtime)
    }

    /// A file of root's with these bytes.
    pub fn bytes(bytes: impl Into<Vec<u8>>, mode: u32, mtime: i64) -> Node {
        Node::new(Kind::File(Content::bytes(bytes)), mode, mtime)
    }

    /// Whether it is a folder.
    pub fn is_directory(&self) -> bool {
        matches!(self.kind, Kind::Directory)
    }
}

/// A file tree. Paths have no `/` at either end; the empty path is the root folder, which is always there.
#[derive(Clone, Debug)]
pub struct Tree {
    nodes: BTreeMap<String, Node>,
}

impl Tree {
    /// The root folder only.
    pub fn empty() -> Tree {
        Tree { nodes: BTreeMap::from([(String::new(), Node::directory(0))]) }
    }

    /// What an image's layers unpack to. Digests of the plain streams are compared with the configuration's.
    ///
    /// # Errors
    /// A blob is missing or damaged.
    pub fn of_image(layout: &Layout, manifest: &Manifest) -> Result<Tree, ImageError> {
        let ids = layout.read_config(manifest)?.rootfs.diff_ids;
        if ids.len() != manifest.layers.len() {
            let why = format!("it names {} layers, the manifest {}", ids.len(), manifest.layers.len());
            return Err(ImageError::damaged(&manifest.config.digest, why));
        }
        let mut tree = Tree::empty();
        for (layer, id) in manifest.layers.iter().zip(&ids) {
            tree.apply(layout, layer, Some(id))?;
        }
        Ok(tree)
    }

    /// The entry at a path; links are not followed.
    pub fn get(&self, path: &str) -> Option<&Node> {
        self.nodes.get(path)
    }

    /// As [`Tree::get`], to change it.
    pub fn get_mut(&mut self, path: &str) -> Option<&mut Node> {
        self.nodes.get_mut(path)
    }

    /// All entries in the order of their paths, each folder before what is in it.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.nodes.iter().map(|(p, n)| (p.as_str(), n))
    }

    /// Everything below a folder, in the order of paths.
    pub fn below<'t>(&'t self, folder: &str) -> impl Iterator<Item = (&'t str, &'t Node)> + use<'t> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let start = match prefix.is_empty() {
            true => Bound::Excluded(String::new()),
            false => Bound::Included(prefix.clone()),
        };
        let range = self.nodes.range((start, Bound::Unbounded));
        range.take_while(move |(p, _)| p.starts_with(&prefix)).map(|(p, n)| (p.as_str(), n))
    }

    /// Puts an entry; what was there goes, with everything below it unless both are folders. Folders on the way are made
    /// (root's, 0755, with the entry's time); the path is taken as it is, links on the way are not followed.
    pub fn insert(&mut self, path: &str, node: Node) {
        for (at, _) in path.match_indices('/') {
            let folder = &path[..at];
            if !self.nodes.get(folder).is_some_and(Node::is_directory) {
                self.nodes.insert(folder.to_owned(), Node::directory(node.mtime));
            }
        }
        if !node.is_directory() && self.nodes.get(path).is_some_and(Node::is_directory) {
            self.clear(path);
        }
        self.nodes.insert(path.to_owned(), node);
    }

    /// Removes an entry and everything below it.
    pub fn remove(&mut self, path: &str) {
        self.clear(path);
        if !path.is_empty() {
            self.nodes.remove(path);
        }
    }

    /// Removes everything below a folder.
    pub fn clear(&mut self, folder: &str) {
        let gone: Vec<String> = self.below(folder).map(|(p, _)| p.to_owned()).collect();
        for path in gone {
            self.nodes.remove(&path);
        }
    }

    /// A file's bytes, links followed; none if there is no such file or it is larger than `limit`.
    ///
    /// # Errors
    /// The content cannot be read.
    pub fn read(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, ImageError> {
        match self.lookup(path).map(|(_, n)| &n.kind) {
            Some(Kind::File(content)) if content.size() <= limit => {
                let mut out = vec![];
                Contents::default().pour(content, &mut out)?;
                Ok(Some(out))
            }
            _ => Ok(None),
        }
    }
}
