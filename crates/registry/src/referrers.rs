//! What refers to an image: signatures, bills of materials, provenance (distribution-spec, sections "Listing Referrers"
//! and "Pushing Manifests with Subject", with the tag for registries without the list).

use crate::answer::next;
use crate::client::{Client, On};
use crate::manifest::{EMPTY_JSON, LIMIT, media};
use crate::push::Item;
use crate::upload::Upload;
use crate::{BlobSource, Descriptor, Digest, Manifest, Memory, Reference, RegistryError, Repository};
use goferry_net::{Request, join};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How often the index under a tag is written anew when somebody else changes it meanwhile.
const RACES: usize = 5;
/// Pages of a list.
const PAGES: usize = 1000;

/// Something that is to be attached to an image.
#[derive(Clone, Debug)]
pub struct Referrer {
    /// What it is.
    pub artifact_type: String,
    /// Contents with their media types, and what is noted at each.
    pub layers: Vec<(String, Vec<u8>, BTreeMap<String, String>)>,
    /// What is noted of it as a whole; it is in lists too.
    pub annotations: BTreeMap<String, String>,
}

/// How an attached thing can be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// In the registry's own list.
    Listed,
    /// In the index under the tag `sha256-…`.
    Tagged,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Artifact<'a> {
    schema_version: u32,
    media_type: &'a str,
    artifact_type: &'a str,
    config: Descriptor,
    layers: Vec<Descriptor>,
    subject: Descriptor,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: &'a BTreeMap<String, String>,
}

impl Client<'_> {
    /// What refers to a digest, all or of one type.
    ///
    /// # Errors
    /// The registry does not answer, or refuses.
    pub fn referrers(
        &self,
        repository: &Repository,
        subject: &Digest,
        artifact_type: Option<&str>,
    ) -> Result<Vec<Descriptor>, RegistryError> {
        let on = On::pull(repository, format!("what refers to {repository}@{subject}"));
        let all = match self.listed(&on, subject)? {
            Some(all) => all,
            None => self.under_tag(&on, subject)?.unwrap_or_default(),
        };
        let read = all.into_iter().map(serde_json::from_value::<Descriptor>).collect::<Result<Vec<_>, _>>();
        let all = read.map_err(|e| unreadable(&on, e.to_string()))?;
        let fits = |d: &Descriptor| artifact_type.is_none_or(|t| d.artifact_type.as_deref() == Some(t));
        Ok(all.into_iter().filter(fits).collect())
    }

    /// Attaches something to an image that is in the repository, or will be. The same thing gives the same digest.
    ///
    /// # Errors
    /// The registry does not answer, or refuses.
    pub fn attach(
        &self,
        repository: &Repository,
        subject: &Descriptor,
        it: &Referrer,
    ) -> Result<(Descriptor, Stored), RegistryError> {
        let mut memory = Memory::default();
        memory.add(EMPTY_JSON.to_vec());
        let config = Descriptor::of(media::EMPTY, EMPTY_JSON);
        let mut layers = vec![];
        for (media_type, bytes, annotations) in &it.layers {
            let mut layer = Descriptor::of(media_type, bytes);
            layer.annotations = Some(annotations.clone()).filter(|a| !a.is_empty());
            memory.add(bytes.clone());
            layers.push(layer);
        }
        let item = artifact(subject, it, config, layers)?;
        let source: Arc<dyn BlobSource> = Arc::new(memory);
        let blobs: Vec<&Descriptor> = item.manifest.blobs().collect();
        self.each(&blobs, |blob| {
            let elsewhere = self.known_at(repository, &blob.digest);
            self.upload(&Upload { to: repository, blob, source: &source, elsewhere })
        })?;
        let reference = repository.at(&item.descriptor.digest);
        let what = format!("attaching {} to {repository}@{}", it.artifact_type, subject.digest);
        let stored = self.put(&On::push(repository, what), &reference, &item)?;
        Ok((item.descriptor, stored))
    }

    /// Whether the registry's own list has something: some have the list and do not say so when a manifest is pushed.
    pub(crate) fn lists(
        &self,
        on: &On<'_>,
        subject: &Digest,
        digest: &Digest,
    ) -> Result<bool, RegistryError> {
        let all = self.listed(on, subject)?.unwrap_or_default();
        Ok(all.iter().any(|e| e["digest"].as_str() == Some(digest.as_str())))
    }

    /// The registry's own list; none if it has none.
    fn listed(&self, on: &On<'_>, subject: &Digest) -> Result<Option<Vec<Value>>, RegistryError> {
        let (mut all, mut page) = (vec![], None::<String>);
        for _ in 0..PAGES {
            let answer = self.call(on, |at| {
                let first = format!("{at}referrers/{subject}");
                let url = page.as_deref().and_then(|p| join(&first, p)).unwrap_or(first);
                Request::of("GET", &url, None).header("accept", media::INDEX).limit(LIMIT).follow()
            })?;
            if matches!(answer.status, 400 | 404 | 405 | 501) && page.is_none() {
                return Ok(None);
            }
            let answer = self.good(on, answer)?;
            let index = answer.header("content-type").is_some_and(|t| t.starts_with(media::INDEX));
            if !index {
                return Ok(None);
            }
            all.extend(entries(&answer.body).map_err(|reason| unreadable(on, reason))?);
            page = next(&answer);
            if page.is_none() {
                break;
            }
        }
        Ok(Some(all))
    }

    /// The index under the tag of those registries that have no list; none if there is none.
    pub(crate) fn under_tag(
        &self,
        on: &On<'_>,
        subject: &Digest,
    ) -> Result<Option<Vec<Value>>, RegistryError> {
        let tag = fallback(on.repository, subject)?;
        match self.manifest_for(on, &tag) {
            Ok(found) if found.manifest.is_index() => {
                entries(&found.bytes).map(Some).map_err(|reason| unreadable(on, reason))
            }
            Ok(_) => Err(unreadable(on, format!("{tag} is no index"))),
            Err(RegistryError::NotFound { .. }) => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Enters a manifest into the index under the tag, and looks whether it stayed there: others may do the same just now.
    pub(crate) fn note_referrer(
        &self,
        repository: &Repository,
        subject: &Digest,
        item: &Item,
    ) -> Result<(), RegistryError> {
        let entry = entry(item);
        let there = |all: &[Value]| all.iter().any(|e| e["digest"] == entry["digest"]);
        self.change_index(repository, subject, &there, &|all| all.push(entry.clone()))
    }

    /// Takes a manifest out of the index under the tag.
    pub(crate) fn forget_referrer(
        &self,
        repository: &Repository,
        subject: &Digest,
        gone: &Digest,
    ) -> Result<(), RegistryError> {
        let is = |e: &Value| e["digest"].as_str() == Some(gone.as_str());
        let out = |all: &[Value]| !all.iter().any(is);
        self.change_index(repository, subject, &out, &|all| all.retain(|e| !is(e)))
    }

    fn change_index(
        &self,
        repository: &Repository,
        subject: &Digest,
        is_so: &dyn Fn(&[Value]) -> bool,
        change: &dyn Fn(&mut Vec<Value>),
    ) -> Result<(), RegistryError> {
        let tag = fallback(repository, subject)?;
        let on = On::push(repository, format!("the list of referrers {tag}"));
        for _ in 0..RACES {
            let mut all = self.under_tag(&on, subject)?.unwrap_or_default();
            if is_so(&all) {
                return Ok(());
            }
            change(&mut all);
            let index = json!({"schemaVersion": 2, "mediaType": media::INDEX, "manifests": all});
            let bytes = index.to_string().into_bytes();
            let manifest = Manifest::parse(&bytes, None).map_err(|reason| unreadable(&on, reason))?;
            let item = Item { descriptor: Descriptor::of(media::INDEX, &bytes), manifest, bytes };
            self.put(&on, &tag, &item)?;
        }
        let all = self.under_tag(&on, subject)?.unwrap_or_default();
        if is_so(&all) {
            return Ok(());
        }
        Err(unreadable(&on, "others change it again and again".to_owned()))
    }
}

fn artifact(
    subject: &Descriptor,
    it: &Referrer,
    config: Descriptor,
    layers: Vec<Descriptor>,
) -> Result<Item, RegistryError> {
    let subject = Descriptor {
        platform: None,
        artifact_type: None,
        annotations: None,
        urls: vec![],
        ..subject.clone()
    };
    let digest = subject.digest.clone();
    let raw = Artifact {
        schema_version: 2,
        media_type: media::MANIFEST,
        artifact_type: &it.artifact_type,
        config,
        layers,
        subject,
        annotations: &it.annotations,
    };
    let failed = |reason: String| RegistryError::Content { digest: digest.clone(), reason };
    let bytes = serde_json::to_vec(&raw).map_err(|e| failed(e.to_string()))?;
    let manifest = Manifest::parse(&bytes, None).map_err(failed)?;
    Ok(Item { descriptor: Descriptor::of(media::MANIFEST, &bytes), manifest, bytes })
}

/// An entry of a list: the type is that of the artifact, or of its configuration.
fn entry(item: &Item) -> Value {
    let m = &item.manifest;
    let of_config = m.config.as_ref().map(|c| c.media_type.clone());
    let mut entry = json!({
        "mediaType": item.descriptor.media_type,
        "digest": item.descriptor.digest,
        "size": item.descriptor.size,
    });
    if let Some(kind) = m.artifact_type.clone().or(of_config.filter(|_| !m.is_index())) {
        entry["artifactType"] = kind.into();
    }
    if !m.annotations.is_empty() {
        entry["annotations"] = json!(m.annotations);
    }
    entry
}

/// What an index lists, with all that it says of each.
fn entries(bytes: &[u8]) -> Result<Vec<Value>, String> {
    let index: Value = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    match index.get("manifests") {
        Some(Value::Array(all)) => Ok(all.clone()),
        Some(Value::Null) => Ok(vec![]),
        _ => Err("it has no list of manifests".to_owned()),
    }
}

/// `sha256-…`, at most 32 letters of algorithm and 64 of digest (distribution-spec, "Referrers Tag Schema").
fn fallback(repository: &Repository, subject: &Digest) -> Result<Reference, RegistryError> {
    let hex: String = subject.hex().chars().take(64).collect();
    repository.tagged(&format!("{}-{hex}", subject.algorithm()))
}

fn unreadable(on: &On<'_>, reason: String) -> RegistryError {
    let registry = on.repository.registry().to_owned();
    RegistryError::Answer { registry, what: on.what.clone(), reason }
}
