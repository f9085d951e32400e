//! Container images: made of what was verified, run, and looked at.
//!
//! Owns: recipes around `goferry_image`. Must not: know clap, print.

mod instruction;

pub use instruction::enter_if_asked;
