//! `artifacts.json` and `metadata.json`: goreleaser's names, order and shape (2.15.1, `internal/artifact`,
//! `internal/pipe/metadata`), so that what reads them goes on working.
//!
//! Owns: the two formats. Must not: decide which artifacts there are.

use crate::PackageError;
use crate::pending::write_file;
use goferry_target::{Arch, GoTarget};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::path::Path;

macro_rules! kinds {
    ($($name:ident = $number:literal $word:literal;)*) => {
        /// What an artifact is. The numbers are goreleaser 2.15.1's `internal_type`, written for compatibility only.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[expect(missing_docs, reason = "the names are goreleaser's")]
        pub enum ArtifactKind { $($name = $number,)* }

        impl ArtifactKind {
            /// Every kind.
            pub const ALL: &'static [ArtifactKind] = &[$(ArtifactKind::$name),*];

            /// The value of `type`; several kinds share a word.
            pub fn as_str(self) -> &'static str {
                match self { $(ArtifactKind::$name => $word,)* }
            }

            /// The value of `internal_type`.
            pub fn number(self) -> u32 {
                self as u32
            }

            /// The kind with this `internal_type`.
            pub fn from_number(number: u32) -> Option<ArtifactKind> {
                ArtifactKind::ALL.iter().copied().find(|k| k.number() == number)
            }
        }
    };
}

kinds! {
    UploadableArchive = 1 "Archive";
    UploadableBinary = 2 "Binary";
    UploadableFile = 3 "File";
    Binary = 4 "Binary";
    UniversalBinary = 5 "Binary";
    LinuxPackage = 6 "Linux Package";
    PublishableSnapcraft = 7 "Snap";
    Snapcraft = 8 "Snap";
    PublishableDockerImage = 9 "Docker Image";
    DockerImage = 10 "Published Docker Image";
    DockerManifest = 11 "Docker Manifest";
    Checksum = 12 "Checksum";
    Signature = 13 "Signature";
    Certificate = 14 "Certificate";
    UploadableSourceArchive = 15 "Source";
    BrewFormula = 16 "Homebrew Formula";
    BrewCask = 17 "Homebrew Cask";
    Nixpkg = 18 "Nixpkg";
    WingetInstaller = 19 "Winget Manifest";
    WingetDefaultLocale = 20 "Winget Manifest";
    WingetVersion = 21 "Winget Manifest";
    PkgBuild = 22 "PKGBUILD";
    SrcInfo = 23 "SRCINFO";
    SourcePkgBuild = 24 "PKGBUILD";
    SourceSrcInfo = 25 "SRCINFO";
    KrewPluginManifest = 26 "Krew Plugin Manifest";
    ScoopManifest = 27 "Scoop Manifest";
    Sbom = 28 "SBOM";
    PublishableChocolatey = 29 "Chocolatey";
    Header = 30 "C Header";
    CArchive = 31 "C Archive Library";
    CShared = 32 "C Shared Library";
    PyWheel = 33 "Wheel";
    PySdist = 34 "Source Dist";
    Metadata = 35 "Metadata";
    Makeself = 36 "Makeself Package";
    DockerImageV2 = 37 "Docker Image";
    Flatpak = 38 "Flatpak";
    SourceRpm = 39 "Source RPM";
}

impl ArtifactKind {
    /// Whether the checksum file covers it (goreleaser's `ReleaseUploadableTypes`, without checksums themselves,
    /// signatures and certificates: later goreleasers leave those out too, and they cannot exist before the sums do).
    pub fn is_checksummed(self) -> bool {
        matches!(
            self,
            ArtifactKind::UploadableArchive
                | ArtifactKind::UploadableBinary
                | ArtifactKind::UploadableFile
                | ArtifactKind::UploadableSourceArchive
                | ArtifactKind::Makeself
                | ArtifactKind::LinuxPackage
                | ArtifactKind::Flatpak
                | ArtifactKind::SourceRpm
                | ArtifactKind::Sbom
                | ArtifactKind::PyWheel
                | ArtifactKind::PySdist
        )
    }
}

/// One entry of `artifacts.json`. Empty fields are left out, the order of fields is goreleaser's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names are goreleaser's")]
pub struct Artifact {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Relative to the project, `/` between the parts.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub goos: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub goarch: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub goamd64: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub go386: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub goarm: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub goarm64: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub gomips: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub goppc64: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub goriscv64: String,
    /// goreleaser's name of the target: `linux_amd64_v1`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub target: String,
    /// [`ArtifactKind::number`].
    pub internal_type: u32,
    /// [`ArtifactKind::as_str`].
    #[serde(rename = "type")]
    pub kind: String,
    /// `ID`, `Binary`, `Binaries`, `Ext`, `Format`, `WrappedIn`, `Checksum`, `Files`, …; written sorted by name.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub extra: Map<String, Value>,
}

impl Artifact {
    /// An artifact that belongs to no target.
    pub fn new(kind: ArtifactKind, name: impl Into<String>, path: impl Into<String>) -> Self {
        Artifact {
            name: name.into(),
            path: path.into(),
            internal_type: kind.number(),
            kind: kind.as_str().into(),
            ..Artifact::default()
        }
    }

    /// Fills `goos` to `target`.
    #[must_use]
    pub fn for_target(mut self, target: &GoTarget) -> Self {
        self.goos = target.os.goos().into();
        self.goarch = target.arch.goarch().into();
        self.target = target.goreleaser_name();
        let variant = target.arch.variant().unwrap_or_default();
        if let Some(field) = match target.arch {
            Arch::Amd64(_) => Some(&mut self.goamd64),
            Arch::I386(_) => Some(&mut self.go386),
            Arch::Arm(_) => Some(&mut self.goarm),
            Arch::Arm64(_) => Some(&mut self.goarm64),
            Arch::Mips(_) | Arch::Mipsle(_) | Arch::Mips64(_) | Arch::Mips64le(_) => Some(&mut self.gomips),
            Arch::Ppc64(_) | Arch::Ppc64le(_) => Some(&mut self.goppc64),
            Arch::Riscv64(_) => Some(&mut self.goriscv64),
            _ => None,
        } {
            *field = variant;
        }
        self
    }

    /// Adds an extra field.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.extra.insert(key.into(), value.into());
        self
    }
}

/// `metadata.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are goreleaser's")]
pub struct Metadata {
    pub project_name: String,
    pub tag: String,
    pub previous_tag: String,
    pub version: String,
    pub commit: String,
    /// RFC 3339, up to nanoseconds.
    pub date: String,
    pub runtime: Runtime,
}

/// The machine that made the release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are goreleaser's")]
pub struct Runtime {
    pub goos: String,
    pub goarch: String,
}

/// Writes `artifacts.json`.
///
/// # Errors
/// The file cannot be written.
pub fn write_artifacts(artifacts: &[Artifact], out: &Path) -> Result<(), PackageError> {
    let sorted: Vec<Artifact> = artifacts
        .iter()
        .map(|a| {
            let mut a = a.clone();
            a.extra.sort_keys();
            a
        })
        .collect();
    write_json(&sorted, out)
}

/// Writes `metadata.json`.
///
/// # Errors
/// The file cannot be written.
pub fn write_metadata(metadata: &Metadata, out: &Path) -> Result<(), PackageError> {
    write_json(metadata, out)
}

/// Compact, no line end, and `<`, `>`, `&`, U+2028 and U+2029 escaped: Go's `encoding/json.Marshal`.
fn write_json(value: &impl Serialize, out: &Path) -> Result<(), PackageError> {
    let text = serde_json::to_string(value).map_err(|e| PackageError::io("write", out)(e.into()))?;
    write_file(out, escape_like_go(&text).as_bytes())
}

/// Outside strings JSON has none of these characters, so they can be replaced anywhere.
fn escape_like_go(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' => text.push_str("\\u003c"),
            '>' => text.push_str("\\u003e"),
            '&' => text.push_str("\\u0026"),
            '\u{2028}' => text.push_str("\\u2028"),
            '\u{2029}' => text.push_str("\\u2029"),
            c => text.push(c),
        }
    }
    text
}
