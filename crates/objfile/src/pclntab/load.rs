//! From a file to its table: parts read, records checked.

use super::header::{Header, TableVersion};
use super::inline::{self, Read};
use super::locate::{self, Found, Search};
use super::memory::Memory;
use super::{Entry, Pclntab, PclntabError, TextSection, WasmCode, record};
use crate::read::{ReadAt, Source, Table};
use crate::{ObjError, elf, macho, pe, wasm};

/// A splitting linker makes some ten.
const MAX_TEXT_SECTIONS: u64 = 4096;

/// Reads the functions of a program; of a fat Mach-O those of its first slice.
///
/// # Errors
/// [`PclntabError`]; never a part of a table.
pub fn read(bytes: &dyn ReadAt) -> Result<Pclntab, PclntabError> {
    let source = Source::whole(bytes);
    match slices(source)?.into_iter().next() {
        Some(slice) => read_thin(slice),
        None => read_thin(source),
    }
}

/// Reads the functions of each slice of a fat Mach-O, or of the one program that another file is.
///
/// # Errors
/// As [`read()`].
pub fn read_slices(bytes: &dyn ReadAt) -> Result<Vec<Pclntab>, PclntabError> {
    let source = Source::whole(bytes);
    match slices(source)? {
        slices if slices.is_empty() => Ok(vec![read_thin(source)?]),
        slices => slices.into_iter().map(read_thin).collect(),
    }
}

fn slices(source: Source<'_>) -> Result<Vec<Source<'_>>, ObjError> {
    match *source.up_to(0, 8)?.as_slice() {
        [0xca, 0xfe, 0xba, 0xbe | 0xbf, 0, 0, 0, n] if n < 43 => {
            Ok(macho::slices(source)?.into_iter().map(|s| s.1).collect())
        }
        _ => Ok(Vec::new()),
    }
}

fn memory(source: Source<'_>) -> Result<Memory<'_>, PclntabError> {
    let magic = source.up_to(0, 16)?;
    Ok(match *magic.as_slice() {
        [0x7f, b'E', b'L', b'F', ..] => elf::memory(source)?,
        [b'M', b'Z', ..] => pe::memory(source)?,
        [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..] | [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..] => macho::memory(source)?,
        [0, b'a', b's', b'm', ..] => wasm::memory(source)?,
        [1, 0xdf | 0xf7, ..] => return Err(PclntabError::Container("XCOFF files")),
        [0, 0, 1, 0xeb, ..] | [0, 0, 0x8a, 0x97, ..] | [0, 0, 6, 0x47, ..] => {
            return Err(PclntabError::Container("Plan 9 files"));
        }
        _ if magic.starts_with(b"!<arch>\n") || magic.starts_with(b"<bigaf>\n") => {
            return Err(PclntabError::Container("archives"));
        }
        _ => return Err(ObjError::Unrecognized { magic }.into()),
    })
}

fn read_thin(source: Source<'_>) -> Result<Pclntab, PclntabError> {
    let mut memory = memory(source)?;
    let found = match locate::find(&memory)? {
        Search::Table(found) => found,
        Search::Older => return Err(PclntabError::Older),
        Search::Nothing => return Err(PclntabError::Missing),
    };
    let sizes = memory.wasm.take();
    Loader { memory: &memory, found: &found }.load(sizes)
}

struct Loader<'a> {
    memory: &'a Memory<'a>,
    found: &'a Found,
}

impl Loader<'_> {
    fn header(&self) -> &Header {
        &self.found.header
    }

    fn load(&self, wasm: Option<Vec<u32>>) -> Result<Pclntab, PclntabError> {
        let h = self.header();
        let names = self.part(h.names, h.units)?;
        let values = self.part(h.values, h.table)?;
        let (functions, counted) = self.functions(&names, &values, wasm.is_some())?;
        let records: Vec<_> = functions.iter().map(|f| (f.record, f.size)).collect();
        let reader = inline::Reader {
            memory: self.memory,
            found: self.found,
            names: &names,
            values: &values,
            functions: &records,
        };
        let trees = match reader.read()? {
            Read::Trees(trees) => Some(trees),
            Read::Unknown => None,
            Read::Damaged => return Err(PclntabError::Damaged("an inline tree contradicts it")),
        };
        Ok(Pclntab {
            header: *h,
            addr: self.found.addr,
            size: self.end(),
            text: self.text(),
            sections: self.text_sections()?,
            wasm: wasm.map(|sizes| WasmCode { sizes, counted }),
            names: text(names),
            files: text(self.part(h.files, h.values)?),
            units: self.part(h.units, h.files)?,
            values,
            functions,
            trees,
        })
    }

    /// Where the table ends, from its start.
    fn end(&self) -> u64 {
        self.found.end().unwrap_or(self.found.len).min(self.found.len)
    }

    fn part(&self, from: u64, to: u64) -> Result<Vec<u8>, PclntabError> {
        let len = to.saturating_sub(from);
        let bytes = self.memory.read(self.found.addr.wrapping_add(from), len)?;
        if bytes.len() as u64 == len { Ok(bytes) } else { Err(PclntabError::Damaged("it is cut off")) }
    }

    /// The module data's word; before Go 1.26 the header had it too, but not relocated.
    fn text(&self) -> Option<u64> {
        let header = self.header();
        if header.version == TableVersion::Go116 {
            return None;
        }
        self.found.text().or(Some(header.text).filter(|text| *text != 0))
    }

    /// The functions, and whether wasm's are counted by number.
    fn functions(&self, names: &[u8], values: &[u8], wasm: bool) -> Result<(Vec<Entry>, bool), PclntabError> {
        let h = self.header();
        let table = self.part(h.table, self.end())?;
        let table = Table::new(&table, h.endian);
        let field = h.field();
        let bits = (field * 8) as u8;
        // Address and record of each function, and the end of the last.
        let start = self.found.addr.wrapping_add(h.table);
        let word = |n: u64| {
            let raw = usize::try_from(n * field).ok().and_then(|at| table.word(at, bits))?;
            // Before Go 1.18 every other word is an address.
            let address = h.version == TableVersion::Go116 && n.is_multiple_of(2);
            Some(if address { self.memory.pointer(start.wrapping_add(n * field), raw) } else { raw })
        };
        let broken = PclntabError::Damaged;
        let counted = wasm && word(2).zip(word(0)).is_some_and(|(b, a)| b.wrapping_sub(a) & 0xffff != 0);
        let mut out = Vec::new();
        for i in 0..h.functions {
            let place = word(2 * i).zip(word(2 * i + 1)).zip(word(2 * i + 2));
            let ((offset, at), next) = place.ok_or(broken("it is cut off"))?;
            let size = next.checked_sub(offset).ok_or(broken("functions are not in order"))?;
            let record = record::read(table, at, h).ok_or(broken("a function has no record"))?;
            if names.get(record.name as usize).is_none()
                || [record.file, record.line, record.inlined].iter().any(|o| *o as usize > values.len())
            {
                return Err(broken("a function's record points out of it"));
            }
            let size = if counted { size << 16 } else { size };
            out.push(Entry { offset, size, record });
        }
        Ok((out, counted))
    }

    /// `moduledata.textsectmap`: behind gofunc, since Go 1.26 behind one more word.
    fn text_sections(&self) -> Result<Vec<TextSection>, PclntabError> {
        let Some(words) = &self.found.module else { return Ok(Vec::new()) };
        let gofunc = if self.header().version == TableVersion::Go118 { 38 } else { 40 };
        for at in [gofunc + 1, gofunc + 2] {
            let Some(&[list, len, cap]) = words.get(at..at + 3) else { continue };
            if len != cap || !(2..=MAX_TEXT_SECTIONS).contains(&len) {
                continue;
            }
            let words = self.memory.words(list, 3 * len as usize)?;
            let section = |w: &[u64]| TextSection { start: w[0], end: w[1], addr: w[2] };
            let sections: Vec<_> = words.chunks_exact(3).map(section).collect();
            let first = sections.first().is_some_and(|s| s.start == 0 && Some(s.addr) == self.found.text());
            let ordered = sections.iter().all(|s| s.start <= s.end) && sections.is_sorted_by_key(|s| s.start);
            if first && ordered && sections.len() as u64 == len {
                return Ok(sections);
            }
        }
        Ok(Vec::new())
    }
}

/// Names are UTF-8. What a damaged file has instead is replaced byte for byte, so that offsets stay right.
fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|e| {
        let chunks = e.as_bytes().utf8_chunks();
        chunks.fold(String::new(), |all, c| all + c.valid() + &"?".repeat(c.invalid().len()))
    })
}
