//! Templates that only the making of an image can fill in: the hooks of `dockers_v2`, and labels and annotations with the digest of
//! the base.
//!
//! Planning fills them in with a sample, so that a mistake in them is known before anything runs; the engine does it again.

use crate::builds::hook;
use crate::graph::{HookSpec, ImageSpec, Scope};
use crate::render::Renderer;
use goferry_config::model::{Hook, Text};
use goferry_config::template::{Fields, TemplateHost, Value};
use goferry_report::Diagnostics;
use std::collections::BTreeMap;

/// What a sample digest is.
pub(crate) const SAMPLE: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

/// What hooks of an image are told besides the release: `.Images`, `.Dockerfile`, `.ContextDir`, and `.Digest` once it is made.
pub fn hook_fields(
    release: &Fields,
    image: &ImageSpec,
    dockerfile: &str,
    context: &str,
    digest: Option<&str>,
) -> Fields {
    let mut fields = release.clone();
    let names: Vec<Value> = image.names.iter().map(Value::from).collect();
    fields.set("Images", Value::List(names.into()));
    fields.set("Dockerfile", dockerfile);
    fields.set("ContextDir", context);
    if let Some(digest) = digest {
        fields.set("Digest", digest);
    }
    fields
}

/// Hooks, rendered and split into words. `env` is what they see besides their own.
pub fn hooks(
    host: &dyn TemplateHost,
    env: &BTreeMap<String, String>,
    hooks: &[Hook],
    fields: &Fields,
) -> (Vec<HookSpec>, Diagnostics) {
    let render = Renderer::new(host);
    let made = hooks.iter().filter_map(|h| hook(&render, env, h, fields)).collect();
    (made, render.take())
}

/// What waited for the digest of the base.
pub struct OfBase {
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Annotations with their scopes.
    pub annotations: Vec<(Scope, String, String)>,
}

/// The labels and annotations that wait for the digest of the base; blank ones are left out.
///
/// # Errors
/// A template cannot be filled in.
pub fn with_base(
    host: &dyn TemplateHost,
    release: &Fields,
    late: &crate::graph::Late,
    digest: &str,
) -> Result<OfBase, Diagnostics> {
    let render = Renderer::new(host);
    let mut fields = release.clone();
    fields.set("BaseImage", late.base.as_str());
    fields.set("BaseImageDigest", digest);
    let text = |template: &String| render.text(&Text::implied(template.clone()), &fields);
    let labels = late.labels.iter().map(|(k, t)| (k.clone(), text(t)));
    let labels = labels.filter(|(_, v)| !v.trim().is_empty()).collect();
    let annotations = late.annotations.iter().map(|(s, k, t)| (s.clone(), k.clone(), text(t)));
    let annotations = annotations.filter(|(_, _, v)| !v.trim().is_empty()).collect();
    let problems = render.take();
    if problems.has_errors() { Err(problems) } else { Ok(OfBase { labels, annotations }) }
}
