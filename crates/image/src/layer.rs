//! Layers: changes of a file tree as a tar stream, with whiteouts for what goes away (image-spec `layer.md`).
//!
//! Owns: the order and the bytes of what is written, digests of the plain and of the compressed stream, both made while
//! writing. Must not: decide what changes.

use crate::bounded::Bounded;
use crate::gzip::Gzip;
use crate::model::media_type;
use crate::tree::{Content, Contents, Kind, Node};
use crate::{Descriptor, Digest, ImageError, Layout};
use goferry_tar::{END, Header, padding};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::io::{self, Read, Write};

/// What an entry beside a file `name` is called that says that the file is gone.
pub(crate) const WHITEOUT: &str = ".wh.";
/// What says that a folder hides what is below.
pub(crate) const OPAQUE: &str = ".wh..wh..opq";

/// zstd's default.
const ZSTD_LEVEL: i32 = 3;

/// How a layer is compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// What every reader knows.
    #[default]
    Gzip,
    /// Smaller and quicker; Docker reads it since 23, containerd since 1.5.
    Zstd,
}

impl Compression {
    /// OCI's media type of such a layer.
    pub fn media_type(self) -> &'static str {
        match self {
            Compression::None => media_type::LAYER,
            Compression::Gzip => media_type::LAYER_GZIP,
            Compression::Zstd => media_type::LAYER_ZSTD,
        }
    }
}

/// A change of one path.
#[derive(Clone, Debug)]
pub struct LayerEntry {
    /// Path in the image without `/` at either end; empty for the root folder.
    pub path: String,
    /// What becomes of it.
    pub change: Change,
}

/// What becomes of a path.
#[derive(Clone, Debug)]
pub enum Change {
    /// It is this from now on.
    Put(Node),
    /// It is gone.
    Whiteout,
    /// A folder whose earlier content is gone.
    Opaque,
}

/// A layer that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// The blob.
    pub descriptor: Descriptor,
    /// The digest of the plain tar stream.
    pub diff_id: Digest,
}

/// Writes a layer with these entries in their order ([`crate::Tree::diff`] gives them in the order of paths).
///
/// # Errors
/// A content cannot be read, or is not what it was when it was verified ([`ImageError::Changed`]); the layout cannot be
/// written.
pub fn write_layer(
    layout: &Layout,
    entries: &[LayerEntry],
    compression: Compression,
) -> Result<Layer, ImageError> {
    let blob = layout.writer()?;
    let failed = ImageError::io("write", layout.root());
    let (blob, diff_id) = match compression {
        Compression::None => write_tar(layout, entries, blob)?,
        Compression::Gzip => {
            let (gzip, id) = write_tar(layout, entries, Gzip::new(blob).map_err(&failed)?)?;
            (gzip.finish().map_err(&failed)?, id)
        }
        Compression::Zstd => {
            let encoder = zstd::stream::write::Encoder::new(blob, ZSTD_LEVEL).map_err(&failed)?;
            let (encoder, id) = write_tar(layout, entries, encoder)?;
            (encoder.finish().map_err(&failed)?, id)
        }
    };
    let (digest, size) = blob.finish()?;
    Ok(Layer { descriptor: Descriptor::new(compression.media_type(), digest, size), diff_id })
}

/// Hashes what goes through.
struct Hashing<W> {
    sink: W,
    hash: Sha256,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.sink.write(bytes)?;
        self.hash.update(&bytes[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write_tar<W: Write>(layout: &Layout, entries: &[LayerEntry], sink: W) -> Result<(W, Digest), ImageError> {
    let failed = ImageError::io("write", layout.root());
    let mut sink = Hashing { sink, hash: Sha256::new() };
    let mut linked: HashMap<u64, String> = HashMap::new();
    let mut contents = Contents::default();
    for entry in entries {
        let (header, content) = header(entry, &mut linked)?;
        sink.write_all(&header.blocks()).map_err(&failed)?;
        if let Some(content) = content {
            contents.pour(content, &mut sink)?;
            sink.write_all(padding(header.size)).map_err(&failed)?;
        }
    }
    sink.write_all(&END).map_err(&failed)?;
    Ok((sink.sink, Digest::from_hash(&sink.hash.finalize())))
}

/// The header of an entry, and its content if there is any.
fn header<'e>(
    entry: &'e LayerEntry,
    linked: &mut HashMap<u64, String>,
) -> Result<(Header, Option<&'e Content>), ImageError> {
    let node = match &entry.change {
        Change::Put(node) => node,
        Change::Whiteout => return Ok((mark(hiding(&entry.path)), None)),
        Change::Opaque => return Ok((mark(inside(&entry.path, OPAQUE)), None)),
    };
    let mut header = Header {
        name: if entry.path.is_empty() { ".".to_owned() } else { entry.path.clone() },
        mode: node.mode,
        uid: node.uid,
        gid: node.gid,
        mtime: node.mtime,
        xattrs: node.xattrs.clone(),
        ..Header::default()
    };
    let mut body = None;
    header.kind = match &node.kind {
        Kind::Directory => goferry_tar::Kind::Directory,
        Kind::Symlink(text) => {
            header.link.clone_from(text);
            goferry_tar::Kind::Symlink
        }
        Kind::CharDevice(major, minor) => {
            header.device = (*major, *minor);
            goferry_tar::Kind::CharDevice
        }
        Kind::BlockDevice(major, minor) => {
            header.device = (*major, *minor);
            goferry_tar::Kind::BlockDevice
        }
        Kind::Fifo => goferry_tar::Kind::Fifo,
        Kind::File(content) => match node.links.and_then(|id| linked.get(&id)) {
            Some(first) => {
                header.link.clone_from(first);
                goferry_tar::Kind::HardLink
            }
            None => {
                if let Some(id) = node.links {
                    linked.insert(id, entry.path.clone());
                }
                header.size = content.size();
                body = Some(content);
                goferry_tar::Kind::File
            }
        },
    };
    Ok((header, body))
}

fn hiding(path: &str) -> String {
    match path.rsplit_once('/') {
        Some((folder, name)) => format!("{folder}/{WHITEOUT}{name}"),
        None => format!("{WHITEOUT}{path}"),
    }
}

fn inside(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// An empty file without rights, as containerd and BuildKit write whiteouts.
fn mark(name: String) -> Header {
    Header { name, ..Header::default() }
}

/// A layer's plain stream, by its media type, as far as the blob's size allows ([`Bounded`]).
///
/// # Errors
/// The media type is not one of a layer, or the start of the stream is damaged.
pub(crate) fn plain<'r>(what: &Descriptor, from: impl Read + 'r) -> Result<Box<dyn Read + 'r>, ImageError> {
    let from = io::BufReader::with_capacity(1 << 16, from);
    let media = what.media_type.as_str();
    if media.ends_with("+gzip") || media.ends_with(".tar.gzip") {
        return Ok(Box::new(Bounded::new(flate2::bufread::MultiGzDecoder::new(from), what.size)));
    }
    if media.ends_with("+zstd") || media.ends_with(".tar.zstd") {
        let decoder = zstd::stream::read::Decoder::with_buffer(from);
        let decoder = decoder.map_err(|e| ImageError::damaged(&what.digest, e))?;
        return Ok(Box::new(Bounded::new(decoder, what.size)));
    }
    if media.ends_with(".tar") {
        return Ok(Box::new(from));
    }
    Err(ImageError::damaged(&what.digest, format_args!("`{media}` is not the media type of a layer")))
}
