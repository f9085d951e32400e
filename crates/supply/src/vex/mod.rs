//! VEX: which of the vulnerabilities that a scanner may name for a release are in it, and which are not, with the reason.
//!
//! Owns: from a scan's report to statements, and their two spellings. The product is the SBOM's root, by the same package
//! URL. Must not: scan, decide what is ignored, look at the clock (the time is given).
//!
//! A statement says no more than was looked at. *Not affected* needs a table of functions: what is not in it was left out by the
//! linker. Where only modules could be seen, a statement is *under investigation*.

mod cyclonedx;
mod openvex;
mod statement;

pub use statement::{Status, VexStatement, statements};

use crate::Purl;

/// What a document says of whom.
#[derive(Clone, Debug)]
pub struct Vex {
    /// The main module's path.
    pub path: String,
    /// The release's version, with `v`.
    pub version: String,
    /// Sorted by vulnerability and module.
    pub statements: Vec<VexStatement>,
    /// Time of the vulnerability database, RFC 3339; empty if nothing states one.
    pub database: String,
}

/// The two spellings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VexFormat {
    /// OpenVEX 0.2.0.
    OpenVex,
    /// CycloneDX 1.6 with vulnerabilities.
    CycloneDx,
}

impl VexFormat {
    /// What files of this format end in.
    pub fn ending(self) -> &'static str {
        match self {
            VexFormat::OpenVex => ".openvex.json",
            VexFormat::CycloneDx => ".vex.cdx.json",
        }
    }
}

impl Vex {
    /// The product: the package URL of the SBOM's root.
    pub fn product(&self) -> Purl {
        Purl::go_module(&self.path, &self.version)
    }

    /// The document's text. Same statements, same bytes.
    pub fn render(&self, format: VexFormat, written: &crate::sbom::Written<'_>) -> Vec<u8> {
        match format {
            VexFormat::OpenVex => openvex::render(self, written),
            VexFormat::CycloneDx => cyclonedx::render(self, written),
        }
    }
}
