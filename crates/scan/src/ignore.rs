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

    /// Package URLs have lost their capitals.
    fn is_of(&self, module: &str) -> bool {
        let lowercased = !self.module.bytes().any(|b| b.is_ascii_uppercase());
        self.module == module || lowercased && self.module.eq_ignore_ascii_case(module)
    }

    /// Whether it means this finding.
    pub fn covers(&self, finding: &Finding, found: &Found) -> bool {
        let about = found.about(finding);
        let named = self.id == finding.id || about.is_some_and(|v| v.aliases.contains(&self.id));
        let at = |v: &str| version::compare(&self.version, v) == Ordering::Equal;
        named
            && (self.module.is_empty() || self.is_of(&finding.module))
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
/// The file is neither, or an entry has no id, or a limit that cannot be read: without it more would be ignored. The entry
/// is named.
pub fn import(file: &str, content: &Value) -> Result<(Vec<Ignore>, Vec<String>), String> {
    let mut said = Vec::new();
    let mut out = Vec::new();
    let fields = content.as_object().ok_or("it has neither IgnoredVulns nor vulnerabilities")?;
    // osv-scanner reads keys whatever their capitals are, trivy does not.
    let osv = fields.iter().find(|(key, _)| key.eq_ignore_ascii_case("IgnoredVulns"));
    if let Some((key, items)) = osv {
        for (n, item) in list(key, items)?.iter().enumerate() {
            let entry = Entry::read(item, &["id", "ignoreUntil", "reason"], true);
            out.push(entry.and_then(|e| e.ignore(file, "ignoreUntil", "reason")).map_err(at(key, n, item))?);
        }
    } else if let Some(items) = fields.get("vulnerabilities") {
        let known = ["id", "paths", "purls", "statement", "expired_at"];
        for (n, item) in list("vulnerabilities", items)?.iter().enumerate() {
            let entries = Entry::read(item, &known, false).and_then(|e| {
                let ignore = e.ignore(file, "expired_at", "statement")?;
                trivy_limits(&e, ignore, &mut said)
            });
            out.extend(entries.map_err(at("vulnerabilities", n, item))?);
        }
    }
    if fields.keys().any(|k| k.eq_ignore_ascii_case("PackageOverrides")) {
        said.push(format!("{file}: PackageOverrides are not taken over"));
    }
    for e in out.iter().filter(|e| e.expires.is_empty()) {
        said.push(format!("{file}: {} is ignored without an end", e.id));
    }
    Ok((out, said))
}

fn list<'v>(key: &str, value: &'v Value) -> Result<&'v Vec<Value>, String> {
    value.as_array().ok_or_else(|| format!("{key} is no list"))
}

/// `IgnoredVulns, entry 2 (GO-2022-1059): …`
fn at<'v>(key: &'v str, n: usize, item: &'v Value) -> impl FnOnce(String) -> String + 'v {
    let id = item.get("id").and_then(Value::as_str).map(|id| format!(" ({id})")).unwrap_or_default();
    move |why| format!("{key}, entry {}{id}: {why}", n + 1)
}

/// An entry of which every key is known: one that is not might be a limit.
struct Entry<'v>(Vec<(&'static str, &'v Value)>);

impl<'v> Entry<'v> {
    fn read(item: &'v Value, known: &[&'static str], any_case: bool) -> Result<Self, String> {
        let fields = item.as_object().ok_or("it is no table")?;
        let mut out = Vec::new();
        for (key, value) in fields {
            let is = |k: &&&str| **k == key || any_case && k.eq_ignore_ascii_case(key);
            let known = known.iter().find(is).ok_or(format!("`{key}` is not known, and may be a limit"))?;
            out.push((*known, value));
        }
        Ok(Entry(out))
    }

    fn get(&self, key: &str) -> Option<&'v Value> {
        self.0.iter().find(|(k, _)| *k == key).map(|(_, v)| *v).filter(|v| !v.is_null())
    }

    /// Empty if it is not there.
    fn text(&self, key: &str) -> Result<&'v str, String> {
        let Some(value) = self.get(key) else { return Ok("") };
        value.as_str().map(str::trim).ok_or_else(|| format!("`{key}` is no text"))
    }

    /// Empty if it is not there.
    fn texts(&self, key: &str) -> Result<Vec<&'v str>, String> {
        let Some(value) = self.get(key) else { return Ok(vec![]) };
        let texts = list(key, value)?.iter().map(|v| v.as_str().ok_or(format!("`{key}` holds no text")));
        texts.collect()
    }

    fn ignore(&self, file: &str, until: &str, reason: &str) -> Result<Ignore, String> {
        let id = self.text("id")?;
        if id.is_empty() {
            return Err("it has no id".to_owned());
        }
        let expires = self.text(until)?;
        // Go's zero time is how osv-scanner writes none.
        let none = self.get(until).is_none() || expires.starts_with("0001-01-01");
        let expires =
            if none { String::new() } else { day(expires).map_err(|e| format!("`{until}`: {e}"))? };
        let reason = self.text(reason)?.to_owned();
        Ok(Ignore { id: id.to_owned(), reason, expires, source: file.to_owned(), ..Ignore::default() })
    }
}

/// trivy limits entries to packages and to files.
fn trivy_limits(entry: &Entry<'_>, ignore: Ignore, said: &mut Vec<String>) -> Result<Vec<Ignore>, String> {
    let purls = entry.texts("purls")?;
    if !entry.texts("paths")?.is_empty() {
        let (source, id) = (&ignore.source, &ignore.id);
        said.push(format!("{source}: {id} holds for certain files only and is not taken over"));
        return Ok(vec![]);
    }
    if purls.is_empty() {
        return Ok(vec![ignore]);
    }
    let mut out = Vec::new();
    for purl in purls {
        match crate::sbom::module_of_purl(purl) {
            Some((module, version)) => out.push(Ignore { module, version, ..ignore.clone() }),
            None => said.push(format!("{}: {}: {purl} is no Go module's", ignore.source, ignore.id)),
        }
    }
    Ok(out)
}
