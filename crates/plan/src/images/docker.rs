//! goreleaser's `dockers_v2` and `dockers` (2.15.1, internal/pipe/docker): names, contexts, flags.

use super::{annotations, for_platform, labelled, layout, map, names, narrowed, no_binary};
use crate::builds::PlannedBinary;
use crate::draft::Draft;
use crate::graph::{
    Action, ArtifactKind, ContextPackage, DockerfileSpec, ImageBinary, ImageContent, ImagePlatform,
    ImageSpec, Step,
};
use goferry_config::model::{Docker, DockerV2, Text};
use goferry_report::{Code, Diagnostic};
use goferry_target::{Arch, GoTarget};
use std::collections::BTreeMap;

/// Binaries, and the steps of packages.
type Made<'f> = (&'f [PlannedBinary], &'f [Step]);

/// `dockers_v2`: one image of all platforms; of a snapshot one of each, since Docker loads no index.
pub(super) fn v2(d: &Draft<'_>, v: &DockerV2, from: Made<'_>) -> Vec<ImageSpec> {
    let opt = |t: &Option<Text>, default: &str| d.render.opt(t.as_ref(), default, &d.fields);
    let images = d.render.list(&v.images, &d.fields);
    if d.render.flag(v.disable.as_ref(), &d.fields) || images.is_empty() {
        return vec![];
    }
    let id = opt(&v.id, &d.name);
    let usual = |p: &str| Text { value: p.to_owned(), place: v.place.clone() };
    let wanted = match v.platforms.is_empty() {
        true => vec![usual("linux/amd64"), usual("linux/arm64")],
        false => v.platforms.clone(),
    };
    let mine = mine(d, &v.ids, from);
    let mut platforms: Vec<(String, ImagePlatform)> = vec![];
    for p in &wanted {
        let text = d.render.text(p, &d.fields);
        if text.is_empty() {
            continue;
        }
        match platform(&text, &mine, true) {
            Some(found) => platforms.push((text, found)),
            None if narrowed(d) => {}
            None => no_binary(d, &format!("dockers_v2 `{id}`"), &words(d, &v.ids), p, &mine),
        }
    }
    let tags = match v.tags.is_empty() {
        true => vec![d.facts.vcs.tag.clone()],
        false => d.render.list(&v.tags, &d.fields),
    };
    let mut flags = Flags::read(d, &v.flags, &format!("dockers_v2 `{id}`"));
    flags.labels.extend(map(d, &v.labels));
    flags.args.extend(map(d, &v.build_args));
    let several = platforms.len() > 1 && !d.facts.snapshot;
    let mut noted = flags.annotations.clone();
    noted.extend(map(d, &v.annotations));
    let noted: BTreeMap<String, String> = noted.into_iter().map(|(k, v)| (scoped(k, several), v)).collect();
    let one = |id: &str, tags: &[String], platforms: Vec<ImagePlatform>| ImageSpec {
        layout: layout(id),
        id: id.to_owned(),
        section: "dockers_v2".to_owned(),
        names: names(&images, tags),
        archive: None,
        created: d.facts.clock.unix,
        labels: flags.labels.clone(),
        annotations: annotations(noted.clone()),
        content: ImageContent::Dockerfile(DockerfileSpec {
            path: opt(&v.dockerfile, "Dockerfile"),
            files: d.render.list(&v.extra_files, &d.fields),
            packages: packages(d, &v.ids, from.1, &platforms, true),
            platforms,
            args: flags.args.iter().map(|(k, v)| format!("{k}={v}")).collect(),
            contexts: flags.contexts.clone(),
            target: flags.target.clone(),
        }),
    };
    if platforms.is_empty() {
        return vec![];
    }
    if !d.facts.snapshot {
        return vec![one(&id, &tags, platforms.into_iter().map(|(_, p)| p).collect())];
    }
    let alone = platforms.len() == 1;
    let of = |(text, p): (String, ImagePlatform)| {
        let suffix = text.split_once('/').map_or("", |(_, arch)| arch).replace('/', "");
        let tags: Vec<String> = tags.iter().map(|t| format!("{t}-{suffix}")).collect();
        let id = if alone { id.clone() } else { format!("{id}-{suffix}") };
        one(&id, &tags, vec![p])
    };
    platforms.into_iter().map(of).collect()
}

/// `dockers`: one platform, its files beside one another.
pub(super) fn old(d: &Draft<'_>, o: &Docker, at: usize, from: Made<'_>) -> Option<ImageSpec> {
    let opt = |t: &Option<Text>, default: &str| d.render.opt(t.as_ref(), default, &d.fields);
    let names = d.render.list(&o.image_templates, &d.fields);
    let first = names.first()?;
    // Ids need not be said here: the first name is known to be another's.
    let id = match &o.id {
        Some(id) => id.value.clone(),
        None => format!("{}-{at}", first.rsplit('/').next().unwrap_or(first).replace(':', "-")),
    };
    let arch = opt(&o.goarch, "amd64");
    let variant = match arch.as_str() {
        "arm" => format!("/v{}", opt(&o.goarm, "6")),
        "amd64" => match opt(&o.goamd64, "v1").as_str() {
            "v1" => String::new(),
            level => format!("/{level}"),
        },
        _ => String::new(),
    };
    let wanted = format!("{}/{arch}{variant}", opt(&o.goos, "linux"));
    let mine = mine(d, &o.ids, from);
    let Some(on) = platform(&wanted, &mine, false) else {
        if !narrowed(d) {
            let text = Text { value: wanted, place: o.place.clone() };
            no_binary(d, &format!("dockers `{first}`"), &words(d, &o.ids), &text, &mine);
        }
        return None;
    };
    let flags = Flags::read(d, &o.build_flags, &format!("dockers `{first}`"));
    flags.same_platform(d, &on, o, first);
    Some(ImageSpec {
        layout: layout(&id),
        id,
        section: "dockers".to_owned(),
        names,
        archive: None,
        created: d.facts.clock.unix,
        labels: flags.labels,
        annotations: annotations(flags.annotations),
        content: ImageContent::Dockerfile(DockerfileSpec {
            path: opt(&o.dockerfile, "Dockerfile"),
            files: d.render.list(&o.extra_files, &d.fields),
            packages: packages(d, &o.ids, from.1, std::slice::from_ref(&on), false),
            platforms: vec![on],
            args: flags.args.iter().map(|(k, v)| format!("{k}={v}")).collect(),
            contexts: flags.contexts,
            target: flags.target,
        }),
    })
}

fn words(d: &Draft<'_>, ids: &[Text]) -> String {
    match ids.is_empty() {
        true => d.builds.iter().map(|b| b.id.as_str()).collect::<Vec<_>>().join(", "),
        false => ids.iter().map(|t| t.value.as_str()).collect::<Vec<_>>().join(", "),
    }
}

/// Binaries of these builds, libraries too. Where the ids are only those of packages, all of them: they say which platforms there are.
fn mine<'b>(d: &Draft<'_>, ids: &[Text], (binaries, steps): Made<'b>) -> Vec<&'b PlannedBinary> {
    let wanted = d.render.list(ids, &d.fields);
    let usable = |b: &&PlannedBinary| b.target.is_some() && b.kind != ArtifactKind::CHeader;
    let all: Vec<&PlannedBinary> = binaries.iter().filter(usable).collect();
    let of_package = |s: &Step| matches!(&s.action, Action::LinuxPackage(p) if wanted.contains(&p.id));
    let own: Vec<&PlannedBinary> = all.iter().filter(|b| wanted.contains(&b.id)).copied().collect();
    match wanted.is_empty() || (own.is_empty() && steps.iter().any(of_package)) {
        true => all,
        false => own,
    }
}

/// The binaries of a platform, each with its place in the context.
fn platform(wanted: &str, mine: &[&PlannedBinary], folders: bool) -> Option<ImagePlatform> {
    let target = for_platform(mine, wanted)?.target?;
    let folder = if folders { format!("{}/", folder(&target)) } else { String::new() };
    let own = mine.iter().filter(|b| b.target == Some(target));
    let binaries = own
        .map(|b| ImageBinary {
            verified: b.verified.clone(),
            path: b.path.clone(),
            to: format!("{folder}{}", b.binary),
        })
        .collect();
    Some(ImagePlatform { target, binaries, entrypoint: vec![] })
}

/// The Linux packages of these platforms, each with its place in the context.
fn packages(
    d: &Draft<'_>,
    ids: &[Text],
    steps: &[Step],
    platforms: &[ImagePlatform],
    folders: bool,
) -> Vec<ContextPackage> {
    let wanted = d.render.list(ids, &d.fields);
    let mut out = vec![];
    for step in steps {
        let Action::LinuxPackage(package) = &step.action else { continue };
        let on = platforms.iter().find(|p| step.target == Some(p.target));
        let Some(on) = on.filter(|_| wanted.is_empty() || wanted.contains(&package.id)) else { continue };
        let name = package.file.rsplit('/').next().unwrap_or(&package.file);
        let folder = if folders { format!("{}/", folder(&on.target)) } else { String::new() };
        out.push(ContextPackage {
            made: step.id.clone(),
            path: package.file.clone(),
            to: format!("{folder}{name}"),
        });
    }
    out
}

/// What TARGETPLATFORM is.
fn folder(target: &GoTarget) -> String {
    let variant = match target.arch {
        Arch::Arm(_) => target.arch.variant().and_then(|v| v.chars().next()).map(|v| format!("/v{v}")),
        _ => None,
    };
    format!("{}/{}{}", target.os.goos(), target.arch.goarch(), variant.unwrap_or_default())
}

/// goreleaser puts annotations of images with several platforms at the index; who says a scope means it.
fn scoped(key: String, several: bool) -> String {
    match several && !key.starts_with("index") && !key.starts_with("manifest") {
        true => format!("index:{key}"),
        false => key,
    }
}

/// Flags of `docker build`.
#[derive(Default)]
struct Flags {
    args: BTreeMap<String, String>,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    contexts: Vec<(String, String)>,
    target: Option<String>,
    platform: Option<String>,
}

/// Flags that change nothing of what is in an image.
const IDLE: [&str; 12] = [
    "pull",
    "no-cache",
    "cache-from",
    "cache-to",
    "progress",
    "quiet",
    "load",
    "push",
    "builder",
    "rm",
    "force-rm",
    "provenance",
];
/// Of those, the ones that need no value.
const ALONE: [&str; 7] = ["pull", "no-cache", "quiet", "load", "push", "rm", "force-rm"];

impl Flags {
    fn read(d: &Draft<'_>, texts: &[Text], what: &str) -> Flags {
        let mut out = Flags::default();
        let mut items = texts.iter().map(|t| (d.render.text(t, &d.fields), t)).filter(|(t, _)| !t.is_empty());
        while let Some((word, text)) = items.next() {
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name.to_owned(), value.to_owned()),
                None if ALONE.contains(&word.trim_start_matches('-')) => (word.clone(), String::new()),
                None => (word.clone(), items.next().map(|(v, _)| v).unwrap_or_default()),
            };
            if !out.take(d, name.trim_start_matches('-'), &value) {
                let message = format!("{what}: the flag `{name}` of docker is not known here");
                let diag = Diagnostic::warning(Code::ConfigValue, message).hint(
                    "known are --build-arg, --label, --annotation, --platform, --target, --build-context; --pull and flags of caches have no meaning here",
                );
                d.render.push(labelled(diag, &text.place, ""));
            }
        }
        out
    }

    fn take(&mut self, d: &Draft<'_>, name: &str, value: &str) -> bool {
        let (key, of) = value.split_once('=').map_or((value, None), |(k, v)| (k, Some(v)));
        match name {
            "build-arg" => {
                let value = of.map(str::to_owned).or_else(|| d.env.get(key).cloned());
                self.args.extend(value.map(|v| (key.to_owned(), v)));
            }
            "label" => {
                self.labels.insert(key.to_owned(), of.unwrap_or_default().to_owned());
            }
            "annotation" => {
                self.annotations.insert(key.to_owned(), of.unwrap_or_default().to_owned());
            }
            "build-context" => self.contexts.push((key.to_owned(), of.unwrap_or_default().to_owned())),
            "target" => self.target = Some(value.to_owned()),
            "platform" => self.platform = Some(value.to_owned()),
            _ => return IDLE.contains(&name),
        }
        true
    }

    /// `--platform` beside another `goarch`: the image would hold binaries of another machine than it says.
    fn same_platform(&self, d: &Draft<'_>, on: &ImagePlatform, o: &Docker, first: &str) {
        let Some(said) = &self.platform else { return };
        let alike = said.parse::<GoTarget>().is_ok_and(|t| {
            t.os == on.target.os
                && t.arch.kind() == on.target.arch.kind()
                && (said.split('/').count() < 3 || folder(&t) == folder(&on.target))
        });
        if !alike {
            let message = format!(
                "dockers `{first}`: `--platform={said}`, but its binaries are for {}",
                folder(&on.target)
            );
            let diag = Diagnostic::warning(Code::ConfigValue, message).hint(
                "the image says what its binaries are for; set goarch and goarm, or leave the flag out",
            );
            d.render.push(labelled(diag, &o.place, ""));
        }
    }
}
