//! Packages of Linux's package managers as plain data: templates rendered, overrides of the format merged in.

use super::{ArtifactKind, StepId};
use serde::Serialize;
use std::collections::BTreeMap;

/// One package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LinuxPackageSpec {
    /// Id of the item in `nfpms`.
    pub id: String,
    /// goreleaser's word: `deb`, `rpm`, `apk`, `archlinux`, `ipk` or `termux.deb`.
    pub format: String,
    /// File name relative to dist.
    pub file: String,
    /// What it is called and which version it is.
    pub name: PackageName,
    /// `section`.
    pub section: String,
    /// `priority`.
    pub priority: String,
    /// `maintainer`.
    pub maintainer: String,
    /// `description`.
    pub description: String,
    /// `vendor`.
    pub vendor: String,
    /// `homepage`.
    pub homepage: String,
    /// `license`.
    pub license: String,
    /// What it has to do with other packages.
    pub relations: PackageRelations,
    /// Permission bits taken from files whose mode nobody gave.
    pub umask: u32,
    /// `mtime`: Unix seconds, for the package's file too.
    pub mtime: Option<i64>,
    /// Time of everything that has no other: Unix seconds.
    pub default_mtime: i64,
    /// File with the changelog in chglog's form, relative to the project.
    pub changelog: Option<String>,
    /// Verified programs and libraries.
    pub programs: Vec<InstalledProgram>,
    /// Everything else.
    pub contents: Vec<ContentSpec>,
    /// Scripts by goreleaser's names; those that only this format has too (`pretrans`, `rules`, …).
    pub scripts: BTreeMap<String, ScriptSpec>,
    /// What only one format has.
    pub only: FormatOnly,
    /// Who signs it.
    pub signing: Option<PackageSigning>,
}

/// What a package and its file are called: the parts that conventional names are made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PackageName {
    /// Name of the package.
    pub name: String,
    /// Version without prerelease and metadata.
    pub version: String,
    /// Prerelease, without its hyphen.
    pub prerelease: String,
    /// Metadata, without its plus.
    pub metadata: String,
    /// Release.
    pub release: String,
    /// Epoch.
    pub epoch: String,
    /// goreleaser's word for the architecture: `amd64`, `arm7`, `mips64le`, `all`; `ppc` for AIX; termux's own words.
    pub arch: String,
    /// Level of amd64 above the first, which deb says: `v3`.
    pub arch_variant: String,
    /// `linux`; `aix7.2`, `iphoneos-arm64`.
    pub platform: String,
}

impl PackageName {
    /// goreleaser's `.ConventionalFileName` in a format of its words.
    pub fn conventional(&self, format: &str) -> String {
        let arch = crate::package_names::architecture(format, &self.arch);
        crate::package_names::conventional(format, &self.name, self.into(), arch)
    }
}

/// Relations with other packages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names are goreleaser's")]
pub struct PackageRelations {
    pub depends: Vec<String>,
    pub recommends: Vec<String>,
    pub suggests: Vec<String>,
    pub conflicts: Vec<String>,
    pub replaces: Vec<String>,
    pub provides: Vec<String>,
}

/// A verified program or library in a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InstalledProgram {
    /// The step that verified it; of a header the step that verified its library.
    pub verified: StepId,
    /// Path of the file relative to dist.
    pub path: String,
    /// Absolute path where it is installed.
    pub dst: String,
    /// Program, library or header.
    pub kind: ArtifactKind,
}

/// One item of `contents`, templates rendered, globs not yet looked up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ContentSpec {
    /// Pattern relative to the project; what a symlink names.
    pub src: String,
    /// Destination.
    pub dst: String,
    /// goreleaser's word; empty for a file.
    pub kind: String,
    /// Only in packages of this format; empty: in all.
    pub packager: String,
    /// Owner's name, empty for root.
    pub owner: String,
    /// Group's name, empty for root.
    pub group: String,
    /// Permission bits.
    pub mode: Option<u32>,
    /// Unix seconds.
    pub mtime: Option<i64>,
    /// The content, where it is not a file's.
    pub text: Option<String>,
}

/// A script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScriptSpec {
    /// A file relative to the project.
    File(String),
    /// The script itself.
    Text(String),
}

/// What only one format has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "of", rename_all = "kebab-case")]
pub enum FormatOnly {
    /// deb and termux.deb.
    Deb(DebOnly),
    /// rpm.
    Rpm(RpmOnly),
    /// apk.
    Apk,
    /// archlinux.
    ArchLinux {
        /// Name of the split package.
        pkgbase: String,
        /// Who made the package.
        packager: String,
    },
    /// ipk.
    Ipk(IpkOnly),
}

/// What only deb has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names are goreleaser's")]
pub struct DebOnly {
    pub compression: String,
    pub breaks: Vec<String>,
    pub predepends: Vec<String>,
    pub fields: BTreeMap<String, String>,
    /// By goreleaser's names: `interest_noawait`, …
    pub triggers: BTreeMap<String, Vec<String>>,
}

/// What only rpm has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names are goreleaser's")]
pub struct RpmOnly {
    pub summary: String,
    pub group: String,
    pub compression: String,
    pub prefixes: Vec<String>,
    pub packager: String,
    pub buildhost: String,
}

/// What only ipk has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names are goreleaser's")]
pub struct IpkOnly {
    pub abi_version: String,
    /// Priority, target, name of the link.
    pub alternatives: Vec<(i64, String, String)>,
    pub auto_installed: bool,
    pub essential: bool,
    pub predepends: Vec<String>,
    pub tags: Vec<String>,
    pub fields: BTreeMap<String, String>,
}

/// A signature inside a package.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PackageSigning {
    /// File with the private key: OpenPGP's for deb and rpm, PEM with an RSA key for apk.
    pub key_file: String,
    /// Its passphrase; none where no variable has one.
    #[serde(serialize_with = "crate::secret::opaque")]
    pub passphrase: Option<String>,
    /// The variables that were looked at, for the message.
    pub variables: Vec<String>,
    /// deb: role of the signer, empty for origin. apk: name of the public key, empty for the maintainer's.
    pub role: String,
}
