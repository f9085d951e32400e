//! gzip (RFC 1952) of a stream, on all cores, in constant memory, with the same bytes however many cores there are.
//!
//! The stream is cut into pieces of 256 KiB, each compressed by itself and ended on a byte boundary (Z_SYNC_FLUSH), and
//! the pieces are joined as one member: readers that stop after the first member (there are some) read all of it.

use flate2::{Compress, Compression, FlushCompress};
use libdeflater::Crc;
use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// What is compressed at a time. The window of 32 KiB starts anew with each; pieces of 1 MiB would save 0.2 % of a Go
/// program and keep fewer cores busy at its end.
const PIECE: usize = 256 << 10;
/// zlib's level; docs/design/images.md has figures.
const LEVEL: u32 = 2;
/// No name, no time; "unknown" system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
/// The last block: empty, stored with fixed codes.
const LAST: [u8; 2] = [3, 0];

type Job = (Vec<u8>, SyncSender<io::Result<Vec<u8>>>);

/// Compresses what is written to it into `sink`.
pub(crate) struct Gzip<W: Write> {
    sink: W,
    piece: Vec<u8>,
    crc: Crc,
    size: u32,
    jobs: Option<Sender<Job>>,
    pending: VecDeque<Receiver<io::Result<Vec<u8>>>>,
    workers: Vec<JoinHandle<()>>,
}

impl<W: Write> Gzip<W> {
    pub(crate) fn new(mut sink: W) -> io::Result<Gzip<W>> {
        sink.write_all(&HEADER)?;
        let (jobs, queue) = channel::<Job>();
        let queue = Arc::new(Mutex::new(queue));
        let cores = std::thread::available_parallelism().map_or(1, usize::from).min(8);
        let workers = (0..cores).map(|_| {
            let queue = Arc::clone(&queue);
            std::thread::spawn(move || work(&queue))
        });
        Ok(Gzip {
            sink,
            piece: Vec::with_capacity(PIECE),
            crc: Crc::new(),
            size: 0,
            jobs: Some(jobs),
            pending: VecDeque::new(),
            workers: workers.collect(),
        })
    }

    /// Hands a piece over, and takes the oldest back where enough are under way.
    fn send(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        self.crc.update(&self.piece);
        self.size = self.size.wrapping_add(self.piece.len() as u32);
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE));
        let (done, result) = sync_channel(1);
        let gone = || io::Error::other("a compressing thread is gone");
        self.jobs.as_ref().ok_or_else(gone)?.send((piece, done)).map_err(|_| gone())?;
        self.pending.push_back(result);
        while self.pending.len() > 4 * self.workers.len() {
            self.take()?;
        }
        Ok(())
    }

    fn take(&mut self) -> io::Result<()> {
        if let Some(result) = self.pending.pop_front() {
            let packed = result.recv().map_err(|_| io::Error::other("a compressing thread is gone"))??;
            self.sink.write_all(&packed)?;
        }
        Ok(())
    }

    /// Ends the stream.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.send()?;
        while !self.pending.is_empty() {
            self.take()?;
        }
        drop(self.jobs.take());
        for worker in self.workers.drain(..) {
            let _ = worker.join();
        }
        self.sink.write_all(&LAST)?;
        self.sink.write_all(&self.crc.sum().to_le_bytes())?;
        self.sink.write_all(&self.size.to_le_bytes())?;
        Ok(self.sink)
    }
}

impl<W: Write> Write for Gzip<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = bytes.len().min(PIECE - self.piece.len());
        self.piece.extend_from_slice(&bytes[..n]);
        if self.piece.len() == PIECE {
            self.send()?;
        }
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn work(queue: &Mutex<Receiver<Job>>) {
    let mut compress = Compress::new(Compression::new(LEVEL), false);
    loop {
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((piece, done)) = job else { return };
        compress.reset();
        let _ = done.send(pack(&mut compress, &piece));
    }
}

/// A piece as deflate blocks that end on a byte boundary, none of them the last.
fn pack(compress: &mut Compress, piece: &[u8]) -> io::Result<Vec<u8>> {
    let mut out = Vec::with_capacity(piece.len() / 2 + 1024);
    loop {
        let read = usize::try_from(compress.total_in()).unwrap_or(usize::MAX);
        compress
            .compress_vec(&piece[read.min(piece.len())..], &mut out, FlushCompress::Sync)
            .map_err(io::Error::other)?;
        // Room left means that everything is out.
        if compress.total_in() == piece.len() as u64 && out.len() < out.capacity() {
            return Ok(out);
        }
        out.reserve(out.capacity() / 2 + 1024);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn packed(plain: &[u8]) -> Vec<u8> {
        let mut gzip = Gzip::new(vec![]).unwrap();
        gzip.write_all(plain).unwrap();
        gzip.finish().unwrap()
    }

    #[test]
    fn one_member_holds_everything() {
        let noise = |n: u32| (0..n).flat_map(|i| (i.wrapping_mul(2_654_435_761) >> 3).to_le_bytes());
        for plain in [
            vec![],
            b"x".to_vec(),
            vec![7; PIECE],
            noise(PIECE as u32 / 4 + 1).collect(),
            noise(900_000).collect(),
        ] {
            let made = packed(&plain);
            let mut read = vec![];
            flate2::read::GzDecoder::new(&made[..]).read_to_end(&mut read).unwrap();
            assert!(read == plain, "{}", plain.len());
            assert!(made == packed(&plain));
        }
    }
}
