//! Go, git and C compilers: found and probed, never fetched here. One module per outside tool.
//!
//! Owns: what these tools are asked and how their answers read; the facts of a module and of its repository.
//! Must not: decide what is built (plan does), build, or know a stage.

pub mod constraint;
pub mod gomod;
pub mod gosource;
