//! Where a file's bytes are, and getting them.

use crate::{Descriptor, Digest, ImageError, Layout, layer};
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// A file's content, by reference.
#[derive(Clone, Debug)]
pub enum Content {
    /// In memory.
    Bytes(Arc<[u8]>),
    /// A file outside of the image.
    File {
        /// The file.
        path: Arc<Path>,
        /// Its bytes.
        size: u64,
        /// The digest that it must have when it is read.
        digest: Option<Digest>,
    },
    /// In a layer.
    Layer {
        /// Which.
        layer: Arc<LayerBlob>,
        /// Bytes of the plain stream before it.
        offset: u64,
        /// Its bytes.
        size: u64,
    },
}

impl Content {
    /// These bytes.
    pub fn bytes(bytes: impl Into<Vec<u8>>) -> Content {
        Content::Bytes(bytes.into().into())
    }

    /// A file that must have this digest when it is read.
    pub fn verified(path: impl Into<PathBuf>, size: u64, digest: Digest) -> Content {
        Content::File { path: path.into().into(), size, digest: Some(digest) }
    }

    /// Its bytes.
    pub fn size(&self) -> u64 {
        match self {
            Content::Bytes(bytes) => bytes.len() as u64,
            Content::File { size, .. } | Content::Layer { size, .. } => *size,
        }
    }

    /// Whether both are the same without reading: the same place of the same layer, the same file, the same bytes.
    pub fn is_same(&self, other: &Content) -> bool {
        match (self, other) {
            (Content::Bytes(a), Content::Bytes(b)) => a == b,
            (
                Content::File { path: a, size: s, digest: d },
                Content::File { path: b, size: t, digest: e },
            ) => a == b && s == t && d == e,
            (
                Content::Layer { layer: a, offset: o, size: s },
                Content::Layer { layer: b, offset: p, size: t },
            ) => a.digest == b.digest && o == p && s == t,
            _ => false,
        }
    }
}

/// A layer whose files are read.
pub struct LayerBlob {
    path: PathBuf,
    descriptor: Descriptor,
    /// The blob's digest.
    pub(super) digest: Digest,
    /// Unpacked when the first content is read, without a name: it goes with the last user.
    plain: OnceLock<Result<File, String>>,
}

impl fmt::Debug for LayerBlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LayerBlob({})", self.digest)
    }
}

impl LayerBlob {
    pub(super) fn new(layout: &Layout, descriptor: &Descriptor) -> LayerBlob {
        LayerBlob {
            path: layout.path(&descriptor.digest),
            descriptor: descriptor.clone(),
            digest: descriptor.digest.clone(),
            plain: OnceLock::new(),
        }
    }

    fn open(&self) -> Result<File, ImageError> {
        let plain = self.plain.get_or_init(|| self.unpack().map_err(|e| e.to_string()));
        let file = plain.as_ref().map_err(|why| ImageError::damaged(&self.digest, why))?;
        file.try_clone().map_err(ImageError::io("read", &self.path))
    }

    fn unpack(&self) -> Result<File, ImageError> {
        let packed = File::open(&self.path).map_err(ImageError::io("read", &self.path))?;
        if self.descriptor.media_type.ends_with(".tar") {
            return Ok(packed);
        }
        let mut plain = layer::plain(&self.descriptor, packed)?;
        let mut file = tempfile::tempfile().map_err(ImageError::io("unpack", &self.path))?;
        io::copy(&mut plain, &mut file).map_err(ImageError::io("unpack", &self.path))?;
        Ok(file)
    }
}

/// A sink that keeps the digest only.
struct Hash(Sha256);

impl Write for Hash {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads contents; keeps what is dear to open.
#[derive(Default)]
pub struct Contents {
    piece: Vec<u8>,
    layer: Option<(Digest, File)>,
}

impl Contents {
    /// The digest of a content.
    ///
    /// # Errors
    /// As [`Contents::pour`].
    pub fn digest(&mut self, content: &Content) -> Result<Digest, ImageError> {
        let mut hash = Hash(Sha256::new());
        self.pour(content, &mut hash)?;
        Ok(Digest::from_hash(&hash.0.finalize()))
    }

    /// Sends a content to `sink`: exactly its size.
    ///
    /// # Errors
    /// It cannot be read, is shorter or longer than it was, or not what was verified ([`ImageError::Changed`]).
    pub fn pour(&mut self, content: &Content, sink: &mut dyn Write) -> Result<(), ImageError> {
        match content {
            Content::Bytes(bytes) => {
                sink.write_all(bytes).map_err(ImageError::io("write", Path::new("a layer")))
            }
            Content::File { path, size, digest } => self.file(path, *size, digest.as_ref(), sink),
            Content::Layer { layer, offset, size } => {
                if self.layer.as_ref().is_none_or(|(d, _)| *d != layer.digest) {
                    self.layer = Some((layer.digest.clone(), layer.open()?));
                }
                let Some((_, file)) = &mut self.layer else { return Ok(()) };
                file.seek(SeekFrom::Start(*offset)).map_err(ImageError::io("read", &layer.path))?;
                let read = copy(&mut file.take(*size), &mut self.piece, None, sink)?;
                match read == *size {
                    true => Ok(()),
                    false => Err(ImageError::damaged(&layer.digest, "it ends in the middle of a file")),
                }
            }
        }
    }

    fn file(
        &mut self,
        path: &Path,
        size: u64,
        digest: Option<&Digest>,
        sink: &mut dyn Write,
    ) -> Result<(), ImageError> {
        let changed = || ImageError::Changed { path: path.to_owned() };
        let mut file = File::open(path).map_err(ImageError::io("read", path))?;
        let length = file.metadata().map_err(ImageError::io("read", path))?.len();
        if length != size {
            return Err(changed());
        }
        let mut hash = digest.map(|_| Sha256::new());
        let read = copy(&mut (&mut file).take(size), &mut self.piece, hash.as_mut(), sink)?;
        let real = hash.map(|h| Digest::from_hash(&h.finalize()));
        if read == size && real.as_ref() == digest { Ok(()) } else { Err(changed()) }
    }
}

fn copy(
    from: &mut dyn Read,
    piece: &mut Vec<u8>,
    mut hash: Option<&mut Sha256>,
    sink: &mut dyn Write,
) -> Result<u64, ImageError> {
    piece.resize(128 << 10, 0);
    let failed = ImageError::io("copy into", Path::new("a layer"));
    let mut total = 0;
    loop {
        match from.read(piece) {
            Ok(0) => return Ok(total),
            Ok(n) => {
                total += n as u64;
                if let Some(hash) = &mut hash {
                    hash.update(&piece[..n]);
                }
                sink.write_all(&piece[..n]).map_err(&failed)?;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(failed(e)),
        }
    }
}
