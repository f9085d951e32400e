//! Runs a plan: what there is to know, what may come from the cache, in which order, into which folder.
//!
//! Owns: recipes that need several stages. Must not: know clap or colours, print.

mod addresses;
pub mod binfmt;
pub mod bom;
mod changelog;
pub mod compilers;
mod config;
mod copy;
#[cfg(unix)]
pub mod debug;
pub mod deps;
mod dist;
pub mod doctor;
pub mod evidence;
pub mod exec;
pub mod explain;
pub mod history;
mod host;
pub mod images;
mod inputs;
mod metadata;
mod modules;
mod outside;
mod preconditions;
mod prepare;
pub mod profile;
mod project;
mod provenance;
mod release;
mod remembered;
mod reproducible;
pub mod run;
pub mod scanning;
mod schedule;
mod session;
pub mod signing;
pub mod sizes;
mod steps;
mod summary;
pub mod symbols;
pub mod targets;
mod templates;
pub mod testing;
pub mod toolset;
pub mod trace;
mod unpacked;
mod uploads;
mod wine;
mod xml;

pub use addresses::{learn_arguments, learn_environment};
pub use config::{check_targets, load as load_config};
pub use dist::Dist;
pub use host::host_target;
pub use modules::{ModuleCheck, check_module};
pub use preconditions::check_needs;
pub use prepare::{Prepared, prepare};
pub use release::{Outcome, release};
pub use reproducible::release_twice;
pub use session::{ConfigFile, Inset, Request, Session, Subject};
pub use steps::size;
pub use summary::{Row, Summary};
