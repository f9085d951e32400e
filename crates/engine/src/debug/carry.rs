//! Bytes carried between a debugger and a stub, until one of them is gone.

use super::stub::Held;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// How often it is looked whether to stop.
const TICK: Duration = Duration::from_millis(20);

/// A connection that can be read and written at once.
pub(super) trait Duplex: Sync {
    fn reader(&self) -> impl Read + '_;
    fn writer(&self) -> impl Write + '_;
    fn close(&self);
}

impl Duplex for TcpStream {
    fn reader(&self) -> impl Read + '_ {
        self
    }

    fn writer(&self) -> impl Write + '_ {
        self
    }

    fn close(&self) {
        // Closed already: just as well.
        let _ = self.shutdown(Shutdown::Both);
    }
}

impl Duplex for UnixStream {
    fn reader(&self) -> impl Read + '_ {
        self
    }

    fn writer(&self) -> impl Write + '_ {
        self
    }

    fn close(&self) {
        let _ = self.shutdown(Shutdown::Both);
    }
}

/// Carries from a debugger to a stub and back until one end closes or `stop` says so; both are closed then.
pub(super) fn carry(debugger: &impl Duplex, stub: &UnixStream, held: &Held, stop: &dyn Fn() -> bool) {
    let (a, b) = (debugger, stub);
    let close = || {
        a.close();
        b.close();
    };
    std::thread::scope(|scope| {
        let forth = scope.spawn(|| {
            // A connection that breaks has ended.
            let _ = forward(&mut a.reader(), &mut b.writer(), held);
            close();
        });
        let back = scope.spawn(|| {
            let _ = std::io::copy(&mut b.reader(), &mut a.writer());
            close();
        });
        while !(forth.is_finished() && back.is_finished()) {
            if stop() {
                close();
            }
            std::thread::sleep(TICK);
        }
    });
}

/// The byte by which a debugger asks for a stop; it comes alone, for nothing is sent while the program runs (the
/// remote protocol's “Interrupts”).
const INTERRUPT: &[u8] = b"\x03";

/// From the debugger to the stub.
fn forward(from: &mut dyn Read, to: &mut dyn Write, held: &Held) -> std::io::Result<()> {
    let mut buffer = vec![0; 16 << 10];
    loop {
        let n = match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(n) => n,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        if &buffer[..n] == INTERRUPT && held.interrupted() {
            continue;
        }
        to.write_all(&buffer[..n])?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_until_one_closes() {
        let ((one, a), (b, other)) = (UnixStream::pair().unwrap(), UnixStream::pair().unwrap());
        let held = Held::nothing();
        std::thread::scope(|s| {
            let carried = s.spawn(|| carry(&a, &b, &held, &|| false));
            (&one).write_all(b"there").unwrap();
            (&other).write_all(b"back").unwrap();
            let mut text = [0; 5];
            (&other).read_exact(&mut text).unwrap();
            assert_eq!(&text, b"there");
            (&one).read_exact(&mut text[..4]).unwrap();
            assert_eq!(&text[..4], b"back");
            drop(one);
            carried.join().unwrap();
        });
        assert_eq!((&other).read(&mut [0; 1]).unwrap(), 0);
        let ((_one, a), (b, _other)) = (UnixStream::pair().unwrap(), UnixStream::pair().unwrap());
        carry(&a, &b, &held, &|| true);
    }
}
