//! ELF, both classes and byte orders (gABI; e_machine numbers from its registry).
//!
//! Owns: headers, sections and segments; [`dynamic`] reads the dynamic section, [`stated`] ABI notes and attributes,
//! [`mod@memory`] what the loader would make of it.
//! Works without section headers: all but names, symbols and debug information comes from program headers.

mod dynamic;
mod memory;
mod stated;
mod symbols;

use crate::abi::{self, Stated};
use crate::binary::{Binary, FileKind, Format, GlibcNeed, GlibcVersion, Linkage, Section};
use crate::buildinfo::{self, Place};
use crate::image::{Image, Range};
use crate::read::{Source, Table, name_at};
use crate::{ObjError, Stated::Unstated};
use dynamic::Dynamic;
use goferry_target::{ArchKind, Endian, Os};
pub(crate) use memory::memory;
pub(crate) use symbols::data_symbols;

const MAX_TABLE: u64 = 8 << 20;
const MAX_PATH: u64 = 4096;

const SHT_SYMTAB: u32 = 2;
const SHT_NOBITS: u32 = 8;
const PT_LOAD: u32 = 1;
const PT_INTERP: u32 = 3;
const PF_X: u32 = 1;
const PF_W: u32 = 2;

/// The file header.
#[derive(Clone, Copy)]
struct Header {
    bits: u8,
    endian: Endian,
    os_abi: u8,
    file_type: u16,
    machine: u32,
    flags: u32,
    segments: u64,
    segment_count: u64,
    segment_size: u64,
    sections: u64,
    section_count: u64,
    section_size: u64,
    names: u64,
}

/// A program header.
#[derive(Clone, Copy)]
struct Segment {
    kind: u32,
    flags: u32,
    offset: u64,
    addr: u64,
    file_size: u64,
}

/// A section header with its name.
struct SectionHeader {
    name: String,
    kind: u32,
    addr: u64,
    offset: u64,
    size: u64,
    /// Of a symbol table: the section of its names.
    link: u32,
}

/// All that the headers say.
struct Layout<'a> {
    header: Header,
    segments: Vec<Segment>,
    sections: Vec<SectionHeader>,
    image: Image<'a>,
}

impl Layout<'_> {
    fn section(&self, name: &str) -> Option<&SectionHeader> {
        self.sections.iter().find(|s| s.name == name && s.kind != SHT_NOBITS)
    }

    fn segment(&self, kind: u32) -> Option<&Segment> {
        self.segments.iter().find(|s| s.kind == kind)
    }
}

fn layout(source: Source<'_>) -> Result<Layout<'_>, ObjError> {
    let header = header(source)?;
    let segments = segments(source, &header)?;
    let sections = sections(source, &header)?;
    let loads = segments.iter().filter(|s| s.kind == PT_LOAD);
    let ranges = loads.map(|s| Range { addr: s.addr, offset: s.offset, len: s.file_size }).collect();
    Ok(Layout { header, segments, sections, image: Image::new(source, ranges) })
}

/// As [`crate::segments()`].
pub(crate) fn segments_of(source: Source<'_>) -> Result<Vec<crate::Segment>, ObjError> {
    let header = header(source)?;
    let loaded = segments(source, &header)?.into_iter().filter(|s| s.kind == PT_LOAD);
    let segment = |s: Segment| crate::Segment {
        addr: s.addr,
        offset: s.offset,
        size: s.file_size,
        executable: s.flags & PF_X != 0,
    };
    Ok(loaded.map(segment).collect())
}

/// As [`crate::glibc_needs_above`].
pub(crate) fn glibc_needs_above(source: Source<'_>, limit: GlibcVersion) -> Result<Vec<GlibcNeed>, ObjError> {
    dynamic::versions_above(source, &layout(source)?, limit)
}

pub(crate) fn inspect(source: Source<'_>) -> Result<Binary, ObjError> {
    let layout = layout(source)?;
    let header = layout.header;
    let mut out = Binary::new(Format::Elf, header.machine, header.bits, header.endian);
    out.arch = arch(&header);
    out.interpreter = interpreter(source, &layout)?;
    let dynamic = dynamic::read(source, &layout)?;
    out.kind = kind(&header, &out.interpreter, &dynamic)?;
    out.linkage = linkage(out.kind, &out.interpreter, &dynamic);
    out.needed = dynamic.needed;
    out.run_paths = dynamic.run_paths;
    out.glibc = dynamic.glibc;
    out.abi = abi::from_elf_flags(header.machine, header.flags, header.bits);
    let notes = stated::notes(source, &layout)?;
    stated::add_attributes(source, &layout, &notes, &mut out.abi)?;
    out.os = notes.os.or(os_of_header(header.os_abi)).or(os_of_loader(out.interpreter.as_deref()));
    out.stripped = !layout.sections.iter().any(|s| s.kind == SHT_SYMTAB);
    out.debug_info = layout.sections.iter().any(|s| matches!(&*s.name, ".debug_info" | ".zdebug_info"));
    out.go = go(source, &layout)?;
    let named = layout.sections.into_iter().filter(|s| s.kind != 0);
    out.sections = named.map(|s| Section { name: s.name, size: s.size, addr: s.addr }).collect();
    Ok(out)
}

fn header(source: Source<'_>) -> Result<Header, ObjError> {
    let ident: [u8; 16] = source.array("ELF identification", 0)?;
    let bits = match ident[4] {
        1 => 32,
        2 => 64,
        _ => return Err(ObjError::Malformed { what: "ELF class", offset: 4 }),
    };
    let endian = match ident[5] {
        1 => Endian::Little,
        2 => Endian::Big,
        _ => return Err(ObjError::Malformed { what: "ELF byte order", offset: 5 }),
    };
    let wide = bits == 64;
    let size = if wide { 64 } else { 52 };
    let bytes = source.bytes("ELF header", 0, size, size)?;
    let t = Table::new(&bytes, endian);
    let read = || {
        // Where e_entry, e_phoff and e_shoff (each a word) end, everything has the same order again.
        let tail = if wide { 48 } else { 36 };
        Some(Header {
            bits,
            endian,
            os_abi: ident[7],
            file_type: t.u16(16)?,
            machine: u32::from(t.u16(18)?),
            segments: t.word(if wide { 32 } else { 28 }, bits)?,
            sections: t.word(if wide { 40 } else { 32 }, bits)?,
            flags: t.u32(tail)?,
            segment_size: u64::from(t.u16(tail + 6)?),
            segment_count: u64::from(t.u16(tail + 8)?),
            section_size: u64::from(t.u16(tail + 10)?),
            section_count: u64::from(t.u16(tail + 12)?),
            names: u64::from(t.u16(tail + 14)?),
        })
    };
    let mut header = read().ok_or(ObjError::Malformed { what: "ELF header", offset: 0 })?;
    large_counts(source, &mut header)?;
    Ok(header)
}

/// Counts that do not fit the header stand in section 0 (gABI, "extended numbering").
fn large_counts(source: Source<'_>, header: &mut Header) -> Result<(), ObjError> {
    if header.sections == 0 {
        header.section_count = 0;
        return Ok(());
    }
    if header.section_count != 0 && header.names != 0xffff && header.segment_count != 0xffff {
        return Ok(());
    }
    let wide = header.bits == 64;
    let size = if wide { 64 } else { 40 };
    let bytes = source.bytes("ELF section header 0", header.sections, size, size)?;
    let t = Table::new(&bytes, header.endian);
    let malformed = ObjError::Malformed { what: "ELF section header 0", offset: header.sections };
    let at = if wide { (32, 40, 44) } else { (20, 24, 28) };
    let (Some(size), Some(link), Some(info)) = (t.word(at.0, header.bits), t.u32(at.1), t.u32(at.2)) else {
        return Err(malformed);
    };
    if header.section_count == 0 {
        header.section_count = size;
    }
    if header.names == 0xffff {
        header.names = u64::from(link);
    }
    if header.segment_count == 0xffff {
        header.segment_count = u64::from(info);
    }
    Ok(())
}

/// A header table: `count` entries of `size` bytes.
fn entries(
    source: Source<'_>,
    what: &'static str,
    (offset, count, size): (u64, u64, u64),
    least: u64,
) -> Result<Vec<u8>, ObjError> {
    if count == 0 {
        return Ok(Vec::new());
    }
    match count.checked_mul(size) {
        Some(len) if size >= least => source.bytes(what, offset, len, MAX_TABLE),
        _ => Err(ObjError::Malformed { what, offset }),
    }
}

fn segments(source: Source<'_>, h: &Header) -> Result<Vec<Segment>, ObjError> {
    let what = "ELF program headers";
    let wide = h.bits == 64;
    let place = (h.segments, h.segment_count, h.segment_size);
    let bytes = entries(source, what, place, if wide { 56 } else { 32 })?;
    let mut out = Vec::new();
    for entry in bytes.chunks_exact(h.segment_size.max(1) as usize) {
        let t = Table::new(entry, h.endian);
        let at = if wide { [4, 8, 16, 32] } else { [24, 4, 8, 16] };
        let segment = (|| {
            Some(Segment {
                kind: t.u32(0)?,
                flags: t.u32(at[0])?,
                offset: t.word(at[1], h.bits)?,
                addr: t.word(at[2], h.bits)?,
                file_size: t.word(at[3], h.bits)?,
            })
        })()
        .ok_or(ObjError::Malformed { what, offset: h.segments })?;
        if segment.kind != 0 && segment.file_size > 0 {
            source.require("ELF segment", segment.offset, segment.file_size)?;
        }
        out.push(segment);
    }
    Ok(out)
}

fn sections(source: Source<'_>, h: &Header) -> Result<Vec<SectionHeader>, ObjError> {
    let what = "ELF section headers";
    let wide = h.bits == 64;
    let place = (h.sections, h.section_count, h.section_size);
    let bytes = entries(source, what, place, if wide { 64 } else { 40 })?;
    let mut out = Vec::new();
    let mut name_offsets = Vec::new();
    for entry in bytes.chunks_exact(h.section_size.max(1) as usize) {
        let t = Table::new(entry, h.endian);
        let at = if wide { [16, 24, 32, 40] } else { [12, 16, 20, 24] };
        let section = (|| {
            name_offsets.push(t.u32(0)? as usize);
            Some(SectionHeader {
                name: String::new(),
                kind: t.u32(4)?,
                addr: t.word(at[0], h.bits)?,
                offset: t.word(at[1], h.bits)?,
                size: t.word(at[2], h.bits)?,
                link: t.u32(at[3])?,
            })
        })()
        .ok_or(ObjError::Malformed { what, offset: h.sections })?;
        if section.kind != 0 && section.kind != SHT_NOBITS && section.size > 0 {
            source.require("ELF section", section.offset, section.size)?;
        }
        out.push(section);
    }
    // Index 0 means that there are no names (gABI, SHN_UNDEF).
    if h.names != 0 && !out.is_empty() {
        let table = usize::try_from(h.names).ok().and_then(|i| out.get(i));
        let table =
            table.ok_or(ObjError::Malformed { what: "ELF section name index", offset: h.sections })?;
        let names = source.bytes("ELF section names", table.offset, table.size, MAX_TABLE)?;
        for (section, at) in out.iter_mut().zip(name_offsets) {
            section.name = name_at(&names, at).unwrap_or_default();
        }
    }
    Ok(out)
}

fn arch(h: &Header) -> Option<ArchKind> {
    use Endian::{Big, Little};
    Some(match (h.machine, h.bits, h.endian) {
        (3, 32, Little) => ArchKind::I386,
        (62, 64, Little) => ArchKind::Amd64,
        (40, 32, Little) => ArchKind::Arm,
        (183, 64, Little) => ArchKind::Arm64,
        (258, 64, Little) => ArchKind::Loong64,
        (8, 32, Big) => ArchKind::Mips,
        (8, 32, Little) => ArchKind::Mipsle,
        (8, 64, Big) => ArchKind::Mips64,
        (8, 64, Little) => ArchKind::Mips64le,
        (21, 64, Big) => ArchKind::Ppc64,
        (21, 64, Little) => ArchKind::Ppc64le,
        (243, 64, Little) => ArchKind::Riscv64,
        (22, 64, Big) => ArchKind::S390x,
        _ => return None,
    })
}

fn interpreter(source: Source<'_>, layout: &Layout<'_>) -> Result<Option<String>, ObjError> {
    let Some(s) = layout.segment(PT_INTERP) else { return Ok(None) };
    let path = source.c_string("ELF interpreter", s.offset, s.file_size.min(MAX_PATH))?;
    Ok(Some(path))
}

fn kind(h: &Header, interpreter: &Option<String>, dynamic: &Dynamic) -> Result<FileKind, ObjError> {
    Ok(match h.file_type {
        1 => FileKind::Object,
        2 => FileKind::Executable,
        // The C library is a shared library and has an interpreter: its own name tells.
        3 if dynamic.pie || (interpreter.is_some() && !dynamic.has_name) => FileKind::Pie,
        3 => FileKind::SharedLibrary,
        _ => {
            return Err(ObjError::Malformed {
                what: "ELF file type (neither program nor library)",
                offset: 16,
            });
        }
    })
}

fn linkage(kind: FileKind, interpreter: &Option<String>, dynamic: &Dynamic) -> Linkage {
    if interpreter.is_some() || !dynamic.needed.is_empty() || kind == FileKind::SharedLibrary {
        Linkage::Dynamic
    } else if kind == FileKind::Pie {
        Linkage::StaticPie
    } else {
        Linkage::Static
    }
}

/// EI_OSABI. 6 is Solaris and illumos alike.
fn os_of_header(os_abi: u8) -> Stated<Os> {
    Stated::Stated(match os_abi {
        2 => Os::Netbsd,
        3 => Os::Linux,
        6 => Os::Solaris,
        9 => Os::Freebsd,
        12 => Os::Openbsd,
        _ => return Unstated,
    })
}

/// Loaders whose path only one system has (`cmd/link` and each system's ld).
fn os_of_loader(path: Option<&str>) -> Stated<Os> {
    let Some(path) = path else { return Unstated };
    Stated::Stated(match path {
        "/system/bin/linker" | "/system/bin/linker64" => Os::Android,
        "/usr/libexec/ld-elf.so.2" => Os::Dragonfly,
        "/libexec/ld-elf.so.1" | "/usr/libexec/ld-elf.so.1" => Os::Freebsd,
        "/libexec/ld.elf_so" | "/usr/libexec/ld.elf_so" => Os::Netbsd,
        "/usr/libexec/ld.so" => Os::Openbsd,
        _ if path.starts_with("/lib/ld-linux")
            || path.starts_with("/lib64/ld-linux")
            || path.starts_with("/lib/ld-musl-") =>
        {
            Os::Linux
        }
        _ => return Unstated,
    })
}

fn go(source: Source<'_>, layout: &Layout<'_>) -> Result<Option<crate::GoBuildInfo>, ObjError> {
    if let Some(s) = layout.section(".go.buildinfo") {
        if layout.segments.is_empty() {
            // An object has no memory yet: its section stands alone.
            let image = Image::new(source, vec![Range { addr: 0, offset: s.offset, len: s.size }]);
            return buildinfo::read(&image, &Place::Section(0, s.size));
        }
        return buildinfo::read(&layout.image, &Place::Section(s.addr, s.size));
    }
    let data = |writable: bool| {
        let loads = layout.segments.iter().filter(move |s| s.kind == PT_LOAD);
        let flags = if writable { PF_W } else { 0 };
        loads.filter(move |s| s.flags & (PF_X | PF_W) == flags).map(|s| (s.addr, s.file_size))
    };
    let mut parts: Vec<_> = data(true).collect();
    if layout.sections.is_empty() {
        parts.extend(data(false));
    }
    buildinfo::read(&layout.image, &Place::Data(parts))
}
