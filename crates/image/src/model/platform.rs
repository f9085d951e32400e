//! For which machine an image is: `linux/arm/v7`.

use goferry_target::GoTarget;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// An operating system, an architecture and a variant of it, in Go's words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Platform {
    /// GOARCH.
    #[serde(default)]
    pub architecture: String,
    /// GOOS.
    #[serde(default)]
    pub os: String,
    /// Windows' build number.
    #[serde(default, rename = "os.version", skip_serializing_if = "String::is_empty")]
    pub os_version: String,
    /// Windows' features.
    #[serde(default, rename = "os.features", skip_serializing_if = "Vec::is_empty")]
    pub os_features: Vec<String>,
    /// `v7`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub variant: String,
}

impl Platform {
    /// Of a target. ARM always says its variant: readers take `linux/arm` for v7.
    pub fn of(target: &GoTarget) -> Platform {
        let variant = match target.arch {
            goferry_target::Arch::Arm(_) => target.arch.variant().map(|v| {
                let digit = v.chars().next().unwrap_or('7');
                format!("v{digit}")
            }),
            _ => target.arch.oci_variant(),
        };
        Platform {
            os: target.os.goos().to_owned(),
            architecture: target.arch.goarch().to_owned(),
            variant: variant.unwrap_or_default(),
            ..Platform::default()
        }
    }

    /// Whether an image for this platform serves where `wanted` is asked for: the same system and architecture, and the
    /// same variant, where `v8` of arm64, `v1` of amd64 and `v7` of arm are what no variant means (containerd's rule).
    pub fn serves(&self, wanted: &Platform) -> bool {
        self.os == wanted.os
            && self.architecture == wanted.architecture
            && self.said_variant() == wanted.said_variant()
    }

    /// How well an image for this platform serves where `wanted` is asked for; none: not at all; less is better. A processor
    /// runs what is for an older one.
    pub fn distance(&self, wanted: &Platform) -> Option<u32> {
        if self.serves(wanted) {
            return Some(0);
        }
        let known = matches!(self.architecture.as_str(), "arm" | "arm64" | "amd64");
        if (&self.os, &self.architecture) != (&wanted.os, &wanted.architecture) || !known {
            return None;
        }
        wanted.level()?.checked_sub(self.level()?).map(|d| d + 1)
    }

    fn level(&self) -> Option<u32> {
        self.said_variant().trim_start_matches('v').split('.').next()?.parse().ok()
    }

    fn said_variant(&self) -> &str {
        match (self.architecture.as_str(), self.variant.as_str()) {
            ("arm64", "" | "v8" | "8" | "v8.0") => "v8",
            ("amd64", "" | "v1") => "v1",
            ("arm", "" | "7") => "v7",
            (_, variant) => variant,
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        if self.variant.is_empty() { Ok(()) } else { write!(f, "/{}", self.variant) }
    }
}

impl FromStr for Platform {
    type Err = String;

    fn from_str(text: &str) -> Result<Platform, String> {
        let mut parts = text.trim().split('/');
        let (os, architecture) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let variant = parts.next().unwrap_or_default();
        if os.is_empty() || architecture.is_empty() || parts.next().is_some() {
            return Err(format!("`{text}` is not a platform of the form os/arch[/variant]"));
        }
        Ok(Platform {
            os: os.to_owned(),
            architecture: architecture.to_owned(),
            variant: variant.to_owned(),
            ..Platform::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_have_platforms() {
        for (target, want) in [
            ("linux/amd64", "linux/amd64"),
            ("linux/amd64/v3", "linux/amd64/v3"),
            ("linux/arm64", "linux/arm64"),
            ("linux/arm/v6", "linux/arm/v6"),
            ("linux/arm/v7", "linux/arm/v7"),
            ("linux/arm/v5", "linux/arm/v5"),
            ("wasip1/wasm", "wasip1/wasm"),
        ] {
            let target: GoTarget = target.parse().unwrap();
            assert_eq!(Platform::of(&target).to_string(), want);
        }
    }

    #[test]
    fn no_variant_is_the_usual_one() {
        for (has, wanted, serves) in [
            ("linux/arm64/v8", "linux/arm64", true),
            ("linux/arm64", "linux/arm64/v8", true),
            ("linux/arm", "linux/arm/v7", true),
            ("linux/arm/v6", "linux/arm/v7", false),
            ("linux/amd64", "linux/arm64", false),
        ] {
            let (has, wanted): (Platform, Platform) = (has.parse().unwrap(), wanted.parse().unwrap());
            assert_eq!(has.serves(&wanted), serves, "{has} {wanted}");
            assert_eq!(has.distance(&wanted) == Some(0), serves, "{has} {wanted}");
        }
        let of = |has: &str, wanted: &str| {
            has.parse::<Platform>().unwrap().distance(&wanted.parse::<Platform>().unwrap())
        };
        assert_eq!(of("linux/arm/v6", "linux/arm/v7"), Some(2));
        assert_eq!(of("linux/amd64", "linux/amd64/v3"), Some(3));
        assert_eq!(of("linux/arm/v7", "linux/arm/v6"), None);
        assert_eq!(of("linux/mips64le", "linux/mips64le/softfloat"), None);
        assert!("linux".parse::<Platform>().is_err() && "a/b/c/d".parse::<Platform>().is_err());
    }
}
