//! A tree as a folder on disk, for programs that are run in it.

use super::{Contents, Kind, Node, Tree};
use crate::ImageError;
use std::collections::HashMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// What is done about owners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owners {
    /// Everything belongs to the caller, without extended attributes. Who owns a file can then not matter to what runs.
    Caller,
    /// As the image has it, with capabilities; needs root.
    Image,
}

impl Tree {
    /// Writes the tree into an empty folder. Devices are left out: what runs gets its own /dev. A file that would not be
    /// readable by its owner is made so.
    ///
    /// # Errors
    /// The file system refuses, or a content is damaged.
    pub fn unpack(&self, folder: &Path, owners: Owners) -> Result<(), ImageError> {
        let mut contents = Contents::default();
        let mut linked: HashMap<u64, PathBuf> = HashMap::new();
        let mut folders = vec![];
        for (path, node) in self.iter().filter(|(p, _)| !p.is_empty()) {
            let to = folder.join(path);
            let failed = ImageError::io("write", &to);
            match &node.kind {
                Kind::Directory => {
                    fs::create_dir(&to).map_err(&failed)?;
                    folders.push((to, node));
                    continue;
                }
                Kind::Symlink(text) => link_to(text, &to).map_err(&failed)?,
                Kind::File(content) => {
                    if let Some(first) = node.links.and_then(|id| linked.get(&id)) {
                        fs::hard_link(first, &to).map_err(&failed)?;
                        continue;
                    }
                    let mut file = File::create_new(&to).map_err(&failed)?;
                    contents.pour(content, &mut file)?;
                    if let Some(id) = node.links {
                        linked.insert(id, to.clone());
                    }
                }
                Kind::CharDevice(..) | Kind::BlockDevice(..) | Kind::Fifo => continue,
            }
            finish(&to, node, owners).map_err(&failed)?;
        }
        // Last, or a folder that nobody may write in would stay empty; the deepest first.
        for (to, node) in folders.into_iter().rev() {
            finish(&to, node, owners).map_err(ImageError::io("write", &to))?;
        }
        Ok(())
    }
}

#[cfg(unix)]
fn link_to(text: &str, to: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(text, to)
}

#[cfg(not(unix))]
fn link_to(_text: &str, _to: &Path) -> std::io::Result<()> {
    Ok(())
}

/// Owner first: changing it takes set-uid and capabilities away.
#[cfg(unix)]
fn finish(to: &Path, node: &Node, owners: Owners) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    if owners == Owners::Image {
        std::os::unix::fs::lchown(to, Some(node.uid), Some(node.gid))?;
    }
    if matches!(node.kind, Kind::Symlink(_)) {
        return Ok(());
    }
    let least = if node.is_directory() { 0o700 } else { 0o400 };
    fs::set_permissions(to, fs::Permissions::from_mode(node.mode | least))?;
    match owners {
        // The caller's files cannot have capabilities.
        Owners::Caller => Ok(()),
        Owners::Image => super::attributes::set(to, &node.xattrs),
    }
}

#[cfg(not(unix))]
fn finish(_to: &Path, _node: &Node, _owners: Owners) -> std::io::Result<()> {
    Ok(())
}
