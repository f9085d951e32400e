//! Where contents come from and go: the two seams to whoever keeps them.

use crate::Digest;
use goferry_net::Sink;
use std::collections::HashMap;
use std::io::{self, Cursor, Read, Seek};

/// A content that can be read from any place.
pub trait Blob: Read + Seek + Send {}

impl<T: Read + Seek + Send> Blob for T {}

/// Has contents.
pub trait BlobSource: Send + Sync {
    /// Its size in bytes.
    ///
    /// # Errors
    /// It is not there.
    fn size(&self, digest: &Digest) -> io::Result<u64>;

    /// The content, from its beginning.
    ///
    /// # Errors
    /// It is not there.
    fn open(&self, digest: &Digest) -> io::Result<Box<dyn Blob>>;
}

/// Takes contents.
pub trait BlobSink: Send + Sync {
    /// Whether it is there already.
    fn has(&self, digest: &Digest) -> bool;

    /// Where a content is written. What is not finished does not count.
    ///
    /// # Errors
    /// It cannot be kept.
    fn create(&self, digest: &Digest, size: u64) -> io::Result<Box<dyn Sink>>;
}

/// Contents in memory.
#[derive(Clone, Debug, Default)]
pub struct Memory(HashMap<Digest, Vec<u8>>);

impl Memory {
    /// Adds one, and says what it is called.
    pub fn add(&mut self, bytes: Vec<u8>) -> Digest {
        let digest = Digest::of(&bytes);
        self.0.insert(digest.clone(), bytes);
        digest
    }

    fn get(&self, digest: &Digest) -> io::Result<&Vec<u8>> {
        self.0.get(digest).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl BlobSource for Memory {
    fn size(&self, digest: &Digest) -> io::Result<u64> {
        self.get(digest).map(|b| b.len() as u64)
    }

    fn open(&self, digest: &Digest) -> io::Result<Box<dyn Blob>> {
        Ok(Box::new(Cursor::new(self.get(digest)?.clone())))
    }
}
