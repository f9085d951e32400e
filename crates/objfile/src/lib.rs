//! What the bytes of a program say: container, machine, ABI, loader, libraries, and what the go command wrote into it.
//!
//! Owns: readers of ELF, PE, Mach-O (thin and fat), wasm, XCOFF, Plan 9 a.out and `ar` archives, of Go build
//! information, and the comparison of a file with a [`goferry_target::GoTarget`].
//! Must not: open files by name, run a program, know what was planned. Bytes come through [`ReadAt`], and only
//! headers and the few tables that are needed are read, so that the size of a file does not matter.

mod abi;
mod archive;
mod binary;
mod buildinfo;
mod check;
mod data;
mod elf;
mod error;
mod image;
mod macho;
pub mod pclntab;
mod pe;
mod plan9;
mod read;
mod segments;
mod wasm;
mod xcoff;

pub use abi::{
    AbiFlags, ArmCpu, ArmFloat, MipsAbi, MipsFloat, MipsIsa, RegisterFloat, Stated, X86Level, X86Levels,
};
pub use binary::{Binary, FileKind, Format, GlibcNeed, GlibcVersion, Linkage, Platform, Section, Version};
pub use buildinfo::{GoBuildInfo, Module};
pub use check::{AbiFact, Mismatch, check_target};
pub use data::{DataSymbol, data_symbols};
pub use error::ObjError;
pub use read::{FileBytes, ReadAt};
pub use segments::{Segment, segments};

use read::Source;

/// Reads what a file is.
///
/// # Errors
/// [`ObjError::Unrecognized`] for a file of no known format, [`ObjError::Truncated`] and [`ObjError::Malformed`] for
/// a damaged one, [`ObjError::Io`] if `bytes` cannot be read.
pub fn inspect(bytes: &dyn ReadAt) -> Result<Binary, ObjError> {
    inspect_source(Source::whole(bytes))
}

/// What an ELF file needs of a newer glibc than `limit`: each symbol version above it with the symbols that ask for it,
/// the highest first. Empty for other files.
///
/// # Errors
/// As [`inspect`].
pub fn glibc_needs_above(bytes: &dyn ReadAt, limit: GlibcVersion) -> Result<Vec<GlibcNeed>, ObjError> {
    let source = Source::whole(bytes);
    match source.up_to(0, 4)?.as_slice() {
        [0x7f, b'E', b'L', b'F'] => elf::glibc_needs_above(source, limit),
        _ => Ok(vec![]),
    }
}

/// Whether a file that begins with these bytes, eight or all of it, may be a program of a format that [`inspect`] knows. Only a
/// first look, so that not every text is read whole: what begins like a program need not be one.
pub fn is_program(head: &[u8]) -> bool {
    !matches!(container(head), None | Some(Container::Archive))
}

/// What a file is by its first bytes.
#[derive(Clone, Copy)]
enum Container {
    Elf,
    Pe,
    MachO,
    FatMachO,
    Wasm,
    Xcoff,
    Plan9,
    Archive,
}

fn container(head: &[u8]) -> Option<Container> {
    Some(match *head {
        [0x7f, b'E', b'L', b'F', ..] => Container::Elf,
        [b'M', b'Z', ..] => Container::Pe,
        [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..] | [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..] => Container::MachO,
        // A Java class file has the same magic; it counts as fat only with a plausible number of slices.
        [0xca, 0xfe, 0xba, 0xbe | 0xbf, 0, 0, 0, n, ..] if n < 43 => Container::FatMachO,
        [0, b'a', b's', b'm', ..] => Container::Wasm,
        [1, 0xdf | 0xf7, ..] => Container::Xcoff,
        [0, 0, 1, 0xeb, ..] | [0, 0, 0x8a, 0x97, ..] | [0, 0, 6, 0x47, ..] => Container::Plan9,
        _ if head.starts_with(b"!<arch>\n") || head.starts_with(b"<bigaf>\n") => Container::Archive,
        _ => return None,
    })
}

fn inspect_source(source: Source<'_>) -> Result<Binary, ObjError> {
    let magic = source.up_to(0, 16)?;
    match container(&magic) {
        Some(Container::Elf) => elf::inspect(source),
        Some(Container::Pe) => pe::inspect(source),
        Some(Container::MachO) => macho::inspect(source),
        Some(Container::FatMachO) => macho::inspect_fat(source),
        Some(Container::Wasm) => wasm::inspect(source),
        Some(Container::Xcoff) => xcoff::inspect(source),
        Some(Container::Plan9) => plan9::inspect(source),
        Some(Container::Archive) => archive::inspect(source),
        None => Err(ObjError::Unrecognized { magic }),
    }
}
