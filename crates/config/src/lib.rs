//! goferry.toml and .goreleaser.yaml to one [`Config`]; the template language; the schema of both files.
//!
//! Owns: what every key is called, means and accepts. Must not: read files or the environment, apply defaults that
//! depend on the project.

pub mod model;
pub mod place;

pub use model::Config;
pub use place::{Place, SourceText};
