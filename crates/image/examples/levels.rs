//! Prints what zlib's levels make of a file as layers are compressed: by pieces, each ended on a byte boundary.
#![expect(clippy::print_stdout, reason = "an example")]

use flate2::{Compress, Compression, FlushCompress};
use std::time::Instant;

fn main() -> std::io::Result<()> {
    for file in std::env::args().skip(1) {
        let bytes = std::fs::read(&file)?;
        for (level, piece) in [1, 2, 3, 4, 6].into_iter().flat_map(|l| [(l, 256 << 10), (l, 1 << 20)]) {
            let begun = Instant::now();
            let mut compress = Compress::new(Compression::new(level), false);
            let mut size = 0;
            for part in bytes.chunks(piece) {
                compress.reset();
                let mut out = Vec::with_capacity(part.len() + 4096);
                compress.compress_vec(part, &mut out, FlushCompress::Sync).map_err(std::io::Error::other)?;
                size += out.len();
            }
            let seconds = begun.elapsed().as_secs_f64();
            let rate = bytes.len() as f64 / 1e6 / seconds;
            println!("level {level}, pieces of {:4} KiB: {size:9} bytes, {rate:5.0} MB/s", piece >> 10);
        }
    }
    Ok(())
}
