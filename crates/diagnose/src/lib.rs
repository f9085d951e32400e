//! Why a build failed or a binary does not start: symptoms, causes and fixes as data.
//!
//! Owns: the table of causes ([`CAUSES`]), finding the first real one in a log ([`explain_log`]), what a binary needs and
//! where it can run ([`explain_binary`]), which distributions have which C library ([`glibc`]).
//! Must not: do any I/O; the host is described to it.

mod binary;
mod causes;
pub mod glibc;
mod log;
mod target_words;

pub use binary::{BinaryReport, HostView, Obstacle, explain_binary, target_of};
pub use causes::{AREAS, CAUSES, Cause, Fix, Proof, Sign};
pub use log::{FilledFix, Finding, LogReport, explain_log};
