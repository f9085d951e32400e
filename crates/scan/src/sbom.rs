//! The Go modules that a shipped SBOM names, so that it can be checked again later.
//!
//! Owns: reading purls of CycloneDX and SPDX JSON. Must not: trust more of it than modules and versions.

use crate::ScanError;
use crate::subject::{Contents, Linked, STDLIB, Subject};
use crate::version;
use serde_json::Value;
use std::collections::BTreeMap;

/// Deepest nesting of CycloneDX components.
const MAX_DEPTH: usize = 32;

/// What an SBOM names. Functions are not in it, so that nothing above level `present` can be told.
///
/// # Errors
/// It is neither CycloneDX nor SPDX 2 JSON, or names no Go module.
pub fn read(json: &[u8]) -> Result<Subject, ScanError> {
    let value: Value = serde_json::from_slice(json).map_err(|e| ScanError::Sbom(e.to_string()))?;
    let mut purls = Vec::new();
    if value.get("bomFormat").and_then(Value::as_str) == Some("CycloneDX") {
        if let Some(root) = value.pointer("/metadata/component") {
            component(root, 0, &mut purls);
        }
        components(&value, 0, &mut purls);
    } else if value.get("spdxVersion").and_then(Value::as_str).is_some_and(|v| v.starts_with("SPDX-2")) {
        spdx(&value, &mut purls);
    } else {
        return Err(ScanError::Sbom("neither CycloneDX nor SPDX 2 JSON".to_owned()));
    }
    let modules: BTreeMap<String, String> = purls.iter().filter_map(|p| module_of_purl(p)).collect();
    if modules.is_empty() {
        return Err(ScanError::Sbom("it names no Go module (pkg:golang/…)".to_owned()));
    }
    let mut notes = Vec::new();
    let modules = modules.into_iter().map(|(path, version)| {
        if path == STDLIB {
            let known = version::is_version(&version);
            if !known {
                notes.push(format!("the standard library is not compared: {version:?} is no released Go"));
            }
        }
        Linked::new(path, version)
    });
    let modules = modules.collect();
    let why = "an SBOM says nothing of functions".to_owned();
    Ok(Subject {
        goos: String::new(),
        goarch: String::new(),
        modules,
        contents: Contents::Modules(why),
        notes,
    })
}

fn components(value: &Value, depth: usize, out: &mut Vec<String>) {
    for c in value.get("components").and_then(Value::as_array).into_iter().flatten() {
        component(c, depth, out);
    }
}

fn component(value: &Value, depth: usize, out: &mut Vec<String>) {
    out.extend(value.get("purl").and_then(Value::as_str).map(str::to_owned));
    if depth < MAX_DEPTH {
        components(value, depth + 1, out);
    }
}

fn spdx(value: &Value, out: &mut Vec<String>) {
    let packages = value.get("packages").and_then(Value::as_array).into_iter().flatten();
    let refs = packages.flat_map(|p| p.get("externalRefs").and_then(Value::as_array).into_iter().flatten());
    for r in refs.filter(|r| r.get("referenceType").and_then(Value::as_str) == Some("purl")) {
        out.extend(r.get("referenceLocator").and_then(Value::as_str).map(str::to_owned));
    }
}

/// Module path and version of `pkg:golang/<path>@<version>?…#…`; none of another type's.
pub(crate) fn module_of_purl(purl: &str) -> Option<(String, String)> {
    let rest = purl.strip_prefix("pkg:golang/")?;
    let rest = rest.split(['?', '#']).next().unwrap_or(rest);
    // An @ in the path would be written %40.
    let (path, version) = rest.rsplit_once('@').unwrap_or((rest, ""));
    let (path, version) = (percent_decoded(path)?, percent_decoded(version)?);
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
            ("pkg:npm/left-pad@1.0.0", None),
            ("pkg:golang/a%zz@v1", None),
        ];
        for (purl, expected) in table {
            assert_eq!(of(purl).as_deref(), expected, "{purl}");
        }
    }
}
