//! The files that COPY and ADD take: of a folder on disk, and what goferry puts beside them.

use crate::tree::{Content, Kind, Node, Tree};
use crate::{ImageError, dockerfile::Ignore};
use std::fs::{self, Metadata};
use std::path::Path;

/// A tree of files that are root's.
#[derive(Clone, Debug)]
pub struct Context {
    tree: Tree,
}

impl Default for Context {
    fn default() -> Context {
        Context { tree: Tree::empty() }
    }
}

impl Context {
    /// The files.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Puts an entry.
    pub fn put(&mut self, path: &str, node: Node) {
        self.tree.insert(path, node);
    }

    /// Takes a file, a link, or a folder with everything in it from disk; other kinds are left out.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn take(&mut self, from: &Path, to: &str) -> Result<(), ImageError> {
        let failed = ImageError::io("read", from);
        let about = from.symlink_metadata().map_err(&failed)?;
        if about.is_dir() {
            if !to.is_empty() {
                self.put(to, node(Kind::Directory, &about));
            }
            let mut names: Vec<_> =
                fs::read_dir(from).map_err(&failed)?.collect::<Result<Vec<_>, _>>().map_err(&failed)?;
            names.sort_by_key(fs::DirEntry::file_name);
            for entry in names {
                let name = entry.file_name();
                let name = name.to_string_lossy();
                let below = if to.is_empty() { name.to_string() } else { format!("{to}/{name}") };
                self.take(&entry.path(), &below)?;
            }
        } else if about.is_symlink() {
            let text = fs::read_link(from).map_err(&failed)?;
            self.put(to, node(Kind::Symlink(text.to_string_lossy().into_owned()), &about));
        } else if about.is_file() {
            let content = Content::File { path: from.into(), size: about.len(), digest: None };
            self.put(to, node(Kind::File(content), &about));
        }
        Ok(())
    }

    /// Leaves out what a `.dockerignore` names.
    pub fn ignore(&mut self, ignore: &Ignore) {
        ignore.apply(&mut self.tree);
    }
}

#[cfg(unix)]
fn node(kind: Kind, about: &Metadata) -> Node {
    use std::os::unix::fs::MetadataExt;
    let mode = if matches!(kind, Kind::Symlink(_)) { 0o777 } else { about.mode() & 0o7777 };
    Node::new(kind, mode, about.mtime())
}

#[cfg(not(unix))]
fn node(kind: Kind, _about: &Metadata) -> Node {
    Node::new(kind, 0o755, 0)
}
