//! What can be wrong with a file's bytes.

use std::fmt::Write as _;

/// Why a file could not be read. Offsets are in bytes from the start of the file (of the slice or member, inside a
/// fat Mach-O or an archive).
#[derive(Debug, thiserror::Error)]
pub enum ObjError {
    /// Reading failed.
    #[error("cannot read {len} bytes at offset {offset:#x}: {source}")]
    Io {
        /// Where reading began.
        offset: u64,
        /// How much was wanted.
        len: u64,
        /// The system's reason.
        source: std::io::Error,
    },
    /// No format that goferry knows begins like this.
    #[error("not an executable format that Go writes (first bytes: {})", hex(magic))]
    Unrecognized {
        /// The first bytes, at most 16.
        magic: Vec<u8>,
    },
    /// The file's own headers place something beyond its end.
    #[error("truncated: {what} at offset {offset:#x} needs {len} bytes, but the file ends at {size:#x}")]
    Truncated {
        /// What lies beyond the end.
        what: &'static str,
        /// Where it should begin.
        offset: u64,
        /// How long it should be.
        len: u64,
        /// The size of the file.
        size: u64,
    },
    /// The bytes contradict the format.
    #[error("malformed {what} at offset {offset:#x}")]
    Malformed {
        /// What is malformed.
        what: &'static str,
        /// Where it is.
        offset: u64,
    },
    /// A table is larger than any real file's.
    #[error("{what} of {len} bytes is over the limit of {limit}")]
    TooLarge {
        /// Which table.
        what: &'static str,
        /// Its size as the file states it.
        len: u64,
        /// The limit.
        limit: u64,
    },
}

fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 3);
    for b in bytes {
        // Writing to a String cannot fail.
        let _ = write!(out, "{}{b:02x}", if out.is_empty() { "" } else { " " });
    }
    if out.is_empty() { "none, the file is empty".to_owned() } else { out }
}
