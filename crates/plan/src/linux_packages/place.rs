//! Which platforms a format is made for, and what it calls them.
//!
//! Owns: goreleaser's rules of leaving out. Must not: know what is in a package.

use crate::package_names::TERMUX_PREFIX;
use goferry_target::Arch;

/// A platform in a format's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// As [`crate::graph::PackageName::platform`].
    pub(super) platform: String,
    /// As [`crate::graph::PackageName::arch`].
    pub(super) arch: String,
    /// Before every folder that programs and libraries go to.
    pub(super) root: &'static str,
}

impl Place {
    /// The place of a format for a platform; none if there is no such package. `arch` is none for one without programs, `arm` the
    /// version of arm.
    pub(super) fn of(format: &str, os: &str, arch: Option<Arch>, arm: Option<String>) -> Option<Place> {
        let goarch = arch.map_or("all", |a| a.goarch());
        let word = format!("{goarch}{}", arm.as_deref().unwrap_or_default());
        let place = |platform: &str, arch: &str| {
            Some(Place { platform: platform.to_owned(), arch: arch.to_owned(), root: "" })
        };
        match (os, format) {
            ("ios", "deb") => place("iphoneos-arm64", &word),
            // The oldest AIX that Go supports; its rpm calls the architecture ppc.
            ("aix", "rpm") if goarch == "ppc64" => place("aix7.2", "ppc"),
            ("android", "termux.deb") => termux(goarch, arm.as_deref()).map(|arch| Place {
                platform: "linux".to_owned(),
                arch,
                root: TERMUX_PREFIX,
            }),
            ("ios" | "aix" | "android", _) | (_, "termux.deb") => None,
            (_, "archlinux") => match (goarch, arm.as_deref()) {
                ("all" | "amd64" | "arm64" | "386", _) | ("arm", Some("7")) => place("linux", &word),
                _ => None,
            },
            _ => place("linux", &word),
        }
    }
}

fn termux(goarch: &str, arm: Option<&str>) -> Option<String> {
    Some(match (goarch, arm) {
        ("all", _) => "all".to_owned(),
        ("386", _) => "i686".to_owned(),
        ("amd64", _) => "x86_64".to_owned(),
        ("arm64", _) => "aarch64".to_owned(),
        ("arm", Some("6")) => "arm".to_owned(),
        ("arm", version) => format!("arm{}", version.unwrap_or_default()),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use goferry_target::{GoTarget, Os};

    fn of(format: &str, target: &str) -> Option<(String, String)> {
        let t: GoTarget = target.parse().unwrap();
        let arm = match t.arch {
            Arch::Arm(arm) => Some(arm.version.to_string()),
            _ => None,
        };
        assert_ne!(t.os, Os::Windows);
        Place::of(format, t.os.goos(), Some(t.arch), arm).map(|p| (p.platform, p.arch))
    }

    #[test]
    fn what_is_made_for_what() {
        for (format, target, expected) in [
            ("deb", "linux/amd64", Some(("linux", "amd64"))),
            ("deb", "linux/arm/v6", Some(("linux", "arm6"))),
            ("deb", "linux/mips64le", Some(("linux", "mips64le"))),
            ("deb", "ios/arm64", Some(("iphoneos-arm64", "arm64"))),
            ("rpm", "ios/arm64", None),
            ("rpm", "aix/ppc64", Some(("aix7.2", "ppc"))),
            ("deb", "aix/ppc64", None),
            ("archlinux", "linux/amd64", Some(("linux", "amd64"))),
            ("archlinux", "linux/arm/v7", Some(("linux", "arm7"))),
            ("archlinux", "linux/arm/v6", None),
            ("archlinux", "linux/riscv64", None),
            ("apk", "linux/riscv64", Some(("linux", "riscv64"))),
            ("termux.deb", "android/arm64", Some(("linux", "aarch64"))),
            ("termux.deb", "android/arm/v6", Some(("linux", "arm"))),
            ("termux.deb", "android/arm/v7", Some(("linux", "arm7"))),
            ("termux.deb", "linux/arm64", None),
            ("deb", "android/arm64", None),
        ] {
            let expected = expected.map(|(p, a)| (p.to_owned(), a.to_owned()));
            assert_eq!(of(format, target), expected, "{format} {target}");
        }
        assert_eq!(Place::of("archlinux", "linux", None, None).map(|p| p.arch).as_deref(), Some("all"));
        assert_eq!(Place::of("deb", "android", None, None), None);
    }
}
