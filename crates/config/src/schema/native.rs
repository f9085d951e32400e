//! What goferry.toml may hold: its own words, and goreleaser's sections in TOML.

use super::Kind::{Any, Enum, Int, List, Map, MapOf, Template, Text};
use super::{Key, Shape, key, shape};

static VERIFY_BINARY: Shape = shape(
    "verify_binary",
    &[
        key("id", Text, "Build id."),
        key("args", List(&Template), "Arguments of the run."),
        key("expect", Template, "Regular expression that the output must match."),
    ],
);

static VERIFY: Shape = shape(
    "goferry_verify",
    &[
        key(
            "isolation",
            Enum(&["preferred", "required", "off"]),
            "Namespaces around every run: where the host allows them, or exit 5, or never.",
        ),
        key("timeout", Int, "Seconds that an artifact may run; default 10."),
        key("memory", Text, "Memory that an artifact may use: bytes, or with K, M or G."),
        key("args", List(&Template), "Arguments of the run; default `--version`, then `--help`."),
        key("expect", Template, "Regular expression that the output must match."),
        key("skip", List(&Text), "Targets that are not run, e.g. `linux/mips*`."),
        key("binary", List(&Map(&VERIFY_BINARY)), "The same for one build."),
        key("allow", List(&Text), "Waiver classes that a publish accepts besides `no-runner`."),
    ],
);

const COMPILERS: &[&str] = &["gcc", "zig"];

static TOOLCHAIN_TARGET: Shape =
    shape("toolchain_target", &[key("cc", Enum(COMPILERS), "C compiler of this target.")]);

static TOOLCHAIN: Shape = shape(
    "toolchain",
    &[
        key("cc", Enum(COMPILERS), "C compiler of cgo targets: the cross gcc found on the host, or zig."),
        key("target", MapOf(&Map(&TOOLCHAIN_TARGET)), "By target: `[toolchain.target.\"linux/arm64\"]`."),
    ],
);

/// goferry's own words at the top of goferry.toml.
pub(crate) static OWN: [Key; 7] = [
    key(
        "targets",
        List(&Text),
        "The matrix of every build that names none, e.g. `[\"linux/arm64\", \"linux/arm/v7\"]`.",
    ),
    key("verify", Map(&VERIFY), "How artifacts are run before they ship."),
    key("toolchain", Map(&TOOLCHAIN), "Which C compiler cgo targets use."),
    key("sysroot", Any, "Headers and libraries of the targets.").later(),
    key("scan", Any, "Vulnerability gates.").later(),
    key("alert", Any, "Who hears of new vulnerabilities.").later(),
    key("package", Any, "System packages.").later(),
];

/// goreleaser's words that goferry.toml does not take: its own mean something else, or they are about the YAML file itself.
pub(crate) const NOT_NATIVE: &[&str] = &["version", "pro", "verify", "includes", "build", "scoop"];

/// goferry's own part of goferry.toml; goreleaser's sections come from [`super::ROOT`].
pub(crate) static NATIVE: Shape = shape("goferry", &OWN);
