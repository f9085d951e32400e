//! Making one image: its base, what goes on it, the layout in dist/.

use super::proof::Proof;
use super::{base, extras, libraries};
use crate::steps::Execution;
use goferry_image::{
    Addition, Base, Compression, Descriptor, ImageError, Layout, Part, Platform, Program, archive, assemble,
    binary_layers, publish, write_layer,
};
use goferry_plan::graph::{BinariesSpec, ImagePlatform, ImageSpec, StepId};
use goferry_report::{Code, Diagnostic, Diagnostics};
use goferry_verify::{RunOutcome, Verified};
use serde::Serialize;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// An image that was made.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct MadeImage {
    /// Its id.
    pub id: String,
    /// The section of the configuration that asks for it: `image`, `kos`, `dockers`, `dockers_v2`.
    pub section: String,
    /// Digest of the index, or of the only image.
    pub digest: String,
    /// Media type of that.
    pub media_type: String,
    /// Its names.
    pub names: Vec<String>,
    /// Relative to dist.
    pub layout: String,
    /// The file that `docker load` reads: relative to dist, and its SHA-256.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archive: Option<(String, String)>,
    /// What it was built on; empty for nothing.
    pub base: String,
    /// The version of another builder that made it of a Dockerfile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub builder: Option<String>,
    /// Its platforms.
    pub platforms: Vec<MadePlatform>,
    /// Milliseconds that making it took, without the proof.
    pub millis: u64,
    /// Milliseconds of the proof.
    pub proof_millis: u64,
}

/// One platform of an image that was made.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct MadePlatform {
    /// `linux/arm/v7`.
    pub platform: String,
    /// Digest of its manifest.
    pub digest: String,
    /// Bytes of its layers, compressed.
    pub size: u64,
    /// How its program ran in it, or why not.
    pub run: RunOutcome,
}

impl MadeImage {
    /// Platforms whose program did not run in the image, in words.
    pub(crate) fn waivers(&self) -> impl Iterator<Item = String> {
        self.platforms.iter().filter_map(|p| super::proof::waiver(&self.id, &p.platform, &p.run))
    }

    /// A few words for people.
    pub(crate) fn words(&self) -> String {
        let bytes: u64 = self.platforms.iter().map(|p| p.size).sum();
        let short: String = self.digest.chars().take(19).collect();
        let by = self.builder.as_ref().map(|b| format!(", by {b}")).unwrap_or_default();
        match self.platforms.as_slice() {
            [one] => format!("{short} {} {}{by}", one.platform, crate::steps::size(bytes)),
            all => format!("{short} {} platforms {}{by}", all.len(), crate::steps::size(bytes)),
        }
    }
}

/// Makes an image.
pub(crate) struct Maker<'m> {
    pub cx: &'m Execution<'m>,
    pub spec: &'m ImageSpec,
}

/// What goes into it.
pub(crate) struct Parts<'p> {
    pub content: &'p BinariesSpec,
    pub verified: &'p HashMap<StepId, Verified>,
}

impl Maker<'_> {
    /// Makes the layout, and the archive if it is asked for.
    pub(crate) fn make(&self, parts: &Parts<'_>) -> Result<MadeImage, Diagnostics> {
        let begun = Instant::now();
        let folder = self.cx.dist.join(&self.spec.layout);
        let platforms: Vec<Platform> =
            parts.content.platforms.iter().map(|p| Platform::of(&p.target)).collect();
        let base = base::find(self.cx, self.spec, &parts.content.base, &platforms)?;
        let failed = |e| failure(self.spec, &e);
        let layout = Layout::create(&folder).map_err(failed)?;
        let shared = self.shared(&layout, parts.content)?;
        let mut images = vec![];
        for (on, platform) in parts.content.platforms.iter().zip(platforms) {
            let layers = self.layers(&layout, parts, on, &platform, base.as_ref(), &shared)?;
            let part = Part { platform, layers, entrypoint: on.entrypoint.clone() };
            let run = &parts.content.run;
            images.push(assemble(&layout, self.spec, run, base.as_ref(), &part).map_err(failed)?);
        }
        self.finish(&layout, base.as_ref(), &parts.content.platforms, &images, begun)
    }

    /// Proves the images, and gives them their names. `begun` is when their making began.
    pub(super) fn finish(
        &self,
        layout: &Layout,
        base: Option<&Base>,
        on: &[ImagePlatform],
        images: &[(Platform, Descriptor)],
        begun: Instant,
    ) -> Result<MadeImage, Diagnostics> {
        let failed = |e| failure(self.spec, &e);
        let proving = Instant::now();
        let proof = Proof { cx: self.cx, spec: self.spec, layout };
        let proved = proof.all(on, images)?;
        let proof_time = proving.elapsed();
        let top = publish(layout, self.spec, base, images).map_err(failed)?;
        let archive = match &self.spec.archive {
            None => None,
            Some(name) => {
                let out = self.cx.dist.join(name);
                let (digest, _) = archive::write(layout, &out, self.spec.created).map_err(failed)?;
                Some((name.clone(), digest.hex().to_owned()))
            }
        };
        let mut made = self.made(layout, &top, base, archive, (images, &proved)).map_err(failed)?;
        made.proof_millis = millis(proof_time);
        made.millis = millis(begun.elapsed().saturating_sub(proof_time));
        Ok(made)
    }

    fn made(
        &self,
        layout: &Layout,
        top: &Descriptor,
        base: Option<&Base>,
        archive: Option<(String, String)>,
        (images, proved): (&[(Platform, Descriptor)], &[RunOutcome]),
    ) -> Result<MadeImage, ImageError> {
        let one = |((platform, d), run): (&(Platform, Descriptor), &RunOutcome)| {
            Ok(MadePlatform {
                platform: platform.to_string(),
                digest: d.digest.to_string(),
                size: layout.read_manifest(d)?.layers.iter().map(|l| l.size).sum(),
                run: run.clone(),
            })
        };
        Ok(MadeImage {
            id: self.spec.id.clone(),
            section: self.spec.section.clone(),
            digest: top.digest.to_string(),
            media_type: top.media_type.clone(),
            names: self.spec.names.clone(),
            layout: self.spec.layout.clone(),
            archive,
            base: base.map(|b| format!("{}@{}", b.name, b.top.digest)).unwrap_or_default(),
            builder: None,
            platforms: images.iter().zip(proved).map(one).collect::<Result<_, _>>()?,
            millis: 0,
            proof_millis: 0,
        })
    }

    /// Layers that all platforms have: certificates and their kin, and files of the project.
    fn shared(&self, layout: &Layout, content: &BinariesSpec) -> Result<Vec<Addition>, Diagnostics> {
        let mut out = vec![];
        let compression = compression(content);
        let made = extras::tree(self.cx, self.spec, content)?;
        for (comment, tree) in made {
            let layer = write_layer(layout, &tree.entries(), compression);
            out.push(Addition { layer: layer.map_err(|e| failure(self.spec, &e))?, comment });
        }
        Ok(out)
    }

    fn layers(
        &self,
        layout: &Layout,
        parts: &Parts<'_>,
        on: &ImagePlatform,
        platform: &Platform,
        base: Option<&Base>,
        shared: &[Addition],
    ) -> Result<Vec<Addition>, Diagnostics> {
        let compression = compression(parts.content);
        let failed = |e| failure(self.spec, &e);
        let mut out = shared.to_vec();
        let programs: Vec<Program<'_>> = on
            .binaries
            .iter()
            .filter_map(|b| Some(Program { verified: parts.verified.get(&b.verified)?, to: &b.to }))
            .collect();
        let needed = libraries::Needed { cx: self.cx, spec: self.spec, target: on.target, platform };
        if let Some(tree) = needed.tree(&programs, base)? {
            let layer = write_layer(layout, &tree.entries(), compression).map_err(failed)?;
            out.push(Addition { layer, comment: "loader and libraries".to_owned() });
        }
        let content = parts.content;
        let layers = binary_layers(layout, &programs, content.mode, content.mtime, compression);
        for (layer, p) in layers.map_err(failed)?.into_iter().zip(&programs) {
            out.push(Addition { layer, comment: format!("/{}", p.to) });
        }
        Ok(out)
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn compression(content: &BinariesSpec) -> Compression {
    match content.compression.as_str() {
        "zstd" => Compression::Zstd,
        "none" => Compression::None,
        _ => Compression::Gzip,
    }
}

/// An image that could not be made.
pub(crate) fn failure(spec: &ImageSpec, e: &ImageError) -> Diagnostics {
    Diagnostic { message: format!("image `{}`: {e}", spec.id), ..drawn(e) }.into()
}

/// An error of the `image` house.
pub(crate) fn drawn(e: &ImageError) -> Diagnostic {
    let code = match e {
        ImageError::Changed { .. } => Code::DigestChanged,
        ImageError::Io { source, path, .. } => return *crate::dist::failure(path, source),
        _ => Code::ImageUnusable,
    };
    Diagnostic::error(code, e.to_string())
}
