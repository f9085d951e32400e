//! Plan to [`Built`]: one binary made by the go command (or merged, or taken as it is), hooks and packing included,
//! because whatever changes a binary's bytes belongs here, before anything is verified.
//!
//! Owns: the command lines of builds and hooks, [`Built`] and its record. Must not: judge binaries, know archives,
//! know the cache (it offers [`BuiltRecord`] for it).

mod built;
mod error;
mod go_build;
mod hook;
mod universal;
mod upx;

pub use built::{Built, BuiltFile, BuiltRecord, Restored};
pub use error::BuildError;
pub use go_build::{
    BuildContext, build, go_environment, is_allowed, is_key_variable, local_package, prebuilt, set_time,
};
pub use hook::run_hook;
pub use universal::universal;
