//! An image from a base and layers, and an index of the images of several platforms.

use crate::dockerfile::Built;
use crate::model::{History, RunConfig, media_type};
use crate::{Descriptor, ImageConfig, ImageError, Index, Layer, Layout, Manifest, Platform, Tree};
use goferry_plan::graph::{ImageSpec, RunSpec, Scope};
use std::collections::BTreeMap;

/// What images are built on.
#[derive(Clone, Debug)]
pub struct Base {
    /// Where it is.
    pub layout: Layout,
    /// The image, or an index of several.
    pub top: Descriptor,
    /// Its name, for `org.opencontainers.image.base.name`; empty if it has none.
    pub name: String,
}

/// A layer that is added, and what it is.
#[derive(Clone, Debug)]
pub struct Addition {
    /// The layer.
    pub layer: Layer,
    /// What is in it, for the history.
    pub comment: String,
}

/// One platform of an image.
pub struct Part {
    /// Which.
    pub platform: Platform,
    /// Its layers, lowest first.
    pub layers: Vec<Addition>,
    /// The program and its first arguments.
    pub entrypoint: Vec<String>,
}

/// RFC 3339, in seconds.
pub fn rfc3339(unix: i64) -> String {
    jiff::Timestamp::from_second(unix).unwrap_or_default().to_string()
}

/// Puts a platform's image into the layout: the base's layers and configuration, then its own.
///
/// # Errors
/// The base has no image for the platform, or is damaged; the layout cannot be written.
pub fn assemble(
    layout: &Layout,
    spec: &ImageSpec,
    run: &RunSpec,
    base: Option<&Base>,
    part: &Part,
) -> Result<(Platform, Descriptor), ImageError> {
    let (mut config, mut layers, from) = match base {
        Some(base) => {
            let (config, layers, from) = taken(layout, base, &part.platform)?;
            (config, layers, Some(from))
        }
        None => (ImageConfig::default(), vec![], None),
    };
    // What the base calls itself, e.g. `linux/arm64/v8`, is kept: readers compare it.
    if config.os.is_empty() || !config.platform().serves(&part.platform) {
        config.set_platform(&part.platform);
    }
    let created = rfc3339(spec.created);
    config.created = Some(created.clone());
    "goferry".clone_into(&mut config.author);
    configure(&mut config.config, run, &part.entrypoint);
    config.config.labels.extend(spec.labels.clone());
    for addition in &part.layers {
        layers.push(addition.layer.descriptor.clone());
        config.rootfs.diff_ids.push(addition.layer.diff_id.clone());
        config.history.push(History {
            created: Some(created.clone()),
            created_by: format!("goferry image {}", spec.id),
            comment: addition.comment.clone(),
            ..History::default()
        });
    }
    let mut manifest = Manifest::new(layout.put_json(media_type::CONFIG, &config)?, layers);
    manifest.annotations = annotations(spec, Some(&part.platform));
    if let (Some(base), Some(from)) = (base, &from) {
        manifest.annotations.extend(of_base(base, from));
    }
    let platform = match config.platform() {
        p if p.os.is_empty() => part.platform.clone(),
        p => p,
    };
    Ok((platform, layout.put_json(media_type::MANIFEST, &manifest)?))
}

/// Puts an image that a Dockerfile made into the layout.
///
/// # Errors
/// The layout cannot be written.
pub fn seal(layout: &Layout, spec: &ImageSpec, built: &Built) -> Result<(Platform, Descriptor), ImageError> {
    let config = layout.put_json(media_type::CONFIG, &built.config)?;
    let mut manifest = Manifest::new(config, built.layers.clone());
    let platform = built.config.platform();
    manifest.annotations = annotations(spec, Some(&platform));
    Ok((platform, layout.put_json(media_type::MANIFEST, &manifest)?))
}

/// Takes an image that another program made of a Dockerfile, with its layers. `created` is its time here.
///
/// # Errors
/// It is for another platform, or damaged; the layout cannot be written.
pub fn adopt(layout: &Layout, from: &Base, platform: &Platform, created: i64) -> Result<Built, ImageError> {
    let (mut config, layers, image) = taken(layout, from, platform)?;
    config.created = Some(rfc3339(created));
    let manifest = from.layout.read_manifest(&image)?;
    // The tree is read with it; what nothing leads to is removed when the layout is published.
    layout.copy(&from.layout, &manifest.config)?;
    let tree = Tree::of_image(layout, &manifest)?;
    Ok(Built { config, layers, tree, base: None })
}

/// The base's configuration, its layers copied, and its manifest.
type Taken = (ImageConfig, Vec<Descriptor>, Descriptor);

pub(crate) fn taken(layout: &Layout, base: &Base, platform: &Platform) -> Result<Taken, ImageError> {
    let from = base.layout.image_for(&base.top, platform).map_err(|e| match e {
        ImageError::NoPlatform { platform, has, .. } => {
            ImageError::NoPlatform { what: format!("the base image {}", base.name), platform, has }
        }
        e => e,
    })?;
    let manifest = base.layout.read_manifest(&from)?;
    let config = base.layout.read_config(&manifest)?;
    let mut layers = vec![];
    for layer in &manifest.layers {
        // A layer that may not be passed on stays where it is.
        if layer.urls.is_empty() || base.layout.has(&layer.digest) {
            layout.copy(&base.layout, layer)?;
        }
        layers.push(as_oci(layer));
    }
    Ok((config, layers, from))
}

/// The same layer by OCI's media type: registries refuse manifests that mix OCI's and Docker's.
fn as_oci(layer: &Descriptor) -> Descriptor {
    let media = match layer.media_type.as_str() {
        media_type::DOCKER_LAYER => media_type::LAYER,
        media_type::DOCKER_LAYER_GZIP => media_type::LAYER_GZIP,
        "application/vnd.docker.image.rootfs.diff.tar.zstd" => media_type::LAYER_ZSTD,
        other => other,
    };
    Descriptor { media_type: media.to_owned(), ..layer.clone() }
}

fn of_base(base: &Base, from: &Descriptor) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    if !base.name.is_empty() {
        out.insert("org.opencontainers.image.base.name".to_owned(), base.name.clone());
    }
    out.insert("org.opencontainers.image.base.digest".to_owned(), from.digest.to_string());
    out
}

fn configure(config: &mut RunConfig, run: &RunSpec, entrypoint: &[String]) {
    config.entrypoint = Some(entrypoint.to_vec()).filter(|e| !e.is_empty());
    // The base's arguments are another program's.
    config.cmd = Some(run.cmd.clone()).filter(|c| !c.is_empty());
    let said = |from: &str, to: &mut String| {
        if !from.is_empty() {
            from.clone_into(to);
        }
    };
    said(&run.user, &mut config.user);
    said(&run.workdir, &mut config.working_dir);
    said(&run.stop_signal, &mut config.stop_signal);
    config.exposed_ports.extend(run.ports.iter().map(|p| (p.clone(), Default::default())));
    config.volumes.extend(run.volumes.iter().map(|v| (v.clone(), Default::default())));
    if let Some(folder) = &run.path {
        add_path(&mut config.env, folder);
    }
    for item in &run.env {
        let key = item.split('=').next().unwrap_or_default();
        config.env.retain(|e| e.split('=').next() != Some(key));
        config.env.push(item.clone());
    }
}

/// At the end of PATH, as ko does it, unless it is there.
fn add_path(env: &mut Vec<String>, folder: &str) {
    match env.iter_mut().find(|e| e.starts_with("PATH=")) {
        Some(path) => {
            if !path["PATH=".len()..].split(':').any(|p| p == folder) {
                path.push(':');
                path.push_str(folder);
            }
        }
        None => env.push(format!("PATH={folder}")),
    }
}

/// What is written at an index (none) or a platform's manifest.
fn annotations(spec: &ImageSpec, platform: Option<&Platform>) -> BTreeMap<String, String> {
    let here = |scope: &Scope| match (scope, platform) {
        (Scope::Everywhere, _) | (Scope::Index, None) | (Scope::Manifest(None), Some(_)) => true,
        (Scope::Manifest(Some(wanted)), Some(platform)) => {
            wanted.parse().is_ok_and(|w: Platform| platform.serves(&w))
        }
        _ => false,
    };
    let wanted = spec.annotations.iter().filter(|(s, _, _)| here(s));
    wanted.map(|(_, k, v)| (k.clone(), v.clone())).collect()
}

/// Makes the layout hold these images under the image's names: one alone as it is, several by an index. Blobs that
/// belong to none of them are removed.
///
/// With a base that is an index the order is its own, as ko has it; else the order given.
///
/// # Errors
/// The layout cannot be written.
pub fn publish(
    layout: &Layout,
    spec: &ImageSpec,
    base: Option<&Base>,
    images: &[(Platform, Descriptor)],
) -> Result<Descriptor, ImageError> {
    let mut described: Vec<Descriptor> = images
        .iter()
        .map(|(platform, d)| Descriptor { platform: Some(platform.clone()), ..d.clone() })
        .collect();
    if let Some(base) = base {
        let order = base.layout.images(&base.top)?;
        let place = |d: &Descriptor| {
            order.iter().position(|(p, _)| d.platform.as_ref().is_some_and(|own| p.serves(own)))
        };
        described.sort_by_key(|d| place(d).unwrap_or(usize::MAX));
    }
    let top = match described.as_slice() {
        [one] => one.clone(),
        _ => {
            let mut index = Index::new(described);
            index.annotations = annotations(spec, None);
            if let Some(base) = base {
                index.annotations.extend(of_base(base, &base.top));
            }
            layout.put_json(media_type::INDEX, &index)?
        }
    };
    layout.publish(&top, &spec.names)?;
    layout.prune()?;
    Ok(top)
}
