//! The functions of Go programs: real ones against Go's own word on them, and damaged ones.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod damaged;
mod fixtures;
mod programs;
