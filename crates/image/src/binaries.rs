//! Layers of binaries that were verified, and of nothing else.

use crate::tree::{Content, Kind, Node, Tree};
use crate::{Compression, Digest, ImageError, Layer, Layout, write_layer};
use goferry_verify::Verified;

/// A binary and where it is in the image.
pub struct Program<'p> {
    /// The binary.
    pub verified: &'p Verified,
    /// Path in the image without the first `/`.
    pub to: &'p str,
}

/// Writes one layer per binary: who changes one of several programs sends one layer. Folders on the way have the same
/// permission bits.
///
/// # Errors
/// [`ImageError::Changed`] if a binary is no longer what was verified; the layout cannot be written.
pub fn binary_layers(
    layout: &Layout,
    programs: &[Program<'_>],
    mode: u32,
    mtime: i64,
    compression: Compression,
) -> Result<Vec<Layer>, ImageError> {
    let one = |p: &Program<'_>| {
        let built = p.verified.built();
        let file = built.binary();
        let digest = Digest::from_hex(&file.sha256).map_err(|e| ImageError::damaged(&file.path, e))?;
        let content = Content::verified(built.path(), file.size, digest);
        let mut tree = Tree::empty();
        for (at, _) in p.to.match_indices('/') {
            tree.insert(&p.to[..at], Node::new(Kind::Directory, mode, mtime));
        }
        tree.insert(p.to, Node::new(Kind::File(content), mode, mtime));
        write_layer(layout, &tree.entries(), compression)
    };
    programs.iter().map(one).collect()
}
