//! `nfpms` and `[[package]]`: packages of Linux's package managers.

use super::{FileInfo, Text};
use crate::place::Place;
use serde::Serialize;
use std::collections::BTreeMap;

/// One item of `nfpms` or `[[package]]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LinuxPackage {
    /// `id`, default `default`.
    pub id: Option<Text>,
    /// `ids` of builds.
    pub ids: Vec<Text>,
    /// `formats`.
    pub formats: Vec<Text>,
    /// `goamd64`; empty: all levels.
    pub goamd64: Vec<Text>,
    /// `section`.
    pub section: Option<Text>,
    /// `priority`.
    pub priority: Option<Text>,
    /// `vendor`.
    pub vendor: Option<Text>,
    /// `homepage`.
    pub homepage: Option<Text>,
    /// `maintainer`.
    pub maintainer: Option<Text>,
    /// `description`.
    pub description: Option<Text>,
    /// `license`.
    pub license: Option<Text>,
    /// `bindir`.
    pub bindir: Option<Text>,
    /// `libdirs.header`.
    pub header_dir: Option<Text>,
    /// `libdirs.carchive`.
    pub archive_dir: Option<Text>,
    /// `libdirs.cshared`.
    pub shared_dir: Option<Text>,
    /// `changelog`: a file in chglog's form.
    pub changelog: Option<Text>,
    /// `mtime`.
    pub mtime: Option<Text>,
    /// `meta`: no programs.
    pub meta: bool,
    /// `if` (goreleaser Pro): only when it gives true.
    pub condition: Option<Text>,
    /// What `overrides` may change.
    pub common: PackageSettings,
    /// `overrides`: by format.
    pub overrides: BTreeMap<String, PackageSettings>,
    /// Whether it is of `[[package]]`, which has formats of its own.
    pub native: bool,
    /// Where.
    #[serde(skip)]
    pub place: Place,
}

/// What may differ between formats.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PackageSettings {
    /// `file_name_template`.
    pub file_name_template: Option<Text>,
    /// `package_name`.
    pub package_name: Option<Text>,
    /// `epoch`.
    pub epoch: Option<Text>,
    /// `release`.
    pub release: Option<Text>,
    /// `prerelease`.
    pub prerelease: Option<Text>,
    /// `version_metadata`.
    pub version_metadata: Option<Text>,
    /// `dependencies`.
    pub dependencies: Vec<Text>,
    /// `recommends`.
    pub recommends: Vec<Text>,
    /// `suggests`.
    pub suggests: Vec<Text>,
    /// `conflicts`.
    pub conflicts: Vec<Text>,
    /// `replaces`.
    pub replaces: Vec<Text>,
    /// `provides`.
    pub provides: Vec<Text>,
    /// `umask`.
    pub umask: Option<u32>,
    /// `contents`.
    pub contents: Vec<PackageContent>,
    /// `templated_contents` (goreleaser Pro).
    pub templated_contents: Vec<PackageContent>,
    /// `scripts`, by goreleaser's names: `preinstall`, …
    pub scripts: BTreeMap<String, Text>,
    /// `templated_scripts` (goreleaser Pro).
    pub templated_scripts: BTreeMap<String, Text>,
    /// `deb`.
    pub deb: DebSettings,
    /// `rpm`.
    pub rpm: RpmSettings,
    /// `apk`.
    pub apk: ApkSettings,
    /// `archlinux`.
    pub archlinux: ArchLinuxSettings,
    /// `ipk`.
    pub ipk: IpkSettings,
    /// Where.
    #[serde(skip)]
    pub place: Place,
}

/// One item of `contents`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PackageContent {
    /// `src`.
    pub src: Option<Text>,
    /// `dst`.
    pub dst: Option<Text>,
    /// `type`.
    pub kind: Option<Text>,
    /// `packager`.
    pub packager: Option<Text>,
    /// `file_info`.
    pub info: FileInfo,
    /// `expand`.
    pub expand: bool,
    /// Where.
    #[serde(skip)]
    pub place: Place,
}

/// `deb`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DebSettings {
    /// `scripts`: rules, templates, config.
    pub scripts: BTreeMap<String, Text>,
    /// `triggers`, by goreleaser's names: `interest_noawait`, …
    pub triggers: BTreeMap<String, Vec<Text>>,
    /// `breaks`.
    pub breaks: Vec<Text>,
    /// `signature.key_file`.
    pub key_file: Option<Text>,
    /// `signature.type`.
    pub signature_type: Option<Text>,
    /// `lintian_overrides`.
    pub lintian_overrides: Vec<Text>,
    /// `compression`.
    pub compression: Option<Text>,
    /// `fields`.
    pub fields: BTreeMap<String, Text>,
    /// `predepends`.
    pub predepends: Vec<Text>,
}

/// `rpm`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RpmSettings {
    /// `summary`.
    pub summary: Option<Text>,
    /// `group`.
    pub group: Option<Text>,
    /// `compression`.
    pub compression: Option<Text>,
    /// `signature.key_file`.
    pub key_file: Option<Text>,
    /// `scripts`: pretrans, posttrans.
    pub scripts: BTreeMap<String, Text>,
    /// `prefixes`.
    pub prefixes: Vec<Text>,
    /// `packager`.
    pub packager: Option<Text>,
    /// `buildhost`.
    pub buildhost: Option<Text>,
}

/// `apk`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ApkSettings {
    /// `scripts`: preupgrade, postupgrade.
    pub scripts: BTreeMap<String, Text>,
    /// `signature.key_file`.
    pub key_file: Option<Text>,
    /// `signature.key_name`.
    pub key_name: Option<Text>,
}

/// `archlinux`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ArchLinuxSettings {
    /// `pkgbase`.
    pub pkgbase: Option<Text>,
    /// `packager`.
    pub packager: Option<Text>,
    /// `scripts`: preupgrade, postupgrade.
    pub scripts: BTreeMap<String, Text>,
}

/// `ipk`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct IpkSettings {
    /// `abi_version`.
    pub abi_version: Option<Text>,
    /// `alternatives`.
    pub alternatives: Vec<IpkAlternative>,
    /// `auto_installed`.
    pub auto_installed: bool,
    /// `essential`.
    pub essential: bool,
    /// `predepends`.
    pub predepends: Vec<Text>,
    /// `tags`.
    pub tags: Vec<Text>,
    /// `fields`.
    pub fields: BTreeMap<String, Text>,
}

/// One item of `ipk.alternatives`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct IpkAlternative {
    /// `priority`.
    pub priority: i64,
    /// `target`.
    pub target: Option<Text>,
    /// `link_name`.
    pub link_name: Option<Text>,
}

/// An override's value where it has one.
fn text(own: &Option<Text>, base: &Option<Text>) -> Option<Text> {
    own.as_ref().or(base.as_ref()).cloned()
}

/// An override's list takes the place of the other.
fn list<T: Clone>(own: &[T], base: &[T]) -> Vec<T> {
    if own.is_empty() { base.to_vec() } else { own.to_vec() }
}

/// Of maps an override adds and replaces entries.
fn map<T: Clone>(own: &BTreeMap<String, T>, base: &BTreeMap<String, T>) -> BTreeMap<String, T> {
    let mut out = base.clone();
    out.extend(own.iter().map(|(k, v)| (k.clone(), v.clone())));
    out
}

impl PackageSettings {
    /// These settings with those of one format put on top, as goreleaser merges them: what is absent or empty changes
    /// nothing.
    #[must_use]
    pub fn with(&self, own: &PackageSettings) -> PackageSettings {
        PackageSettings {
            file_name_template: text(&own.file_name_template, &self.file_name_template),
            package_name: text(&own.package_name, &self.package_name),
            epoch: text(&own.epoch, &self.epoch),
            release: text(&own.release, &self.release),
            prerelease: text(&own.prerelease, &self.prerelease),
            version_metadata: text(&own.version_metadata, &self.version_metadata),
            dependencies: list(&own.dependencies, &self.dependencies),
            recommends: list(&own.recommends, &self.recommends),
            suggests: list(&own.suggests, &self.suggests),
            conflicts: list(&own.conflicts, &self.conflicts),
            replaces: list(&own.replaces, &self.replaces),
            provides: list(&own.provides, &self.provides),
            umask: own.umask.filter(|u| *u != 0).or(self.umask),
            contents: list(&own.contents, &self.contents),
            templated_contents: list(&own.templated_contents, &self.templated_contents),
            scripts: map(&own.scripts, &self.scripts),
            templated_scripts: map(&own.templated_scripts, &self.templated_scripts),
            deb: self.deb.with(&own.deb),
            rpm: self.rpm.with(&own.rpm),
            apk: self.apk.with(&own.apk),
            archlinux: self.archlinux.with(&own.archlinux),
            ipk: self.ipk.with(&own.ipk),
            place: self.place.clone(),
        }
    }
}

impl DebSettings {
    fn with(&self, own: &DebSettings) -> DebSettings {
        DebSettings {
            scripts: map(&own.scripts, &self.scripts),
            triggers: map(&own.triggers, &self.triggers),
            breaks: list(&own.breaks, &self.breaks),
            key_file: text(&own.key_file, &self.key_file),
            signature_type: text(&own.signature_type, &self.signature_type),
            lintian_overrides: list(&own.lintian_overrides, &self.lintian_overrides),
            compression: text(&own.compression, &self.compression),
            fields: map(&own.fields, &self.fields),
            predepends: list(&own.predepends, &self.predepends),
        }
    }
}

impl RpmSettings {
    fn with(&self, own: &RpmSettings) -> RpmSettings {
        RpmSettings {
            summary: text(&own.summary, &self.summary),
            group: text(&own.group, &self.group),
            compression: text(&own.compression, &self.compression),
            key_file: text(&own.key_file, &self.key_file),
            scripts: map(&own.scripts, &self.scripts),
            prefixes: list(&own.prefixes, &self.prefixes),
            packager: text(&own.packager, &self.packager),
            buildhost: text(&own.buildhost, &self.buildhost),
        }
    }
}

impl ApkSettings {
    fn with(&self, own: &ApkSettings) -> ApkSettings {
        ApkSettings {
            scripts: map(&own.scripts, &self.scripts),
            key_file: text(&own.key_file, &self.key_file),
            key_name: text(&own.key_name, &self.key_name),
        }
    }
}

impl ArchLinuxSettings {
    fn with(&self, own: &ArchLinuxSettings) -> ArchLinuxSettings {
        ArchLinuxSettings {
            pkgbase: text(&own.pkgbase, &self.pkgbase),
            packager: text(&own.packager, &self.packager),
            scripts: map(&own.scripts, &self.scripts),
        }
    }
}

impl IpkSettings {
    fn with(&self, own: &IpkSettings) -> IpkSettings {
        IpkSettings {
            abi_version: text(&own.abi_version, &self.abi_version),
            alternatives: list(&own.alternatives, &self.alternatives),
            auto_installed: own.auto_installed || self.auto_installed,
            essential: own.essential || self.essential,
            predepends: list(&own.predepends, &self.predepends),
            tags: list(&own.tags, &self.tags),
            fields: map(&own.fields, &self.fields),
        }
    }
}
