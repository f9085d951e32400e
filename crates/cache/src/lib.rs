//! A content store, action records and a stat cache on disk; it knows files and keys, nothing of Go or releases.
//!
//! Owns: how they lie on disk, their limits, and that several processes may use them at once. Must not: decide what
//! goes into a key, where the store is, or print.
//!
//! Everything is written under a temporary name and renamed, so a killed process leaves nothing but temporary files,
//! which a later [`Store::open`] removes.

mod digest;
mod error;
mod hasher;
mod key;
mod memory;
mod store;

pub use digest::{Digest, hex};
pub use error::CacheError;
pub use hasher::{FileHasher, TreeContent, TreeEntry};
pub use key::{Key, KeyBuilder, KeyField, difference};
pub use store::{DEFAULT_LIMIT, Info, Record, Store};
