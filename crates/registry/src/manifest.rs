//! Manifests as far as moving them needs: what hangs on what. Their bytes are never written anew.

use crate::{Digest, Platform, RegistryError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A manifest has some kilobytes; registries take up to 4 MiB (distribution-spec, section "Pushing manifests").
pub(crate) const LIMIT: u64 = 4 << 20;

/// The content of the empty descriptor (image-spec, manifest.md).
pub const EMPTY_JSON: &[u8] = b"{}";

/// Media types.
pub mod media {
    /// A manifest.
    pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
    /// An index.
    pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
    /// Docker's manifest.
    pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
    /// Docker's index.
    pub const DOCKER_INDEX: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
    /// The empty JSON object, a configuration that says nothing.
    pub const EMPTY: &str = "application/vnd.oci.empty.v1+json";
}

/// What names a content (image-spec, descriptor.md).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What it is.
    pub media_type: String,
    /// Its digest.
    pub digest: Digest,
    /// In bytes.
    pub size: u64,
    /// Of a manifest in an index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// Of a manifest in a list of referrers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// Notes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotations: Option<BTreeMap<String, String>>,
    /// Where else it lies; a layer that lies elsewhere is not pushed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
}

impl Descriptor {
    /// Of bytes at hand.
    pub fn of(media_type: &str, bytes: &[u8]) -> Descriptor {
        Descriptor {
            media_type: media_type.to_owned(),
            digest: Digest::of(bytes),
            size: bytes.len() as u64,
            platform: None,
            artifact_type: None,
            annotations: None,
            urls: vec![],
        }
    }

    /// A layer that a registry need not have (image-spec, layer.md, "Non-Distributable Layers").
    pub(crate) fn lies_elsewhere(&self) -> bool {
        !self.urls.is_empty()
            && (self.media_type.contains("foreign") || self.media_type.contains("nondistributable"))
    }
}

/// What a manifest or an index says of others.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// Its media type.
    pub media_type: String,
    /// The configuration of an image.
    pub config: Option<Descriptor>,
    /// The layers of an image.
    pub layers: Vec<Descriptor>,
    /// The manifests of an index.
    pub manifests: Vec<Descriptor>,
    /// What it refers to.
    pub subject: Option<Descriptor>,
    /// What kind of artifact it is.
    pub artifact_type: Option<String>,
    /// Notes.
    pub annotations: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    schema_version: u32,
    media_type: Option<String>,
    artifact_type: Option<String>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
    manifests: Option<Vec<Descriptor>>,
    subject: Option<Descriptor>,
    annotations: Option<BTreeMap<String, String>>,
}

impl Manifest {
    /// Reads a manifest. `named` is the media type that whoever gave it said; the one inside must agree.
    ///
    /// # Errors
    /// It is none of version 2, is both manifest and index, or says another type inside.
    pub fn parse(bytes: &[u8], named: Option<&str>) -> Result<Manifest, String> {
        let raw: Raw = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
        if raw.schema_version != 2 {
            return Err(format!("its version is {}, not 2", raw.schema_version));
        }
        let is_index = raw.manifests.is_some();
        if is_index && (raw.layers.is_some() || raw.config.is_some()) {
            return Err("it is a manifest and an index at once".to_owned());
        }
        if !is_index && raw.layers.is_none() {
            return Err("it has neither layers nor manifests".to_owned());
        }
        let fits = |m: &&str| is_manifest_type(m);
        let named = named.map(|n| n.split(';').next().unwrap_or_default().trim()).filter(fits);
        let inside = raw.media_type.as_deref();
        if let (Some(named), Some(inside)) = (named, inside)
            && named != inside
        {
            return Err(format!("it is called {named}, and says that it is {inside}"));
        }
        let assumed = if is_index { media::INDEX } else { media::MANIFEST };
        Ok(Manifest {
            media_type: inside.or(named).unwrap_or(assumed).to_owned(),
            config: raw.config,
            layers: raw.layers.unwrap_or_default(),
            manifests: raw.manifests.unwrap_or_default(),
            subject: raw.subject,
            artifact_type: raw.artifact_type,
            annotations: raw.annotations.unwrap_or_default(),
        })
    }

    /// Whether it is an index.
    pub fn is_index(&self) -> bool {
        matches!(self.media_type.as_str(), media::INDEX | media::DOCKER_INDEX)
    }

    /// The blobs that it needs, each once.
    pub fn blobs(&self) -> impl Iterator<Item = &Descriptor> {
        self.config.iter().chain(&self.layers).filter(|d| !d.lies_elsewhere())
    }

    /// The manifest that serves a platform best.
    ///
    /// # Errors
    /// None does; with what there is.
    pub fn choose(&self, reference: &str, wanted: &Platform) -> Result<&Descriptor, RegistryError> {
        let with = |d: &'_ Descriptor| d.platform.as_ref().and_then(|p| p.distance(wanted));
        let found = self.manifests.iter().filter_map(|d| Some((with(d)?, d))).min_by_key(|(n, _)| *n);
        found.map(|(_, d)| d).ok_or_else(|| RegistryError::Platform {
            reference: reference.to_owned(),
            wanted: wanted.to_string(),
            there: self.manifests.iter().filter_map(|d| Some(d.platform.as_ref()?.to_string())).collect(),
        })
    }
}

/// Whether it is a type that a manifest may have.
pub(crate) fn is_manifest_type(media_type: &str) -> bool {
    matches!(media_type, media::MANIFEST | media::INDEX | media::DOCKER_MANIFEST | media::DOCKER_INDEX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const D: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

    fn image() -> String {
        let blob = |t: &str| format!(r#"{{"mediaType":"{t}","digest":"{D}","size":2}}"#);
        format!(
            r#"{{"schemaVersion":2,"mediaType":"{}","config":{},"layers":[{}]}}"#,
            media::MANIFEST,
            blob("c"),
            blob("l")
        )
    }

    #[test]
    fn a_manifest_is_what_its_fields_say() {
        let m = Manifest::parse(image().as_bytes(), Some(media::MANIFEST)).unwrap();
        assert!(!m.is_index() && m.blobs().count() == 2);
        let m = Manifest::parse(image().as_bytes(), Some("application/json; charset=utf-8")).unwrap();
        assert_eq!(m.media_type, media::MANIFEST);
        for (text, named, says) in [
            (image(), media::DOCKER_MANIFEST, "it is called"),
            (image().replace(":2,", ":1,"), media::MANIFEST, "not 2"),
            (image().replace("\"layers\"", "\"manifests\""), media::MANIFEST, "at once"),
            (image().replace("\"layers\"", "\"x\""), media::MANIFEST, "neither"),
            (image().replace("sha256", "sha1"), media::MANIFEST, "no digest"),
            ("{".to_owned(), media::MANIFEST, "EOF"),
        ] {
            let error = Manifest::parse(text.as_bytes(), Some(named)).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn the_best_platform_is_chosen_and_attestations_never() {
        let entry = |p: &str, n: u32| {
            let p: Platform = p.parse().unwrap();
            let p = serde_json::to_string(&p).unwrap();
            format!(r#"{{"mediaType":"{}","digest":"{D}","size":{n},"platform":{p}}}"#, media::MANIFEST)
        };
        let all = [entry("unknown/unknown", 1), entry("linux/arm/v6", 2), entry("linux/arm/v7", 3)].join(",");
        let text = format!(r#"{{"schemaVersion":2,"manifests":[{all}]}}"#);
        let index = Manifest::parse(text.as_bytes(), None).unwrap();
        let choose = |p: &str| index.choose("r", &p.parse().unwrap());
        assert_eq!(choose("linux/arm/v7").unwrap().size, 3);
        assert_eq!(choose("linux/arm/v6").unwrap().size, 2);
        let error = choose("linux/arm64").unwrap_err().to_string();
        assert!(error.contains("linux/arm64") && error.contains("linux/arm/v6"), "{error}");
    }
}
