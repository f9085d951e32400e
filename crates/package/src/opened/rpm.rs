//! rpm: lead, signature, header, and a payload of cpio.

use super::{MAX_SCRIPT, PackedScript, Part, VisitPart, absolute, damaged};
use crate::archive::{Bounded, Entry, EntryKind};
use std::cell::Cell;
use std::io::{self, Read};

/// A header of an honest package has some hundred kilobytes.
const MAX_HEADER: u64 = 64 << 20;
const MAX_NAME: usize = 64 << 10;

/// Tags of a script and of the program that starts it.
const SCRIPTS: [(&str, u32, u32); 6] = [
    ("pre", 1023, 1085),
    ("post", 1024, 1086),
    ("preun", 1025, 1087),
    ("postun", 1026, 1088),
    ("pretrans", 1151, 1153),
    ("posttrans", 1152, 1154),
];
const COMPRESSOR: u32 = 1125;

pub(super) fn read(from: &mut dyn Read, left: &Cell<u64>, visit: &mut VisitPart<'_>) -> io::Result<()> {
    let mut lead = [0; 96];
    from.read_exact(&mut lead)?;
    if lead[..4] != [0xed, 0xab, 0xee, 0xdb] {
        return Err(damaged("it is no rpm"));
    }
    let signature = Header::read(from)?;
    let padding = (8 - signature.len % 8) % 8;
    io::copy(&mut (&mut *from).take(padding), &mut io::sink())?;
    let header = Header::read(from)?;
    for (name, text, program) in SCRIPTS {
        if let Some(text) = header.text(text) {
            if text.len() as u64 > MAX_SCRIPT {
                return Err(damaged("a script of more than 4 MiB"));
            }
            let program = header.text(program).map(|p| String::from_utf8_lossy(p).into_owned());
            visit(Part::Script(PackedScript { name: name.to_owned(), program, text: text.to_owned() }))?;
        }
    }
    let compressor = header.text(COMPRESSOR).map(|c| String::from_utf8_lossy(c).into_owned());
    let mut cpio = |from: &mut dyn Read| cpio(&mut Bounded { from, left }, visit);
    match compressor.as_deref() {
        Some("gzip") | None => cpio(&mut flate2::read::GzDecoder::new(from)),
        Some("xz") => cpio(&mut liblzma::read::XzDecoder::new(from)),
        Some("lzma") => {
            let stream = liblzma::stream::Stream::new_lzma_decoder(u64::MAX).map_err(io::Error::from)?;
            cpio(&mut liblzma::read::XzDecoder::new_stream(from, stream))
        }
        Some("zstd") => cpio(&mut zstd::stream::read::Decoder::new(from)?),
        Some("none" | "") => cpio(from),
        Some(_) => Err(damaged("compressed in a way that is not known")),
    }
}

/// A header: an index of tags, and the store that it points into.
struct Header {
    /// (tag, type, offset, count).
    index: Vec<(u32, u32, usize, usize)>,
    store: Vec<u8>,
    /// Its length in the file.
    len: u64,
}

impl Header {
    fn read(from: &mut dyn Read) -> io::Result<Header> {
        let mut intro = [0; 16];
        from.read_exact(&mut intro)?;
        if intro[..3] != [0x8e, 0xad, 0xe8] {
            return Err(damaged("a header without its magic"));
        }
        let (count, size) = (u64::from(be(&intro, 8)), u64::from(be(&intro, 12)));
        if count.saturating_mul(16) + size > MAX_HEADER {
            return Err(damaged("a header of more than 64 MiB"));
        }
        let mut bytes = vec![];
        from.take(count * 16 + size).read_to_end(&mut bytes)?;
        if bytes.len() as u64 != count * 16 + size {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let store = bytes.split_off(usize::try_from(count * 16).unwrap_or_default());
        let index = bytes
            .chunks_exact(16)
            .map(|e| (be(e, 0), be(e, 4), be(e, 8) as usize, be(e, 12) as usize))
            .collect();
        Ok(Header { index, store, len: 16 + count * 16 + size })
    }

    /// A tag's first text.
    fn text(&self, tag: u32) -> Option<&[u8]> {
        // Types 6, 8 and 9 are texts: one, several, several languages of one.
        let (_, _, at, _) =
            self.index.iter().find(|(t, kind, _, _)| *t == tag && matches!(kind, 6 | 8 | 9))?;
        let rest = self.store.get(*at..)?;
        Some(&rest[..rest.iter().position(|b| *b == 0)?])
    }
}

fn be(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).map_or(0, |b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]))
}

/// cpio's `newc`, which ends with a member called TRAILER!!!.
fn cpio(from: &mut dyn Read, visit: &mut VisitPart<'_>) -> io::Result<()> {
    loop {
        let mut header = [0; 110];
        from.read_exact(&mut header)?;
        if !matches!(&header[..6], b"070701" | b"070702") {
            return Err(damaged("a payload that is no cpio"));
        }
        let field = |n: usize| {
            let digits = std::str::from_utf8(&header[6 + 8 * n..14 + 8 * n]).unwrap_or_default();
            u32::from_str_radix(digits, 16).map_err(|_| damaged("a cpio header that is damaged"))
        };
        let (mode, size, name_len) = (field(1)?, u64::from(field(6)?), field(11)? as usize);
        if name_len > MAX_NAME {
            return Err(damaged("a name of more than 64 KiB"));
        }
        // The name and its NUL, so that header and name together are a multiple of four.
        let mut name = vec![0; (110 + name_len).next_multiple_of(4) - 110];
        from.read_exact(&mut name)?;
        let name = String::from_utf8_lossy(&name[..name_len.saturating_sub(1)]).into_owned();
        if name == "TRAILER!!!" {
            return Ok(());
        }
        let mut body = (&mut *from).take(size);
        let kind = match mode & 0o170_000 {
            0o040_000 => EntryKind::Directory,
            0o120_000 => {
                let mut text = vec![];
                (&mut body).take(MAX_NAME as u64).read_to_end(&mut text)?;
                EntryKind::Symlink(String::from_utf8_lossy(&text).into_owned())
            }
            0o100_000 => EntryKind::File,
            _ => EntryKind::Other,
        };
        let entry = Entry { name: absolute(&name), kind, mode: mode & 0o7777, size };
        visit(Part::Member(&entry, &mut body))?;
        let rest = body.limit() + (4 - size % 4) % 4;
        if io::copy(&mut (&mut *from).take(rest), &mut io::sink())? != rest {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}
