//! Pushing an image or an index: blobs first, then manifests, then indexes, then tags, so that nobody finds a part.

use crate::answer::refused;
use crate::client::{Client, On};
use crate::manifest::LIMIT;
use crate::pull::DEPTH;
use crate::upload::{How, Upload};
use crate::{BlobSource, Descriptor, Digest, Manifest, Reference, RegistryError, Repository, Stored};
use goferry_net::Request;
use std::collections::{BTreeMap, HashSet};
use std::io::Read as _;
use std::sync::Arc;

/// The annotation that names an image's base (image-spec, annotations.md).
const BASE: &str = "org.opencontainers.image.base.name";

/// What is to be pushed.
pub struct Push<'p> {
    /// Where to.
    pub to: &'p Repository,
    /// Under which tags; none: by its digest only.
    pub tags: &'p [String],
    /// The manifest or index.
    pub root: &'p Descriptor,
    /// Has it and everything that it names.
    pub source: &'p Arc<dyn BlobSource>,
    /// A tag that exists with another digest is not moved.
    pub immutable: bool,
    /// Repositories of the same registry that may have the same blobs.
    pub mount_from: &'p [Repository],
}

/// What was pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// Of the manifest or index.
    pub digest: Digest,
    /// Blobs that were sent.
    pub sent: usize,
    /// Their bytes.
    pub sent_bytes: u64,
    /// Blobs that were mounted from other repositories.
    pub mounted: usize,
    /// Blobs that were there.
    pub there: usize,
    /// Tags that were set.
    pub tagged: Vec<String>,
    /// Tags that were set to this already.
    pub unchanged: Vec<String>,
}

/// A manifest that is to be pushed.
pub(crate) struct Item {
    pub(crate) descriptor: Descriptor,
    pub(crate) manifest: Manifest,
    pub(crate) bytes: Vec<u8>,
}

/// Everything below a root.
#[derive(Default)]
struct Tree {
    /// Children before parents; the root is last.
    items: Vec<Item>,
    blobs: BTreeMap<Digest, (Descriptor, Vec<String>)>,
    seen: HashSet<Digest>,
}

impl Client<'_> {
    /// Pushes an image or an index.
    ///
    /// # Errors
    /// A content is missing or not what its digest says, a tag must not move, or the registry refuses.
    pub fn push(&self, it: &Push<'_>) -> Result<Pushed, RegistryError> {
        let mut tree = Tree::default();
        tree.gather(it, it.root, DEPTH)?;
        let (unchanged, tags) = self.free_tags(it)?;
        let blobs: Vec<(Descriptor, Vec<String>)> = tree.blobs.into_values().collect();
        let done = self.each(&blobs, |(blob, of_base)| {
            let elsewhere = self.elsewhere(it, blob, of_base);
            let upload = Upload { to: it.to, blob, source: it.source, elsewhere };
            self.upload(&upload).map(|how| (how, blob.size))
        })?;
        let count = |how| done.iter().filter(|(h, _)| *h == how).count();
        let sent_bytes = done.iter().filter(|(h, _)| *h == How::Sent).map(|(_, s)| s).sum();
        self.manifests(it, &tree.items, &tags, unchanged.is_empty())?;
        Ok(Pushed {
            digest: it.root.digest.clone(),
            sent: count(How::Sent),
            sent_bytes,
            mounted: count(How::Mounted),
            there: count(How::There),
            tagged: tags.iter().filter_map(|t| t.tag().map(str::to_owned)).collect(),
            unchanged,
        })
    }

    /// The tags that are right already, and those that are to be set.
    fn free_tags(&self, it: &Push<'_>) -> Result<(Vec<String>, Vec<Reference>), RegistryError> {
        let (mut right, mut free) = (vec![], vec![]);
        for tag in it.tags {
            let reference = it.to.tagged(tag)?;
            let on = On::push(it.to, reference.to_string());
            match self.head_for(&on, &reference)? {
                Some(has) if has.digest == it.root.digest => right.push(tag.clone()),
                Some(has) if it.immutable => {
                    return Err(taken(
                        &reference,
                        has.digest,
                        it.root,
                        "tags are not to be moved".to_owned(),
                    ));
                }
                _ => free.push(reference),
            }
        }
        Ok((right, free))
    }

    fn elsewhere(&self, it: &Push<'_>, blob: &Descriptor, of_base: &[String]) -> Vec<String> {
        let told =
            it.mount_from.iter().filter(|r| r.registry() == it.to.registry()).map(|r| r.path().to_owned());
        let mut all = self.known_at(it.to, &blob.digest);
        all.extend(of_base.iter().cloned().chain(told));
        let mut seen = HashSet::new();
        all.retain(|r| r != it.to.path() && seen.insert(r.clone()));
        all
    }

    fn manifests(
        &self,
        it: &Push<'_>,
        items: &[Item],
        tags: &[Reference],
        by_digest: bool,
    ) -> Result<(), RegistryError> {
        let Some((root, below)) = items.split_last() else { return Ok(()) };
        let (indexes, images): (Vec<&Item>, Vec<&Item>) = below.iter().partition(|i| i.manifest.is_index());
        self.each(&images, |item| self.put_missing(it.to, item))?;
        for index in indexes {
            self.put_missing(it.to, index)?;
        }
        if tags.is_empty() && by_digest {
            self.put_missing(it.to, root)?;
        }
        for tag in tags {
            self.put_tag(it, tag, root)?;
        }
        Ok(())
    }

    fn put_missing(&self, to: &Repository, item: &Item) -> Result<(), RegistryError> {
        let reference = to.at(&item.descriptor.digest);
        let on = On::push(to, reference.to_string());
        if self.head_for(&on, &reference)?.is_some() {
            return Ok(());
        }
        self.put(&on, &reference, item).map(drop)
    }

    /// A registry whose tags are immutable says so in words of its own: what stands there tells.
    fn put_tag(&self, it: &Push<'_>, tag: &Reference, root: &Item) -> Result<(), RegistryError> {
        let on = On::push(it.to, tag.to_string());
        let refused = match self.put(&on, tag, root) {
            Ok(_) => return Ok(()),
            Err(
                e @ (RegistryError::Refused { status: 400..=499, .. } | RegistryError::Unauthorized { .. }),
            ) => e,
            Err(e) => return Err(e),
        };
        match self.head_for(&on, tag) {
            Ok(Some(has)) if has.digest != it.root.digest => {
                Err(taken(tag, has.digest, it.root, format!("the registry keeps it: {refused}")))
            }
            _ => Err(refused),
        }
    }

    /// Puts a manifest. What refers to something is listed by the registry, or entered into the index under the tag.
    pub(crate) fn put(&self, on: &On<'_>, to: &Reference, item: &Item) -> Result<Stored, RegistryError> {
        let answer = self.call(on, |at| {
            let url = crate::pull::manifest_url(at, to);
            Request::of("PUT", &url, Some(item.bytes.clone()))
                .header("content-type", &item.descriptor.media_type)
        })?;
        if !answer.is_success() {
            return Err(refused(on, &answer));
        }
        let named = answer.header("docker-content-digest").and_then(|d| d.parse::<Digest>().ok());
        if let Some(found) = named
            .filter(|d| d.algorithm() == item.descriptor.digest.algorithm() && *d != item.descriptor.digest)
        {
            let (expected, found) = (item.descriptor.digest.to_string(), found.to_string());
            return Err(RegistryError::Digest { what: on.what.clone(), expected, found });
        }
        let Some(subject) = &item.manifest.subject else { return Ok(Stored::Listed) };
        if answer.header("oci-subject").is_some()
            || self.lists(on, &subject.digest, &item.descriptor.digest)?
        {
            return Ok(Stored::Listed);
        }
        self.note_referrer(on.repository, &subject.digest, item)?;
        Ok(Stored::Tagged)
    }
}

impl Tree {
    fn gather(&mut self, it: &Push<'_>, descriptor: &Descriptor, depth: usize) -> Result<(), RegistryError> {
        if !self.seen.insert(descriptor.digest.clone()) {
            return Ok(());
        }
        let item = read(it.source, descriptor)?;
        for child in &item.manifest.manifests {
            if depth == 0 {
                return Err(content(descriptor, "its indexes do not end".to_owned()));
            }
            self.gather(it, child, depth - 1)?;
        }
        let base = item.manifest.annotations.get(BASE).and_then(|b| b.parse::<Reference>().ok());
        let base = base.filter(|b| b.repository().registry() == it.to.registry());
        for blob in item.manifest.blobs() {
            let entry = self.blobs.entry(blob.digest.clone()).or_insert_with(|| (blob.clone(), vec![]));
            entry.1.extend(base.iter().map(|b| b.repository().path().to_owned()));
        }
        self.items.push(item);
        Ok(())
    }
}

/// A manifest from where contents are.
fn read(source: &Arc<dyn BlobSource>, descriptor: &Descriptor) -> Result<Item, RegistryError> {
    let failed = |source| RegistryError::Source { digest: descriptor.digest.clone(), source };
    let mut bytes = vec![];
    source
        .open(&descriptor.digest)
        .map_err(failed)?
        .take(LIMIT + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > LIMIT {
        return Err(content(descriptor, format!("a manifest has at most {LIMIT} bytes")));
    }
    if !descriptor.digest.matches(&bytes) {
        return Err(content(descriptor, "it is not what its digest says".to_owned()));
    }
    let manifest = Manifest::parse(&bytes, Some(&descriptor.media_type))
        .map_err(|reason| content(descriptor, reason))?;
    let (media_type, size) = (manifest.media_type.clone(), bytes.len() as u64);
    Ok(Item { descriptor: Descriptor { media_type, size, ..descriptor.clone() }, manifest, bytes })
}

fn content(descriptor: &Descriptor, reason: String) -> RegistryError {
    RegistryError::Content { digest: descriptor.digest.clone(), reason }
}

fn taken(reference: &Reference, has: Digest, root: &Descriptor, why: String) -> RegistryError {
    RegistryError::TagTaken { reference: reference.to_string(), has, wanted: root.digest.clone(), why }
}
