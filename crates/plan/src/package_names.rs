//! Conventional names of packages, as nfpm 2.48 makes them: goreleaser's `.ConventionalFileName` and its extension, which must be
//! known before anything is built, and the words that `goferry_package::linux` writes into the packages.
//!
//! Owns: how each format writes versions and architectures. Must not: know what is in a package.
//!
//! Formats are goreleaser's words ([`FORMATS`]); any other is treated as deb.

use crate::graph::PackageName;

/// The formats that goferry makes, in goreleaser's words.
pub const FORMATS: [&str; 6] = ["deb", "rpm", "apk", "archlinux", "ipk", "termux.deb"];

/// Where Termux has its file system: goreleaser puts it before bindir and libdirs of termux.deb.
pub const TERMUX_PREFIX: &str = "/data/data/com.termux/files";

/// goreleaser's architecture words and those of one format.
type Words = &'static [(&'static str, &'static str)];

const DEB: Words = &[
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
const RPM: Words = &[
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
const APK: Words = &[
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
const ARCH_LINUX: Words = &[
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
const IPK: Words = &[
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

/// A version by its parts; each but the first may be empty.
#[derive(Clone, Copy, Debug)]
pub struct VersionParts<'v> {
    /// `1.2.3`.
    pub upstream: &'v str,
    /// `rc.1`.
    pub prerelease: &'v str,
    /// What follows `+` in a semantic version.
    pub metadata: &'v str,
    /// The packager's own counter.
    pub release: &'v str,
}

impl<'v> From<&'v PackageName> for VersionParts<'v> {
    fn from(n: &'v PackageName) -> Self {
        VersionParts {
            upstream: &n.version,
            prerelease: &n.prerelease,
            metadata: &n.metadata,
            release: &n.release,
        }
    }
}

/// goreleaser's word for an architecture (`arm7`) as the format writes it; one that it has no word for stays.
pub fn architecture<'a>(format: &str, arch: &'a str) -> &'a str {
    let words = match format {
        "rpm" => RPM,
        "apk" => APK,
        "archlinux" => ARCH_LINUX,
        "ipk" => IPK,
        // Termux's words are kept: nfpm's table would turn x86_64 and aarch64 into Debian's, which Termux's dpkg refuses.
        "termux.deb" => return arch,
        _ => DEB,
    };
    words.iter().find(|(from, _)| *from == arch).map_or(arch, |(_, to)| to)
}

/// `.ConventionalExtension`, with its dot.
pub fn extension(format: &str) -> &'static str {
    match format {
        "rpm" => ".rpm",
        "apk" => ".apk",
        "archlinux" => ".pkg.tar.zst",
        "ipk" => ".ipk",
        "termux.deb" => ".termux.deb",
        _ => ".deb",
    }
}

/// `.ConventionalFileName`: the name that the distributions' own tools would give the file. `arch` is the format's own word. For
/// termux.deb it is the deb's, as in goreleaser, which then adds the format's extension.
pub fn conventional(format: &str, name: &str, v: VersionParts<'_>, arch: &str) -> String {
    let version = version(format, v);
    match format {
        "rpm" => format!("{name}-{version}.{arch}.rpm"),
        "apk" => format!("{name}_{version}_{arch}.apk"),
        "archlinux" => arch_linux_name(&format!("{name}-{version}-{arch}.pkg.tar.zst")),
        "ipk" => format!("{name}_{version}_{arch}.ipk"),
        _ => format!("{name}_{version}_{arch}.deb"),
    }
}

/// The version as the format writes it, release included, epoch not.
pub fn version(format: &str, v: VersionParts<'_>) -> String {
    match format {
        "rpm" => format!("{}-{}", rpm_version(v), rpm_release(v.release)),
        "apk" => apk_version(v),
        // A whole number, else 1; pkgver may not hold a hyphen.
        "archlinux" => {
            let release: i64 = v.release.parse().unwrap_or(1);
            format!("{}{}-{release}", v.upstream, v.prerelease.replace('-', "_"))
        }
        _ => {
            let (pre, meta) = (with("~", v.prerelease), with("+", v.metadata));
            format!("{}{pre}{meta}{}", v.upstream, with("-", v.release))
        }
    }
}

fn with(prefix: &str, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{prefix}{text}") }
}

/// rpm's Version: without the release.
pub fn rpm_version(v: VersionParts<'_>) -> String {
    format!("{}{}{}", v.upstream, with("~", &v.prerelease.replace('-', "_")), with("+", v.metadata))
}

/// rpm's Release.
pub fn rpm_release(release: &str) -> &str {
    if release.is_empty() { "1" } else { release }
}

/// Whether dpkg takes a text for a version, `[epoch:]upstream[-revision]` (deb-version(7)).
///
/// # Errors
/// Why not.
pub fn debian_version(text: &str) -> Result<(), String> {
    let (epoch, rest) = text.split_once(':').map_or((None, text), |(e, r)| (Some(e), r));
    if epoch.is_some_and(|e| e.parse::<i32>().is_err() || e.starts_with(['+', '-'])) {
        return Err(format!("the epoch of `{text}` is no number"));
    }
    let (upstream, revision) = rest.rsplit_once('-').map_or((rest, None), |(u, r)| (u, Some(r)));
    if !upstream.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(format!("the version `{text}` does not begin with a digit"));
    }
    let valid = |part: &str, more: &str| part.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c));
    match revision.is_none_or(|r| !r.is_empty() && valid(r, "+.~")) && valid(upstream, "-+.~:") {
        true => Ok(()),
        false => Err(format!("the version `{text}` holds what no version may")),
    }
}

/// A relation in rpm's words, taken apart: name, comparison, version, the last two empty together. None if it is no relation: no name,
/// blanks in it, a comparison without a version.
pub fn rpm_relation(text: &str) -> Option<(&str, &str, &str)> {
    let text = text.trim();
    // A rich dependency is one name, however it goes on.
    if text.starts_with('(') {
        return text.ends_with(')').then_some((text, "", ""));
    }
    let at = text.find(['<', '>', '=']).unwrap_or(text.len());
    let (name, rest) = text.split_at(at);
    let version = rest.trim_start_matches(['<', '>', '=']);
    let comparison = &rest[..rest.len() - version.len()];
    let (name, version) = (name.trim(), version.trim());
    let blank = |t: &str| t.contains(char::is_whitespace);
    let known = ["", "<", "<=", "=<", "=", "==", ">=", "=>", ">"].contains(&comparison);
    let whole = !name.is_empty() && !blank(name) && !blank(version);
    (known && whole && comparison.is_empty() == version.is_empty()).then_some((name, comparison, version))
}

/// `1.2.3_rc1-r1-p5`, as apk's own version rules have it (apk-package(5)).
fn apk_version(v: VersionParts<'_>) -> String {
    const KNOWN: [&str; 5] = ["p", "cvs", "svn", "git", "hg"];
    let release = if v.release.starts_with('r') { "-" } else { "-r" };
    let metadata = if KNOWN.iter().any(|k| v.metadata.starts_with(k)) { "-" } else { "-p" };
    let prerelease = with("_", v.prerelease);
    format!("{}{prerelease}{}{}", v.upstream, with(release, v.release), with(metadata, v.metadata))
}

/// What is left of a name when everything is removed that Arch Linux does not allow in it.
pub fn arch_linux_name(text: &str) -> String {
    let valid = |c: &char| c.is_ascii_alphanumeric() || "._+-".contains(*c);
    text.chars().filter(valid).collect::<String>().trim_start_matches(['-', '.']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(arch: &str) -> PackageName {
        PackageName {
            name: "tool".to_owned(),
            version: "1.2.3".to_owned(),
            arch: arch.to_owned(),
            ..PackageName::default()
        }
    }

    /// What dpkg 1.21.22 said of each (`dpkg --dry-run -i`).
    #[test]
    fn versions_that_dpkg_reads() {
        for (version, read) in [
            ("1", true),
            ("nightly", false),
            ("x:1", false),
            ("1:1", true),
            ("1_2", false),
            ("1-1-1", true),
            ("1~rc+b", true),
            ("1:", false),
            ("-1:1", false),
            ("1.0-", false),
            ("v1", false),
            ("99999999999:1", false),
            ("1-a_b", false),
            ("1 2", false),
        ] {
            assert_eq!(debian_version(version).is_ok(), read, "{version}");
        }
    }

    #[test]
    fn architectures() {
        for (arch, deb, rpm, apk, arch_linux, ipk) in [
            ("amd64", "amd64", "x86_64", "x86_64", "x86_64", "x86_64"),
            ("386", "i386", "i386", "x86", "i686", "i386"),
            ("arm64", "arm64", "aarch64", "aarch64", "aarch64", "arm64"),
            ("arm5", "armel", "armv5tel", "arm5", "arm", "armel"),
            ("arm6", "armhf", "armv6hl", "armhf", "armv6h", "armhf"),
            ("arm7", "armhf", "armv7hl", "armv7", "armv7h", "armhf"),
            ("mips64le", "mips64el", "mips64el", "mips64le", "mips64le", "mips64el"),
            ("mipsle", "mipsel", "mipsel", "mipsle", "mipsle", "mipsel"),
            ("ppc64le", "ppc64el", "ppc64le", "ppc64le", "powerpc64le", "ppc64el"),
            ("riscv64", "riscv64", "riscv64", "riscv64", "riscv64", "riscv64_generic"),
            ("s390x", "s390x", "s390x", "s390x", "s390x", "s390x"),
            ("loong64", "loong64", "loongarch64", "loongarch64", "loong64", "loong64"),
            ("all", "all", "noarch", "noarch", "any", "all"),
        ] {
            let n = named(arch);
            assert_eq!(n.conventional("deb"), format!("tool_1.2.3_{deb}.deb"));
            assert_eq!(n.conventional("rpm"), format!("tool-1.2.3-1.{rpm}.rpm"));
            assert_eq!(n.conventional("apk"), format!("tool_1.2.3_{apk}.apk"));
            assert_eq!(n.conventional("archlinux"), format!("tool-1.2.3-1-{arch_linux}.pkg.tar.zst"));
            assert_eq!(n.conventional("ipk"), format!("tool_1.2.3_{ipk}.ipk"));
        }
    }

    #[test]
    fn versions() {
        let n = PackageName {
            prerelease: "rc-1".to_owned(),
            metadata: "x1".to_owned(),
            release: "2".to_owned(),
            epoch: "3".to_owned(),
            ..named("amd64")
        };
        for (format, name) in [
            ("deb", "tool_1.2.3~rc-1+x1-2_amd64.deb"),
            ("termux.deb", "tool_1.2.3~rc-1+x1-2_amd64.deb"),
            ("ipk", "tool_1.2.3~rc-1+x1-2_x86_64.ipk"),
            ("rpm", "tool-1.2.3~rc_1+x1-2.x86_64.rpm"),
            ("apk", "tool_1.2.3_rc-1-r2-px1_x86_64.apk"),
            ("archlinux", "tool-1.2.3rc_1-2-x86_64.pkg.tar.zst"),
        ] {
            assert_eq!(n.conventional(format), name);
        }
        let git = PackageName { metadata: "git7".to_owned(), release: "r4".to_owned(), ..named("amd64") };
        assert_eq!(git.conventional("apk"), "tool_1.2.3-r4-git7_x86_64.apk");
        let odd = PackageName { release: "x".to_owned(), name: "-t~ool".to_owned(), ..named("amd64") };
        assert_eq!(odd.conventional("archlinux"), "tool-1.2.3-1-x86_64.pkg.tar.zst");
    }
}
