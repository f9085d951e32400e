//! Container images as plain data: of what, on what, for whom.

use super::StepId;
use goferry_config::model::{DockerfileBuilder, Hook};
use goferry_target::GoTarget;
use serde::Serialize;
use std::collections::BTreeMap;

/// One image, of one or more platforms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImageSpec {
    /// Its id.
    pub id: String,
    /// The section that asked for it: `kos`, `image`, …
    pub section: String,
    /// References with tags, each once: where it belongs.
    pub names: Vec<String>,
    /// The layout's folder, relative to dist.
    pub layout: String,
    /// The file that `docker load` reads, relative to dist.
    pub archive: Option<String>,
    /// Unix seconds: when it was created, and the time of files that have no other.
    pub created: i64,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Annotations: (scope, key, value).
    pub annotations: Vec<(Scope, String, String)>,
    /// What is in it.
    pub content: ImageContent,
}

/// Where an annotation goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// The index and every manifest.
    Everywhere,
    /// The index.
    Index,
    /// Manifests: that of a platform, or all.
    Manifest(Option<String>),
}

/// What an image is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "of", rename_all = "kebab-case")]
pub enum ImageContent {
    /// Verified binaries on a base.
    Binaries(BinariesSpec),
    /// What a Dockerfile makes of verified binaries.
    Dockerfile(DockerfileSpec),
}

impl ImageContent {
    /// The platforms, with their binaries.
    pub fn platforms(&self) -> &[ImagePlatform] {
        match self {
            ImageContent::Binaries(b) => &b.platforms,
            ImageContent::Dockerfile(d) => &d.platforms,
        }
    }
}

/// What a Dockerfile makes of verified binaries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DockerfileSpec {
    /// The Dockerfile, relative to the project.
    pub path: String,
    /// Files and folders of the project that are in its context.
    pub files: Vec<String>,
    /// Linux packages that are in its context.
    pub packages: Vec<ContextPackage>,
    /// Platforms; binaries have their place in the context.
    pub platforms: Vec<ImagePlatform>,
    /// `KEY=value` of the build's arguments. Secrets are serialised without their values.
    #[serde(serialize_with = "crate::secret::lines")]
    pub args: Vec<String>,
    /// Names of images, and what takes their place (`--build-context`).
    pub contexts: Vec<(String, String)>,
    /// The stage that is wanted; none: the last.
    pub target: Option<String>,
    /// Who makes what goferry does not do itself; none: nobody.
    pub outside: Option<Outside>,
    /// Flags that RUN depends on, so that goferry does not do it.
    pub run_flags: Vec<String>,
    /// Commands around it, not yet rendered: before, when the context is there.
    pub hooks_pre: Vec<Hook>,
    /// And after, when the image is made.
    pub hooks_post: Vec<Hook>,
    /// Texts that wait for the digest of the base.
    pub late: Late,
}

/// Texts that wait for the digest of the base: templates.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Late {
    /// The base's name.
    pub base: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    pub annotations: Vec<(Scope, String, String)>,
}

impl Late {
    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.annotations.is_empty()
    }
}

/// A program that makes the image of a Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outside {
    /// Which.
    pub builder: DockerfileBuilder,
    /// Flags for it, as they were written. Secrets are serialised without their values.
    #[serde(serialize_with = "crate::secret::lines")]
    pub flags: Vec<String>,
    /// The flags for whose sake it makes the image in any case.
    pub always: Vec<String>,
}

/// A Linux package in the context of a Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ContextPackage {
    /// The step that makes it.
    pub step: StepId,
    /// Relative to dist.
    pub path: String,
    /// Path in the context.
    pub to: String,
}

/// Verified binaries on a base.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BinariesSpec {
    /// The base.
    pub base: BaseSpec,
    /// What is on each platform, in the order that was asked for.
    pub platforms: Vec<ImagePlatform>,
    /// Permission bits of binaries and of the folders made for them.
    pub mode: u32,
    /// Unix seconds of the binaries.
    pub mtime: i64,
    /// Folders and files of the project.
    pub data: Vec<DataSpec>,
    /// What runs.
    pub run: RunSpec,
    /// What is made besides.
    pub extras: Extras,
    /// `gzip`, `zstd` or `none`.
    pub compression: String,
}

/// The base of an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum BaseSpec {
    /// None.
    Scratch,
    /// A layout on disk.
    Layout {
        /// The folder, relative to the project.
        path: String,
        /// Which of its images, if there are several.
        name: Option<String>,
    },
    /// A reference into a registry.
    Registry {
        /// `debian:12`, `name@sha256:…`.
        reference: String,
    },
}

/// What is on one platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImagePlatform {
    /// The target of its binaries.
    pub target: GoTarget,
    /// Its binaries.
    pub binaries: Vec<ImageBinary>,
    /// The program and its first arguments.
    pub entrypoint: Vec<String>,
}

/// A binary in an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImageBinary {
    /// The step that verified it.
    pub verified: StepId,
    /// Path relative to dist.
    pub path: String,
    /// Path in the image without the first `/`.
    pub to: String,
}

/// A folder or file of the project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DataSpec {
    /// Relative to the project.
    pub from: String,
    /// Path in the image without the first `/`.
    pub to: String,
    /// Permission bits of everything; none: as on disk.
    pub mode: Option<u32>,
    /// Unix seconds.
    pub mtime: i64,
    /// Whether it may be missing.
    pub optional: bool,
}

/// What runs in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RunSpec {
    /// Empty: the base's.
    pub user: String,
    /// Arguments; none: the base's are dropped, since they are another program's.
    pub cmd: Vec<String>,
    /// `KEY=value`. Secrets are serialised without their values.
    #[serde(serialize_with = "crate::secret::lines")]
    pub env: Vec<String>,
    /// A folder that is put at the end of PATH.
    pub path: Option<String>,
    /// `8080/tcp`.
    pub ports: Vec<String>,
    /// Folders.
    pub volumes: Vec<String>,
    /// Empty: the base's.
    pub workdir: String,
    /// Empty: the base's.
    pub stop_signal: String,
}

/// What is made besides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Extras {
    /// CA certificates of the host.
    pub certificates: bool,
    /// The time zone database.
    pub time_zones: bool,
    /// /etc/passwd and /etc/group.
    pub passwd: bool,
    /// A writable /tmp.
    pub tmp: bool,
}
