//! Where the base of an image comes from: a layout, an archive, or a registry by way of the cache.

use super::build::drawn;
use super::registries::{Registries, drawn as refused};
use crate::steps::Execution;
use goferry_cache::FileHasher;
use goferry_image::{Base, Descriptor, Digest, ImageError, Layout, Platform, archive, media_type};
use goferry_plan::graph::{BaseSpec, ImageContent, ImageSpec};
use goferry_registry::{BlobSink, Client, Reference, Repository, Sink};
use goferry_report::{Code, Diagnostic, Diagnostics};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

/// Finds it, with what these platforms need of it.
pub(super) fn find(
    cx: &Execution<'_>,
    spec: &ImageSpec,
    base: &BaseSpec,
    platforms: &[Platform],
) -> Result<Option<Base>, Diagnostics> {
    match base {
        BaseSpec::Scratch => Ok(None),
        BaseSpec::Layout { path, name } => {
            let at = cx.project.root.join(path);
            local(cx, &at, name.as_deref()).map(Some).map_err(|d| d.within(spec))
        }
        BaseSpec::Registry { reference } => {
            let found = remote(cx, reference, platforms);
            found.map(Some).map_err(|d| with_hints(spec, reference, d))
        }
    }
}

trait Within {
    fn within(self, spec: &ImageSpec) -> Diagnostics;
}

impl Within for Diagnostics {
    fn within(mut self, spec: &ImageSpec) -> Diagnostics {
        for d in &mut self.list {
            d.message = format!("image `{}`: {}", spec.id, d.message);
        }
        self
    }
}

fn local(cx: &Execution<'_>, at: &Path, name: Option<&str>) -> Result<Base, Diagnostics> {
    let layout = open(at, &cx.temp)?;
    let refs = layout.refs().map_err(|e| drawn(&e))?;
    let fits = |n: &Option<String>| match (name, n) {
        (None, _) => true,
        (Some(wanted), Some(n)) => n == wanted || n.ends_with(&format!(":{wanted}")),
        _ => false,
    };
    let mut found: Vec<&(Option<String>, Descriptor)> = refs.iter().filter(|(n, _)| fits(n)).collect();
    found.dedup_by(|a, b| a.1.digest == b.1.digest);
    match found.as_slice() {
        [(n, d)] => Ok(Base { top: d.clone(), name: n.clone().unwrap_or_default(), layout }),
        _ => {
            let names: Vec<&str> = refs.iter().filter_map(|(n, _)| n.as_deref()).collect();
            let message = format!("{} holds {} images that are meant by the base", at.display(), found.len());
            let d = Diagnostic::error(Code::ImageUnusable, message);
            Err(d.hint(format!("name one, as oci:FOLDER:NAME; it has: {}", names.join(", "))).into())
        }
    }
}

/// A folder with a layout, or an archive, which is unpacked below `temp`.
pub(crate) fn open(at: &Path, temp: &Path) -> Result<Layout, Diagnostics> {
    if !at.is_file() {
        return Layout::open(at).map_err(|e| drawn(&e).into());
    }
    let name = Digest::of(at.to_string_lossy().as_bytes());
    let folder = temp.join(format!("unpacked-{}", &name.hex()[..12]));
    let layout = Layout::create(&folder).map_err(|e| drawn(&e))?;
    archive::unpack(at, &layout).map_err(|e| drawn(&e))?;
    Ok(layout)
}

/// What a registry says, with what else may be a base.
fn with_hints(spec: &ImageSpec, reference: &str, d: Diagnostics) -> Diagnostics {
    let mut d = d.within(spec);
    if let Some(first) = d.list.first_mut() {
        let other = match (&spec.content, spec.section.as_str()) {
            (ImageContent::Dockerfile(of), _) => format!(
                "without that registry: in {}, `FROM oci:FOLDER` takes a layout that is here (skopeo copy docker://NAME oci:FOLDER), and a flag --build-context={reference}=oci-layout://FOLDER leaves it as it is",
                of.path
            ),
            (ImageContent::Binaries(_), section) => {
                let key = if section == "kos" { "base_image" } else { "base" };
                format!(
                    "without that registry: `{key}: oci:FOLDER` takes a layout that is here (skopeo copy docker://NAME oci:FOLDER), `{key}: scratch` needs none"
                )
            }
        };
        *first = first
            .clone()
            .hint(format!("the base image {reference} is needed: it is fetched once and kept by its digest"))
            .hint(other);
    }
    d
}

fn remote(cx: &Execution<'_>, reference: &str, platforms: &[Platform]) -> Result<Base, Diagnostics> {
    let wanted: Reference = reference.parse().map_err(|e| refused(&e))?;
    let layout = store(cx)?;
    let registries = Registries::new(cx.session);
    let client = registries.client(&[])?;
    let repository = wanted.repository();
    let top = match wanted.digest().and_then(|d| kept(&layout, d.as_str())) {
        Some(top) => top,
        None => {
            let fetched = client.manifest(&wanted).map_err(|e| refused(&e))?;
            let media = fetched.descriptor.media_type.clone();
            layout.put(&media, &fetched.bytes).map_err(|e| drawn(&e))?
        }
    };
    let sink: Arc<dyn BlobSink> = Arc::new(Blobs(layout.clone()));
    listed(&layout, &client, repository, &top, 0)?;
    for platform in platforms {
        let image = match media_type::is_index(&top.media_type) {
            true => layout.image_for(&top, platform).map_err(|e| named(reference, e))?,
            false => top.clone(),
        };
        if !whole(cx, &layout, &image) {
            client.pull(&repository.at(&theirs(&image.digest)?), None, &sink).map_err(|e| refused(&e))?;
        }
    }
    Ok(Base { layout, top, name: wanted.repository_name() })
}

trait Named {
    fn repository_name(&self) -> String;
}

impl Named for Reference {
    /// With its tag and without its digest: where to look for a later one.
    fn repository_name(&self) -> String {
        match self.tag() {
            Some(tag) => format!("{}:{tag}", self.repository()),
            None => self.repository().to_string(),
        }
    }
}

/// The digest that a registry has for a reference.
pub(super) fn digest(cx: &Execution<'_>, spec: &ImageSpec, reference: &str) -> Result<String, Diagnostics> {
    let ask = || {
        let wanted: Reference = reference.parse().map_err(|e| refused(&e))?;
        let registries = Registries::new(cx.session);
        let found = registries.client(&[])?.manifest(&wanted).map_err(|e| refused(&e))?;
        Ok(found.descriptor.digest.to_string())
    };
    ask().map_err(|d: Diagnostics| d.within(spec))
}

/// Images are known by what they were asked for by, not by the folder of the cache.
fn named(reference: &str, e: ImageError) -> Diagnostic {
    match e {
        ImageError::NoPlatform { platform, has, .. } => {
            drawn(&ImageError::NoPlatform { what: reference.to_owned(), platform, has })
        }
        e => drawn(&e),
    }
}

/// Fetches what an index does not say itself: nested indexes, and for what the images without a `platform` are.
fn listed(
    layout: &Layout,
    client: &Client<'_>,
    repository: &Repository,
    top: &Descriptor,
    depth: u8,
) -> Result<(), Diagnostics> {
    if depth > 4 || !media_type::is_index(&top.media_type) {
        return Ok(());
    }
    let index = layout.read_index(top).map_err(|e| drawn(&e))?;
    for one in &index.manifests {
        let is_index = media_type::is_index(&one.media_type);
        if !is_index && (one.platform.is_some() || !media_type::is_manifest(&one.media_type)) {
            continue;
        }
        if layout.read(one).is_err() {
            let fetched = client.manifest(&repository.at(&theirs(&one.digest)?)).map_err(|e| refused(&e))?;
            layout.put(&one.media_type, &fetched.bytes).map_err(|e| drawn(&e))?;
        }
        if is_index {
            listed(layout, client, repository, one, depth + 1)?;
            continue;
        }
        let config = layout.read_manifest(one).map_err(|e| drawn(&e))?.config;
        let is_image = matches!(config.media_type.as_str(), media_type::CONFIG | media_type::DOCKER_CONFIG);
        if is_image && layout.read(&config).is_err() {
            let described = goferry_registry::Descriptor::of(&config.media_type, &[]);
            let blob = goferry_registry::Descriptor {
                digest: theirs(&config.digest)?,
                size: config.size,
                ..described
            };
            let bytes = client.small_blob(repository, &blob).map_err(|e| refused(&e))?;
            layout.put(&config.media_type, &bytes).map_err(|e| drawn(&e))?;
        }
    }
    Ok(())
}

fn theirs(digest: &Digest) -> Result<goferry_registry::Digest, Diagnostic> {
    digest.as_str().parse().map_err(|e: goferry_registry::BadDigest| unusable(e.to_string()))
}

fn unusable(message: String) -> Diagnostic {
    Diagnostic::error(Code::ImageUnusable, message)
}

/// A manifest that was fetched before, by its digest: it cannot have changed.
fn kept(layout: &Layout, digest: &str) -> Option<Descriptor> {
    let digest: Digest = digest.parse().ok()?;
    let size = layout.path(&digest).metadata().ok()?.len();
    let bytes = layout.read(&Descriptor::new("", digest.clone(), size)).ok()?;
    let value: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
    let media = match value["mediaType"].as_str() {
        Some(media) => media.to_owned(),
        None if value["manifests"].is_array() => media_type::INDEX.to_owned(),
        None => media_type::MANIFEST.to_owned(),
    };
    Some(Descriptor::new(&media, digest, size))
}

/// Whether all of an image is here, and is what it is called. What was read in an earlier run and has not changed since is not
/// read again.
fn whole(cx: &Execution<'_>, layout: &Layout, image: &Descriptor) -> bool {
    let Ok(manifest) = layout.read_manifest(image) else { return false };
    let store = cx.session.cache.as_ref();
    let known = store.map(|s| FileHasher::open(s.folder(), layout.root(), 1));
    let is_whole = |d: &Descriptor| match &known {
        Some(known) => {
            layout.open_blob(d).is_ok()
                && known.file(&layout.path(&d.digest)).is_ok_and(|found| found.to_hex() == d.digest.hex())
        }
        None => layout.verify_blob(d).is_ok(),
    };
    let mut needed = manifest.layers.iter().chain([&manifest.config]);
    let all = needed.all(|d| is_whole(d) || (!d.urls.is_empty() && !layout.has(&d.digest)));
    if let Some(known) = known {
        // Not written: the next run reads again, nothing worse.
        let _ = known.save();
    }
    all
}

/// What was fetched, by digest: beside the fetched compilers, else for this run only.
fn store(cx: &Execution<'_>) -> Result<Layout, Diagnostics> {
    let folder = match cx.session.tools.as_ref().and_then(|t| t.parent()) {
        Some(cache) => cache.join("images"),
        None => cx.temp.join("images"),
    };
    Layout::shared(&folder).map_err(|e| drawn(&e).into())
}

struct Blobs(Layout);

struct OneBlob(goferry_image::BlobWriter, Digest);

impl Blobs {
    fn digest(digest: &goferry_registry::Digest) -> io::Result<Digest> {
        digest.as_str().parse().map_err(io::Error::other)
    }
}

impl BlobSink for Blobs {
    fn has(&self, digest: &goferry_registry::Digest) -> bool {
        let Ok(digest) = Blobs::digest(digest) else { return false };
        let size = self.0.path(&digest).metadata().map_or(0, |m| m.len());
        // Only what is damaged or missing is asked for: a blob of this name need not be one.
        self.0.verify_blob(&Descriptor::new("", digest, size)).is_ok()
    }

    fn create(&self, digest: &goferry_registry::Digest, _size: u64) -> io::Result<Box<dyn Sink>> {
        let digest = Blobs::digest(digest)?;
        let writer = self.0.writer().map_err(|e| io::Error::other(e.to_string()))?;
        Ok(Box::new(OneBlob(writer, digest)))
    }
}

impl Write for OneBlob {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink for OneBlob {
    fn finish(self: Box<Self>) -> io::Result<()> {
        let OneBlob(writer, digest) = *self;
        writer
            .sync()
            .and_then(|()| writer.finish_as(&digest))
            .map(|_| ())
            .map_err(|e| io::Error::other(e.to_string()))
    }
}
