//! A file against the target it should be for.
//!
//! Only contradictions are reported: what a file does not state cannot contradict.

use crate::abi::{AbiFlags, ArmFloat, MipsAbi, MipsFloat, MipsIsa, RegisterFloat, Stated, X86Level};
use crate::{Binary, Format, GoBuildInfo};
use goferry_target::{Amd64, Arch, Endian, Float, GoTarget, ObjectFormat, Os, TargetFacts};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One contradiction between a file and a target. Displays as `what: expected …, found …`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mismatch", rename_all = "kebab-case")]
pub enum Mismatch {
    /// Go does not know the target, so nothing can be compared.
    UnknownTarget {
        /// The target.
        target: GoTarget,
    },
    /// Another container.
    Format {
        /// What the target's programs are.
        expected: String,
        /// What the file is.
        found: Format,
    },
    /// Another machine number.
    Machine {
        /// GOARCH of the target.
        expected: String,
        /// The target's number; 0 where its format has none.
        expected_number: u32,
        /// GOARCH of the file's machine, if Go has one.
        found: Option<String>,
        /// The file's number.
        found_number: u32,
    },
    /// 32 instead of 64 bits or the reverse.
    Class {
        /// The target's width.
        expected: u8,
        /// The file's.
        found: u8,
    },
    /// The other byte order.
    ByteOrder {
        /// The target's: `little` or `big`.
        expected: String,
        /// The file's.
        found: String,
    },
    /// The file names another operating system.
    Os {
        /// The target's.
        expected: Os,
        /// The file's.
        found: Os,
    },
    /// No slice of a fat Mach-O is for the target's machine.
    NoSlice {
        /// GOARCH of the target.
        expected: String,
        /// The cputypes that are there.
        found: Vec<u32>,
    },
    /// A stated ABI flag contradicts the target.
    Abi {
        /// Which one.
        fact: AbiFact,
        /// What the target needs.
        expected: String,
        /// What the file states.
        found: String,
    },
    /// Build information names another GOOS, GOARCH or variant.
    BuildSetting {
        /// `GOOS`, `GOARCH`, `GOARM`, …
        key: String,
        /// The target's value.
        expected: String,
        /// The file's.
        found: String,
    },
}

/// A fact that a file states of its ABI. Displays and serialises as these words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AbiFact {
    /// Which registers carry floating-point values, or who does the arithmetic.
    #[serde(rename = "float ABI")]
    FloatAbi,
    /// ARM: the oldest architecture that has all its instructions (Tag_CPU_arch).
    #[serde(rename = "CPU architecture")]
    CpuArchitecture,
    /// MIPS: o32, n32, n64.
    #[serde(rename = "calling convention")]
    CallingConvention,
    /// MIPS: release 6 took instructions away that older code has.
    #[serde(rename = "instruction set")]
    InstructionSet,
    /// MIPS: what a NaN looks like; the kernel refuses a program that its processor does not agree with.
    #[serde(rename = "NaN encoding")]
    NanEncoding,
    /// PowerPC: ELFv1 or ELFv2.
    #[serde(rename = "ELF ABI version")]
    ElfAbiVersion,
    /// The x86-64 microarchitecture level.
    #[serde(rename = "x86-64 level")]
    X86Level,
}

impl fmt::Display for AbiFact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AbiFact::FloatAbi => "float ABI",
            AbiFact::CpuArchitecture => "CPU architecture",
            AbiFact::CallingConvention => "calling convention",
            AbiFact::InstructionSet => "instruction set",
            AbiFact::NanEncoding => "NaN encoding",
            AbiFact::ElfAbiVersion => "ELF ABI version",
            AbiFact::X86Level => "x86-64 level",
        })
    }
}

/// Every contradiction between a file and a target: format, machine, class, byte order, operating system, ABI flags
/// where the file states them, and GOOS, GOARCH and variant where it carries build information.
///
/// A fat Mach-O agrees with a target if its slice for that machine does. An archive is judged by its objects.
pub fn check_target(binary: &Binary, target: &GoTarget) -> Vec<Mismatch> {
    let Some(facts) = target.facts() else { return vec![Mismatch::UnknownTarget { target: *target }] };
    // The container of an archive says nothing; its machine does, if it holds an object at all.
    let container = matches!(binary.format, Format::Archive | Format::Coff);
    if !container && !binary.format.is(facts.format) {
        return vec![Mismatch::Format { expected: format_name(facts.format), found: binary.format }];
    }
    if binary.format == Format::FatMachO {
        return match binary.slices.iter().find(|s| s.machine == facts.machine) {
            Some(slice) => check_target(slice, target),
            None => vec![Mismatch::NoSlice {
                expected: target.arch.goarch().to_owned(),
                found: binary.slices.iter().map(|s| s.machine).collect(),
            }],
        };
    }
    let mut out = Vec::new();
    if !container || binary.bits != 0 {
        header(binary, target, facts, &mut out);
    }
    if let Stated::Stated(found) = binary.os
        && !same_os(target.os, found)
    {
        out.push(Mismatch::Os { expected: target.os, found });
    }
    abi(&binary.abi, target, &mut out);
    if let Some(go) = &binary.go {
        build_settings(go, target, &mut out);
    }
    out
}

fn header(binary: &Binary, target: &GoTarget, facts: &TargetFacts, out: &mut Vec<Mismatch>) {
    let same = match facts.machine {
        // The format has no number for it in the table: what its magic means decides.
        0 => binary.arch == Some(target.arch.kind()),
        n => binary.machine == n,
    };
    if !same {
        out.push(Mismatch::Machine {
            expected: target.arch.goarch().to_owned(),
            expected_number: facts.machine,
            found: binary.arch.map(|a| a.goarch().to_owned()),
            found_number: binary.machine,
        });
    }
    if binary.bits != facts.bits {
        out.push(Mismatch::Class { expected: facts.bits, found: binary.bits });
    }
    if binary.endian != facts.endian {
        let (expected, found) = (byte_order(facts.endian), byte_order(binary.endian));
        out.push(Mismatch::ByteOrder { expected, found });
    }
}

/// illumos and Solaris files are the same; Go marks both as Solaris. iOS simulators run as iOS.
fn same_os(target: Os, found: Os) -> bool {
    target == found || matches!((target, found), (Os::Illumos, Os::Solaris) | (Os::Android, Os::Linux))
}

fn abi(abi: &AbiFlags, target: &GoTarget, out: &mut Vec<Mismatch>) {
    let mut contradiction = |fact: AbiFact, expected: &str, found: String| {
        out.push(Mismatch::Abi { fact, expected: expected.to_owned(), found });
    };
    match (abi, target.arch) {
        (AbiFlags::Arm { float, cpu_arch, .. }, Arch::Arm(arm)) => {
            match (float, arm.float()) {
                (Stated::Stated(ArmFloat::Hard), Float::Softfloat) => {
                    contradiction(
                        AbiFact::FloatAbi,
                        "soft (core registers)",
                        "hard (VFP registers)".to_owned(),
                    );
                }
                // The other way round is allowed: `gnueabi` code runs on machines with a VFP.
                (Stated::Stated(_) | Stated::Unstated, _) => {}
            }
            if let Stated::Stated(cpu) = cpu_arch
                && cpu.generation().is_none_or(|g| g > arm.version)
            {
                contradiction(
                    AbiFact::CpuArchitecture,
                    &format!("v{} at most", arm.version),
                    cpu.to_string(),
                );
            }
        }
        (
            AbiFlags::Mips { abi, isa, nan2008, float },
            arch @ (Arch::Mips(f) | Arch::Mipsle(f) | Arch::Mips64(f) | Arch::Mips64le(f)),
        ) => {
            let wide = matches!(arch, Arch::Mips64(_) | Arch::Mips64le(_));
            let expected = if wide { MipsAbi::N64 } else { MipsAbi::O32 };
            if *abi != expected {
                contradiction(AbiFact::CallingConvention, mips_abi(expected), mips_abi(*abi).to_owned());
            }
            if matches!(isa, MipsIsa::Mips32r6 | MipsIsa::Mips64r6) {
                contradiction(AbiFact::InstructionSet, "before release 6", "release 6".to_owned());
            }
            if *nan2008 {
                contradiction(AbiFact::NanEncoding, "legacy", "IEEE 754-2008".to_owned());
            }
            match (float, f) {
                (Stated::Stated(MipsFloat::Soft), Float::Hardfloat) => {
                    contradiction(AbiFact::FloatAbi, "hardfloat", "softfloat".to_owned());
                }
                (Stated::Stated(found), Float::Softfloat) if *found != MipsFloat::Soft => {
                    contradiction(AbiFact::FloatAbi, "softfloat", format!("hardfloat ({found:?})"));
                }
                _ => {}
            }
        }
        (AbiFlags::Riscv { float, .. }, Arch::Riscv64(_)) if *float != RegisterFloat::Double => {
            contradiction(AbiFact::FloatAbi, "double", format!("{float:?}").to_lowercase());
        }
        (AbiFlags::Loong64 { float: Stated::Stated(float) }, Arch::Loong64)
            if *float != RegisterFloat::Double =>
        {
            contradiction(AbiFact::FloatAbi, "double", format!("{float:?}").to_lowercase());
        }
        (AbiFlags::Ppc64 { abi: Stated::Stated(1) }, Arch::Ppc64le(_)) => {
            contradiction(AbiFact::ElfAbiVersion, "2", "1".to_owned());
        }
        (AbiFlags::X86 { needed: Stated::Stated(needed) }, Arch::Amd64(level)) => {
            let (expected, allowed) = match level {
                Amd64::V1 => ("v1", X86Level::V1),
                Amd64::V2 => ("v2", X86Level::V2),
                Amd64::V3 => ("v3", X86Level::V3),
                Amd64::V4 => ("v4", X86Level::V4),
            };
            if let Some(found) = needed.highest().filter(|l| *l > allowed) {
                let expected = format!("x86-64-{expected} at most");
                contradiction(AbiFact::X86Level, &expected, format!("x86-64-{found:?}").to_lowercase());
            }
        }
        _ => {}
    }
}

fn build_settings(go: &GoBuildInfo, target: &GoTarget, out: &mut Vec<Mismatch>) {
    let mut compare = |key: &str, expected: String, same: &dyn Fn(&str) -> bool| {
        if let Some(found) = go.setting(key)
            && !same(found)
        {
            let (key, found) = (key.to_owned(), found.to_owned());
            out.push(Mismatch::BuildSetting { key, expected, found });
        }
    };
    compare("GOOS", target.os.goos().to_owned(), &|found| found == target.os.goos());
    compare("GOARCH", target.arch.goarch().to_owned(), &|found| found == target.arch.goarch());
    if let (Some(key), Some(expected)) = (target.arch.variant_env(), target.arch.variant()) {
        let same = |found: &str| found == expected || same_variant(target.arch, found);
        compare(key, expected.clone(), &same);
    }
}

/// Two spellings of one variant: `7` and `7,hardfloat`, or options in another order.
fn same_variant(arch: Arch, found: &str) -> bool {
    match (arch, arch.kind().with_variant(found)) {
        (Arch::Arm(a), Some(Arch::Arm(b))) => a.version == b.version && a.float() == b.float(),
        (a, Some(b)) => a == b,
        (_, None) => false,
    }
}

fn format_name(format: ObjectFormat) -> String {
    match format {
        ObjectFormat::Elf => Format::Elf,
        ObjectFormat::Pe => Format::Pe,
        ObjectFormat::MachO => Format::MachO,
        ObjectFormat::Xcoff => Format::Xcoff,
        ObjectFormat::Plan9 => Format::Plan9,
        ObjectFormat::Wasm => Format::Wasm,
    }
    .to_string()
}

fn byte_order(endian: Endian) -> String {
    match endian {
        Endian::Little => "little".to_owned(),
        Endian::Big => "big".to_owned(),
    }
}

fn mips_abi(abi: MipsAbi) -> &'static str {
    match abi {
        MipsAbi::O32 => "o32",
        MipsAbi::N32 => "n32",
        MipsAbi::N64 => "n64",
        MipsAbi::O64 => "o64",
        MipsAbi::Eabi32 => "eabi32",
        MipsAbi::Eabi64 => "eabi64",
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mismatch::UnknownTarget { target } => write!(f, "target: Go does not know {target}"),
            Mismatch::Format { expected, found } => write!(f, "format: expected {expected}, found {found}"),
            Mismatch::Machine { expected, expected_number, found, found_number } => {
                write!(f, "machine: expected {expected} ({expected_number:#x}), found ")?;
                write!(
                    f,
                    "{} ({found_number:#x})",
                    found.as_deref().unwrap_or("one that Go does not build for")
                )
            }
            Mismatch::Class { expected, found } => {
                write!(f, "class: expected {expected} bits, found {found} bits")
            }
            Mismatch::ByteOrder { expected, found } => {
                write!(f, "byte order: expected {expected}-endian, found {found}-endian")
            }
            Mismatch::Os { expected, found } => {
                write!(f, "operating system: expected {expected}, found {found}")
            }
            Mismatch::NoSlice { expected, found } => {
                let found: Vec<String> = found.iter().map(|n| format!("{n:#x}")).collect();
                write!(f, "slice: expected one for {expected}, found cputypes {}", found.join(", "))
            }
            Mismatch::Abi { fact, expected, found } => {
                write!(f, "{fact}: expected {expected}, found {found}")
            }
            Mismatch::BuildSetting { key, expected, found } => {
                write!(f, "build setting {key}: expected {expected}, found {found}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::{ArmCpu, MipsAbi};

    /// What a file that states these flags, and nothing else, says against a target.
    fn wrong(machine: u32, bits: u8, abi: AbiFlags, target: &str) -> Vec<String> {
        let binary = Binary { abi, ..Binary::new(Format::Elf, machine, bits, Endian::Little) };
        check_target(&binary, &target.parse().unwrap()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn tag_cpu_arch_against_goarm() {
        // v4T, v5TE, v5TEJ, v6, v6KZ, v6T2, v6K, v7, v7E-M, v8-A, v9-A, and a number that has no name yet.
        for (number, least) in [
            (2, 5),
            (4, 5),
            (5, 5),
            (6, 6),
            (7, 6),
            (8, 6),
            (9, 6),
            (10, 7),
            (13, 7),
            (14, 8),
            (22, 9),
            (99, 9),
        ] {
            for version in [5u8, 6, 7] {
                let cpu_arch = Stated::Stated(ArmCpu(number));
                let abi = AbiFlags::Arm { eabi: 5, float: Stated::Unstated, cpu_arch };
                let found = wrong(40, 32, abi, &format!("linux/arm/v{version}"));
                assert_eq!(found.is_empty(), least <= version, "{number} for v{version}: {found:?}");
            }
        }
        let abi = AbiFlags::Arm { eabi: 5, float: Stated::Unstated, cpu_arch: Stated::Unstated };
        assert!(wrong(40, 32, abi, "linux/arm/v5").is_empty(), "pure Go states nothing (FACTS)");
    }

    #[test]
    fn mips_release_and_nan_mode() {
        let of = |isa, nan2008, abi, bits, target| {
            wrong(8, bits, AbiFlags::Mips { abi, isa, nan2008, float: Stated::Unstated }, target)
        };
        use MipsIsa::{Mips2, Mips3, Mips32, Mips32r2, Mips32r6, Mips64, Mips64r2, Mips64r6, Unknown};
        let release = "instruction set: expected before release 6, found release 6";
        let nan = "NaN encoding: expected legacy, found IEEE 754-2008";
        for (isa, expected) in
            [(Mips3, None), (Mips64, None), (Mips64r2, None), (Unknown, None), (Mips64r6, Some(release))]
        {
            let found = of(isa, false, MipsAbi::N64, 64, "linux/mips64le");
            assert_eq!(found.first().map(String::as_str), expected, "{isa:?}");
        }
        for (isa, expected) in [(Mips2, None), (Mips32, None), (Mips32r2, None), (Mips32r6, Some(release))] {
            let found = of(isa, false, MipsAbi::O32, 32, "linux/mipsle");
            assert_eq!(found.first().map(String::as_str), expected, "{isa:?}");
        }
        assert_eq!(of(Mips64r2, true, MipsAbi::N64, 64, "linux/mips64le"), [nan]);
        assert_eq!(of(Mips32r6, true, MipsAbi::O32, 32, "linux/mipsle/softfloat"), [release, nan]);
    }
}
