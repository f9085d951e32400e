//! `nfpms` and `[[package]]`.

use super::read::file_info;
use super::view::{View, as_text};
use crate::model::{
    ApkSettings, ArchLinuxSettings, Config, DebSettings, IpkAlternative, IpkSettings, LinuxPackage,
    PackageContent, PackageSettings, RpmSettings, Text, Unsupported,
};
use std::collections::BTreeMap;

const SCRIPTS: [&str; 4] = ["preinstall", "postinstall", "preremove", "postremove"];
const UPGRADE: [&str; 2] = ["preupgrade", "postupgrade"];
const TRIGGERS: [&str; 6] =
    ["interest", "interest_await", "interest_noawait", "activate", "activate_await", "activate_noawait"];

/// The items of a section, into the configuration.
pub(super) fn read(root: &View<'_>, section: &'static str, config: &mut Config) {
    for (i, item) in root.maps(section).iter().enumerate() {
        let package = LinuxPackage { native: section == "package", ..read_item(item) };
        for (j, format) in package.formats.iter().enumerate().filter(|(_, f)| f.value == "msix") {
            config.unsupported.push(Unsupported {
                section: section.to_owned(),
                path: format!("{section}[{i}].formats[{j}]"),
                place: format.place.clone(),
                pro: false,
            });
        }
        config.packages.push(package);
    }
}

fn read_item(item: &View<'_>) -> LinuxPackage {
    let dirs = item.map("libdirs");
    let dir = |name: &str| dirs.as_ref().and_then(|d| d.text(name));
    let overrides = item.free_maps("overrides");
    LinuxPackage {
        id: item.text("id"),
        ids: item.texts("ids"),
        formats: item.texts("formats"),
        goamd64: item.texts("goamd64"),
        section: item.text("section"),
        priority: item.text("priority"),
        vendor: item.text("vendor"),
        homepage: item.text("homepage"),
        maintainer: item.text("maintainer"),
        description: item.text("description"),
        license: item.text("license"),
        bindir: item.text("bindir"),
        header_dir: dir("header"),
        archive_dir: dir("carchive"),
        shared_dir: dir("cshared"),
        changelog: item.text("changelog"),
        mtime: item.text("mtime"),
        meta: item.bool("meta"),
        condition: item.text("if"),
        common: settings(item),
        overrides: overrides.iter().map(|(k, v)| ((*k).to_owned(), settings(v))).collect(),
        native: false,
        place: item.place(),
    }
}

fn settings(view: &View<'_>) -> PackageSettings {
    let map = |key: &str| view.map(key);
    PackageSettings {
        file_name_template: view.text("file_name_template"),
        package_name: view.text("package_name"),
        epoch: view.text("epoch"),
        release: view.text("release"),
        prerelease: view.text("prerelease"),
        version_metadata: view.text("version_metadata"),
        dependencies: view.texts("dependencies"),
        recommends: view.texts("recommends"),
        suggests: view.texts("suggests"),
        conflicts: view.texts("conflicts"),
        replaces: view.texts("replaces"),
        provides: view.texts("provides"),
        umask: view.int("umask").and_then(|mask| u32::try_from(mask).ok()),
        contents: view.maps("contents").iter().map(content).collect(),
        templated_contents: view.maps("templated_contents").iter().map(content).collect(),
        scripts: named(map("scripts"), &SCRIPTS),
        templated_scripts: named(map("templated_scripts"), &SCRIPTS),
        deb: map("deb").map(|v| deb(&v)).unwrap_or_default(),
        rpm: map("rpm").map(|v| rpm(&v)).unwrap_or_default(),
        apk: map("apk").map(|v| apk(&v)).unwrap_or_default(),
        archlinux: map("archlinux").map(|v| archlinux(&v)).unwrap_or_default(),
        ipk: map("ipk").map(|v| ipk(&v)).unwrap_or_default(),
        place: view.place(),
    }
}

fn content(item: &View<'_>) -> PackageContent {
    PackageContent {
        src: item.text("src"),
        dst: item.text("dst"),
        kind: item.text("type"),
        packager: item.text("packager"),
        info: file_info(item.map("file_info")),
        expand: item.bool("expand"),
        place: item.place(),
    }
}

/// The texts that a mapping has of these.
fn named(view: Option<View<'_>>, names: &[&str]) -> BTreeMap<String, Text> {
    let Some(view) = view else { return BTreeMap::new() };
    names.iter().filter_map(|n| view.text(n).map(|t| ((*n).to_owned(), t))).collect()
}

fn free(view: &View<'_>, key: &str) -> BTreeMap<String, Text> {
    view.free(key).iter().filter_map(|e| Some((e.key.clone(), as_text(&e.value)?))).collect()
}

fn signature(view: &View<'_>, key: &str) -> Option<Text> {
    view.map("signature").and_then(|s| s.text(key))
}

fn deb(view: &View<'_>) -> DebSettings {
    let triggers = view.map("triggers");
    let lists = TRIGGERS.iter().filter_map(|n| {
        let list = triggers.as_ref()?.texts(n);
        (!list.is_empty()).then(|| ((*n).to_owned(), list))
    });
    DebSettings {
        triggers: lists.collect(),
        scripts: named(view.map("scripts"), &["rules", "templates", "config"]),
        breaks: view.texts("breaks"),
        key_file: signature(view, "key_file"),
        signature_type: signature(view, "type"),
        lintian_overrides: view.texts("lintian_overrides"),
        compression: view.text("compression"),
        fields: free(view, "fields"),
        predepends: view.texts("predepends"),
    }
}

fn rpm(view: &View<'_>) -> RpmSettings {
    RpmSettings {
        summary: view.text("summary"),
        group: view.text("group"),
        compression: view.text("compression"),
        key_file: signature(view, "key_file"),
        scripts: named(view.map("scripts"), &["pretrans", "posttrans"]),
        prefixes: view.texts("prefixes"),
        packager: view.text("packager"),
        buildhost: view.text("buildhost"),
    }
}

fn apk(view: &View<'_>) -> ApkSettings {
    ApkSettings {
        scripts: named(view.map("scripts"), &UPGRADE),
        key_file: signature(view, "key_file"),
        key_name: signature(view, "key_name"),
    }
}

fn archlinux(view: &View<'_>) -> ArchLinuxSettings {
    ArchLinuxSettings {
        pkgbase: view.text("pkgbase"),
        packager: view.text("packager"),
        scripts: named(view.map("scripts"), &UPGRADE),
    }
}

fn ipk(view: &View<'_>) -> IpkSettings {
    let alternatives = view.maps("alternatives");
    let alternatives = alternatives.iter().map(|a| IpkAlternative {
        priority: a.int("priority").unwrap_or_default(),
        target: a.text("target"),
        link_name: a.text("link_name"),
    });
    IpkSettings {
        abi_version: view.text("abi_version"),
        alternatives: alternatives.collect(),
        auto_installed: view.bool("auto_installed"),
        essential: view.bool("essential"),
        predepends: view.texts("predepends"),
        tags: view.texts("tags"),
        fields: free(view, "fields"),
    }
}
