//! The formats, what each calls an architecture and a version, and the file names that follow from that.
//!
//! Owns: nfpm 2.48's tables and conventions. Must not: read or write files.

use super::Package;
use crate::PackageError;
use goferry_target::{Arch, GoTarget, Os};
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

    /// goreleaser's `.ConventionalExtension`, with its dot.
    pub fn extension(self) -> &'static str {
        match self {
            Format::Deb => ".deb",
            Format::Rpm => ".rpm",
            Format::Apk => ".apk",
            Format::ArchLinux => ".pkg.tar.zst",
            Format::Ipk => ".ipk",
            Format::TermuxDeb => ".termux.deb",
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

/// Where Termux has its file system: goreleaser puts it before bindir and libdirs of termux.deb.
pub const TERMUX_PREFIX: &str = "/data/data/com.termux/files";

/// nfpm's word for a target's architecture, as goreleaser makes it: GOARCH, then GOARM or GOMIPS without the float ABI
/// (`arm7`, `mips64le`). For `Format::TermuxDeb` in Termux's words (`aarch64`, `arm`, `i686`, `x86_64`).
pub fn arch_word(format: Format, target: &GoTarget) -> String {
    let word = match target.arch {
        Arch::Arm(arm) => format!("arm{}", arm.version),
        other => other.goarch().to_owned(),
    };
    if format != Format::TermuxDeb {
        return word;
    }
    match word.as_str() {
        "386" => "i686".into(),
        "amd64" => "x86_64".into(),
        "arm64" => "aarch64".into(),
        "arm6" => "arm".into(),
        _ => word,
    }
}

/// Whether goreleaser makes packages of this format for this target; it passes over the others without a word.
pub fn supports(format: Format, target: &GoTarget) -> bool {
    let android = target.os == Os::Android;
    match (format, target.os, target.arch) {
        (Format::TermuxDeb, _, arch) => {
            android && matches!(arch, Arch::Amd64(_) | Arch::Arm64(_) | Arch::Arm(_) | Arch::I386(_))
        }
        (_, Os::Ios, _) => format == Format::Deb,
        (_, Os::Aix, arch) => format == Format::Rpm && matches!(arch, Arch::Ppc64(_)),
        (Format::ArchLinux, Os::Linux, arch) => match arch {
            Arch::Amd64(_) | Arch::Arm64(_) | Arch::I386(_) => true,
            Arch::Arm(arm) => arm.version == 7,
            _ => false,
        },
        (_, os, _) => os == Os::Linux,
    }
}

const DEBIAN: &[(&str, &str)] = &[
    ("386", "i386"),
    ("arm5", "armel"),
    ("arm6", "armhf"),
    ("arm7", "armhf"),
    ("mips64le", "mips64el"),
    ("mipsle", "mipsel"),
    ("ppc64le", "ppc64el"),
    ("s390", "s390x"),
    ("x86_64", "amd64"),
    ("aarch64", "arm64"),
];

const RPM: &[(&str, &str)] = &[
    ("all", "noarch"),
    ("amd64", "x86_64"),
    ("386", "i386"),
    ("arm64", "aarch64"),
    ("arm5", "armv5tel"),
    ("arm6", "armv6hl"),
    ("arm7", "armv7hl"),
    ("mips64le", "mips64el"),
    ("mipsle", "mipsel"),
    ("loong64", "loongarch64"),
];

const ALPINE: &[(&str, &str)] = &[
    ("all", "noarch"),
    ("386", "x86"),
    ("amd64", "x86_64"),
    ("arm64", "aarch64"),
    ("arm6", "armhf"),
    ("arm7", "armv7"),
    ("s390", "s390x"),
    ("loong64", "loongarch64"),
    ("i386", "x86"),
    ("i686", "x86"),
];

const ARCH_LINUX: &[(&str, &str)] = &[
    ("all", "any"),
    ("amd64", "x86_64"),
    ("386", "i686"),
    ("arm64", "aarch64"),
    ("arm7", "armv7h"),
    ("arm6", "armv6h"),
    ("arm5", "arm"),
    ("i386", "i686"),
    ("ppc64", "powerpc64"),
    ("ppc64le", "powerpc64le"),
];

const OPKG: &[(&str, &str)] = &[
    ("386", "i386"),
    ("amd64", "x86_64"),
    ("arm5", "armel"),
    ("arm6", "armhf"),
    ("arm7", "armhf"),
    ("mips64le", "mips64el"),
    ("mipsle", "mipsel"),
    ("ppc64le", "ppc64el"),
    ("s390", "s390x"),
    ("aarch64", "arm64"),
    ("riscv64", "riscv64_generic"),
];

/// The architecture as the format writes it: the block's own word, else the mapped one, else the word itself.
pub fn architecture(format: Format, package: &Package) -> String {
    let (own, table) = match format {
        // Termux's words are kept: nfpm's table would turn x86_64 and aarch64 into Debian's, which Termux's dpkg refuses.
        Format::TermuxDeb => (&package.deb.arch, [].as_slice()),
        Format::Deb => (&package.deb.arch, DEBIAN),
        Format::Rpm => (&package.rpm.arch, RPM),
        Format::Apk => (&package.apk.arch, ALPINE),
        Format::ArchLinux => (&package.arch_linux.arch, ARCH_LINUX),
        Format::Ipk => (&package.ipk.arch, OPKG),
    };
    if !own.is_empty() {
        return own.clone();
    }
    let mapped = table.iter().find(|(word, _)| *word == package.arch);
    mapped.map_or_else(|| package.arch.clone(), |(_, theirs)| (*theirs).to_owned())
}

/// The version as the format writes it, release included, epoch not.
pub(super) fn version(format: Format, package: &Package) -> String {
    match format {
        Format::Deb | Format::TermuxDeb | Format::Ipk => debian_version(package),
        Format::Rpm => format!("{}-{}", rpm_version(package), rpm_release(package)),
        Format::Apk => alpine_version(package),
        Format::ArchLinux => arch_version(package),
    }
}

fn debian_version(package: &Package) -> String {
    let v = &package.version;
    [("", &v.upstream), ("~", &v.prerelease), ("+", &v.metadata), ("-", &v.release)]
        .into_iter()
        .filter(|(_, part)| !part.is_empty())
        .map(|(sign, part)| format!("{sign}{part}"))
        .collect()
}

/// rpm's Version: without the release.
pub(super) fn rpm_version(package: &Package) -> String {
    let v = &package.version;
    let mut text = v.upstream.clone();
    if !v.prerelease.is_empty() {
        text += &format!("~{}", v.prerelease.replace('-', "_"));
    }
    if !v.metadata.is_empty() {
        text += &format!("+{}", v.metadata);
    }
    text
}

/// rpm's Release.
pub(super) fn rpm_release(package: &Package) -> &str {
    match package.version.release.as_str() {
        "" => "1",
        release => release,
    }
}

/// `1.2.3_rc1-r1-p5`, as apk's own version rules have it (apk-package(5)).
fn alpine_version(package: &Package) -> String {
    let v = &package.version;
    let mut text = v.upstream.clone();
    if !v.prerelease.is_empty() {
        text += &format!("_{}", v.prerelease);
    }
    if !v.release.is_empty() {
        let r = if v.release.starts_with('r') { "" } else { "r" };
        text += &format!("-{r}{}", v.release);
    }
    if !v.metadata.is_empty() {
        let known = ["p", "cvs", "svn", "git", "hg"].iter().any(|w| v.metadata.starts_with(w));
        text += &format!("-{}{}", if known { "" } else { "p" }, v.metadata);
    }
    text
}

/// `1.2.3rc1-1`: Arch Linux's pkgver may not hold a hyphen.
fn arch_version(package: &Package) -> String {
    let v = &package.version;
    format!("{}{}-{}", v.upstream, v.prerelease.replace('-', "_"), arch_release(package))
}

/// pkgrel: a whole number, else 1.
fn arch_release(package: &Package) -> i64 {
    package.version.release.parse().unwrap_or(1)
}

/// goreleaser's `.ConventionalFileName`: the name that the distributions' own tools would give the file. For termux.deb it
/// is the deb's, as in goreleaser, which then adds the format's extension.
pub fn conventional_file_name(format: Format, package: &Package) -> String {
    let name = &package.name;
    let version = version(format, package);
    let arch = architecture(format, package);
    match format {
        Format::Deb | Format::TermuxDeb => format!("{name}_{version}_{arch}.deb"),
        Format::Ipk => format!("{name}_{version}_{arch}.ipk"),
        Format::Rpm => format!("{name}-{version}.{arch}.rpm"),
        Format::Apk => format!("{name}_{version}_{arch}.apk"),
        Format::ArchLinux => arch_name(&format!("{name}-{version}-{arch}.pkg.tar.zst")),
    }
}

/// What is left of a name when everything is removed that Arch Linux does not allow in it.
pub(super) fn arch_name(text: &str) -> String {
    let kept: String =
        text.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '+' | '-')).collect();
    kept.trim_start_matches(['-', '.']).to_owned()
}
