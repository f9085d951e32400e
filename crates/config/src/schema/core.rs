//! The sections that make a dist/: what goferry honours.

use super::Kind::{
    Any, Bool, BoolOrTemplate, Enum, EnvItem, Int, List, Map, MapOf, MapOrText, Mode, OneOrMany, Template,
    Text, Words,
};
use super::changelog::CHANGELOG;
use super::{Key, Kind, Shape, key, others, shape};

/// Formats of `archives[].formats`.
const FORMATS: &[&str] =
    &["tar.gz", "tgz", "tar.xz", "txz", "tar.zst", "tzst", "tar", "gz", "xz", "zip", "binary"];
/// Formats of overrides: `none` leaves the platform out.
const OVERRIDE_FORMATS: &[&str] =
    &["tar.gz", "tgz", "tar.xz", "txz", "tar.zst", "tzst", "tar", "gz", "xz", "zip", "binary", "none"];
const ALGORITHMS: &[&str] = &[
    "sha256", "sha512", "sha1", "crc32", "md5", "sha224", "sha384", "sha3-224", "sha3-256", "sha3-384",
    "sha3-512", "blake2s", "blake2b", "blake3",
];
const BUILDERS: &[&str] = &["go", "rust", "zig", "bun", "deno", "node", "uv", "poetry", "prebuilt"];

const TEXTS: Kind = List(&Text);
const TEMPLATES: Kind = List(&Template);
pub(crate) const HOOKS: Kind = OneOrMany(&MapOrText(&HOOK, "cmd"));

pub(crate) static HOOK: Shape = shape(
    "hook",
    &[
        key("cmd", Template, "Command line: split into words, never given to a shell."),
        key("dir", Template, "Working directory; default the project."),
        key("env", List(&EnvItem), "Environment added for this command."),
        key("output", BoolOrTemplate, "Whether its output is shown."),
    ],
);

static BEFORE: Shape = shape(
    "before",
    &[key("hooks", HOOKS, "Commands run in order on every release, before anything is built.")],
);

static AFTER: Shape = shape("after", &[key("hooks", HOOKS, "Commands run after everything else succeeded.")]);

static ENV_FILES: Shape = shape(
    "env_files",
    &[
        key("github_token", Template, "File with the GitHub token."),
        key("gitlab_token", Template, "File with the GitLab token."),
        key("gitea_token", Template, "File with the Gitea token."),
    ],
);

static GIT: Shape = shape(
    "git",
    &[
        key(
            "tag_sort",
            Template,
            "How tags at one commit are ordered, the first is released: `-version:refname`, `-version:creatordate`, `semver`, `smartsemver`.",
        ),
        key("prerelease_suffix", Template, "Suffix that git sorts before the plain version, e.g. `-`."),
        key("ignore_tags", TEMPLATES, "Tags that are neither current nor previous."),
        key("ignore_tag_prefixes", TEMPLATES, "Prefixes of tags that are neither current nor previous.")
            .later()
            .pro(),
    ],
);

static GOMOD: Shape = shape(
    "gomod",
    &[
        key("proxy", Bool, "Build the module as the module proxy serves it, not the checkout."),
        key("env", List(&EnvItem), "Environment of these go commands."),
        key("gobinary", Template, "The go command; default `go`."),
        key("mod", Template, "Value of the `-mod` flag."),
        key("dir", Template, "Directory of go.mod; default the project."),
    ],
);

static SNAPSHOT: Shape = shape(
    "snapshot",
    &[
        key(
            "version_template",
            Template,
            "Version of a snapshot; default `{{ .Version }}-SNAPSHOT-{{ .ShortCommit }}`.",
        ),
        key("name_template", Template, "Version of a snapshot.").renamed("version_template"),
    ],
);

static METADATA: Shape = shape(
    "metadata",
    &[
        key("mod_timestamp", Template, "Modification time of metadata files, as Unix seconds."),
        key("description", Template, "One line on the project, `.Metadata.Description`.").pro(),
        key(
            "full_description",
            MapOrText(&MARKDOWN, "text"),
            "Long description, `.Metadata.FullDescription`.",
        )
        .pro(),
        key("homepage", Template, "Web address, `.Metadata.Homepage`.").pro(),
        key("license", Template, "SPDX licence, `.Metadata.License`.").pro(),
        key("maintainers", TEMPLATES, "Maintainers, `.Metadata.Maintainers`.").pro(),
        key("commit_author", Map(&METADATA_AUTHOR), "Who makes commits, `.Metadata.CommitAuthor`.").pro(),
    ],
);

/// A text, or where to get it; only the text is honoured.
pub(crate) static MARKDOWN: Shape = shape(
    "included_markdown",
    &[
        key("text", Template, "The text itself (the short form of the key)."),
        key("from_url", Map(&others::FROM_URL), "Fetch the text.").later().pro(),
        key("from_file", Map(&others::FROM_FILE), "Read the text from a file.").later().pro(),
    ],
);

static METADATA_AUTHOR: Shape = shape(
    "metadata_commit_author",
    &[
        key("name", Template, "Name."),
        key("email", Template, "Address."),
        key("signing", Map(&others::COMMIT_SIGNING), "How commits are signed.").publishing(),
        key("use_github_app_token", Bool, "Let GitHub sign as the app.").publishing(),
    ],
);

pub(crate) static HOOK_PAIR: Shape = shape(
    "build_hooks",
    &[
        key("pre", HOOKS, "Run before each target is built; `.Name .Ext .Path .Target` are known."),
        key("post", HOOKS, "Run after each target is built, before it is verified."),
    ],
);

/// One target, or all that agree with what is given.
static SELECTORS: [Key; 9] = [
    key("goos", Template, "GOOS."),
    key("goarch", Template, "GOARCH."),
    key("goamd64", Template, "GOAMD64."),
    key("go386", Template, "GO386."),
    key("goarm", Template, "GOARM, a text or a number."),
    key("goarm64", Template, "GOARM64."),
    key("gomips", Template, "GOMIPS and GOMIPS64."),
    key("goppc64", Template, "GOPPC64."),
    key("goriscv64", Template, "GORISCV64."),
];

/// What `builds[]` and its overrides share.
static FLAGS: [Key; 7] = [
    key("flags", Words, "Flags of `go build`: a list, or a text split on blanks."),
    key("asmflags", OneOrMany(&Template), "`-asmflags`."),
    key("gcflags", OneOrMany(&Template), "`-gcflags`."),
    key("tags", Words, "Build tags: a list, or a text split on blanks."),
    key("ldflags", OneOrMany(&Template), "`-ldflags`, joined by blanks."),
    key("buildmode", Template, "`-buildmode`: c-archive, c-shared or pie."),
    key("env", List(&EnvItem), "Environment of the build; `$VAR` is expanded, then the template."),
];

static IGNORE: Shape = shape("build_ignore", &SELECTORS);
static OVERRIDE: Shape = Shape { name: "build_override", keys: &SELECTORS, more: &FLAGS };

static PREBUILT: Shape =
    shape("prebuilt", &[key("path", Template, "Path of the binary that somebody else built, per target.")]);

pub(crate) static BUILD: Shape = Shape {
    name: "build",
    keys: &[
        key("id", Text, "Name of the build for `ids`; default the project name."),
        key("main", Template, "Package or file to build, relative to `dir`; default `.`."),
        key("binary", Template, "Name of the program, may hold a directory; default the project name."),
        key("dir", Template, "Directory of the module; default the project."),
        key("builder", Enum(BUILDERS), "What builds; goferry builds Go."),
        key("prebuilt", Map(&PREBUILT), "Import binaries instead of building them.").later().pro(),
        key("tool", Template, "The go command; default `go`."),
        key("gobinary", Template, "The go command.").renamed("tool"),
        key("command", Template, "`build`, or `test` to build the test binary; default `build`."),
        key("goos", TEMPLATES, "Operating systems; default linux, darwin, windows."),
        key("goarch", TEMPLATES, "Architectures; default amd64, arm64, 386."),
        key("goamd64", TEMPLATES, "Levels of amd64; default v1."),
        key("go386", TEMPLATES, "Floating point of 386; default sse2."),
        key("goarm", TEMPLATES, "Versions of arm; default 6."),
        key("goarm64", TEMPLATES, "Levels of arm64; default v8.0."),
        key("gomips", TEMPLATES, "Floating point of mips and mips64; default hardfloat."),
        key("goppc64", TEMPLATES, "Levels of ppc64; default power8."),
        key("goriscv64", TEMPLATES, "Levels of riscv64; default rva20u64."),
        key("ignore", List(&Map(&IGNORE)), "Targets left out: every given field must match."),
        key("targets", TEMPLATES, "The exact targets, instead of the matrix."),
        key(
            "overrides",
            List(&Map(&OVERRIDE)),
            "What differs for exactly matching targets: env is added, the rest replaced.",
        ),
        key("hooks", Map(&HOOK_PAIR), "Commands around each target's build."),
        key("mod_timestamp", Template, "Modification time of the binary, as Unix seconds."),
        key("skip", BoolOrTemplate, "Leave this build out."),
        key("no_unique_dist_dir", BoolOrTemplate, "Put the binary into dist/ itself."),
        key("no_main_check", Bool, "Do not look for a main function before building."),
    ],
    more: &FLAGS,
};

static UNIVERSAL: Shape = shape(
    "universal_binary",
    &[
        key("id", Text, "Name for `ids`; default the project name."),
        key("ids", TEXTS, "Builds whose macOS binaries are joined; default that of `id`."),
        key("name_template", Template, "Name of the program; default the project name."),
        key("replace", Bool, "Drop the single-architecture binaries."),
        key("hooks", Map(&HOOK_PAIR), "Commands before and after joining."),
        key("mod_timestamp", Template, "Modification time, as Unix seconds."),
    ],
);

static UPX: Shape = shape(
    "upx",
    &[
        key("enabled", BoolOrTemplate, "Whether binaries are compressed."),
        key("ids", TEXTS, "Builds; default all."),
        key("goos", TEXTS, "Operating systems; default all."),
        key("goarch", TEXTS, "Architectures; default all."),
        key("goarm", TEXTS, "Versions of arm; default all."),
        key("goamd64", TEXTS, "Levels of amd64; default all."),
        key("binary", Text, "The upx command; default `upx`."),
        key("compress", Enum(&["1", "2", "3", "4", "5", "6", "7", "8", "9", "best"]), "Level."),
        key("lzma", Bool, "Use LZMA."),
        key("brute", Bool, "Try everything, slowly."),
    ],
);

pub(crate) static FILE_INFO: Shape = shape(
    "file_info",
    &[
        key("owner", Template, "Owner's name."),
        key("group", Template, "Group's name."),
        key("mode", Mode, "Permission bits, e.g. `0644`."),
        key("mtime", Template, "Modification time: RFC 3339, usually `{{ .CommitDate }}`."),
    ],
);

pub(crate) static FILE: Shape = shape(
    "file",
    &[
        key("src", Template, "Pattern."),
        key("dst", Template, "Where it goes."),
        key("strip_parent", Bool, "Drop the directories of the source."),
        key("info", Map(&FILE_INFO), "Owner, mode and time."),
    ],
);

pub(crate) static EXTRA_FILE: Shape = shape(
    "extra_file",
    &[key("glob", Template, "Pattern."), key("name_template", Template, "New name, for one matching file.")],
);

static FORMAT_OVERRIDE: Shape = shape(
    "format_override",
    &[
        key("goos", Text, "Operating system."),
        key("formats", OneOrMany(&Enum(OVERRIDE_FORMATS)), "Formats there; `none` leaves it out."),
        key("format", Enum(OVERRIDE_FORMATS), "Format there.").renamed("formats"),
    ],
);

static ARCHIVE_HOOKS: Shape = shape(
    "archive_hooks",
    &[
        key("before", HOOKS, "Run before each archive is made."),
        key("after", HOOKS, "Run after each archive is made."),
    ],
);

static ARCHIVE: Shape = shape("archive", &[
        key("id", Text, "Name of the archive for `ids`; default `default`."),
        key("ids", TEXTS, "Builds whose binaries go in; default all."),
        key("builds", TEXTS, "Builds whose binaries go in.").renamed("ids"),
        key("formats", OneOrMany(&Enum(FORMATS)), "Formats; default tar.gz."),
        key("format", Enum(FORMATS), "Format.").renamed("formats"),
        key("format_overrides", List(&Map(&FORMAT_OVERRIDE)), "Other formats for some operating systems."),
        key("name_template", Template, "Name without extension."),
        key("wrap_in_directory", BoolOrTemplate, "Put everything into one directory: true for the archive's name, or a name."),
        key("strip_binary_directory", Bool, "Drop the directory of `builds[].binary`."),
        key("files", List(&MapOrText(&FILE, "src")), "Further files; default licence, readme and changelog."),
        key("builds_info", Map(&FILE_INFO), "Owner and time of the binaries; their mode is always 0755."),
        key("meta", Bool, "Files only, no binaries."),
        key("allow_different_binary_count", Bool, "Accept platforms with fewer binaries."),
        key("hooks", Map(&ARCHIVE_HOOKS), "Commands around each archive.").later().pro(),
        key("templated_files", List(&Map(&others::TEMPLATED_FILE)), "Files rendered as templates first.").later().pro(),
        key("strip_parent_binary_folder", Any, "Old spelling.").removed("write `strip_binary_directory:`"),
        key("replacements", MapOf(&Text), "Renamed platforms in names.").removed(
            "write the names into name_template, e.g. `{{ title .Os }}_{{ if eq .Arch \"amd64\" }}x86_64{{ else }}{{ .Arch }}{{ end }}`",
        ),
        key("rlcp", Any, "How destinations were computed.").removed("delete the line: what it asked for is now the only behaviour"),
    ]);

static SOURCE: Shape = shape(
    "source",
    &[
        key("enabled", Bool, "Whether an archive of the sources is made."),
        key("format", Enum(&["tar", "tgz", "tar.gz", "zip"]), "Format; default tar.gz."),
        key(
            "name_template",
            Template,
            "Name without extension; default `{{ .ProjectName }}-{{ .Version }}`.",
        ),
        key("prefix_template", Template, "Directory inside the archive."),
        key("files", List(&MapOrText(&FILE, "src")), "Further files that git does not hold."),
        key("templated_files", List(&Map(&others::TEMPLATED_FILE)), "Files rendered as templates first.")
            .later()
            .pro(),
        key("rlcp", Any, "How destinations were computed.")
            .removed("delete the line: what it asked for is now the only behaviour"),
    ],
);

static CHECKSUM: Shape = shape(
    "checksum",
    &[
        key(
            "name_template",
            Template,
            "Name of the file; default `{{ .ProjectName }}_{{ .Version }}_checksums.txt`.",
        ),
        key("algorithm", Enum(ALGORITHMS), "Default sha256."),
        key("split", Bool, "One file for each artifact."),
        key("ids", TEXTS, "Artifacts by id; default all."),
        key("disable", BoolOrTemplate, "Make none."),
        key("extra_files", List(&MapOrText(&EXTRA_FILE, "glob")), "Further files to list."),
        key(
            "templated_extra_files",
            List(&Map(&others::TEMPLATED_EXTRA_FILE)),
            "Further files, rendered first.",
        )
        .later()
        .pro(),
    ],
);

/// The root of a .goreleaser.yaml: what goferry honours, then everything else.
pub(crate) static ROOT: Shape = Shape { name: "goreleaser", keys: &HONOURED, more: &others::OTHERS };

static HONOURED: [Key; 23] = [
    key("version", Int, "Version of the file's format: 2."),
    key("pro", Bool, "The file was written for goreleaser Pro: unknown keys are warnings."),
    key("project_name", Template, "Name of the project; default that of the repository or module."),
    key("dist", Template, "Where results go; default `dist`."),
    key("env", List(&EnvItem), "Environment of everything; evaluated before git is read."),
    key("env_files", Map(&ENV_FILES), "Files with tokens."),
    key("before", Map(&BEFORE), "Commands before anything is built."),
    key("after", Map(&AFTER), "Commands after everything.").pro(),
    key("variables", MapOf(&Template), "Values for templates: `.Var.name`.").pro(),
    key("git", Map(&GIT), "How tags are chosen."),
    key("gomod", Map(&GOMOD), "Building what the module proxy serves."),
    key("snapshot", Map(&SNAPSHOT), "Version of snapshots."),
    key("metadata", Map(&METADATA), "Facts on the project."),
    key("report_sizes", Bool, "Write sizes into artifacts.json."),
    key("builds", List(&Map(&BUILD)), "What is built, for which targets, and how."),
    key("universal_binaries", List(&Map(&UNIVERSAL)), "macOS binaries for both architectures in one file."),
    key("upx", List(&Map(&UPX)), "Compressed binaries."),
    key("archives", List(&Map(&ARCHIVE)), "Archives with the binaries."),
    key("source", Map(&SOURCE), "An archive of the sources."),
    key("checksum", Map(&CHECKSUM), "The checksum file."),
    key("changelog", Map(&CHANGELOG), "The changelog."),
    key("scoop", Any, "One Scoop manifest.").removed("write a list: `scoops:`"),
    key("build", Any, "One build.").removed("write a list: `builds:`"),
];
