//! `kos` and `[[image]]`.

use super::sections::free_texts;
use super::view::View;
use crate::model::{Image, Ko};

pub(super) fn read_ko(item: &View<'_>) -> Ko {
    Ko {
        id: item.text("id"),
        build: item.text("build"),
        main: item.text("main"),
        working_dir: item.text("working_dir"),
        base_image: item.text("base_image"),
        labels: free_texts(item, "labels"),
        annotations: free_texts(item, "annotations"),
        user: item.text("user"),
        repositories: item.texts("repositories"),
        platforms: item.texts("platforms"),
        tags: item.texts("tags"),
        creation_time: item.text("creation_time"),
        ko_data_creation_time: item.text("ko_data_creation_time"),
        sbom: item.text("sbom"),
        sbom_directory: item.text("sbom_directory"),
        ldflags: item.texts("ldflags"),
        flags: item.texts("flags"),
        env: item.texts("env"),
        bare: item.bool("bare"),
        preserve_import_paths: item.bool("preserve_import_paths"),
        base_import_paths: item.bool("base_import_paths"),
        local_domain: item.text("local_domain"),
        disable: item.text("disable"),
        place: item.place(),
    }
}

pub(super) fn read_image(item: &View<'_>) -> Image {
    let said = |key: &str| item.node.get(key).map(|_| item.bool(key));
    Image {
        id: item.text("id"),
        ids: item.texts("ids"),
        dockerfile: item.text("dockerfile"),
        extra_files: item.texts("extra_files"),
        build_args: free_texts(item, "build_args"),
        target: item.text("target"),
        base: item.text("base"),
        images: item.texts("images"),
        tags: item.texts("tags"),
        platforms: item.texts("platforms"),
        labels: free_texts(item, "labels"),
        annotations: free_texts(item, "annotations"),
        user: item.text("user"),
        // An empty list is meant: none.
        entrypoint: item.node.get("entrypoint").map(|_| item.texts("entrypoint")),
        cmd: item.texts("cmd"),
        env: item.texts("env"),
        ports: item.texts("ports"),
        volumes: item.texts("volumes"),
        workdir: item.text("workdir"),
        stop_signal: item.text("stop_signal"),
        bin_dir: item.text("bin_dir"),
        data: item.texts("data"),
        certificates: said("certificates"),
        time_zones: item.bool("time_zones"),
        passwd: said("passwd"),
        tmp: said("tmp"),
        archive: item.bool("archive"),
        compression: item.text("compression"),
        disable: item.text("disable"),
        place: item.place(),
    }
}
