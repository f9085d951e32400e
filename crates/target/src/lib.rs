//! What goferry knows of every platform that Go builds for: names, variants, one table of ABI facts.
//!
//! Owns: parsing and printing of targets in Go's, OCI's and goreleaser's spelling; the facts of each pair.
//! Must not: do any I/O, know of tools that are installed or not.

mod arch;
mod facts;
mod parse;

pub use arch::{Amd64, Arch, ArchKind, Arm, Arm64, Float, Ppc64, Riscv64, X87};
pub use facts::{Endian, Linking, ObjectFormat, TargetFacts};
pub use parse::ParseTargetError;

use serde::{Deserialize, Serialize};
use std::fmt;

/// An operating system that Go builds for (`go tool dist list`, Go 1.26).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names are GOOS values")]
pub enum Os {
    Aix,
    Android,
    Darwin,
    Dragonfly,
    Freebsd,
    Illumos,
    Ios,
    Js,
    Linux,
    Netbsd,
    Openbsd,
    Plan9,
    Solaris,
    Wasip1,
    Windows,
}

impl Os {
    /// Every operating system, in the order of `go tool dist list`.
    pub const ALL: [Os; 15] = [
        Os::Aix,
        Os::Android,
        Os::Darwin,
        Os::Dragonfly,
        Os::Freebsd,
        Os::Illumos,
        Os::Ios,
        Os::Js,
        Os::Linux,
        Os::Netbsd,
        Os::Openbsd,
        Os::Plan9,
        Os::Solaris,
        Os::Wasip1,
        Os::Windows,
    ];

    /// The GOOS value.
    pub fn goos(self) -> &'static str {
        match self {
            Os::Aix => "aix",
            Os::Android => "android",
            Os::Darwin => "darwin",
            Os::Dragonfly => "dragonfly",
            Os::Freebsd => "freebsd",
            Os::Illumos => "illumos",
            Os::Ios => "ios",
            Os::Js => "js",
            Os::Linux => "linux",
            Os::Netbsd => "netbsd",
            Os::Openbsd => "openbsd",
            Os::Plan9 => "plan9",
            Os::Solaris => "solaris",
            Os::Wasip1 => "wasip1",
            Os::Windows => "windows",
        }
    }

    /// The operating system with this GOOS value.
    pub fn from_goos(s: &str) -> Option<Os> {
        Os::ALL.into_iter().find(|os| os.goos() == s)
    }
}

impl Os {
    /// The system that this program was compiled for, if Go has a name for it.
    pub fn host() -> Option<Os> {
        Os::from_goos(match std::env::consts::OS {
            "macos" => "darwin",
            other => other,
        })
    }
}

impl fmt::Display for Os {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.goos())
    }
}

/// One platform: an operating system and an architecture with its variant.
///
/// Printed and serialised as OCI does: `linux/arm64`, `linux/arm/v7`, `linux/amd64/v3`, `linux/mips64le/softfloat`;
/// a variant that is Go's default is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GoTarget {
    /// GOOS.
    pub os: Os,
    /// GOARCH with GOAMD64, GOARM and so on.
    pub arch: Arch,
}

impl GoTarget {
    /// A target from its parts; whether Go knows the pair is [`GoTarget::facts`]' to say.
    pub fn new(os: Os, arch: Arch) -> Self {
        GoTarget { os, arch }
    }

    /// goreleaser's name: `linux_amd64_v1`, `linux_arm64_v8.0`, `linux_arm_6`, `linux_mips64le_hardfloat`, `js_wasm`.
    pub fn goreleaser_name(&self) -> String {
        match self.arch.variant() {
            Some(v) => format!("{}_{}_{}", self.os, self.arch.goarch(), v),
            None => format!("{}_{}", self.os, self.arch.goarch()),
        }
    }

    /// The environment that makes the go command build for this target: GOOS, GOARCH and the variant's variable.
    pub fn go_env(&self) -> Vec<(&'static str, String)> {
        let mut env = vec![("GOOS", self.os.goos().to_owned()), ("GOARCH", self.arch.goarch().to_owned())];
        if let (Some(name), Some(value)) = (self.arch.variant_env(), self.arch.variant()) {
            env.push((name, value));
        }
        env
    }

    /// The ABI facts of this pair, or none if Go does not know it.
    pub fn facts(&self) -> Option<&'static TargetFacts> {
        facts::find(self.os, self.arch.kind())
    }

    /// Every pair that Go knows, each with its default variant.
    pub fn all() -> impl Iterator<Item = GoTarget> {
        facts::TABLE.iter().map(|f| GoTarget::new(f.os, f.arch.default_arch()))
    }
}

impl fmt::Display for GoTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.arch.goarch())?;
        match self.arch.oci_variant() {
            Some(v) => write!(f, "/{v}"),
            None => Ok(()),
        }
    }
}

impl Serialize for GoTarget {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for GoTarget {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let s = String::deserialize(d)?;
        s.parse().map_err(serde::de::Error::custom)
    }
}
