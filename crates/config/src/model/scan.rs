//! `[scan]` and `[alert]` of goferry.toml.

use super::Text;
use crate::place::Place;
use serde::Serialize;

/// `[scan]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Scan {
    /// `db`: the database, a path or an address; without it GOVULNDB.
    pub db: Option<Text>,
    /// `extra`: further folders of OSV records.
    pub extra: Vec<Text>,
    /// `fail_on`: `present`, `imported`, `linked` or `never`.
    pub fail_on: Option<String>,
    /// `max_age`: seconds after which a database is too old.
    pub max_age_seconds: Option<u64>,
    /// `ignore_files`: lists of osv-scanner and trivy.
    pub ignore_files: Vec<Text>,
    /// `[[scan.ignore]]`.
    pub ignore: Vec<ScanIgnore>,
    /// Where the section stands.
    #[serde(skip)]
    pub place: Place,
}

/// One item of `[[scan.ignore]]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScanIgnore {
    /// Id or alias.
    pub id: Text,
    /// Why.
    pub reason: Text,
    /// Who decided.
    pub owner: Option<Text>,
    /// The last day on which it holds.
    pub expires: Text,
    /// Only in this module.
    pub module: Option<Text>,
}

/// `[alert]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Alert {
    /// `url`: where the message is sent.
    pub url: Option<Text>,
    /// `body`: the message; without it one that Slack reads.
    pub body: Option<Text>,
    /// `content_type`: of the message.
    pub content_type: Option<Text>,
    /// `headers`: name and value, in the file's order.
    pub headers: Vec<(String, Text)>,
    /// Where the section stands.
    #[serde(skip)]
    pub place: Place,
}
