//! A layer applied to a tree (image-spec `layer.md`, "Applying Changesets").

use super::content::{Content, LayerBlob};
use super::path::clean;
use super::{Kind, Node, Tree};
use crate::layer::{OPAQUE, WHITEOUT, plain};
use crate::{Descriptor, Digest, ImageError, Layout};
use goferry_tar::Header;
use sha2::{Digest as _, Sha256};
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The number of the next file that gets a second name. Unlike a number made of its path, none is ever given twice: a layer may
/// put another file where the first one was, and trees of several archives become one.
static NEXT_LINKED: AtomicU64 = AtomicU64::new(0);

/// What a layer says, before any of it is done.
struct Said {
    path: String,
    what: What,
}

enum What {
    Put(Node),
    /// Another name of the file at this path.
    Link(String),
    Gone,
    Cleared,
}

impl Tree {
    /// Applies a layer: first what goes away, then what comes, since a whiteout never hides its own layer.
    ///
    /// # Errors
    /// The blob is missing or damaged, its plain stream has another digest than `diff_id`, a hard link leads nowhere.
    pub fn apply(
        &mut self,
        layout: &Layout,
        layer: &Descriptor,
        diff_id: Option<&Digest>,
    ) -> Result<(), ImageError> {
        let said = read(layout, layer, diff_id)?;
        for s in &said {
            match s.what {
                What::Gone => self.remove(&self.resolve_parent(&s.path)?),
                What::Cleared => self.clear(&self.resolve(&s.path)?),
                _ => {}
            }
        }
        for s in said {
            match s.what {
                What::Put(node) => self.put(&s.path, node)?,
                What::Link(target) => self.link(layer, &s.path, &target)?,
                What::Gone | What::Cleared => {}
            }
        }
        Ok(())
    }

    fn put(&mut self, path: &str, node: Node) -> Result<(), ImageError> {
        let path = match path.rsplit_once('/') {
            Some((folder, name)) => {
                let folder = self.resolve(folder)?;
                if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
            }
            None => path.to_owned(),
        };
        self.insert(&path, node);
        Ok(())
    }

    fn link(&mut self, layer: &Descriptor, path: &str, target: &str) -> Result<(), ImageError> {
        let target = self.resolve_parent(target)?;
        let Some(node) = self.get_mut(&target).filter(|n| !n.is_directory()) else {
            let why = format!("`{path}` is a hard link to `{target}`, which is not there");
            return Err(ImageError::damaged(&layer.digest, why));
        };
        node.links.get_or_insert_with(|| NEXT_LINKED.fetch_add(1, Ordering::Relaxed));
        let node = node.clone();
        self.put(path, node)
    }
}

/// Hashes what is read.
struct Hashing<R> {
    from: R,
    hash: Sha256,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.from.read(out)?;
        self.hash.update(&out[..n]);
        Ok(n)
    }
}

fn read(layout: &Layout, layer: &Descriptor, diff_id: Option<&Digest>) -> Result<Vec<Said>, ImageError> {
    let damaged = |e: io::Error| ImageError::damaged(&layer.digest, e);
    let blob = Arc::new(LayerBlob::new(layout, layer));
    let stream = plain(layer, layout.open_blob(layer)?)?;
    let mut stream = Hashing { from: stream, hash: Sha256::new() };
    let mut said = vec![];
    goferry_tar::read(&mut stream, &mut |entry, _| {
        let path = clean(&entry.header.name);
        said.push(say(path, &entry.header, entry.offset, &blob)?);
        Ok(())
    })
    .map_err(damaged)?;
    // Behind the end mark there may be padding, which is in the digest.
    io::copy(&mut stream, &mut io::sink()).map_err(damaged)?;
    let real = Digest::from_hash(&stream.hash.finalize());
    match diff_id {
        Some(id) if *id != real => {
            let why = format!("it unpacks to {real}, its image says {id}");
            Err(ImageError::damaged(&layer.digest, why))
        }
        _ => Ok(said),
    }
}

fn say(path: String, header: &Header, offset: u64, blob: &Arc<LayerBlob>) -> io::Result<Said> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
    if name == OPAQUE {
        return Ok(Said { path: folder.to_owned(), what: What::Cleared });
    }
    if let Some(hidden) = name.strip_prefix(WHITEOUT).filter(|h| !h.is_empty()) {
        // Names with `.wh.` twice are marks of aufs, files of nobody.
        let hidden = if folder.is_empty() { hidden.to_owned() } else { format!("{folder}/{hidden}") };
        return Ok(Said { path: hidden, what: What::Gone });
    }
    let (major, minor) = header.device;
    let kind = match header.kind {
        goferry_tar::Kind::HardLink => {
            return Ok(Said { path, what: What::Link(clean(&header.link)) });
        }
        goferry_tar::Kind::File => {
            Kind::File(Content::Layer { layer: Arc::clone(blob), offset, size: header.size })
        }
        goferry_tar::Kind::Directory => Kind::Directory,
        goferry_tar::Kind::Symlink => Kind::Symlink(header.link.clone()),
        goferry_tar::Kind::CharDevice => Kind::CharDevice(major, minor),
        goferry_tar::Kind::BlockDevice => Kind::BlockDevice(major, minor),
        goferry_tar::Kind::Fifo => Kind::Fifo,
        goferry_tar::Kind::Other(letter) => {
            let why = format!("`{path}` is a member of the unknown type `{}`", letter.escape_ascii());
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
    };
    if path.is_empty() && !matches!(kind, Kind::Directory) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the root is not a folder"));
    }
    let node = Node {
        kind,
        mode: header.mode,
        uid: header.uid,
        gid: header.gid,
        mtime: header.mtime,
        xattrs: header.xattrs.clone(),
        links: None,
    };
    Ok(Said { path, what: What::Put(node) })
}
