//! `sboms` and `[sbom]`: bills of materials, and of what.

use super::Text;
use crate::place::Place;
use serde::Serialize;

/// One item of goreleaser's `sboms`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SbomItem {
    /// `id`, default `default`.
    pub id: Option<Text>,
    /// `cmd`, default syft.
    pub cmd: Option<Text>,
    /// `env`: `KEY=template` items.
    pub env: Option<Vec<Text>>,
    /// `args`: `$name` first, then templates.
    pub args: Option<Vec<Text>>,
    /// `documents`: names of the files, in the same way.
    pub documents: Option<Vec<Text>>,
    /// `artifacts`: which kind, default `archive`.
    pub artifacts: Option<Text>,
    /// `ids` of builds or archives.
    pub ids: Vec<Text>,
    /// `disable` (bool or template).
    pub disable: Option<Text>,
    /// Where.
    #[serde(skip)]
    pub place: Place,
}

/// `[sbom]` of goferry.toml.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sbom {
    /// `formats`: `cyclonedx`, `spdx`; default cyclonedx alone.
    pub formats: Option<Vec<Text>>,
    /// `disable`.
    pub disable: bool,
    /// `third_party_licenses`: archives get the texts of all licences.
    pub third_party_licenses: bool,
    /// Where.
    #[serde(skip)]
    pub place: Place,
}
