//! What of images can be found wrong before anything is built: names, and what Dockerfiles ask for.
//!
//! Must not: fetch, write, or judge what hooks may yet make.

use super::dockerfile::{Text, options, text};
use goferry_image::dockerfile::parse;
use goferry_plan::graph::{Action, DockerfileSpec, ImageContent, ImageSpec, Plan};
use goferry_registry::Reference;
use goferry_report::{Code, Diagnostic, Diagnostics};
use std::path::Path;

/// Looks at every Dockerfile of a plan whose hooks have run. `root` is the project's folder; `run`: whether RUN is done.
pub(crate) fn look(root: &Path, plan: &Plan, run: bool) -> Diagnostics {
    let mut problems = Diagnostics::default();
    for step in &plan.steps {
        let Action::Image(spec) = &step.action else { continue };
        if let ImageContent::Dockerfile(content) = &spec.content
            && content.hooks_pre.is_empty()
            && let Err(found) = looked_at(root, spec, content, run)
        {
            for d in found.list {
                // Several images may be of one file.
                if !problems.list.contains(&d) {
                    problems.push(d);
                }
            }
        }
    }
    problems
}

fn looked_at(root: &Path, spec: &ImageSpec, content: &DockerfileSpec, run: bool) -> Result<(), Diagnostics> {
    let path = root.join(&content.path);
    if !path.is_file() {
        let message = format!("image `{}`: {} is not there", spec.id, content.path);
        let d = Diagnostic::error(Code::ConfigValue, message);
        return Err(d.hint("`dockerfile` names it, relative to the project").into());
    }
    let text = text(&path)?;
    let dockerfile = Text { path: &content.path, text };
    let looked = parse(&dockerfile.text).and_then(|parsed| match content.platforms.first() {
        Some(on) => goferry_image::dockerfile::look(&parsed, &options(spec, content, on, run)),
        None => Ok(()),
    });
    match looked {
        Err(e) if e.elsewhere && content.outside.is_some() => Ok(()),
        Err(e) => Err(dockerfile.said(&e).into()),
        Ok(()) => Ok(()),
    }
}

/// Names of images that no registry takes: known before anything is built.
pub(crate) fn unnameable(plan: &Plan) -> Diagnostics {
    let mut problems = Diagnostics::default();
    let images = plan.steps.iter().filter_map(|s| match &s.action {
        Action::Image(spec) => Some(spec),
        _ => None,
    });
    for image in images {
        for error in image.names.iter().filter_map(|name| name.parse::<Reference>().err()) {
            let message = format!("image `{}` of `{}`: {error}", image.id, image.section);
            problems.push(Diagnostic::error(Code::ConfigValue, message));
        }
    }
    problems
}
