//! What an image is, by its bytes: a layout, an archive, or one of a release's.

use super::base::open;
use super::build::drawn;
use crate::session::Session;
use goferry_image::{Descriptor, Layout, Tree, archive};
use goferry_report::{Code, Diagnostic, Diagnostics};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// A layout, an archive, or a dist folder.
    pub at: PathBuf,
    /// Whether every blob is read and every layer unpacked.
    pub verify: bool,
    /// Whether the files of each image are listed.
    pub files: bool,
}

/// One image under its names.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Inspected {
    /// The layout or archive.
    pub at: String,
    /// Digest of the index or the only image.
    pub digest: String,
    /// Media type of that.
    pub media_type: String,
    /// Names.
    pub names: Vec<String>,
    /// Annotations of the index.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Its platforms.
    pub platforms: Vec<OnPlatform>,
    /// Whether every blob was read and every layer unpacked.
    pub verified: bool,
}

/// One platform's image.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OnPlatform {
    /// `linux/arm/v7`.
    pub platform: String,
    /// Digest of the manifest.
    pub digest: String,
    /// Annotations of the manifest.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// The configuration, as it is.
    pub config: goferry_image::ImageConfig,
    /// Layers, lowest first.
    pub layers: Vec<OneLayer>,
    /// Files, if they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files: Option<Vec<OneFile>>,
}

/// A layer.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OneLayer {
    /// Digest of the blob.
    pub digest: String,
    /// Its bytes.
    pub size: u64,
    /// How it is compressed.
    pub media_type: String,
    /// What the history says of it.
    pub comment: String,
}

/// An entry of the file tree.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OneFile {
    /// Path with its first `/`.
    pub path: String,
    /// `directory`, `file`, `symlink`, `device`, `fifo`.
    pub kind: &'static str,
    /// Octal permission bits.
    pub mode: String,
    /// Owner and group.
    pub owner: (u32, u32),
    /// Bytes of a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Text of a link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// Looks at every image there.
///
/// # Errors
/// There is none, or it is damaged.
pub fn inspect(session: &Session, question: &Question) -> Result<Vec<Inspected>, Diagnostics> {
    let at = session.cwd.join(&question.at);
    let temp = tempfile::tempdir().map_err(|e| crate::dist::failure(&at, &e))?;
    let mut out = vec![];
    for place in places(&at)? {
        let layout = open(&place, temp.path())?;
        let shown = place.strip_prefix(&session.cwd).unwrap_or(&place).display().to_string();
        out.extend(Look { layout: &layout, shown, question }.all().map_err(|e| drawn(&e))?);
    }
    Ok(out)
}

/// A layout, an archive, or the layouts of a release.
pub(crate) fn places(at: &Path) -> Result<Vec<PathBuf>, Diagnostics> {
    if at.is_file() || at.join("oci-layout").is_file() {
        return Ok(vec![at.to_owned()]);
    }
    let below = |folder: PathBuf| {
        let read = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
        read.map(|e| e.path()).filter(|p| p.join("index.json").is_file()).collect::<Vec<_>>()
    };
    let mut found = below(at.join("images"));
    if found.is_empty() {
        found = below(at.to_owned());
    }
    found.sort();
    if found.is_empty() {
        let message = format!("{} is no image, and has none in images/", at.display());
        let d = Diagnostic::error(Code::ImageUnusable, message);
        return Err(d
            .hint("name an OCI layout, an archive, or the dist/ of a release that has images")
            .into());
    }
    Ok(found)
}

struct Look<'l> {
    layout: &'l Layout,
    shown: String,
    question: &'l Question,
}

impl Look<'_> {
    fn all(&self) -> Result<Vec<Inspected>, goferry_image::ImageError> {
        let mut out: Vec<Inspected> = vec![];
        for (name, top) in self.layout.refs()? {
            match out.iter_mut().find(|i| i.digest == top.digest.as_str()) {
                Some(same) => same.names.extend(name),
                None => {
                    let mut one = self.one(&top)?;
                    one.names.extend(name);
                    out.push(one);
                }
            }
        }
        if self.question.verify {
            self.layout.verify()?;
        }
        Ok(out)
    }

    fn one(&self, top: &Descriptor) -> Result<Inspected, goferry_image::ImageError> {
        let mut platforms = vec![];
        for (platform, d) in self.layout.images(top)? {
            platforms.push(self.platform(platform.to_string(), &d)?);
        }
        let annotations = match goferry_image::media_type::is_index(&top.media_type) {
            true => self.layout.read_index(top)?.annotations,
            false => BTreeMap::new(),
        };
        Ok(Inspected {
            at: self.shown.clone(),
            digest: top.digest.to_string(),
            media_type: top.media_type.clone(),
            names: vec![],
            annotations,
            platforms,
            verified: self.question.verify,
        })
    }

    fn platform(&self, platform: String, d: &Descriptor) -> Result<OnPlatform, goferry_image::ImageError> {
        let manifest = self.layout.read_manifest(d)?;
        let config = self.layout.read_config(&manifest)?;
        if self.question.verify {
            archive::verify_layers(self.layout, d)?;
        }
        let mut made = config.history.iter().filter(|h| !h.empty_layer);
        let mut layers = vec![];
        for l in &manifest.layers {
            let said = made.next().map(|h| if h.comment.is_empty() { &h.created_by } else { &h.comment });
            layers.push(OneLayer {
                digest: l.digest.to_string(),
                size: l.size,
                media_type: l.media_type.clone(),
                comment: said.cloned().unwrap_or_default(),
            });
        }
        let files = match self.question.files {
            true => Some(files(&Tree::of_image(self.layout, &manifest)?)),
            false => None,
        };
        let annotations = manifest.annotations;
        Ok(OnPlatform { platform, digest: d.digest.to_string(), annotations, config, layers, files })
    }
}

fn files(tree: &Tree) -> Vec<OneFile> {
    use goferry_image::Kind;
    let one = |(path, node): (&str, &goferry_image::Node)| {
        let (kind, size, link) = match &node.kind {
            Kind::Directory => ("directory", None, None),
            Kind::File(content) => ("file", Some(content.size()), None),
            Kind::Symlink(text) => ("symlink", None, Some(text.clone())),
            Kind::CharDevice(..) | Kind::BlockDevice(..) => ("device", None, None),
            Kind::Fifo => ("fifo", None, None),
        };
        let mode = format!("{:04o}", node.mode);
        OneFile { path: format!("/{path}"), kind, mode, owner: (node.uid, node.gid), size, link }
    };
    tree.iter().filter(|(p, _)| !p.is_empty()).map(one).collect()
}
