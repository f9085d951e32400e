//! Container images, SBOMs, signatures and notarization.

use super::super::Kind::{Bool, BoolOrTemplate, Enum, EnvItem, List, Map, MapOf, MapOrText, Template, Text};
use super::super::core::{HOOK_PAIR, MARKDOWN};
use super::super::{Shape, key, shape};
use super::publish::{RETRY, TEMPLATED_EXTRA_FILE_WITH_MODE};

pub(crate) static KO: Shape = shape(
    "ko",
    &[
        key("id", Text, ""),
        key("build", Template, ""),
        key("main", Template, ""),
        key("working_dir", Template, ""),
        key("base_image", Template, ""),
        key("labels", MapOf(&Template), ""),
        key("annotations", MapOf(&Template), ""),
        key("user", Template, ""),
        key("repositories", List(&Template), ""),
        key("platforms", List(&Template), ""),
        key("tags", List(&Template), ""),
        key("creation_time", Template, ""),
        key("ko_data_creation_time", Template, ""),
        key("sbom", Enum(&["spdx", "none"]), ""),
        key("sbom_directory", Template, ""),
        key("ldflags", List(&Template), ""),
        key("flags", List(&Template), ""),
        key("env", List(&EnvItem), ""),
        key("bare", Bool, ""),
        key("preserve_import_paths", Bool, ""),
        key("base_import_paths", Bool, ""),
        key("local_domain", Template, ""),
        key("disable", BoolOrTemplate, ""),
        key("repository", Template, "").renamed("repositories"),
    ],
);

pub(crate) static DOCKER_V2: Shape = shape(
    "docker_v2",
    &[
        key("id", Text, ""),
        key("ids", List(&Text), ""),
        key("dockerfile", Template, ""),
        key("images", List(&Template), ""),
        key("tags", List(&Template), ""),
        key("labels", MapOf(&Template), ""),
        key("annotations", MapOf(&Template), ""),
        key("extra_files", List(&Template), ""),
        key("platforms", List(&Template), ""),
        key("build_args", MapOf(&Template), ""),
        key("flags", List(&Template), ""),
        key("disable", BoolOrTemplate, ""),
        key("sbom", BoolOrTemplate, ""),
        key("hooks", Map(&HOOK_PAIR), ""),
        key("templated_extra_files", List(&Map(&TEMPLATED_EXTRA_FILE_WITH_MODE)), "").pro(),
        key("templated_dockerfile", Template, "").pro(),
        key("retry", Map(&RETRY), "").superseded("the top-level `retry`"),
    ],
);

pub(crate) static DOCKER_DIGEST: Shape =
    shape("docker_digest", &[key("disable", BoolOrTemplate, ""), key("name_template", Template, "")]);

pub(crate) static SIGN: Shape = shape(
    "sign",
    &[
        key("id", Text, ""),
        key("cmd", Template, ""),
        key("args", List(&Template), ""),
        key("signature", Template, ""),
        key(
            "artifacts",
            Enum(&[
                "all",
                "manifests",
                "images",
                "checksum",
                "source",
                "package",
                "archive",
                "binary",
                "sbom",
                "installer",
                "diskimage",
            ]),
            "",
        ),
        key("ids", List(&Text), ""),
        key("if", Template, "").pro(),
        key("stdin", Template, ""),
        key("stdin_file", Template, ""),
        key("env", List(&EnvItem), ""),
        key("certificate", Template, ""),
        key("output", BoolOrTemplate, ""),
    ],
);

pub(crate) static NOTARIZE: Shape = shape(
    "notarize",
    &[
        key("macos", List(&Map(&MACOS_SIGN_NOTARIZE)), ""),
        key("macos_native", List(&Map(&MACOS_SIGN_NOTARIZE_NATIVE)), "").pro(),
    ],
);

pub(crate) static BINARY_SIGN: Shape = shape(
    "binary_sign",
    &[
        key("id", Text, ""),
        key("cmd", Template, ""),
        key("args", List(&Template), ""),
        key("signature", Template, ""),
        key("artifacts", Enum(&["binary", "none"]), ""),
        key("ids", List(&Text), ""),
        key("if", Template, "").pro(),
        key("stdin", Template, ""),
        key("stdin_file", Template, ""),
        key("env", List(&EnvItem), ""),
        key("certificate", Template, ""),
        key("output", BoolOrTemplate, ""),
    ],
);

pub(crate) static SBOM: Shape = shape(
    "sbom",
    &[
        key("id", Text, ""),
        key("cmd", Template, ""),
        key("env", List(&EnvItem), ""),
        key("args", List(&Template), ""),
        key("documents", List(&Template), ""),
        key(
            "artifacts",
            Enum(&["source", "package", "diskimage", "installer", "archive", "binary", "any"]),
            "",
        ),
        key("ids", List(&Text), ""),
        key("disable", BoolOrTemplate, ""),
    ],
);

pub(crate) static DOCKER: Shape = shape(
    "docker",
    &[
        key("id", Text, ""),
        key("ids", List(&Text), ""),
        key("goos", Template, ""),
        key("goarch", Template, ""),
        key("goarm", Template, ""),
        key("goamd64", Template, ""),
        key("dockerfile", Template, ""),
        key("image_templates", List(&Template), ""),
        key("skip_build", BoolOrTemplate, "").pro(),
        key("skip_push", BoolOrTemplate, ""),
        key("extra_files", List(&Template), ""),
        key("build_flag_templates", List(&Template), ""),
        key("push_flags", List(&Template), ""),
        key("use", Enum(&["docker", "buildx", "podman"]), ""),
        key("retry", Map(&RETRY), "").superseded("the top-level `retry`"),
        key("templated_files", List(&Map(&TEMPLATED_EXTRA_FILE_WITH_MODE)), "").pro(),
        key("templated_dockerfile", Template, "").pro(),
    ],
);

pub(crate) static DOCKER_MANIFEST: Shape = shape(
    "docker_manifest",
    &[
        key("id", Text, ""),
        key("name_template", Template, ""),
        key("skip_push", BoolOrTemplate, ""),
        key("image_templates", List(&Template), ""),
        key("create_flags", List(&Template), ""),
        key("push_flags", List(&Template), ""),
        key("use", Template, ""),
        key("retry", Map(&RETRY), "").superseded("the top-level `retry`"),
    ],
);

pub(crate) static MACOS_PKG: Shape = shape(
    "macos_pkg",
    &[
        key("id", Text, ""),
        key("name", Template, ""),
        key("ids", List(&Text), ""),
        key("replace", Bool, ""),
        key("mod_timestamp", Template, ""),
        key("if", Template, ""),
        key("use", Enum(&["binary", "appbundle"]), ""),
        key("identifier", Template, ""),
        key("install_location", Template, ""),
        key("scripts", Template, ""),
    ],
);

pub(crate) static DOCKER_HUB: Shape = shape(
    "docker_hub",
    &[
        key("username", Template, ""),
        key("secret_name", Template, ""),
        key("images", List(&Template), ""),
        key("disable", Template, ""),
        key("description", Template, ""),
        key("full_description", MapOrText(&MARKDOWN, "text"), ""),
    ],
);

pub(crate) static MACOS_SIGN_NOTARIZE: Shape = shape(
    "macos_sign_notarize",
    &[
        key("ids", List(&Text), ""),
        key("enabled", BoolOrTemplate, ""),
        key("sign", Map(&MACOS_SIGN), ""),
        key("notarize", Map(&MACOS_NOTARIZE), ""),
    ],
);

pub(crate) static MACOS_SIGN_NOTARIZE_NATIVE: Shape = shape(
    "macos_sign_notarize_native",
    &[
        key("ids", List(&Text), ""),
        key("enabled", BoolOrTemplate, ""),
        key("sign", Map(&MACOS_SIGN_NATIVE), ""),
        key("notarize", Map(&MACOS_NOTARIZE_NATIVE), ""),
        key("use", Enum(&["dmg", "pkg"]), ""),
    ],
);

pub(crate) static MACOS_SIGN: Shape = shape(
    "macos_sign",
    &[key("certificate", Template, ""), key("password", Template, ""), key("entitlements", Template, "")],
);

pub(crate) static MACOS_NOTARIZE: Shape = shape(
    "macos_notarize",
    &[
        key("issuer_id", Template, ""),
        key("key", Template, ""),
        key("key_id", Template, ""),
        key("timeout", Template, ""),
        key("wait", Bool, ""),
    ],
);

pub(crate) static MACOS_SIGN_NATIVE: Shape = shape(
    "macos_sign_native",
    &[
        key("identity", Template, ""),
        key("keychain", Template, ""),
        key("options", List(&Template), ""),
        key("entitlements", Template, ""),
    ],
);

pub(crate) static MACOS_NOTARIZE_NATIVE: Shape =
    shape("macos_notarize_native", &[key("profile_name", Template, ""), key("wait", Bool, "")]);
