//! What notes and attribute sections say: operating system, ARM and RISC-V attributes, MIPS ABI flags, x86 levels.

use super::{Layout, SectionHeader};
use crate::ObjError;
use crate::abi::{AbiFlags, ArmCpu, ArmFloat, Stated, X86Levels, mips_float};
use crate::read::{Source, Table, c_str, uleb};
use goferry_target::{Endian, Os};

const PT_NOTE: u32 = 4;
/// The first processor-specific kind: MIPS ABI flags and RISC-V attributes both took 0x70000003.
const PT_PROC_3: u32 = 0x7000_0003;
const SHT_NOTE: u32 = 7;
const NT_GNU_ABI_TAG: u32 = 1;
const NT_GNU_PROPERTY_TYPE_0: u32 = 5;
const X86_ISA_1_NEEDED: u32 = 0xc000_8002;

const MAX_NOTES: u64 = 1 << 20;
const MAX_ATTRIBUTES: u64 = 1 << 20;

/// What the notes say.
#[derive(Default)]
pub(super) struct Notes {
    pub(super) os: Stated<Os>,
    x86_needed: Stated<X86Levels>,
}

/// Reads PT_NOTE segments, or in an object SHT_NOTE sections. A note that makes no sense is passed over: notes are
/// for whoever knows them.
pub(super) fn notes(source: Source<'_>, layout: &Layout<'_>) -> Result<Notes, ObjError> {
    let mut out = Notes::default();
    let segments = layout.segments.iter().filter(|s| s.kind == PT_NOTE).map(|s| (s.offset, s.file_size));
    let mut places: Vec<_> = segments.collect();
    if places.is_empty() {
        let sections = layout.sections.iter().filter(|s| s.kind == SHT_NOTE);
        places = sections.map(|s| (s.offset, s.size)).collect();
    }
    let mut left = MAX_NOTES;
    for (offset, size) in places {
        // Build ids and properties are small; what a core dump or a huge SDT table would add is not needed.
        let size = size.min(left);
        left -= size;
        let bytes = source.up_to(offset, size)?;
        each_note(&bytes, layout.header.endian, |name, kind, desc| {
            out.os = out.os.or(os_of_note(name, kind, desc, layout.header.endian));
            if name == b"GNU" && kind == NT_GNU_PROPERTY_TYPE_0 {
                let align = usize::from(layout.header.bits / 8);
                let needed = property(desc, layout.header.endian, align, X86_ISA_1_NEEDED);
                out.x86_needed = out.x86_needed.or(needed.map(X86Levels).into());
            }
        });
    }
    Ok(out)
}

fn each_note(bytes: &[u8], endian: Endian, mut visit: impl FnMut(&[u8], u32, &[u8])) {
    let t = Table::new(bytes, endian);
    let mut at = 0usize;
    while let (Some(name_len), Some(desc_len), Some(kind)) = (t.u32(at), t.u32(at + 4), t.u32(at + 8)) {
        let padded = |n: u32| (n as usize).checked_next_multiple_of(4);
        let (Some(name_room), Some(desc_room)) = (padded(name_len), padded(desc_len)) else { return };
        let name = bytes.get(at + 12..).and_then(|b| b.get(..name_len as usize));
        let start = (at + 12).saturating_add(name_room);
        let desc = bytes.get(start..).and_then(|b| b.get(..desc_len as usize));
        let (Some(name), Some(desc)) = (name, desc) else { return };
        visit(name.strip_suffix(b"\0").unwrap_or(name), kind, desc);
        // A property note in 64-bit files is padded to 8, but then so is its length.
        at = start.saturating_add(desc_room);
    }
}

fn os_of_note(name: &[u8], kind: u32, desc: &[u8], endian: Endian) -> Stated<Os> {
    Stated::Stated(match (name, kind) {
        (b"Android", 1) => Os::Android,
        (b"FreeBSD", 1) => Os::Freebsd,
        (b"NetBSD", 1) => Os::Netbsd,
        (b"OpenBSD", 1) => Os::Openbsd,
        (b"DragonFly", 1) => Os::Dragonfly,
        (b"GNU", NT_GNU_ABI_TAG) => match Table::new(desc, endian).u32(0) {
            Some(0) => Os::Linux,
            _ => return Stated::Unstated,
        },
        _ => return Stated::Unstated,
    })
}

/// The 32-bit value of one property (gABI extension "program property").
fn property(desc: &[u8], endian: Endian, align: usize, wanted: u32) -> Option<u32> {
    let t = Table::new(desc, endian);
    let mut at = 0usize;
    loop {
        let (kind, len) = (t.u32(at)?, t.u32(at + 4)?);
        if kind == wanted {
            return t.u32(at + 8);
        }
        at = (at + 8).checked_add((len as usize).checked_next_multiple_of(align)?)?;
    }
}

/// Adds to what e_flags said.
pub(super) fn add_attributes(
    source: Source<'_>,
    layout: &Layout<'_>,
    notes: &Notes,
    abi: &mut AbiFlags,
) -> Result<(), ObjError> {
    let endian = layout.header.endian;
    match abi {
        AbiFlags::X86 { needed } => *needed = notes.x86_needed,
        AbiFlags::Arm { float, cpu_arch, .. } => {
            let bytes = section(source, layout.section(".ARM.attributes"))?;
            *float = float.or(match attribute(&bytes, endian, "aeabi", 28) {
                Some(Attribute::Number(0)) => Stated::Stated(ArmFloat::Soft),
                Some(Attribute::Number(1)) => Stated::Stated(ArmFloat::Hard),
                Some(Attribute::Number(3)) => Stated::Stated(ArmFloat::Both),
                _ => Stated::Unstated,
            });
            if let Some(Attribute::Number(n)) = attribute(&bytes, endian, "aeabi", 6) {
                *cpu_arch = Stated::Stated(ArmCpu(u32::try_from(n).unwrap_or(u32::MAX)));
            }
        }
        AbiFlags::Mips { float, .. } => {
            let flags = processor_table(source, layout, ".MIPS.abiflags")?;
            let fp_abi = flags.get(7).map_or(0, |&b| u32::from(b));
            let bytes = section(source, layout.section(".gnu.attributes"))?;
            *float = mips_float(fp_abi).or(match attribute(&bytes, endian, "gnu", 4) {
                Some(Attribute::Number(n)) => mips_float(u32::try_from(n).unwrap_or(0)),
                _ => Stated::Unstated,
            });
        }
        AbiFlags::Riscv { isa, .. } => {
            let bytes = processor_table(source, layout, ".riscv.attributes")?;
            if let Some(Attribute::Text(text)) = attribute(&bytes, endian, "riscv", 5) {
                *isa = Stated::Stated(text);
            }
        }
        AbiFlags::None | AbiFlags::Ppc64 { .. } | AbiFlags::Loong64 { .. } => {}
    }
    Ok(())
}

fn section(source: Source<'_>, section: Option<&SectionHeader>) -> Result<Vec<u8>, ObjError> {
    let Some(s) = section else { return Ok(Vec::new()) };
    source.bytes("ELF attributes", s.offset, s.size, MAX_ATTRIBUTES)
}

/// A table that has a segment of its own, so that it survives the loss of section headers.
fn processor_table(source: Source<'_>, layout: &Layout<'_>, name: &str) -> Result<Vec<u8>, ObjError> {
    match layout.segment(PT_PROC_3) {
        Some(s) => source.bytes("ELF attributes", s.offset, s.file_size, MAX_ATTRIBUTES),
        None => section(source, layout.section(name)),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Attribute {
    Number(u64),
    Text(String),
}

/// The value of a tag that holds for the whole file, in a vendor's subsection (Addenda to the ARM ABI, "build
/// attributes"; RISC-V and GNU took the form over).
fn attribute(bytes: &[u8], endian: Endian, vendor: &str, wanted: u64) -> Option<Attribute> {
    let mut rest = bytes.strip_prefix(b"A")?;
    while let Some(len) = Table::new(rest, endian).u32(0) {
        let subsection = rest.get(4..len as usize)?;
        if c_str(subsection, 0).as_deref() == Some(vendor) {
            let found = in_subsection(subsection.get(vendor.len() + 1..)?, endian, vendor, wanted);
            if found.is_some() {
                return found;
            }
        }
        rest = rest.get(len as usize..)?;
    }
    None
}

fn in_subsection(mut rest: &[u8], endian: Endian, vendor: &str, wanted: u64) -> Option<Attribute> {
    loop {
        let mut at = 0;
        let scope = uleb(rest, &mut at)?;
        let len = Table::new(rest, endian).u32(at)? as usize;
        let mut body = rest.get(at + 4..len)?;
        while scope == 1 && !body.is_empty() {
            let mut at = 0;
            let tag = uleb(body, &mut at)?;
            let value = value(body, &mut at, vendor, tag)?;
            if tag == wanted {
                return Some(value);
            }
            body = body.get(at..)?;
        }
        rest = rest.get(len..)?;
    }
}

/// Odd tags are text, even ones numbers, but for some of ARM's below 32 (all numbers except CPU names) and tag 32,
/// which is both.
fn value(body: &[u8], at: &mut usize, vendor: &str, tag: u64) -> Option<Attribute> {
    if tag == 32 {
        uleb(body, at)?;
    }
    let text = match tag {
        4 | 5 if vendor == "aeabi" => true,
        0..32 if vendor == "aeabi" => false,
        32 => true,
        _ => tag % 2 == 1,
    };
    if !text {
        return uleb(body, at).map(Attribute::Number);
    }
    let rest = body.get(*at..)?;
    let end = rest.iter().position(|&b| b == 0)?;
    *at += end + 1;
    Some(Attribute::Text(String::from_utf8_lossy(&rest[..end]).into_owned()))
}
