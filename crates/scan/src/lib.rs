//! Known vulnerabilities against what is really in a Go program, offline.
//!
//! ```text
//! OSV records ─▶ Source ─▶ index file ─▶ Database ┐
//! program, modules, SBOM ─▶ Subject ──────────────┴─ scan ─▶ Found ─▶ judge (Ignore, threshold) ─▶ Report
//! ```
//!
//! [`Found`] is raw: [`Finding`]s of each [`Level`] and what is known of each [`Vulnerability`]. It depends on the subject
//! and on the database's digest only, so it can be kept. [`judge`] takes the list of ignored ones, the threshold and the
//! time, and makes the [`Report`] that tables, JSON, SARIF and VEX are drawn from: every finding is in it, ignored ones
//! with the [`Ignore`] that covers them.
//!
//! Owns: reading OSV records from files, the compact index, the rules of matching, which are govulncheck's, and the
//! forms of a result. Must not: use the network, print, run programs.

mod database;
mod doubt;
mod error;
mod finding;
mod ignore;
mod index;
mod matching;
mod osv;
mod report;
pub mod sbom;
mod source;
mod subject;
mod symbol;
pub mod version;
mod zip;

pub use database::{About, Database};
pub use error::ScanError;
pub use finding::{Depth, Finding, Found, Level, Vulnerability};
pub use ignore::{Ignore, day, import};
pub use index::{Head, Index};
pub use matching::{merge, scan};
pub use osv::{Affected, Event, Package, Record};
pub use report::{Covered, Report, Threshold, judge};
pub use source::{DateFrom, Source};
pub use subject::{Assumed, Contents, Linked, STDLIB, Subject};
