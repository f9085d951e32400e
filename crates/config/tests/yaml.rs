//! What a .goreleaser.yaml means, and what is said about a wrong one.

use goferry_config::{Config, SourceText, load};
use goferry_report::{Code, Diagnostics, Severity};

fn read(text: &str) -> (Config, Diagnostics) {
    load(Some(SourceText { name: ".goreleaser.yaml".to_owned(), text: format!("version: 2\n{text}") }), None)
}

fn good(text: &str) -> Config {
    let (config, problems) = read(text);
    assert!(!problems.has_errors(), "{text}\n{problems:?}");
    config
}

fn words(texts: &[goferry_config::model::Text]) -> Vec<&str> {
    texts.iter().map(|t| t.value.as_str()).collect()
}

/// Every leniency that goreleaser has: several spellings of one meaning.
#[test]
fn short_forms_mean_the_long_ones() {
    for (short, long) in [
        ("builds: [{ldflags: -s -w}]", "builds: [{ldflags: ['-s -w']}]"),
        (
            "builds: [{gcflags: all=-l, asmflags: all=-x}]",
            "builds: [{gcflags: ['all=-l'], asmflags: ['all=-x']}]",
        ),
        ("builds: [{flags: -trimpath  -v}]", "builds: [{flags: [-trimpath, -v]}]"),
        ("builds: [{tags: a b}]", "builds: [{tags: [a, b]}]"),
        ("builds: [{gobinary: go1.27}]", "builds: [{tool: go1.27}]"),
        ("builds: [{hooks: {pre: make}}]", "builds: [{hooks: {pre: [{cmd: make}]}}]"),
        ("builds: [{hooks: {pre: {cmd: make}}}]", "builds: [{hooks: {pre: [{cmd: make}]}}]"),
        ("builds: [{hooks: {post: [make, {cmd: b}]}}]", "builds: [{hooks: {post: [{cmd: make}, {cmd: b}]}}]"),
        ("before: {hooks: go mod tidy}", "before: {hooks: [go mod tidy]}"),
        ("archives: [{format: zip, builds: [a]}]", "archives: [{formats: [zip], ids: [a]}]"),
        ("archives: [{formats: zip}]", "archives: [{formats: [zip]}]"),
        ("archives: [{files: [LICENSE]}]", "archives: [{files: [{src: LICENSE}]}]"),
        ("archives: [{meta: yes}]", "archives: [{meta: true}]"),
        ("archives: [{builds_info: {mode: 0644}}]", "archives: [{builds_info: {mode: 420}}]"),
        ("archives: [{builds_info: {mode: 0o644}}]", "archives: [{builds_info: {mode: 420}}]"),
        (
            "archives: [{format_overrides: [{goos: windows, format: zip}]}]",
            "archives: [{format_overrides: [{goos: windows, formats: [zip]}]}]",
        ),
        ("snapshot: {name_template: v}", "snapshot: {version_template: v}"),
        ("checksum: {extra_files: ['*.txt']}", "checksum: {extra_files: [{glob: '*.txt'}]}"),
        ("metadata: {full_description: long}", "metadata: {full_description: {text: long}}"),
        ("builds: [{id: ''}]", "builds: [{}]"),
        ("before:\n", ""),
    ] {
        let ((short_config, _), (long_config, _)) = (read(short), read(long));
        let text = |c: &Config| serde_json::to_string(c).unwrap();
        assert_eq!(text(&short_config), text(&long_config), "{short}");
    }
}

#[test]
fn scalars_keep_their_text() {
    let config = good(
        "project_name: 007\nbuilds:\n  - goarch: [386, amd64]\n    goarm: [7, '7,softfloat']\n    mod_timestamp: 1.20\n    \
         skip: True\n    ignore: [{goos: windows, goarm: 6}]\narchives: [{wrap_in_directory: yes}]\nupx: [{compress: 9}]\n",
    );
    assert_eq!(config.project_name.unwrap().value, "007");
    let build = &config.builds[0];
    assert_eq!(words(&build.goarch), ["386", "amd64"]);
    assert_eq!(words(&build.variants["goarm"]), ["7", "7,softfloat"]);
    assert_eq!(build.mod_timestamp.as_ref().unwrap().value, "1.20");
    assert_eq!(build.skip.as_ref().unwrap().value, "True");
    assert_eq!(build.ignore[0].variants["goarm"].value, "6");
    assert_eq!(config.archives[0].wrap_in_directory.as_ref().unwrap().value, "yes");
    assert_eq!(config.upx[0].compress.as_ref().unwrap().value, "9");
}

#[test]
fn anchors_and_merges() {
    let config = good(
        "builds:\n  - &base\n    id: one\n    goos: &os [linux]\n    env: [A=b]\n    ldflags: >\n      -s\n      -w\n  \
         - <<: *base\n    id: two\n  - <<: [{goos: [darwin]}, {goos: [windows], goarch: [arm64]}]\n    id: three\n\
         universal_binaries:\n  - id: four\n",
    );
    assert_eq!(config.builds[1].id.as_ref().unwrap().value, "two");
    assert_eq!(words(&config.builds[1].goos), ["linux"]);
    assert_eq!(words(config.builds[1].flags.ldflags.as_ref().unwrap()), ["-s -w\n"]);
    assert_eq!(words(&config.builds[2].goos), ["darwin"], "the first of several wins");
    assert_eq!(words(&config.builds[2].goarch), ["arm64"]);
}

#[test]
fn places_are_those_of_the_file() {
    let config = good("builds:\n  - id: one\n    binary: 'x{{ .Os }}'\n");
    let place = &config.builds[0].binary.as_ref().unwrap().place;
    assert_eq!((place.line, place.column, place.length), (4, 13, 12));
}

#[test]
fn byte_order_mark_and_carriage_returns() {
    let text = "\u{feff}version: 2\r\nbuilds:\r\n  - id: one\r\n    goos:\r\n      - linux\r\n";
    let (config, problems) = load(Some(SourceText { name: "f".to_owned(), text: text.to_owned() }), None);
    assert!(problems.list.is_empty(), "{problems:?}");
    assert_eq!(words(&config.builds[0].goos), ["linux"]);
}

#[test]
fn an_empty_file_is_all_defaults() {
    for text in ["", "# nothing\n", "---\n", "null\n"] {
        let (config, problems) = load(Some(SourceText { name: "f".to_owned(), text: text.to_owned() }), None);
        assert!(!problems.has_errors(), "{text:?} {problems:?}");
        assert!(config.builds.is_empty());
    }
}

/// text, code, line, column, a word of the message or of the hints
const WRONG: &[(&str, Code, u32, u32, &str)] = &[
    ("bilds: []", Code::UnknownKey, 2, 1, "did you mean `builds`?"),
    ("frobnicate: 1", Code::UnknownKey, 2, 1, "unknown key `frobnicate`"),
    ("builds:\n  - gooss: [linux]", Code::UnknownKey, 3, 5, "did you mean `goos`?"),
    ("builds:\n  - hooks:\n      prae: x", Code::UnknownKey, 4, 7, "in `builds[0].hooks`"),
    ("nfpms:\n  - fromats: [deb]", Code::UnknownKey, 3, 5, "did you mean `formats`?"),
    ("builds: {goos: linux}", Code::ConfigType, 2, 9, "`builds` must be a list, not a mapping"),
    ("builds: [{goos: linux}]", Code::ConfigType, 2, 17, "write a list with one item"),
    ("builds: [{goarm: 7}]", Code::ConfigType, 2, 18, "must be a list, not a number"),
    ("builds: [{id: [a]}]", Code::ConfigType, 2, 15, "must be a text, not a list"),
    ("builds: [a]", Code::ConfigType, 2, 10, "`builds[0]` must be a mapping"),
    ("report_sizes: perhaps", Code::ConfigType, 2, 15, "must be true or false"),
    ("report_sizes: 'true'", Code::ConfigType, 2, 15, "must be true or false"),
    ("archives: [{meta: '{{ .IsSnapshot }}'}]", Code::ConfigType, 2, 19, "takes no template"),
    ("archives: [{builds_info: {mode: rw}}]", Code::ConfigType, 2, 33, "such as 0644"),
    ("archives: [{builds_info: {mode: 99999}}]", Code::ConfigType, 2, 33, "such as 0644"),
    ("changelog: {abbrev: short}", Code::ConfigType, 2, 21, "a whole number"),
    ("archives: [{formats: [tar.gzz]}]", Code::ConfigValue, 2, 23, "did you mean `tar.gz`?"),
    ("archives: [{formats: none}]", Code::ConfigValue, 2, 22, "allowed: tar.gz"),
    ("archives: [{format: rar}]", Code::ConfigValue, 2, 21, "cannot be `rar`"),
    ("checksum: {algorithm: md4}", Code::ConfigValue, 2, 23, "did you mean `md5`?"),
    ("changelog: {use: svn}", Code::ConfigValue, 2, 18, "allowed: git, github"),
    ("changelog: {sort: up}", Code::ConfigValue, 2, 19, "allowed: asc, desc"),
    ("source: {format: rar}", Code::ConfigValue, 2, 18, "allowed: tar"),
    ("env: [FOO]", Code::ConfigValue, 2, 7, "KEY=value"),
    ("builds: [{env: [CGO_ENABLED]}]", Code::ConfigValue, 2, 17, "KEY=value"),
    ("archives: [{format: zip, formats: [zip]}]", Code::ConfigValue, 2, 26, "old and its new name"),
    ("builds: [{id: a}, {id: a}]", Code::DuplicateId, 2, 24, "have the id `a`"),
    ("nfpms: [{id: a}, {id: a}]", Code::DuplicateId, 2, 23, "`nfpms`"),
    ("archives: [{replacements: {amd64: x86_64}}]", Code::RemovedKey, 2, 13, "name_template"),
    ("archives: [{rlcp: true}]", Code::RemovedKey, 2, 13, "delete the line"),
    ("changelog: {skip: true}", Code::RemovedKey, 2, 13, "disable"),
    ("brews: [{tap: {name: x}}]", Code::RemovedKey, 2, 10, "repository"),
    ("dist: a\ndist: b", Code::ConfigSyntax, 3, 1, "`dist` is written twice"),
    ("builds: [{<<: 3}]", Code::ConfigSyntax, 2, 15, "`<<` takes a mapping"),
    ("builds: [\n", Code::ConfigSyntax, 3, 1, ""),
    ("builds:\n\t- id: a", Code::ConfigSyntax, 3, 2, "tabs"),
    ("dist: *nothing", Code::ConfigSyntax, 2, 7, ""),
    ("builds: &a [*a]", Code::ConfigSyntax, 2, 13, ""),
    ("? [a]\n: b", Code::ConfigSyntax, 2, 3, "cannot be a key"),
];

#[test]
fn what_is_wrong_is_said_with_its_place() {
    for (text, code, line, column, word) in WRONG {
        let (_, problems) = read(text);
        let errors: Vec<_> = problems.list.iter().filter(|d| d.severity == Severity::Error).collect();
        assert_eq!(errors.len(), 1, "{text}\n{problems:?}");
        let label = errors[0].labels.first().unwrap_or_else(|| panic!("{text}: no place"));
        assert_eq!((errors[0].code, label.line, label.column), (*code, *line, *column), "{text}\n{errors:?}");
        let said: Vec<_> =
            std::iter::once(&errors[0].message).chain(errors[0].hints.iter().map(|h| &h.text)).collect();
        assert!(said.iter().any(|s| s.contains(word)), "{text}\n{said:?}");
        let excerpt = label.excerpt.as_deref().unwrap_or_default();
        assert!(*column == 1 || excerpt.chars().count() >= *column as usize, "{text}: {excerpt:?}");
    }
}

#[test]
fn all_problems_at_once() {
    let (_, problems) =
        read("bilds: []\nbuilds: [{goos: linux, idd: x}]\nchecksum: {algorithm: md4}\nenv: [A]\n");
    let codes: Vec<_> = problems.list.iter().map(|d| d.code).collect();
    let expected =
        [Code::UnknownKey, Code::ConfigType, Code::UnknownKey, Code::ConfigValue, Code::ConfigValue];
    assert_eq!(codes, expected);
}

#[test]
fn templates_are_left_to_the_templates() {
    let config = good(
        "archives: [{formats: ['{{ .Env.F }}'], wrap_in_directory: '{{ .Os }}'}]\nchecksum: {algorithm: '{{ .Env.A }}'}\n\
         env: ['{{ if true }}A=b{{ end }}', '{{ .Env.PAIR }}', $PAIR]\nbuilds: [{skip: '{{ .IsSnapshot }}'}]\n",
    );
    assert_eq!(words(&config.archives[0].formats), ["{{ .Env.F }}"]);
}

#[test]
fn old_spellings_warn_and_work() {
    let (config, problems) =
        read("archives:\n  - builds: [a]\n    format: zip\ndockers:\n  - image_templates: [x]\n");
    let warned: Vec<_> = problems.list.iter().map(|d| (d.code, d.severity, d.labels[0].line)).collect();
    let old = |line| (Code::DeprecatedKey, Severity::Warning, line);
    assert_eq!(warned, [old(3), old(4), old(5)]);
    assert_eq!(words(&config.archives[0].ids), ["a"]);
    assert_eq!(words(&config.dockers[0].image_templates), ["x"]);
}

#[test]
fn a_file_without_its_version_warns() {
    for (text, line) in [("dist: x\n", 1), ("dist: x\nversion: 1\n", 2), ("version: '2'\n", 1)] {
        let (_, problems) = load(Some(SourceText { name: "f".to_owned(), text: text.to_owned() }), None);
        assert!(
            problems.list.iter().any(|d| d.message.contains("version: 2") && d.labels[0].line == line),
            "{problems:?}"
        );
    }
}

#[test]
fn several_documents_warn_and_the_first_is_read() {
    let (config, problems) = read("dist: a\n---\ndist: b\n");
    assert_eq!(config.dist.unwrap().value, "a");
    assert_eq!(problems.list[0].severity, Severity::Warning);
    assert_eq!(problems.list[0].labels[0].line, 3);
}

#[test]
fn pro_makes_unknown_keys_warnings() {
    let (config, problems) =
        read("pro: true\nsomething_new: 1\nmonorepo: {tag_prefix: x/}\nvariables: {a: b}\n");
    assert!(config.pro && !problems.has_errors());
    assert_eq!(problems.list[0].code, Code::UnknownKey);
    assert_eq!(config.variables["a"].value, "b");
    let monorepo = &config.unsupported[0];
    assert_eq!((monorepo.section.as_str(), monorepo.pro, monorepo.place.line), ("monorepo", true, 4));
}

#[test]
fn what_is_not_done_is_listed() {
    let config = good(
        "nfpms: [{formats: [deb, msix]}]\nmakeselfs: [{id: x}]\nrelease: {draft: true}\nnightly: {tag_name: x}\n\
         builds:\n  - builder: rust\n    prebuilt: {path: x}\narchives: [{hooks: {before: [x]}}]\n",
    );
    let paths = |list: &[goferry_config::model::Unsupported]| {
        list.iter().map(|u| format!("{} {} {}", u.section, u.path, u.place.line)).collect::<Vec<_>>()
    };
    assert_eq!(
        paths(&config.unsupported),
        [
            "makeselfs makeselfs 3",
            "builds builds[0].prebuilt 8",
            "archives archives[0].hooks 9",
            "builds builds[0].builder 7",
            "nfpms nfpms[0].formats[1] 2",
        ]
    );
    assert_eq!(paths(&config.publishing), ["release release 4"]);
}

#[test]
fn what_asks_for_nothing_does_not_stop() {
    let config = good(
        "nfpms: []\nsboms:\nsigns: [{cmd: cosign}, {artifacts: none}]\ndockers_v2: [{disable: true}]\nkos: [{disable: 'true'}]\n\
         srpm: {package_name: x}\n",
    );
    assert!(config.unsupported.is_empty(), "{:?}", config.unsupported);
}
