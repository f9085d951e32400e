//! Targets from text: `linux/arm64`, `linux/arm/v7`, `linux_amd64_v1`.

use crate::{ArchKind, GoTarget, Os};
use std::fmt;
use std::str::FromStr;

/// Why a text is not a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParseTargetError {
    /// Neither `os/arch` nor `os_arch`.
    Shape(String),
    /// No such GOOS.
    Os(String),
    /// No such GOARCH.
    Arch(String),
    /// The architecture has no such variant.
    Variant(String, String),
}

impl fmt::Display for ParseTargetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape(s) => {
                write!(f, "`{s}` is not a target; write os/arch or os/arch/variant, e.g. linux/arm/v7")
            }
            Self::Os(s) => write!(f, "`{s}` is not a GOOS that Go knows"),
            Self::Arch(s) => write!(f, "`{s}` is not a GOARCH that Go knows"),
            Self::Variant(a, v) => write!(f, "`{v}` is not a variant of {a}"),
        }
    }
}

impl std::error::Error for ParseTargetError {}

impl FromStr for GoTarget {
    type Err = ParseTargetError;

    /// Reads `os/arch[/variant]` (Go and OCI) and `os_arch[_variant]` (goreleaser). An OCI variant `v7` of arm is GOARM=7.
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let sep = if s.contains('/') { '/' } else { '_' };
        let mut parts = s.splitn(3, sep);
        let (Some(os), Some(arch)) = (parts.next(), parts.next()) else {
            return Err(ParseTargetError::Shape(s.to_owned()));
        };
        let os = Os::from_goos(os).ok_or_else(|| ParseTargetError::Os(os.to_owned()))?;
        let kind = ArchKind::from_goarch(arch).ok_or_else(|| ParseTargetError::Arch(arch.to_owned()))?;
        let Some(variant) = parts.next() else {
            return Ok(GoTarget::new(os, kind.default_arch()));
        };
        let bad = || ParseTargetError::Variant(arch.to_owned(), variant.to_owned());
        let arch = match kind {
            ArchKind::Arm => kind.with_variant(variant.strip_prefix('v').unwrap_or(variant)),
            ArchKind::Arm64 if variant == "v8" || variant == "v9" => {
                kind.with_variant(&format!("{variant}.0"))
            }
            _ => kind.with_variant(variant),
        };
        Ok(GoTarget::new(os, arch.ok_or_else(bad)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_three_spellings() {
        for (text, oci, goreleaser) in [
            ("linux/arm64", "linux/arm64", "linux_arm64_v8.0"),
            ("linux/arm/v7", "linux/arm/v7", "linux_arm_7"),
            ("linux/arm", "linux/arm/v6", "linux_arm_6"),
            ("linux_amd64_v3", "linux/amd64/v3", "linux_amd64_v3"),
            ("linux/amd64", "linux/amd64", "linux_amd64_v1"),
            ("linux_mips64le_softfloat", "linux/mips64le/softfloat", "linux_mips64le_softfloat"),
            ("windows/386", "windows/386", "windows_386_sse2"),
            ("linux/arm/7,softfloat", "linux/arm/v7,softfloat", "linux_arm_7,softfloat"),
            ("linux/arm64/v9.0,lse", "linux/arm64/v9.0,lse", "linux_arm64_v9.0,lse"),
            ("wasip1/wasm", "wasip1/wasm", "wasip1_wasm"),
        ] {
            let t: GoTarget = text.parse().unwrap();
            assert_eq!(t.to_string(), oci);
            assert_eq!(t.goreleaser_name(), goreleaser);
            assert_eq!(t.to_string().parse::<GoTarget>().unwrap(), t, "{oci} reads back");
            assert_eq!(t.goreleaser_name().parse::<GoTarget>().unwrap(), t, "{goreleaser} reads back");
        }
    }

    #[test]
    fn wrong_names_say_what_is_wrong() {
        assert!(matches!("linux".parse::<GoTarget>(), Err(ParseTargetError::Shape(_))));
        assert!(matches!("lunix/arm".parse::<GoTarget>(), Err(ParseTargetError::Os(_))));
        assert!(matches!("linux/mips65".parse::<GoTarget>(), Err(ParseTargetError::Arch(_))));
        assert!(matches!("linux/arm/v9".parse::<GoTarget>(), Err(ParseTargetError::Variant(..))));
        assert!(matches!("linux/s390x/v1".parse::<GoTarget>(), Err(ParseTargetError::Variant(..))));
    }

    #[test]
    fn every_pair_reads_back() {
        for t in GoTarget::all() {
            assert_eq!(t.to_string().parse::<GoTarget>().unwrap(), t);
            assert!(t.facts().is_some());
        }
        assert_eq!(GoTarget::all().count(), 47);
    }
}
