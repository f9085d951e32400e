//! Images of Dockerfiles: the context of verified binaries and files of the project, bases, and RUN where it is asked for.
//!
//! Owns: what the `image` house cannot know. Must not: know what instructions mean.

use super::base;
use super::build::{MadeImage, Maker, failure};
use super::builder::Order;
use super::hooks::Hooks;
use super::instruction::{self, Instruction};
use super::proof::{find, path};
use crate::steps::Execution;
use crate::templates::ProjectTemplates;
use goferry_image::dockerfile::{
    Built, Context, Dockerfile, DockerfileError, Failure, Ignore, Options, RunStep, Surroundings, build,
    parse,
};
use goferry_image::tree::{Contents, Owners};
use goferry_image::{
    Base, Compression, Content, Digest, ImageError, Kind, Layer, Layout, Node, Platform, Tree, seal,
};
use goferry_plan::graph::{BaseSpec, DockerfileSpec, ImagePlatform, ImageSpec, StepId};
use goferry_report::{Code, Diagnostic, Diagnostics, Event, Label};
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

/// A Dockerfile that is being done.
pub(super) struct Text<'t> {
    /// Relative to the project, for messages.
    pub(super) path: &'t str,
    pub(super) text: String,
}

impl Text<'_> {
    /// A mistake in it, or what is not done here, with its line.
    pub(super) fn said(&self, e: &DockerfileError) -> Diagnostic {
        let code = if e.elsewhere { Code::UnsupportedKey } else { Code::ConfigValue };
        let line = u32::try_from(e.line).unwrap_or(0);
        let excerpt = self.text.lines().nth(e.line.saturating_sub(1)).map(str::to_owned);
        let mut d = Diagnostic::error(code, format!("{}:{}: {}", self.path, e.line, e.message));
        d = d.label(Label { excerpt, ..Label::at(self.path, line, 1) });
        e.hints.iter().fold(d, |d, hint| d.hint(hint.clone()))
    }
}

pub(super) fn options(spec: &ImageSpec, content: &DockerfileSpec, on: &ImagePlatform, run: bool) -> Options {
    let pair = |line: &String| {
        let (name, value) = line.split_once('=').unwrap_or((line, ""));
        (name.to_owned(), value.to_owned())
    };
    Options {
        platform: platform_of(&on.target),
        host: Platform::of(&crate::host::host_target()),
        args: content.args.iter().map(pair).collect(),
        target: content.target.clone(),
        labels: spec.labels.clone(),
        created: spec.created,
        compression: Compression::Gzip,
        no_run: no_run(content, run),
    }
}

/// Why RUN is not done, if it is not.
fn no_run(content: &DockerfileSpec, run: bool) -> Option<String> {
    match content.run_flags.first() {
        _ if !run => Some(" without --dockerfile-run".to_owned()),
        Some(flag) => Some(format!(": it depends on the flag `{flag}`, which only another builder knows")),
        None => None,
    }
}

impl Maker<'_> {
    /// Makes the image of a Dockerfile for all of its platforms.
    pub(crate) fn of_dockerfile(&self, recipe: &Recipe<'_>) -> Result<MadeImage, Diagnostics> {
        let begun = Instant::now();
        let content = recipe.content;
        let mut context = self.context(recipe)?;
        let hooks = Hooks::of(self.cx, self.spec, recipe)?;
        if let Some(hooks) = &hooks {
            context = hooks.before(&context)?;
        }
        let dockerfile = Text { path: &content.path, text: self.text(&context)? };
        self.ignore(recipe, &mut context)?;
        let failed = |e: ImageError| failure(self.spec, &e);
        let layout = Layout::create(&self.cx.dist.join(&self.spec.layout)).map_err(failed)?;
        let (mut built, builder) = self.built(&layout, content, &dockerfile, context.tree())?;
        let spec = self.with_base(content, &mut built)?;
        let (mut images, mut on) = (vec![], vec![]);
        for (platform, built) in content.platforms.iter().zip(&built) {
            on.push(installed(platform, recipe, built).map_err(failed)?);
            images.push(seal(&layout, &spec, built).map_err(failed)?);
        }
        let maker = Maker { cx: self.cx, spec: &spec };
        let mut made = maker.finish(&layout, None, &on, &images, begun)?;
        made.builder = builder;
        if let Some(hooks) = &hooks {
            hooks.after(&made.digest)?;
        }
        Ok(made)
    }

    /// The Dockerfile, as it is in the context.
    fn text(&self, context: &Context) -> Result<String, Diagnostics> {
        let bytes = context.tree().read("Dockerfile", MAX_TEXT).map_err(|e| failure(self.spec, &e))?;
        let bytes = bytes.ok_or_else(|| {
            let message = format!("image `{}`: there is no Dockerfile in its context", self.spec.id);
            Diagnostic::error(Code::ConfigValue, message)
        })?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The image with the labels and annotations that name its base by digest.
    fn with_base(&self, content: &DockerfileSpec, built: &mut [Built]) -> Result<ImageSpec, Diagnostics> {
        let (mut spec, late) = (self.spec.clone(), &content.late);
        if late.is_empty() {
            return Ok(spec);
        }
        let known = built.iter().find_map(|b| b.base.as_ref()).map(|(base, _)| base.top.digest.to_string());
        let digest = match known {
            Some(digest) => digest,
            None => base::digest(self.cx, self.spec, &late.base)?,
        };
        let root = self.cx.project.root.clone();
        let host = ProjectTemplates::new(root, self.cx.session.env.clone(), self.spec.created);
        let of_base = goferry_plan::late::with_base(&host, self.cx.fields, late, &digest)?;
        built.iter_mut().for_each(|b| b.config.config.labels.extend(of_base.labels.clone()));
        spec.labels.extend(of_base.labels);
        spec.annotations.extend(of_base.annotations);
        Ok(spec)
    }

    /// Every platform's image, and who made them, if another builder did: what goferry does not do itself, and what has flags
    /// that only another one knows.
    fn built(
        &self,
        layout: &Layout,
        content: &DockerfileSpec,
        dockerfile: &Text<'_>,
        context: &Tree,
    ) -> Result<(Vec<Built>, Option<String>), Diagnostics> {
        let why = match content.outside.as_ref().filter(|o| !o.always.is_empty()) {
            Some(outside) => outside.always.join(", "),
            None => match self.natively(layout, content, dockerfile, context) {
                Ok(built) => return Ok((built, None)),
                Err(Failure::Said(e)) if e.elsewhere && content.outside.is_some() => {
                    format!("{}:{}: {}", dockerfile.path, e.line, e.message)
                }
                Err(Failure::Said(e)) => return Err(dockerfile.said(&e).into()),
                Err(Failure::Image(e)) => return Err(failure(self.spec, &e)),
                Err(Failure::Outside(d)) => return Err(d),
            },
        };
        let (built, version) = self.outside(layout, content, dockerfile, context)?;
        self.cx.session.sink.note(format!("image `{}` was made by {version}: {why}", self.spec.id));
        Ok((built, Some(version)))
    }

    fn natively(
        &self,
        layout: &Layout,
        content: &DockerfileSpec,
        dockerfile: &Text<'_>,
        context: &Tree,
    ) -> Result<Vec<Built>, Failure<Diagnostics>> {
        let parsed = parse(&dockerfile.text)?;
        content.platforms.iter().map(|p| self.one(layout, content, &parsed, context, p)).collect()
    }

    /// Has another builder make it of the same context.
    fn outside(
        &self,
        layout: &Layout,
        content: &DockerfileSpec,
        dockerfile: &Text<'_>,
        context: &Tree,
    ) -> Result<(Vec<Built>, String), Diagnostics> {
        let Some(outside) = &content.outside else { return Ok((vec![], String::new())) };
        let folder =
            tempfile::tempdir_in(&self.cx.temp).map_err(|e| *crate::dist::failure(&self.cx.temp, &e))?;
        let order = Order { cx: self.cx, spec: self.spec, content, outside, folder: folder.path() };
        let version = order.version()?;
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).map_err(|e| *crate::dist::failure(&path, &e))
        };
        write("Dockerfile", &dockerfile.text)?;
        // What is ignored is not in the context any more.
        write("Dockerfile.dockerignore", "")?;
        let files = folder.path().join("context");
        std::fs::create_dir(&files).map_err(|e| *crate::dist::failure(&files, &e))?;
        context.unpack(&files, Owners::Caller).map_err(|e| failure(self.spec, &e))?;
        let one = |p: &ImagePlatform| order.make(layout, &platform_of(&p.target));
        Ok((content.platforms.iter().map(one).collect::<Result<_, _>>()?, version))
    }

    fn one(
        &self,
        layout: &Layout,
        content: &DockerfileSpec,
        dockerfile: &Dockerfile,
        context: &Tree,
        on: &ImagePlatform,
    ) -> Result<Built, Failure<Diagnostics>> {
        let options = options(self.spec, content, on, self.cx.request.run_instructions);
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
        Ok(context)
    }

    /// Takes out what `.dockerignore` names: the Dockerfile's own, else the one in the context.
    fn ignore(&self, recipe: &Recipe<'_>, context: &mut Context) -> Result<(), Diagnostics> {
        let own = self.cx.project.root.join(format!("{}.dockerignore", recipe.content.path));
        if own.is_file() {
            context.ignore(&Ignore::parse(&text(&own)?));
            return Ok(());
        }
        let inside = context.tree().read(".dockerignore", MAX_TEXT).map_err(|e| failure(self.spec, &e))?;
        if let Some(bytes) = inside {
            context.ignore(&Ignore::parse(&String::from_utf8_lossy(&bytes)));
        }
        Ok(())
    }
}

pub(super) fn content_of(verified: &Verified) -> Result<Content, ImageError> {
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
fn installed(on: &ImagePlatform, recipe: &Recipe<'_>, built: &Built) -> Result<ImagePlatform, ImageError> {
    let mut out = on.clone();
    out.binaries.clear();
    for binary in &on.binaries {
        let content = recipe.verified.get(&binary.verified).and_then(|v| content_of(v).ok());
        let Some(content) = content else { continue };
        for (path, node) in built.tree.iter() {
            if let Kind::File(c) = &node.kind
                && (c.is_same(&content) || equals(c, &content)?)
            {
                out.binaries.push(goferry_plan::graph::ImageBinary { to: path.to_owned(), ..binary.clone() });
            }
        }
    }
    let config = &built.config.config;
    let said = config.entrypoint.iter().chain(&config.cmd).find(|words| !words.is_empty());
    out.entrypoint = said.cloned().unwrap_or_default();
    if let Some(first) = out.entrypoint.first_mut()
        && let Some(found) = find(&built.tree, &built.config, path(&built.config), first)
        && let Some((real, _)) = built.tree.lookup(&found)
    {
        *first = format!("/{real}");
    }
    Ok(out)
}

/// Whether a file of a layer that another builder wrote is one that was verified.
fn equals(file: &Content, verified: &Content) -> Result<bool, ImageError> {
    let (Content::Layer { size, .. }, Content::File { size: own, digest: Some(digest), .. }) =
        (file, verified)
    else {
        return Ok(false);
    };
    Ok(size == own && Contents::default().digest(file)? == *digest)
}

pub(super) fn text(path: &Path) -> Result<String, Diagnostics> {
    let about = path.metadata().map_err(|e| *crate::dist::failure(path, &e))?;
    if about.len() > MAX_TEXT {
        let message = format!("{} has more than 4 MiB", path.display());
        return Err(Diagnostic::error(Code::ConfigValue, message).into());
    }
    let bytes = std::fs::read(path).map_err(|e| *crate::dist::failure(path, &e))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
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
            false => step.platform.to_string().parse().map_err(|e| {
                let message = format!("{what}: programs for {} cannot be run: {e}", step.platform);
                let line = u32::try_from(step.line).unwrap_or(0);
                Diagnostic::error(Code::UnknownTarget, message).label(Label::at(&self.content.path, line, 1))
            })?,
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
            mounts: &step.mounts,
        };
        let (layer, output) = instruction::run(&self.cx.session.host, layout, tree, &instruction)
            .map_err(|d| Diagnostics::from(*d))?;
        for line in output.lines() {
            self.cx.session.sink.event(&Event::Output { step: what.clone(), line: line.to_owned() });
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
