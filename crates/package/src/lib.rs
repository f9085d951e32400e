//! Archives, Linux packages, checksums and the files that describe a dist folder: pure specifications in, bytes out.
//!
//! Owns: how an archive, a Linux package, a checksum file, `artifacts.json` and `metadata.json` look, and which files a glob of
//! `archives[].files` means. Must not: read configuration, run commands, know what was built or verified (the stage that
//! does is to be put on top of this).

pub mod archive;
pub mod checksum;
pub mod dist;
mod error;
mod glob;
pub mod linux;
pub mod linux_stage;
pub mod members;
pub mod opened;
mod pending;
pub mod source;
pub mod stage;

pub use archive::{ArchiveFormat, Member, Source, WriteOptions, Written, WrittenMember, write_archive};
pub use error::PackageError;
