//! What is made from the schema table: the reference page, the editors' schema, skip values.

mod check;

use check::valid;
use goferry_config::{FileKind, SourceText, json_schema, load, reference_markdown, sections, skip_values};
use std::path::{Path, PathBuf};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// With GOFERRY_BLESS=1 the page is written instead of compared.
#[test]
fn the_reference_page_is_current() {
    let path = repository().join("docs/configuration.md");
    let made = reference_markdown();
    if std::env::var_os("GOFERRY_BLESS").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let page = std::fs::read_to_string(&path).unwrap();
    assert!(page == made, "docs/configuration.md is old: run GOFERRY_BLESS=1 cargo test -p goferry-config");
}

#[test]
fn the_reference_names_every_section() {
    let page = reference_markdown();
    for section in sections() {
        assert!(page.contains(&format!("`{}", section.name)), "{}", section.name);
        assert!(skip_values().any(|v| v == section.name), "{}", section.name);
    }
    for line in page.lines().filter(|l| l.starts_with("| ") && !l.contains("\\|")) {
        assert!((4..=5).contains(&line.split('|').count()), "{line}");
    }
}

#[test]
fn no_values_are_offered_twice() {
    let mut values: Vec<_> = skip_values().collect();
    values.sort_unstable();
    let count = values.len();
    values.dedup();
    assert_eq!(values.len(), count);
}

#[test]
fn the_json_schema_accepts_and_refuses() {
    let schema = json_schema(FileKind::Goreleaser);
    let accepts = |text: &str| valid(&schema, &serde_json::from_str(text).unwrap(), &schema);
    for text in [
        r#"{"version": 2, "builds": [{"id": "a", "ldflags": "-s", "goarch": [386], "goarm": ["7"]}]}"#,
        r#"{"archives": [{"formats": "zip", "files": ["a", {"src": "b", "info": {"mode": 420}}], "wrap_in_directory": true}]}"#,
        r#"{"before": {"hooks": ["a", {"cmd": "b", "output": true}]}, "upx": [{"compress": 9}]}"#,
        r#"{"checksum": {"algorithm": "{{ .Env.A }}"}, "nfpms": [{"formats": ["deb"], "overrides": {"deb": {"umask": 18}}}]}"#,
    ] {
        assert_eq!(accepts(text), Ok(()), "{text}");
    }
    for text in [
        r#"{"buids": []}"#,
        r#"{"builds": [{"goos": "linux"}]}"#,
        r#"{"archives": [{"formats": ["rar"]}]}"#,
        r#"{"archives": [{"replacements": {}}]}"#,
        r#"{"report_sizes": "yes"}"#,
        r#"{"nfpms": [{"contents": [{"file_info": {"mod": 1}}]}]}"#,
    ] {
        assert!(accepts(text).is_err(), "{text}");
    }
    let native = json_schema(FileKind::Goferry);
    let text = r#"{"targets": ["linux/arm64"], "verify": {"timeout": 3}, "toolchain": {"target": {"linux/arm64": {"cc": "zig"}}}}"#;
    assert_eq!(valid(&native, &serde_json::from_str(text).unwrap(), &native), Ok(()));
    assert!(valid(&native, &serde_json::json!({ "version": 2 }), &native).is_err());
}

/// Our own fixtures: those that goreleaser releases load without an error and fit the schema; the rest never panics.
#[test]
fn fixtures_load() {
    let (mut loaded, mut refused) = (0, vec![]);
    for entry in std::fs::read_dir(repository().join("tests/fixtures")).unwrap() {
        let folder = entry.unwrap().path();
        let file = folder.join(".goreleaser.yaml");
        let (Ok(text), Ok(case)) =
            (std::fs::read_to_string(&file), std::fs::read_to_string(folder.join("case.toml")))
        else {
            continue;
        };
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let (config, problems) = load(Some(SourceText { name: name.clone(), text }), None);
        let fails = case.contains("expect_failure = true");
        assert!(fails || !problems.has_errors(), "{name}: {problems:?}");
        loaded += usize::from(!problems.has_errors());
        if problems.has_errors() {
            refused.push(name);
        } else {
            assert!(!config.sources.is_empty());
        }
    }
    assert!(loaded > 100, "{loaded} fixtures");
    for name in [
        "fail-archive-format",
        "fail-changelog-sort",
        "fail-changelog-use",
        "fail-checksum-algorithm",
        "fail-removed-changelog-skip",
        "fail-removed-replacements",
        "fail-removed-rlcp",
        "fail-source-format",
        "fail-unknown-key",
        "fail-unknown-top-key",
        "fail-yaml-duplicate-key",
        "fail-yaml-scalar-list",
        "fail-yaml-syntax",
        "fail-yaml-type",
    ] {
        assert!(refused.iter().any(|r| r == name), "{name} is accepted");
    }
}
