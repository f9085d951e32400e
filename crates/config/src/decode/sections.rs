//! The sections that both files share, from checked mappings into the model.

use super::read::{
    build_flags, extra_files, extra_globs, file_info, hook_pair, hooks, target_match, variant_lists,
};
use super::view::{View, as_text};
use super::{image_push, linux_package, sbom, sign};
use crate::model::{
    Archive, Build, BuildOverride, Changelog, ChangelogGroup, Checksum, Config, FormatOverride, GitRules,
    Gomod, Metadata, Source, Spanned, Text, Universal, Unsupported, Upx,
};
use std::collections::BTreeMap;

/// Reads every shared section into the configuration.
pub(super) fn read_shared(root: &View<'_>, config: &mut Config) {
    config.project_name = root.text("project_name");
    config.dist = root.text("dist");
    config.env = root.texts("env");
    if let Some(files) = root.map("env_files") {
        for name in ["github_token", "gitlab_token", "gitea_token"] {
            config.env_files.extend(files.text(name).map(|text| (name.to_owned(), text)));
        }
    }
    config.before = root.map("before").map(|before| hooks(&before, "hooks")).unwrap_or_default();
    config.after = root.map("after").map(|after| hooks(&after, "hooks")).unwrap_or_default();
    config.variables = free_texts(root, "variables");
    config.git = root.map("git").map(|git| read_git(&git)).unwrap_or_default();
    config.gomod = root.map("gomod").map(|gomod| read_gomod(&gomod)).unwrap_or_default();
    config.snapshot_version = root.map("snapshot").and_then(|s| s.text("version_template"));
    config.metadata = root.map("metadata").map(|metadata| read_metadata(&metadata)).unwrap_or_default();
    config.report_sizes = root.bool("report_sizes");
    config.builds = root.maps("builds").iter().map(read_build).collect();
    foreign_builders(config);
    config.universal_binaries = root.maps("universal_binaries").iter().map(read_universal).collect();
    config.upx = root.maps("upx").iter().map(read_upx).collect();
    config.archives = root.maps("archives").iter().map(read_archive).collect();
    linux_package::read(root, "nfpms", config);
    config.source = root.map("source").map(|source| read_source(&source)).unwrap_or_default();
    config.checksum = root.map("checksum").map(|checksum| read_checksum(&checksum)).unwrap_or_default();
    config.sboms = root.maps("sboms").iter().map(sbom::read_item).collect();
    config.kos = root.maps("kos").iter().map(super::image::read_ko).collect();
    config.dockers_v2 = root.maps("dockers_v2").iter().map(super::docker::read_v2).collect();
    config.dockers = root.maps("dockers").iter().map(super::docker::read_old).collect();
    config.docker_manifests =
        root.maps("docker_manifests").iter().map(super::docker::read_manifest).collect();
    config.signs = root.maps("signs").iter().map(sign::read_item).collect();
    config.binary_signs = root.maps("binary_signs").iter().map(sign::read_item).collect();
    config.image_push = image_push::read(root);
    config.changelog = root.map("changelog").map(|changelog| read_changelog(&changelog)).unwrap_or_default();
}

pub(super) fn free_texts(view: &View<'_>, key: &str) -> BTreeMap<String, Text> {
    view.free(key).iter().filter_map(|e| Some((e.key.clone(), as_text(&e.value)?))).collect()
}

/// Builders other than Go's own are something goferry cannot do yet.
fn foreign_builders(config: &mut Config) {
    for (i, build) in config.builds.iter().enumerate() {
        let Some(builder) = &build.builder else { continue };
        if builder.value != "go" {
            config.unsupported.push(Unsupported {
                section: "builds".to_owned(),
                path: format!("builds[{i}].builder"),
                place: builder.place.clone(),
                pro: builder.value == "prebuilt",
            });
        }
    }
}

fn read_git(git: &View<'_>) -> GitRules {
    GitRules {
        tag_sort: git.text("tag_sort"),
        prerelease_suffix: git.text("prerelease_suffix"),
        ignore_tags: git.texts("ignore_tags"),
    }
}

fn read_gomod(gomod: &View<'_>) -> Gomod {
    Gomod {
        proxy: gomod.bool("proxy"),
        env: gomod.texts("env"),
        gobinary: gomod.text("gobinary"),
        r#mod: gomod.text("mod"),
        dir: gomod.text("dir"),
    }
}

fn read_metadata(metadata: &View<'_>) -> Metadata {
    let author = metadata.map("commit_author");
    Metadata {
        mod_timestamp: metadata.text("mod_timestamp"),
        maintainers: metadata.texts("maintainers"),
        description: metadata.text("description"),
        full_description: metadata.map("full_description").and_then(|d| d.text("text")),
        homepage: metadata.text("homepage"),
        license: metadata.text("license"),
        commit_author_name: author.as_ref().and_then(|a| a.text("name")),
        commit_author_email: author.as_ref().and_then(|a| a.text("email")),
    }
}

fn read_build(build: &View<'_>) -> Build {
    let (hooks_pre, hooks_post) = hook_pair(build);
    let overrides = build.maps("overrides");
    let overrides = overrides.iter().map(|o| BuildOverride {
        matches: target_match(o),
        flags: build_flags(o),
        place: o.place(),
    });
    Build {
        id: build.text("id"),
        main: build.text("main"),
        binary: build.text("binary"),
        dir: build.text("dir"),
        builder: build.text("builder"),
        prebuilt_path: build.map("prebuilt").and_then(|p| p.text("path")),
        tool: build.text("tool"),
        command: build.text("command"),
        goos: build.texts("goos"),
        goarch: build.texts("goarch"),
        variants: variant_lists(build),
        ignore: build.maps("ignore").iter().map(target_match).collect(),
        targets: build.texts("targets"),
        flags: build_flags(build),
        overrides: overrides.collect(),
        hooks_pre,
        hooks_post,
        mod_timestamp: build.text("mod_timestamp"),
        skip: build.text("skip"),
        no_unique_dist_dir: build.text("no_unique_dist_dir"),
        no_main_check: build.bool("no_main_check"),
        place: build.place(),
    }
}

fn read_universal(universal: &View<'_>) -> Universal {
    let (hooks_pre, hooks_post) = hook_pair(universal);
    Universal {
        id: universal.text("id"),
        ids: universal.texts("ids"),
        name_template: universal.text("name_template"),
        replace: universal.bool("replace"),
        hooks_pre,
        hooks_post,
        mod_timestamp: universal.text("mod_timestamp"),
        place: universal.place(),
    }
}

fn read_upx(upx: &View<'_>) -> Upx {
    Upx {
        enabled: upx.text("enabled"),
        ids: upx.texts("ids"),
        goos: upx.texts("goos"),
        goarch: upx.texts("goarch"),
        variants: variant_lists(upx),
        binary: upx.text("binary"),
        compress: upx.text("compress"),
        lzma: upx.bool("lzma"),
        brute: upx.bool("brute"),
        place: upx.place(),
    }
}

fn read_archive(archive: &View<'_>) -> Archive {
    let overrides = archive.maps("format_overrides");
    let overrides = overrides.iter().map(|o| FormatOverride {
        goos: o.text("goos").unwrap_or(Spanned { value: String::new(), place: o.place() }),
        formats: o.texts("formats"),
    });
    Archive {
        id: archive.text("id"),
        ids: archive.texts("ids"),
        formats: archive.texts("formats"),
        format_overrides: overrides.collect(),
        name_template: archive.text("name_template"),
        wrap_in_directory: archive.text("wrap_in_directory"),
        strip_binary_directory: archive.bool("strip_binary_directory"),
        files: Some(extra_files(archive, "files")).filter(|files| !files.is_empty()),
        builds_info: file_info(archive.map("builds_info")),
        meta: archive.bool("meta"),
        allow_different_binary_count: archive.bool("allow_different_binary_count"),
        place: archive.place(),
    }
}

fn read_source(source: &View<'_>) -> Source {
    Source {
        enabled: source.bool("enabled"),
        format: source.text("format"),
        name_template: source.text("name_template"),
        prefix_template: source.text("prefix_template"),
        files: extra_files(source, "files"),
        place: source.place(),
    }
}

fn read_checksum(checksum: &View<'_>) -> Checksum {
    Checksum {
        name_template: checksum.text("name_template"),
        algorithm: checksum.text("algorithm"),
        split: checksum.bool("split"),
        ids: checksum.texts("ids"),
        disable: checksum.text("disable"),
        extra_files: extra_globs(checksum, "extra_files"),
        place: checksum.place(),
    }
}

fn read_changelog(changelog: &View<'_>) -> Changelog {
    let filters = changelog.map("filters");
    let filter = |key: &str| filters.as_ref().map(|f| f.texts(key)).unwrap_or_default();
    let groups = changelog.maps("groups");
    let groups = groups.iter().map(|group| ChangelogGroup {
        title: group.text("title").unwrap_or(Spanned { value: String::new(), place: group.place() }),
        regexp: group.text("regexp"),
        order: group.int("order").unwrap_or_default(),
    });
    Changelog {
        disable: changelog.text("disable"),
        r#use: changelog.text("use"),
        format: changelog.text("format"),
        sort: changelog.text("sort"),
        abbrev: changelog.int("abbrev"),
        include: filter("include"),
        exclude: filter("exclude"),
        groups: groups.collect(),
        place: changelog.place(),
    }
}
