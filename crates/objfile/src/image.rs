//! Where the bytes of a program's memory stand in its file.
//!
//! Owns: address → offset. Must not know a format: the readers fill it in.

use crate::ObjError;
use crate::read::Source;

/// Consecutive bytes of memory that stand together in the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Range {
    pub(crate) addr: u64,
    pub(crate) offset: u64,
    pub(crate) len: u64,
}

/// Memory as the loader would fill it from the file.
pub(crate) struct Image<'a> {
    source: Source<'a>,
    ranges: Vec<Range>,
}

impl<'a> Image<'a> {
    pub(crate) fn new(source: Source<'a>, mut ranges: Vec<Range>) -> Self {
        ranges.retain(|r| r.len > 0);
        Image { source, ranges }
    }

    /// Offset of `addr` in the file, and how many bytes follow there.
    pub(crate) fn offset(&self, addr: u64) -> Option<(u64, u64)> {
        let inside = |r: &&Range| addr.checked_sub(r.addr).is_some_and(|d| d < r.len);
        let r = self.ranges.iter().find(inside)?;
        let skip = addr - r.addr;
        Some((r.offset.checked_add(skip)?, r.len - skip))
    }

    /// Up to `len` bytes of memory from `addr`; fewer where the file has no more, none where it has none.
    pub(crate) fn read(&self, addr: u64, len: u64) -> Result<Vec<u8>, ObjError> {
        match self.offset(addr) {
            Some((offset, rest)) => self.source.up_to(offset, len.min(rest)),
            None => Ok(Vec::new()),
        }
    }
}
