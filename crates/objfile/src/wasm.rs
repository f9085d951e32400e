//! WebAssembly modules (core specification, "binary format").
//!
//! Go's wasm linker writes no build information blob: the module text is found in the data by its marks, Go's
//! version in the `producers` section (WebAssembly tool conventions).

mod memory;

use crate::ObjError;
use crate::abi::Stated;
use crate::binary::{Binary, FileKind, Format, Section};
use crate::buildinfo::{self, GoBuildInfo};
use crate::read::{Source, uleb};
use goferry_target::{ArchKind, Endian, Os};
pub(crate) use memory::memory;

const MAX_SECTIONS: usize = 1 << 12;
const MAX_IMPORTS: u64 = 16 << 20;
const MAX_MODULES: usize = 4096;
const MAX_PRODUCERS: u64 = 1 << 20;

const NAMES: [&str; 14] = [
    "custom",
    "type",
    "import",
    "function",
    "table",
    "memory",
    "global",
    "export",
    "start",
    "element",
    "code",
    "data",
    "data-count",
    "tag",
];

/// A section's content.
#[derive(Clone, Copy)]
struct Body {
    offset: u64,
    len: u64,
}

/// What build information is put together from.
#[derive(Default)]
struct Facts {
    data: Option<Body>,
    go_version: Option<String>,
}

pub(crate) fn inspect(source: Source<'_>) -> Result<Binary, ObjError> {
    let head: [u8; 8] = source.array("wasm header", 0)?;
    if head[4..] != [1, 0, 0, 0] {
        // Version 13 is a component, which Go does not write.
        return Err(ObjError::Malformed { what: "wasm version", offset: 4 });
    }
    let mut out = Binary::new(Format::Wasm, 0, 32, Endian::Little);
    out.arch = Some(ArchKind::Wasm);
    let mut facts = Facts::default();
    let mut at = 8;
    while at < source.len() {
        if out.sections.len() == MAX_SECTIONS {
            return Err(ObjError::Malformed { what: "wasm sections (too many)", offset: at });
        }
        let [id] = source.array("wasm section", at)?;
        let (len, offset) = number(source, at + 1)?;
        source.require("wasm section", offset, len)?;
        let body = Body { offset, len };
        let name = section(source, id, body, &mut out, &mut facts)?;
        out.sections.push(Section { name, size: len, addr: 0 });
        at = offset + len;
    }
    if let Some(version) = facts.go_version {
        let marked = match facts.data {
            Some(data) => buildinfo::read_marked(source, (data.offset, data.len), version.clone())?,
            None => None,
        };
        // Without modules there is no text, but it is Go's all the same.
        out.go = Some(marked.unwrap_or(GoBuildInfo { go_version: version, ..GoBuildInfo::default() }));
    }
    out.stripped = out.section_size("custom:name").is_none();
    out.debug_info = out.section_size("custom:.debug_info").is_some();
    Ok(out)
}

/// Reads what is needed of a section and names it.
fn section(
    source: Source<'_>,
    id: u8,
    body: Body,
    out: &mut Binary,
    facts: &mut Facts,
) -> Result<String, ObjError> {
    match id {
        0 => {
            let (len, at) = number(source, body.offset)?;
            let bytes = source.bytes("name of a wasm section", at, len.min(255), 255)?;
            let rest = (body.offset + body.len).saturating_sub(at + len.min(255));
            if bytes == b"producers" && rest <= MAX_PRODUCERS {
                let producers = source.bytes("wasm producers", at + len, rest, MAX_PRODUCERS)?;
                facts.go_version = go_version(&producers);
            }
            return Ok(format!("custom:{}", String::from_utf8_lossy(&bytes)));
        }
        2 => {
            let bytes = source.bytes("wasm imports", body.offset, body.len, MAX_IMPORTS)?;
            let malformed = ObjError::Malformed { what: "wasm imports", offset: body.offset };
            out.needed = import_modules(&bytes).ok_or(malformed)?;
            out.os = os(&out.needed);
        }
        7 => {
            let bytes = source.bytes("wasm exports", body.offset, body.len, MAX_IMPORTS)?;
            let malformed = ObjError::Malformed { what: "wasm exports", offset: body.offset };
            out.kind = kind_of_exports(&bytes).ok_or(malformed)?;
        }
        11 => facts.data = Some(body),
        _ => {}
    }
    Ok(NAMES.get(usize::from(id)).map_or_else(|| format!("section-{id}"), |n| (*n).to_owned()))
}

/// The module names of an import section, each once.
fn import_modules(bytes: &[u8]) -> Option<Vec<String>> {
    let mut at = 0;
    let mut out: Vec<String> = Vec::new();
    for _ in 0..uleb(bytes, &mut at)? {
        let module = name(bytes, &mut at)?;
        name(bytes, &mut at)?;
        let kind = *bytes.get(at)?;
        at += 1;
        match kind {
            0 => {
                uleb(bytes, &mut at)?;
            }
            1 => {
                at += 1;
                limits(bytes, &mut at)?;
            }
            2 => limits(bytes, &mut at)?,
            3 => at += 2,
            4 => {
                at += 1;
                uleb(bytes, &mut at)?;
            }
            _ => return None,
        }
        // Imports of one module mostly follow each other.
        if out.last().is_none_or(|last| last.as_bytes() != module) {
            let module = String::from_utf8_lossy(module).into_owned();
            if !out.contains(&module) {
                if out.len() == MAX_MODULES {
                    return None;
                }
                out.push(module);
            }
        }
    }
    Some(out)
}

fn name<'a>(bytes: &'a [u8], at: &mut usize) -> Option<&'a [u8]> {
    let len = usize::try_from(uleb(bytes, at)?).ok()?;
    let name = bytes.get(*at..)?.get(..len)?;
    *at += len;
    Some(name)
}

fn limits(bytes: &[u8], at: &mut usize) -> Option<()> {
    let flags = *bytes.get(*at)?;
    *at += 1;
    uleb(bytes, at)?;
    if flags & 1 != 0 {
        uleb(bytes, at)?;
    }
    Some(())
}

/// A WASI reactor exports `_initialize` and no `_start` (`-buildmode=c-shared`).
fn kind_of_exports(bytes: &[u8]) -> Option<FileKind> {
    let mut at = 0;
    let (mut starts, mut initialises) = (false, false);
    for _ in 0..uleb(bytes, &mut at)? {
        let export = name(bytes, &mut at)?;
        starts |= export == b"_start";
        initialises |= export == b"_initialize";
        at += 1;
        uleb(bytes, &mut at)?;
    }
    Some(if initialises && !starts { FileKind::SharedLibrary } else { FileKind::Executable })
}

fn os(modules: &[String]) -> Stated<Os> {
    let imports = |name: &str| modules.iter().any(|m| m == name);
    // `go` is what `gojs` was called before Go 1.21.
    match () {
        () if imports("wasi_snapshot_preview1") => Stated::Stated(Os::Wasip1),
        () if imports("gojs") || imports("go") => Stated::Stated(Os::Js),
        () => Stated::Unstated,
    }
}

/// Go's version, if Go is the language of the module.
fn go_version(bytes: &[u8]) -> Option<String> {
    let mut at = 0;
    for _ in 0..uleb(bytes, &mut at)? {
        let field = name(bytes, &mut at)?;
        for _ in 0..uleb(bytes, &mut at)? {
            let value = name(bytes, &mut at)?;
            let version = name(bytes, &mut at)?;
            if field == b"language" && value == b"Go" {
                return Some(String::from_utf8_lossy(version).into_owned());
            }
        }
    }
    None
}

/// A LEB128 number at `offset` and the offset behind it.
fn number(source: Source<'_>, offset: u64) -> Result<(u64, u64), ObjError> {
    let bytes = source.up_to(offset, 10)?;
    let mut used = 0;
    let value = uleb(&bytes, &mut used);
    value
        .map(|v| (v, offset + used as u64))
        .ok_or(ObjError::Malformed { what: "number in a wasm module", offset })
}
