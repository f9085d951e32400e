//! Container images: what moves them between dist/ and registries.
//!
//! Owns: which image goes where under which names, and what is attached to it. Must not: know the protocol of registries
//! (`registry` does), draw.

mod attach;
mod index;
mod layout;
mod old;
pub mod push;
mod registries;
mod sign;
mod wanted;

pub use attach::Attachments;
pub use registries::Registries;
