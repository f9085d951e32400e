//! What files state of their ABI beyond machine and class, and how header flags say it.
//!
//! Must not read files: the readers hand over numbers. Sources are named at each type.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A fact that a file may leave out. Where it does, build information decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stated<T> {
    /// The file says so.
    Stated(T),
    /// The file does not say.
    #[default]
    Unstated,
}

impl<T> Stated<T> {
    /// The fact, if it is stated.
    pub fn get(self) -> Option<T> {
        match self {
            Stated::Stated(v) => Some(v),
            Stated::Unstated => None,
        }
    }

    /// This fact, else the other one.
    pub(crate) fn or(self, other: Stated<T>) -> Stated<T> {
        match self {
            Stated::Stated(_) => self,
            Stated::Unstated => other,
        }
    }
}

impl<T> From<Option<T>> for Stated<T> {
    fn from(v: Option<T>) -> Self {
        v.map_or(Stated::Unstated, Stated::Stated)
    }
}

impl<T: fmt::Display> fmt::Display for Stated<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stated::Stated(v) => v.fmt(f),
            Stated::Unstated => f.write_str("unstated"),
        }
    }
}

/// ABI facts by machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "machine", rename_all = "kebab-case")]
pub enum AbiFlags {
    /// The format or machine has no such flags, or the file has none.
    None,
    /// 32-bit ARM: e_flags (AAELF32) and .ARM.attributes (Addenda to the ARM ABI).
    Arm {
        /// EABI version of e_flags; Linux has 5, 0 is unknown.
        eabi: u8,
        /// Registers that carry floating-point arguments.
        float: Stated<ArmFloat>,
        /// Tag_CPU_arch.
        cpu_arch: Stated<ArmCpu>,
    },
    /// MIPS: e_flags and .MIPS.abiflags (MIPS psABI, binutils include/elf/mips.h).
    Mips {
        /// Calling convention.
        abi: MipsAbi,
        /// Instruction set.
        isa: MipsIsa,
        /// IEEE 754-2008 NaN encoding.
        nan2008: bool,
        /// How floating point is done.
        float: Stated<MipsFloat>,
    },
    /// RISC-V: e_flags and .riscv.attributes (RISC-V psABI).
    Riscv {
        /// Registers that carry floating-point arguments.
        float: RegisterFloat,
        /// Compressed instructions may occur.
        rvc: bool,
        /// Tag_RISCV_arch, such as `rv64i2p1_m2p0_…`.
        isa: Stated<String>,
    },
    /// 64-bit PowerPC: e_flags (ELFv2 ABI).
    Ppc64 {
        /// 1 (function descriptors) or 2.
        abi: Stated<u8>,
    },
    /// LoongArch: e_flags (LoongArch psABI).
    Loong64 {
        /// Registers that carry floating-point arguments.
        float: Stated<RegisterFloat>,
    },
    /// x86: .note.gnu.property (x86-64 psABI).
    X86 {
        /// Microarchitecture levels without which it does not run.
        needed: Stated<X86Levels>,
    },
}

/// Tag_ABI_VFP_args, or the float bits of e_flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ArmFloat {
    /// Core registers (`gnueabi`).
    Soft,
    /// VFP registers (`gnueabihf`).
    Hard,
    /// Works with both.
    Both,
}

/// Tag_CPU_arch: the number as it stands in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ArmCpu(pub u32);

impl ArmCpu {
    /// Generation: 4 (and older) to 9; none for a number without a name here.
    pub fn generation(self) -> Option<u8> {
        Some(match self.0 {
            0..=2 => 4,
            3..=5 => 5,
            6..=9 | 11 | 12 => 6,
            10 | 13 => 7,
            14..=21 => 8,
            22 => 9,
            _ => return None,
        })
    }
}

impl fmt::Display for ArmCpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [&str; 23] = [
            "pre-v4",
            "v4",
            "v4T",
            "v5T",
            "v5TE",
            "v5TEJ",
            "v6",
            "v6KZ",
            "v6T2",
            "v6K",
            "v7",
            "v6-M",
            "v6S-M",
            "v7E-M",
            "v8-A",
            "v8-R",
            "v8-M.baseline",
            "v8-M.mainline",
            "v8.1-A",
            "v8.2-A",
            "v8.3-A",
            "v8.1-M.mainline",
            "v9-A",
        ];
        match NAMES.get(self.0 as usize) {
            Some(name) => f.write_str(name),
            None => write!(f, "Tag_CPU_arch {}", self.0),
        }
    }
}

/// MIPS calling conventions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names of the ABIs")]
pub enum MipsAbi {
    O32,
    N32,
    N64,
    O64,
    Eabi32,
    Eabi64,
}

/// MIPS instruction sets, EF_MIPS_ARCH.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names of the instruction sets")]
pub enum MipsIsa {
    Mips1,
    Mips2,
    Mips3,
    Mips4,
    Mips5,
    Mips32,
    Mips64,
    Mips32r2,
    Mips64r2,
    Mips32r6,
    Mips64r6,
    Unknown,
}

/// MIPS floating point: fp_abi of .MIPS.abiflags, Val_GNU_MIPS_ABI_FP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MipsFloat {
    /// Double precision, 32-bit registers (`-mdouble-float`).
    Double,
    /// Single precision only.
    Single,
    /// No floating-point registers.
    Soft,
    /// The old `-mips32r2 -mfp64`.
    Old64,
    /// Works with 32-bit and 64-bit registers (`-mfpxx`).
    Xx,
    /// 64-bit registers (`-mfp64`).
    Fp64,
    /// 64-bit registers without odd single ones.
    Fp64a,
}

/// The widest floating-point value that is passed in floating-point registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "widths")]
pub enum RegisterFloat {
    Soft,
    Single,
    Double,
    Quad,
}

/// A microarchitecture level of x86-64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "levels of the psABI")]
pub enum X86Level {
    V1,
    V2,
    V3,
    V4,
}

/// GNU_PROPERTY_X86_ISA_1_NEEDED: bits 0 to 3 are the levels v1 to v4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct X86Levels(pub u32);

impl X86Levels {
    /// The highest level that is needed.
    pub fn highest(self) -> Option<X86Level> {
        [(8, X86Level::V4), (4, X86Level::V3), (2, X86Level::V2), (1, X86Level::V1)]
            .into_iter()
            .find(|(bit, _)| self.0 & bit != 0)
            .map(|(_, level)| level)
    }
}

/// What e_flags alone say. `bits` is the ELF class.
pub(crate) fn from_elf_flags(machine: u32, flags: u32, bits: u8) -> AbiFlags {
    match machine {
        3 | 62 => AbiFlags::X86 { needed: Stated::Unstated },
        8 => AbiFlags::Mips {
            abi: mips_abi(flags, bits),
            isa: mips_isa(flags),
            nan2008: flags & 0x400 != 0,
            float: Stated::Unstated,
        },
        21 => AbiFlags::Ppc64 {
            abi: match flags & 3 {
                v @ (1 | 2) => Stated::Stated(v as u8),
                _ => Stated::Unstated,
            },
        },
        40 => AbiFlags::Arm {
            eabi: (flags >> 24) as u8,
            // The two bits mean this only since EABI version 5.
            float: match (flags >> 24, flags & 0x600) {
                (5.., 0x200) => Stated::Stated(ArmFloat::Soft),
                (5.., 0x400) => Stated::Stated(ArmFloat::Hard),
                _ => Stated::Unstated,
            },
            cpu_arch: Stated::Unstated,
        },
        243 => AbiFlags::Riscv {
            float: match flags & 6 {
                0 => RegisterFloat::Soft,
                2 => RegisterFloat::Single,
                4 => RegisterFloat::Double,
                _ => RegisterFloat::Quad,
            },
            rvc: flags & 1 != 0,
            isa: Stated::Unstated,
        },
        258 => AbiFlags::Loong64 {
            float: match flags & 7 {
                1 => Stated::Stated(RegisterFloat::Soft),
                2 => Stated::Stated(RegisterFloat::Single),
                3 => Stated::Stated(RegisterFloat::Double),
                _ => Stated::Unstated,
            },
        },
        _ => AbiFlags::None,
    }
}

fn mips_abi(flags: u32, bits: u8) -> MipsAbi {
    match flags & 0xf000 {
        0x1000 => MipsAbi::O32,
        0x2000 => MipsAbi::O64,
        0x3000 => MipsAbi::Eabi32,
        0x4000 => MipsAbi::Eabi64,
        _ if flags & 0x20 != 0 => MipsAbi::N32,
        _ if bits == 64 => MipsAbi::N64,
        _ => MipsAbi::O32,
    }
}

fn mips_isa(flags: u32) -> MipsIsa {
    match flags >> 28 {
        0 => MipsIsa::Mips1,
        1 => MipsIsa::Mips2,
        2 => MipsIsa::Mips3,
        3 => MipsIsa::Mips4,
        4 => MipsIsa::Mips5,
        5 => MipsIsa::Mips32,
        6 => MipsIsa::Mips64,
        7 => MipsIsa::Mips32r2,
        8 => MipsIsa::Mips64r2,
        9 => MipsIsa::Mips32r6,
        10 => MipsIsa::Mips64r6,
        _ => MipsIsa::Unknown,
    }
}

/// fp_abi of .MIPS.abiflags; 0 says nothing.
pub(crate) fn mips_float(fp_abi: u32) -> Stated<MipsFloat> {
    Stated::Stated(match fp_abi {
        1 => MipsFloat::Double,
        2 => MipsFloat::Single,
        3 => MipsFloat::Soft,
        4 => MipsFloat::Old64,
        5 => MipsFloat::Xx,
        6 => MipsFloat::Fp64,
        7 => MipsFloat::Fp64a,
        _ => return Stated::Unstated,
    })
}
