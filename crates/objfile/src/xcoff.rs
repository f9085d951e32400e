//! XCOFF, both classes (AIX files reference, "XCOFF object file format").

use crate::ObjError;
use crate::abi::Stated;
use crate::binary::{Binary, FileKind, Format, Linkage, Section};
use crate::buildinfo::{self, Place};
use crate::image::{Image, Range};
use crate::read::{Source, Table, c_str, fixed_str};
use goferry_target::{ArchKind, Endian, Os};

const MAX_LOADER: u64 = 16 << 20;
const MAX_NEEDED: u32 = 4096;
const F_EXEC: u16 = 0x0002;
const F_SHROBJ: u16 = 0x2000;
const STYP_DWARF: u32 = 0x10;
const STYP_DATA: u32 = 0x40;
const STYP_LOADER: u32 = 0x1000;

struct SectionHeader {
    name: String,
    kind: u32,
    addr: u64,
    offset: u64,
    size: u64,
}

pub(crate) fn inspect(source: Source<'_>) -> Result<Binary, ObjError> {
    let what = "XCOFF header";
    let bytes = source.up_to(0, 24)?;
    let t = Table::new(&bytes, Endian::Big);
    let wide = t.u16(0) == Some(0x1f7);
    let bits = if wide { 64 } else { 32 };
    let malformed = || ObjError::Malformed { what, offset: 0 };
    let half = |at| t.u16(at).ok_or_else(malformed);
    let (count, optional, flags) = (half(2)?, half(16)?, half(18)?);
    let symbols = t.u32(if wide { 20 } else { 12 }).ok_or_else(malformed)?;
    let start = u64::from(optional) + if wide { 24 } else { 20 };
    let sections = sections(source, (start, count), bits)?;

    let mut out = Binary::new(Format::Xcoff, if wide { 0x1f7 } else { 0x1df }, bits, Endian::Big);
    out.arch = wide.then_some(ArchKind::Ppc64);
    out.os = Stated::Stated(Os::Aix);
    out.kind = match flags {
        f if f & F_SHROBJ != 0 => FileKind::SharedLibrary,
        f if f & F_EXEC != 0 => FileKind::Executable,
        _ => FileKind::Object,
    };
    if let Some(loader) = sections.iter().find(|s| s.kind == STYP_LOADER) {
        out.needed = imports(source, loader, bits)?;
    }
    out.linkage = if out.needed.is_empty() { Linkage::Static } else { Linkage::Dynamic };
    out.stripped = symbols == 0;
    out.debug_info = sections.iter().any(|s| s.kind == STYP_DWARF);
    // Sections of the same address overlap only where one is not loaded; .data alone is searched.
    let data: Vec<_> = sections.iter().filter(|s| s.kind == STYP_DATA && s.offset != 0).collect();
    let ranges = data.iter().map(|s| Range { addr: s.addr, offset: s.offset, len: s.size }).collect();
    let parts = data.iter().map(|s| (s.addr, s.size)).collect();
    out.go = buildinfo::read(&Image::new(source, ranges), &Place::Data(parts))?;
    out.sections =
        sections.into_iter().map(|s| Section { name: s.name, size: s.size, addr: s.addr }).collect();
    Ok(out)
}

fn sections(
    source: Source<'_>,
    (start, count): (u64, u16),
    bits: u8,
) -> Result<Vec<SectionHeader>, ObjError> {
    let what = "XCOFF section headers";
    let (size, at) = if bits == 64 { (72, [16, 24, 32, 64]) } else { (40, [12, 16, 20, 36]) };
    let len = u64::from(count) * size;
    let bytes = source.bytes(what, start, len, len)?;
    let mut out = Vec::new();
    for entry in bytes.chunks_exact(size as usize) {
        let t = Table::new(entry, Endian::Big);
        let section = (|| {
            Some(SectionHeader {
                name: fixed_str(&entry[..8]),
                addr: t.word(at[0], bits)?,
                size: t.word(at[1], bits)?,
                offset: t.word(at[2], bits)?,
                // The upper half is DWARF's subtype.
                kind: t.u32(at[3])? & 0xffff,
            })
        })()
        .ok_or(ObjError::Malformed { what, offset: start })?;
        // .bss and .tbss have no offset.
        if section.offset != 0 {
            source.require("XCOFF section", section.offset, section.size)?;
        }
        out.push(section);
    }
    Ok(out)
}

/// Import file ids: path, file and member of each, all zero-terminated; the first is the search path.
fn imports(source: Source<'_>, loader: &SectionHeader, bits: u8) -> Result<Vec<String>, ObjError> {
    let what = "XCOFF import files";
    let malformed = || ObjError::Malformed { what, offset: loader.offset };
    let head = source.up_to(loader.offset, 56)?;
    let t = Table::new(&head, Endian::Big);
    let offset = if bits == 64 { t.u64(24) } else { t.u32(20).map(u64::from) };
    let (Some(len), Some(count), Some(offset)) = (t.u32(12), t.u32(16), offset) else {
        return Err(malformed());
    };
    if count > MAX_NEEDED {
        return Err(malformed());
    }
    let start = loader.offset.checked_add(offset).ok_or_else(malformed)?;
    let bytes = source.bytes(what, start, u64::from(len), MAX_LOADER)?;
    let mut out = Vec::new();
    let mut at = 0;
    for i in 0..count {
        let mut field = || {
            let s = c_str(&bytes, at)?;
            at += bytes[at..].iter().position(|&b| b == 0)? + 1;
            Some(s)
        };
        let (Some(_path), Some(file), Some(member)) = (field(), field(), field()) else {
            return Err(malformed());
        };
        if i > 0 {
            out.push(if member.is_empty() { file } else { format!("{file}({member})") });
        }
    }
    Ok(out)
}
