//! The facts of one file, whatever its format.

use crate::{AbiFlags, GoBuildInfo, Stated};
use goferry_target::{ArchKind, Endian, ObjectFormat, Os};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a file is. Serialises with the field names below; enums in kebab-case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binary {
    /// The container.
    pub format: Format,
    /// Machine number of the header: ELF e_machine, PE Machine, Mach-O cputype, the magic of XCOFF and Plan 9;
    /// 0 for wasm and fat Mach-O.
    pub machine: u32,
    /// GOARCH that the header means, if Go has one for it.
    #[serde(with = "arch_name")]
    pub arch: Option<ArchKind>,
    /// Operating system, where the header, a note, a load command or the imports name it.
    pub os: Stated<Os>,
    /// 32 or 64 (width of addresses); 0 for fat Mach-O and for an archive without objects.
    pub bits: u8,
    /// Byte order of the machine.
    #[serde(with = "EndianName")]
    pub endian: Endian,
    /// Program, library or part of one.
    pub kind: FileKind,
    /// The loader that the file asks for: PT_INTERP, LC_LOAD_DYLINKER.
    pub interpreter: Option<String>,
    /// Libraries in the file's order: DT_NEEDED, PE imports, LC_LOAD_DYLIB, XCOFF import files; wasm import modules.
    pub needed: Vec<String>,
    /// Folders that the file itself names for its libraries (DT_RUNPATH, else DT_RPATH), `$ORIGIN` as written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub run_paths: Vec<String>,
    /// The glibc that has every symbol version which the file asks of its libraries (SHT_GNU_verneed).
    pub glibc: Option<GlibcVersion>,
    /// How it is bound to libraries.
    pub linkage: Linkage,
    /// What the file states of its ABI.
    pub abi: AbiFlags,
    /// Least version of the operating system: LC_BUILD_VERSION, LC_VERSION_MIN_*, PE subsystem version.
    pub platform: Option<Platform>,
    /// It has no symbol table (what `-ldflags=-s` and strip remove); imported symbols do not count.
    pub stripped: bool,
    /// It has DWARF (what `-ldflags=-w` removes).
    pub debug_info: bool,
    /// Sections in the file's order; empty if the section headers were removed.
    pub sections: Vec<Section>,
    /// What the go command wrote into it; of a fat Mach-O, that of its first slice.
    pub go: Option<GoBuildInfo>,
    /// The slices of a fat Mach-O; empty otherwise.
    pub slices: Vec<Binary>,
}

impl Binary {
    /// A file of which only the header is known.
    pub(crate) fn new(format: Format, machine: u32, bits: u8, endian: Endian) -> Self {
        Binary {
            format,
            machine,
            arch: None,
            os: Stated::Unstated,
            bits,
            endian,
            kind: FileKind::Executable,
            interpreter: None,
            needed: Vec::new(),
            run_paths: Vec::new(),
            glibc: None,
            linkage: Linkage::Static,
            abi: AbiFlags::None,
            platform: None,
            stripped: true,
            debug_info: false,
            sections: Vec::new(),
            go: None,
            slices: Vec::new(),
        }
    }

    /// The size of the section with this name, if there is one.
    pub fn section_size(&self, name: &str) -> Option<u64> {
        self.sections.iter().find(|s| s.name == name).map(|s| s.size)
    }
}

/// Container format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// ELF: Linux, Android, the BSDs, Solaris, illumos.
    Elf,
    /// PE32 and PE32+: Windows.
    Pe,
    /// Mach-O for one machine.
    MachO,
    /// Mach-O for several; see [`Binary::slices`].
    FatMachO,
    /// WebAssembly module.
    Wasm,
    /// AIX.
    Xcoff,
    /// Plan 9 a.out.
    Plan9,
    /// `ar` archive (`-buildmode=c-archive`).
    Archive,
    /// A COFF object, only found inside archives.
    Coff,
}

impl Format {
    /// Whether executables of `wanted` have this format.
    pub fn is(self, wanted: ObjectFormat) -> bool {
        matches!(
            (self, wanted),
            (Format::Elf, ObjectFormat::Elf)
                | (Format::Pe, ObjectFormat::Pe)
                | (Format::MachO | Format::FatMachO, ObjectFormat::MachO)
                | (Format::Wasm, ObjectFormat::Wasm)
                | (Format::Xcoff, ObjectFormat::Xcoff)
                | (Format::Plan9, ObjectFormat::Plan9)
        )
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Elf => "ELF",
            Format::Pe => "PE",
            Format::MachO => "Mach-O",
            Format::FatMachO => "fat Mach-O",
            Format::Wasm => "wasm",
            Format::Xcoff => "XCOFF",
            Format::Plan9 => "Plan 9 a.out",
            Format::Archive => "ar archive",
            Format::Coff => "COFF",
        })
    }
}

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileKind {
    /// A program at a fixed address (or where the format does not say).
    Executable,
    /// A position-independent program.
    Pie,
    /// A shared library, DLL or plugin.
    SharedLibrary,
    /// An archive of objects.
    Archive,
    /// A relocatable object.
    Object,
}

/// How a program is bound to libraries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Linkage {
    /// No loader, no libraries.
    Static,
    /// Static, and relocates itself.
    StaticPie,
    /// Has a loader or asks for libraries.
    Dynamic,
}

/// A version of the GNU C library as its symbols name it (`GLIBC_2.2.5`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[expect(missing_docs, reason = "parts of a version")]
pub struct GlibcVersion {
    pub major: u16,
    pub minor: u16,
    pub patch: u16,
}

impl GlibcVersion {
    /// Reads `2.17` or `2.2.5`.
    pub fn parse(s: &str) -> Option<Self> {
        let mut parts = s.split('.').map(|p| p.parse::<u16>().ok());
        let version = GlibcVersion {
            major: parts.next()??,
            minor: parts.next()??,
            patch: parts.next().unwrap_or(Some(0))?,
        };
        parts.next().is_none().then_some(version)
    }

    /// The glibc that has a symbol version: of `GLIBC_2.17` 2.17, of `GLIBC_ABI_DT_RELR` 2.36, where it came in (glibc's
    /// NEWS). `GLIBC_PRIVATE` and other libraries' versions have no number.
    pub fn of_symbol_version(name: &str) -> Option<Self> {
        match name.strip_prefix("GLIBC_")? {
            "ABI_DT_RELR" => Some(GlibcVersion { major: 2, minor: 36, patch: 0 }),
            number => GlibcVersion::parse(number),
        }
    }
}

/// One symbol version of glibc that a file needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GlibcNeed {
    /// As it stands in the file: `GLIBC_2.34`.
    pub name: String,
    /// The first glibc that has it.
    pub version: GlibcVersion,
    /// Symbols that ask for it, sorted; empty if the file does not say which.
    pub symbols: Vec<String>,
}

impl fmt::Display for GlibcVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)?;
        if self.patch != 0 { write!(f, ".{}", self.patch) } else { Ok(()) }
    }
}

/// A version of an operating system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[expect(missing_docs, reason = "parts of a version")]
pub struct Version {
    pub major: u16,
    pub minor: u16,
    pub patch: u16,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)?;
        if self.patch != 0 { write!(f, ".{}", self.patch) } else { Ok(()) }
    }
}

/// The system that a Mach-O or PE file asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Platform {
    /// `macos`, `ios`, `ios-simulator`, …; `windows-console`, `windows-gui`, …; `platform-N` if it has no name here.
    pub name: String,
    /// Least version of the system.
    pub min_version: Version,
    /// The SDK's version, Mach-O only.
    pub sdk: Option<Version>,
}

/// One section.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Section {
    /// Its name; Mach-O: `__TEXT,__text`; wasm: `code`, `custom:name`.
    pub name: String,
    /// Bytes in memory (wasm: in the file).
    pub size: u64,
    /// Address in memory; 0 where it is not loaded.
    pub addr: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Endian", rename_all = "kebab-case")]
enum EndianName {
    Little,
    Big,
}

mod arch_name {
    use super::ArchKind;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(arch: &Option<ArchKind>, s: S) -> Result<S::Ok, S::Error> {
        arch.map(ArchKind::goarch).serialize(s)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Option<ArchKind>, D::Error> {
        let name = Option::<String>::deserialize(d)?;
        name.map(|n| {
            ArchKind::from_goarch(&n).ok_or_else(|| serde::de::Error::custom(format!("unknown GOARCH {n:?}")))
        })
        .transpose()
    }
}
