//! An image layout on disk (image-spec `image-layout.md`): blobs by digest, and index.json with what is in it.
//!
//! Blobs get their name when they are whole, and index.json comes last, in one step: whoever is killed in between leaves
//! blobs that nobody refers to, which the next run takes or removes, never half an image.

use crate::blob::{BlobWriter, UNFINISHED, set_mode};
use crate::model::{REF_NAME, media_type};
use crate::{Descriptor, Digest, ImageConfig, ImageError, Index, Manifest, Platform};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

const VERSION_FILE: &str = "oci-layout";
const VERSION: &str = r#"{"imageLayoutVersion":"1.0.0"}"#;
const INDEX_FILE: &str = "index.json";
/// Manifests, indices and configurations: registries refuse more than 4 MiB.
const MAX_JSON: u64 = 8 << 20;

/// A file that nobody has written to for so long is nobody's.
const ABANDONED: Duration = Duration::from_secs(24 * 3600);

/// A layout.
#[derive(Clone, Debug)]
pub struct Layout {
    root: PathBuf,
}

impl Layout {
    /// None on disk, for what only looks at a Dockerfile.
    pub(crate) fn nowhere() -> Layout {
        Layout { root: PathBuf::new() }
    }

    /// Makes a layout, or takes one that is there; what a killed run left unfinished is removed.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn create(root: &Path) -> Result<Layout, ImageError> {
        let layout = Layout { root: root.to_owned() };
        let blobs = layout.blobs();
        fs::create_dir_all(&blobs).map_err(ImageError::io("create", &blobs))?;
        for folder in [root, blobs.as_path()] {
            for name in names(folder)?.iter().filter(|n| n.starts_with(UNFINISHED)) {
                let path = folder.join(name);
                fs::remove_file(&path).map_err(ImageError::io("remove", &path))?;
            }
        }
        layout.write_whole(VERSION_FILE, VERSION.as_bytes())?;
        Ok(layout)
    }

    /// Makes a layout that several processes use at once, as a store of blobs without an index: of unfinished files only those
    /// are removed that nobody can be writing any more.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn shared(root: &Path) -> Result<Layout, ImageError> {
        let layout = Layout { root: root.to_owned() };
        let blobs = layout.blobs();
        fs::create_dir_all(&blobs).map_err(ImageError::io("create", &blobs))?;
        for name in names(&blobs)?.iter().filter(|n| n.starts_with(UNFINISHED)) {
            let path = blobs.join(name);
            let age = path.metadata().and_then(|m| m.modified()).ok().and_then(|t| t.elapsed().ok());
            if age.is_some_and(|age| age > ABANDONED) {
                // Another process may do the same.
                let _ = fs::remove_file(&path);
            }
        }
        Ok(layout)
    }

    /// Takes a layout that is complete.
    ///
    /// # Errors
    /// [`ImageError::NotALayout`] if it has no index, or one of another version.
    pub fn open(root: &Path) -> Result<Layout, ImageError> {
        let layout = Layout { root: root.to_owned() };
        let not = |why: String| ImageError::NotALayout { path: root.to_owned(), why };
        let version = fs::read(root.join(VERSION_FILE)).map_err(|e| not(format!("{VERSION_FILE}: {e}")))?;
        let version: serde_json::Value =
            serde_json::from_slice(&version).map_err(|e| not(format!("{VERSION_FILE}: {e}")))?;
        match version["imageLayoutVersion"].as_str() {
            Some(v) if v.starts_with("1.") => {}
            other => return Err(not(format!("its version is {other:?}, not 1.0.0"))),
        }
        layout.index()?;
        Ok(layout)
    }

    /// Its folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn blobs(&self) -> PathBuf {
        self.root.join("blobs").join("sha256")
    }

    /// Where a blob is, if it is there.
    pub fn path(&self, digest: &Digest) -> PathBuf {
        self.blobs().join(digest.hex())
    }

    /// Whether a blob is there. Its name says that it is whole.
    pub fn has(&self, digest: &Digest) -> bool {
        self.path(digest).is_file()
    }

    /// A blob to be written piece by piece.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn writer(&self) -> Result<BlobWriter, ImageError> {
        BlobWriter::create(&self.blobs())
    }

    /// Puts bytes; a damaged blob of their name is replaced.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn put(&self, media_type: &str, bytes: &[u8]) -> Result<Descriptor, ImageError> {
        let descriptor = Descriptor::new(media_type, Digest::of(bytes), bytes.len() as u64);
        if self.verify_blob(&descriptor).is_err() {
            let mut writer = self.writer()?;
            let path = self.path(&descriptor.digest);
            writer.write_all(bytes).map_err(ImageError::io("write", &path))?;
            writer.finish_as(&descriptor.digest)?;
        }
        Ok(descriptor)
    }

    /// Puts a manifest, index or configuration, as compact JSON.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn put_json(&self, media_type: &str, value: &impl Serialize) -> Result<Descriptor, ImageError> {
        let bytes = serde_json::to_vec(value).map_err(|e| ImageError::damaged(media_type, e))?;
        self.put(media_type, &bytes)
    }

    /// Puts what `from` gives, which must be what `descriptor` says.
    ///
    /// # Errors
    /// Other content, or the file system refuses.
    pub fn put_from(&self, descriptor: &Descriptor, from: &mut dyn Read) -> Result<(), ImageError> {
        let mut writer = self.writer()?;
        let path = self.path(&descriptor.digest);
        io::copy(&mut from.take(descriptor.size.saturating_add(1)), &mut writer)
            .map_err(ImageError::io("write", &path))?;
        if writer.size() != descriptor.size {
            let why = format!("it has not the {} bytes of its descriptor", descriptor.size);
            return Err(ImageError::damaged(&descriptor.digest, why));
        }
        writer.finish_as(&descriptor.digest).map(|_| ())
    }

    /// Copies a blob from another layout; nothing is done if one of its name and size is here.
    ///
    /// # Errors
    /// As [`Layout::put_from`].
    pub fn copy(&self, from: &Layout, descriptor: &Descriptor) -> Result<(), ImageError> {
        match self.open_blob(descriptor).is_ok() {
            true => Ok(()),
            false => self.put_from(descriptor, &mut from.open_blob(descriptor)?),
        }
    }

    /// Opens a blob. Its size is compared; its digest is for the reader to check ([`Layout::verify`] does).
    ///
    /// # Errors
    /// It is not there, or has another size.
    pub fn open_blob(&self, descriptor: &Descriptor) -> Result<File, ImageError> {
        let path = self.path(&descriptor.digest);
        let file = match File::open(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                let (layout, digest) = (self.root.clone(), descriptor.digest.clone());
                return Err(ImageError::MissingBlob { layout, digest });
            }
            other => other.map_err(ImageError::io("read", &path))?,
        };
        let size = file.metadata().map_err(ImageError::io("read", &path))?.len();
        if size == descriptor.size {
            return Ok(file);
        }
        let why = format!("it has {size} bytes, not the {} of its descriptor", descriptor.size);
        Err(ImageError::damaged(&descriptor.digest, why))
    }

    /// A small blob's bytes, checked.
    ///
    /// # Errors
    /// It is not there, larger than 8 MiB, or damaged.
    pub fn read(&self, descriptor: &Descriptor) -> Result<Vec<u8>, ImageError> {
        if descriptor.size > MAX_JSON {
            return Err(ImageError::damaged(&descriptor.digest, "it is larger than 8 MiB"));
        }
        let mut bytes = vec![];
        let read = self.open_blob(descriptor)?.take(MAX_JSON).read_to_end(&mut bytes);
        read.map_err(ImageError::io("read", &self.path(&descriptor.digest)))?;
        match Digest::of(&bytes) == descriptor.digest {
            true => Ok(bytes),
            false => Err(ImageError::damaged(&descriptor.digest, "its content has another digest")),
        }
    }

    fn json<T: DeserializeOwned>(&self, descriptor: &Descriptor) -> Result<T, ImageError> {
        let bytes = self.read(descriptor)?;
        serde_json::from_slice(&bytes).map_err(|e| ImageError::damaged(&descriptor.digest, e))
    }

    /// Reads an index of manifests.
    ///
    /// # Errors
    /// As [`Layout::read`].
    pub fn read_index(&self, descriptor: &Descriptor) -> Result<Index, ImageError> {
        self.json(descriptor)
    }

    /// Reads a manifest.
    ///
    /// # Errors
    /// As [`Layout::read`].
    pub fn read_manifest(&self, descriptor: &Descriptor) -> Result<Manifest, ImageError> {
        self.json(descriptor)
    }

    /// Reads an image's configuration.
    ///
    /// # Errors
    /// As [`Layout::read`].
    pub fn read_config(&self, manifest: &Manifest) -> Result<ImageConfig, ImageError> {
        self.json(&manifest.config)
    }

    /// index.json.
    ///
    /// # Errors
    /// [`ImageError::NotALayout`].
    pub fn index(&self) -> Result<Index, ImageError> {
        let not = |why: String| ImageError::NotALayout { path: self.root.clone(), why };
        let path = self.root.join(INDEX_FILE);
        let mut bytes = vec![];
        let read = File::open(path).and_then(|f| f.take(MAX_JSON).read_to_end(&mut bytes));
        read.map_err(|e| not(format!("{INDEX_FILE}: {e}")))?;
        serde_json::from_slice(&bytes).map_err(|e| not(format!("{INDEX_FILE}: {e}")))
    }

    /// Whether the two files that no digest names are as [`Layout::publish`] writes them of what they say.
    ///
    /// # Errors
    /// As [`Layout::index`].
    pub fn is_as_written(&self) -> Result<bool, ImageError> {
        let bare = |d: Descriptor| -> Result<Descriptor, ImageError> {
            let mut plain = Descriptor::new(&d.media_type, d.digest.clone(), d.size);
            let name = d.annotations.get(REF_NAME).cloned();
            plain.annotations.extend(name.map(|n| (REF_NAME.to_owned(), n)));
            if media_type::is_manifest(&d.media_type) && d.platform.is_some() {
                plain.platform = Some(self.read_config(&self.read_manifest(&d)?)?.platform());
            }
            Ok(plain)
        };
        let own = Index::new(self.index()?.manifests.into_iter().map(bare).collect::<Result<_, _>>()?);
        let own = serde_json::to_vec(&own).map_err(|e| ImageError::damaged(INDEX_FILE, e))?;
        let same = |name: &str, own: &[u8]| fs::read(self.root.join(name)).is_ok_and(|b| b == own);
        Ok(same(INDEX_FILE, &own) && same(VERSION_FILE, VERSION.as_bytes()))
    }

    /// Writes index.json in one step: from here on the layout holds these.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn set_index(&self, index: &Index) -> Result<(), ImageError> {
        let bytes = serde_json::to_vec(index).map_err(|e| ImageError::damaged(INDEX_FILE, e))?;
        self.write_whole(INDEX_FILE, &bytes)
    }

    /// Makes index.json hold `what` under each of `names` ([`REF_NAME`]), and once without a name if there is none.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn publish(&self, what: &Descriptor, names: &[String]) -> Result<(), ImageError> {
        let named = |name: &String| {
            let mut d = what.clone();
            d.annotations.insert(REF_NAME.to_owned(), name.clone());
            d
        };
        let all = if names.is_empty() { vec![what.clone()] } else { names.iter().map(named).collect() };
        self.set_index(&Index::new(all))
    }

    /// What index.json names: (name, descriptor).
    ///
    /// # Errors
    /// As [`Layout::index`].
    pub fn refs(&self) -> Result<Vec<(Option<String>, Descriptor)>, ImageError> {
        let named = |d: Descriptor| (d.annotations.get(REF_NAME).cloned(), d);
        Ok(self.index()?.manifests.into_iter().map(named).collect())
    }

    /// Every image below a descriptor: itself, or the manifests of an index, nested ones too, each with its platform (from
    /// the index, else from the configuration). Attestations (`unknown/unknown`) and artifacts are left out.
    ///
    /// # Errors
    /// As [`Layout::read`].
    pub fn images(&self, descriptor: &Descriptor) -> Result<Vec<(Platform, Descriptor)>, ImageError> {
        let mut out = vec![];
        self.collect(descriptor, 0, &mut out)?;
        Ok(out)
    }

    fn collect(
        &self,
        d: &Descriptor,
        depth: u8,
        out: &mut Vec<(Platform, Descriptor)>,
    ) -> Result<(), ImageError> {
        if depth > 4 {
            return Err(ImageError::damaged(&d.digest, "indices are nested too deeply"));
        }
        if media_type::is_index(&d.media_type) {
            for one in self.read_index(d)?.manifests {
                self.collect(&one, depth + 1, out)?;
            }
            return Ok(());
        }
        if !media_type::is_manifest(&d.media_type) {
            return Ok(());
        }
        let platform = match &d.platform {
            Some(p) if p.os == "unknown" => return Ok(()),
            Some(p) => p.clone(),
            None => {
                let manifest = self.read_manifest(d)?;
                if manifest.config.media_type != media_type::CONFIG
                    && manifest.config.media_type != media_type::DOCKER_CONFIG
                {
                    return Ok(());
                }
                self.read_config(&manifest)?.platform()
            }
        };
        out.push((platform, d.clone()));
        Ok(())
    }

    /// The image for a platform.
    ///
    /// # Errors
    /// [`ImageError::NoPlatform`], and as [`Layout::read`].
    pub fn image_for(&self, descriptor: &Descriptor, wanted: &Platform) -> Result<Descriptor, ImageError> {
        let all = self.images(descriptor)?;
        let near = all.iter().filter_map(|(p, d)| Some((p.distance(wanted)?, d)));
        let found = near.min_by_key(|(distance, _)| *distance);
        found.map(|(_, d)| d.clone()).ok_or_else(|| ImageError::NoPlatform {
            what: self.root.display().to_string(),
            platform: wanted.to_string(),
            has: all.iter().map(|(p, _)| p.to_string()).collect(),
        })
    }

    /// Every blob that index.json leads to, each once: manifests after what they refer to, so that they can be pushed in
    /// this order. A blob that is not there but may be had elsewhere (`urls`) is left out.
    ///
    /// # Errors
    /// As [`Layout::read`].
    pub fn reachable(&self, from: &Descriptor) -> Result<Vec<Descriptor>, ImageError> {
        let (mut seen, mut out) = (BTreeSet::new(), vec![]);
        self.reach(from, 0, &mut seen, &mut out)?;
        Ok(out)
    }

    fn reach(
        &self,
        d: &Descriptor,
        depth: u8,
        seen: &mut BTreeSet<Digest>,
        out: &mut Vec<Descriptor>,
    ) -> Result<(), ImageError> {
        if depth > 6 {
            return Err(ImageError::damaged(&d.digest, "indices are nested too deeply"));
        }
        if !seen.insert(d.digest.clone()) || (!d.urls.is_empty() && !self.has(&d.digest)) {
            return Ok(());
        }
        let below = match d.media_type.as_str() {
            m if media_type::is_index(m) => self.read_index(d)?.manifests,
            m if media_type::is_manifest(m) => {
                let m = self.read_manifest(d)?;
                std::iter::once(m.config).chain(m.layers).collect()
            }
            _ => vec![],
        };
        for one in &below {
            self.reach(one, depth + 1, seen, out)?;
        }
        out.push(d.clone());
        Ok(())
    }

    /// Reads everything that index.json leads to and compares sizes and digests.
    ///
    /// # Errors
    /// The first thing that is missing or damaged.
    pub fn verify(&self) -> Result<(), ImageError> {
        let mut done = BTreeSet::new();
        for (_, top) in self.refs()? {
            for d in self.reachable(&top)? {
                if done.insert(d.digest.clone()) {
                    self.verify_blob(&d)?;
                }
            }
        }
        Ok(())
    }

    /// Reads one blob and compares size and digest.
    ///
    /// # Errors
    /// As [`Layout::verify`].
    pub fn verify_blob(&self, d: &Descriptor) -> Result<(), ImageError> {
        let mut hash = Sha256::new();
        let mut file = self.open_blob(d)?;
        let mut piece = vec![0; 128 << 10];
        loop {
            match file.read(&mut piece).map_err(ImageError::io("read", &self.path(&d.digest)))? {
                0 => break,
                n => hash.update(&piece[..n]),
            }
        }
        match Digest::from_hash(&hash.finalize()) == d.digest {
            true => Ok(()),
            false => Err(ImageError::damaged(&d.digest, "its content has another digest")),
        }
    }

    /// Removes blobs that index.json does not lead to.
    ///
    /// # Errors
    /// As [`Layout::read`].
    pub fn prune(&self) -> Result<(), ImageError> {
        let mut keep = BTreeSet::new();
        for (_, top) in self.refs()? {
            keep.extend(self.reachable(&top)?.into_iter().map(|d| d.digest.hex().to_owned()));
        }
        let blobs = self.blobs();
        for name in names(&blobs)?.into_iter().filter(|n| !keep.contains(n)) {
            let path = blobs.join(name);
            fs::remove_file(&path).map_err(ImageError::io("remove", &path))?;
        }
        Ok(())
    }

    fn write_whole(&self, name: &str, bytes: &[u8]) -> Result<(), ImageError> {
        let path = self.root.join(name);
        let failed = ImageError::io("write", &path);
        let file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(&self.root);
        let mut file = file.map_err(&failed)?;
        file.write_all(bytes).map_err(&failed)?;
        set_mode(file.as_file()).map_err(&failed)?;
        file.persist(&path).map_err(|e| failed(e.error))?;
        Ok(())
    }
}

fn names(folder: &Path) -> Result<Vec<String>, ImageError> {
    let read = fs::read_dir(folder).map_err(ImageError::io("read", folder))?;
    Ok(read.filter_map(Result::ok).map(|e| e.file_name().to_string_lossy().into_owned()).collect())
}
