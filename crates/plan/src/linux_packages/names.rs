//! Conventional names of packages, as nfpm 2.48 makes them: goreleaser's `.ConventionalFileName` and its extension.
//!
//! Owns: how each format writes versions and architectures. Must not: know what is in a package.

use crate::graph::PackageName;

/// The formats that goferry makes, in goreleaser's words.
pub(crate) const FORMATS: [&str; 6] = ["deb", "rpm", "apk", "archlinux", "ipk", "termux.deb"];

/// goreleaser's architecture words and those of one format.
type Words = &'static [(&'static str, &'static str)];

const DEB: Words = &[
    ("386", "i386"),
    ("arm64", "arm64"),
    ("arm5", "armel"),
    ("arm6", "armhf"),
    ("arm7", "armhf"),
    ("mips64le", "mips64el"),
    ("mipsle", "mipsel"),
    ("ppc64le", "ppc64el"),
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
    ("loong64", "loongarch64"),
];
const ARCH_LINUX: Words = &[
    ("all", "any"),
    ("amd64", "x86_64"),
    ("386", "i686"),
    ("arm64", "aarch64"),
    ("arm7", "armv7h"),
    ("arm6", "armv6h"),
    ("arm5", "arm"),
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
    ("riscv64", "riscv64_generic"),
];

fn translated(words: Words, arch: &str) -> &str {
    words.iter().find(|(from, _)| *from == arch).map_or(arch, |(_, to)| to)
}

/// `.ConventionalExtension`, with its dot.
pub(crate) fn extension(format: &str) -> &'static str {
    match format {
        "rpm" => ".rpm",
        "apk" => ".apk",
        "archlinux" => ".pkg.tar.zst",
        "ipk" => ".ipk",
        "termux.deb" => ".termux.deb",
        _ => ".deb",
    }
}

/// `.ConventionalFileName`.
pub(crate) fn conventional(format: &str, n: &PackageName) -> String {
    match format {
        "rpm" => {
            let arch = translated(RPM, &n.arch);
            format!("{}-{}-{}.{arch}.rpm", n.name, rpm_version(n), or_one(&n.release))
        }
        "apk" => format!("{}_{}_{}.apk", n.name, apk_version(n), translated(APK, &n.arch)),
        "archlinux" => arch_linux(n),
        "ipk" => format!("{}_{}_{}.ipk", n.name, deb_version(n), translated(IPK, &n.arch)),
        // termux has deb's name with its own architectures.
        "termux.deb" => format!("{}_{}_{}.deb", n.name, deb_version(n), n.arch),
        _ => format!("{}_{}_{}.deb", n.name, deb_version(n), translated(DEB, &n.arch)),
    }
}

fn with(prefix: &str, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{prefix}{text}") }
}

fn or_one(release: &str) -> &str {
    if release.is_empty() { "1" } else { release }
}

fn deb_version(n: &PackageName) -> String {
    format!("{}{}{}{}", n.version, with("~", &n.prerelease), with("+", &n.metadata), with("-", &n.release))
}

fn rpm_version(n: &PackageName) -> String {
    format!("{}{}{}", n.version, with("~", &n.prerelease.replace('-', "_")), with("+", &n.metadata))
}

fn apk_version(n: &PackageName) -> String {
    const KNOWN: [&str; 5] = ["p", "cvs", "svn", "git", "hg"];
    let release = if n.release.starts_with('r') { "-" } else { "-r" };
    let metadata = if KNOWN.iter().any(|k| n.metadata.starts_with(k)) { "-" } else { "-p" };
    let prerelease = with("_", &n.prerelease);
    format!("{}{prerelease}{}{}", n.version, with(release, &n.release), with(metadata, &n.metadata))
}

/// pacman's release is a number, and its names hold few characters.
fn arch_linux(n: &PackageName) -> String {
    let release: i64 = n.release.parse().unwrap_or(1);
    let version = format!("{}{}", n.version, n.prerelease.replace('-', "_"));
    let arch = translated(ARCH_LINUX, &n.arch);
    let name = format!("{}-{version}-{release}-{arch}.pkg.tar.zst", n.name);
    let valid = |c: &char| c.is_ascii_alphanumeric() || "._+-".contains(*c);
    name.chars().filter(valid).collect::<String>().trim_start_matches(['-', '.']).to_owned()
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
            assert_eq!(conventional("deb", &n), format!("tool_1.2.3_{deb}.deb"));
            assert_eq!(conventional("rpm", &n), format!("tool-1.2.3-1.{rpm}.rpm"));
            assert_eq!(conventional("apk", &n), format!("tool_1.2.3_{apk}.apk"));
            assert_eq!(conventional("archlinux", &n), format!("tool-1.2.3-1-{arch_linux}.pkg.tar.zst"));
            assert_eq!(conventional("ipk", &n), format!("tool_1.2.3_{ipk}.ipk"));
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
            assert_eq!(conventional(format, &n), name);
        }
        let git = PackageName { metadata: "git7".to_owned(), release: "r4".to_owned(), ..named("amd64") };
        assert_eq!(conventional("apk", &git), "tool_1.2.3-r4-git7_x86_64.apk");
        let odd = PackageName { release: "x".to_owned(), name: "-t~ool".to_owned(), ..named("amd64") };
        assert_eq!(conventional("archlinux", &odd), "tool-1.2.3-1-x86_64.pkg.tar.zst");
    }
}
