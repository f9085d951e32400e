//! Deflate streams (RFC 1951): libdeflate for what fits in memory, zlib for what is larger. Which of the two depends on
//! the expected size only, so the bytes are the same everywhere.
//!
//! Independent blocks (more threads per archive, reuse of unchanged blocks from the last release) were measured and left
//! out: several archives are written at once anyway; after a change of one line only 1 to 5 % of 64 KiB blocks of a
//! stripped Go program stay the same (40 % at best); and joining them needs several gzip members, after the first of which
//! many readers stop.

use crate::PackageError;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use libdeflater::{CompressionLvl, Compressor, Crc};
use std::io::{self, Write};

/// What may be held in memory, uncompressed, to be compressed in one go.
const WHOLE: u64 = 128 << 20;

/// libdeflate's level, 1 to 12.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Level(u8);

impl Level {
    pub(crate) fn new(level: u8) -> Self {
        Level(level.clamp(1, 12))
    }
}

/// A finished stream and what gzip and zip say about its content.
pub(crate) struct Deflated {
    pub(crate) packed: Vec<u8>,
    pub(crate) crc: u32,
    /// Bytes before compression.
    pub(crate) size: u64,
}

impl Deflated {
    /// Compresses what `write` writes; `expected` is about how many bytes that will be.
    pub(crate) fn make(
        expected: u64,
        level: Level,
        write: impl FnOnce(&mut dyn Write) -> Result<(), PackageError>,
    ) -> Result<Deflated, PackageError> {
        Deflated::make_within(WHOLE, expected, level, write)
    }

    /// The same, where only up to `whole_at_most` bytes may be held in memory at once.
    pub(crate) fn make_within(
        whole_at_most: u64,
        expected: u64,
        level: Level,
        write: impl FnOnce(&mut dyn Write) -> Result<(), PackageError>,
    ) -> Result<Deflated, PackageError> {
        if expected > whole_at_most {
            let mut stream = Stream::new(level);
            write(&mut stream)?;
            return stream.finish();
        }
        let mut plain = Vec::with_capacity(usize::try_from(expected).unwrap_or(0));
        write(&mut plain)?;
        let mut crc = Crc::new();
        crc.update(&plain);
        Ok(Deflated { packed: whole(&plain, level)?, crc: crc.sum(), size: plain.len() as u64 })
    }
}

fn whole(plain: &[u8], level: Level) -> Result<Vec<u8>, PackageError> {
    let level = CompressionLvl::new(i32::from(level.0)).unwrap_or_default();
    let mut compressor = Compressor::new(level);
    let mut out = vec![0; compressor.deflate_compress_bound(plain.len())];
    let n = compressor
        .deflate_compress(plain, &mut out)
        .map_err(|e| PackageError::io("compress", "deflate".as_ref())(io::Error::other(e)))?;
    out.truncate(n);
    Ok(out)
}

/// The streaming way; only the compressed bytes are held.
struct Stream {
    encoder: DeflateEncoder<Vec<u8>>,
    crc: Crc,
    size: u64,
}

impl Stream {
    fn new(level: Level) -> Self {
        // zlib ends at 9, and its level 1 packs much worse than libdeflate's.
        let level = Compression::new(u32::from(level.0.clamp(3, 9)));
        Stream { encoder: DeflateEncoder::new(Vec::new(), level), crc: Crc::new(), size: 0 }
    }

    fn finish(self) -> Result<Deflated, PackageError> {
        let packed = self.encoder.finish().map_err(PackageError::io("compress", "deflate".as_ref()))?;
        Ok(Deflated { packed, crc: self.crc.sum(), size: self.size })
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.encoder.write(bytes)?;
        self.crc.update(&bytes[..n]);
        self.size += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::DeflateDecoder;
    use std::io::Read;

    #[test]
    fn both_ways_give_the_same_content() {
        let plain: Vec<u8> = (0..300_000u32).flat_map(|i| (i.wrapping_mul(i) >> 7).to_le_bytes()).collect();
        for expected in [0, WHOLE + 1] {
            let made = Deflated::make(expected, Level::new(1), |w| {
                w.write_all(&plain).map_err(PackageError::io("write", "x".as_ref()))
            })
            .unwrap();
            let mut read = Vec::new();
            DeflateDecoder::new(&made.packed[..]).read_to_end(&mut read).unwrap();
            assert!(read == plain);
            assert!(made.packed.len() < plain.len());
            assert_eq!((made.size, made.crc), (plain.len() as u64, libdeflater::crc32(&plain)));
        }
    }
}
