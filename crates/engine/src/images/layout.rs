//! Reading an OCI image layout (image-spec, image-layout.md) as a source of contents.

use goferry_registry::{Blob, BlobSource, Descriptor, Digest};
use goferry_report::{Code, Diagnostic, Diagnostics};
use serde::Deserialize;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The annotation that names an image in index.json: a tag, or a whole reference.
const NAME: &str = "org.opencontainers.image.ref.name";
/// What containerd and Docker write beside it: always the whole reference.
const FULL_NAME: &str = "io.containerd.image.name";
/// An index.json has some kilobytes.
const LIMIT: u64 = 16 << 20;

/// A layout on disk.
pub(crate) struct Layout {
    /// Its folder.
    pub(crate) root: PathBuf,
    /// What index.json lists, each digest once.
    pub(crate) images: Vec<Image>,
}

/// One image or index of it.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    /// The descriptor, without what only index.json says of it.
    pub(crate) descriptor: Descriptor,
    /// Its names there.
    pub(crate) names: Vec<String>,
}

#[derive(Deserialize)]
struct Index {
    manifests: Vec<Descriptor>,
}

impl Layout {
    /// Whether a folder is one.
    pub(crate) fn is_one(folder: &Path) -> bool {
        folder.join("oci-layout").is_file()
    }

    /// # Errors
    /// There is none, or it is not one.
    pub(crate) fn open(root: &Path) -> Result<Layout, Diagnostics> {
        let bad = |reason: String| -> Diagnostics {
            let message = format!("{} is no OCI image layout: {reason}", root.display());
            Diagnostic::error(Code::ImageUnusable, message).into()
        };
        if !Layout::is_one(root) {
            return Err(bad("it has no file oci-layout".to_owned()));
        }
        let text =
            goferry_supply::read_bounded(&root.join("index.json"), LIMIT).map_err(|e| bad(e.to_string()))?;
        let index: Index = serde_json::from_slice(&text).map_err(|e| bad(format!("index.json: {e}")))?;
        Ok(Layout { root: root.to_owned(), images: grouped(index.manifests) })
    }

    /// Itself as a source.
    pub(crate) fn source(&self) -> Arc<dyn BlobSource> {
        Arc::new(Blobs(self.root.join("blobs")))
    }
}

/// Several entries may be one image under several names.
fn grouped(entries: Vec<Descriptor>) -> Vec<Image> {
    let mut images: Vec<Image> = vec![];
    for mut entry in entries {
        let said = entry.annotations.take().unwrap_or_default();
        let name = said.get(FULL_NAME).or_else(|| said.get(NAME)).cloned();
        let at = images.iter().position(|i| i.descriptor.digest == entry.digest);
        let at = at.unwrap_or_else(|| {
            images.push(Image { descriptor: Descriptor { platform: None, ..entry }, names: vec![] });
            images.len() - 1
        });
        if let (Some(image), Some(name)) = (images.get_mut(at), name)
            && !image.names.contains(&name)
        {
            image.names.push(name);
        }
    }
    images
}

/// A content that cannot be read.
pub(crate) fn drawn_reading(digest: &Digest, source: io::Error) -> Diagnostics {
    super::registries::drawn(&goferry_registry::RegistryError::Source { digest: digest.clone(), source })
}

struct Blobs(PathBuf);

impl Blobs {
    fn path(&self, digest: &Digest) -> PathBuf {
        self.0.join(digest.algorithm()).join(digest.hex())
    }
}

impl BlobSource for Blobs {
    fn size(&self, digest: &Digest) -> io::Result<u64> {
        self.path(digest).metadata().map(|m| m.len())
    }

    fn open(&self, digest: &Digest) -> io::Result<Box<dyn Blob>> {
        Ok(Box::new(File::open(self.path(digest))?))
    }
}
