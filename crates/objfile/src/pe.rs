//! PE32 and PE32+, and the COFF objects in archives (Microsoft PE/COFF specification).

mod memory;
mod symbols;

use crate::ObjError;
use crate::abi::{AbiFlags, Stated};
use crate::binary::{Binary, FileKind, Format, Linkage, Platform, Section, Version};
use crate::buildinfo::{self, Place};
use crate::image::{Image, Range};
use crate::read::{Source, Table, fixed_str};
use goferry_target::{ArchKind, Endian, Os};
pub(crate) use memory::memory;
pub(crate) use symbols::data_symbols;

const MAX_IMPORTS: u64 = 4096;
const MAX_NAME: u64 = 255;
const COFF_HEADER: u64 = 20;
const SECTION_HEADER: u64 = 40;
const SYMBOL: u64 = 18;
const FILE_DLL: u16 = 0x2000;
const DYNAMIC_BASE: u16 = 0x40;
/// Initialised, readable, writable: what cmd/link makes of Go's data. The alignment bits do not count.
const DATA: u32 = 0xc000_0040;
const ALIGN_BITS: u32 = 0x00f0_0000;
const IMPORT_TABLE: u64 = 1;
const DELAY_IMPORT_TABLE: u64 = 13;

/// The COFF file header.
struct Coff {
    machine: u16,
    section_count: u16,
    symbols: u64,
    symbol_count: u64,
    optional_size: u64,
    characteristics: u16,
}

/// What is needed of the optional header.
struct Optional {
    bits: u8,
    image_base: u64,
    subsystem: u16,
    subsystem_version: (u16, u16),
    dll_characteristics: u16,
    imports: u64,
    delay_imports: u64,
}

struct SectionHeader {
    name: String,
    addr: u64,
    virtual_size: u64,
    offset: u64,
    file_size: u64,
    characteristics: u32,
}

/// The headers of a program.
fn headers(source: Source<'_>) -> Result<(Coff, Optional, Vec<SectionHeader>), ObjError> {
    let field: [u8; 4] = source.array("DOS header", 0x3c)?;
    let at = u64::from(u32::from_le_bytes(field));
    if source.array("PE signature", at)? != *b"PE\0\0" {
        return Err(ObjError::Malformed { what: "PE signature", offset: at });
    }
    let coff = coff(source, at + 4)?;
    let optional_at = at + 4 + COFF_HEADER;
    let optional = optional(source, optional_at, coff.optional_size)?;
    let sections = sections(source, &coff, optional_at + coff.optional_size)?;
    Ok((coff, optional, sections))
}

/// Where the sections' bytes are loaded.
fn ranges(optional: &Optional, sections: &[SectionHeader]) -> Vec<Range> {
    let range = |s: &SectionHeader| Range {
        addr: optional.image_base.wrapping_add(s.addr),
        offset: s.offset,
        len: s.file_size,
    };
    sections.iter().map(range).collect()
}

pub(crate) fn inspect(source: Source<'_>) -> Result<Binary, ObjError> {
    let (coff, optional, sections) = headers(source)?;
    let image = Image::new(source, ranges(&optional, &sections));

    let mut out = Binary::new(Format::Pe, u32::from(coff.machine), optional.bits, Endian::Little);
    out.arch = arch(coff.machine);
    out.os = match optional.subsystem {
        2 | 3 | 5 | 7 => Stated::Stated(Os::Windows),
        _ => Stated::Unstated,
    };
    out.kind = match () {
        () if coff.characteristics & FILE_DLL != 0 => FileKind::SharedLibrary,
        () if optional.dll_characteristics & DYNAMIC_BASE != 0 => FileKind::Pie,
        () => FileKind::Executable,
    };
    // (name at, step): import descriptors have the name's RVA at 12 of 20 bytes, delay descriptors at 4 of 32.
    for (table, name_at, step) in [(optional.imports, 12, 20), (optional.delay_imports, 4, 32)] {
        import_names(source, &image, (optional.image_base, table), (name_at, step), &mut out.needed)?;
    }
    out.linkage = if out.needed.is_empty() { Linkage::Static } else { Linkage::Dynamic };
    if matches!(coff.machine, 0x14c | 0x8664) {
        out.abi = AbiFlags::X86 { needed: Stated::Unstated };
    }
    let (major, minor) = optional.subsystem_version;
    let min_version = Version { major, minor, patch: 0 };
    out.platform = Some(Platform { name: subsystem(optional.subsystem), min_version, sdk: None });
    describe(&mut out, &coff, &sections);
    let data = sections.iter().filter(|s| s.addr != 0 && s.characteristics & !ALIGN_BITS == DATA);
    let parts = data.map(|s| (optional.image_base.wrapping_add(s.addr), s.file_size)).collect();
    out.go = buildinfo::read(&image, &Place::Data(parts))?;
    Ok(out)
}

/// A COFF object; it has no magic but its machine.
pub(crate) fn inspect_object(source: Source<'_>) -> Result<Binary, ObjError> {
    let coff = coff(source, 0)?;
    let Some(arch) = arch(coff.machine) else {
        return Err(ObjError::Unrecognized { magic: source.up_to(0, 16)? });
    };
    let sections = sections(source, &coff, COFF_HEADER + coff.optional_size)?;
    let bits = if matches!(arch, ArchKind::Amd64 | ArchKind::Arm64) { 64 } else { 32 };
    let mut out = Binary::new(Format::Coff, u32::from(coff.machine), bits, Endian::Little);
    out.arch = Some(arch);
    out.os = Stated::Stated(Os::Windows);
    out.kind = FileKind::Object;
    describe(&mut out, &coff, &sections);
    Ok(out)
}

fn describe(out: &mut Binary, coff: &Coff, sections: &[SectionHeader]) {
    out.stripped = coff.symbol_count == 0;
    out.debug_info = sections.iter().any(|s| matches!(&*s.name, ".debug_info" | ".zdebug_info"));
    let size = |s: &SectionHeader| if s.virtual_size == 0 { s.file_size } else { s.virtual_size };
    let facts = sections.iter().map(|s| Section { name: s.name.clone(), size: size(s), addr: s.addr });
    out.sections = facts.collect();
}

fn coff(source: Source<'_>, at: u64) -> Result<Coff, ObjError> {
    let bytes: [u8; COFF_HEADER as usize] = source.array("COFF header", at)?;
    let t = Table::new(&bytes, Endian::Little);
    (|| {
        Some(Coff {
            machine: t.u16(0)?,
            section_count: t.u16(2)?,
            symbols: u64::from(t.u32(8)?),
            symbol_count: u64::from(t.u32(12)?),
            optional_size: u64::from(t.u16(16)?),
            characteristics: t.u16(18)?,
        })
    })()
    .ok_or(ObjError::Malformed { what: "COFF header", offset: at })
}

fn optional(source: Source<'_>, at: u64, size: u64) -> Result<Optional, ObjError> {
    let what = "PE optional header";
    let bytes = source.bytes(what, at, size, u64::from(u16::MAX))?;
    let t = Table::new(&bytes, Endian::Little);
    let read = || {
        let (bits, image_base, directories) = match t.u16(0)? {
            0x10b => (32, u64::from(t.u32(28)?), 96),
            0x20b => (64, t.u64(24)?, 112),
            _ => return None,
        };
        let count = u64::from(t.u32(directories - 4)?);
        let directory = |n: u64| match n < count {
            true => u64::from(t.u32(directories + 8 * n as usize).unwrap_or(0)),
            false => 0,
        };
        Some(Optional {
            bits,
            image_base,
            subsystem: t.u16(68)?,
            subsystem_version: (t.u16(48)?, t.u16(50)?),
            dll_characteristics: t.u16(70)?,
            imports: directory(IMPORT_TABLE),
            delay_imports: directory(DELAY_IMPORT_TABLE),
        })
    };
    read().ok_or(ObjError::Malformed { what, offset: at })
}

fn sections(source: Source<'_>, coff: &Coff, at: u64) -> Result<Vec<SectionHeader>, ObjError> {
    let what = "PE section headers";
    let len = u64::from(coff.section_count) * SECTION_HEADER;
    let bytes = source.bytes(what, at, len, len)?;
    let mut out = Vec::new();
    for entry in bytes.chunks_exact(SECTION_HEADER as usize) {
        let t = Table::new(entry, Endian::Little);
        let word = |at| t.u32(at).map(u64::from);
        let section = (|| {
            Some(SectionHeader {
                name: section_name(source, coff, &entry[..8]),
                virtual_size: word(8)?,
                addr: word(12)?,
                file_size: word(16)?,
                offset: word(20)?,
                characteristics: t.u32(36)?,
            })
        })()
        .ok_or(ObjError::Malformed { what, offset: at })?;
        // Offset 0: all zeros, nothing in the file (.bss).
        if section.offset != 0 {
            source.require("PE section", section.offset, section.file_size)?;
        }
        out.push(section);
    }
    Ok(out)
}

/// `/123` stands for a longer name in the string table behind the symbols.
fn section_name(source: Source<'_>, coff: &Coff, field: &[u8]) -> String {
    let short = fixed_str(field);
    let Some(offset) = short.strip_prefix('/').and_then(|n| n.parse::<u64>().ok()) else { return short };
    let strings = coff.symbols + coff.symbol_count * SYMBOL;
    match source.c_string("PE section name", strings + offset, MAX_NAME) {
        Ok(long) if coff.symbols != 0 => long,
        _ => short,
    }
}

fn import_names(
    source: Source<'_>,
    image: &Image<'_>,
    (base, table): (u64, u64),
    (name_at, step): (usize, u64),
    needed: &mut Vec<String>,
) -> Result<(), ObjError> {
    let what = "PE import table";
    if table == 0 {
        return Ok(());
    }
    let at = |rva: u64| match image.offset(base.wrapping_add(rva)) {
        Some((offset, _)) => Ok(offset),
        None => Err(ObjError::Malformed { what, offset: rva }),
    };
    let start = at(table)?;
    for i in 0..MAX_IMPORTS {
        let entry = source.bytes(what, start + i * step, step, step)?;
        let name = Table::new(&entry, Endian::Little).u32(name_at).unwrap_or(0);
        if name == 0 {
            return Ok(());
        }
        let name = source.c_string(what, at(u64::from(name))?, MAX_NAME)?;
        if !needed.contains(&name) {
            needed.push(name);
        }
    }
    Err(ObjError::TooLarge { what, len: MAX_IMPORTS * step, limit: MAX_IMPORTS * step })
}

fn arch(machine: u16) -> Option<ArchKind> {
    Some(match machine {
        0x14c => ArchKind::I386,
        0x8664 => ArchKind::Amd64,
        0x1c4 => ArchKind::Arm,
        0xaa64 => ArchKind::Arm64,
        _ => return None,
    })
}

fn subsystem(n: u16) -> String {
    match n {
        1 => "windows-native".to_owned(),
        2 => "windows-gui".to_owned(),
        3 => "windows-console".to_owned(),
        10 => "efi-application".to_owned(),
        n => format!("platform-{n}"),
    }
}
