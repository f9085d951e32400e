//! What of a Mach-O file is memory, for [`crate::pclntab`].

use super::{chains, header};
use crate::ObjError;
use crate::image::Range;
use crate::pclntab::{Memory, Pointers};
use crate::read::Source;

pub(crate) fn memory(source: Source<'_>) -> Result<Memory<'_>, ObjError> {
    let header = header(source)?;
    let segments = &header.commands.segments;
    let ranges =
        segments.iter().map(|s| Range { addr: s.addr, offset: s.offset, len: s.file_size }).collect();
    let mut out = Memory::new(source, ranges, header.endian, header.bits);
    let named = |name: &'static str| {
        let sections = header.commands.sections.iter();
        sections.filter(move |s| s.name.ends_with(name)).map(|s| (s.addr, s.size))
    };
    out.tables = named(",__gopclntab").collect();
    out.searched = segments.iter().map(|s| (s.addr, s.file_size)).collect();
    out.data = named(",__go_module").collect();
    out.data.extend(segments.iter().filter(|s| s.writable).map(|s| (s.addr, s.file_size)));
    let chained = chains::pointers(source, &header)?;
    if !chained.is_empty() {
        out.pointers = Pointers::Relocated(chained);
    }
    Ok(out)
}
