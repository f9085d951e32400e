//! What a scan has found, as data that tables, JSON, SARIF and VEX are made from.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// How near a vulnerability is to being run; each level says more than the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The module is in it, at a version that is affected.
    Present,
    /// A package that is affected is linked.
    Imported,
    /// A function that is affected is in the program, on its own or inlined.
    Linked,
}

impl Level {
    /// The word, e.g. `linked`.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Present => "present",
            Level::Imported => "imported",
            Level::Linked => "linked",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Level {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        [Level::Present, Level::Imported, Level::Linked].into_iter().find(|l| l.as_str() == word).ok_or(())
    }
}

/// One vulnerability in one place. For each vulnerability of a module there is either one finding `present`, or one for
/// each package: `imported`, or `linked` for each of its functions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Finding {
    /// The record's id, e.g. `GO-2022-1059`.
    pub id: String,
    /// How near.
    pub level: Level,
    /// Module path, of the replacement where a module was replaced; `stdlib` for the standard library.
    pub module: String,
    /// Import path of the package; empty at level `present`.
    pub package: String,
    /// `Receiver.Method` or `Function`; empty below level `linked`.
    pub symbol: String,
    /// Why it could not be compared whether it is nearer than [`Finding::level`]; empty where it was. Such a finding counts
    /// as linked: what is not known cannot clear it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unseen: String,
}

impl Finding {
    /// The level that a gate takes it for, in something that was seen to this depth.
    pub fn weight(&self, depth: &Depth) -> Level {
        match depth {
            _ if !self.unseen.is_empty() => Level::Linked,
            Depth::Functions => self.level,
            Depth::Packages if self.level == Level::Imported => Level::Linked,
            Depth::Packages => self.level,
            Depth::Modules { .. } => Level::Linked,
        }
    }
}

/// A vulnerability of one module that was found, with what is known of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Vulnerability {
    /// The record's id.
    pub id: String,
    /// Module path, as in [`Finding::module`].
    pub module: String,
    /// The module's version in the program; of the standard library as `v1.26.0`.
    pub version: String,
    /// The first later version that is not affected; empty if there is none.
    pub fixed: String,
    /// Its other names, such as `CVE-2022-32149`.
    pub aliases: Vec<String>,
    /// One line on what it is.
    pub summary: String,
    /// Where to read more; may be empty.
    pub url: String,
}

/// How much of a program could be seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "seen", rename_all = "kebab-case")]
pub enum Depth {
    /// Functions, inlined ones included: every level can be told.
    Functions,
    /// Packages, no functions.
    Packages,
    /// Only modules. What is `present` may well be linked, so a gate counts it as such.
    Modules {
        /// Why no more.
        why: String,
    },
}

/// What was found in one program, list of modules or SBOM, before anything is ignored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// How much could be seen.
    pub depth: Depth,
    /// Sorted, each once.
    pub findings: Vec<Finding>,
    /// What the findings' ids stand for; sorted by id and module.
    pub vulnerabilities: Vec<Vulnerability>,
    /// What could not be compared, as sentences: a module without a version, an unknown Go.
    pub notes: Vec<String>,
}

impl Found {
    /// The vulnerability of a finding.
    pub fn about(&self, finding: &Finding) -> Option<&Vulnerability> {
        self.vulnerabilities.iter().find(|v| v.id == finding.id && v.module == finding.module)
    }
}
