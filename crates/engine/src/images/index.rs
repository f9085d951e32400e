//! `docker_manifests`: an index of images that are known by their names.

use super::layout::drawn_reading;
use super::registries::drawn;
use goferry_registry::{
    Blob, BlobSource, Descriptor, Digest, Manifest, Memory, Platform, Reference, RegistryError, media,
};
use goferry_report::{Code, Diagnostic, Diagnostics};
use serde_json::{Value, json};
use std::io::{self, Read as _};
use std::sync::Arc;

/// A configuration has some kilobytes.
const LIMIT: u64 = 4 << 20;

/// An image that an index may hold.
#[derive(Clone)]
pub(super) struct Known {
    pub(super) names: Vec<Reference>,
    pub(super) descriptor: Descriptor,
    pub(super) source: Arc<dyn BlobSource>,
}

/// An index that was made, with everything below it.
pub(super) struct Made {
    pub(super) descriptor: Descriptor,
    pub(super) source: Arc<dyn BlobSource>,
}

/// Contents of several places.
struct Joint(Vec<Arc<dyn BlobSource>>);

impl BlobSource for Joint {
    fn size(&self, digest: &Digest) -> io::Result<u64> {
        self.first(|s| s.size(digest))
    }

    fn open(&self, digest: &Digest) -> io::Result<Box<dyn Blob>> {
        self.first(|s| s.open(digest))
    }
}

impl Joint {
    fn first<T>(&self, ask: impl Fn(&Arc<dyn BlobSource>) -> io::Result<T>) -> io::Result<T> {
        let mut last = Err(io::ErrorKind::NotFound.into());
        for source in &self.0 {
            last = ask(source);
            if last.is_ok() {
                break;
            }
        }
        last
    }
}

/// Makes the index of images that were pushed under these names. What has images for several platforms gives each of them.
///
/// # Errors
/// No image has such a name, or one cannot be read.
pub(super) fn made(name: &str, images: &[String], known: &[Known]) -> Result<Made, Diagnostics> {
    let (mut entries, mut sources): (Vec<Descriptor>, Vec<Arc<dyn BlobSource>>) = (vec![], vec![]);
    for image in images {
        let reference: Reference = image.parse().map_err(|e| drawn(&e))?;
        let Some(found) = known.iter().find(|k| k.names.contains(&reference)) else {
            let message =
                format!("`docker_manifests`: {name} is to hold {image}, which is not among the images");
            let names: Vec<String> = known.iter().flat_map(|k| &k.names).map(ToString::to_string).collect();
            let d = Diagnostic::error(Code::ImageUnusable, message);
            return Err(d.hint(format!("the images are called {}", names.join(", "))).into());
        };
        for entry in below(found)? {
            if !entries.iter().any(|e| e.digest == entry.digest) {
                entries.push(entry);
            }
        }
        sources.push(Arc::clone(&found.source));
    }
    let index =
        json!({"schemaVersion": 2, "mediaType": media::INDEX, "manifests": entries}).to_string().into_bytes();
    let descriptor = Descriptor::of(media::INDEX, &index);
    let mut memory = Memory::default();
    memory.add(index);
    sources.insert(0, Arc::new(memory));
    Ok(Made { descriptor, source: Arc::new(Joint(sources)) })
}

/// An image with its platform, or the images of an index.
fn below(known: &Known) -> Result<Vec<Descriptor>, Diagnostics> {
    let bytes = read(&known.source, &known.descriptor)?;
    let manifest = Manifest::parse(&bytes, Some(&known.descriptor.media_type)).map_err(|reason| {
        let digest = known.descriptor.digest.clone();
        drawn(&RegistryError::Content { digest, reason })
    })?;
    if manifest.is_index() {
        return Ok(manifest.manifests);
    }
    let platform = match &manifest.config {
        Some(config) => serde_json::from_slice::<Value>(&read(&known.source, config)?).ok(),
        None => None,
    };
    let platform = platform.and_then(|p| serde_json::from_value::<Platform>(p).ok());
    Ok(vec![Descriptor { platform, ..known.descriptor.clone() }])
}

fn read(source: &Arc<dyn BlobSource>, descriptor: &Descriptor) -> Result<Vec<u8>, Diagnostics> {
    let mut bytes = vec![];
    let read = source.open(&descriptor.digest).and_then(|b| b.take(LIMIT).read_to_end(&mut bytes));
    read.map_err(|e| drawn_reading(&descriptor.digest, e))?;
    Ok(bytes)
}
