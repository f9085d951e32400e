//! Plan 9 a.out (Plan 9 manual, a.out(6); Go's debug/plan9obj).

use crate::ObjError;
use crate::abi::Stated;
use crate::binary::{Binary, Format, Section};
use crate::buildinfo::{self, Place};
use crate::image::{Image, Range};
use crate::read::{Source, Table};
use goferry_target::{ArchKind, Endian, Os};

/// Bit of the magic: the header is eight bytes longer.
const LONG_HEADER: u32 = 0x8000;

pub(crate) fn inspect(source: Source<'_>) -> Result<Binary, ObjError> {
    let what = "Plan 9 header";
    let bytes: [u8; 32] = source.array(what, 0)?;
    // The header is big-endian on every machine.
    let t = Table::new(&bytes, Endian::Big);
    let word = |at| t.u32(at).ok_or(ObjError::Malformed { what, offset: 0 });
    let magic = word(0)?;
    let (arch, bits, load, page) = match magic {
        0x1eb => (ArchKind::I386, 32, 0x1000, 0x1000),
        0x8a97 => (ArchKind::Amd64, 64, 0x20_0000, 0x20_0000),
        0x647 => (ArchKind::Arm, 32, 0x1000, 0x1000),
        _ => return Err(ObjError::Unrecognized { magic: bytes.to_vec() }),
    };
    let header = if magic & LONG_HEADER != 0 { 40 } else { 32 };
    let sizes = [
        ("text", word(4)?),
        ("data", word(8)?),
        ("syms", word(16)?),
        ("spsz", word(20)?),
        ("pcsz", word(24)?),
    ];
    let mut out = Binary::new(Format::Plan9, magic, bits, Endian::Little);
    out.arch = Some(arch);
    out.os = Stated::Stated(Os::Plan9);
    let mut offset = header;
    let mut ranges = Vec::new();
    for (name, size) in sizes {
        // With `-s` Go's linker writes no tables, but the header keeps their sizes.
        let absent = !matches!(name, "text" | "data") && offset == source.len();
        let len = if absent { 0 } else { u64::from(size) };
        source.require("Plan 9 section", offset, len)?;
        // Text is loaded behind the header, data on the next page.
        let text_end: u64 = load + header + u64::from(word(4)?);
        let addr = match name {
            "text" => load + header,
            "data" => text_end.next_multiple_of(page),
            _ => 0,
        };
        if addr != 0 {
            ranges.push(Range { addr, offset, len });
        }
        out.sections.push(Section { name: name.to_owned(), size: len, addr });
        offset += len;
    }
    out.stripped = out.section_size("syms") == Some(0);
    let data = ranges.iter().skip(1).map(|r| (r.addr, r.len)).collect();
    // The linker aligns the blob in memory, and data begins on a page.
    out.go = buildinfo::read(&Image::new(source, ranges), &Place::Data(data))?;
    Ok(out)
}
