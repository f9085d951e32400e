//! Container images: what moves them between dist/ and registries.
//!
//! Owns: which image goes where under which names, and what is attached to it. Must not: know the protocol of registries
//! (`registry` does), draw.

mod attach;
pub mod instruction;
mod layout;
pub mod push;
mod registries;

pub use attach::Attachments;
pub use instruction::enter_if_asked;
pub use registries::Registries;
