//! Images of Dockerfiles: the context of verified binaries and files of the project, bases, and RUN where it is asked for.
//!
//! Owns: what the `image` house cannot know. Must not: know what instructions mean.

use super::base;
use super::build::{MadeImage, Maker, failure};
use super::instruction::{self, Instruction};
use crate::steps::Execution;
use goferry_image::dockerfile::{
    Built, Context, Dockerfile, DockerfileError, Failure, Ignore, Options, RunStep, Surroundings, build,
    parse,
};
use goferry_image::{
    Base, Compression, Content, Digest, ImageError, Kind, Layer, Layout, Node, Platform, Tree, seal,
};
use goferry_plan::graph::{BaseSpec, DockerfileSpec, ImagePlatform, ImageSpec, StepId};
use goferry_report::{Code, Diagnostic, Diagnostics, Label};
use goferry_target::GoTarget;
use goferry_verify::Verified;
use std::collections::HashMap;
use std::path::Path;
use std::time::Instant;

/// As big as a Dockerfile or a .dockerignore may be.
const MAX_TEXT: u64 = 4 << 20;

/// What a Dockerfile image is made of.
pub(crate) struct Recipe<'r> {
    pub content: &'r DockerfileSpec,
    pub verified: &'r HashMap<StepId, Verified>,
}

impl Maker<'_> {
    /// Makes the image of a Dockerfile for all of its platforms.
    pub(crate) fn of_dockerfile(&self, recipe: &Recipe<'_>) -> Result<MadeImage, Diagnostics> {
        let begun = Instant::now();
        let content = recipe.content;
        let text = text(&self.cx.project.root.join(&content.path))?;
        let dockerfile = parse(&text).map_err(|e| said(&content.path, &text, &e))?;
        let context = self.context(recipe)?;
        let failed = |e: ImageError| failure(self.spec, &e);
        let layout = Layout::create(&self.cx.dist.join(&self.spec.layout)).map_err(failed)?;
        let (mut images, mut on) = (vec![], vec![]);
        for platform in &content.platforms {
            let made = self.one(&layout, content, &dockerfile, context.tree(), platform);
            let built = made.map_err(|e| match e {
                Failure::Said(e) => said(&content.path, &text, &e).into(),
                Failure::Image(e) => failed(e),
                Failure::Outside(d) => d,
            })?;
            on.push(installed(platform, recipe, &built));
            images.push(seal(&layout, self.spec, &built).map_err(failed)?);
        }
        self.finish(&layout, None, &on, &images, begun)
    }

    fn one(
        &self,
        layout: &Layout,
        content: &DockerfileSpec,
        dockerfile: &Dockerfile,
        context: &Tree,
        on: &ImagePlatform,
    ) -> Result<Built, Failure<Diagnostics>> {
        let pair = |line: &String| {
            let (name, value) = line.split_once('=').unwrap_or((line, ""));
            (name.to_owned(), value.to_owned())
        };
        let options = Options {
            platform: platform_of(&on.target),
            host: Platform::of(&crate::host::host_target()),
            args: content.args.iter().map(pair).collect(),
            target: content.target.clone(),
            labels: self.spec.labels.clone(),
            created: self.spec.created,
            compression: Compression::Gzip,
        };
        let around = Around { cx: self.cx, spec: self.spec, content, target: on.target };
        build(layout, dockerfile, context, &options, &around)
    }

    /// goreleaser's: the binaries, the files that are named, and the Dockerfile; nothing else of the project.
    fn context(&self, recipe: &Recipe<'_>) -> Result<Context, Diagnostics> {
        let root = &self.cx.project.root;
        let failed = |e: ImageError| failure(self.spec, &e);
        let mut context = Context::default();
        context.take(&root.join(&recipe.content.path), "Dockerfile").map_err(failed)?;
        for file in &recipe.content.files {
            let to = goferry_image::tree::clean(file);
            context.take(&root.join(file), &to).map_err(failed)?;
        }
        for binary in recipe.content.platforms.iter().flat_map(|p| &p.binaries) {
            let Some(verified) = recipe.verified.get(&binary.verified) else { continue };
            let content = content_of(verified).map_err(failed)?;
            context.put(&binary.to, Node::new(Kind::File(content), 0o755, self.spec.created));
        }
        for package in &recipe.content.packages {
            context.take(&self.cx.dist.join(&package.path), &package.to).map_err(failed)?;
        }
        for name in [format!("{}.dockerignore", recipe.content.path), ".dockerignore".to_owned()] {
            // The second counts only if it is in the context.
            let inside = name == ".dockerignore" && context.tree().get(&name).is_none();
            if !inside && root.join(&name).is_file() {
                context.ignore(&Ignore::parse(&text(&root.join(&name))?));
                break;
            }
        }
        Ok(context)
    }
}

fn content_of(verified: &Verified) -> Result<Content, ImageError> {
    let built = verified.built();
    let file = built.binary();
    let digest = Digest::from_hex(&file.sha256)
        .map_err(|why| ImageError::Damaged { what: file.path.clone(), why: why.to_string() })?;
    Ok(Content::verified(built.path(), file.size, digest))
}

/// What the image is said to be for, and TARGETPLATFORM: as goreleaser has it, levels of a processor are not in it.
pub(super) fn platform_of(target: &GoTarget) -> Platform {
    let mut platform = Platform::of(target);
    if matches!(platform.architecture.as_str(), "amd64" | "arm64") {
        platform.variant.clear();
    }
    platform
}

/// The platform with its binaries where the image has them, and its entrypoint, for the proof.
fn installed(on: &ImagePlatform, recipe: &Recipe<'_>, built: &Built) -> ImagePlatform {
    let mut out = on.clone();
    out.binaries.clear();
    for binary in &on.binaries {
        let content = recipe.verified.get(&binary.verified).and_then(|v| content_of(v).ok());
        let Some(content) = content else { continue };
        let is = |n: &Node| matches!(&n.kind, Kind::File(c) if c.is_same(&content));
        for (path, _) in built.tree.iter().filter(|(_, n)| is(n)) {
            out.binaries.push(goferry_plan::graph::ImageBinary { to: path.to_owned(), ..binary.clone() });
        }
    }
    let config = &built.config.config;
    let words = config.entrypoint.clone().or_else(|| config.cmd.clone()).unwrap_or_default();
    out.entrypoint = words;
    if let Some(first) = out.entrypoint.first_mut()
        && let Some((real, _)) = built.tree.lookup(first)
    {
        *first = format!("/{real}");
    }
    out
}

fn text(path: &Path) -> Result<String, Diagnostics> {
    let about = path.metadata().map_err(|e| *crate::dist::failure(path, &e))?;
    if about.len() > MAX_TEXT {
        let message = format!("{} has more than 4 MiB", path.display());
        return Err(Diagnostic::error(Code::ConfigValue, message).into());
    }
    let bytes = std::fs::read(path).map_err(|e| *crate::dist::failure(path, &e))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A mistake in a Dockerfile, or what is not done here, with its line.
fn said(path: &str, text: &str, e: &DockerfileError) -> Diagnostic {
    let code = if e.elsewhere { Code::UnsupportedKey } else { Code::ConfigValue };
    let line = u32::try_from(e.line).unwrap_or(0);
    let excerpt = text.lines().nth(e.line.saturating_sub(1)).map(str::to_owned);
    let mut d = Diagnostic::error(code, format!("{path}:{}: {}", e.line, e.message));
    d = d.label(Label { excerpt, ..Label::at(path, line, 1) });
    e.hints.iter().fold(d, |d, hint| d.hint(hint.clone()))
}

/// What a Dockerfile cannot do alone.
struct Around<'a> {
    cx: &'a Execution<'a>,
    spec: &'a ImageSpec,
    content: &'a DockerfileSpec,
    target: GoTarget,
}

impl Surroundings for Around<'_> {
    type Error = Diagnostics;

    fn base(&self, reference: &str, platform: &Platform) -> Result<Base, Diagnostics> {
        let found = base::find(self.cx, self.spec, &self.place(reference), std::slice::from_ref(platform))?;
        found.ok_or_else(|| {
            let message = format!("image `{}`: `{reference}` is no image", self.spec.id);
            Diagnostic::error(Code::ImageUnusable, message).into()
        })
    }

    fn run(&self, layout: &Layout, tree: &mut Tree, step: &RunStep) -> Result<Option<Layer>, Diagnostics> {
        if !self.cx.request.run_instructions {
            return Ok(None);
        }
        let what = format!("{}:{}: {}", self.content.path, step.line, step.title);
        let target = match step.platform == platform_of(&self.target) {
            true => self.target,
            false => step.platform.to_string().parse().unwrap_or(self.target),
        };
        let Some(runner) = self.cx.runners.get(&target) else {
            let message = format!("{what}: nothing here runs programs for {target}");
            return Err(Diagnostic::error(Code::UnsupportedKey, message).into());
        };
        let instruction = Instruction {
            what: &what,
            argv: &step.argv,
            env: &step.env,
            work: &step.work,
            user: step.user,
            network: step.network,
            target,
            runner,
            mtime: self.spec.created,
        };
        let (layer, output) = instruction::run(&self.cx.session.host, layout, tree, &instruction)
            .map_err(|d| Diagnostics::from(*d))?;
        if !output.trim().is_empty() {
            self.cx.session.sink.note(format!("{what}\n{}", output.trim_end()));
        }
        Ok(Some(layer))
    }
}

impl Around<'_> {
    /// A name given by `--build-context`, a layout (`oci:FOLDER`), or a reference.
    fn place(&self, reference: &str) -> BaseSpec {
        let given = self.content.contexts.iter().find(|(name, _)| name == reference);
        let text = given.map_or(reference, |(_, to)| to.as_str());
        let folder = text.strip_prefix("oci-layout://").or_else(|| text.strip_prefix("oci:"));
        match folder {
            None => BaseSpec::Registry {
                reference: text.strip_prefix("docker-image://").unwrap_or(text).to_owned(),
            },
            // As skopeo has it: what follows the last colon is the name, unless a folder follows.
            Some(rest) => match rest.rsplit_once(':') {
                Some((path, name)) if !name.contains('/') && !path.is_empty() => {
                    BaseSpec::Layout { path: path.to_owned(), name: Some(name.to_owned()) }
                }
                _ => BaseSpec::Layout { path: rest.to_owned(), name: None },
            },
        }
    }
}
