//! Container images: what makes them of verified binaries, and what moves them between dist/ and registries.
//!
//! Owns: what is in an image, which image goes where under which names, and what is attached to it. Must not: know the protocol of registries
//! (`registry` does), draw.

mod attach;
pub mod bake;
mod base;
pub(crate) mod build;
mod builder;
pub(crate) mod dockerfile;
pub(crate) mod early;
mod extras;
mod held;
mod hooks;
mod index;
pub mod inspect;
pub mod instruction;
mod layout;
mod libraries;
mod old;
pub(crate) mod proof;
pub mod push;
mod registries;
pub mod run;
mod sign;
mod wanted;

pub use attach::Attachments;
pub use instruction::enter_if_asked;
pub use registries::Registries;
