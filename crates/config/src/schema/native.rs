//! What goferry.toml may hold: its own words, and goreleaser's sections in TOML.

use super::Kind::{Bool, Enum, Int, List, Map, MapOf, OneOrMany, Template, Text};
use super::others::NFPM;
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
        key(
            "glibc",
            Text,
            "Newest glibc that a program may need, e.g. `2.31`; a program that needs a newer one fails with exit 3.",
        ),
        key(
            "allow",
            List(&Text),
            "Waiver classes that a publish accepts besides `no-runner` and `not-ours`.",
        ),
    ],
);

const COMPILERS: &[&str] = &["auto", "gcc", "zig"];
const LIBCS: &[&str] = &["gnu", "musl"];
const LINKS: &[&str] = &["dynamic", "static-libgcc", "static"];

static TOOLCHAIN_TARGET: Shape = shape(
    "toolchain_target",
    &[
        key("cc", Enum(COMPILERS), "C compiler of this target."),
        key("libc", Enum(LIBCS), "C library of this target."),
        key("glibc", Text, "Oldest glibc that this target's programs must start with; zig."),
        key("link", Enum(LINKS), "How this target's cgo programs are linked."),
        key("sdk", Text, "macOS SDK, for frameworks beyond what Go's standard library uses."),
        key("suite", Text, "The suite that this target's cross gcc is fetched from."),
    ],
);

static TOOLCHAIN: Shape = shape(
    "toolchain",
    &[
        key(
            "cc",
            Enum(COMPILERS),
            "C compiler of cgo targets. `auto`: the cross gcc on PATH, else the distribution's, fetched without root, else zig.",
        ),
        key("libc", Enum(LIBCS), "C library of Linux targets: `musl` means zig and a static program."),
        key("glibc", Text, "Oldest glibc that programs must start with, e.g. `2.17`; means zig."),
        key(
            "link",
            Enum(LINKS),
            "How cgo programs are linked: `static-libgcc` needs no libgcc_s of the target, `static` needs no library.",
        ),
        key("sdk", Text, "macOS SDK, for frameworks beyond what Go's standard library uses."),
        key(
            "suite",
            Text,
            "Suite that cross gccs are fetched from, such as `trixie`; default: the host's own, or where that has none for a target the first one that does. Sysroots have their own.",
        ),
        key("fetch", Bool, "Whether compilers and emulators that are missing are fetched; default true."),
        key(
            "qemu",
            Text,
            "Suite that qemu-user is fetched from, such as `trixie`, even if there is one on PATH; default: PATH, else the host's own suite.",
        ),
        key("target", MapOf(&Map(&TOOLCHAIN_TARGET)), "By target: `[toolchain.target.\"linux/arm64\"]`."),
    ],
);

static SYSROOT_TARGET: Shape = shape(
    "sysroot_target",
    &[
        key("packages", List(&Text), "Packages for this target besides those for all."),
        key("suite", Text, "The distribution's suite for this target."),
    ],
);

static SYSROOT: Shape = shape(
    "sysroot",
    &[
        key(
            "packages",
            List(&Text),
            "The distribution's packages with the headers and libraries that cgo needs, e.g. `libsqlite3-dev`.",
        ),
        key(
            "suite",
            Text,
            "The suite they come from, e.g. `trixie`; default the host's, or the newest that has the target.",
        ),
        key("target", MapOf(&Map(&SYSROOT_TARGET)), "By target: `[sysroot.target.\"linux/arm64\"]`."),
    ],
);

static TEST: Shape = shape(
    "test",
    &[key(
        "allow_known_limits",
        Bool,
        "Whether a failed test that is a known limit of the emulator counts as none; `goferry test` names it either way.",
    )],
);

static SIGNING: Shape = shape(
    "sign_by",
    &[
        key(
            "key",
            Template,
            "Private key: a path, or `env://NAME`. cosign's own, PKCS 8, SEC 1, minisign's or OpenSSH's; its password is taken from COSIGN_PASSWORD.",
        ),
        key(
            "keyless",
            Bool,
            "Sign with a certificate for the identity of an OIDC token: SIGSTORE_ID_TOKEN, or GitHub Actions' own.",
        ),
        key(
            "artifacts",
            Enum(&["checksum", "all", "archive", "binary", "source", "sbom", "package", "none"]),
            "What is signed; default `checksum`.",
        ),
        key("ids", List(&Text), "Only the archives and binaries with these ids; default all."),
        key(
            "signature",
            Template,
            "Name of the signature; default `${artifact}.sigstore.json`, `.minisig` or `.sig` by the kind of key.",
        ),
        key("fulcio", Text, "Address of the certificate authority; default Sigstore's public one."),
        key(
            "rekor",
            Text,
            "Address of the transparency log. Without a key the default is Sigstore's public one; with a key nothing is logged unless this is given.",
        ),
        key("tsa", Text, "Address of a timestamp authority (RFC 3161), with its path."),
    ],
);

static SCAN_IGNORE: Shape = shape(
    "scan_ignore",
    &[
        key("id", Text, "Id or alias: `GO-2022-1059`, `CVE-2022-32149`."),
        key("reason", Text, "Why it does no harm here."),
        key("owner", Text, "Who decided."),
        key(
            "expires",
            Text,
            "The last day on which it holds, e.g. `2026-12-31`; afterwards the entry itself stops a release.",
        ),
        key("module", Text, "Only in this module; default any."),
    ],
);

static SCAN: Shape = shape(
    "scan",
    &[
        key(
            "db",
            Text,
            "The Go vulnerability database or another one of OSV records: a folder, a .tar.zst, a .zip, `file://` or `https://`; default GOVULNDB.",
        ),
        key("extra", List(&Text), "Further folders or archives of OSV records, e.g. private advisories."),
        key(
            "fail_on",
            Enum(&["present", "imported", "linked", "never"]),
            "From which level on a release stops: the module is affected, a package of it is linked, a function of it is in the program; default `linked`.",
        ),
        key("max_age", Text, "How old the database may be, e.g. `36h`, `7d`, `2w`; default any age."),
        key("ignore_files", List(&Text), "Lists of other tools: `osv-scanner.toml`, `.trivyignore.yaml`."),
        key("ignore", List(&Map(&SCAN_IGNORE)), "Vulnerabilities that are accepted, until a day."),
    ],
);

static ALERT: Shape = shape(
    "alert",
    &[
        key("url", Template, "Where the message is POSTed; keep it secret by `{{ .Env.NAME }}`."),
        key(
            "body",
            Template,
            "The message; `.Title`, `.Text`, `.Blocking` and `.Findings` say what was found. Default: JSON that Slack and its like read.",
        ),
        key("content_type", Text, "Its type; default `application/json`."),
        key("headers", MapOf(&Template), "Headers of the request."),
    ],
);

static BOM: Shape = shape(
    "goferry_sbom",
    &[
        key(
            "formats",
            List(&Enum(&["cyclonedx", "spdx"])),
            "What is written: CycloneDX 1.6, SPDX 2.3; default `[\"cyclonedx\"]`.",
        ),
        key("disable", Bool, "Whether none are made."),
        key(
            "third_party_licenses",
            Bool,
            "Whether archives get a file THIRD_PARTY_LICENSES with the texts of all licences; default false, for what is in archives is goreleaser's.",
        ),
    ],
);

static DOCKERFILE: Shape = shape(
    "goferry_dockerfile",
    &[key(
        "builder",
        Enum(&["buildx", "podman", "buildah"]),
        "Who is given Dockerfiles that goferry does not do itself, those with RUN above all; default nobody.",
    )],
);

/// goferry's own words at the top of goferry.toml.
pub(crate) static OWN: [Key; 12] = [
    key(
        "targets",
        List(&Text),
        "The matrix of every build that names none, e.g. `[\"linux/arm64\", \"linux/arm/v7\"]`.",
    ),
    key("verify", Map(&VERIFY), "How artifacts are run before they ship."),
    key("test", Map(&TEST), "How `goferry test` judges."),
    key("toolchain", Map(&TOOLCHAIN), "Which C compiler cgo targets use, and how they are linked."),
    key("sysroot", Map(&SYSROOT), "Headers and libraries of the targets, for cgo."),
    key("sbom", Map(&BOM), "Bills of materials, made by default; goreleaser's `sboms` takes their place."),
    key("sign", Map(&SIGNING), "Who signs a release, and what of it."),
    key("scan", Map(&SCAN), "Known vulnerabilities in what is released, and which of them stop it."),
    key("alert", Map(&ALERT), "Who hears that a release was stopped by vulnerabilities."),
    key(
        "package",
        OneOrMany(&Map(&NFPM)),
        "System packages, as goreleaser's `nfpms`; without `formats` deb, rpm and apk.",
    ),
    key(
        "image",
        OneOrMany(&Map(&super::image::IMAGE)),
        "Container images of the binaries that were verified.",
    ),
    key("dockerfile", Map(&DOCKERFILE), "How the images of Dockerfiles are made."),
];

/// goreleaser's words that goferry.toml does not take: its own mean something else, or they are about the YAML file itself.
pub(crate) const NOT_NATIVE: &[&str] = &["version", "pro", "verify", "includes", "build", "scoop"];

/// goferry's own part of goferry.toml; goreleaser's sections come from [`super::ROOT`].
pub(crate) static NATIVE: Shape = shape("goferry", &OWN);
