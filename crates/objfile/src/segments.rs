//! Where an ELF program's bytes are loaded.

use crate::read::{ReadAt, Source};
use crate::{ObjError, elf};

/// Bytes of a file that are loaded together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Where in memory, as the file states it.
    pub addr: u64,
    /// Where in the file.
    pub offset: u64,
    /// How many.
    pub size: u64,
    /// Whether it is code.
    pub executable: bool,
}

impl Segment {
    /// The address of the byte at `offset` of the file, if it is one of these.
    pub fn address_of(&self, offset: u64) -> Option<u64> {
        let within = offset.checked_sub(self.offset).filter(|d| *d < self.size)?;
        Some(self.addr.wrapping_add(within))
    }
}

/// The loaded segments of an ELF file; empty for other files.
///
/// # Errors
/// [`ObjError`] if the file cannot be read or its headers are damaged.
pub fn segments(bytes: &dyn ReadAt) -> Result<Vec<Segment>, ObjError> {
    let source = Source::whole(bytes);
    match *source.up_to(0, 4)?.as_slice() {
        [0x7f, b'E', b'L', b'F'] => elf::segments_of(source),
        _ => Ok(Vec::new()),
    }
}
