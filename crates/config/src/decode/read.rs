//! Parts that several sections share: hooks, files, selectors.

use super::view::View;
use crate::model::{BuildFlags, ExtraFile, ExtraGlob, FileInfo, Hook, TargetMatch, Text};
use std::collections::BTreeMap;

/// Variables that split a GOARCH, in goreleaser's order.
const VARIANTS: [&str; 7] = ["goamd64", "go386", "goarm", "goarm64", "gomips", "goppc64", "goriscv64"];

/// Hooks of a key; one without a command does nothing and is dropped, as goreleaser does.
pub(super) fn hooks(view: &View<'_>, key: &str) -> Vec<Hook> {
    let read = |hook: &View<'_>| {
        let (cmd, dir) = (hook.text("cmd"), hook.text("dir"));
        let (env, output) = (hook.texts("env"), hook.text("output"));
        cmd.map(|cmd| Hook { cmd, dir, env, output })
    };
    view.maps(key).iter().filter_map(read).collect()
}

/// `hooks.pre` and `hooks.post`.
pub(super) fn hook_pair(view: &View<'_>) -> (Vec<Hook>, Vec<Hook>) {
    match view.map("hooks") {
        Some(pair) => (hooks(&pair, "pre"), hooks(&pair, "post")),
        None => (vec![], vec![]),
    }
}

pub(super) fn build_flags(view: &View<'_>) -> BuildFlags {
    BuildFlags {
        flags: view.some_texts("flags"),
        asmflags: view.some_texts("asmflags"),
        gcflags: view.some_texts("gcflags"),
        tags: view.some_texts("tags"),
        ldflags: view.some_texts("ldflags"),
        buildmode: view.text("buildmode"),
        env: view.texts("env"),
    }
}

pub(super) fn target_match(view: &View<'_>) -> TargetMatch {
    let variant = |name: &&str| view.text(name).map(|text| ((*name).to_owned(), text));
    TargetMatch {
        goos: view.text("goos"),
        goarch: view.text("goarch"),
        variants: VARIANTS.iter().filter_map(variant).collect(),
    }
}

/// Lists of variants, by variable; the table says which the section has.
pub(super) fn variant_lists(view: &View<'_>) -> BTreeMap<String, Vec<Text>> {
    let known = VARIANTS.iter().filter(|name| view.shape.key(name).is_some());
    known.filter_map(|name| view.some_texts(name).map(|list| ((*name).to_owned(), list))).collect()
}

pub(super) fn file_info(view: Option<View<'_>>) -> FileInfo {
    let Some(view) = view else { return FileInfo::default() };
    FileInfo {
        owner: view.text("owner"),
        group: view.text("group"),
        mode: view.int("mode").and_then(|mode| u32::try_from(mode).ok()),
        mtime: view.text("mtime"),
    }
}

pub(super) fn extra_files(view: &View<'_>, key: &str) -> Vec<ExtraFile> {
    let read = |file: &View<'_>| {
        let (dst, strip_parent, info) =
            (file.text("dst"), file.bool("strip_parent"), file_info(file.map("info")));
        file.text("src").map(|src| ExtraFile { src, dst, strip_parent, info, default: false })
    };
    view.maps(key).iter().filter_map(read).collect()
}

pub(super) fn extra_globs(view: &View<'_>, key: &str) -> Vec<ExtraGlob> {
    let read = |file: &View<'_>| {
        let name_template = file.text("name_template");
        file.text("glob").map(|glob| ExtraGlob { glob, name_template })
    };
    view.maps(key).iter().filter_map(read).collect()
}
