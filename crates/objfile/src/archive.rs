//! `ar` archives, GNU and BSD (ar(5)); AIX's big archives are recognised only.
//!
//! What `-buildmode=c-archive` writes: an archive is as its objects are.

use crate::abi::Stated;
use crate::binary::{Binary, FileKind, Format};
use crate::read::Source;
use crate::{ObjError, elf, macho, pe, wasm, xcoff};
use goferry_target::{Endian, Os};

const MAX_MEMBERS: usize = 1 << 16;
/// Enough to meet Go's own object among those of cgo.
const MAX_INSPECTED: usize = 64;
const HEADER: u64 = 60;

pub(crate) fn inspect(source: Source<'_>) -> Result<Binary, ObjError> {
    let mut out = Binary::new(Format::Archive, 0, 0, Endian::Little);
    out.kind = FileKind::Archive;
    if source.array("archive magic", 0)? == *b"<bigaf>\n" {
        out.os = Stated::Stated(Os::Aix);
        out.endian = Endian::Big;
        return Ok(out);
    }
    let mut at = 8;
    let mut inspected = 0;
    for _ in 0..MAX_MEMBERS {
        if at >= source.len() || inspected == MAX_INSPECTED {
            break;
        }
        let member = member(source, at)?;
        at = member.next;
        let bytes = source.part("archive member", member.offset, member.len)?;
        let object = match inspect_object(bytes) {
            Ok(object) => object,
            Err(ObjError::Unrecognized { .. }) => continue,
            Err(e) => return Err(e),
        };
        let object = Binary { kind: FileKind::Archive, format: Format::Archive, ..object };
        if inspected == 0 {
            out = Binary { sections: Vec::new(), ..object };
        } else {
            out.stripped &= object.stripped;
            out.debug_info |= object.debug_info;
            out.go = out.go.or(object.go);
        }
        inspected += 1;
        if out.go.is_some() {
            break;
        }
    }
    Ok(out)
}

struct Member {
    offset: u64,
    len: u64,
    next: u64,
}

fn member(source: Source<'_>, at: u64) -> Result<Member, ObjError> {
    let what = "archive member header";
    let header: [u8; HEADER as usize] = source.array(what, at)?;
    let number = |field: &[u8]| std::str::from_utf8(field).ok().and_then(|s| s.trim().parse::<u64>().ok());
    let malformed = || ObjError::Malformed { what, offset: at };
    let len = number(&header[48..58]).filter(|_| header[58..] == *b"`\n").ok_or_else(malformed)?;
    let offset = at + HEADER;
    // BSD puts long names before the bytes and counts them.
    let name = header.strip_prefix(b"#1/").and_then(|_| number(&header[3..16])).unwrap_or(0);
    let body = len.checked_sub(name).ok_or_else(malformed)?;
    source.require("archive member", offset, len)?;
    Ok(Member { offset: offset + name, len: body, next: offset + len.next_multiple_of(2) })
}

/// A member that is an object of a known format.
fn inspect_object(source: Source<'_>) -> Result<Binary, ObjError> {
    let magic = source.up_to(0, 16)?;
    match *magic.as_slice() {
        [0x7f, b'E', b'L', b'F', ..] => elf::inspect(source),
        [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..] | [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..] => macho::inspect(source),
        [0, b'a', b's', b'm', ..] => wasm::inspect(source),
        [1, 0xdf | 0xf7, ..] => xcoff::inspect(source),
        // COFF has no magic: a known machine, no optional header.
        [0x4c, 1, ..] | [0x64, 0x86, ..] | [0x64, 0xaa, ..] | [0xc4, 1, ..] if magic.get(..2).is_some() => {
            pe::inspect_object(source)
        }
        _ => Err(ObjError::Unrecognized { magic }),
    }
}

/// A slice of a fat Mach-O: a thin one, or an archive of such objects.
pub(crate) fn inspect_member(source: Source<'_>, offset: u64) -> Result<Binary, ObjError> {
    let magic = source.up_to(0, 8)?;
    match *magic.as_slice() {
        [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..] | [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..] => macho::inspect(source),
        _ if magic == b"!<arch>\n" => inspect(source),
        _ => Err(ObjError::Malformed { what: "slice of a fat Mach-O", offset }),
    }
}
