//! The one configuration that both files mean. Names are goreleaser's; defaults are *not* applied here
//! (an absent key is `None` or empty), because defaults depend on the project and belong to the plan.
//!
//! Every text that may be a template keeps its place, so that a template error can point at it.

mod docker;
mod image;
mod image_push;
mod linux_package;
mod native;
mod sbom;
mod scan;
mod sign;

pub use docker::{Docker, DockerV2, DockerfileBuilder};
pub use image::{Image, Ko};
pub use image_push::{ImageManifest, ImagePushing};
pub use linux_package::{
    ApkSettings, ArchLinuxSettings, DebSettings, IpkAlternative, IpkSettings, LinuxPackage, PackageContent,
    PackageSettings, RpmSettings,
};
pub use native::{
    CLibrary, CLinking, CProvider, IsolationRule, Sysroot, Toolchain, ToolchainTarget, Verify, VerifyBinary,
};
pub use sbom::{Sbom, SbomItem};
pub use scan::{Alert, Scan, ScanIgnore};
pub use sign::{SignItem, Signing};

use crate::place::Place;
use serde::Serialize;
use std::collections::BTreeMap;

/// A value and where it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it was written; [`Place::default`] for a value nobody wrote.
    #[serde(skip)]
    pub place: Place,
}

/// A text that is a Go template unless a comment says otherwise.
pub type Text = Spanned<String>;

impl<T> Spanned<T> {
    /// A value that nobody wrote (a default).
    pub fn implied(value: T) -> Self {
        Spanned { value, place: Place::default() }
    }
}

/// Which kind of file the release part of the configuration came from; decides a few defaults.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum Dialect {
    /// No file, or goferry.toml.
    #[default]
    Native,
    /// A .goreleaser.yaml (perhaps with a goferry.toml beside it).
    Goreleaser,
}

/// Everything that was configured.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Config {
    /// Whose defaults apply.
    pub dialect: Dialect,
    /// Files that were read, as the user would write them.
    pub sources: Vec<String>,
    /// `pro: true`.
    pub pro: bool,
    /// `project_name` (template).
    pub project_name: Option<Text>,
    /// `dist`, default `dist`.
    pub dist: Option<Text>,
    /// `env`: `KEY=template` items.
    pub env: Vec<Text>,
    /// `env_files`: name of the token → path of its file (`github_token`, …).
    pub env_files: BTreeMap<String, Text>,
    /// `before.hooks`.
    pub before: Vec<Hook>,
    /// `after.hooks` (goreleaser Pro; runs after everything).
    pub after: Vec<Hook>,
    /// `git`.
    pub git: GitRules,
    /// `gomod`.
    pub gomod: Gomod,
    /// `snapshot.version_template`.
    pub snapshot_version: Option<Text>,
    /// `metadata`.
    pub metadata: Metadata,
    /// `report_sizes`.
    pub report_sizes: bool,
    /// `targets = ["linux/arm64", …]` at the top of goferry.toml: the matrix of every build that names none.
    pub targets: Vec<Text>,
    /// `builds`.
    pub builds: Vec<Build>,
    /// `universal_binaries`.
    pub universal_binaries: Vec<Universal>,
    /// `upx`.
    pub upx: Vec<Upx>,
    /// `archives`.
    pub archives: Vec<Archive>,
    /// `nfpms` and `[[package]]`.
    pub packages: Vec<LinuxPackage>,
    /// `source`.
    pub source: Source,
    /// `checksum`.
    pub checksum: Checksum,
    /// `changelog`.
    pub changelog: Changelog,
    /// `signs`.
    pub signs: Vec<SignItem>,
    /// `binary_signs`.
    pub binary_signs: Vec<SignItem>,
    /// `kos`.
    pub kos: Vec<Ko>,
    /// `dockers_v2`.
    pub dockers_v2: Vec<DockerV2>,
    /// `dockers`.
    pub dockers: Vec<Docker>,
    /// `[[image]]` of goferry.toml.
    pub images: Vec<Image>,
    /// `[dockerfile] builder`.
    pub dockerfile_builder: Option<DockerfileBuilder>,
    /// `docker_manifests`, `docker_digest` and `docker_signs`.
    pub image_push: ImagePushing,
    /// `sboms`.
    pub sboms: Vec<SbomItem>,
    /// `[sbom]` of goferry.toml.
    pub sbom: Sbom,
    /// `[sign]` of goferry.toml.
    pub sign: Signing,
    /// `[scan]` of goferry.toml; none if there is no such section.
    pub scan: Option<Scan>,
    /// `[alert]` of goferry.toml.
    pub alert: Option<Alert>,
    /// `variables` (goreleaser Pro): `.Var.name`.
    pub variables: BTreeMap<String, Text>,
    /// `[verify]` of goferry.toml.
    pub verify: Verify,
    /// `[test] allow_known_limits` of goferry.toml.
    pub allow_known_limits: bool,
    /// `[toolchain]` of goferry.toml.
    pub toolchain: Toolchain,
    /// `[sysroot]`.
    pub sysroot: Sysroot,
    /// Sections that are known but that goferry cannot do yet, each with its first place; stop a release unless skipped.
    pub unsupported: Vec<Unsupported>,
    /// Sections that only matter when something is published (`release`, `brews`, …), in the same form; a snapshot or
    /// `--skip=publish` goes on without them.
    pub publishing: Vec<Unsupported>,
}

/// A configured section or key that goferry cannot honour yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unsupported {
    /// Top-level section (`nfpms`, `signs`, …): the value of `--skip` that goes on without it.
    pub section: String,
    /// Dotted path of what is not honoured (`builds[0].builder`).
    pub path: String,
    /// Where.
    pub place: Place,
    /// Whether it is goreleaser Pro's.
    pub pro: bool,
}

/// A hook: a command that is split into words, never given to a shell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hook {
    /// Command line (template).
    pub cmd: Text,
    /// Working directory (template), default the project.
    pub dir: Option<Text>,
    /// `KEY=template`.
    pub env: Vec<Text>,
    /// Whether its output is shown (a bool or a template).
    pub output: Option<Text>,
}

/// `git`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct GitRules {
    /// `tag_sort`: `-version:refname`, `-version:creatordate`, `semver` or `smartsemver`.
    pub tag_sort: Option<Text>,
    /// `prerelease_suffix`.
    pub prerelease_suffix: Option<Text>,
    /// `ignore_tags`.
    pub ignore_tags: Vec<Text>,
}

/// `gomod`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Gomod {
    /// Build from the module proxy instead of the checkout.
    pub proxy: bool,
    /// Environment of the go command for `gomod`.
    pub env: Vec<Text>,
    /// The go command.
    pub gobinary: Option<Text>,
    /// `-mod` flag.
    pub r#mod: Option<Text>,
    /// Directory of go.mod.
    pub dir: Option<Text>,
}

/// `metadata`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Metadata {
    /// Time of metadata files (template giving a Unix time).
    pub mod_timestamp: Option<Text>,
    /// Free text fields of goreleaser Pro, usable as `.Metadata.X` in templates.
    pub maintainers: Vec<Text>,
    /// One line on the project.
    pub description: Option<Text>,
    /// Long description.
    pub full_description: Option<Text>,
    /// Web address.
    pub homepage: Option<Text>,
    /// SPDX licence.
    pub license: Option<Text>,
    /// Name for commits.
    pub commit_author_name: Option<Text>,
    /// Address for commits.
    pub commit_author_email: Option<Text>,
}

/// The per-target lists that `builds[]` and `builds[].overrides[]` share.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BuildFlags {
    /// `flags`.
    pub flags: Option<Vec<Text>>,
    /// `asmflags`.
    pub asmflags: Option<Vec<Text>>,
    /// `gcflags`.
    pub gcflags: Option<Vec<Text>>,
    /// `tags`.
    pub tags: Option<Vec<Text>>,
    /// `ldflags`.
    pub ldflags: Option<Vec<Text>>,
    /// `buildmode`.
    pub buildmode: Option<Text>,
    /// `env`.
    pub env: Vec<Text>,
}

/// Selects targets: each given field must match (used by `ignore` and `overrides`). Values are templates.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TargetMatch {
    /// GOOS.
    pub goos: Option<Text>,
    /// GOARCH.
    pub goarch: Option<Text>,
    /// Variant variables by their lower-case name: `goarm`, `goamd64`, `go386`, `goarm64`, `gomips`, `goppc64`, `goriscv64`.
    pub variants: BTreeMap<String, Text>,
}

/// One item of `overrides`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BuildOverride {
    /// Which targets.
    pub matches: TargetMatch,
    /// What differs: env is appended, the rest replaces.
    pub flags: BuildFlags,
    /// Where.
    #[serde(skip)]
    pub place: Place,
}

/// One item of `builds`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Build {
    /// `id`.
    pub id: Option<Text>,
    /// `main`: package or file, relative to `dir`.
    pub main: Option<Text>,
    /// `binary`: name, may hold a path.
    pub binary: Option<Text>,
    /// `dir`.
    pub dir: Option<Text>,
    /// `builder`: go or prebuilt; others are unsupported.
    pub builder: Option<Text>,
    /// `prebuilt.path` (goreleaser Pro).
    pub prebuilt_path: Option<Text>,
    /// `tool`, old `gobinary`.
    pub tool: Option<Text>,
    /// `command`: build or test.
    pub command: Option<Text>,
    /// `goos`.
    pub goos: Vec<Text>,
    /// `goarch`.
    pub goarch: Vec<Text>,
    /// Lists of variants by variable name in lower case: `goamd64`, `goarm`, `goarm64`, `go386`, `gomips`, `goppc64`, `goriscv64`.
    pub variants: BTreeMap<String, Vec<Text>>,
    /// `ignore`.
    pub ignore: Vec<TargetMatch>,
    /// `targets`: overrides the matrix; also `go_first_class`, `go_118_first_class`.
    pub targets: Vec<Text>,
    /// Flags for every target.
    pub flags: BuildFlags,
    /// Differences for some targets.
    pub overrides: Vec<BuildOverride>,
    /// `hooks.pre`.
    pub hooks_pre: Vec<Hook>,
    /// `hooks.post`.
    pub hooks_post: Vec<Hook>,
    /// `mod_timestamp`: time of the binary file (template giving a Unix time).
    pub mod_timestamp: Option<Text>,
    /// `skip` (bool or template).
    pub skip: Option<Text>,
    /// `no_unique_dist_dir` (bool or template).
    pub no_unique_dist_dir: Option<Text>,
    /// `no_main_check`.
    pub no_main_check: bool,
    /// Where the item begins.
    #[serde(skip)]
    pub place: Place,
}

/// One item of `universal_binaries`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Universal {
    /// `id`.
    pub id: Option<Text>,
    /// `ids` of builds.
    pub ids: Vec<Text>,
    /// `name_template`.
    pub name_template: Option<Text>,
    /// Whether the single-architecture binaries are dropped.
    pub replace: bool,
    /// `hooks.pre`.
    pub hooks_pre: Vec<Hook>,
    /// `hooks.post`.
    pub hooks_post: Vec<Hook>,
    /// `mod_timestamp`.
    pub mod_timestamp: Option<Text>,
    /// Where.
    #[serde(skip)]
    pub place: Place,
}

/// One item of `upx`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Upx {
    /// `enabled` (bool or template).
    pub enabled: Option<Text>,
    /// `ids` of builds.
    pub ids: Vec<Text>,
    /// `goos`.
    pub goos: Vec<Text>,
    /// `goarch`.
    pub goarch: Vec<Text>,
    /// Variants as in [`Build::variants`].
    pub variants: BTreeMap<String, Vec<Text>>,
    /// `binary`: the upx command.
    pub binary: Option<Text>,
    /// `compress`: 1 to 9 or best.
    pub compress: Option<Text>,
    /// `lzma`.
    pub lzma: bool,
    /// `brute`.
    pub brute: bool,
    /// Where.
    #[serde(skip)]
    pub place: Place,
}

/// `archives[].files[]`, `source.files[]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExtraFile {
    /// Pattern (template).
    pub src: Text,
    /// Destination (template).
    pub dst: Option<Text>,
    /// Drop the parent directories.
    pub strip_parent: bool,
    /// `info`.
    pub info: FileInfo,
    /// Whether this entry is one of goreleaser's defaults, whose missing match is silent.
    pub default: bool,
}

/// `info`, `builds_info`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FileInfo {
    /// Owner's name (template).
    pub owner: Option<Text>,
    /// Group's name (template).
    pub group: Option<Text>,
    /// Permission bits.
    pub mode: Option<u32>,
    /// Time (template: RFC 3339 or Unix).
    pub mtime: Option<Text>,
}

/// One item of `archives`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Archive {
    /// `id`, default `default`.
    pub id: Option<Text>,
    /// `ids` of builds.
    pub ids: Vec<Text>,
    /// `formats`.
    pub formats: Vec<Text>,
    /// `format_overrides`: GOOS → formats.
    pub format_overrides: Vec<FormatOverride>,
    /// `name_template`.
    pub name_template: Option<Text>,
    /// `wrap_in_directory`: false, true or a template of the name.
    pub wrap_in_directory: Option<Text>,
    /// `strip_binary_directory`.
    pub strip_binary_directory: bool,
    /// `files`; absent means goreleaser's default globs.
    pub files: Option<Vec<ExtraFile>>,
    /// `builds_info`.
    pub builds_info: FileInfo,
    /// `meta`: an archive of files only.
    pub meta: bool,
    /// `allow_different_binary_count`.
    pub allow_different_binary_count: bool,
    /// Where.
    #[serde(skip)]
    pub place: Place,
}

/// One item of `format_overrides`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FormatOverride {
    /// GOOS.
    pub goos: Text,
    /// Formats, or `none`.
    pub formats: Vec<Text>,
}

/// `source`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Source {
    /// Whether a source archive is made.
    pub enabled: bool,
    /// `format`: tar, tgz, tar.gz, zip.
    pub format: Option<Text>,
    /// `name_template`.
    pub name_template: Option<Text>,
    /// `prefix_template`.
    pub prefix_template: Option<Text>,
    /// `files`.
    pub files: Vec<ExtraFile>,
    /// Where.
    #[serde(skip)]
    pub place: Place,
}

/// `extra_files[]` with glob and name_template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExtraGlob {
    /// Pattern (template).
    pub glob: Text,
    /// Name (template).
    pub name_template: Option<Text>,
}

/// `checksum`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Checksum {
    /// `name_template`.
    pub name_template: Option<Text>,
    /// `algorithm`.
    pub algorithm: Option<Text>,
    /// One file for each artifact.
    pub split: bool,
    /// `ids` of artifacts.
    pub ids: Vec<Text>,
    /// `disable` (bool or template).
    pub disable: Option<Text>,
    /// `extra_files`.
    pub extra_files: Vec<ExtraGlob>,
    /// Where.
    #[serde(skip)]
    pub place: Place,
}

/// `changelog`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Changelog {
    /// `disable` (bool or template), old `skip`.
    pub disable: Option<Text>,
    /// `use`: git, github, github-native, gitlab, gitea.
    pub r#use: Option<Text>,
    /// `format` (template).
    pub format: Option<Text>,
    /// `sort`: asc, desc or empty.
    pub sort: Option<Text>,
    /// `abbrev`.
    pub abbrev: Option<i64>,
    /// `filters.include`: regular expressions (templates).
    pub include: Vec<Text>,
    /// `filters.exclude`.
    pub exclude: Vec<Text>,
    /// `groups`.
    pub groups: Vec<ChangelogGroup>,
    /// Where.
    #[serde(skip)]
    pub place: Place,
}

/// One item of `changelog.groups`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChangelogGroup {
    /// `title`.
    pub title: Text,
    /// `regexp`; without one the group takes what is left.
    pub regexp: Option<Text>,
    /// `order`.
    pub order: i64,
}
