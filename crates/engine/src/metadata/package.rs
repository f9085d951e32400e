//! What artifacts.json says of a package, in goreleaser's shape.
//!
//! Must not: decide which packages there are.

use super::place;
use crate::steps::Execution;
use goferry_package::dist::Artifact;
use goferry_plan::graph::{ContentSpec, LinuxPackageSpec, Step};
use serde_json::{Value, json};
use std::path::Path;

/// goreleaser says less of a package's target than of a program's, and lists what was configured rather than what is in it.
pub(super) fn described(
    cx: &Execution<'_>,
    step: &Step,
    spec: &LinuxPackageSpec,
    mut a: Artifact,
) -> Artifact {
    for unsaid in [&mut a.target, &mut a.go386, &mut a.goarm64, &mut a.goppc64, &mut a.goriscv64] {
        unsaid.clear();
    }
    if step.target.is_none() {
        a.goos = if spec.format == "termux.deb" { "android" } else { "linux" }.to_owned();
        "all".clone_into(&mut a.goarch);
    }
    let mut files: Vec<Value> = spec.contents.iter().map(|c| listed(&cx.project.root, spec, c)).collect();
    for p in &spec.programs {
        let info = json!({"mode": 0o755, "mtime": moment(spec.mtime)});
        files.push(json!({"src": place(cx, &p.path), "dst": p.dst, "file_info": info}));
    }
    a = a.with("Ext", format!(".{}", spec.format)).with("Format", spec.format.as_str());
    a.with("ID", spec.id.as_str()).with("Files", files)
}

/// One item of `contents` as goreleaser lists it: by the time that it does, nfpm filled in what links, folders and ghosts lack.
fn listed(root: &Path, spec: &LinuxPackageSpec, c: &ContentSpec) -> Value {
    let packager = spec.format.strip_prefix("termux.").unwrap_or(&spec.format);
    let documents = matches!(c.kind.as_str(), "doc" | "license" | "licence" | "readme");
    let for_rpm = documents || c.kind == "ghost";
    let taken = (c.packager.is_empty() || c.packager == packager) && (!for_rpm || packager == "rpm");
    let filled = taken && (for_rpm || matches!(c.kind.as_str(), "symlink" | "dir"));
    let name = |own: &str| if own.is_empty() && filled { "root".to_owned() } else { own.to_owned() };
    let mode = c.mode.or(match c.kind.as_str() {
        "dir" if filled => Some(0o755),
        "ghost" if filled => Some(0o644),
        _ if filled && documents => mode_of(&root.join(&c.src)).map(|m| m & !spec.umask),
        _ => None,
    });
    let mut info = serde_json::Map::new();
    for (key, value) in [("owner", name(&c.owner)), ("group", name(&c.group))] {
        if !value.is_empty() {
            info.insert(key.to_owned(), value.into());
        }
    }
    info.extend(mode.map(|m| ("mode".to_owned(), m.into())));
    let time = c.mtime.or(spec.mtime.filter(|_| filled));
    info.insert("mtime".to_owned(), moment(time).into());
    let mut out = serde_json::Map::new();
    for (key, value) in [("src", &c.src), ("dst", &c.dst), ("type", &c.kind), ("packager", &c.packager)] {
        if !value.is_empty() {
            out.insert(key.to_owned(), value.as_str().into());
        }
    }
    out.insert("file_info".to_owned(), Value::Object(info));
    Value::Object(out)
}

#[cfg(unix)]
fn mode_of(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().ok().map(|m| m.permissions().mode() & 0o7777)
}

#[cfg(not(unix))]
fn mode_of(_: &Path) -> Option<u32> {
    None
}

/// A time as Go writes it; the year 1 where there is none.
fn moment(unix: Option<i64>) -> String {
    match unix {
        Some(unix) => jiff::Timestamp::from_second(unix).unwrap_or_default().to_string(),
        None => "0001-01-01T00:00:00Z".to_owned(),
    }
}
