//! Pulling: manifests and blobs, each by its digest (distribution-spec, section "Pull").

use crate::answer::refused;
use crate::client::{Client, On};
use crate::manifest::{LIMIT, is_manifest_type, media};
use crate::{BlobSink, Descriptor, Digest, Manifest, Platform, Reference, RegistryError, Repository, Sink};
use goferry_net::{NetError, Request};
use std::collections::BTreeSet;
use std::io::Write as _;
use std::sync::Arc;

/// All that is understood, so that nobody converts.
const ACCEPT: [&str; 4] = [media::INDEX, media::MANIFEST, media::DOCKER_INDEX, media::DOCKER_MANIFEST];
/// Deeper than this indexes are not followed.
pub(crate) const DEPTH: usize = 4;

/// A manifest as it came.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// What it is called.
    pub descriptor: Descriptor,
    /// What it says.
    pub manifest: Manifest,
    /// Its bytes, which hash to its digest.
    pub bytes: Vec<u8>,
}

impl Client<'_> {
    /// What a reference is called now; none if there is nothing.
    ///
    /// # Errors
    /// The registry does not answer or refuses.
    pub fn head(&self, reference: &Reference) -> Result<Option<Descriptor>, RegistryError> {
        self.head_for(&On::pull(reference.repository(), reference.to_string()), reference)
    }

    pub(crate) fn head_for(
        &self,
        on: &On<'_>,
        reference: &Reference,
    ) -> Result<Option<Descriptor>, RegistryError> {
        let answer =
            self.call(on, |at| accepting(Request::of("HEAD", &manifest_url(at, reference), None)).follow())?;
        if answer.status == 404 {
            return Ok(None);
        }
        let answer = self.good(on, answer)?;
        let digest = answer.header("docker-content-digest").and_then(|d| d.parse::<Digest>().ok());
        let size = answer.header("content-length").and_then(|l| l.parse().ok());
        match (digest, size, answer.header("content-type")) {
            (Some(digest), Some(size), Some(kind)) if is_manifest_type(kind) => {
                let described = Descriptor::of(kind, &[]);
                Ok(Some(Descriptor { digest, size, ..described }))
            }
            // HEAD need not say all of it.
            _ => self.manifest_for(on, reference).map(|f| Some(f.descriptor)),
        }
    }

    /// A manifest or index, checked against its digest.
    ///
    /// # Errors
    /// It is not there, is no manifest, or is not what its digest says.
    pub fn manifest(&self, reference: &Reference) -> Result<Fetched, RegistryError> {
        self.manifest_for(&On::pull(reference.repository(), reference.to_string()), reference)
    }

    pub(crate) fn manifest_for(&self, on: &On<'_>, reference: &Reference) -> Result<Fetched, RegistryError> {
        let answer = self.call(on, |at| {
            accepting(Request::of("GET", &manifest_url(at, reference), None)).limit(LIMIT).follow()
        })?;
        let answer = self.good(on, answer)?;
        let named = answer.header("docker-content-digest").and_then(|d| d.parse::<Digest>().ok());
        let expected = reference.digest().or(named.as_ref());
        if let Some(expected) = expected.filter(|d| !d.matches(&answer.body)) {
            return Err(RegistryError::Digest {
                what: on.what.clone(),
                expected: expected.to_string(),
                found: Digest::of(&answer.body).to_string(),
            });
        }
        let manifest = Manifest::parse(&answer.body, answer.header("content-type")).map_err(|reason| {
            let registry = reference.repository().registry().to_owned();
            RegistryError::Answer { registry, what: on.what.clone(), reason }
        })?;
        let mut descriptor = Descriptor::of(&manifest.media_type, &answer.body);
        if let Some(digest) = reference.digest() {
            descriptor.digest = digest.clone();
        }
        Ok(Fetched { descriptor, manifest, bytes: answer.body })
    }

    /// The manifest of an image for a platform; that of an image itself if it is no index.
    ///
    /// # Errors
    /// As [`Client::manifest`], or there is none for this platform.
    pub fn image(&self, reference: &Reference, platform: &Platform) -> Result<Fetched, RegistryError> {
        let mut found = self.manifest(reference)?;
        for _ in 0..DEPTH {
            if !found.manifest.is_index() {
                return Ok(found);
            }
            let chosen = found.manifest.choose(&reference.to_string(), platform)?;
            let next = reference.repository().at(&chosen.digest);
            let on = On::pull(reference.repository(), format!("{reference} for {platform}"));
            found = self.manifest_for(&on, &next)?;
        }
        Err(RegistryError::Answer {
            registry: reference.repository().registry().to_owned(),
            what: reference.to_string(),
            reason: "its indexes do not end".to_owned(),
        })
    }

    /// A small blob, such as a configuration.
    ///
    /// # Errors
    /// It is not there, larger than it is called, or not what its digest says.
    pub fn small_blob(&self, repository: &Repository, blob: &Descriptor) -> Result<Vec<u8>, RegistryError> {
        let on = On::pull(repository, format!("{repository}@{}", blob.digest));
        let size = blob.size.min(LIMIT);
        let answer = self.call(&on, |at| plain(&blob_url(at, &blob.digest)).limit(size).follow())?;
        let answer = self.good(&on, answer)?;
        if !blob.digest.matches(&answer.body) {
            let (expected, found) = (blob.digest.to_string(), Digest::of(&answer.body).to_string());
            return Err(RegistryError::Digest { what: on.what, expected, found });
        }
        Ok(answer.body)
    }

    /// A blob into a sink, unless it is there already. Gives whether it was fetched.
    ///
    /// # Errors
    /// It is not there, is not what its digest says, or cannot be kept.
    pub fn blob(
        &self,
        repository: &Repository,
        blob: &Descriptor,
        sink: &Arc<dyn BlobSink>,
    ) -> Result<bool, RegistryError> {
        if sink.has(&blob.digest) {
            return Ok(false);
        }
        let on = On::pull(repository, format!("{repository}@{}", blob.digest));
        let answer = self.call(&on, |at| {
            let (sink, digest, size) = (Arc::clone(sink), blob.digest.clone(), blob.size);
            plain(&blob_url(at, &blob.digest))
                .limit(blob.size)
                .follow()
                .into_sink(blob.digest.checksum(), move || sink.create(&digest, size))
        });
        let answer = answer.map_err(|e| as_digest(&on, e))?;
        if !answer.is_success() {
            return Err(refused(&on, &answer));
        }
        self.learn(repository, &blob.digest);
        Ok(true)
    }

    /// Everything of an image, or of an index, into a sink: blobs first, so that whatever manifest is there is whole. With a
    /// platform only the image for it.
    ///
    /// # Errors
    /// As [`Client::image`] and [`Client::blob`].
    pub fn pull(
        &self,
        reference: &Reference,
        platform: Option<&Platform>,
        sink: &Arc<dyn BlobSink>,
    ) -> Result<Descriptor, RegistryError> {
        let root = match platform {
            Some(platform) => self.image(reference, platform)?,
            None => self.manifest(reference)?,
        };
        self.pull_tree(reference.repository(), &root, sink, DEPTH, &mut BTreeSet::new())?;
        Ok(root.descriptor)
    }

    fn pull_tree(
        &self,
        repository: &Repository,
        root: &Fetched,
        sink: &Arc<dyn BlobSink>,
        depth: usize,
        seen: &mut BTreeSet<Digest>,
    ) -> Result<(), RegistryError> {
        for child in &root.manifest.manifests {
            if depth == 0 {
                let reason = "indexes in indexes go too deep".to_owned();
                return Err(RegistryError::Content { digest: root.descriptor.digest.clone(), reason });
            }
            if seen.insert(child.digest.clone()) {
                let next = self.manifest(&repository.at(&child.digest))?;
                self.pull_tree(repository, &next, sink, depth - 1, seen)?;
            }
        }
        let blobs: Vec<&Descriptor> = root.manifest.blobs().collect();
        self.each(&blobs, |blob| self.blob(repository, blob, sink))?;
        let digest = &root.descriptor.digest;
        if sink.has(digest) {
            return Ok(());
        }
        let kept = || -> std::io::Result<()> {
            let mut out: Box<dyn Sink> = sink.create(digest, root.descriptor.size)?;
            out.write_all(&root.bytes)?;
            out.finish()
        };
        kept().map_err(|source| RegistryError::Source { digest: digest.clone(), source })
    }
}

fn as_digest(on: &On<'_>, e: RegistryError) -> RegistryError {
    match e {
        RegistryError::Net(NetError::Digest { expected, found, .. }) => {
            RegistryError::Digest { what: on.what.clone(), expected, found }
        }
        other => other,
    }
}

/// Blobs are compressed as they are; nobody should do it once more on the way.
fn plain(url: &str) -> Request {
    Request::of("GET", url, None).header("accept-encoding", "identity")
}

fn accepting(request: Request) -> Request {
    // In one line: some registries read only one.
    request.header("accept", &ACCEPT.join(", "))
}

pub(crate) fn manifest_url(at: &str, reference: &Reference) -> String {
    format!("{at}manifests/{}", reference.last())
}

pub(crate) fn blob_url(at: &str, digest: &Digest) -> String {
    format!("{at}blobs/{digest}")
}
