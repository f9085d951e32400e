//! `dockers_v2` and `dockers`.

use super::read::hook_pair;
use super::sections::free_texts;
use super::view::View;
use crate::model::{Docker, DockerV2};

pub(super) fn read_v2(item: &View<'_>) -> DockerV2 {
    let (hooks_pre, hooks_post) = hook_pair(item);
    DockerV2 {
        hooks_pre,
        hooks_post,
        id: item.text("id"),
        ids: item.texts("ids"),
        dockerfile: item.text("dockerfile"),
        images: item.texts("images"),
        tags: item.texts("tags"),
        labels: free_texts(item, "labels"),
        annotations: free_texts(item, "annotations"),
        extra_files: item.texts("extra_files"),
        platforms: item.texts("platforms"),
        build_args: free_texts(item, "build_args"),
        flags: item.texts("flags"),
        disable: item.text("disable"),
        place: item.place(),
    }
}

pub(super) fn read_old(item: &View<'_>) -> Docker {
    Docker {
        id: item.text("id"),
        ids: item.texts("ids"),
        goos: item.text("goos"),
        goarch: item.text("goarch"),
        goarm: item.text("goarm"),
        goamd64: item.text("goamd64"),
        dockerfile: item.text("dockerfile"),
        image_templates: item.texts("image_templates"),
        extra_files: item.texts("extra_files"),
        build_flags: item.texts("build_flag_templates"),
        skip_push: item.text("skip_push"),
        place: item.place(),
    }
}
