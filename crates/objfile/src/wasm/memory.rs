//! What of a wasm module is memory, and the sizes of its functions, for [`crate::pclntab`].

use super::{Body, number};
use crate::ObjError;
use crate::image::Range;
use crate::pclntab::Memory;
use crate::read::{Source, uleb};
use goferry_target::Endian;

/// Go's linker writes at most this many (cmd/link/internal/wasm, `maxNumSegments`).
const MAX_SEGMENTS: u64 = 100_000;
const MAX_CODE: u64 = 1 << 30;
const I32_CONST: u8 = 0x41;
const END: u8 = 0x0b;

pub(crate) fn memory(source: Source<'_>) -> Result<Memory<'_>, ObjError> {
    let (mut ranges, mut sizes) = (Vec::new(), Vec::new());
    let mut at = 8;
    while at < source.len() {
        let [id] = source.array("wasm section", at)?;
        let (len, offset) = number(source, at + 1)?;
        source.require("wasm section", offset, len)?;
        match id {
            10 => sizes = function_sizes(source, Body { offset, len })?,
            11 => ranges = segments(source, Body { offset, len })?,
            _ => {}
        }
        at = offset + len;
    }
    let parts: Vec<_> = join(&ranges);
    // Go's pointers are 64 bits wide, whatever wasm's are.
    let mut out = Memory::new(source, ranges, Endian::Little, 64);
    out.gaps_are_zero = true;
    out.searched.clone_from(&parts);
    out.data = parts;
    out.wasm = Some(sizes);
    Ok(out)
}

/// Stretches of memory, over gaps that are shorter than a page.
fn join(ranges: &[Range]) -> Vec<(u64, u64)> {
    let mut sorted: Vec<_> = ranges.iter().map(|r| (r.addr, r.addr.saturating_add(r.len))).collect();
    sorted.sort_unstable();
    let mut out: Vec<(u64, u64)> = Vec::new();
    for (start, end) in sorted {
        match out.last_mut() {
            Some(last) if start <= last.1.saturating_add(0x1_0000) => last.1 = last.1.max(end),
            _ => out.push((start, end)),
        }
    }
    out.into_iter().map(|(start, end)| (start, end - start)).collect()
}

/// Active segments of memory 0 with a constant address.
fn segments(source: Source<'_>, body: Body) -> Result<Vec<Range>, ObjError> {
    let what = "wasm data";
    let malformed = || ObjError::Malformed { what, offset: body.offset };
    let bytes = source.bytes(what, body.offset, body.len, MAX_CODE)?;
    let mut at = 0;
    let count = uleb(&bytes, &mut at).filter(|n| *n <= MAX_SEGMENTS).ok_or_else(malformed)?;
    let mut out = Vec::new();
    for _ in 0..count {
        let kind = uleb(&bytes, &mut at).ok_or_else(malformed)?;
        let addr = match kind {
            0 => Some(address(&bytes, &mut at).ok_or_else(malformed)?),
            // Passive: copied by code.
            1 => None,
            _ => return Err(malformed()),
        };
        let len = uleb(&bytes, &mut at).ok_or_else(malformed)?;
        let end = usize::try_from(len).ok().and_then(|n| at.checked_add(n)).filter(|end| *end <= bytes.len());
        let end = end.ok_or_else(malformed)?;
        if let Some(addr) = addr {
            out.push(Range { addr, offset: body.offset + at as u64, len });
        }
        at = end;
    }
    Ok(out)
}

/// `i32.const N end`; N is signed in the format and an address here.
fn address(bytes: &[u8], at: &mut usize) -> Option<u64> {
    if *bytes.get(*at)? != I32_CONST {
        return None;
    }
    *at += 1;
    let start = *at;
    let raw = uleb(bytes, at)?;
    let width = 7 * (*at - start) as u32;
    let negative = width < 32 && bytes.get(*at - 1)? & 0x40 != 0;
    let value = if negative { raw | (u64::MAX << width) } else { raw };
    if *bytes.get(*at)? != END {
        return None;
    }
    *at += 1;
    Some(value & 0xffff_ffff)
}

/// The size of each function's body, in the order of the code section.
fn function_sizes(source: Source<'_>, body: Body) -> Result<Vec<u32>, ObjError> {
    let what = "wasm code";
    let malformed = || ObjError::Malformed { what, offset: body.offset };
    let bytes = source.bytes(what, body.offset, body.len, MAX_CODE)?;
    let mut at = 0;
    let count = uleb(&bytes, &mut at).filter(|n| *n <= body.len).ok_or_else(malformed)?;
    let mut out = Vec::new();
    for _ in 0..count {
        let len = uleb(&bytes, &mut at).and_then(|n| u32::try_from(n).ok()).ok_or_else(malformed)?;
        at = at.checked_add(len as usize).filter(|end| *end <= bytes.len()).ok_or_else(malformed)?;
        out.push(len);
    }
    Ok(out)
}
