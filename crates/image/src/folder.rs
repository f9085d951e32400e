//! Reading what `podman push IMAGE dir:FOLDER` and buildah's write: `manifest.json`, and blobs by the hex of their digests
//! (containers-transports(5), `dir:path`).

use crate::{Descriptor, ImageError, Layout, Manifest, media_type};
use std::fs::File;
use std::path::Path;

/// A manifest has some kilobytes.
const MAX_MANIFEST: u64 = 4 << 20;

/// Copies the one image of such a folder into a layout, and gives its manifest there.
///
/// # Errors
/// Something is missing, or is not what its digest says; the layout cannot be written.
pub fn read_folder(folder: &Path, layout: &Layout) -> Result<Descriptor, ImageError> {
    let path = folder.join("manifest.json");
    let failed = ImageError::io("read", &path);
    let what = "manifest.json";
    if path.metadata().map_err(&failed)?.len() > MAX_MANIFEST {
        return Err(ImageError::damaged(what, "it has more than 4 MiB"));
    }
    let bytes = std::fs::read(&path).map_err(&failed)?;
    let manifest: Manifest =
        serde_json::from_slice(&bytes).map_err(|e| ImageError::damaged(what, e.to_string()))?;
    for blob in manifest.layers.iter().chain([&manifest.config]) {
        let file = folder.join(blob.digest.hex());
        let mut from = File::open(&file).map_err(ImageError::io("read", &file))?;
        layout.put_from(blob, &mut from)?;
    }
    let media = match manifest.media_type.as_str() {
        "" => media_type::MANIFEST,
        said => said,
    };
    layout.put(media, &bytes)
}
