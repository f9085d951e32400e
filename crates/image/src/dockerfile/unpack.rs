//! ADD of an archive: its members instead of itself.

use crate::layer::Compression;
use crate::tree::{Contents, Kind, Node, Tree};
use crate::{Descriptor, Digest, ImageError, Layout};
use std::io::Read;

/// What an archive's beginning says of its compression.
fn compression(head: &[u8]) -> Option<&'static str> {
    match head {
        [0x1f, 0x8b, 0x08, ..] => Some("gzip"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some("zstd"),
        [0x42, 0x5a, 0x68, ..] => Some("bzip2"),
        [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, ..] => Some("xz"),
        _ if head.get(257..262) == Some(b"ustar") => Some(""),
        _ => None,
    }
}

/// The files of a tar archive; none for a file that is none.
///
/// # Errors
/// It is compressed by what is not read here, or damaged.
pub(super) fn members(layout: &Layout, node: &Node) -> Result<Option<Tree>, ImageError> {
    let Kind::File(content) = &node.kind else { return Ok(None) };
    let mut file = tempfile::tempfile().map_err(ImageError::io("unpack", layout.root()))?;
    Contents::default().pour(content, &mut file)?;
    let mut head = vec![0; 512];
    let reading = ImageError::io("unpack", layout.root());
    std::io::Seek::rewind(&mut file).map_err(&reading)?;
    let n = file.read(&mut head).map_err(&reading)?;
    head.truncate(n);
    let media = match compression(&head) {
        None => return Ok(None),
        Some("") => Compression::None.media_type(),
        Some("gzip") => Compression::Gzip.media_type(),
        Some("zstd") => Compression::Zstd.media_type(),
        Some(other) => {
            return Err(ImageError::damaged("the archive of ADD", format!("it is compressed by {other}")));
        }
    };
    std::io::Seek::rewind(&mut file).map_err(&reading)?;
    let descriptor = store(layout, media, &mut file)?;
    let mut tree = Tree::empty();
    match tree.apply(layout, &descriptor, None) {
        Ok(()) => Ok(Some(tree)),
        // gzip of something else than an archive is a file like others.
        Err(_) if media != Compression::None.media_type() => Ok(None),
        Err(e) => Err(e),
    }
}

fn store(layout: &Layout, media: &str, from: &mut dyn Read) -> Result<Descriptor, ImageError> {
    let mut writer = layout.writer()?;
    std::io::copy(from, &mut writer).map_err(ImageError::io("write", layout.root()))?;
    let (digest, size): (Digest, u64) = writer.finish()?;
    Ok(Descriptor::new(media, digest, size))
}

/// Puts the members below a folder, as they are in the archive.
pub(super) fn put(
    tree: &mut Tree,
    to: &str,
    members: &Tree,
    owner: Option<(u32, u32)>,
    clock: i64,
) -> Result<(), String> {
    for (path, node) in members.iter().filter(|(p, _)| !p.is_empty()) {
        let at = if to.is_empty() { path.to_owned() } else { format!("{to}/{path}") };
        let at = match node.is_directory() {
            true => tree.resolve(&at),
            false => tree.resolve_parent(&at),
        };
        let at = at.map_err(|e| e.to_string())?;
        let mut node = node.clone();
        if let Some((uid, gid)) = owner {
            (node.uid, node.gid) = (uid, gid);
        }
        node.mtime = node.mtime.min(clock);
        if node.is_directory() && tree.get(&at).is_some_and(|n| !n.is_directory()) {
            tree.remove(&at);
        }
        tree.insert(&at, node);
    }
    Ok(())
}
