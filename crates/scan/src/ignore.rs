//! Vulnerabilities that somebody decided to live with, and until when.
//!
//! Owns: the entry, and reading those of osv-scanner and trivy. Must not: parse TOML or YAML, which the caller does;
//! widen what an entry said: one whose limits cannot be kept is left out, with a word.

use crate::finding::Finding;
use crate::finding::Found;
use crate::version;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::cmp::Ordering;

/// One entry. It covers findings whose id, or an alias of it, is [`Ignore::id`].
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Ignore {
    /// An id or alias: `GO-2022-1059`, `CVE-2022-32149`.
    pub id: String,
    /// Why it does no harm here. What a VEX statement says.
    pub reason: String,
    /// Who decided; may be empty.
    #[serde(default)]
    pub owner: String,
    /// The last day on which it holds, `2026-12-31`; empty: it never ends.
    #[serde(default)]
    pub expires: String,
    /// Only in this module; empty: in any.
    #[serde(default)]
    pub module: String,
    /// Only at this version of the module; empty: at any.
    #[serde(default)]
    pub version: String,
    /// The file that it stands in.
    #[serde(default)]
    pub source: String,
}

impl Ignore {
    /// Whether it does not hold any more on `today` (`2026-11-25`).
    pub fn is_expired(&self, today: &str) -> bool {
        !self.expires.is_empty() && self.expires.as_str() < today
    }

    /// Whether it means this finding.
    pub fn covers(&self, finding: &Finding, found: &Found) -> bool {
        let about = found.about(finding);
        let named = self.id == finding.id || about.is_some_and(|v| v.aliases.contains(&self.id));
        let at = |v: &str| version::compare(&self.version, v) == Ordering::Equal;
        named
            && (self.module.is_empty() || self.module == finding.module)
            && (self.version.is_empty() || about.is_some_and(|v| at(&v.version)))
    }
}

/// A day as text sorts: `2026-11-25` of a date or of an RFC 3339 time.
///
/// # Errors
/// What is wrong with it.
pub fn day(text: &str) -> Result<String, String> {
    let date =
        text.get(..10).filter(|_| text.len() == 10 || matches!(text.as_bytes()[10], b'T' | b't' | b' '));
    let date: Option<jiff::civil::Date> = date.and_then(|d| d.parse().ok());
    date.map(|d| d.to_string()).ok_or_else(|| format!("`{text}` is no date such as 2026-12-31"))
}

/// Entries of another tool's file: `osv-scanner.toml` (`IgnoredVulns`) or `.trivyignore.yaml` (`vulnerabilities`), told
/// apart by what is in them. With them sentences on what could not be taken over.
///
/// # Errors
/// The file is neither, or an entry has no id or an unreadable date.
pub fn import(file: &str, content: &Value) -> Result<(Vec<Ignore>, Vec<String>), String> {
    let mut said = Vec::new();
    let mut out = Vec::new();
    let list = |key: &str| content.get(key).and_then(Value::as_array);
    if let Some(items) = list("IgnoredVulns") {
        for item in items {
            out.push(entry(file, item, &["id"], &["ignoreUntil"], &["reason"])?);
        }
    } else if let Some(items) = list("vulnerabilities") {
        for item in items {
            let entry = entry(file, item, &["id"], &["expired_at"], &["statement"])?;
            out.extend(trivy_limits(entry, item, &mut said));
        }
    } else if content.get("PackageOverrides").is_none() && !content.is_object() {
        return Err("it has neither IgnoredVulns nor vulnerabilities".to_owned());
    }
    if content.get("PackageOverrides").is_some() {
        said.push(format!("{file}: PackageOverrides are not taken over"));
    }
    for e in out.iter().filter(|e| e.expires.is_empty()) {
        said.push(format!("{file}: {} is ignored without an end", e.id));
    }
    Ok((out, said))
}

fn entry(file: &str, item: &Value, id: &[&str], until: &[&str], reason: &[&str]) -> Result<Ignore, String> {
    let text = |keys: &[&str]| {
        keys.iter().find_map(|k| item.get(k)).and_then(Value::as_str).unwrap_or_default().trim().to_owned()
    };
    let id = text(id);
    if id.is_empty() {
        return Err("an entry has no id".to_owned());
    }
    let expires = text(until);
    // Go's zero time is how osv-scanner writes none.
    let expires = if expires.is_empty() || expires.starts_with("0001-01-01") {
        String::new()
    } else {
        day(&expires).map_err(|e| format!("{id}: {e}"))?
    };
    Ok(Ignore { id, reason: text(reason), expires, source: file.to_owned(), ..Ignore::default() })
}

/// trivy limits entries to packages and to files.
fn trivy_limits(entry: Ignore, item: &Value, said: &mut Vec<String>) -> Vec<Ignore> {
    let some = |key: &str| item.get(key).and_then(Value::as_array).filter(|a| !a.is_empty());
    if some("paths").is_some() {
        said.push(format!(
            "{}: {} holds for certain files only and is not taken over",
            entry.source, entry.id
        ));
        return vec![];
    }
    let Some(purls) = some("purls") else { return vec![entry] };
    let mut out = Vec::new();
    for purl in purls.iter().filter_map(Value::as_str) {
        match crate::sbom::module_of_purl(purl) {
            Some((module, version)) => out.push(Ignore { module, version, ..entry.clone() }),
            None => said.push(format!("{}: {}: {purl} is no Go module's", entry.source, entry.id)),
        }
    }
    out
}
