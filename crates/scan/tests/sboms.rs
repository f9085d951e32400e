//! Modules of SBOMs, and the lists of other tools.
#![expect(clippy::unwrap_used, reason = "what a test cannot set up has failed")]

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
        let named = sbom::read(value.to_string().as_bytes()).unwrap();
        assert!(named.unread.is_empty(), "{:?}", named.unread);
        let subject = named.subject;
        let modules: Vec<_> = subject.modules.iter().map(|m| format!("{} {}", m.path, m.version)).collect();
        assert_eq!(modules, ["example.com/app v1.0.0", "golang.org/x/text v0.3.5", "stdlib v1.20.1"]);
        assert!(matches!(subject.contents, Contents::Modules(_)));
    }
    for wrong in ["", "{}", r#"{"bomFormat":"CycloneDX","components":[]}"#] {
        assert!(sbom::read(wrong.as_bytes()).is_err(), "{wrong}");
    }
}

fn modules(purls: &[&str]) -> (Vec<String>, Vec<String>) {
    let components: Vec<_> = purls.iter().map(|p| json!({"purl": p})).collect();
    let value = json!({"bomFormat": "CycloneDX", "components": components});
    let named = sbom::read(value.to_string().as_bytes()).unwrap();
    let modules = named.subject.modules.iter().map(|m| format!("{} {}", m.path, m.version)).collect();
    (modules, named.unread)
}

#[test]
fn nothing_of_an_sbom_is_left_out_without_a_word() {
    // Two versions of one module are two.
    let (all, unread) = modules(&["pkg:golang/a.b/c@v1.0.0", "pkg:golang/a.b/c@v2.0.0"]);
    assert_eq!(
        (all.as_slice(), unread.len()),
        (&["a.b/c v1.0.0".to_owned(), "a.b/c v2.0.0".to_owned()][..], 0)
    );
    // What does not decode is told.
    let (all, unread) = modules(&["pkg:golang/a.b/c@v1.0.0", "pkg:golang/a.b/%zz@v2.0.0", "pkg:npm/%zz@1"]);
    assert_eq!((all.len(), unread.len()), (1, 1), "{unread:?}");
    assert!(unread[0].contains("%zz@v2.0.0"), "{unread:?}");
    // syft puts the rest of long paths behind the version.
    let (all, _) = modules(&["pkg:golang/github.com/golang-jwt/jwt@v4.5.0#v4"]);
    assert_eq!(all, ["github.com/golang-jwt/jwt v4.5.0", "github.com/golang-jwt/jwt/v4 v4.5.0"]);
    // However deep a component lies, as far as JSON is read; deeper is an error.
    let nested = |depth| {
        let inner = json!({"purl": "pkg:golang/a.b/deep@v1.0.0"});
        let value = (0..depth).fold(inner, |c, _| json!({"components": [c]}));
        json!({"bomFormat": "CycloneDX", "components": [{"purl": "pkg:golang/a.b/c@v1.0.0"}, value]})
            .to_string()
    };
    let named = sbom::read(nested(50).as_bytes()).unwrap();
    assert!(named.subject.modules.iter().any(|m| m.path == "a.b/deep"));
    assert!(sbom::read(nested(200).as_bytes()).is_err());
}

#[test]
fn limits_of_lists_that_cannot_be_read_are_errors() {
    let osv =
        |entry: serde_json::Value| import("f", &json!({"IgnoredVulns": [{"id": "A", "reason": "r"}, entry]}));
    let wrong = [
        json!({"id": "B", "ignoreUntil": 20_261_109}),
        json!({"id": "B", "ignoreUntil": ""}),
        json!({"id": "B", "ignoreUntil": {"date": "2026-11-09"}}),
        json!({"id": "B", "ignore_until": "2026-11-09"}),
        json!({"id": 7}),
        json!("B"),
    ];
    for entry in wrong {
        let e = osv(entry.clone()).unwrap_err();
        assert!(e.contains("IgnoredVulns, entry 2"), "{entry}: {e}");
    }
    // osv-scanner's keys may have other capitals.
    let (entries, _) = osv(json!({"ID": "B", "ignoreuntil": "2026-11-09"})).unwrap();
    assert_eq!((entries[1].id.as_str(), entries[1].expires.as_str()), ("B", "2026-11-09"));
    let trivy = |entry: serde_json::Value| import("f", &json!({"vulnerabilities": [entry]}));
    let wrong = [
        json!({"id": "B", "expired_at": 2026}),
        json!({"id": "B", "purls": "pkg:golang/a.b/c@v1.0.0"}),
        json!({"id": "B", "purls": [{"purl": "pkg:golang/a.b/c"}]}),
        json!({"id": "B", "paths": "a/b"}),
        json!({"id": "B", "Purls": ["pkg:golang/a.b/c"]}),
    ];
    for entry in wrong {
        let e = trivy(entry.clone()).unwrap_err();
        assert!(e.contains("vulnerabilities, entry 1 (B)"), "{entry}: {e}");
    }
    for all in [json!({"IgnoredVulns": {"id": "A"}}), json!({"vulnerabilities": "A"}), json!([])] {
        assert!(import("f", &all).is_err(), "{all}");
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
