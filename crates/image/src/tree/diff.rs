//! What a tree has changed since another: the entries of a layer.

use super::{Kind, Node, Tree};
use crate::layer::{Change, LayerEntry};
use std::collections::BTreeSet;

impl Tree {
    /// The changes that make `base` this tree, in the order of paths. Folders above a change are in it too, as containerd
    /// and BuildKit write them, except the root.
    ///
    /// Contents are compared by [`super::Content::is_same`]: a file that was written anew is a change, whatever is in it.
    pub fn diff(&self, base: &Tree) -> Vec<LayerEntry> {
        let mut changed: BTreeSet<&str> = BTreeSet::new();
        let mut gone: BTreeSet<&str> = BTreeSet::new();
        for (path, node) in self.iter() {
            if !base.get(path).is_some_and(|old| same(old, node)) {
                changed.insert(path);
            }
        }
        for (path, _) in base.iter() {
            // Below something that is gone, or that is no folder any more, nothing needs to be said.
            let above = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            if self.get(path).is_none() && self.get(above).is_some_and(Node::is_directory) {
                gone.insert(path);
            }
        }
        let touched: Vec<&str> = changed.iter().chain(&gone).copied().collect();
        for path in touched {
            for (at, _) in path.match_indices('/') {
                changed.insert(&path[..at]);
            }
        }
        let mut out: Vec<LayerEntry> = changed
            .iter()
            .filter_map(|p| self.get(p).map(|n| put(p, n)))
            .chain(gone.iter().map(|p| LayerEntry { path: (*p).to_owned(), change: Change::Whiteout }))
            .collect();
        out.sort_by(|a, b| a.path.cmp(&b.path));
        out
    }

    /// The whole tree as the entries of one layer; the root folder is left out.
    pub fn entries(&self) -> Vec<LayerEntry> {
        self.iter().filter(|(p, _)| !p.is_empty()).map(|(p, n)| put(p, n)).collect()
    }
}

fn put(path: &str, node: &Node) -> LayerEntry {
    LayerEntry { path: path.to_owned(), change: Change::Put(node.clone()) }
}

fn same(a: &Node, b: &Node) -> bool {
    let kinds = match (&a.kind, &b.kind) {
        (Kind::Directory, Kind::Directory) | (Kind::Fifo, Kind::Fifo) => true,
        (Kind::File(a), Kind::File(b)) => a.is_same(b),
        (Kind::Symlink(a), Kind::Symlink(b)) => a == b,
        (Kind::CharDevice(a, b), Kind::CharDevice(c, d))
        | (Kind::BlockDevice(a, b), Kind::BlockDevice(c, d)) => (a, b) == (c, d),
        _ => false,
    };
    kinds && (a.mode, a.uid, a.gid, a.mtime) == (b.mode, b.uid, b.gid, b.mtime) && a.xattrs == b.xattrs
}
