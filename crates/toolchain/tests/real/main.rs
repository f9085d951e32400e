//! The house against the real git and the real go, in temporary directories.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which clippy does not see as tests")]

mod bed;
mod changelog;
mod git;
mod git_memory;
mod go;
mod main_version;
