use super::*;
use serde_json::json;

fn target(scan: ScanVerdict) -> TargetSummary {
    TargetSummary {
        target: "linux/arm64".to_owned(),
        binary: Resource::new("t_linux_arm64/t", "").digest("sha256", "ab".repeat(32)),
        format: "ELF".to_owned(),
        build_info: "compared".to_owned(),
        run: Run::Waived { class: "no-runner".to_owned(), reason: "none".to_owned() },
        scan,
    }
}

fn summary(targets: Vec<TargetSummary>) -> VerificationSummary {
    VerificationSummary {
        verifier: Builder::goferry(VERIFIER, "0.1.0"),
        time_verified: "2024-01-02T03:04:05Z".to_owned(),
        resource_uri: "pkg:golang/example.com/t@v1.0.0".to_owned(),
        policy: Resource::new("", "urn:goferry:configuration"),
        input_attestations: vec![],
        verification_result: "",
        verified_levels: vec![],
        slsa_version: "1.0",
        targets,
        images: vec![],
    }
    .judged()
}

#[test]
fn a_blocking_scan_fails_the_summary_and_a_waiver_does_not() {
    let none = || ScanVerdict::NotScanned { why: "no database".to_owned() };
    let scanned = |blocking| ScanVerdict::Scanned {
        database: "2026-01-01".to_owned(),
        database_sha256: "ab".repeat(32),
        findings: 3,
        blocking,
    };
    for (targets, result, level) in [
        (vec![target(none())], "PASSED", "SLSA_BUILD_LEVEL_1"),
        (vec![target(none()), target(scanned(0))], "PASSED", "SLSA_BUILD_LEVEL_1"),
        (vec![target(scanned(0)), target(scanned(1))], "FAILED", "FAILED"),
    ] {
        let value = serde_json::to_value(summary(targets)).unwrap();
        assert_eq!(value["verificationResult"], result);
        assert_eq!(value["verifiedLevels"], json!([level]));
    }
}

#[test]
fn words_are_those_of_the_specification() {
    let value =
        serde_json::to_value(summary(vec![target(ScanVerdict::NotScanned { why: "w".into() })])).unwrap();
    let first = &value["urn:goferry:targets"][0];
    assert_eq!(first["run"], json!({"state": "waived", "class": "no-runner", "reason": "none"}));
    assert_eq!(first["scan"], json!({"state": "not-scanned", "why": "w"}));
    assert_eq!(first["binary"], json!({"name": "t_linux_arm64/t", "digest": {"sha256": "ab".repeat(32)}}));
    for field in ["verifier", "timeVerified", "resourceUri", "policy", "inputAttestations", "slsaVersion"] {
        assert!(value.get(field).is_some(), "{field}");
    }
    let provenance = Provenance {
        build_definition: BuildDefinition {
            build_type: BUILD_TYPE,
            external_parameters: json!({}),
            internal_parameters: json!({}),
            resolved_dependencies: vec![Resource::new("go", "u").digest("sha256", "").note("version", "1")],
        },
        run_details: RunDetails { builder: Builder::goferry(BUILDER, "1"), byproducts: vec![] },
    };
    let want = json!({
        "buildDefinition": {
            "buildType": "urn:goferry:release:v1", "externalParameters": {}, "internalParameters": {},
            "resolvedDependencies": [{"name": "go", "uri": "u", "annotations": {"version": "1"}}],
        },
        "runDetails": {"builder": {"id": "urn:goferry:builder:v1", "version": {"goferry": "1"}}},
    });
    assert_eq!(serde_json::to_value(provenance).unwrap(), want);
}
