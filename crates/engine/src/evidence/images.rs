//! The images that lie beside a release's files, against the statements that are about them.
//!
//! An image is a folder, and is reported as one file by the digest of its index. Its blobs name themselves; what nothing names (index.json)
//! must be what goferry writes of the digest and the names that the statements have.

use super::bundles::Found;
use super::folder::{Folder, Held};
use super::kind::Kind;
use super::{Ledger, Summary};
use crate::images::build::repository;
use goferry_image::{Descriptor, Layout, media_type};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// One image of a layout.
pub(super) struct HeldImage {
    /// Its name among the files: `images/tool`.
    pub key: String,
    /// Names with tags.
    pub names: BTreeSet<String>,
    /// SHA-256 of its index or manifest, hex.
    pub sha256: String,
    /// Media type of that.
    pub media_type: String,
    /// Why it is not whole.
    pub fault: Option<String>,
}

/// What a statement says of an image: name without tag, SHA-256, media type.
pub(super) type ImageSubject<'a> = (&'a str, &'a str, &'a str);

impl HeldImage {
    /// What statements call it.
    fn is_called(&self, name: &str) -> bool {
        self.key == name || self.names.iter().any(|n| repository(n) == name)
    }

    fn is(&self, (name, sha256, media_type): ImageSubject<'_>) -> bool {
        self.is_called(name) && self.sha256 == sha256 && self.media_type == media_type
    }
}

/// Reads the layouts in `images/`, every blob included. In dist/ whatever lies there is to be one.
pub(super) fn read(dir: &Path, dist: bool) -> Vec<(HeldImage, Held)> {
    let entries = std::fs::read_dir(dir.join("images")).into_iter().flatten().filter_map(Result::ok);
    let mut folders: Vec<PathBuf> = entries.map(|e| e.path()).filter(|p| p.is_dir()).collect();
    folders.retain(|f| dist || f.join("oci-layout").is_file());
    folders.sort();
    folders.iter().flat_map(|f| of_layout(f, dist)).collect()
}

fn of_layout(folder: &Path, dist: bool) -> Vec<(HeldImage, Held)> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let key = format!("images/{name}");
    let bad = |why: String| {
        let (names, sha256, media_type) = Default::default();
        vec![HeldImage { key: key.clone(), names, sha256, media_type, fault: Some(why) }]
    };
    let images = match Layout::open(folder) {
        Err(e) => bad(e.to_string()),
        Ok(layout) => match layout.refs() {
            Ok(refs) if !refs.is_empty() => each(&layout, &key, dist, refs),
            Ok(_) => bad("it holds no image".to_owned()),
            Err(e) => bad(e.to_string()),
        },
    };
    // The one file that stands for all of it: its digest is the image's.
    let blobs = folder.join("blobs/sha256");
    let held =
        |i: &HeldImage| Held { path: blobs.join(&i.sha256), sha256: i.sha256.clone(), kind: Kind::Image };
    images.into_iter().map(|i| (held(&i), i)).map(|(held, image)| (image, held)).collect()
}

fn each(layout: &Layout, key: &str, dist: bool, refs: Vec<(Option<String>, Descriptor)>) -> Vec<HeldImage> {
    let fault = layout.verify().err().map(|e| e.to_string());
    let fault = fault.or_else(|| {
        let foreign = dist && !layout.is_as_written().unwrap_or(false);
        foreign.then(|| "its index.json is not as goferry writes it".to_owned())
    });
    let differs = |a: &Descriptor, b: &Descriptor| {
        a.digest == b.digest && (&a.media_type, a.size, &a.platform) != (&b.media_type, b.size, &b.platform)
    };
    let fault = fault.or_else(|| {
        let twice = refs.iter().any(|(_, a)| refs.iter().any(|(_, b)| differs(a, b)));
        twice.then(|| "its index.json says different things of one image".to_owned())
    });
    let mut all: BTreeMap<String, HeldImage> = BTreeMap::new();
    for (name, d) in refs {
        let more = !all.is_empty();
        let image = all.entry(d.digest.to_string()).or_insert_with(|| HeldImage {
            key: if more { format!("{key}@{}", d.digest) } else { key.to_owned() },
            names: BTreeSet::new(),
            sha256: d.digest.hex().to_owned(),
            media_type: d.media_type.clone(),
            fault: fault.clone(),
        });
        image.names.extend(name);
    }
    all.into_values().collect()
}

/// Whether a subject is an image, which need not lie here.
pub(super) fn is_one(subject: &serde_json::Value) -> bool {
    subject["mediaType"].as_str().is_some_and(|m| media_type::is_index(m) || media_type::is_manifest(m))
}

/// The images that a statement is about.
pub(super) fn subjects(statement: &serde_json::Value) -> Vec<ImageSubject<'_>> {
    let all = statement["subject"].as_array().map(Vec::as_slice).unwrap_or_default();
    let images = all.iter().filter(|s| is_one(s));
    images
        .filter_map(|s| {
            Some((s["name"].as_str()?, s["digest"]["sha256"].as_str()?, s["mediaType"].as_str()?))
        })
        .collect()
}

/// Compares a statement's images with those that lie here; how many were.
pub(super) fn compare(folder: &Folder, found: &Found, ledger: &mut Ledger) -> usize {
    let subjects = subjects(&found.statement);
    let mut compared = 0;
    for image in &folder.images {
        if subjects.iter().any(|s| image.is(*s)) {
            compared += 1;
            ledger.claim(&image.key, &found.file, format!("subject of {}", found.file), false);
        } else if subjects.iter().any(|(name, ..)| image.is_called(name)) {
            ledger.wrong(&image.key, format!("it is not the image that {} is about", found.file));
        }
    }
    for s in &subjects {
        let here = folder.images.iter().any(|i| i.is(*s));
        if !here && folder.listed_images.contains(s.0) && folder.chosen.is_none() {
            ledger.wrong(s.0, format!("sha256:{} is missing, and {} is about it", s.1, found.file));
        }
    }
    compared
}

/// The index or manifest of an image that lies here as a statement says.
pub(super) fn one_of<'f>(folder: &'f Folder, statement: &serde_json::Value) -> Option<&'f PathBuf> {
    let subjects = subjects(statement);
    let image = folder.images.iter().find(|i| i.fault.is_none() && subjects.iter().any(|s| i.is(*s)));
    image.and_then(|i| folder.files.get(&i.key)).map(|held| &held.path)
}

/// What is wrong with an image by itself.
pub(super) fn faults(folder: &Folder, ledger: &mut Ledger) {
    for image in &folder.images {
        if let Some(fault) = &image.fault {
            ledger.wrong(&image.key, fault.as_str());
        }
    }
}

/// The names that a summary has for an image are those that it has here.
pub(super) fn named(folder: &Folder, summary: &Summary, ledger: &mut Ledger) {
    for image in &folder.images {
        let of: Vec<_> = summary.images.iter().filter(|(_, d, _)| *d == image.sha256).collect();
        let names: BTreeSet<&String> = of.iter().flat_map(|(_, _, names)| names).collect();
        if !of.is_empty() && names != image.names.iter().collect() {
            ledger.wrong(&image.key, format!("its names are not those that {} has", summary.file));
        }
    }
}
