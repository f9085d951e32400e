//! The files of a release as they lie in a folder, each hashed once.

use super::images::{self, HeldImage};
use super::kind::{self, Kind};
use super::unreadable;
use crate::images::build::repository;
use goferry_cache::Digest;
use goferry_report::{Code, Diagnostic, Diagnostics};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// What is read of a file to learn its kind; a bundle's or statement's type stands in it.
const HEAD: u64 = 4096;
/// The most that evidence may have; an SBOM of the largest programs has a few megabytes.
pub(super) const EVIDENCE_LIMIT: u64 = 64 << 20;
/// Lines of a file of digests have some hundred bytes.
const DIGESTS_LIMIT: u64 = 1 << 20;
/// More files than any release has.
const MANY: usize = 10_000;

/// Why nothing can speak of a file.
pub(super) const NOT_UTF8: &str =
    "its name is not UTF-8, and no checksum file and no statement can speak of such a one";

/// A file.
pub(super) struct Held {
    /// Where.
    pub path: PathBuf,
    /// SHA-256.
    pub sha256: String,
    /// What it is.
    pub kind: Kind,
}

/// A folder.
pub(super) struct Folder {
    /// Its path.
    pub dir: PathBuf,
    /// By the name under which users get it.
    pub files: BTreeMap<String, Held>,
    /// The files that were named; none: the whole folder.
    pub chosen: Option<BTreeSet<String>>,
    /// Whether it is the dist/ of whoever made the release.
    pub dist: bool,
    /// In dist/: the names that artifacts.json has.
    pub listed: BTreeSet<String>,
    /// Images in `images/`, if a whole folder was asked about.
    pub images: Vec<HeldImage>,
    /// In dist/: the images that artifacts.json has, without tags.
    pub listed_images: BTreeSet<String>,
    /// Files whose names are not UTF-8, as far as they can be drawn: no checksum file and no statement can speak of them.
    pub nameless: Vec<String>,
}

impl Folder {
    /// One folder, or files of one folder.
    pub(super) fn read(paths: &[PathBuf]) -> Result<Folder, Diagnostics> {
        let usage = |m: String| Diagnostics::from(Diagnostic::error(Code::ConfigValue, m));
        let (dir, chosen) = match paths {
            [] => return Err(usage("a folder or files must be named".to_owned())),
            [one] if one.is_dir() => (one.clone(), None),
            files => {
                let mut dirs: Vec<&Path> = files.iter().map(|f| parent(f)).collect();
                dirs.dedup();
                let ([dir], false) = (dirs.as_slice(), files.iter().any(|f| f.is_dir())) else {
                    return Err(usage(
                        "files of one folder can be verified together, or one folder".to_owned(),
                    ));
                };
                let mut names = BTreeSet::new();
                for f in files {
                    std::fs::metadata(f).map_err(|e| unreadable(f, &e))?;
                    let name = f.file_name().unwrap_or_default().to_str();
                    let odd = || usage(format!("{}: {NOT_UTF8}", f.display()));
                    names.insert(name.ok_or_else(odd)?.to_owned());
                }
                ((*dir).to_owned(), Some(names))
            }
        };
        crate::dist::not_whole(&dir, Code::ConfigValue)?;
        let dist = ["artifacts.json", "metadata.json"].iter().all(|f| dir.join(f).is_file());
        let (files, listed, images, listed_images, nameless) = Default::default();
        let mut folder = Folder { dir, files, chosen, dist, listed, images, listed_images, nameless };
        folder.fill()?;
        if folder.chosen.is_none() {
            for (image, held) in images::read(&folder.dir, dist) {
                folder.files.insert(image.key.clone(), held);
                folder.images.push(image);
            }
        }
        Ok(folder)
    }

    fn fill(&mut self) -> Result<(), Diagnostics> {
        let entries = std::fs::read_dir(&self.dir).map_err(|e| unreadable(&self.dir, &e))?;
        let names = entries.map(|e| e.map(|e| e.file_name())).collect::<Result<Vec<_>, _>>();
        let mut names = names.map_err(|e| unreadable(&self.dir, &e))?;
        names.sort();
        if names.len() > MANY {
            let message = format!("{} has more than {MANY} files", self.dir.display());
            return Err(Diagnostic::error(Code::ConfigValue, message).into());
        }
        for name in names {
            let path = self.dir.join(&name);
            match name.to_str() {
                _ if !path.is_file() => {}
                Some(name) => self.add(name.to_owned(), path)?,
                None => self.nameless.push(name.to_string_lossy().into_owned()),
            }
        }
        if self.dist {
            self.add_listed()?;
        }
        match self.chosen.iter().flatten().find(|c| !self.files.contains_key(*c)) {
            Some(odd) => Err(Diagnostic::error(Code::Io, format!("{odd} is no regular file")).into()),
            None => Ok(()),
        }
    }

    /// In dist/ a binary that is released as such lies in a folder and has another name there.
    fn add_listed(&mut self) -> Result<(), Diagnostics> {
        let Some(serde_json::Value::Array(all)) = self.json("artifacts.json") else { return Ok(()) };
        for a in &all {
            let (Some(name), Some(path)) = (a["name"].as_str(), a["path"].as_str()) else { continue };
            if matches!(a["internal_type"].as_u64(), Some(9..=11 | 37)) {
                // One without a name has the path of its layout.
                let layout = path.rsplit_once("/images/").map(|(_, id)| format!("images/{id}"));
                self.listed_images
                    .insert(layout.filter(|_| name != path).unwrap_or_else(|| repository(name)));
                continue;
            }
            let words: Vec<&str> = path.split('/').filter(|w| !w.is_empty() && *w != "..").collect();
            let inside = (0..words.len()).map(|n| self.dir.join(words[n..].join("/"))).find(|p| p.is_file());
            // 2, 3: archives' kin that are uploaded as they are; 1, 12, 13, …: at the top of dist/.
            let released = !matches!(a["internal_type"].as_u64(), Some(4 | 5 | 30..=32 | 35));
            if released {
                self.listed.insert(name.to_owned());
            }
            if let (Some(path), true, false) = (inside, released, self.files.contains_key(name)) {
                self.add(name.to_owned(), path)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, name: String, path: PathBuf) -> Result<(), Diagnostics> {
        let mut head = vec![];
        let file = std::fs::File::open(&path).map_err(|e| unreadable(&path, &e))?;
        file.take(HEAD).read_to_end(&mut head).map_err(|e| unreadable(&path, &e))?;
        let sha256 = Digest::of_file(&path)
            .map_err(|e| Diagnostics::from(Diagnostic::error(Code::Io, e.to_string())))?
            .to_hex();
        let mut kind = kind::of(&name, &head, self.dist);
        // What `goferry image push` wrote, whatever `docker_digest` calls it.
        if self.dist && matches!(kind, Kind::Artifact | Kind::Sums) && kind::begins_like_digests(&head) {
            let whole = goferry_supply::read_bounded(&path, DIGESTS_LIMIT);
            if whole.is_ok_and(|bytes| kind::are_digests(&bytes)) {
                kind = Kind::Note;
            }
        }
        self.files.insert(name, Held { path, sha256, kind });
        Ok(())
    }

    /// The files of a kind, by name.
    pub(super) fn of_kind(&self, kind: Kind) -> impl Iterator<Item = (&str, &Held)> {
        self.files.iter().filter(move |(_, h)| h.kind == kind).map(|(n, h)| (n.as_str(), h))
    }

    /// Whether a missing file is a fault: in a whole folder, and in dist/ only what was made there.
    pub(super) fn must_have(&self, name: &str) -> bool {
        self.chosen.is_none() && (!self.dist || self.listed.contains(name))
    }

    /// Small content; none if it is larger than evidence is, or cannot be read.
    pub(super) fn content(&self, name: &str) -> Option<Vec<u8>> {
        let path = self.files.get(name)?.path.clone();
        goferry_supply::read_bounded(&path, EVIDENCE_LIMIT).ok()
    }

    /// The same as JSON.
    pub(super) fn json(&self, name: &str) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.content(name)?).ok()
    }
}

fn parent(file: &Path) -> &Path {
    file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
