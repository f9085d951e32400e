//! Broken and hostile files: never a panic, never more than a moment.

use goferry_config::{SourceText, load};
use goferry_report::Code;
use proptest::prelude::*;
use std::time::{Duration, Instant};

/// Uses every feature of the YAML layer and most shapes.
const YAML: &str = r#"# yaml-language-server: $schema=x
version: 2
project_name: &name "ferry"
env: [A=b, 'C={{ .Env.D }}']
before: {hooks: [go mod tidy, {cmd: make, env: [X=y], output: true}]}
builds:
  - &base
    id: one
    goos: [linux, darwin]
    goarch: [386, arm]
    goarm: [7]
    ldflags: >-
      -s -w
      -X main.version={{ .Version }}
    hooks: {post: "echo é"}
    ignore: [{goos: windows, goarm: 6}]
    overrides: [{goos: linux, env: [CGO_ENABLED=1]}]
  - <<: [*base, {binary: two}]
    id: two
archives:
  - formats: zip
    files: [LICENSE, {src: "*.md", info: {mode: 0644, mtime: "{{ .CommitDate }}"}}]
checksum: {algorithm: sha512, extra_files: [{glob: ./*}]}
changelog: {sort: asc, groups: [{title: All, order: 999}], filters: {exclude: ['^docs:']}}
nfpms: [{id: p, formats: [deb, rpm], contents: [{src: a, dst: b, file_info: {mode: 0o755}}]}]
"#;

const TOML: &str = r#"targets = ["linux/arm64"]
[[builds]]
id = "é"
goarch = [386, "amd64"]
hooks.pre = [{ cmd = "make", env = ["A=b"] }]
[verify]
memory = "512M"
args = ["--version"]
[[verify.binary]]
id = "é"
[toolchain.target."linux/arm64"]
cc = "zig"
"#;

fn source(text: String) -> Option<SourceText> {
    Some(SourceText { name: "hostile".to_owned(), text })
}

/// Reads the text as both files; every diagnostic must have a sensible place.
fn survive(text: &str) {
    let breaks = text.matches(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']).count();
    let begin = Instant::now();
    for (_, problems) in [load(source(text.to_owned()), None), load(None, source(text.to_owned()))] {
        for label in problems.list.iter().flat_map(|d| &d.labels) {
            assert!(label.line as usize <= breaks + 2, "{label:?}\n{text}");
        }
    }
    assert!(
        begin.elapsed() < Duration::from_secs(10),
        "{:?} for {} bytes: {:?}",
        begin.elapsed(),
        text.len(),
        text.chars().take(40).collect::<String>()
    );
}

fn mutated(text: &str, edits: &[(usize, usize, String)]) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for (at, remove, insert) in edits {
        let at = at % (chars.len() + 1);
        let end = (at + remove).min(chars.len());
        chars.splice(at..end, insert.chars());
    }
    chars.into_iter().collect()
}

fn edits() -> impl Strategy<Value = Vec<(usize, usize, String)>> {
    let token = prop_oneof![
        Just(String::new()),
        "[-:\\[\\]{}&*<>|!%@`'\"#,?=~\\t\\n\\r \\\\]{1,3}",
        Just("<<: *base".to_owned()),
        Just("*base".to_owned()),
        Just("&base ".to_owned()),
        Just("\n---\n".to_owned()),
        Just("\u{feff}".to_owned()),
        Just("\0".to_owned()),
        Just("99999999999999999999".to_owned()),
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec((any::<usize>(), 0usize..12, token), 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn mutated_yaml(edits in edits()) {
        survive(&mutated(YAML, &edits));
    }

    #[test]
    fn mutated_toml(edits in edits()) {
        survive(&mutated(TOML, &edits));
    }

    #[test]
    fn noise(text in "[-:\\[\\]{}&*<>|!%@'\"#,?=~ \\n\\ta-c0-9]{0,120}") {
        survive(&text);
    }

    #[test]
    fn anything(text in any::<String>()) {
        survive(&text);
    }
}

#[test]
fn every_truncation() {
    for text in [YAML, TOML] {
        let cuts = text.char_indices().map(|(i, _)| i);
        cuts.for_each(|cut| survive(&text[..cut]));
    }
}

#[test]
fn alias_bombs_are_refused() {
    let mut bomb = String::from("version: 2\nvariables:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let below = format!("*a{}", level - 1);
        bomb.push_str(&format!("  a{level}: &a{level} [{}]\n", vec![below; 10].join(", ")));
    }
    let merges: String =
        (0..40).map(|i| format!("  m{}: &m{} {{<<: [*m{i}, *m{i}], k{i}: *m{i}}}\n", i + 1, i + 1)).collect();
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(1 << 20), vec!["*a"; 2000].join(", "));
    for text in [bomb, format!("m0: &m0 {{k: v}}\nvariables:\n{merges}"), long] {
        let begin = Instant::now();
        let (_, problems) = load(source(text), None);
        assert!(
            problems.list.iter().any(|d| d.code == Code::ConfigSyntax && d.message.contains("expand")),
            "{problems:?}"
        );
        assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    }
}

#[test]
fn deep_and_long_files_are_refused_or_read() {
    for (open, close) in [("[", "]"), ("{a: ", "}"), ("- ", ""), ("? ", ""), ("a:\n", "")] {
        let text = format!("builds: \n  {}{}", open.repeat(20_000), close.repeat(20_000));
        let (_, problems) = load(source(text), None);
        assert!(problems.has_errors(), "{open}");
    }
    let nested = format!("a = {}{}", "[".repeat(20_000), "]".repeat(20_000));
    assert!(load(None, source(nested)).1.has_errors());
    let dotted = format!("{}a = 1", "a.".repeat(20_000));
    assert!(load(None, source(dotted)).1.has_errors());
    let huge = format!("project_name: {}", "x".repeat(5 << 20));
    let (_, problems) = load(source(huge), None);
    assert!(problems.list[0].message.contains("larger than"));
    survive(&"a: b\n".repeat(20_000));
    survive(&"- {a: b}\n".repeat(20_000));
    survive(&format!("\"{}\"", "\\n".repeat(100_000)));
    survive(&format!("a: |\n{}", " x\n".repeat(100_000)));
}
