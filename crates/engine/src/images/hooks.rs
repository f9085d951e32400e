//! Hooks of `dockers_v2`: commands that run when an image's context is there, and when the image is made.
//!
//! Owns: the context as a folder for them, and what of it counts afterwards. Must not: let a binary through that is not the one
//! that was verified.

use super::build::failure;
use super::dockerfile::{Recipe, content_of};
use crate::steps::Execution;
use crate::templates::ProjectTemplates;
use goferry_config::model::Hook;
use goferry_image::dockerfile::Context;
use goferry_image::tree::{Contents, Owners};
use goferry_image::{ImageError, Kind, Node};
use goferry_plan::graph::ImageSpec;
use goferry_plan::{late, secret};
use goferry_report::{Code, Diagnostic, Diagnostics, Event};
use tempfile::TempDir;

/// The hooks of an image.
pub(super) struct Hooks<'h> {
    cx: &'h Execution<'h>,
    spec: &'h ImageSpec,
    recipe: &'h Recipe<'h>,
    folder: TempDir,
}

impl<'h> Hooks<'h> {
    /// None where there are none.
    pub(super) fn of(
        cx: &'h Execution<'h>,
        spec: &'h ImageSpec,
        recipe: &'h Recipe<'h>,
    ) -> Result<Option<Hooks<'h>>, Diagnostics> {
        let content = recipe.content;
        if content.hooks_pre.is_empty() && content.hooks_post.is_empty() {
            return Ok(None);
        }
        let folder = tempfile::tempdir_in(&cx.temp).map_err(|e| *crate::dist::failure(&cx.temp, &e))?;
        Ok(Some(Hooks { cx, spec, recipe, folder }))
    }

    /// Runs those before, and gives the context as they left it.
    pub(super) fn before(&self, context: &Context) -> Result<Context, Diagnostics> {
        let failed = |e: ImageError| failure(self.spec, &e);
        context.tree().unpack(self.folder.path(), Owners::Caller).map_err(failed)?;
        self.run(&self.recipe.content.hooks_pre, None)?;
        let mut after = Context::default();
        after.take(self.folder.path(), "").map_err(failed)?;
        for binary in self.recipe.content.platforms.iter().flat_map(|p| &p.binaries) {
            let (Some(verified), Some(node)) =
                (self.recipe.verified.get(&binary.verified), after.tree().get(&binary.to))
            else {
                continue;
            };
            let content = content_of(verified).map_err(failed)?;
            let digest = match &node.kind {
                Kind::File(now) => Some(Contents::default().digest(now).map_err(failed)?),
                _ => None,
            };
            if digest.is_none_or(|d| d.hex() != verified.built().binary().sha256) {
                return Err(self.changed(&binary.to));
            }
            after.put(&binary.to, Node::new(Kind::File(content), node.mode, self.spec.created));
        }
        Ok(after)
    }

    /// Runs those after.
    pub(super) fn after(&self, digest: &str) -> Result<(), Diagnostics> {
        self.run(&self.recipe.content.hooks_post, Some(digest))
    }

    fn changed(&self, path: &str) -> Diagnostics {
        let message =
            format!("image `{}`: a hook changed {path} in the context, which was verified", self.spec.id);
        Diagnostic::error(Code::DigestChanged, message)
            .hint("what changes a binary belongs to the hooks of its build: they run before it is verified")
            .into()
    }

    fn run(&self, hooks: &[Hook], digest: Option<&str>) -> Result<(), Diagnostics> {
        let cx = self.cx;
        let folder = self.folder.path().display().to_string();
        let fields = late::hook_fields(cx.fields, self.spec, &self.recipe.content.path, &folder, digest);
        let host = ProjectTemplates::new(
            cx.project.root.clone(),
            cx.session.env.clone(),
            cx.project.facts.clock.unix,
        );
        let (hooks, problems) = late::hooks(&host, cx.env, hooks, &fields);
        if problems.has_errors() {
            return Err(problems);
        }
        let step = format!("image/{}", self.spec.id);
        let line = |l: &str| cx.session.sink.event(&Event::Output { step: step.clone(), line: l.to_owned() });
        for hook in &hooks {
            secret::learn(hook.env.iter().filter_map(|e| e.split_once('=')));
            goferry_build::run_hook(hook, &cx.session.host, &cx.project.root, cx.env, &[], &line)
                .map_err(|e| e.diagnostic())?;
        }
        Ok(())
    }
}
