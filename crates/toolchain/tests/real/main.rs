//! The house against the real git and the real go, in temporary directories.

mod bed;
mod changelog;
mod git;
mod go;
mod main_version;
