//! Installers and bundles: snap, flatpak, makeself, msi, nsis, dmg, app bundles.

use super::super::Kind::{Any, Bool, BoolOrTemplate, Enum, Int, List, Map, MapOf, MapOrText, Template, Text};
use super::super::core::{EXTRA_FILE, FILE, HOOKS};
use super::super::{Shape, key, shape};
use super::publish::{TEMPLATED_EXTRA_FILE, TEMPLATED_FILE};

pub(crate) static SNAPCRAFT: Shape = shape(
    "snapcraft",
    &[
        key("name_template", Template, ""),
        key("publish", Bool, ""),
        key("id", Text, ""),
        key("ids", List(&Text), ""),
        key("name", Template, ""),
        key("title", Template, ""),
        key("summary", Template, ""),
        key("description", Template, ""),
        key("icon", Template, ""),
        key("base", Template, ""),
        key("license", Template, ""),
        key("grade", Enum(&["stable", "devel"]), ""),
        key("channel_templates", List(&Template), ""),
        key("confinement", Enum(&["strict", "classic", "devmode"]), ""),
        key("assumes", List(&Template), ""),
        key("layout", MapOf(&Map(&SNAPCRAFT_LAYOUT_METADATA)), ""),
        key("apps", MapOf(&Map(&SNAPCRAFT_APP_METADATA)), ""),
        key("hooks", Any, ""),
        key("plugs", Any, ""),
        key("disable", BoolOrTemplate, ""),
        key("extra_files", List(&Map(&SNAPCRAFT_EXTRA_FILES)), ""),
        key("templated_extra_files", List(&Map(&SNAPCRAFT_EXTRA_FILES)), "").pro(),
        key("builds", List(&Text), "").renamed("ids"),
    ],
);

pub(crate) static FLATPAK: Shape = shape(
    "flatpak",
    &[
        key("id", Text, ""),
        key("ids", List(&Text), ""),
        key("name_template", Template, ""),
        key("app_id", Template, ""),
        key("runtime", Template, ""),
        key("runtime_version", Template, ""),
        key("sdk", Template, ""),
        key("command", Template, ""),
        key("finish_args", List(&Template), ""),
        key("disable", BoolOrTemplate, ""),
    ],
);

pub(crate) static MAKESELF: Shape = shape(
    "makeself",
    &[
        key("id", Text, ""),
        key("filename", Template, ""),
        key("script", Template, ""),
        key("compression", Enum(&["gzip", "bzip2", "xz", "lzo", "compress", "none"]), ""),
        key("extra_args", List(&Template), ""),
        key("files", List(&Map(&MAKESELF_FILE)), ""),
        key("disable", BoolOrTemplate, ""),
        key("ids", List(&Text), ""),
        key("goos", List(&Template), ""),
        key("goarch", List(&Template), ""),
        key("name", Template, ""),
        key("description", Template, ""),
        key("maintainer", Template, ""),
        key("keywords", List(&Template), ""),
        key("homepage", Template, ""),
        key("license", Template, ""),
        key("templated_files", List(&Map(&MAKESELF_TEMPLATED_FILE)), "").pro(),
    ],
);

pub(crate) static MSI: Shape = shape(
    "msi",
    &[
        key("id", Text, ""),
        key("name", Template, ""),
        key("wxs", Template, ""),
        key("ids", List(&Text), ""),
        key("goamd64", Template, ""),
        key("extra_files", List(&Template), ""),
        key("replace", Bool, ""),
        key("mod_timestamp", Template, ""),
        key("extensions", List(&Template), ""),
        key("hooks", Map(&MSI_HOOKS), ""),
        key("version", Enum(&["v3", "v4"]), ""),
        key("disable", BoolOrTemplate, ""),
    ],
);

pub(crate) static NSIS: Shape = shape(
    "nsis",
    &[
        key("id", Text, ""),
        key("name", Template, ""),
        key("script", Template, ""),
        key("ids", List(&Text), ""),
        key("goamd64", Template, ""),
        key("extra_files", List(&MapOrText(&EXTRA_FILE, "glob")), ""),
        key("templated_extra_files", List(&Map(&TEMPLATED_EXTRA_FILE)), ""),
        key("replace", Bool, ""),
        key("mod_timestamp", Template, ""),
        key("disable", BoolOrTemplate, ""),
    ],
);

pub(crate) static APP_BUNDLE: Shape = shape(
    "app_bundle",
    &[
        key("id", Text, ""),
        key("name", Template, ""),
        key("ids", List(&Text), ""),
        key("if", Template, ""),
        key("mod_timestamp", Template, ""),
        key("icon", Template, ""),
        key("bundle", Template, ""),
        key("extra_files", List(&MapOrText(&FILE, "src")), ""),
        key("templated_extra_files", List(&Map(&TEMPLATED_FILE)), ""),
    ],
);

pub(crate) static DMG: Shape = shape(
    "dmg",
    &[
        key("id", Text, ""),
        key("name", Template, ""),
        key("ids", List(&Text), ""),
        key("goamd64", Template, ""),
        key("extra_files", List(&MapOrText(&EXTRA_FILE, "glob")), ""),
        key("replace", Bool, ""),
        key("mod_timestamp", Template, ""),
        key("if", Template, ""),
        key("use", Enum(&["binary", "appbundle"]), ""),
        key("templated_extra_files", List(&Map(&TEMPLATED_EXTRA_FILE)), ""),
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
        key("args", Template, ""),
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
    &[key("source", Template, ""), key("destination", Template, ""), key("mode", Int, "")],
);

pub(crate) static MAKESELF_FILE: Shape = shape(
    "makeself_file",
    &[key("src", Template, ""), key("dst", Template, ""), key("strip_parent", Bool, "")],
);

pub(crate) static MAKESELF_TEMPLATED_FILE: Shape =
    shape("makeself_templated_file", &[key("src", Template, ""), key("dst", Template, "")]);

pub(crate) static MSI_HOOKS: Shape = shape("msi_hooks", &[key("before", HOOKS, ""), key("after", HOOKS, "")]);
