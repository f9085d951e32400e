//! The plan: plain data, a graph of steps with what each reads, runs and writes.

mod image;
mod linux_package;
mod provenance;
mod sbom;
mod sign;

pub use image::{
    BaseSpec, BinariesSpec, ContextPackage, DataSpec, DockerfileSpec, Extras, ImageBinary, ImageContent,
    ImagePlatform, ImageSpec, Late, Outside, RunSpec, Scope,
};
pub use linux_package::{
    ContentSpec, DebOnly, FormatOnly, InstalledProgram, IpkOnly, LinuxPackageSpec, PackageName,
    PackageRelations, PackageSigning, RpmOnly, ScriptSpec,
};
pub use provenance::ProvenanceSpec;
pub use sbom::{SbomBy, SbomCommand, SbomFile, SbomSpec};
pub use sign::{NativeSign, Services, SignBy, SignCommand, SignSpec, SignedFile};

use crate::facts::{Clock, RunnerFact, SourceKind, Vcs};
use goferry_target::GoTarget;
use serde::Serialize;
use std::fmt;

/// Names one step: `build/default/linux_amd64_v1`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct StepId(pub String);

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The stage a step belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// `before` and `after` hooks.
    Hook,
    /// Binaries come to be.
    Build,
    /// Binaries are inspected and run.
    Verify,
    /// Binaries are compared with a vulnerability database.
    Scan,
    /// Archives, source archive.
    Archive,
    /// Packages of Linux's package managers.
    LinuxPackage,
    /// Container images.
    Image,
    /// Bills of materials.
    Sbom,
    /// CHANGELOG.md.
    Changelog,
    /// Checksum files.
    Checksum,
    /// Provenance and verification summary.
    Provenance,
    /// Signatures.
    Sign,
    /// metadata.json, artifacts.json.
    Metadata,
}

impl Stage {
    /// The stage's word in events.
    pub fn as_str(self) -> &'static str {
        match self {
            Stage::Hook => "hook",
            Stage::Build => "build",
            Stage::Verify => "verify",
            Stage::Scan => "scan",
            Stage::Archive => "archive",
            Stage::LinuxPackage => "package",
            Stage::Image => "image",
            Stage::Sbom => "sbom",
            Stage::Changelog => "changelog",
            Stage::Checksum => "checksum",
            Stage::Provenance => "provenance",
            Stage::Sign => "sign",
            Stage::Metadata => "metadata",
        }
    }
}

/// The whole plan.
#[derive(Clone, Debug, Serialize)]
pub struct Plan {
    /// What is released.
    pub project: Project,
    /// In an order in which every step stands after those it needs.
    pub steps: Vec<Step>,
    /// What a reader should know: the clock, compilers and runners chosen and why.
    pub notes: Vec<String>,
}

/// What is released.
#[derive(Clone, Debug, Serialize)]
pub struct Project {
    /// Project name.
    pub name: String,
    /// Version without `v`.
    pub version: String,
    /// Whether this is a snapshot.
    pub snapshot: bool,
    /// Module path.
    pub module_path: Option<String>,
    /// Checkout or module.
    pub source: SourceKind,
    /// What binaries are built from.
    pub build_from: SourceKind,
    /// git.
    pub vcs: Vcs,
    /// The clock.
    pub clock: Clock,
    /// Folder of all outputs, relative to the working directory.
    pub dist: String,
    /// `metadata.mod_timestamp` rendered: Unix seconds for metadata files.
    pub metadata_unix: Option<i64>,
    /// Whether artifacts.json carries sizes.
    pub report_sizes: bool,
}

/// One step.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    /// Its name.
    pub id: StepId,
    /// Its stage.
    pub stage: Stage,
    /// Its target; none for steps over all targets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<GoTarget>,
    /// Steps whose outputs it reads.
    pub needs: Vec<StepId>,
    /// What it does.
    pub action: Action,
    /// What it writes, relative to dist.
    pub outputs: Vec<Output>,
    /// Whether its result may come from the action cache.
    pub cacheable: bool,
}

/// A file that a step writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Output {
    /// Path relative to dist, with `/`.
    pub path: String,
    /// The artifact's name in artifacts.json.
    pub name: String,
    /// goreleaser's artifact type: `Binary`, `Archive`, `Checksum`, …; empty for files that are no artifacts.
    pub kind: ArtifactKind,
}

/// goreleaser's artifact types, as far as this version makes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum ArtifactKind {
    /// A built binary.
    Binary,
    /// A binary that is itself released (archive format `binary`).
    UploadableBinary,
    /// A universal binary.
    UniversalBinary,
    /// An archive.
    Archive,
    /// A package of Linux's package managers.
    LinuxPackage,
    /// A source archive.
    Source,
    /// A checksum file.
    Checksum,
    /// A statement about the other artifacts.
    Attestation,
    /// A signature.
    Signature,
    /// A certificate beside a signature.
    Certificate,
    /// A bill of materials.
    Sbom,
    /// What is known of vulnerabilities in the release; only where `[scan]` is configured.
    Vex,
    /// A header of a c-archive or c-shared build.
    CHeader,
    /// A c-archive.
    CArchive,
    /// A c-shared library.
    CShared,
    /// The layout of an image: a folder.
    Image,
    /// An image as one file, that `docker load` reads.
    ImageArchive,
    /// metadata.json and the like.
    Metadata,
    /// Not listed.
    None,
}

impl ArtifactKind {
    /// Whether it is handed to users and stays as it is, and so what a statement about the release is about.
    pub fn is_released(self) -> bool {
        match self {
            ArtifactKind::UploadableBinary
            | ArtifactKind::Archive
            | ArtifactKind::LinuxPackage
            | ArtifactKind::Source
            | ArtifactKind::Sbom
            | ArtifactKind::ImageArchive
            | ArtifactKind::Checksum => true,
            // Images, which go to registries under names of their own; parts of others, the statements themselves, what is issued again when more is known, and what describes the folder.
            ArtifactKind::Image
            | ArtifactKind::Binary
            | ArtifactKind::UniversalBinary
            | ArtifactKind::CHeader
            | ArtifactKind::CArchive
            | ArtifactKind::CShared
            | ArtifactKind::Attestation
            | ArtifactKind::Vex
            | ArtifactKind::Signature
            | ArtifactKind::Certificate
            | ArtifactKind::Metadata
            | ArtifactKind::None => false,
        }
    }
}

/// A command line of the user's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HookSpec {
    /// Words, program first.
    pub argv: Vec<String>,
    /// Working directory relative to the project, empty for the project itself.
    pub dir: String,
    /// `KEY=value` beside the inherited environment. Secrets are serialised without their values.
    #[serde(serialize_with = "crate::secret::lines")]
    pub env: Vec<String>,
    /// Whether its output is shown.
    pub output: bool,
    /// The command line before it was split, for messages.
    pub line: String,
}

/// What a step does.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Action {
    /// Run a hook.
    Hook(HookSpec),
    /// Make one binary by the go command.
    Build(BuildSpec),
    /// Take a binary that is there already.
    Prebuilt {
        /// Build id.
        id: String,
        /// Path relative to the project.
        path: String,
    },
    /// Merge Mach-O binaries.
    Universal(UniversalSpec),
    /// Inspect and run one binary.
    Verify(VerifySpec),
    /// Compare one binary with a vulnerability database.
    Scan(ScanSpec),
    /// Make one archive.
    Archive(ArchiveSpec),
    /// Make one package.
    LinuxPackage(Box<LinuxPackageSpec>),
    /// Make a container image.
    Image(ImageSpec),
    /// Make the source archive.
    Source(SourceSpec),
    /// Make CHANGELOG.md.
    Changelog(ChangelogSpec),
    /// Write bills of materials.
    Sbom(SbomSpec),
    /// Say which known vulnerabilities are in the release.
    Vex(VexSpec),
    /// Make checksum files.
    Checksums(ChecksumSpec),
    /// Make provenance and verification summary.
    Provenance(ProvenanceSpec),
    /// Sign.
    Sign(SignSpec),
    /// Make metadata.json and artifacts.json.
    Metadata,
}

/// How upx packs a binary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UpxSpec {
    /// The command.
    pub program: String,
    /// Its arguments without the file.
    pub args: Vec<String>,
}

/// One `go build`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BuildSpec {
    /// Build id.
    pub id: String,
    /// Target.
    pub target: GoTarget,
    /// Name of the binary with its ending, may hold a path.
    pub binary: String,
    /// Its ending.
    pub ext: String,
    /// The go command.
    pub tool: String,
    /// `build` or `test`.
    pub command: String,
    /// Working directory relative to the project.
    pub dir: String,
    /// Package or file to build.
    pub main: String,
    /// All flags between the command and `-o`.
    pub flags: Vec<String>,
    /// `-buildmode` if one was given.
    pub buildmode: Option<String>,
    /// `KEY=value`: GOOS and its kin, CGO_ENABLED, the user's. Secrets are serialised without their values.
    #[serde(serialize_with = "crate::secret::pairs")]
    pub env: Vec<(String, String)>,
    /// Whether nobody chose the matrix.
    pub default_matrix: bool,
    /// What CC is, for the key.
    pub cc_identity: Option<String>,
    /// Whether cgo is on, off, or left to the go command.
    pub cgo: Cgo,
    /// Before.
    pub hooks_pre: Vec<HookSpec>,
    /// After.
    pub hooks_post: Vec<HookSpec>,
    /// Packing, part of the build because it changes bytes.
    pub upx: Option<UpxSpec>,
    /// File time.
    pub mtime: Option<i64>,
}

/// State of cgo in a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Cgo {
    /// CGO_ENABLED=1.
    On,
    /// CGO_ENABLED=0.
    Off,
    /// The go command's default decides.
    GoDecides,
}

/// One universal binary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UniversalSpec {
    /// Id.
    pub id: String,
    /// Steps whose binaries are merged, amd64 first.
    pub parts: Vec<StepId>,
    /// Name.
    pub binary: String,
    /// Whether the parts are no artifacts of their own any more.
    pub replace: bool,
    /// Before.
    pub hooks_pre: Vec<HookSpec>,
    /// After.
    pub hooks_post: Vec<HookSpec>,
    /// File time.
    pub mtime: Option<i64>,
}

/// What one binary must be and how it is run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VerifySpec {
    /// The step that made it.
    pub built: StepId,
    /// Its path relative to dist.
    pub path: String,
    /// Target; none for a universal binary.
    pub target: Option<GoTarget>,
    /// What its build info must say: module path of the main module.
    pub module_path: Option<String>,
    /// The version that must be stamped, or how it is derived.
    pub main_version: ExpectedVersion,
    /// The release version, with `v`, for the warning when they differ.
    pub release_version: String,
    /// What the go command must have written into it, or into each slice of a universal binary in their order.
    pub recorded: Vec<Recorded>,
    /// Whether it is an executable (not a library, not a test binary).
    pub executable: bool,
    /// Why its build info cannot be read, if it cannot.
    pub opaque: Option<String>,
    /// Argument lists to try in order.
    pub tries: Vec<Vec<String>>,
    /// Whether the arguments are the user's own.
    pub args_configured: bool,
    /// Regular expression its output must match.
    pub expect: Option<String>,
    /// The newest glibc that it may need: `2.31`.
    pub glibc: Option<String>,
    /// Seconds.
    pub timeout_seconds: u64,
    /// Bytes.
    pub memory_bytes: Option<u64>,
    /// Runner.
    pub runner: RunnerFact,
    /// The user's own skip, with its place.
    pub skipped_by_user: Option<String>,
    /// Isolation rule: `preferred`, `required`, `off`.
    pub isolation: String,
}

/// What the go command must have written into a binary, besides module and version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Recorded {
    /// Target.
    pub target: GoTarget,
    /// What CGO_ENABLED must be.
    pub cgo: Cgo,
    /// Flags that Go records, such as `-tags`, with the value that must be there; none: it must not be there.
    pub flags: Vec<(String, Option<String>)>,
}

/// Which main version is right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "rule", content = "version", rename_all = "kebab-case")]
pub enum ExpectedVersion {
    /// Exactly this.
    Exactly(String),
    /// What Go derives from the checkout; the engine asks the derivation rules.
    DerivedByGo,
    /// Not checked (a prebuilt or packed binary).
    Unchecked,
}

/// One scan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScanSpec {
    /// The step that verified the binary.
    pub verified: StepId,
}

/// One archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ArchiveSpec {
    /// Archive id.
    pub id: String,
    /// goreleaser's format word: `tar.gz`, `tgz`, `zip`, `gz`, `binary`, …
    pub format: String,
    /// File name relative to dist.
    pub file: String,
    /// Binaries: (verify step, path in the archive, path of the binary relative to dist).
    pub binaries: Vec<ArchivedBinary>,
    /// Further files.
    pub files: Vec<FileSpec>,
    /// Folder inside the archive, empty for none.
    pub wrap: String,
    /// Owner, group and time of binaries.
    pub builds_info: InfoSpec,
    /// Time of members that have no other: Unix seconds.
    pub default_mtime: i64,
    /// Whether it gets the texts of all licences.
    pub third_party_licenses: bool,
    /// Whether it holds a universal binary that replaces its parts.
    pub replaces: bool,
}

/// A binary in an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ArchivedBinary {
    /// The step that verified it.
    pub verified: StepId,
    /// Path relative to dist.
    pub path: String,
    /// Name as the build gives it, which may hold a folder.
    pub binary: String,
    /// Name in the archive, without the wrap folder.
    pub name: String,
}

/// A file pattern, templates rendered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileSpec {
    /// Pattern relative to the project.
    pub src: String,
    /// Destination.
    pub dst: String,
    /// Drop parent directories.
    pub strip_parent: bool,
    /// Owner and so on.
    pub info: InfoSpec,
    /// One of the default patterns: no warning when nothing matches.
    pub default: bool,
}

/// Owner, group, mode and time, templates rendered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct InfoSpec {
    /// Owner's name.
    pub owner: String,
    /// Group's name.
    pub group: String,
    /// Permission bits.
    pub mode: Option<u32>,
    /// Unix seconds.
    pub mtime: Option<i64>,
}

/// The source archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SourceSpec {
    /// Format word.
    pub format: String,
    /// File name relative to dist.
    pub file: String,
    /// Prefix of every member.
    pub prefix: String,
    /// Further files.
    pub files: Vec<FileSpec>,
}

/// The changelog.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChangelogSpec {
    /// `use`, e.g. `git`.
    pub r#use: String,
    /// Entry template; empty: goreleaser's own for `use`.
    pub format: String,
    /// asc, desc or empty.
    pub sort: String,
    /// Length of hashes; 0 whole, -1 none.
    pub abbrev: i64,
    /// Regular expressions.
    pub include: Vec<String>,
    /// Regular expressions.
    pub exclude: Vec<String>,
    /// (title, regexp, order).
    pub groups: Vec<(String, String, i64)>,
    /// Since which tag, empty for the first commit.
    pub from: String,
    /// Up to which tag.
    pub to: String,
}

/// What is said of known vulnerabilities, if the scans ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VexSpec {
    /// OpenVEX, relative to dist.
    pub openvex: String,
    /// CycloneDX, relative to dist.
    pub cyclonedx: String,
}

/// Checksum files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChecksumSpec {
    /// Algorithm word.
    pub algorithm: String,
    /// One combined file, or one per artifact.
    pub split: bool,
    /// What is summed: (artifact name, path relative to dist, name of its own checksum file when split).
    pub files: Vec<(String, String, String)>,
    /// Name of the combined file.
    pub file: String,
    /// Extra files: (pattern relative to the project, name or empty).
    pub extra: Vec<(String, String)>,
}
