//! Bodies that are not held in memory: read while they are sent, hashed while they are written.

use crate::error::NetError;
use crate::request::Request;
use sha2::{Digest, Sha256, Sha512};
use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// How much is hashed and written at once, in bytes.
const PIECE: usize = 64 << 10;

/// A body to send.
#[derive(Clone)]
pub(crate) struct Stream {
    pub(crate) length: u64,
    pub(crate) open: Arc<dyn Fn() -> io::Result<Box<dyn Read + Send>> + Send + Sync>,
}

/// Takes a body. One that is dropped before it is finished was not whole.
pub trait Sink: Write + Send {
    /// Everything came and its digest is right.
    ///
    /// # Errors
    /// It cannot be kept.
    fn finish(self: Box<Self>) -> io::Result<()>;
}

/// What a body must hash to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// SHA-256.
    Sha256([u8; 32]),
    /// SHA-512.
    Sha512([u8; 64]),
}

/// Where a body goes.
#[derive(Clone)]
pub(crate) struct Landing {
    pub(crate) expected: Option<Checksum>,
    pub(crate) open: Arc<dyn Fn() -> io::Result<Box<dyn Sink>> + Send + Sync>,
}

enum Hash {
    None,
    Sha256(Sha256),
    Sha512(Sha512),
}

/// A body on its way into a sink.
pub(crate) struct Checked<'a> {
    url: String,
    limit: u64,
    landing: &'a Landing,
    hash: Hash,
}

impl<'a> Checked<'a> {
    pub(crate) fn new(request: &Request, landing: &'a Landing) -> Checked<'a> {
        let hash = match landing.expected {
            None => Hash::None,
            Some(Checksum::Sha256(_)) => Hash::Sha256(Sha256::new()),
            Some(Checksum::Sha512(_)) => Hash::Sha512(Sha512::new()),
        };
        Checked { url: request.shown(), limit: request.limit, landing, hash }
    }

    /// Everything that the reader has, which may be one byte more than the limit and then is too much.
    pub(crate) fn take(mut self, mut reader: impl Read) -> Result<(), NetError> {
        let kept = |url: &str, source| NetError::Body { url: url.to_owned(), source };
        let mut sink = (self.landing.open)().map_err(|e| kept(&self.url, e))?;
        let (mut piece, mut all) = (vec![0; PIECE], 0_u64);
        loop {
            let n = match reader.read(&mut piece) {
                Ok(0) => break,
                Ok(n) => n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(NetError::Unreachable { url: self.url, reason: e.to_string() }),
            };
            let some = piece.get(..n).unwrap_or_default();
            all += n as u64;
            if all > self.limit {
                return Err(NetError::TooLarge { url: self.url, limit: self.limit });
            }
            match &mut self.hash {
                Hash::None => {}
                Hash::Sha256(h) => h.update(some),
                Hash::Sha512(h) => h.update(some),
            }
            sink.write_all(some).map_err(|e| kept(&self.url, e))?;
        }
        self.judged()?;
        sink.finish().map_err(|e| kept(&self.url, e))
    }

    fn judged(&mut self) -> Result<(), NetError> {
        let (expected, found) = match (self.landing.expected, std::mem::replace(&mut self.hash, Hash::None)) {
            (Some(Checksum::Sha256(e)), Hash::Sha256(h)) => (hex(&e), hex(&h.finalize())),
            (Some(Checksum::Sha512(e)), Hash::Sha512(h)) => (hex(&e), hex(&h.finalize())),
            _ => return Ok(()),
        };
        if expected == found {
            return Ok(());
        }
        Err(NetError::Digest { url: self.url.clone(), expected, found })
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut s, b| {
        let _ = write!(s, "{b:02x}");
        s
    })
}

/// A body that ends in an error once nobody waits for it any more.
pub(crate) struct Watched<R> {
    pub(crate) inner: R,
    pub(crate) left: Arc<AtomicBool>,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.left.load(Ordering::Relaxed) {
            return Err(io::Error::other("nobody waits for it"));
        }
        self.inner.read(buf)
    }
}

/// A body of so many bytes, neither more nor less: the head that was sent before it says so. Its errors are [`OwnFault`]s.
pub(crate) struct Exactly<R> {
    pub(crate) inner: R,
    pub(crate) remaining: u64,
}

impl<R: Read> Read for Exactly<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let most = buf.len().min(usize::try_from(self.remaining).unwrap_or(usize::MAX));
        let Some(room) = buf.get_mut(..most).filter(|r| !r.is_empty()) else { return Ok(0) };
        let n = match self.inner.read(room) {
            Ok(0) => return Err(io::Error::other(OwnFault("it is shorter than it was".to_owned()))),
            Ok(n) => n,
            Err(e) => return Err(io::Error::new(e.kind(), OwnFault(e.to_string()))),
        };
        self.remaining -= n as u64;
        Ok(n)
    }
}

/// What is to be sent cannot be read: no fault of the connection.
#[derive(Debug, thiserror::Error)]
#[error("what is to be sent cannot be read: {0}")]
pub(crate) struct OwnFault(String);
