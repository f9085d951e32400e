//! goreleaser's `kos` (2.15.1, internal/pipe/ko) with ko's names and places (ko 0.19, pkg/build, pkg/commands/options).

use super::{annotations, base, for_platform, labelled, layout, map, names, narrowed, no_binary};
use crate::builds::PlannedBinary;
use crate::draft::{Draft, DraftBuild};
use crate::graph::{
    BinariesSpec, DataSpec, Extras, ImageBinary, ImageContent, ImagePlatform, ImageSpec, RunSpec,
};
use goferry_config::model::{Ko, Text};
use goferry_report::{Code, Diagnostic};
use md5::{Digest as _, Md5};

const BASE: &str = "cgr.dev/chainguard/static";
const LOCAL: &str = "goreleaser.ko.local";
/// Where ko puts binaries and data.
const APP: &str = "ko-app";
const DATA: &str = "var/run/ko";

pub(super) fn spec(d: &Draft<'_>, k: &Ko, binaries: &[PlannedBinary]) -> Option<ImageSpec> {
    let opt = |t: &Option<Text>, default: &str| d.render.opt(t.as_ref(), default, &d.fields);
    if d.render.flag(k.disable.as_ref(), &d.fields) {
        return None;
    }
    let id = opt(&k.id, &d.name);
    let build = build(d, k, &id)?;
    same_program(d, k, build, &id);
    let import_path = import_path(d, build);
    let repositories = repositories(d, k, &id)?;
    // Only the first is named as ko does: goreleaser copies the image to the others as they stand.
    let (first, others) = repositories.split_first()?;
    let named: Vec<String> =
        std::iter::once(name(k, first, &import_path)).chain(others.iter().cloned()).collect();
    let tags = match k.tags.is_empty() {
        true => vec!["latest".to_owned()],
        false => d.render.list(&k.tags, &d.fields),
    };
    let app = import_path.rsplit('/').next().filter(|n| !n.is_empty()).unwrap_or("ko-app").to_owned();
    let platforms = platforms(d, k, build, &id, &app, binaries);
    if platforms.is_empty() {
        return None;
    }
    let data = DataSpec {
        from: join(&[&build.dir, &build.main, "kodata"]),
        to: DATA.to_owned(),
        mode: Some(0o555),
        mtime: d.render.unix(k.ko_data_creation_time.as_ref(), &d.fields).unwrap_or(0),
        optional: true,
    };
    let content = BinariesSpec {
        base: base(&opt(&k.base_image, BASE)),
        platforms,
        mode: 0o555,
        // ko's layers have no time, so that an unchanged binary is an unchanged layer.
        mtime: 0,
        data: vec![data],
        run: RunSpec {
            user: opt(&k.user, ""),
            env: vec![format!("KO_DATA_PATH=/{DATA}")],
            path: Some(format!("/{APP}")),
            ..RunSpec::default()
        },
        extras: Extras::default(),
        compression: "gzip".to_owned(),
    };
    Some(ImageSpec {
        layout: layout(&id),
        id,
        section: "kos".to_owned(),
        names: names(&named, &tags),
        archive: None,
        created: d.render.unix(k.creation_time.as_ref(), &d.fields).unwrap_or(d.facts.clock.unix),
        labels: map(d, &k.labels),
        annotations: annotations(map(d, &k.annotations)),
        content: ImageContent::Binaries(content),
    })
}

/// The build of `build`, or that of its id whose main package is `main`.
fn build<'d>(d: &'d Draft<'_>, k: &Ko, id: &str) -> Option<&'d DraftBuild> {
    let wanted = d.render.opt(k.build.as_ref(), id, &d.fields);
    let text = |t: &Option<Text>| t.as_ref().map(|t| d.render.text(t, &d.fields));
    let (main, dir) = (text(&k.main), text(&k.working_dir));
    let of_id: Vec<&DraftBuild> = d.builds.iter().filter(|b| b.id == wanted).collect();
    let fits = |b: &&&DraftBuild| {
        let (dir, main) = (dir.as_deref().unwrap_or(&b.dir), main.as_deref().unwrap_or(&b.main));
        package(dir, main) == package(&b.dir, &b.main)
    };
    let found = of_id.iter().find(fits).copied();
    if found.is_some() || (of_id.is_empty() && !d.options.ids.is_empty()) {
        return found;
    }
    let (message, hint) = match of_id.first() {
        None => (format!("kos `{id}`: no build has the id `{wanted}`"), "name one by `build`".to_owned()),
        Some(b) => (
            format!(
                "kos `{id}`: build `{wanted}` builds {}, not {}",
                shown(&package(&b.dir, &b.main)),
                shown(&package(dir.as_deref().unwrap_or(&b.dir), main.as_deref().unwrap_or(&b.main)))
            ),
            "images hold what was built and verified: give that package a build of its own, and name it by `build`"
                .to_owned(),
        ),
    };
    let place = k.build.as_ref().or(k.main.as_ref()).map_or(&k.place, |t| &t.place);
    d.render.push(labelled(Diagnostic::error(Code::UnknownId, message).hint(hint), place, ""));
    None
}

/// ko would build with these; goferry takes the binary that was verified.
fn same_program(d: &Draft<'_>, k: &Ko, b: &DraftBuild, id: &str) {
    let words = |list: &[Text]| -> Vec<String> {
        let words = list.iter().flat_map(|t| t.value.split_whitespace().map(str::to_owned));
        let mut words: Vec<String> = words.collect();
        words.sort();
        words
    };
    let of = &b.config.flags;
    let (ldflags, flags) = (of.ldflags.clone().unwrap_or_default(), of.flags.clone().unwrap_or_default());
    for (key, own, built) in
        [("ldflags", &k.ldflags, &ldflags), ("flags", &k.flags, &flags), ("env", &k.env, &of.env)]
    {
        if own.is_empty() || words(own) == words(built) {
            continue;
        }
        let message = format!("kos `{id}`: `{key}` is not what build `{}` has", b.id);
        let diag = Diagnostic::warning(Code::ConfigValue, message).hint(
            "the image holds the binary of that build, which was verified; ko would build another. Leave the key out, or give the image a build of its own",
        );
        d.render.push(labelled(diag, &own[0].place, ""));
    }
}

/// `example.com/tool/cmd/x`.
fn import_path(d: &Draft<'_>, b: &DraftBuild) -> String {
    let module = d.facts.module_path.clone().unwrap_or_else(|| d.name.clone());
    let below = package(&b.dir, &b.main);
    if below.is_empty() { module } else { format!("{module}/{below}") }
}

/// The folder of a main package below the project: that of a file of it is the same.
fn package(dir: &str, main: &str) -> String {
    let path = join(&[dir, main]);
    match path.rsplit_once('/') {
        Some((folder, file)) if file.ends_with(".go") => folder.to_owned(),
        None if path.ends_with(".go") => String::new(),
        _ => path,
    }
}

fn shown(package: &str) -> String {
    if package.is_empty() { ".".to_owned() } else { format!("./{package}") }
}

/// A path without `.` and empty parts.
fn join(parts: &[&str]) -> String {
    let mut out: Vec<&str> = vec![];
    for part in parts.iter().flat_map(|p| p.split('/')) {
        match part {
            "" | "." => {}
            ".." if out.last().is_some_and(|l| *l != "..") => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out.join("/")
}

fn repositories(d: &Draft<'_>, k: &Ko, id: &str) -> Option<Vec<String>> {
    let given = match d.env.get("KO_DOCKER_REPO").filter(|r| !r.is_empty()) {
        Some(repository) => vec![repository.clone()],
        None => d.render.list(&k.repositories, &d.fields),
    };
    if given.is_empty() {
        let message = format!("kos `{id}` has no `repositories`, and KO_DOCKER_REPO is not set");
        let diag = Diagnostic::error(Code::ConfigValue, message)
            .hint_with("say where the image belongs", "repositories: [ghcr.io/owner/name]");
        d.render.push(labelled(diag, &k.place, ""));
        return None;
    }
    match d.facts.snapshot {
        true => Some(vec![d.render.opt(k.local_domain.as_ref(), LOCAL, &d.fields)]),
        false => Some(given),
    }
}

/// ko's namers, in its order of precedence.
fn name(k: &Ko, repository: &str, import_path: &str) -> String {
    let last = import_path.rsplit('/').next().unwrap_or(import_path);
    if k.preserve_import_paths {
        format!("{repository}/{import_path}")
    } else if k.base_import_paths {
        format!("{repository}/{last}")
    } else if k.bare {
        repository.to_owned()
    } else {
        let sum: String = Md5::digest(import_path).iter().map(|b| format!("{b:02x}")).collect();
        format!("{repository}/{last}-{sum}")
    }
}

fn platforms(
    d: &Draft<'_>,
    k: &Ko,
    build: &DraftBuild,
    id: &str,
    app: &str,
    binaries: &[PlannedBinary],
) -> Vec<ImagePlatform> {
    let of_build = |b: &&PlannedBinary| {
        b.id == build.id && b.program.as_ref().is_none_or(|p| *p == build.main) && b.target.is_some()
    };
    let binaries: Vec<&PlannedBinary> = binaries.iter().filter(of_build).collect();
    let default = [Text::implied("linux/amd64".to_owned())];
    let wanted = if k.platforms.is_empty() { &default[..] } else { &k.platforms };
    let all = wanted.iter().any(|w| w.value == "all");
    let mut found: Vec<&PlannedBinary> = vec![];
    if all {
        found.extend(binaries.iter().filter(|b| b.target.as_ref().is_some_and(super::has_images)));
    }
    for w in wanted.iter().filter(|w| w.value != "all") {
        match for_platform(&binaries, &d.render.text(w, &d.fields)) {
            Some(b) if !found.iter().any(|f| f.target == b.target) => found.push(b),
            Some(_) => {}
            None if narrowed(d) => {}
            None => no_binary(d, &format!("kos `{id}`"), &build.id, w, &binaries),
        }
    }
    let one = |b: &PlannedBinary| {
        let to = format!("{APP}/{app}");
        Some(ImagePlatform {
            target: b.target?,
            entrypoint: vec![format!("/{to}")],
            binaries: vec![ImageBinary { verified: b.verified.clone(), path: b.path.clone(), to }],
        })
    };
    found.into_iter().filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_ko_s() {
        let path = "example.com/tool/cmd/x";
        // printf example.com/tool/cmd/x | md5sum
        for (k, want) in [
            (Ko::default(), "r.io/a/x-1c10c3b1a64f680f435c9371f7b3c9b1"),
            (Ko { bare: true, ..Ko::default() }, "r.io/a"),
            (Ko { base_import_paths: true, bare: true, ..Ko::default() }, "r.io/a/x"),
            (Ko { preserve_import_paths: true, ..Ko::default() }, "r.io/a/example.com/tool/cmd/x"),
        ] {
            assert_eq!(name(&k, "r.io/a", path), want);
        }
        for (parts, want) in [(&["./cmd/x", "."][..], "cmd/x"), (&["a", "../b"], "b"), (&[".", "."], "")] {
            assert_eq!(join(parts), want);
        }
        for (dir, main, want) in [
            (".", "./cmd/x/main.go", "cmd/x"),
            ("", "./main.go", ""),
            ("cmd", "./x/", "cmd/x"),
            (".", ".", ""),
        ] {
            assert_eq!(package(dir, main), want);
        }
    }
}
