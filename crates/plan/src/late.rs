//! Templates that only the making of an image can fill in: the hooks of `dockers_v2`, and labels and annotations with the digest of
//! the base.
//!
//! Planning fills them in with a sample, so that a mistake in them is known before anything runs; the engine does it again.

use crate::builds::hook;
use crate::graph::{HookSpec, ImageSpec, Late};
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

/// The labels and annotations that wait for the digest of the base, with texts in the place of templates; blank ones are left out.
pub fn with_base(
    host: &dyn TemplateHost,
    release: &Fields,
    late: &Late,
    digest: &str,
) -> (Late, Diagnostics) {
    let render = Renderer::new(host);
    let mut fields = release.clone();
    fields.set("BaseImage", late.base.as_str());
    fields.set("BaseImageDigest", digest);
    let text = |template: &String| render.text(&Text::implied(template.clone()), &fields);
    let labels = late.labels.iter().map(|(k, t)| (k.clone(), text(t)));
    let labels = labels.filter(|(_, v)| !v.trim().is_empty()).collect();
    let notes = late.annotations.iter().map(|(s, k, t)| (s.clone(), k.clone(), text(t)));
    let annotations = notes.filter(|(_, _, v)| !v.trim().is_empty()).collect();
    (Late { base: late.base.clone(), labels, annotations }, render.take())
}
