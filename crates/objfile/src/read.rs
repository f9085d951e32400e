//! Bytes by offset, with limits: the only way in.
//!
//! Must not: load a whole file, allocate what a file merely claims to need.

use crate::ObjError;
use goferry_target::Endian;
use std::fs::File;
use std::io;

/// Bytes that can be read at any offset.
pub trait ReadAt {
    /// The size in bytes.
    fn len(&self) -> u64;

    /// Whether there are no bytes at all.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Fills `buf` from `offset`.
    ///
    /// # Errors
    /// [`io::ErrorKind::UnexpectedEof`] if fewer bytes are there, or the system's error.
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()>;
}

impl ReadAt for [u8] {
    fn len(&self) -> u64 {
        <[u8]>::len(self) as u64
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let start = usize::try_from(offset).ok();
        let bytes = start.and_then(|s| self.get(s..)).and_then(|b| b.get(..buf.len()));
        buf.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

impl<T: ReadAt + ?Sized> ReadAt for &T {
    fn len(&self) -> u64 {
        (**self).len()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        (**self).read_at(offset, buf)
    }
}

impl ReadAt for Vec<u8> {
    fn len(&self) -> u64 {
        self.as_slice().len() as u64
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        self.as_slice().read_at(offset, buf)
    }
}

/// An open file, read by offset: no memory map, no shared position on Unix.
#[derive(Debug)]
pub struct FileBytes {
    file: File,
    len: u64,
}

impl FileBytes {
    /// Takes an open file.
    ///
    /// # Errors
    /// The system's error if the size cannot be asked.
    pub fn new(file: File) -> io::Result<Self> {
        let len = file.metadata()?.len();
        Ok(FileBytes { file, len })
    }
}

impl ReadAt for FileBytes {
    fn len(&self) -> u64 {
        self.len
    }

    #[cfg(unix)]
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&self.file, buf, offset)
    }

    #[cfg(not(unix))]
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        use std::io::{Read as _, Seek as _};
        let mut file = &self.file;
        file.seek(io::SeekFrom::Start(offset))?;
        file.read_exact(buf)
    }
}

/// A file, or one slice or member of it.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    bytes: &'a dyn ReadAt,
    base: u64,
    len: u64,
}

impl<'a> Source<'a> {
    pub(crate) fn whole(bytes: &'a dyn ReadAt) -> Self {
        Source { bytes, base: 0, len: bytes.len() }
    }

    /// `len` bytes from `offset` as a file of their own.
    pub(crate) fn part(&self, what: &'static str, offset: u64, len: u64) -> Result<Source<'a>, ObjError> {
        self.require(what, offset, len)?;
        Ok(Source { bytes: self.bytes, base: self.base + offset, len })
    }

    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Fails if a range does not lie within the file.
    pub(crate) fn require(&self, what: &'static str, offset: u64, len: u64) -> Result<(), ObjError> {
        match offset.checked_add(len) {
            Some(end) if end <= self.len => Ok(()),
            _ => Err(ObjError::Truncated { what, offset, len, size: self.len }),
        }
    }

    /// Fills `buf` from `offset`.
    pub(crate) fn fill(&self, what: &'static str, offset: u64, buf: &mut [u8]) -> Result<(), ObjError> {
        let len = buf.len() as u64;
        self.require(what, offset, len)?;
        self.bytes.read_at(self.base + offset, buf).map_err(|source| ObjError::Io {
            offset: self.base + offset,
            len,
            source,
        })
    }

    /// Exactly `len` bytes, at most `limit`.
    pub(crate) fn bytes(
        &self,
        what: &'static str,
        offset: u64,
        len: u64,
        limit: u64,
    ) -> Result<Vec<u8>, ObjError> {
        self.require(what, offset, len)?;
        if len > limit {
            return Err(ObjError::TooLarge { what, len, limit });
        }
        let mut buf = vec![0; len as usize];
        self.fill(what, offset, &mut buf)?;
        Ok(buf)
    }

    /// A fixed number of bytes.
    pub(crate) fn array<const N: usize>(&self, what: &'static str, offset: u64) -> Result<[u8; N], ObjError> {
        let mut buf = [0; N];
        self.fill(what, offset, &mut buf)?;
        Ok(buf)
    }

    /// At most `len` bytes, fewer at the end of the file.
    pub(crate) fn up_to(&self, offset: u64, len: u64) -> Result<Vec<u8>, ObjError> {
        let len = len.min(self.len.saturating_sub(offset));
        self.bytes("bytes", offset.min(self.len), len, len)
    }

    /// The zero-terminated string at `offset`, at most `limit` bytes of it.
    pub(crate) fn c_string(&self, what: &'static str, offset: u64, limit: u64) -> Result<String, ObjError> {
        let bytes = self.up_to(offset, limit)?;
        match c_str(&bytes, 0) {
            Some(s) => Ok(s),
            None => Err(ObjError::Malformed { what, offset }),
        }
    }
}

/// The zero-terminated string that begins at `start`; none without a terminator. Other than UTF-8 is replaced.
pub(crate) fn c_str(bytes: &[u8], start: usize) -> Option<String> {
    let rest = bytes.get(start..)?;
    let end = rest.iter().position(|&b| b == 0)?;
    Some(String::from_utf8_lossy(&rest[..end]).into_owned())
}

/// A section's or symbol's name in a string table; cut at 255 bytes, so that a table that every entry points into
/// cannot grow.
pub(crate) fn name_at(bytes: &[u8], start: usize) -> Option<String> {
    let rest = bytes.get(start..)?;
    Some(fixed_str(&rest[..rest.len().min(255)]))
}

/// The string in a fixed field, up to its first zero.
pub(crate) fn fixed_str(field: &[u8]) -> String {
    let end = field.iter().position(|&b| b == 0).unwrap_or(field.len());
    String::from_utf8_lossy(&field[..end]).into_owned()
}

/// Numbers in a table that has been read. Reads beyond its end give none.
#[derive(Clone, Copy)]
pub(crate) struct Table<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) endian: Endian,
}

impl<'a> Table<'a> {
    pub(crate) fn new(bytes: &'a [u8], endian: Endian) -> Self {
        Table { bytes, endian }
    }

    fn array<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        self.bytes.get(at..)?.first_chunk::<N>().copied()
    }

    pub(crate) fn u16(&self, at: usize) -> Option<u16> {
        let b = self.array(at)?;
        Some(if self.endian == Endian::Big { u16::from_be_bytes(b) } else { u16::from_le_bytes(b) })
    }

    pub(crate) fn u32(&self, at: usize) -> Option<u32> {
        let b = self.array(at)?;
        Some(if self.endian == Endian::Big { u32::from_be_bytes(b) } else { u32::from_le_bytes(b) })
    }

    pub(crate) fn u64(&self, at: usize) -> Option<u64> {
        let b = self.array(at)?;
        Some(if self.endian == Endian::Big { u64::from_be_bytes(b) } else { u64::from_le_bytes(b) })
    }

    /// A number as wide as an address.
    pub(crate) fn word(&self, at: usize, bits: u8) -> Option<u64> {
        if bits == 64 { self.u64(at) } else { self.u32(at).map(u64::from) }
    }
}

/// An unsigned LEB128 number at `*at`, which is moved past it.
pub(crate) fn uleb(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.get(*at)?;
        *at += 1;
        value |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
