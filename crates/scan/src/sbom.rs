//! The Go modules that a shipped SBOM names, so that it can be checked again later.
//!
//! Owns: reading purls of CycloneDX and SPDX JSON. Must not: trust more of it than modules and versions, leave out what it
//! cannot read without a word.

use crate::ScanError;
use crate::subject::{Contents, Linked, STDLIB, Subject};
use crate::version;
use serde_json::Value;
use std::collections::BTreeSet;

/// What an SBOM names.
#[derive(Clone, Debug)]
pub struct Named {
    /// Its modules. Functions are not in it, so that nothing above level `present` can be told.
    pub subject: Subject,
    /// The components of Go that cannot be compared, as sentences: nobody can say that they are clean.
    pub unread: Vec<String>,
}

/// What an SBOM names.
///
/// # Errors
/// It is neither CycloneDX nor SPDX 2 JSON, nests deeper than serde_json goes, or names no Go module.
pub fn read(json: &[u8]) -> Result<Named, ScanError> {
    let value: Value = serde_json::from_slice(json).map_err(|e| ScanError::Sbom(e.to_string()))?;
    let mut purls = Vec::new();
    if value.get("bomFormat").and_then(Value::as_str) == Some("CycloneDX") {
        if let Some(root) = value.pointer("/metadata/component") {
            component(root, &mut purls);
        }
        components(&value, &mut purls);
    } else if value.get("spdxVersion").and_then(Value::as_str).is_some_and(|v| v.starts_with("SPDX-2")) {
        spdx(&value, &mut purls);
    } else {
        return Err(ScanError::Sbom("neither CycloneDX nor SPDX 2 JSON".to_owned()));
    }
    let of_go: Vec<&String> = purls.iter().filter(|p| is_of_go(p)).collect();
    if of_go.is_empty() {
        return Err(ScanError::Sbom("it names no Go module (pkg:golang/…)".to_owned()));
    }
    let (mut modules, mut unread) = (BTreeSet::new(), Vec::new());
    for purl in of_go {
        match module_of_purl(purl) {
            Some((path, version)) => {
                modules.extend(with_subpath(purl, &path).map(|path| (path, version.clone())));
                modules.insert((path, version));
            }
            None => unread.push(format!("{purl} is no package URL of a Go module")),
        }
    }
    unread.sort();
    unread.dedup();
    Ok(Named { subject: subject(modules), unread })
}

fn subject(modules: BTreeSet<(String, String)>) -> Subject {
    let why = "an SBOM says nothing of functions".to_owned();
    let mut out = Subject { lowercased: true, ..Subject::new(Contents::Modules(why)) };
    for (path, version) in modules {
        if path == STDLIB && !version::is_version(&version) {
            out.assume_stdlib(&version);
        }
        out.modules.push(Linked::new(path, version));
    }
    out
}

/// The JSON's own limit of nesting bounds the depth.
fn components(value: &Value, out: &mut Vec<String>) {
    value.get("components").and_then(Value::as_array).into_iter().flatten().for_each(|c| component(c, out));
}

fn component(value: &Value, out: &mut Vec<String>) {
    out.extend(value.get("purl").and_then(Value::as_str).map(str::to_owned));
    components(value, out);
}

fn spdx(value: &Value, out: &mut Vec<String>) {
    let packages = value.get("packages").and_then(Value::as_array).into_iter().flatten();
    let refs = packages.flat_map(|p| p.get("externalRefs").and_then(Value::as_array).into_iter().flatten());
    // SPDX writes types of references short or as an address.
    let is_purl = |r: &&Value| {
        let kind = r.get("referenceType").and_then(Value::as_str).unwrap_or_default();
        kind.rsplit('/').next() == Some("purl")
    };
    for r in refs.filter(is_purl) {
        out.extend(r.get("referenceLocator").and_then(Value::as_str).map(str::to_owned));
    }
}

/// What stands after `pkg:golang/`; scheme and type may have capitals, and slashes may follow the scheme.
fn of_go(purl: &str) -> Option<&str> {
    let (scheme, rest) = purl.split_once(':').filter(|(s, _)| s.eq_ignore_ascii_case("pkg"))?;
    let (kind, rest) = rest.trim_start_matches('/').split_once('/').unwrap_or((rest, ""));
    (!scheme.is_empty() && kind.eq_ignore_ascii_case("golang")).then_some(rest)
}

fn is_of_go(purl: &str) -> bool {
    of_go(purl).is_some()
}

/// The module's path if the subpath is the rest of it, as syft writes: `pkg:golang/github.com/cli/cli@v2.0.0#v2`.
fn with_subpath(purl: &str, path: &str) -> Option<String> {
    let subpath = percent_decoded(purl.split_once('#')?.1)?;
    let subpath = subpath.trim_matches('/');
    (!subpath.is_empty()).then(|| format!("{path}/{subpath}"))
}

/// Module path and version of `pkg:golang/<path>@<version>?…#…`; none of another type's.
pub(crate) fn module_of_purl(purl: &str) -> Option<(String, String)> {
    let rest = of_go(purl)?;
    let rest = rest.split(['?', '#']).next().unwrap_or(rest);
    // An @ in the path would be written %40.
    let (path, version) = rest.rsplit_once('@').unwrap_or((rest, ""));
    let (path, version) = (percent_decoded(path)?, percent_decoded(version)?);
    let path = path.trim_matches('/').to_owned();
    if path.is_empty() {
        return None;
    }
    // Others write the standard library as `std`; its version as Go's with or without `go` or `v`.
    let path = if path == "std" { STDLIB.to_owned() } else { path };
    let version = match version.strip_prefix("go") {
        Some(_) => version::of_toolchain(&version).unwrap_or(version),
        None if path == STDLIB && !version.is_empty() && !version.starts_with('v') => format!("v{version}"),
        None => version,
    };
    Some((path, version))
}

/// Text of an address or a package URL with `%41` and the like undone; none if they are malformed or no UTF-8.
pub fn percent_decoded(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(b) = bytes.next() {
        out.push(if b == b'%' {
            let hex = [bytes.next()?, bytes.next()?];
            u8::from_str_radix(std::str::from_utf8(&hex).ok()?, 16).ok()?
        } else {
            b
        });
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purls() {
        let of = |p| module_of_purl(p).map(|(m, v)| format!("{m} {v}"));
        let table = [
            ("pkg:golang/golang.org/x/text@v0.3.5", Some("golang.org/x/text v0.3.5")),
            (
                "pkg:golang/github.com/a/b@v2.0.0%2Bincompatible?type=module#x/y",
                Some("github.com/a/b v2.0.0+incompatible"),
            ),
            ("pkg:golang/stdlib@1.26.8", Some("stdlib v1.26.8")),
            ("pkg:golang/std@go1.21", Some("stdlib v1.21.0")),
            ("pkg:golang/a.b/c", Some("a.b/c ")),
            ("PKG:Golang/a.b/c@v1.0.0", Some("a.b/c v1.0.0")),
            ("pkg://golang/a.b/c@v1.0.0", Some("a.b/c v1.0.0")),
            ("pkg:golang/", None),
            ("pkg:npm/left-pad@1.0.0", None),
            ("pkg:golang/a%zz@v1", None),
        ];
        for (purl, expected) in table {
            assert_eq!(of(purl).as_deref(), expected, "{purl}");
        }
    }
}
