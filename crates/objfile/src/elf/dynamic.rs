//! The dynamic section: needed libraries, and the versions that are asked of them.

use super::{Layout, MAX_PATH};
use crate::ObjError;
use crate::binary::{GlibcNeed, GlibcVersion};
use crate::read::{Source, Table};

const PT_DYNAMIC: u32 = 2;
const DT_NEEDED: u64 = 1;
const DT_STRTAB: u64 = 5;
const DT_SYMTAB: u64 = 6;
const DT_RELA: u64 = 7;
const DT_RELASZ: u64 = 8;
const DT_SONAME: u64 = 14;
const DT_RPATH: u64 = 15;
const DT_RUNPATH: u64 = 29;
const DT_FLAGS_1: u64 = 0x6fff_fffb;
const DT_VERNEED: u64 = 0x6fff_fffe;
const DT_VERNEEDNUM: u64 = 0x6fff_ffff;
const DF_1_PIE: u64 = 0x0800_0000;
const SHT_GNU_VERSYM: u32 = 0x6fff_ffff;

const MAX_DYNAMIC: u64 = 1 << 20;
const MAX_NEEDED: usize = 4096;
/// A program asks for some twenty versions.
const MAX_VERSIONS: u32 = 8192;
/// Two bytes for each imported or exported symbol; a large program has some thousands.
const MAX_SYMBOL_VERSIONS: u64 = 1 << 20;
/// Symbols that are named; more would help nobody.
const MAX_NAMED: usize = 1024;
const MAX_SYMBOL_NAME: u64 = 1024;

/// What the dynamic section says; all empty for a static program.
#[derive(Default)]
pub(super) struct Dynamic {
    pub(super) needed: Vec<String>,
    /// As written, `$ORIGIN` and its kin unreplaced.
    pub(super) run_paths: Vec<String>,
    pub(super) glibc: Option<GlibcVersion>,
    pub(super) pie: bool,
    pub(super) has_name: bool,
}

/// The entries of the dynamic section that are asked for; addresses are of memory.
#[derive(Default)]
struct Tags {
    names: Vec<u64>,
    rpath: Option<u64>,
    runpath: Option<u64>,
    strings: Option<u64>,
    versions: Option<u64>,
    version_count: u64,
    symbols: Option<u64>,
    relocations: Option<u64>,
    relocations_size: u64,
    pie: bool,
    has_name: bool,
}

const WHAT: &str = "ELF dynamic section";

fn tags(source: Source<'_>, layout: &Layout<'_>) -> Result<Option<Tags>, ObjError> {
    let Some(segment) = layout.segment(PT_DYNAMIC) else { return Ok(None) };
    let bytes = source.bytes(WHAT, segment.offset, segment.file_size, MAX_DYNAMIC)?;
    let bits = layout.header.bits;
    let word = usize::from(bits / 8);
    let t = Table::new(&bytes, layout.header.endian);
    let mut out = Tags::default();
    for at in (0..).step_by(2 * word) {
        let (Some(tag), Some(value)) = (t.word(at, bits), t.word(at + word, bits)) else { break };
        match tag {
            0 => break,
            DT_NEEDED => out.names.push(value),
            DT_STRTAB => out.strings = Some(value),
            DT_SYMTAB => out.symbols = Some(value),
            DT_RELA => out.relocations = Some(value),
            DT_RELASZ => out.relocations_size = value,
            DT_RPATH => out.rpath = Some(value),
            DT_RUNPATH => out.runpath = Some(value),
            DT_SONAME => out.has_name = true,
            DT_FLAGS_1 => out.pie = value & DF_1_PIE != 0,
            DT_VERNEED => out.versions = Some(value),
            DT_VERNEEDNUM => out.version_count = value,
            _ => {}
        }
    }
    if out.names.len() > MAX_NEEDED {
        return Err(ObjError::Malformed { what: WHAT, offset: segment.offset });
    }
    Ok(Some(out))
}

impl Tags {
    /// Where an address stands in the file.
    fn place(layout: &Layout<'_>, address: Option<u64>) -> Result<u64, ObjError> {
        let offset = layout.segment(PT_DYNAMIC).map_or(0, |s| s.offset);
        let found = address.and_then(|a| layout.image.offset(a));
        found.map(|(at, _)| at).ok_or(ObjError::Malformed { what: WHAT, offset })
    }
}

/// Address and size of the relocations with addends, if there are any.
pub(super) fn relocations(source: Source<'_>, layout: &Layout<'_>) -> Result<Option<(u64, u64)>, ObjError> {
    let tags = tags(source, layout)?;
    Ok(tags.and_then(|t| t.relocations.map(|at| (at, t.relocations_size))))
}

pub(super) fn read(source: Source<'_>, layout: &Layout<'_>) -> Result<Dynamic, ObjError> {
    let Some(tags) = tags(source, layout)? else { return Ok(Dynamic::default()) };
    let mut out = Dynamic { pie: tags.pie, has_name: tags.has_name, ..Dynamic::default() };
    // ld.so(8): DT_RPATH counts only without DT_RUNPATH.
    let paths = tags.runpath.or(tags.rpath);
    if tags.names.is_empty() && tags.versions.is_none() && paths.is_none() {
        return Ok(out);
    }
    let strings = Tags::place(layout, tags.strings)?;
    let string = |what, offset: u64| {
        let malformed = ObjError::Malformed { what: WHAT, offset: strings };
        source.c_string(what, strings.checked_add(offset).ok_or(malformed)?, MAX_PATH)
    };
    for name in &tags.names {
        out.needed.push(string("name of a needed library", *name)?);
    }
    if let Some(paths) = paths {
        let text = string("folders of libraries", paths)?;
        out.run_paths = text.split(':').filter(|p| !p.is_empty()).map(str::to_owned).collect();
    }
    each_version(source, layout, &tags, &mut |name, _| {
        out.glibc = out.glibc.max(GlibcVersion::of_symbol_version(name));
    })?;
    Ok(out)
}

/// Walks Elf_Verneed and Elf_Vernaux (the same in both classes): the name of each version that is needed, and its index
/// in the table of the symbols' versions.
fn each_version(
    source: Source<'_>,
    layout: &Layout<'_>,
    tags: &Tags,
    visit: &mut dyn FnMut(&str, u16),
) -> Result<(), ObjError> {
    if tags.versions.is_none() {
        return Ok(());
    }
    let strings = Tags::place(layout, tags.strings)?;
    let mut need = Tags::place(layout, tags.versions)?;
    let what = "ELF version requirements";
    let malformed = |offset| ObjError::Malformed { what, offset };
    let entry = |offset| source.array::<16>(what, offset);
    let mut left = MAX_VERSIONS;
    for _ in 0..tags.version_count {
        let bytes = entry(need)?;
        let t = Table::new(&bytes, layout.header.endian);
        let (Some(versions), Some(first), Some(next)) = (t.u16(2), t.u32(8), t.u32(12)) else {
            return Err(malformed(need));
        };
        let mut aux = need.saturating_add(u64::from(first));
        for _ in 0..versions {
            left = left.checked_sub(1).ok_or(malformed(aux))?;
            let bytes = entry(aux)?;
            let t = Table::new(&bytes, layout.header.endian);
            let (Some(index), Some(name), Some(next)) = (t.u16(6), t.u32(8), t.u32(12)) else {
                return Err(malformed(aux));
            };
            visit(&source.c_string(what, strings.saturating_add(u64::from(name)), MAX_PATH)?, index);
            if next == 0 {
                break;
            }
            aux = aux.saturating_add(u64::from(next));
        }
        left = left.checked_sub(1).ok_or(malformed(need))?;
        if next == 0 {
            break;
        }
        need = need.saturating_add(u64::from(next));
    }
    Ok(())
}

/// The glibc versions above a limit that a file needs, the highest first, each with symbols that ask for it.
///
/// The symbols' names need section headers, which say how many symbols there are; without them the lists are empty.
pub(super) fn versions_above(
    source: Source<'_>,
    layout: &Layout<'_>,
    limit: GlibcVersion,
) -> Result<Vec<GlibcNeed>, ObjError> {
    let Some(tags) = tags(source, layout)? else { return Ok(vec![]) };
    let mut found: Vec<(u16, GlibcNeed)> = vec![];
    each_version(source, layout, &tags, &mut |name, index| {
        if let Some(version) = GlibcVersion::of_symbol_version(name).filter(|v| *v > limit) {
            found.push((index, GlibcNeed { name: name.to_owned(), version, symbols: vec![] }));
        }
    })?;
    let table = layout.sections.iter().find(|s| s.kind == SHT_GNU_VERSYM);
    if let (Some(table), false) = (table, found.is_empty()) {
        let indexes = source.bytes("ELF symbol versions", table.offset, table.size, MAX_SYMBOL_VERSIONS)?;
        let strings = Tags::place(layout, tags.strings)?;
        let symbols = Tags::place(layout, tags.symbols)?;
        let size = if layout.header.bits == 64 { 24 } else { 16 };
        let t = Table::new(&indexes, layout.header.endian);
        let mut left = MAX_NAMED;
        for (n, at) in (0..indexes.len()).step_by(2).enumerate() {
            // The highest bit hides a symbol from other files.
            let index = t.u16(at).unwrap_or_default() & 0x7fff;
            let Some((_, need)) = found.iter_mut().find(|(i, _)| *i == index) else { continue };
            let Some(rest) = left.checked_sub(1) else { break };
            left = rest;
            let symbol: [u8; 4] = source.array("ELF symbol", symbols.saturating_add(n as u64 * size))?;
            let name = Table::new(&symbol, layout.header.endian).u32(0).unwrap_or_default();
            let at = strings.saturating_add(u64::from(name));
            need.symbols.push(source.c_string("name of a symbol", at, MAX_SYMBOL_NAME)?);
        }
    }
    let mut out: Vec<GlibcNeed> = found.into_iter().map(|(_, need)| need).collect();
    out.sort_by(|a, b| b.version.cmp(&a.version).then_with(|| a.name.cmp(&b.name)));
    for need in &mut out {
        need.symbols.sort();
    }
    Ok(out)
}
