//! Go build information: the blob that the linker writes (cmd/link, `Link.buildinfo`) and the text inside it.
//!
//! Formats: since Go 1.18 the strings stand in the blob, each after its length; before, it points to Go strings.
//! Source: Go's debug/buildinfo and runtime/debug `ParseBuildInfo`.

mod text;

use crate::ObjError;
use crate::image::Image;
use crate::read::{Source, Table, uleb};
use goferry_target::Endian;
use serde::{Deserialize, Serialize};

const MAGIC: &[u8; 14] = b"\xff Go buildinf:";
const ALIGN: u64 = 16;
const HEADER: u64 = 32;
/// A module text of a program with thousands of dependencies is some hundred kilobytes.
const MAX_TEXT: u64 = 16 << 20;
/// The linker puts the blob near the beginning of the data.
const MAX_SEARCH: u64 = 64 << 20;
const CHUNK: u64 = 1 << 20;
/// A program has one or two data segments.
const MAX_PARTS: usize = 64;
/// `infoStart` and `infoEnd` of cmd/go/internal/modload: what stands around the text.
const START_MARK: &[u8; 16] = b"\x30\x77\xaf\x0c\x92\x74\x08\x02\x41\xe1\xc1\x07\xe6\xd6\x18\xe6";
const END_MARK: &[u8; 16] = b"\xf9\x32\x43\x31\x86\x18\x20\x72\x00\x82\x42\x10\x41\x16\xd8\xf2";

/// What the go command wrote into a program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoBuildInfo {
    /// The toolchain: `go1.26.8`, with experiments after it (`go1.26 X:jsonv2`).
    pub go_version: String,
    /// Import path of the main package; empty if the program was built without modules.
    pub path: String,
    /// The main module.
    pub main: Option<Module>,
    /// Modules that packages were linked from, sorted by path.
    pub deps: Vec<Module>,
    /// Build settings (`GOOS`, `-ldflags`, `vcs.revision`, …) in the file's order.
    pub settings: Vec<(String, String)>,
}

impl GoBuildInfo {
    /// The value of a setting, if it was written.
    pub fn setting(&self, key: &str) -> Option<&str> {
        self.settings.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
    }
}

/// A module as build information names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Module {
    /// Module path.
    pub path: String,
    /// Version; `(devel)` or empty where the go command knew none.
    pub version: String,
    /// `h1:` hash; empty for the main module and for directories.
    pub sum: String,
    /// What took its place by a replace line.
    pub replace: Option<Box<Module>>,
}

/// Where the blob may be.
pub(crate) enum Place {
    /// A section that has nothing else in it: address and size.
    Section(u64, u64),
    /// Data that may hold it: address and size of each part, in the order of search.
    Data(Vec<(u64, u64)>),
}

/// Reads the build information in `place`, if there is any.
///
/// In a section of its own a broken blob is an error; in data that only looks like one it is not.
pub(crate) fn read(image: &Image<'_>, place: &Place) -> Result<Option<GoBuildInfo>, ObjError> {
    match place {
        Place::Section(addr, size) => match search(image, *addr, *size)? {
            Some(at) => match decode(image, at)? {
                Some(info) => Ok(Some(info)),
                None => {
                    let offset = image.offset(at).map_or(0, |(o, _)| o);
                    Err(ObjError::Malformed { what: "Go build information", offset })
                }
            },
            None => Ok(None),
        },
        Place::Data(parts) => {
            let mut left = MAX_SEARCH;
            for &(addr, size) in parts.iter().take(MAX_PARTS) {
                let size = size.min(left);
                left -= size;
                if let Some(at) = search(image, addr, size)?
                    && let Some(info) = decode(image, at)?
                {
                    return Ok(Some(info));
                }
            }
            Ok(None)
        }
    }
}

/// Address of the first magic at a multiple of 16 within `size` bytes of memory from `addr`.
fn search(image: &Image<'_>, addr: u64, size: u64) -> Result<Option<u64>, ObjError> {
    let Some(end) = addr.checked_add(size) else { return Ok(None) };
    let Some(mut at) = addr.checked_next_multiple_of(ALIGN) else { return Ok(None) };
    while at < end {
        let want = CHUNK.min(end - at);
        let bytes = image.read(at, want)?;
        let found = bytes.chunks(ALIGN as usize).position(|c| c.starts_with(MAGIC));
        if let Some(i) = found {
            return Ok(Some(at + i as u64 * ALIGN));
        }
        if (bytes.len() as u64) < want {
            break;
        }
        at += want;
    }
    Ok(None)
}

/// The blob at `at`: 14 bytes magic, pointer size, flags, then two pointers or 16 bytes of nothing.
fn decode(image: &Image<'_>, at: u64) -> Result<Option<GoBuildInfo>, ObjError> {
    let header = image.read(at, HEADER)?;
    let (Some(&ptr_size), Some(&flags)) = (header.get(14), header.get(15)) else { return Ok(None) };
    let strings = if flags & 2 != 0 {
        inline_strings(image, at)?
    } else {
        let endian = if flags & 1 != 0 { Endian::Big } else { Endian::Little };
        pointed_strings(image, &header, ptr_size, endian)?
    };
    let Some((version, text)) = strings else { return Ok(None) };
    if version.is_empty() {
        return Ok(None);
    }
    let go_version = String::from_utf8_lossy(&version).into_owned();
    Ok(text::parse(unframed(&text)).map(|info| GoBuildInfo { go_version, ..info }))
}

/// Reads the text where there is no blob: between its marks, anywhere in `size` bytes of the file from `offset`.
///
/// Go's wasm linker leaves the blob out, but the string that runtime/debug reads is there, in one piece: only runs
/// of zeros are cut out of the data, and the text has none.
pub(crate) fn read_marked(
    source: Source<'_>,
    (offset, size): (u64, u64),
    go_version: String,
) -> Result<Option<GoBuildInfo>, ObjError> {
    let size = size.min(MAX_SEARCH);
    let finder = memchr::memmem::Finder::new(START_MARK);
    let mut at = 0;
    while at < size {
        let bytes = source.up_to(offset + at, CHUNK.min(size - at))?;
        if let Some(i) = finder.find(&bytes) {
            let start = at + (i + START_MARK.len()) as u64;
            return Ok(marked_text(source, offset + start, size - start)?
                .and_then(|text| text::parse(&text).map(|info| GoBuildInfo { go_version, ..info })));
        }
        // The mark may lie across two chunks.
        let whole = bytes.len().saturating_sub(START_MARK.len() - 1);
        if whole == 0 {
            break;
        }
        at += whole as u64;
    }
    Ok(None)
}

/// The bytes from `start` to the end mark, read in pieces that double.
fn marked_text(source: Source<'_>, start: u64, rest: u64) -> Result<Option<Vec<u8>>, ObjError> {
    let most = rest.min(MAX_TEXT);
    let mut len = most.min(64 << 10);
    loop {
        let mut bytes = source.up_to(start, len)?;
        if let Some(end) = memchr::memmem::find(&bytes, END_MARK) {
            bytes.truncate(end);
            return Ok(Some(bytes));
        }
        if len == most {
            return Ok(None);
        }
        len = most.min(len * 2);
    }
}

/// The text between the two 16-byte marks that the go command puts around it.
fn unframed(text: &[u8]) -> &[u8] {
    match text.len() {
        n if n >= 33 && text[n - 17] == b'\n' => &text[16..n - 16],
        _ => &[],
    }
}

type Strings = Option<(Vec<u8>, Vec<u8>)>;

fn inline_strings(image: &Image<'_>, at: u64) -> Result<Strings, ObjError> {
    let Some((version, next)) = counted(image, at.saturating_add(HEADER))? else { return Ok(None) };
    let Some((text, _)) = counted(image, next)? else { return Ok(None) };
    Ok(Some((version, text)))
}

/// A string after its length in LEB128, and the address behind it.
fn counted(image: &Image<'_>, at: u64) -> Result<Option<(Vec<u8>, u64)>, ObjError> {
    let head = image.read(at, 10)?;
    let mut used = 0;
    let Some(len) = uleb(&head, &mut used) else { return Ok(None) };
    if len > MAX_TEXT {
        return Err(ObjError::TooLarge { what: "Go build information", len, limit: MAX_TEXT });
    }
    let start = at.saturating_add(used as u64);
    let bytes = image.read(start, len)?;
    if (bytes.len() as u64) < len {
        return Ok(None);
    }
    Ok(Some((bytes, start.saturating_add(len))))
}

fn pointed_strings(
    image: &Image<'_>,
    header: &[u8],
    ptr_size: u8,
    endian: Endian,
) -> Result<Strings, ObjError> {
    let bits = match ptr_size {
        4 => 32,
        8 => 64,
        _ => return Ok(None),
    };
    let table = Table::new(header, endian);
    let step = usize::from(ptr_size);
    let (Some(version), Some(text)) = (table.word(16, bits), table.word(16 + step, bits)) else {
        return Ok(None);
    };
    let Some(version) = pointed(image, version, bits, endian)? else { return Ok(None) };
    let text = pointed(image, text, bits, endian)?.unwrap_or_default();
    Ok(Some((version, text)))
}

/// The Go string whose header (pointer and length) is at `at`.
fn pointed(image: &Image<'_>, at: u64, bits: u8, endian: Endian) -> Result<Option<Vec<u8>>, ObjError> {
    let head = image.read(at, u64::from(bits / 4))?;
    let table = Table::new(&head, endian);
    let (Some(addr), Some(len)) = (table.word(0, bits), table.word(usize::from(bits / 8), bits)) else {
        return Ok(None);
    };
    if len > MAX_TEXT {
        return Err(ObjError::TooLarge { what: "Go build information", len, limit: MAX_TEXT });
    }
    let bytes = image.read(addr, len)?;
    Ok((bytes.len() as u64 == len).then_some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Range;

    fn framed(text: &str) -> Vec<u8> {
        [&START_MARK[..], text.as_bytes(), END_MARK].concat()
    }

    /// What Go before 1.18 wrote: two pointers to string headers, each a pointer and a length.
    #[test]
    fn blob_with_pointers() {
        let text = framed("path\texample.com/old\nmod\texample.com/old\tv1.0.0\th1:x=\n");
        for (ptr, big) in [(4, false), (4, true), (8, false), (8, true)] {
            let word = |v: u64| match (ptr, big) {
                (4, false) => (v as u32).to_le_bytes().to_vec(),
                (4, true) => (v as u32).to_be_bytes().to_vec(),
                (_, false) => v.to_le_bytes().to_vec(),
                (_, true) => v.to_be_bytes().to_vec(),
            };
            let base = 0x40_0000;
            let mut bytes = vec![0; 32];
            bytes.extend(MAGIC);
            bytes.extend([ptr, u8::from(big)]);
            bytes.extend(word(base + 0x80));
            bytes.extend(word(base + 0xa0));
            for (at, (addr, len)) in [(0x80, (0xc0, 6)), (0xa0, (0xd0, text.len() as u64))] {
                bytes.resize(at, 0);
                bytes.extend(word(base + addr));
                bytes.extend(word(len));
            }
            bytes.resize(0xc0, 0);
            bytes.extend(b"go1.17");
            bytes.resize(0xd0, 0);
            bytes.extend(&text);
            let len = bytes.len() as u64;
            let image = Image::new(Source::whole(&bytes), vec![Range { addr: base, offset: 0, len }]);
            let info = read(&image, &Place::Data(vec![(base, len)])).unwrap().unwrap();
            assert_eq!(info.go_version, "go1.17");
            assert_eq!(info.main.unwrap().sum, "h1:x=");
        }
    }

    #[test]
    fn a_text_across_chunks_is_found() {
        let text = format!("path\texample.com/a\nbuild\t-ldflags={}\n", "x".repeat(100_000));
        for before in [0, 1, CHUNK as usize - 8, CHUNK as usize + 3] {
            let bytes = [vec![7; before], framed(&text), vec![7; 9]].concat();
            let place = (0, bytes.len() as u64);
            let info = read_marked(Source::whole(&bytes), place, "go1.26".to_owned()).unwrap().unwrap();
            assert_eq!(info.path, "example.com/a");
            assert_eq!(info.setting("-ldflags").unwrap().len(), 100_000);
            let cut = bytes.len() as u64 - 30;
            assert_eq!(read_marked(Source::whole(&bytes), (0, cut), String::new()).unwrap(), None);
        }
    }

    #[test]
    fn a_length_beyond_the_limit_is_an_error() {
        let mut bytes = MAGIC.to_vec();
        bytes.extend([8, 2]);
        bytes.resize(32, 0);
        bytes.extend([0xff, 0xff, 0xff, 0xff, 0x7f]);
        let image = Image::new(Source::whole(&bytes), vec![Range { addr: 0, offset: 0, len: 37 }]);
        let found = read(&image, &Place::Data(vec![(0, 37)]));
        assert!(matches!(found, Err(ObjError::TooLarge { .. })), "{found:?}");
    }
}
