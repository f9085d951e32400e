//! Configuration, project facts and host facts to a [`Plan`]: a graph of steps as plain data.
//!
//! Owns: every default that depends on the project, the matrix, names of files, who needs whom, and the checks that
//! can be made before anything runs. Must not: do any I/O (templates reach files through [`TemplateHost`]).
//!
//! [`TemplateHost`]: goferry_config::template::TemplateHost

mod archives;
mod builds;
mod draft;
pub mod facts;
mod fields;
mod finish;
pub mod graph;
pub mod image_push;
mod images;
mod inside;
pub mod late;
mod linux_packages;
mod matrix;
pub mod package_names;
mod provenance;
mod recorded;
mod render;
mod rest;
mod sbom;
mod scans;
pub mod secret;
mod sign;
mod universal;
mod verifies;
mod vex;

pub use draft::{Draft, DraftBuild, Options, draft};
pub use graph::Plan;
