//! The formats, and what each calls a package's architecture and version.
//!
//! The conventions are [`goferry_plan::package_names`]', since names must be known before anything is built. Must not: read or write files.

use super::Package;
use crate::PackageError;
use goferry_plan::package_names::{self, VersionParts};
use std::fmt;
use std::str::FromStr;

/// A package format, in nfpm's and goreleaser's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are the formats")]
pub enum Format {
    Deb,
    Rpm,
    Apk,
    ArchLinux,
    Ipk,
    /// A deb for Termux on Android: other architecture names, everything below `/data/data/com.termux/files`.
    TermuxDeb,
}

impl Format {
    /// Every format.
    pub const ALL: [Format; 6] =
        [Format::Deb, Format::Rpm, Format::Apk, Format::ArchLinux, Format::Ipk, Format::TermuxDeb];

    /// The word of `nfpms[].formats`.
    pub fn as_str(self) -> &'static str {
        match self {
            Format::Deb => "deb",
            Format::Rpm => "rpm",
            Format::Apk => "apk",
            Format::ArchLinux => "archlinux",
            Format::Ipk => "ipk",
            Format::TermuxDeb => "termux.deb",
        }
    }

    /// Whether an entry that is only for `only` belongs into this format.
    pub(super) fn takes(self, only: Option<Format>) -> bool {
        match only {
            None => true,
            Some(Format::Deb) => matches!(self, Format::Deb | Format::TermuxDeb),
            Some(other) => self == other,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Format {
    type Err = PackageError;

    fn from_str(word: &str) -> Result<Self, PackageError> {
        Format::ALL
            .into_iter()
            .find(|f| f.as_str() == word)
            .ok_or_else(|| PackageError::UnknownPackageFormat { word: word.to_owned() })
    }
}

/// The architecture as the format writes it: the mapped word, else the word itself.
pub fn architecture(format: Format, package: &Package) -> String {
    package_names::architecture(format.as_str(), &package.arch).to_owned()
}

/// The version as the format writes it, release included, epoch not.
pub(super) fn version(format: Format, package: &Package) -> String {
    package_names::version(format.as_str(), parts(package))
}

/// rpm's Version: without the release.
pub(super) fn rpm_version(package: &Package) -> String {
    package_names::rpm_version(parts(package))
}

/// goreleaser's `.ConventionalFileName`.
pub fn conventional_file_name(format: Format, package: &Package) -> String {
    let arch = architecture(format, package);
    package_names::conventional(format.as_str(), &package.name, parts(package), &arch)
}

fn parts(package: &Package) -> VersionParts<'_> {
    let v = &package.version;
    VersionParts {
        upstream: &v.upstream,
        prerelease: &v.prerelease,
        metadata: &v.metadata,
        release: &v.release,
    }
}
