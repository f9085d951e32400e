//! Mach-O, thin and fat (Apple's `mach-o/loader.h` and `mach-o/fat.h`).

mod chains;
mod memory;
mod symbols;

use crate::abi::{AbiFlags, Stated};
use crate::binary::{Binary, FileKind, Format, Linkage, Platform, Section, Version};
use crate::buildinfo::{self, Place};
use crate::image::{Image, Range};
use crate::read::{Source, Table, c_str, fixed_str};
use crate::{ObjError, archive};
use goferry_target::{ArchKind, Endian, Os};
pub(crate) use memory::memory;
pub(crate) use symbols::data_symbols;

const MAX_COMMANDS: u64 = 4 << 20;
const MAX_SECTIONS: usize = 1 << 16;
const MAX_NEEDED: usize = 4096;
const MH_PIE: u32 = 0x0020_0000;
const READ_WRITE: u32 = 3;

/// What the load commands say.
#[derive(Default)]
struct Commands {
    segments: Vec<Segment>,
    sections: Vec<Section>,
    needed: Vec<String>,
    loader: Option<String>,
    platform: Option<(u32, Platform)>,
    symbols: u32,
    /// LC_SYMTAB: offset and number of symbols, offset and size of their names.
    table: Option<(u32, u32, u32, u32)>,
    /// LC_DYLD_CHAINED_FIXUPS: offset and size.
    chains: Option<(u32, u32)>,
}

struct Segment {
    addr: u64,
    offset: u64,
    file_size: u64,
    writable: bool,
    writable_data: bool,
}

/// What the file header says, and the load commands behind it.
struct Header {
    bits: u8,
    endian: Endian,
    machine: u32,
    file_type: u32,
    flags: u32,
    commands: Commands,
}

fn header(source: Source<'_>) -> Result<Header, ObjError> {
    let magic: [u8; 4] = source.array("Mach-O header", 0)?;
    let endian = if magic[0] == 0xfe { Endian::Big } else { Endian::Little };
    let bits = if magic.contains(&0xcf) { 64 } else { 32 };
    let size = if bits == 64 { 32 } else { 28 };
    let bytes = source.bytes("Mach-O header", 0, size, size)?;
    let t = Table::new(&bytes, endian);
    let word = |at| t.u32(at).ok_or(ObjError::Malformed { what: "Mach-O header", offset: 0 });
    let (machine, file_type, count, len, flags) = (word(4)?, word(12)?, word(16)?, word(20)?, word(24)?);
    let bytes = source.bytes("Mach-O load commands", size, u64::from(len), MAX_COMMANDS)?;
    let commands = commands(source, Table::new(&bytes, endian), (bits, size, count))?;
    Ok(Header { bits, endian, machine, file_type, flags, commands })
}

pub(crate) fn inspect(source: Source<'_>) -> Result<Binary, ObjError> {
    let Header { bits, endian, machine, file_type, flags, commands } = header(source)?;
    let mut out = Binary::new(Format::MachO, machine, bits, endian);
    out.arch = arch(machine);
    out.kind = match file_type {
        1 => FileKind::Object,
        2 if flags & MH_PIE != 0 => FileKind::Pie,
        2 => FileKind::Executable,
        6 | 8 => FileKind::SharedLibrary,
        _ => {
            return Err(ObjError::Malformed {
                what: "Mach-O file type (neither program nor library)",
                offset: 12,
            });
        }
    };
    if matches!(machine, 7 | 0x0100_0007) {
        out.abi = AbiFlags::X86 { needed: Stated::Unstated };
    }
    let dynamic = commands.loader.is_some() || !commands.needed.is_empty();
    out.linkage = if dynamic { Linkage::Dynamic } else { Linkage::Static };
    out.stripped = commands.symbols == 0;
    out.debug_info = commands
        .sections
        .iter()
        .any(|s| s.name.ends_with(",__debug_info") || s.name.ends_with(",__zdebug_info"));
    out.go = go(source, &commands)?;
    out.os = commands.platform.as_ref().and_then(|(n, _)| os(*n)).into();
    out.platform = commands.platform.map(|(_, p)| p);
    out.interpreter = commands.loader;
    out.needed = commands.needed;
    out.sections = commands.sections;
    Ok(out)
}

/// The slices of a fat file: where each begins, and its bytes.
pub(crate) fn slices(source: Source<'_>) -> Result<Vec<(u64, Source<'_>)>, ObjError> {
    let what = "fat Mach-O header";
    let head: [u8; 8] = source.array(what, 0)?;
    let wide = head[3] == 0xbf;
    let count = u64::from(head[7]);
    let size = if wide { 32 } else { 20 };
    let table = source.bytes(what, 8, count * size, count * size)?;
    let mut out = Vec::new();
    for entry in table.chunks_exact(size as usize) {
        let t = Table::new(entry, Endian::Big);
        let place = if wide {
            t.u64(8).zip(t.u64(16))
        } else {
            t.u32(8).zip(t.u32(12)).map(|(o, s)| (o.into(), s.into()))
        };
        let (offset, len) = place.ok_or(ObjError::Malformed { what, offset: 8 })?;
        out.push((offset, source.part("slice of a fat Mach-O", offset, len)?));
    }
    Ok(out)
}

pub(crate) fn inspect_fat(source: Source<'_>) -> Result<Binary, ObjError> {
    let what = "fat Mach-O header";
    let mut out = Binary::new(Format::FatMachO, 0, 0, Endian::Little);
    for (offset, slice) in slices(source)? {
        out.slices.push(archive::inspect_member(slice, offset)?);
    }
    let Some(first) = out.slices.first() else { return Err(ObjError::Malformed { what, offset: 4 }) };
    out.os = first.os;
    out.kind = first.kind;
    out.interpreter.clone_from(&first.interpreter);
    out.needed.clone_from(&first.needed);
    out.linkage = first.linkage;
    out.platform.clone_from(&first.platform);
    out.go.clone_from(&first.go);
    out.stripped = out.slices.iter().all(|s| s.stripped);
    out.debug_info = out.slices.iter().any(|s| s.debug_info);
    Ok(out)
}

fn commands(
    source: Source<'_>,
    all: Table<'_>,
    (bits, base, count): (u8, u64, u32),
) -> Result<Commands, ObjError> {
    let mut out = Commands::default();
    let mut at = 0usize;
    for _ in 0..count {
        let malformed = || ObjError::Malformed { what: "Mach-O load command", offset: base + at as u64 };
        let size = all.u32(at + 4).ok_or_else(malformed)? as usize;
        let body = all.bytes.get(at..).and_then(|b| b.get(..size)).filter(|b| b.len() >= 8);
        let body = body.ok_or_else(malformed)?;
        command(source, Table::new(body, all.endian), bits, &mut out)?.ok_or_else(malformed)?;
        at += size;
    }
    Ok(out)
}

/// One load command; none if it is too short for what it is.
fn command(source: Source<'_>, t: Table<'_>, bits: u8, out: &mut Commands) -> Result<Option<()>, ObjError> {
    let text = |t: Table<'_>| {
        t.u32(8).and_then(|at| {
            let tail = t.bytes.get(at as usize..)?;
            Some(c_str(tail, 0).unwrap_or_else(|| fixed_str(tail)))
        })
    };
    let done = match t.u32(0) {
        Some(0x19) if bits == 64 => return segment(source, t, 64, out),
        Some(0x01) if bits == 32 => return segment(source, t, 32, out),
        Some(0x02) => (|| {
            out.table = Some((t.u32(8)?, t.u32(12)?, t.u32(16)?, t.u32(20)?));
            Some(())
        })(),
        // LC_DYSYMTAB: local symbols and those that are defined for others.
        Some(0x0b) => (|| {
            out.symbols = t.u32(12)?.saturating_add(t.u32(20)?);
            Some(())
        })(),
        // LC_LOAD_DYLIB, lazy, weak, re-exported, upward.
        Some(0x0c | 0x20 | 0x8000_0018 | 0x8000_001f | 0x8000_0023) => {
            text(t).filter(|_| out.needed.len() < MAX_NEEDED).map(|name| out.needed.push(name))
        }
        // LC_DYLD_CHAINED_FIXUPS.
        Some(0x8000_0034) => t.u32(8).zip(t.u32(12)).map(|place| out.chains = Some(place)),
        Some(0x0e) => text(t).map(|name| out.loader = Some(name)),
        Some(0x32) => (|| Some((t.u32(8)?, t.u32(12)?, t.u32(16)?)))()
            .map(|(n, min, sdk)| out.platform = Some(platform(n, min, sdk))),
        // LC_VERSION_MIN_MACOSX, IPHONEOS, TVOS, WATCHOS as the platform numbers that LC_BUILD_VERSION has.
        Some(old @ (0x24 | 0x25 | 0x2f | 0x30)) => t.u32(8).zip(t.u32(12)).map(|(min, sdk)| {
            let n = match old {
                0x24 => 1,
                0x25 => 2,
                0x2f => 3,
                _ => 4,
            };
            out.platform = Some(platform(n, min, sdk));
        }),
        _ => Some(()),
    };
    Ok(done)
}

fn segment(source: Source<'_>, t: Table<'_>, bits: u8, out: &mut Commands) -> Result<Option<()>, ObjError> {
    let wide = bits == 64;
    let at = if wide { [24, 40, 48, 56, 60, 64, 72] } else { [24, 32, 36, 40, 44, 48, 56] };
    let read = || {
        let segment = Segment {
            addr: t.word(at[0], bits)?,
            offset: t.word(at[1], bits)?,
            file_size: t.word(at[2], bits)?,
            writable: t.u32(at[3])? & 2 != 0,
            writable_data: t.u32(at[3])? == READ_WRITE && t.u32(at[4])? == READ_WRITE,
        };
        Some((segment, t.u32(at[5])? as usize))
    };
    let Some((segment, count)) = read() else { return Ok(None) };
    source.require("Mach-O segment", segment.offset, segment.file_size)?;
    out.segments.push(segment);
    let size = if wide { 80 } else { 68 };
    let Some(entries) = t.bytes.get(at[6]..).filter(|b| b.len() / size >= count) else { return Ok(None) };
    if out.sections.len() + count > MAX_SECTIONS {
        return Ok(None);
    }
    for entry in entries.chunks_exact(size).take(count) {
        let e = Table::new(entry, t.endian);
        let name = format!("{},{}", fixed_str(&entry[16..32]), fixed_str(&entry[..16]));
        let word = usize::from(bits / 8);
        let (Some(addr), Some(size)) = (e.word(32, bits), e.word(32 + word, bits)) else { return Ok(None) };
        out.sections.push(Section { name, size, addr });
    }
    Ok(Some(()))
}

fn platform(n: u32, min: u32, sdk: u32) -> (u32, Platform) {
    let version =
        |v: u32| Version { major: (v >> 16) as u16, minor: (v >> 8 & 255) as u16, patch: (v & 255) as u16 };
    const NAMES: [&str; 13] = [
        "",
        "macos",
        "ios",
        "tvos",
        "watchos",
        "bridgeos",
        "mac-catalyst",
        "ios-simulator",
        "tvos-simulator",
        "watchos-simulator",
        "driverkit",
        "visionos",
        "visionos-simulator",
    ];
    let known = NAMES.get(n as usize).filter(|name| !name.is_empty());
    let name = known.map_or_else(|| format!("platform-{n}"), |name| (*name).to_owned());
    (n, Platform { name, min_version: version(min), sdk: (sdk != 0).then(|| version(sdk)) })
}

fn os(platform: u32) -> Option<Os> {
    match platform {
        1 => Some(Os::Darwin),
        2 | 7 => Some(Os::Ios),
        _ => None,
    }
}

fn arch(machine: u32) -> Option<ArchKind> {
    Some(match machine {
        7 => ArchKind::I386,
        0x0100_0007 => ArchKind::Amd64,
        12 => ArchKind::Arm,
        0x0100_000c => ArchKind::Arm64,
        _ => return None,
    })
}

fn go(source: Source<'_>, commands: &Commands) -> Result<Option<crate::GoBuildInfo>, ObjError> {
    // __PAGEZERO has no bytes in the file, so it maps nothing.
    let ranges = commands.segments.iter().map(|s| Range { addr: s.addr, offset: s.offset, len: s.file_size });
    let image = Image::new(source, ranges.collect());
    let own = commands.sections.iter().find(|s| s.name.ends_with(",__go_buildinfo"));
    let place = match own {
        Some(s) => Place::Section(s.addr, s.size),
        None => {
            let data = commands.segments.iter().filter(|s| s.writable_data && s.addr != 0);
            Place::Data(data.map(|s| (s.addr, s.file_size)).collect())
        }
    };
    buildinfo::read(&image, &place)
}
