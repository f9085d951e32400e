//! `[[image]]` with a `dockerfile`.

use super::context::{Found, Made, Wanted, files, folder};
use super::{Flags, lines, pairs};
use crate::draft::Draft;
use crate::graph::{DockerfileSpec, Late};
use crate::images::{has_images, labelled};
use goferry_config::model::{Image, Text};
use goferry_report::{Code, Diagnostic};
use goferry_target::GoTarget;

/// What is made of it; none if there is nothing to make an image of.
pub(in crate::images) fn content(
    d: &Draft<'_>,
    i: &Image,
    dockerfile: &Text,
    id: &str,
    made: &Made<'_>,
) -> Option<DockerfileSpec> {
    let what = format!("image `{id}`");
    said_by_it(d, i, &what);
    let ids = d.render.list(&i.ids, &d.fields);
    let mut found: Vec<Found> = vec![];
    for (text, place) in platforms(i, &ids, made) {
        if !found.iter().any(|f| f.asked == text) {
            found
                .extend(made.found(d, &Wanted { text: &text, ids: &ids, what: &what, place, folders: true }));
        }
    }
    if found.is_empty() {
        return None;
    }
    let path = d.render.text(dockerfile, &d.fields);
    Some(DockerfileSpec {
        path,
        files: files(d, &i.extra_files, &what),
        packages: found.iter().flat_map(|f| f.packages.clone()).collect(),
        platforms: found.into_iter().map(|f| f.platform).collect(),
        args: lines(pairs(d, &i.build_args, &d.fields)),
        contexts: vec![],
        target: i.target.as_ref().map(|t| d.render.text(t, &d.fields)),
        outside: Flags::default().outside(d),
        run_flags: vec![],
        hooks_pre: vec![],
        hooks_post: vec![],
        late: Late::default(),
    })
}

/// Those that are asked for, else all on which images run.
fn platforms<'i>(
    i: &'i Image,
    ids: &[String],
    made: &Made<'_>,
) -> Vec<(String, &'i goferry_config::place::Place)> {
    if !i.platforms.is_empty() {
        return i.platforms.iter().map(|p| (p.value.clone(), &p.place)).collect();
    }
    let mine = made.binaries.iter().filter(|b| ids.is_empty() || ids.contains(&b.id));
    let targets = mine.filter_map(|b| b.target.as_ref()).filter(|t| has_images(t));
    targets.map(|t: &GoTarget| (folder(t), &i.place)).collect()
}

/// Keys that say what the Dockerfile says.
fn said_by_it(d: &Draft<'_>, i: &Image, what: &str) {
    let texts = [
        ("base", &i.base),
        ("user", &i.user),
        ("workdir", &i.workdir),
        ("stop_signal", &i.stop_signal),
        ("bin_dir", &i.bin_dir),
        ("compression", &i.compression),
    ];
    let lists =
        [("cmd", &i.cmd), ("env", &i.env), ("ports", &i.ports), ("volumes", &i.volumes), ("data", &i.data)];
    let bools = [
        ("entrypoint", i.entrypoint.is_some()),
        ("certificates", i.certificates.is_some()),
        ("time_zones", i.time_zones),
        ("passwd", i.passwd.is_some()),
        ("tmp", i.tmp.is_some()),
    ];
    let said = texts.iter().map(|(k, t)| (*k, t.is_some()));
    let said = said.chain(lists.iter().map(|(k, l)| (*k, !l.is_empty()))).chain(bools);
    for (key, _) in said.filter(|(_, is)| *is) {
        let message = format!("{what}: `{key}` has no meaning beside `dockerfile`, which says it");
        let diag = Diagnostic::error(Code::ConfigConflict, message)
            .hint("write it into the Dockerfile, or leave `dockerfile` out");
        d.render.push(labelled(diag, &i.place, ""));
    }
}
