//! `[[image]]` of goferry.toml.

use super::docker::Made;
use super::{annotations, base, for_platform, has_images, labelled, layout, map, names, narrowed, no_binary};
use crate::builds::PlannedBinary;
use crate::draft::Draft;
use crate::graph::{
    ArtifactKind, BaseSpec, BinariesSpec, DataSpec, Extras, ImageBinary, ImageContent, ImagePlatform,
    ImageSpec, RunSpec,
};
use goferry_config::model::{Image, Text};
use goferry_report::{Code, Diagnostic};
use goferry_target::GoTarget;
use std::collections::BTreeMap;

const BIN_DIR: &str = "/usr/local/bin";

pub(super) fn spec(d: &Draft<'_>, i: &Image, made: &Made<'_>) -> Option<ImageSpec> {
    let opt = |t: &Option<Text>, default: &str| d.render.opt(t.as_ref(), default, &d.fields);
    if d.render.flag(i.disable.as_ref(), &d.fields) {
        return None;
    }
    let id = opt(&i.id, &d.name);
    let content = match &i.dockerfile {
        Some(file) => ImageContent::Dockerfile(super::docker::native::content(d, i, file, &id, made)?),
        None => ImageContent::Binaries(of_binaries(d, i, &id, made.binaries)?),
    };
    let images = match i.images.is_empty() {
        true => vec![id.to_lowercase()],
        false => d.render.list(&i.images, &d.fields),
    };
    let tags = match i.tags.is_empty() {
        // What semantic versions may hold and tags may not.
        true => vec![d.version.replace('+', "-")],
        false => d.render.list(&i.tags, &d.fields),
    };
    let mut noted = own_annotations(d);
    noted.extend(map(d, &i.annotations));
    let archive = i.archive.then(|| format!("{}_{}.oci.tar", layout(&id).replace("images/", ""), d.version));
    Some(ImageSpec {
        layout: layout(&id),
        id,
        section: "image".to_owned(),
        names: names(&images, &tags),
        archive,
        created: d.facts.clock.unix,
        labels: map(d, &i.labels),
        annotations: annotations(noted),
        content,
    })
}

/// What is put on a base.
fn of_binaries(d: &Draft<'_>, i: &Image, id: &str, binaries: &[PlannedBinary]) -> Option<BinariesSpec> {
    let opt = |t: &Option<Text>, default: &str| d.render.opt(t.as_ref(), default, &d.fields);
    let base = base(&opt(&i.base, "scratch"));
    let scratch = base == BaseSpec::Scratch;
    let created = d.facts.clock.unix;
    for (key, said) in [
        ("extra_files", !i.extra_files.is_empty()),
        ("build_args", !i.build_args.is_empty()),
        ("target", i.target.is_some()),
    ] {
        if said {
            let message = format!("image `{id}`: `{key}` has a meaning beside `dockerfile` only");
            let diag = Diagnostic::error(Code::ConfigValue, message);
            d.render.push(labelled(diag, &i.place, ""));
        }
    }
    Some(BinariesSpec {
        base,
        platforms: platforms(d, i, id, binaries)?,
        mode: 0o755,
        mtime: created,
        data: data(d, i, created),
        run: RunSpec {
            user: opt(&i.user, ""),
            cmd: d.render.list(&i.cmd, &d.fields),
            env: d.render.list(&i.env, &d.fields),
            path: Some(opt(&i.bin_dir, BIN_DIR)),
            ports: ports(d, i),
            volumes: d.render.list(&i.volumes, &d.fields),
            workdir: opt(&i.workdir, ""),
            stop_signal: opt(&i.stop_signal, ""),
        },
        extras: Extras {
            certificates: i.certificates.unwrap_or(scratch),
            time_zones: i.time_zones,
            passwd: i.passwd.unwrap_or(scratch),
            tmp: i.tmp.unwrap_or(scratch),
        },
        compression: opt(&i.compression, "gzip"),
    })
}

/// What is known of every release (image-spec `annotations.md`).
fn own_annotations(d: &Draft<'_>) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    let mut say = |key: &str, value: &str| {
        if !value.is_empty() {
            out.insert(format!("org.opencontainers.image.{key}"), value.to_owned());
        }
    };
    say("title", &d.name);
    say("version", &d.version);
    say("revision", &d.facts.vcs.commit);
    let url = d.facts.vcs.url.trim_end_matches(".git");
    say("source", if url.starts_with("https://") { url } else { "" });
    say("created", &jiff::Timestamp::from_second(d.facts.clock.unix).unwrap_or_default().to_string());
    let text = |t: &Option<Text>| d.render.opt(t.as_ref(), "", &d.fields);
    say("description", &text(&d.config.metadata.description));
    say("licenses", &text(&d.config.metadata.license));
    say("url", &text(&d.config.metadata.homepage));
    out
}

/// `8080` is `8080/tcp`.
/// `8080/tcp` and so on, as the image's configuration has them.
fn ports(d: &Draft<'_>, i: &Image) -> Vec<String> {
    let mut out = vec![];
    for t in &i.ports {
        let text = d.render.text(t, &d.fields);
        let (number, protocol) = text.split_once('/').unwrap_or((&text, "tcp"));
        let is_port =
            number.parse::<u16>().is_ok_and(|n| n > 0) && matches!(protocol, "tcp" | "udp" | "sctp");
        if is_port {
            out.push(format!("{number}/{protocol}"));
        } else if !text.is_empty() {
            let diag = Diagnostic::error(Code::ConfigValue, format!("`{text}` is no port"))
                .hint("write 8080, or 53/udp");
            d.render.push(labelled(diag, &t.place, ""));
        }
    }
    out
}

fn data(d: &Draft<'_>, i: &Image, mtime: i64) -> Vec<DataSpec> {
    let mut out = vec![];
    for t in &i.data {
        let text = d.render.text(t, &d.fields);
        match text.rsplit_once(':') {
            Some((from, to)) if !from.is_empty() && to.starts_with('/') => out.push(DataSpec {
                from: from.to_owned(),
                to: to.trim_matches('/').to_owned(),
                mode: None,
                mtime,
                optional: false,
            }),
            _ => {
                let message = format!("`image.data` cannot be `{text}`");
                let diag = Diagnostic::error(Code::ConfigValue, message)
                    .hint_with("say what goes where", "data = [\"templates:/usr/share/tool\"]");
                d.render.push(labelled(diag, &t.place, ""));
            }
        }
    }
    out
}

/// The binaries of each platform; none if there is nothing to make an image of.
fn platforms(d: &Draft<'_>, i: &Image, id: &str, binaries: &[PlannedBinary]) -> Option<Vec<ImagePlatform>> {
    let wanted = d.render.list(&i.ids, &d.fields);
    let libraries = [ArtifactKind::CShared, ArtifactKind::CArchive, ArtifactKind::CHeader];
    let mine: Vec<&PlannedBinary> = binaries
        .iter()
        .filter(|b| wanted.is_empty() || wanted.contains(&b.id))
        .filter(|b| b.target.as_ref().is_some_and(has_images) && !libraries.contains(&b.kind))
        .collect();
    let mut targets: Vec<GoTarget> = vec![];
    for p in &i.platforms {
        match for_platform(&mine, &p.value).and_then(|b| b.target) {
            Some(t) => targets.push(t),
            None if narrowed(d) => {}
            None => no_binary(d, &format!("image `{id}`"), &wanted.join(", "), p, &mine),
        }
    }
    if i.platforms.is_empty() {
        targets.extend(mine.iter().filter_map(|b| b.target));
    }
    let mut seen = std::collections::BTreeSet::new();
    targets.retain(|t| seen.insert(t.to_string()));
    if targets.is_empty() {
        if !narrowed(d) && i.platforms.is_empty() {
            let message = format!("image `{id}`: no build has a target on which images run");
            let diag = Diagnostic::error(Code::UnknownTarget, message)
                .hint("images are made for linux and for wasip1/wasm");
            d.render.push(labelled(diag, &i.place, ""));
        }
        return None;
    }
    Some(targets.into_iter().filter_map(|t| platform(d, i, id, t, &mine)).collect())
}

fn platform(
    d: &Draft<'_>,
    i: &Image,
    id: &str,
    target: GoTarget,
    mine: &[&PlannedBinary],
) -> Option<ImagePlatform> {
    let dir = d.render.opt(i.bin_dir.as_ref(), BIN_DIR, &d.fields);
    let of = mine.iter().filter(|b| b.target == Some(target));
    let binaries: Vec<ImageBinary> = of
        .map(|b| {
            let name = b.binary.rsplit('/').next().unwrap_or(&b.binary);
            let to = format!("{}/{name}", dir.trim_matches('/')).trim_start_matches('/').to_owned();
            ImageBinary { verified: b.verified.clone(), path: b.path.clone(), to }
        })
        .collect();
    let entrypoint = match (&i.entrypoint, binaries.as_slice()) {
        (Some(words), _) => d.render.list(words, &d.fields),
        (None, [one]) => vec![format!("/{}", one.to)],
        (None, several) => {
            let names: Vec<&str> = several.iter().map(|b| b.to.as_str()).collect();
            let message = format!("image `{id}` holds several programs: {}", names.join(", "));
            let diag = Diagnostic::error(Code::ConfigValue, message)
                .hint_with("say which of them runs", format!("entrypoint = [\"/{}\"]", names.first()?));
            d.render.push(labelled(diag, &i.place, ""));
            return None;
        }
    };
    Some(ImagePlatform { target, binaries, entrypoint })
}
