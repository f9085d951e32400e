//! Container images, SBOMs, signatures and notarization.

use super::super::Kind::{
    Bool, BoolOrTemplate, Enum, EnvItem, List, Map, MapOf, MapOrText, OneOrMany, Template, Text,
};
use super::super::core::{HOOKS, MARKDOWN};
use super::super::{Shape, key, shape};
use super::publish::{RETRY, TEMPLATED_EXTRA_FILE_WITH_MODE};

pub(crate) static KO: Shape = shape(
    "ko",
    &[
        key("id", Text, "Name of the item for `ids` elsewhere."),
        key("build", Template, "Id of the build whose binary is in the image; default the id."),
        key("main", Template, "Main package, if the build has another."),
        key("working_dir", Template, "Where `main` is; default the build's."),
        key("base_image", Template, "Base image; default `cgr.dev/chainguard/static`."),
        key("labels", MapOf(&Template), "Labels of the image."),
        key("annotations", MapOf(&Template), "Annotations of the image."),
        key("user", Template, "Whom it runs as."),
        key(
            "repositories",
            OneOrMany(&Template),
            "Where the image belongs; `$KO_DOCKER_REPO` takes their place.",
        ),
        key("platforms", List(&Template), "Platforms, as OCI writes them."),
        key("tags", List(&Template), "Tags."),
        key("creation_time", Template, "Unix seconds; default the commit's time."),
        key("ko_data_creation_time", Template, "Unix seconds, of the files of kodata."),
        key("sbom", Enum(&["spdx", "none"]), "The SBOM that goes with the image."),
        key("sbom_directory", Template, "A folder for the SBOM besides."),
        key("ldflags", List(&Template), "Only as the build's: images hold the binary that was verified."),
        key("flags", List(&Template), "Further flags."),
        key("env", List(&EnvItem), "Environment of the command."),
        key("bare", Bool, "The repository is the name."),
        key("preserve_import_paths", Bool, "The import path follows the repository."),
        key(
            "base_import_paths",
            Bool,
            "The last part of the import path follows the repository, without its MD5 sum.",
        ),
        key("local_domain", Template, "The repository of snapshots; default `goreleaser.ko.local`."),
        key("disable", BoolOrTemplate, "Leave it out."),
        key("repository", Template, "Where the image belongs.").renamed("repositories"),
    ],
);

static DOCKER_HOOKS: Shape = shape(
    "docker_hooks",
    &[
        key(
            "pre",
            HOOKS,
            "Run when the context is there; `.Images .Dockerfile .ContextDir` are known, and files may be put there.",
        ),
        key("post", HOOKS, "Run when the image is made; `.Digest` is known besides."),
    ],
);

pub(crate) static DOCKER_V2: Shape = shape(
    "docker_v2",
    &[
        key("id", Text, "Name of the item for `ids` elsewhere."),
        key("ids", List(&Text), "Only these builds and packages, by id; default all."),
        key("dockerfile", Template, "The Dockerfile; default `Dockerfile`."),
        key("images", List(&Template), "Names of the images, without tags."),
        key("tags", List(&Template), "Tags; empty ones are left out; default the release's tag."),
        key("labels", MapOf(&Template), "Labels of the image."),
        key(
            "annotations",
            MapOf(&Template),
            "Annotations; of several platforms the index's, unless the key has a scope: `index:KEY`, `manifest:KEY`, `manifest[linux/arm64]:KEY`.",
        ),
        key(
            "extra_files",
            List(&Template),
            "Files and folders of the project, at the same path in the context.",
        ),
        key(
            "platforms",
            List(&Template),
            "Platforms, as OCI writes them; default linux/amd64 and linux/arm64.",
        ),
        key("build_args", MapOf(&Template), "Arguments of the image build."),
        key(
            "flags",
            List(&Template),
            "Flags of `docker buildx build`; those that an image does not depend on are passed over, others need `[dockerfile] builder`.",
        ),
        key("disable", BoolOrTemplate, "Leave it out."),
        key("sbom", BoolOrTemplate, "SBOMs are of the release, and attached by `goferry image push`.").idle(),
        key("hooks", Map(&DOCKER_HOOKS), "Commands around the making of the image."),
        key(
            "templated_extra_files",
            List(&Map(&TEMPLATED_EXTRA_FILE_WITH_MODE)),
            "Further files, rendered as templates first.",
        )
        .later()
        .pro(),
        key("templated_dockerfile", Template, "The Dockerfile, rendered as a template first.").later().pro(),
        key("retry", Map(&RETRY), "How often it is tried.").idle().superseded("the top-level `retry`"),
    ],
);

pub(crate) static DOCKER_DIGEST: Shape = shape(
    "docker_digest",
    &[key("disable", BoolOrTemplate, "Leave it out."), key("name_template", Template, "Name.")],
);

pub(crate) static SIGN: Shape = shape(
    "sign",
    &[
        key("id", Text, "Name of the item for `ids` elsewhere."),
        key("cmd", Template, "The command."),
        key("args", List(&Template), "Arguments of the command."),
        key("signature", Template, "Name of the signature file."),
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
                "none",
            ]),
            "Which kind of artifact.",
        ),
        key("ids", List(&Text), "Only these items, by id; default all."),
        key("if", Template, "Only when this template gives true.").pro(),
        key("stdin", Template, "Text for the command's standard input."),
        key("stdin_file", Template, "File for the command's standard input."),
        key("env", List(&EnvItem), "Environment of the command."),
        key("certificate", Template, "Name of the certificate file."),
        key("output", BoolOrTemplate, "Whether the command's output is shown."),
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
        key("id", Text, "Name of the item for `ids` elsewhere."),
        key("cmd", Template, "The command."),
        key("args", List(&Template), "Arguments of the command."),
        key("signature", Template, "Name of the signature file."),
        key("artifacts", Enum(&["binary", "none"]), "Which kind of artifact."),
        key("ids", List(&Text), "Only these items, by id; default all."),
        key("if", Template, "Only when this template gives true.").pro(),
        key("stdin", Template, "Text for the command's standard input."),
        key("stdin_file", Template, "File for the command's standard input."),
        key("env", List(&EnvItem), "Environment of the command."),
        key("certificate", Template, "Name of the certificate file."),
        key("output", BoolOrTemplate, "Whether the command's output is shown."),
    ],
);

pub(crate) static SBOM: Shape = shape(
    "sbom",
    &[
        key("id", Text, "Name of the item for `ids` elsewhere."),
        key("cmd", Template, "The command."),
        key("env", List(&EnvItem), "Environment of the command."),
        key("args", List(&Template), "Arguments of the command."),
        key("documents", List(&Template), "Names of the files that the command writes."),
        key(
            "artifacts",
            Enum(&["source", "package", "diskimage", "installer", "archive", "binary", "any"]),
            "Which kind of artifact.",
        ),
        key("ids", List(&Text), "Only these items, by id; default all."),
        key("disable", BoolOrTemplate, "Leave it out."),
    ],
);

pub(crate) static DOCKER: Shape = shape(
    "docker",
    &[
        key("id", Text, "Name of the item for `ids` elsewhere."),
        key("ids", List(&Text), "Only these builds and packages, by id; default all."),
        key("goos", Template, "The system of its binaries; default linux."),
        key("goarch", Template, "The processor of its binaries; default amd64."),
        key("goarm", Template, "Which version of arm; default 6."),
        key("goamd64", Template, "Which level of amd64; default v1."),
        key("dockerfile", Template, "The Dockerfile; default `Dockerfile`."),
        key("image_templates", List(&Template), "Names of the images, with tags."),
        key("skip_build", BoolOrTemplate, "Make no image.").later().pro(),
        key("skip_push", BoolOrTemplate, "`goferry image push` leaves it out; `auto`: of a prerelease."),
        key(
            "extra_files",
            List(&Template),
            "Files and folders of the project, at the same path in the context.",
        ),
        key(
            "build_flag_templates",
            List(&Template),
            "Flags of `docker build`; those that an image does not depend on are passed over, others need `[dockerfile] builder`.",
        ),
        key("push_flags", List(&Template), "No daemon is used.").idle(),
        key(
            "use",
            Enum(&["docker", "buildx", "podman"]),
            "No daemon is used; `[dockerfile] builder` names another builder.",
        )
        .idle(),
        key("retry", Map(&RETRY), "How often it is tried.").idle().superseded("the top-level `retry`"),
        key(
            "templated_files",
            List(&Map(&TEMPLATED_EXTRA_FILE_WITH_MODE)),
            "Further files, rendered as templates first.",
        )
        .later()
        .pro(),
        key("templated_dockerfile", Template, "The Dockerfile, rendered as a template first.").later().pro(),
    ],
);

pub(crate) static DOCKER_MANIFEST: Shape = shape(
    "docker_manifest",
    &[
        key("id", Text, "Name of the item for `ids` elsewhere."),
        key("name_template", Template, "Name."),
        key("skip_push", BoolOrTemplate, "Leave it out when images are pushed; `auto`: of a prerelease."),
        key("image_templates", List(&Template), "Names of the images, with tags."),
        key("create_flags", List(&Template), "Flags of docker, which makes no index here.").idle(),
        key("push_flags", List(&Template), "Flags of docker, which does not push here.").idle(),
        key("use", Template, "No daemon is used.").idle(),
        key("retry", Map(&RETRY), "How often it is tried.").idle().superseded("the top-level `retry`"),
    ],
);

pub(crate) static MACOS_PKG: Shape = shape(
    "macos_pkg",
    &[
        key("id", Text, "Name of the item for `ids` elsewhere."),
        key("name", Template, "Name."),
        key("ids", List(&Text), "Only these items, by id; default all."),
        key("replace", Bool, "Drop what it was made from."),
        key("mod_timestamp", Template, "Modification time, as Unix seconds."),
        key("if", Template, "Only when this template gives true."),
        key("use", Enum(&["binary", "appbundle"]), "Made from what, or with what."),
        key("identifier", Template, ""),
        key("install_location", Template, ""),
        key("scripts", Template, "Scripts that the package manager runs."),
    ],
);

pub(crate) static DOCKER_HUB: Shape = shape(
    "docker_hub",
    &[
        key("username", Template, "User name."),
        key("secret_name", Template, ""),
        key("images", List(&Template), "Names of the images, without tags."),
        key("disable", Template, "Leave it out."),
        key("description", Template, "What the program is."),
        key("full_description", MapOrText(&MARKDOWN, "text"), ""),
    ],
);

pub(crate) static MACOS_SIGN_NOTARIZE: Shape = shape(
    "macos_sign_notarize",
    &[
        key("ids", List(&Text), "Only these items, by id; default all."),
        key("enabled", BoolOrTemplate, "Whether it is done."),
        key("sign", Map(&MACOS_SIGN), ""),
        key("notarize", Map(&MACOS_NOTARIZE), ""),
    ],
);

pub(crate) static MACOS_SIGN_NOTARIZE_NATIVE: Shape = shape(
    "macos_sign_notarize_native",
    &[
        key("ids", List(&Text), "Only these items, by id; default all."),
        key("enabled", BoolOrTemplate, "Whether it is done."),
        key("sign", Map(&MACOS_SIGN_NATIVE), ""),
        key("notarize", Map(&MACOS_NOTARIZE_NATIVE), ""),
        key("use", Enum(&["dmg", "pkg"]), "Made from what, or with what."),
    ],
);

pub(crate) static MACOS_SIGN: Shape = shape(
    "macos_sign",
    &[
        key("certificate", Template, "Name of the certificate file."),
        key("password", Template, "Password, usually from the environment."),
        key("entitlements", Template, ""),
    ],
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
