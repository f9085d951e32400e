//! Architectures and their variants (GOAMD64, GOARM, …), each value in Go's spelling.

use std::fmt;

/// GOARCH without its variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are GOARCH values")]
pub enum ArchKind {
    I386,
    Amd64,
    Arm,
    Arm64,
    Loong64,
    Mips,
    Mips64,
    Mips64le,
    Mipsle,
    Ppc64,
    Ppc64le,
    Riscv64,
    S390x,
    Wasm,
}

/// GOAMD64.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "microarchitecture levels of the x86-64 psABI")]
pub enum Amd64 {
    #[default]
    V1,
    V2,
    V3,
    V4,
}

/// GO386.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "GO386 values")]
pub enum X87 {
    #[default]
    Sse2,
    Softfloat,
}

/// GOMIPS and GOMIPS64: how floating point is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "GOMIPS values")]
pub enum Float {
    #[default]
    Hardfloat,
    Softfloat,
}

/// GOARM: version 5, 6 or 7 and, where it is not the version's own, the float ABI (`7,softfloat`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Arm {
    /// 5, 6 or 7.
    pub version: u8,
    /// None: what the version implies (5 soft, 6 and 7 hard).
    pub float: Option<Float>,
}

impl Arm {
    /// The float ABI in force.
    pub fn float(self) -> Float {
        self.float.unwrap_or(if self.version == 5 { Float::Softfloat } else { Float::Hardfloat })
    }
}

/// GOARM64: `v8.0` to `v9.5`, with `,lse` and `,crypto`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Arm64 {
    /// 8 or 9.
    pub major: u8,
    /// 0 to 9 for v8, 0 to 5 for v9.
    pub minor: u8,
    /// Large system extensions.
    pub lse: bool,
    /// Cryptographic extensions.
    pub crypto: bool,
}

impl Default for Arm64 {
    fn default() -> Self {
        Arm64 { major: 8, minor: 0, lse: false, crypto: false }
    }
}

/// GOPPC64.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "GOPPC64 values")]
pub enum Ppc64 {
    #[default]
    Power8,
    Power9,
    Power10,
}

/// GORISCV64.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "GORISCV64 values")]
pub enum Riscv64 {
    #[default]
    Rva20u64,
    Rva22u64,
    Rva23u64,
}

/// GOARCH with its variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are GOARCH values")]
pub enum Arch {
    I386(X87),
    Amd64(Amd64),
    Arm(Arm),
    Arm64(Arm64),
    Loong64,
    Mips(Float),
    Mips64(Float),
    Mips64le(Float),
    Mipsle(Float),
    Ppc64(Ppc64),
    Ppc64le(Ppc64),
    Riscv64(Riscv64),
    S390x,
    Wasm,
}

impl ArchKind {
    /// Every architecture, in the order of their GOARCH names.
    pub const ALL: [ArchKind; 14] = [
        ArchKind::I386,
        ArchKind::Amd64,
        ArchKind::Arm,
        ArchKind::Arm64,
        ArchKind::Loong64,
        ArchKind::Mips,
        ArchKind::Mips64,
        ArchKind::Mips64le,
        ArchKind::Mipsle,
        ArchKind::Ppc64,
        ArchKind::Ppc64le,
        ArchKind::Riscv64,
        ArchKind::S390x,
        ArchKind::Wasm,
    ];

    /// The GOARCH value.
    pub fn goarch(self) -> &'static str {
        match self {
            ArchKind::I386 => "386",
            ArchKind::Amd64 => "amd64",
            ArchKind::Arm => "arm",
            ArchKind::Arm64 => "arm64",
            ArchKind::Loong64 => "loong64",
            ArchKind::Mips => "mips",
            ArchKind::Mips64 => "mips64",
            ArchKind::Mips64le => "mips64le",
            ArchKind::Mipsle => "mipsle",
            ArchKind::Ppc64 => "ppc64",
            ArchKind::Ppc64le => "ppc64le",
            ArchKind::Riscv64 => "riscv64",
            ArchKind::S390x => "s390x",
            ArchKind::Wasm => "wasm",
        }
    }

    /// The architecture with this GOARCH value.
    pub fn from_goarch(s: &str) -> Option<ArchKind> {
        ArchKind::ALL.into_iter().find(|a| a.goarch() == s)
    }

    /// The architecture that this program was compiled for, if Go has a name for it.
    pub fn host() -> Option<ArchKind> {
        ArchKind::from_goarch(match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "x86" => "386",
            "aarch64" => "arm64",
            "loongarch64" => "loong64",
            "powerpc64" if cfg!(target_endian = "little") => "ppc64le",
            "powerpc64" => "ppc64",
            other => other,
        })
    }

    /// The architecture with the variant that goreleaser takes when none is named (arm: 6).
    pub fn default_arch(self) -> Arch {
        match self {
            ArchKind::I386 => Arch::I386(X87::default()),
            ArchKind::Amd64 => Arch::Amd64(Amd64::default()),
            ArchKind::Arm => Arch::Arm(Arm { version: 6, float: None }),
            ArchKind::Arm64 => Arch::Arm64(Arm64::default()),
            ArchKind::Loong64 => Arch::Loong64,
            ArchKind::Mips => Arch::Mips(Float::default()),
            ArchKind::Mips64 => Arch::Mips64(Float::default()),
            ArchKind::Mips64le => Arch::Mips64le(Float::default()),
            ArchKind::Mipsle => Arch::Mipsle(Float::default()),
            ArchKind::Ppc64 => Arch::Ppc64(Ppc64::default()),
            ArchKind::Ppc64le => Arch::Ppc64le(Ppc64::default()),
            ArchKind::Riscv64 => Arch::Riscv64(Riscv64::default()),
            ArchKind::S390x => Arch::S390x,
            ArchKind::Wasm => Arch::Wasm,
        }
    }

    /// The architecture with a variant in Go's spelling (`v3`, `7`, `softfloat`), or none if it has no such variant.
    pub fn with_variant(self, variant: &str) -> Option<Arch> {
        Some(match self {
            ArchKind::I386 => Arch::I386(match variant {
                "sse2" => X87::Sse2,
                "softfloat" => X87::Softfloat,
                _ => return None,
            }),
            ArchKind::Amd64 => Arch::Amd64(match variant {
                "v1" => Amd64::V1,
                "v2" => Amd64::V2,
                "v3" => Amd64::V3,
                "v4" => Amd64::V4,
                _ => return None,
            }),
            ArchKind::Arm => Arch::Arm(Arm::parse(variant)?),
            ArchKind::Arm64 => Arch::Arm64(Arm64::parse(variant)?),
            ArchKind::Mips => Arch::Mips(Float::parse(variant)?),
            ArchKind::Mips64 => Arch::Mips64(Float::parse(variant)?),
            ArchKind::Mips64le => Arch::Mips64le(Float::parse(variant)?),
            ArchKind::Mipsle => Arch::Mipsle(Float::parse(variant)?),
            ArchKind::Ppc64 => Arch::Ppc64(Ppc64::parse(variant)?),
            ArchKind::Ppc64le => Arch::Ppc64le(Ppc64::parse(variant)?),
            ArchKind::Riscv64 => Arch::Riscv64(match variant {
                "rva20u64" => Riscv64::Rva20u64,
                "rva22u64" => Riscv64::Rva22u64,
                "rva23u64" => Riscv64::Rva23u64,
                _ => return None,
            }),
            ArchKind::Loong64 | ArchKind::S390x | ArchKind::Wasm => return None,
        })
    }
}

impl Arch {
    /// The architecture without its variant.
    pub fn kind(self) -> ArchKind {
        match self {
            Arch::I386(_) => ArchKind::I386,
            Arch::Amd64(_) => ArchKind::Amd64,
            Arch::Arm(_) => ArchKind::Arm,
            Arch::Arm64(_) => ArchKind::Arm64,
            Arch::Loong64 => ArchKind::Loong64,
            Arch::Mips(_) => ArchKind::Mips,
            Arch::Mips64(_) => ArchKind::Mips64,
            Arch::Mips64le(_) => ArchKind::Mips64le,
            Arch::Mipsle(_) => ArchKind::Mipsle,
            Arch::Ppc64(_) => ArchKind::Ppc64,
            Arch::Ppc64le(_) => ArchKind::Ppc64le,
            Arch::Riscv64(_) => ArchKind::Riscv64,
            Arch::S390x => ArchKind::S390x,
            Arch::Wasm => ArchKind::Wasm,
        }
    }

    /// The GOARCH value.
    pub fn goarch(self) -> &'static str {
        self.kind().goarch()
    }

    /// The name of the variable that holds the variant: `GOAMD64`, `GOARM`, …
    pub fn variant_env(self) -> Option<&'static str> {
        Some(match self.kind() {
            ArchKind::I386 => "GO386",
            ArchKind::Amd64 => "GOAMD64",
            ArchKind::Arm => "GOARM",
            ArchKind::Arm64 => "GOARM64",
            ArchKind::Mips | ArchKind::Mipsle => "GOMIPS",
            ArchKind::Mips64 | ArchKind::Mips64le => "GOMIPS64",
            ArchKind::Ppc64 | ArchKind::Ppc64le => "GOPPC64",
            ArchKind::Riscv64 => "GORISCV64",
            ArchKind::Loong64 | ArchKind::S390x | ArchKind::Wasm => return None,
        })
    }

    /// The variant in Go's spelling, as goreleaser appends it to a target's name: `v1`, `6`, `v8.0`, `hardfloat`.
    pub fn variant(self) -> Option<String> {
        Some(match self {
            Arch::I386(v) => v.to_string(),
            Arch::Amd64(v) => v.to_string(),
            Arch::Arm(v) => v.to_string(),
            Arch::Arm64(v) => v.to_string(),
            Arch::Mips(v) | Arch::Mips64(v) | Arch::Mips64le(v) | Arch::Mipsle(v) => v.to_string(),
            Arch::Ppc64(v) | Arch::Ppc64le(v) => v.to_string(),
            Arch::Riscv64(v) => v.to_string(),
            Arch::Loong64 | Arch::S390x | Arch::Wasm => return None,
        })
    }

    /// The variant as OCI writes it (`v7`), left out where it is the default of the architecture.
    /// GOARM is always written: its default differs between Go (7) and goreleaser (6).
    pub fn oci_variant(self) -> Option<String> {
        match self {
            Arch::Arm(Arm { version, float: None }) => Some(format!("v{version}")),
            Arch::Arm(Arm { version, float: Some(f) }) => Some(format!("v{version},{f}")),
            _ if self == self.kind().default_arch() => None,
            _ => self.variant(),
        }
    }
}

impl Arm {
    fn parse(s: &str) -> Option<Arm> {
        let (version, float) = match s.split_once(',') {
            Some((v, f)) => (v, Some(Float::parse(f)?)),
            None => (s, None),
        };
        match version {
            "5" => Some(Arm { version: 5, float }),
            "6" => Some(Arm { version: 6, float }),
            "7" => Some(Arm { version: 7, float }),
            _ => None,
        }
    }
}

impl Arm64 {
    fn parse(s: &str) -> Option<Arm64> {
        let mut parts = s.split(',');
        let (major, minor) = parts.next()?.strip_prefix('v')?.split_once('.')?;
        let mut out =
            Arm64 { major: major.parse().ok()?, minor: minor.parse().ok()?, lse: false, crypto: false };
        match out.major {
            8 if out.minor <= 9 => {}
            9 if out.minor <= 5 => {}
            _ => return None,
        }
        for p in parts {
            match p {
                "lse" => out.lse = true,
                "crypto" => out.crypto = true,
                _ => return None,
            }
        }
        Some(out)
    }
}

impl Float {
    fn parse(s: &str) -> Option<Float> {
        match s {
            "hardfloat" => Some(Float::Hardfloat),
            "softfloat" => Some(Float::Softfloat),
            _ => None,
        }
    }
}

impl Ppc64 {
    fn parse(s: &str) -> Option<Ppc64> {
        match s {
            "power8" => Some(Ppc64::Power8),
            "power9" => Some(Ppc64::Power9),
            "power10" => Some(Ppc64::Power10),
            _ => None,
        }
    }
}

impl fmt::Display for Amd64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Amd64::V1 => "v1",
            Amd64::V2 => "v2",
            Amd64::V3 => "v3",
            Amd64::V4 => "v4",
        })
    }
}

impl fmt::Display for X87 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            X87::Sse2 => "sse2",
            X87::Softfloat => "softfloat",
        })
    }
}

impl fmt::Display for Float {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Float::Hardfloat => "hardfloat",
            Float::Softfloat => "softfloat",
        })
    }
}

impl fmt::Display for Arm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.float {
            Some(float) => write!(f, "{},{float}", self.version),
            None => write!(f, "{}", self.version),
        }
    }
}

impl fmt::Display for Arm64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}.{}", self.major, self.minor)?;
        if self.lse {
            f.write_str(",lse")?;
        }
        if self.crypto {
            f.write_str(",crypto")?;
        }
        Ok(())
    }
}

impl fmt::Display for Ppc64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Ppc64::Power8 => "power8",
            Ppc64::Power9 => "power9",
            Ppc64::Power10 => "power10",
        })
    }
}

impl fmt::Display for Riscv64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Riscv64::Rva20u64 => "rva20u64",
            Riscv64::Rva22u64 => "rva22u64",
            Riscv64::Rva23u64 => "rva23u64",
        })
    }
}
