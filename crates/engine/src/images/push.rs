//! `goferry image push`: the images of OCI layouts, under their names, with what goes with them.

use super::attach::{Attached, Attachments, Evidence, Signer};
use super::index::{self, Known};
use super::layout::{Image, Layout};
use super::registries::{Registries, drawn};
use super::wanted::Release;
use super::{held, sign, wanted};
use crate::session::Session;
use goferry_plan::image_push::ImagePush;
use goferry_registry::{BlobSource, Client, Descriptor, Push, Reference, Repository, media};
use goferry_report::{Code, Diagnostic, Diagnostics};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is asked for.
pub struct Question {
    /// An OCI layout, an archive of one or of `docker save`, or a dist folder with layouts in `images/`.
    pub folder: PathBuf,
    /// Where to, in the place of the names in the layout.
    pub to: Vec<String>,
    /// A tag that exists with another digest is not moved.
    pub immutable: bool,
    /// Registries that speak plain http.
    pub plain_http: Vec<String>,
    /// Repositories of the same registries that may have the same layers.
    pub mount_from: Vec<String>,
    /// What goes with each image.
    pub attachments: Attachments,
}

/// What kind of image a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// An image for one platform.
    Image,
    /// An image for several platforms.
    Index,
    /// One of `docker_manifests`: an index over images that were pushed before.
    Manifest,
}

/// What was pushed.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// Name of the layout's folder, which is the image's id, or of the archive.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// The section of the configuration that asks for it; empty where no release says it.
    pub section: String,
    /// The repository.
    pub repository: String,
    /// Its digest there.
    pub digest: String,
    /// Tags that were set.
    pub tagged: Vec<String>,
    /// Tags that were right already.
    pub unchanged: Vec<String>,
    /// Blobs that were sent.
    pub sent: usize,
    /// Their bytes.
    pub sent_bytes: u64,
    /// Blobs that came from another repository of the registry.
    pub mounted: usize,
    /// Blobs that were there.
    pub there: usize,
    /// What was attached.
    pub attached: Vec<Attached>,
}

impl Row {
    /// The image under each of its tags; without tags the repository.
    pub fn names(&self) -> Vec<String> {
        let tags = self.tagged.iter().chain(&self.unchanged);
        let names: Vec<String> = tags.map(|t| format!("{}:{t}", self.repository)).collect();
        if names.is_empty() { vec![self.repository.clone()] } else { names }
    }

    /// `<hex>  <image>` for each name, as goreleaser writes its file of digests.
    pub fn digest_lines(&self) -> String {
        let hex = self.digest.split(':').next_back().unwrap_or_default();
        self.names().iter().map(|n| format!("{hex}  {n}\n")).collect()
    }
}

/// An image that is not pushed.
#[derive(Clone, Debug)]
pub struct HeldBack {
    /// Its reference.
    pub name: String,
    /// Why not.
    pub why: String,
}

/// What became of a push.
pub struct Done {
    /// What was pushed.
    pub rows: Vec<Row>,
    /// What was not, since the configuration says so.
    pub held: Vec<HeldBack>,
}

/// An image on its way to a repository.
#[derive(Clone, Debug)]
pub(super) struct Target {
    image: Image,
    pub(super) repository: Repository,
    pub(super) tags: Vec<String>,
}

/// What an image is to the configuration.
struct Is<'i> {
    id: &'i str,
    kind: Kind,
    section: &'i str,
}

/// A run of pushes.
struct Run<'a> {
    client: Client<'a>,
    question: &'a Question,
    mount_from: Vec<Repository>,
    signer: Signer<'a>,
    evidence: Evidence<'a>,
    wanted: ImagePush,
    rows: Vec<Row>,
    done: &'a mut dyn FnMut(&Row),
}

/// Pushes. `done` is told of each repository when it has everything.
///
/// # Errors
/// A name or a layout cannot be used, or a registry refuses. What was pushed before stays.
pub fn push(session: &Session, question: &Question, done: &mut dyn FnMut(&Row)) -> Result<Done, Diagnostics> {
    let folder = session.cwd.join(&question.folder);
    let temp = tempfile::tempdir().map_err(|e| Diagnostics::from(*crate::dist::failure(&folder, &e)))?;
    let place = match folder.is_file() {
        true => super::base::open(&folder, temp.path())?.root().to_owned(),
        false => folder.clone(),
    };
    let layouts = layouts(&place)?;
    let in_dist = !Layout::is_one(&place) && question.to.is_empty();
    let release = Release::read(&folder);
    let wanted = if in_dist { wanted::of_release(session, &release)? } else { ImagePush::default() };
    let sections = release.sections();
    let signer = Signer::new(session);
    let given = &question.attachments;
    let files = match given.files.is_empty() && given.of_release && in_dist {
        true => release.documents(),
        false => given.files.clone(),
    };
    let evidence = Evidence::read(&signer, given, &files)?;
    sign::prepare(&signer, &wanted.signs)?;
    let mount_from = question.mount_from.iter().map(|r| r.parse()).collect::<Result<Vec<Repository>, _>>();
    let mount_from = mount_from.map_err(|e| drawn(&e))?;
    // Every name is known to be one, and every index to have its images, before anything is sent.
    let mut planned = planned(session, &layouts, &question.to)?;
    let held = held::taken_out(&wanted, &mut planned)?;
    let known: Vec<Known> =
        planned.iter().flat_map(|(l, targets)| targets.iter().map(|t| known(l, t))).collect();
    let indexes = wanted
        .manifests
        .iter()
        .map(|m| {
            Ok((
                m.id.clone(),
                m.name.parse::<Reference>().map_err(|e| drawn(&e))?,
                index::made(&m.name, &m.images, &known)?,
            ))
        })
        .collect::<Result<Vec<_>, Diagnostics>>()?;
    let registries = Registries::new(session);
    let client = registries.client(&question.plain_http)?;
    let mut run = Run { client, question, mount_from, signer, evidence, wanted, rows: vec![], done };
    for (layout, targets) in &planned {
        let named = if folder.is_file() { &folder } else { &layout.root };
        let id = named.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        for target in targets {
            let root = &target.image.descriptor;
            let is_index = matches!(root.media_type.as_str(), media::INDEX | media::DOCKER_INDEX);
            let kind = if is_index { Kind::Index } else { Kind::Image };
            let section = sections.get(&id).map_or("", String::as_str);
            let is = Is { id: &id, kind, section };
            run.one(is, &target.repository, &target.tags, root, &layout.source())?;
        }
    }
    for (id, name, made) in indexes {
        let tags: Vec<String> = name.tag().map(str::to_owned).into_iter().collect();
        let is = Is { id: &id, kind: Kind::Manifest, section: "docker_manifests" };
        run.one(is, name.repository(), &tags, &made.descriptor, &made.source)?;
    }
    if let Some(name) = run.wanted.digests.as_ref().filter(|n| !n.is_empty()) {
        let text: String = run.rows.iter().map(Row::digest_lines).collect();
        crate::dist::write_whole(&folder.join(name), text).map_err(|d| Diagnostics::from(*d))?;
    }
    Ok(Done { rows: run.rows, held })
}

impl Run<'_> {
    fn one(
        &mut self,
        is: Is<'_>,
        to: &Repository,
        tags: &[String],
        root: &Descriptor,
        source: &Arc<dyn BlobSource>,
    ) -> Result<(), Diagnostics> {
        let (immutable, mount_from) = (self.question.immutable, self.mount_from.as_slice());
        let push = Push { to, tags, root, source, immutable, mount_from };
        let pushed = self.client.push(&push).map_err(|e| drawn(&e))?;
        let mut row = Row {
            id: is.id.to_owned(),
            kind: is.kind,
            section: is.section.to_owned(),
            repository: to.to_string(),
            digest: pushed.digest.to_string(),
            tagged: pushed.tagged,
            unchanged: pushed.unchanged,
            sent: pushed.sent,
            sent_bytes: pushed.sent_bytes,
            mounted: pushed.mounted,
            there: pushed.there,
            attached: self.evidence.attach(&self.signer, &self.client, to, root)?,
        };
        let signed = sign::sign(&self.signer, &self.client, &self.wanted.signs, &row, to, root)?;
        row.attached.extend(signed);
        (self.done)(&row);
        self.rows.push(row);
        Ok(())
    }
}

fn known(layout: &Layout, target: &Target) -> Known {
    let names = target.tags.iter().filter_map(|t| target.repository.tagged(t).ok()).collect();
    Known { names, descriptor: target.image.descriptor.clone(), source: layout.source() }
}

/// The folder itself, or those in its `images/`.
fn layouts(folder: &Path) -> Result<Vec<Layout>, Diagnostics> {
    if Layout::is_one(folder) {
        return Ok(vec![Layout::open(folder)?]);
    }
    crate::dist::not_whole(folder, Code::ImageUnusable)?;
    let mut found: Vec<PathBuf> = match std::fs::read_dir(folder.join("images")) {
        Ok(entries) => entries.filter_map(|e| Some(e.ok()?.path())).filter(|p| Layout::is_one(p)).collect(),
        Err(_) => vec![],
    };
    found.sort();
    if found.is_empty() {
        let message = format!("{} is no OCI image layout, and has none in images/", folder.display());
        let d = Diagnostic::error(Code::ImageUnusable, message);
        return Err(d.hint("name a folder with a file oci-layout, or make a release that has images").into());
    }
    found.iter().map(|p| Layout::open(p)).collect()
}

/// Which image of each layout goes where. A layout without a name that says where is left out, and said to be, if others have one.
fn planned<'l>(
    session: &Session,
    layouts: &'l [Layout],
    to: &[String],
) -> Result<Vec<(&'l Layout, Vec<Target>)>, Diagnostics> {
    let (mut planned, mut nameless) = (vec![], vec![]);
    for layout in layouts {
        match targets(&layout.images, to)? {
            none if none.is_empty() => nameless.push(layout.root.display().to_string()),
            some => planned.push((layout, some)),
        }
    }
    let lost = |d: Diagnostic| {
        d.hint("names come from the configuration's images and tags, and need a repository, as in ghcr.io/me/tool")
            .hint_with("or say where to:", "goferry image push LAYOUT --to REGISTRY/REPOSITORY[:TAG]")
    };
    if planned.is_empty() {
        let message = format!("no image has a name with a repository: {}", nameless.join(", "));
        return Err(lost(Diagnostic::error(Code::ImageUnusable, message)).into());
    }
    for root in nameless {
        let message = format!("{root} is not pushed: it has no name with a repository");
        session.sink.diagnostic(lost(Diagnostic::warning(Code::ImageUnusable, message)));
    }
    Ok(planned)
}

/// Which image goes where: by `--to`, else by the names in the layout.
fn targets(images: &[Image], to: &[String]) -> Result<Vec<Target>, Diagnostics> {
    if to.is_empty() { by_names(images) } else { by_order(images, to) }
}

fn by_names(images: &[Image]) -> Result<Vec<Target>, Diagnostics> {
    let mut targets = vec![];
    for image in images {
        let mut places: BTreeMap<Repository, Vec<String>> = BTreeMap::new();
        // A bare tag says nothing of where.
        for name in image.names.iter().filter(|n| n.contains('/')) {
            let reference: Reference = name.parse().map_err(|e| drawn(&e))?;
            places
                .entry(reference.repository().clone())
                .or_default()
                .extend(reference.tag().map(str::to_owned));
        }
        for (repository, tags) in places {
            targets.push(Target { image: image.clone(), repository, tags });
        }
    }
    Ok(targets)
}

fn by_order(images: &[Image], to: &[String]) -> Result<Vec<Target>, Diagnostics> {
    let [image] = images else {
        let message = format!("--to is for one image, and there are {}", images.len());
        return Err(Diagnostic::error(Code::ImageUnusable, message).into());
    };
    let mut places: BTreeMap<Repository, Vec<String>> = BTreeMap::new();
    for text in to {
        let reference: Reference = text.parse().map_err(|e| drawn(&e))?;
        let said = text.rsplit('/').next().unwrap_or_default().contains(':');
        let tags = places.entry(reference.repository().clone()).or_default();
        match reference.tag().filter(|_| said) {
            Some(tag) => tags.push(tag.to_owned()),
            None => tags.extend(own_tags(image)),
        }
    }
    let target = |(repository, mut tags): (Repository, Vec<String>)| {
        let mut seen = std::collections::BTreeSet::new();
        tags.retain(|t| seen.insert(t.clone()));
        Target { image: image.clone(), repository, tags }
    };
    Ok(places.into_iter().map(target).collect())
}

/// The tags that an image has in its layout, whatever their repositories; `latest` if it has none.
fn own_tags(image: &Image) -> Vec<String> {
    let tag = |name: &String| match name.contains('/') {
        true => name.parse::<Reference>().ok().and_then(|r| r.tag().map(str::to_owned)),
        false => Some(name.clone()),
    };
    let tags: Vec<String> = image.names.iter().filter_map(tag).collect();
    if tags.is_empty() { vec!["latest".to_owned()] } else { tags }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(n: u8, names: &[&str]) -> Image {
        let names = names.iter().map(|n| (*n).to_owned()).collect();
        Image { descriptor: Descriptor::of(media::INDEX, &[n]), names }
    }

    fn planned(images: &[Image], to: &[&str]) -> Result<Vec<String>, String> {
        let to: Vec<String> = to.iter().map(|t| (*t).to_owned()).collect();
        let found = targets(images, &to).map_err(|d| d.list[0].message.clone())?;
        Ok(found.iter().map(|t| format!("{} {}", t.repository, t.tags.join(","))).collect())
    }

    #[test]
    fn names_say_where_an_image_goes() {
        let one = [image(1, &["ghcr.io/a/b:v1", "ghcr.io/a/b:latest", "quay.io/a/b:v1", "v1"])];
        assert_eq!(planned(&one, &[]).unwrap(), ["ghcr.io/a/b v1,latest", "quay.io/a/b v1"]);
        let two = [image(1, &["ghcr.io/a/b:v1"]), image(2, &["me/c"])];
        assert_eq!(planned(&two, &[]).unwrap(), ["ghcr.io/a/b v1", "docker.io/me/c latest"]);
        for names in [&["v1"][..], &[]] {
            assert_eq!(planned(&[image(1, names)], &[]).unwrap(), [""; 0]);
        }
        let error = planned(&[image(1, &["Ghcr.io/A:v1"])], &[]).unwrap_err();
        assert!(error.contains("no reference"), "{error}");
    }

    #[test]
    fn to_says_it_instead() {
        for (names, to, is) in [
            (&["ghcr.io/a/b:v1"][..], &["localhost:5000/x"][..], &["localhost:5000/x v1"][..]),
            (&["v1", "latest"], &["localhost:5000/x"], &["localhost:5000/x v1,latest"]),
            (
                &["v1"],
                &["localhost:5000/x:t", "localhost:5000/x", "localhost:5000/x:t"],
                &["localhost:5000/x t,v1"],
            ),
            (&[], &["b.io/x", "a.io/y:1"], &["a.io/y 1", "b.io/x latest"]),
        ] {
            assert_eq!(planned(&[image(1, names)], to).unwrap(), is);
        }
        assert!(planned(&[image(1, &[]), image(2, &[])], &["a.io/x"]).unwrap_err().contains("there are 2"));
        assert!(planned(&[image(1, &[])], &["a.io/X"]).unwrap_err().contains("no reference"));
    }
}
