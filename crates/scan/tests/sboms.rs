//! Modules of SBOMs, and the lists of other tools.

use goferry_scan::{Contents, day, import, sbom};
use serde_json::json;

#[test]
fn modules_of_cyclonedx_and_spdx() {
    let cdx = json!({
        "bomFormat": "CycloneDX",
        "metadata": {"component": {"purl": "pkg:golang/example.com/app@v1.0.0"}},
        "components": [
            {"purl": "pkg:golang/golang.org/x/text@v0.3.5", "components": [{"purl": "pkg:golang/stdlib@1.20.1"}]},
            {"purl": "pkg:deb/debian/libc6@2.36"},
        ],
    });
    let spdx = json!({
        "spdxVersion": "SPDX-2.3",
        "packages": [
            {"externalRefs": [{"referenceType": "purl", "referenceLocator": "pkg:golang/example.com/app@v1.0.0"}]},
            {"externalRefs": [{"referenceType": "purl", "referenceLocator": "pkg:golang/golang.org/x/text@v0.3.5"}]},
            {"externalRefs": [{"referenceType": "purl", "referenceLocator": "pkg:golang/stdlib@v1.20.1"}]},
        ],
    });
    for value in [cdx, spdx] {
        let subject = sbom::read(value.to_string().as_bytes()).unwrap();
        let modules: Vec<_> = subject.modules.iter().map(|m| format!("{} {}", m.path, m.version)).collect();
        assert_eq!(modules, ["example.com/app v1.0.0", "golang.org/x/text v0.3.5", "stdlib v1.20.1"]);
        assert!(matches!(subject.contents, Contents::Modules(_)));
    }
    for wrong in ["", "{}", r#"{"bomFormat":"CycloneDX","components":[]}"#] {
        assert!(sbom::read(wrong.as_bytes()).is_err(), "{wrong}");
    }
}

#[test]
fn lists_of_osv_scanner_and_trivy() {
    let osv = json!({"IgnoredVulns": [
        {"id": "GO-2022-0968", "ignoreUntil": "2022-11-09", "reason": "no ssh server"},
        {"id": "GO-2022-1059", "ignoreUntil": "2026-11-09T00:00:00Z"},
        {"id": "CVE-2020-1"},
    ], "PackageOverrides": []});
    let (entries, said) = import("osv-scanner.toml", &osv).unwrap();
    let shown: Vec<_> = entries.iter().map(|e| format!("{} {} {}", e.id, e.expires, e.reason)).collect();
    assert_eq!(shown, ["GO-2022-0968 2022-11-09 no ssh server", "GO-2022-1059 2026-11-09 ", "CVE-2020-1  "]);
    assert_eq!(said.len(), 2, "{said:?}");
    let trivy = json!({"vulnerabilities": [
        {"id": "CVE-2022-40897", "purls": ["pkg:golang/golang.org/x/text@v0.3.5", "pkg:pypi/x@1"], "expired_at": "2027-01-01", "statement": "s"},
        {"id": "CVE-2", "paths": ["a/b"]},
        {"id": "CVE-3", "expired_at": "2027-01-01"},
    ]});
    let (entries, said) = import(".trivyignore.yaml", &trivy).unwrap();
    let shown: Vec<_> = entries.iter().map(|e| format!("{} {} {}", e.id, e.module, e.version)).collect();
    assert_eq!(shown, ["CVE-2022-40897 golang.org/x/text v0.3.5", "CVE-3  "]);
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(import("x", &json!({"IgnoredVulns": [{"id": "A", "ignoreUntil": "soon"}]})).is_err());
    assert!(import("x", &json!({"IgnoredVulns": [{"reason": "A"}]})).is_err());
}

#[test]
fn days() {
    assert_eq!(day("2026-12-31").unwrap(), "2026-12-31");
    assert_eq!(day("2026-12-31T01:02:03Z").unwrap(), "2026-12-31");
    for wrong in ["", "2026-13-01", "2026-02-30", "tomorrow", "2026-12-311"] {
        assert!(day(wrong).is_err(), "{wrong}");
    }
}
