//! Bills of materials: what is in a Go program, as CycloneDX and as SPDX.
//!
//! Owns: the inventory and its two spellings, licences by their texts, the version of a program that states none. Must not:
//! run go or any other program, ask a proxy, look at the clock (the time is given).

mod cyclonedx;
mod edges;
mod inventory;
pub mod licence;
mod serial;
mod spdx;
mod third_party;
mod version;

pub(crate) use cyclonedx::{Component, Property, SCHEMA, Tools, named};
pub use edges::{ModuleFiles, Resolver, resolve};
pub use inventory::{FileFact, FileKind, Inventory, Library, LibraryUse, ModuleUse, Root};
pub(crate) use serial::{hex, uuid};
pub use third_party::{THIRD_PARTY_FILE, third_party_licenses};
pub use version::{MainVersion, VersionSource, main_version};

use serde::Serialize;
use std::str::FromStr;

/// What a bill of materials is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SbomFormat {
    /// CycloneDX 1.6 as JSON.
    CycloneDx,
    /// SPDX 2.3 as JSON.
    Spdx,
}

impl SbomFormat {
    /// What files of this format end in: `.cdx.json`, `.spdx.json`.
    pub fn ending(self) -> &'static str {
        match self {
            SbomFormat::CycloneDx => ".cdx.json",
            SbomFormat::Spdx => ".spdx.json",
        }
    }
}

impl FromStr for SbomFormat {
    type Err = String;

    /// Our own words, and syft's.
    fn from_str(s: &str) -> Result<Self, String> {
        match s {
            "cyclonedx" | "cyclonedx-json" => Ok(SbomFormat::CycloneDx),
            "spdx" | "spdx-json" => Ok(SbomFormat::Spdx),
            other => Err(format!("`{other}` is no format: cyclonedx or spdx")),
        }
    }
}

/// Who wrote it and when.
#[derive(Clone, Debug)]
pub struct Written<'a> {
    /// goferry's version.
    pub goferry: &'a str,
    /// Unix seconds.
    pub unix: i64,
}

/// The inventory's text. Same inventory, same bytes.
pub fn render(inventory: &Inventory, format: SbomFormat, written: &Written<'_>) -> Vec<u8> {
    match format {
        SbomFormat::CycloneDx => cyclonedx::render(inventory, written),
        SbomFormat::Spdx => spdx::render(inventory, written),
    }
}

/// A time as both formats want it: `2026-11-25T23:00:00Z`.
pub(crate) fn timestamp(unix: i64) -> String {
    jiff::Timestamp::from_second(unix).unwrap_or_default().to_string()
}
