//! One record of the OSV format (ossf.github.io/osv-schema), cut down to what a scan needs.
//!
//! Owns: reading a record, and its small form that the index keeps. Of several ecosystems only Go's entries are taken.
//! Must not: judge versions. `ecosystem_specific.custom_ranges` is not read, as govulncheck does not.

use serde::{Deserialize, Serialize};

/// A record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its name.
    pub id: String,
    /// Its other names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// One line.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub summary: String,
    /// Where to read more.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub url: String,
    /// Seconds since 1970 of the last change; 0 if the record states none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub modified: i64,
    /// Seconds since 1970 from which on it does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<i64>,
    /// What is affected, each with its module.
    pub affected: Vec<Affected>,
}

/// What is affected in one module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Affected {
    /// Module path; `stdlib` and `toolchain` for Go itself.
    pub module: String,
    /// The SEMVER ranges. None means every version, or [`Affected::versions`] if there are some.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ranges: Vec<Vec<Event>>,
    /// Single versions; kept only where there is no range.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<String>,
    /// The packages. None means all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<Package>,
}

/// Where a range begins or ends; one of the three is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// First version that is affected; `0` for all before the next event.
    #[serde(default, rename = "i", alias = "introduced", skip_serializing_if = "String::is_empty")]
    pub introduced: String,
    /// First version that is not.
    #[serde(default, rename = "f", alias = "fixed", skip_serializing_if = "String::is_empty")]
    pub fixed: String,
    /// Last version that is. Go's database has none; others do.
    #[serde(default, rename = "l", alias = "last_affected", skip_serializing_if = "String::is_empty")]
    pub last_affected: String,
}

/// One package with what is affected in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// Import path.
    pub path: String,
    /// The systems, if not all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub goos: Vec<String>,
    /// The processors, if not all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub goarch: Vec<String>,
    /// The functions, if not all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub symbols: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(n: &i64) -> bool {
    *n == 0
}

impl Event {
    pub(crate) fn is_the_start(&self) -> bool {
        self.introduced == "0"
    }

    /// The version that it is sorted by.
    pub(crate) fn key(&self) -> &str {
        let key = [&self.fixed, &self.introduced, &self.last_affected].into_iter().find(|v| !v.is_empty());
        key.map_or("", String::as_str)
    }
}

#[derive(Deserialize)]
struct Raw {
    #[serde(default)]
    id: Option<serde_json::Value>,
    #[serde(default)]
    modified: Option<String>,
    #[serde(default)]
    withdrawn: Option<String>,
    #[serde(default)]
    aliases: Option<Vec<String>>,
    #[serde(default)]
    summary: Option<String>,
    #[serde(default)]
    affected: Option<Vec<RawAffected>>,
    #[serde(default)]
    schema_version: Option<String>,
    #[serde(default)]
    references: Option<Vec<RawReference>>,
    #[serde(default)]
    database_specific: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct RawReference {
    #[serde(default)]
    url: String,
}

#[derive(Deserialize)]
struct RawAffected {
    #[serde(default)]
    package: Option<RawPackage>,
    #[serde(default)]
    ranges: Option<Vec<RawRange>>,
    #[serde(default)]
    versions: Option<Vec<String>>,
    #[serde(default)]
    ecosystem_specific: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct RawPackage {
    name: String,
    #[serde(default)]
    ecosystem: String,
}

#[derive(Deserialize)]
struct RawRange {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    events: Option<Vec<Event>>,
}

#[derive(Default, Deserialize)]
struct RawSpecific {
    #[serde(default)]
    imports: Option<Vec<RawImport>>,
}

#[derive(Deserialize)]
struct RawImport {
    #[serde(default)]
    path: String,
    #[serde(default)]
    goos: Option<Vec<String>>,
    #[serde(default)]
    goarch: Option<Vec<String>>,
    #[serde(default)]
    symbols: Option<Vec<String>>,
}

impl Record {
    /// Reads one. None for JSON that is something else (an index, a package.json).
    ///
    /// # Errors
    /// What is wrong: no JSON, or a record whose fields have other types than the format's.
    pub fn read(json: &[u8]) -> Result<Option<Record>, String> {
        if first_of(json) != Some(b'{') {
            serde_json::from_slice::<serde::de::IgnoredAny>(json).map_err(|e| e.to_string())?;
            return Ok(None);
        }
        let raw: Raw = match serde_json::from_slice(json) {
            Ok(raw) => raw,
            Err(e) if looks_like_one(json) || !e.is_data() => return Err(e.to_string()),
            Err(_) => return Ok(None),
        };
        let Some(serde_json::Value::String(id)) = raw.id else { return Ok(None) };
        if raw.affected.is_none() && raw.schema_version.is_none() {
            return Ok(None);
        }
        let url = link(raw.database_specific.as_ref(), raw.references.as_deref().unwrap_or_default());
        Ok(Some(Record {
            url,
            aliases: raw.aliases.unwrap_or_default(),
            summary: raw.summary.unwrap_or_default(),
            modified: raw.modified.as_deref().and_then(|t| seconds(t).ok()).unwrap_or(0).max(0),
            // A time that cannot be read must not withdraw anything; it is an error rather than a guess.
            withdrawn: raw.withdrawn.as_deref().map(seconds).transpose()?,
            affected: affected(raw.affected.unwrap_or_default(), &id)?,
            id,
        }))
    }
}

fn first_of(json: &[u8]) -> Option<u8> {
    json.iter().copied().find(|b| !b.is_ascii_whitespace())
}

/// Whether JSON whose fields have wrong types was meant to be a record.
fn looks_like_one(json: &[u8]) -> bool {
    let value: Result<serde_json::Value, _> = serde_json::from_slice(json);
    value.is_ok_and(|v| v.get("id").is_some_and(serde_json::Value::is_string) && v.get("affected").is_some())
}

fn link(specific: Option<&serde_json::Value>, references: &[RawReference]) -> String {
    let stated = specific.and_then(|s| s.get("url")).and_then(|u| u.as_str());
    stated.or_else(|| references.first().map(|r| r.url.as_str())).unwrap_or_default().to_owned()
}

fn seconds(time: &str) -> Result<i64, String> {
    time.parse::<jiff::Timestamp>().map(jiff::Timestamp::as_second).map_err(|e| format!("time {time:?}: {e}"))
}

fn affected(raw: Vec<RawAffected>, id: &str) -> Result<Vec<Affected>, String> {
    let mut out = Vec::new();
    for a in raw {
        // Records about git commits name no package; of other ecosystems only the names could be alike.
        let Some(package) = a.package.filter(|p| p.ecosystem.is_empty() || p.ecosystem == "Go") else {
            continue;
        };
        let specific = match a.ecosystem_specific {
            None | Some(serde_json::Value::Null) => RawSpecific::default(),
            Some(value) => {
                serde_json::from_value(value).map_err(|e| format!("{id}: ecosystem_specific: {e}"))?
            }
        };
        let ranges = a.ranges.unwrap_or_default().into_iter().filter(|r| r.kind == "SEMVER");
        let ranges: Vec<_> = ranges.map(|r| r.events.unwrap_or_default()).collect();
        let versions = if ranges.is_empty() { a.versions.unwrap_or_default() } else { vec![] };
        let packages = specific.imports.unwrap_or_default().into_iter().map(|i| Package {
            path: i.path,
            goos: i.goos.unwrap_or_default(),
            goarch: i.goarch.unwrap_or_default(),
            symbols: i.symbols.unwrap_or_default(),
        });
        out.push(Affected { module: package.name, ranges, versions, packages: packages.collect() });
    }
    Ok(out)
}
