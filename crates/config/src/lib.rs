//! goferry.toml and .goreleaser.yaml to one [`Config`]; the template language; the schema of both files.
//!
//! Owns: what every key is called, means and accepts. Must not: read files or the environment, apply defaults that
//! depend on the project.

mod chglog;
mod decode;
mod document;
pub mod model;
pub mod place;
mod schema;
mod starter;
pub mod template;

pub use chglog::{ChangelogVersion, read_changelog};
pub use decode::load;
pub use document::plain;
pub use model::Config;
pub use place::{Place, SourceText};
pub use schema::{
    FileKind, Section, Status, json_schema, reference_markdown, sections, skip_covers, skip_values,
};
pub use starter::{StarterFacts, starter_toml};

/// Where goreleaser looks for its file; the first that exists is read.
pub const SEARCH_ORDER: [&str; 6] = [
    ".config/goreleaser.yml",
    ".config/goreleaser.yaml",
    ".goreleaser.yml",
    ".goreleaser.yaml",
    "goreleaser.yml",
    "goreleaser.yaml",
];

/// goferry's own file, at the top of the project.
pub const GOFERRY_FILE: &str = "goferry.toml";
