//! Installers and bundles: snap, flatpak, makeself, msi, nsis, dmg, app bundles.

use super::super::Kind::{Any, Bool, BoolOrTemplate, Enum, Int, List, Map, MapOf, MapOrText, Template, Text};
use super::super::core::{EXTRA_FILE, FILE, HOOKS};
use super::super::{Shape, key, shape};
use super::publish::{TEMPLATED_EXTRA_FILE, TEMPLATED_FILE};

pub(crate) static SNAPCRAFT: Shape = shape(
    "snapcraft",
    &[
        key("name_template", Template, "Name."),
        key("publish", Bool, ""),
        key("id", Text, "Name of the item for `ids` elsewhere."),
        key("ids", List(&Text), "Only these items, by id; default all."),
        key("name", Template, "Name."),
        key("title", Template, "Title."),
        key("summary", Template, "One line."),
        key("description", Template, "What the program is."),
        key("icon", Template, ""),
        key("base", Template, ""),
        key("license", Template, "Licence, as SPDX writes it."),
        key("grade", Enum(&["stable", "devel"]), ""),
        key("channel_templates", List(&Template), ""),
        key("confinement", Enum(&["strict", "classic", "devmode"]), ""),
        key("assumes", List(&Template), ""),
        key("layout", MapOf(&Map(&SNAPCRAFT_LAYOUT_METADATA)), ""),
        key("apps", MapOf(&Map(&SNAPCRAFT_APP_METADATA)), ""),
        key("hooks", Any, "Commands around it."),
        key("plugs", Any, ""),
        key("disable", BoolOrTemplate, "Leave it out."),
        key("extra_files", List(&Map(&SNAPCRAFT_EXTRA_FILES)), "Further files."),
        key(
            "templated_extra_files",
            List(&Map(&SNAPCRAFT_EXTRA_FILES)),
            "Further files, rendered as templates first.",
        )
        .pro(),
        key("builds", List(&Text), "").renamed("ids"),
    ],
);

pub(crate) static FLATPAK: Shape = shape(
    "flatpak",
    &[
        key("id", Text, "Name of the item for `ids` elsewhere."),
        key("ids", List(&Text), "Only these items, by id; default all."),
        key("name_template", Template, "Name."),
        key("app_id", Template, ""),
        key("runtime", Template, ""),
        key("runtime_version", Template, ""),
        key("sdk", Template, ""),
        key("command", Template, ""),
        key("finish_args", List(&Template), ""),
        key("disable", BoolOrTemplate, "Leave it out."),
    ],
);

pub(crate) static MAKESELF: Shape = shape(
    "makeself",
    &[
        key("id", Text, "Name of the item for `ids` elsewhere."),
        key("filename", Template, ""),
        key("script", Template, ""),
        key("compression", Enum(&["gzip", "bzip2", "xz", "lzo", "compress", "none"]), "Compression."),
        key("extra_args", List(&Template), ""),
        key("files", List(&Map(&MAKESELF_FILE)), ""),
        key("disable", BoolOrTemplate, "Leave it out."),
        key("ids", List(&Text), "Only these items, by id; default all."),
        key("goos", List(&Template), ""),
        key("goarch", List(&Template), ""),
        key("name", Template, "Name."),
        key("description", Template, "What the program is."),
        key("maintainer", Template, "Who maintains the package: name and address."),
        key("keywords", List(&Template), "Words to be found by."),
        key("homepage", Template, "Web address of the project."),
        key("license", Template, "Licence, as SPDX writes it."),
        key("templated_files", List(&Map(&MAKESELF_TEMPLATED_FILE)), "").pro(),
    ],
);

pub(crate) static MSI: Shape = shape(
    "msi",
    &[
        key("id", Text, "Name of the item for `ids` elsewhere."),
        key("name", Template, "Name."),
        key("wxs", Template, ""),
        key("ids", List(&Text), "Only these items, by id; default all."),
        key("goamd64", Template, "Which level of amd64; default v1."),
        key("extra_files", List(&Template), "Further files."),
        key("replace", Bool, "Drop what it was made from."),
        key("mod_timestamp", Template, "Modification time, as Unix seconds."),
        key("extensions", List(&Template), ""),
        key("hooks", Map(&MSI_HOOKS), "Commands around it."),
        key("version", Enum(&["v3", "v4"]), ""),
        key("disable", BoolOrTemplate, "Leave it out."),
    ],
);

pub(crate) static NSIS: Shape = shape(
    "nsis",
    &[
        key("id", Text, "Name of the item for `ids` elsewhere."),
        key("name", Template, "Name."),
        key("script", Template, ""),
        key("ids", List(&Text), "Only these items, by id; default all."),
        key("goamd64", Template, "Which level of amd64; default v1."),
        key("extra_files", List(&MapOrText(&EXTRA_FILE, "glob")), "Further files."),
        key(
            "templated_extra_files",
            List(&Map(&TEMPLATED_EXTRA_FILE)),
            "Further files, rendered as templates first.",
        ),
        key("replace", Bool, "Drop what it was made from."),
        key("mod_timestamp", Template, "Modification time, as Unix seconds."),
        key("disable", BoolOrTemplate, "Leave it out."),
    ],
);

pub(crate) static APP_BUNDLE: Shape = shape(
    "app_bundle",
    &[
        key("id", Text, "Name of the item for `ids` elsewhere."),
        key("name", Template, "Name."),
        key("ids", List(&Text), "Only these items, by id; default all."),
        key("if", Template, "Only when this template gives true."),
        key("mod_timestamp", Template, "Modification time, as Unix seconds."),
        key("icon", Template, ""),
        key("bundle", Template, ""),
        key("extra_files", List(&MapOrText(&FILE, "src")), "Further files."),
        key(
            "templated_extra_files",
            List(&Map(&TEMPLATED_FILE)),
            "Further files, rendered as templates first.",
        ),
    ],
);

pub(crate) static DMG: Shape = shape(
    "dmg",
    &[
        key("id", Text, "Name of the item for `ids` elsewhere."),
        key("name", Template, "Name."),
        key("ids", List(&Text), "Only these items, by id; default all."),
        key("goamd64", Template, "Which level of amd64; default v1."),
        key("extra_files", List(&MapOrText(&EXTRA_FILE, "glob")), "Further files."),
        key("replace", Bool, "Drop what it was made from."),
        key("mod_timestamp", Template, "Modification time, as Unix seconds."),
        key("if", Template, "Only when this template gives true."),
        key("use", Enum(&["binary", "appbundle"]), "Made from what, or with what."),
        key(
            "templated_extra_files",
            List(&Map(&TEMPLATED_EXTRA_FILE)),
            "Further files, rendered as templates first.",
        ),
    ],
);

pub(crate) static SNAPCRAFT_LAYOUT_METADATA: Shape = shape(
    "snapcraft_layout_metadata",
    &[
        key("symlink", Template, ""),
        key("bind", Template, ""),
        key("bind_file", Template, ""),
        key("type", Template, ""),
    ],
);

pub(crate) static SNAPCRAFT_APP_METADATA: Shape = shape(
    "snapcraft_app_metadata",
    &[
        key("command", Template, ""),
        key("args", Template, "Arguments of the command."),
        key("adapter", Template, ""),
        key("after", List(&Template), ""),
        key("aliases", List(&Template), ""),
        key("autostart", Template, ""),
        key("before", List(&Template), ""),
        key("bus_name", Template, ""),
        key("command_chain", List(&Template), ""),
        key("common_id", Template, ""),
        key("completer", Template, ""),
        key("daemon", Template, ""),
        key("desktop", Template, ""),
        key("environment", Any, ""),
        key("extensions", List(&Template), ""),
        key("install_mode", Template, ""),
        key("passthrough", Any, ""),
        key("plugs", List(&Template), ""),
        key("post_stop_command", Template, ""),
        key("refresh_mode", Template, ""),
        key("reload_command", Template, ""),
        key("restart_condition", Template, ""),
        key("restart_delay", Template, ""),
        key("slots", List(&Template), ""),
        key("sockets", Any, ""),
        key("start_timeout", Template, ""),
        key("stop_command", Template, ""),
        key("stop_mode", Template, ""),
        key("stop_timeout", Template, ""),
        key("timer", Template, ""),
        key("watchdog_timeout", Template, ""),
    ],
);

pub(crate) static SNAPCRAFT_EXTRA_FILES: Shape = shape(
    "snapcraft_extra_files",
    &[key("source", Template, ""), key("destination", Template, ""), key("mode", Int, "Permission bits.")],
);

pub(crate) static MAKESELF_FILE: Shape = shape(
    "makeself_file",
    &[key("src", Template, "Source."), key("dst", Template, "Destination."), key("strip_parent", Bool, "")],
);

pub(crate) static MAKESELF_TEMPLATED_FILE: Shape = shape(
    "makeself_templated_file",
    &[key("src", Template, "Source."), key("dst", Template, "Destination.")],
);

pub(crate) static MSI_HOOKS: Shape = shape("msi_hooks", &[key("before", HOOKS, ""), key("after", HOOKS, "")]);
