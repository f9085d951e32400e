//! goreleaser's `dockers_v2` and `dockers` (2.15.1, internal/pipe/docker): names, contexts, flags.

mod base;
mod context;
mod flags;
pub(super) mod native;

use super::{annotations, labelled, layout, names};
use crate::draft::Draft;
use crate::graph::{DockerfileSpec, ImageContent, ImageSpec, Late, Scope};
use crate::late;
use base::BaseImage;
pub(super) use context::Made;
use context::{Found, Wanted};
use flags::Flags;
use goferry_config::model::{Docker, DockerV2, Hook, Text};
use goferry_config::place::Place;
use goferry_config::template::Fields;
use goferry_report::{Code, Diagnostic};
use std::collections::BTreeMap;

/// `dockers_v2`: one image of all platforms; of a snapshot one of each, since Docker loads no index.
pub(super) fn v2(d: &Draft<'_>, v: &DockerV2, made: &Made<'_>) -> Vec<ImageSpec> {
    let opt = |t: &Option<Text>, default: &str| d.render.opt(t.as_ref(), default, &d.fields);
    if d.render.flag(v.disable.as_ref(), &d.fields) {
        return vec![];
    }
    let id = opt(&v.id, &d.name);
    let what = format!("dockers_v2 `{id}`");
    let configured = opt(&v.dockerfile, "Dockerfile");
    let base = BaseImage::of(d, v, &configured);
    let fields = base.as_ref().map_or_else(|| d.fields.clone(), |b| b.fields(&d.fields));
    let (images, tags) = (d.render.list(&v.images, &fields), tags(d, v, &fields));
    if images.is_empty() || tags.is_empty() {
        nameless(d, &what, images.is_empty(), &v.place);
        return vec![];
    }
    let mut flags = Flags::read(d, &v.flags, &fields, &what);
    let (labels, late_labels) = split(d, &v.labels, base.as_ref(), &fields);
    flags.labels.extend(labels);
    flags.args.extend(pairs(d, &v.build_args, &fields));
    let (annotations, late_annotations) = split(d, &v.annotations, base.as_ref(), &fields);
    flags.annotations.extend(annotations);
    let found = platforms(d, v, made, &what);
    let files = context::files(d, &v.extra_files, &what);
    let path = flags.dockerfile(d, configured, &files, &what);
    let several = found.len() > 1 && !d.facts.snapshot;
    let late = Late {
        base: base.map(|b| b.name).unwrap_or_default(),
        labels: late_labels,
        annotations: noted(d, late_annotations, several, &v.place),
    };
    let noted = noted(d, flags.annotations.clone(), several, &v.place);
    let hooks = |hooks: &[Hook], skip: &str| if d.options.skips(skip) { vec![] } else { hooks.to_vec() };
    let one = |id: &str, suffix: &str, found: Vec<Found>| {
        let tags: Vec<String> = tags.iter().map(|t| format!("{t}{suffix}")).collect();
        let mut names = names(&images, &tags);
        names.sort();
        ImageSpec {
            layout: layout(id),
            id: id.to_owned(),
            section: "dockers_v2".to_owned(),
            names,
            archive: None,
            created: d.facts.clock.unix,
            labels: flags.labels.clone(),
            annotations: noted.clone(),
            content: ImageContent::Dockerfile(DockerfileSpec {
                path: path.clone(),
                files: files.clone(),
                packages: found.iter().flat_map(|f| f.packages.clone()).collect(),
                platforms: found.into_iter().map(|f| f.platform).collect(),
                args: lines(flags.args.clone()),
                contexts: flags.contexts.clone(),
                target: flags.target.clone(),
                outside: flags.outside(d),
                run_flags: flags.for_run.clone(),
                hooks_pre: hooks(&v.hooks_pre, "pre-hooks"),
                hooks_post: hooks(&v.hooks_post, "post-hooks"),
                late: late.clone(),
            }),
        }
    };
    if found.is_empty() {
        return vec![];
    }
    if !d.facts.snapshot {
        let image = one(&id, "", found);
        tried(d, &image);
        return vec![image];
    }
    let alone = found.len() == 1;
    let of = |f: Found| {
        let suffix = f.asked.split_once('/').map_or("", |(_, arch)| arch).replace('/', "");
        let id = if alone { id.clone() } else { format!("{id}-{suffix}") };
        one(&id, &format!("-{suffix}"), vec![f])
    };
    let images: Vec<ImageSpec> = found.into_iter().map(of).collect();
    images.iter().for_each(|i| tried(d, i));
    images
}

/// Hooks with a sample of what is known when they run.
fn tried(d: &Draft<'_>, image: &ImageSpec) {
    let ImageContent::Dockerfile(content) = &image.content else { return };
    for (hooks, digest) in [(&content.hooks_pre, None), (&content.hooks_post, Some(late::SAMPLE))] {
        let fields = late::hook_fields(&d.fields, image, &content.path, "context", digest);
        for hook in hooks {
            crate::builds::hook(&d.render, &d.env, hook, &fields);
        }
    }
}

fn tags(d: &Draft<'_>, v: &DockerV2, fields: &Fields) -> Vec<String> {
    match v.tags.is_empty() {
        true => vec![d.facts.vcs.tag.clone()],
        false => d.render.list(&v.tags, fields),
    }
}

/// goreleaser leaves out an image without names, and stops at one without tags.
fn nameless(d: &Draft<'_>, what: &str, no_images: bool, place: &Place) {
    let diag = match no_images {
        true => Diagnostic::warning(Code::ConfigValue, format!("{what} has no `images`, so none is made"))
            .hint_with("say what it is called", "images: [ghcr.io/owner/name]"),
        false => Diagnostic::error(Code::ConfigValue, format!("{what}: all its `tags` come out empty"))
            .hint("leave `tags` out for the release's, or leave the image out with `disable`"),
    };
    d.render.push(labelled(diag, place, ""));
}

fn platforms(d: &Draft<'_>, v: &DockerV2, made: &Made<'_>, what: &str) -> Vec<Found> {
    let usual = |p: &str| Text { value: p.to_owned(), place: v.place.clone() };
    let asked = match v.platforms.is_empty() {
        true => vec![usual("linux/amd64"), usual("linux/arm64")],
        false => v.platforms.clone(),
    };
    let ids = d.render.list(&v.ids, &d.fields);
    let mut out: Vec<Found> = vec![];
    for p in &asked {
        let text = d.render.text(p, &d.fields);
        if text.trim().is_empty() || out.iter().any(|f| f.asked == text) {
            continue;
        }
        out.extend(made.found(d, &Wanted { text: &text, ids: &ids, what, place: &p.place, folders: true }));
    }
    out
}

/// `dockers`: one platform, its files beside one another.
pub(super) fn old(d: &Draft<'_>, o: &Docker, at: usize, made: &Made<'_>) -> Option<ImageSpec> {
    let opt = |t: &Option<Text>, default: &str| d.render.opt(t.as_ref(), default, &d.fields);
    let names = d.render.list(&o.image_templates, &d.fields);
    let Some(first) = names.first() else {
        let message = format!("dockers[{at}] has no `image_templates`, so no image is made");
        d.render.push(labelled(Diagnostic::warning(Code::ConfigValue, message), &o.place, ""));
        return None;
    };
    let what = format!("dockers `{first}`");
    // Ids need not be said here: the first name is known to be another's.
    let id = match &o.id {
        Some(id) => id.value.clone(),
        None => format!("{}-{at}", first.rsplit('/').next().unwrap_or(first).replace(':', "-")),
    };
    let arch = opt(&o.goarch, "amd64");
    let variant = match arch.as_str() {
        "arm" => format!("/v{}", opt(&o.goarm, "6")),
        "amd64" => format!("/{}", opt(&o.goamd64, "v1")),
        _ => String::new(),
    };
    let text = format!("{}/{arch}{variant}", opt(&o.goos, "linux"));
    let ids = d.render.list(&o.ids, &d.fields);
    let wanted = Wanted { text: &text, ids: &ids, what: &what, place: &o.place, folders: false };
    if !made.has_all(d, &wanted) {
        return None;
    }
    let found = made.found(d, &wanted)?;
    let flags = Flags::read(d, &o.build_flags, &d.fields, &what);
    flags.same_platform(d, &found.platform, o, first);
    let files = context::files(d, &o.extra_files, &what);
    let path = flags.dockerfile(d, opt(&o.dockerfile, "Dockerfile"), &files, &what);
    let outside = flags.outside(d);
    Some(ImageSpec {
        layout: layout(&id),
        id,
        section: "dockers".to_owned(),
        names: names.clone(),
        archive: None,
        created: d.facts.clock.unix,
        labels: flags.labels,
        annotations: noted(d, flags.annotations, false, &o.place),
        content: ImageContent::Dockerfile(DockerfileSpec {
            path,
            files,
            outside,
            run_flags: flags.for_run,
            hooks_pre: vec![],
            hooks_post: vec![],
            late: Late::default(),
            packages: found.packages,
            platforms: vec![found.platform],
            args: lines(flags.args),
            contexts: flags.contexts,
            target: flags.target,
        }),
    })
}

/// goreleaser puts annotations of images with several platforms at the index; who says a scope means it.
fn noted(
    d: &Draft<'_>,
    texts: BTreeMap<String, String>,
    several: bool,
    place: &Place,
) -> Vec<(Scope, String, String)> {
    let mut out = BTreeMap::new();
    for (key, value) in texts {
        let (before, _) = key.split_once(':').unwrap_or_default();
        if before.split(',').any(|w| w.split('[').next().is_some_and(|w| w.ends_with("-descriptor"))) {
            let message =
                format!("the annotation `{key}` is for a descriptor, and goferry writes none there");
            let diag = Diagnostic::warning(Code::UnsupportedKey, message)
                .hint("`index:` and `manifest:` are written");
            d.render.push(labelled(diag, place, ""));
            continue;
        }
        let scoped = super::scopes(before).is_some();
        out.insert(if several && !scoped { format!("index:{key}") } else { key }, value);
    }
    annotations(out)
}

/// Keys and values are templates; a pair of which one comes out blank is left out.
fn pairs(d: &Draft<'_>, texts: &BTreeMap<String, Text>, fields: &Fields) -> BTreeMap<String, String> {
    let pair = |(key, value): (&String, &Text)| {
        let value_is = d.render.text(value, fields);
        let key = d.render.text(&Text { value: key.clone(), place: value.place.clone() }, fields);
        (!key.trim().is_empty() && !value_is.trim().is_empty()).then_some((key, value_is))
    };
    texts.iter().filter_map(pair).collect()
}

/// Pairs, and those whose value waits for the digest of the base, as templates that a sample was tried with.
fn split(
    d: &Draft<'_>,
    texts: &BTreeMap<String, Text>,
    base: Option<&BaseImage>,
    fields: &Fields,
) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
    let waits = |t: &Text| base.is_some_and(|b| b.digest.is_none()) && t.value.contains(".BaseImageDigest");
    let part = |waiting: bool| -> BTreeMap<String, Text> {
        let mine = texts.iter().filter(|(_, t)| waits(t) == waiting);
        mine.map(|(k, t)| (k.clone(), t.clone())).collect()
    };
    let mut sample = fields.clone();
    sample.set("BaseImageDigest", late::SAMPLE);
    let mut waiting = BTreeMap::new();
    for (key, text) in part(true) {
        d.render.text(&text, &sample);
        let key = d.render.text(&Text { value: key, place: text.place.clone() }, fields);
        if !key.trim().is_empty() {
            waiting.insert(key, text.value);
        }
    }
    (pairs(d, &part(false), fields), waiting)
}

fn lines(args: BTreeMap<String, String>) -> Vec<String> {
    args.into_iter().map(|(k, v)| format!("{k}={v}")).collect()
}
