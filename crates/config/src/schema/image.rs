//! Container images in goferry.toml.

use super::Kind::{Bool, BoolOrTemplate, Enum, EnvItem, List, MapOf, Template, Text};
use super::{Shape, key, shape};

pub(super) static IMAGE: Shape = shape(
    "goferry_image",
    &[
        key("id", Text, "Name of the image in dist/images; default the project's."),
        key("ids", List(&Text), "Only these builds, by id; default all."),
        key(
            "base",
            Template,
            "What the binaries are put on: `scratch`, a reference (`debian:12`, `name@sha256:…`), or `oci:FOLDER`; default `scratch`.",
        ),
        key(
            "dockerfile",
            Template,
            "A Dockerfile that the image is made of, in the place of what the other keys say of its content; binaries and packages are at `$TARGETPLATFORM/` in its context.",
        ),
        key("extra_files", List(&Template), "Files and folders of the project in the Dockerfile's context."),
        key("build_args", MapOf(&Template), "Arguments of the Dockerfile."),
        key("target", Template, "The stage of the Dockerfile; default the last."),
        key("images", List(&Template), "Names of the image, without tags; default the id."),
        key("tags", List(&Template), "Tags; empty ones are left out; default the version."),
        key(
            "platforms",
            List(&Text),
            "Platforms, as OCI writes them; default all Linux and wasip1 targets of the builds.",
        ),
        key("labels", MapOf(&Template), "Labels."),
        key(
            "annotations",
            MapOf(&Template),
            "Annotations; `index:KEY`, `manifest:KEY` or `manifest[linux/arm64]:KEY` says where, without a scope index and manifests.",
        ),
        key("user", Template, "Whom it runs as, e.g. `65532:65532`."),
        key("entrypoint", List(&Template), "The program and its first arguments; default the only binary."),
        key("cmd", List(&Template), "Arguments that a user's replace."),
        key("env", List(&EnvItem), "Environment of the program."),
        key("ports", List(&Template), "Ports, e.g. `8080` or `53/udp`."),
        key("volumes", List(&Template), "Folders with data of their own."),
        key("workdir", Template, "Where the program starts."),
        key("stop_signal", Text, "What ends the program, e.g. `SIGTERM`."),
        key("bin_dir", Template, "Where the binaries are; default `/usr/local/bin`."),
        key("data", List(&Template), "Folders and files of the project, as `SRC:DST`."),
        key(
            "certificates",
            Bool,
            "The host's CA certificates, at /etc/ssl/certs; default true on `scratch`.",
        ),
        key("time_zones", Bool, "The time zone database, at /usr/share/zoneinfo."),
        key(
            "passwd",
            Bool,
            "Entries of root, nobody and the user in /etc/passwd and /etc/group; default true on `scratch`.",
        ),
        key("tmp", Bool, "A /tmp that everybody may write; default true on `scratch`."),
        key(
            "archive",
            Bool,
            "Also `dist/<id>_<version>.oci.tar`, which `docker load` and `podman load` read.",
        ),
        key("compression", Enum(&["gzip", "zstd", "none"]), "Of the layers; default gzip."),
        key("disable", BoolOrTemplate, "Leave it out."),
    ],
);
