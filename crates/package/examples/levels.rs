//! Prints speed and size of libdeflate's levels on the files named; the figures behind the default level.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a measuring tool")]
use libdeflater::{CompressionLvl, Compressor};
use std::time::Instant;

fn main() {
    let files: Vec<Vec<u8>> = std::env::args().skip(1).map(|p| std::fs::read(p).unwrap()).collect();
    let total: usize = files.iter().map(Vec::len).sum();
    for level in 1..=9 {
        for block in [64 << 10, 256 << 10, 1 << 20, usize::MAX] {
            let mut best = f64::MAX;
            let mut size = 0;
            for _ in 0..3 {
                let start = Instant::now();
                size = 0;
                for file in &files {
                    for piece in file.chunks(block) {
                        let mut c = Compressor::new(CompressionLvl::new(level).unwrap());
                        let mut out = vec![0; c.deflate_compress_bound(piece.len())];
                        size += c.deflate_compress(piece, &mut out).unwrap();
                    }
                }
                best = best.min(start.elapsed().as_secs_f64());
            }
            println!(
                "level {level} block {:>5} KiB {:6.1} MB/s {:5.2} % ",
                block >> 10,
                total as f64 / best / 1e6,
                100.0 * size as f64 / total as f64
            );
        }
    }
}
