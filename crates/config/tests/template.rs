//! Templates against Go's own `text/template`, goreleaser's documented examples, and random text.

use goferry_config::template::{FIELDS, Fields, TemplateHost, Templates, Value, expand_shell, split_words};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// A machine whose state is fixed: named so, for tests only.
struct FixedHost;

impl TemplateHost for FixedHost {
    fn env(&self, name: &str) -> Option<String> {
        (name == "FROM_HOST").then(|| "host".to_owned())
    }

    fn env_all(&self) -> Vec<(String, String)> {
        vec![("FROM_HOST".into(), "host".into())]
    }

    fn read_file(&self, path: &str) -> Result<Vec<u8>, String> {
        match path {
            "subject" => Ok(b"lorem ipsum".to_vec()),
            "spaced" => Ok(b" text \n".to_vec()),
            _ => Err(format!("{path}: no such file")),
        }
    }

    fn abs(&self, path: &str) -> String {
        format!("/project/{path}")
    }

    fn now(&self) -> jiff::Timestamp {
        "2026-03-09T02:06:07Z".parse().expect("a time")
    }
}

fn strings(pairs: &[(&str, &str)]) -> Value {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), *v)).collect::<BTreeMap<_, _>>().into()
}

/// The same values as the Go program's.
fn fields() -> Fields {
    let mut fields = Fields::new();
    for (name, text) in [("Version", "1.2.3"), ("Os", "linux"), ("Empty", "")] {
        fields.set(name, text);
    }
    fields.set("Yes", true);
    fields.set("No", false);
    fields.set("Major", 1_i64);
    fields.set("Minor", 22_i64);
    fields.set("Env", strings(&[("FOO", "bar"), ("EMPTY", "")]));
    fields.set("Items", vec!["a", "b", "c"]);
    fields.set("None", Vec::<String>::new());
    fields.set("Now", "2026-03-09T02:06:07.0105Z".parse::<jiff::Timestamp>().expect("a time"));
    fields
}

fn render(template: &str, fields: &Fields) -> Result<String, String> {
    Templates::new(&FixedHost).render(template, fields).map_err(|e| e.to_string())
}

#[derive(serde::Deserialize)]
struct GoResult {
    ok: bool,
    out: String,
}

#[test]
fn agrees_with_go() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/template_oracle");
    let cases = include_str!("template_oracle/cases.txt");
    let templates: Vec<&str> = cases.lines().collect();
    let mut go = Command::new("go")
        .args(["run", "main.go"])
        .current_dir(folder)
        .envs([
            ("GOFLAGS", ""),
            ("GOENV", "off"),
            ("GOTOOLCHAIN", "local"),
            ("GOWORK", "off"),
            ("GO111MODULE", "off"),
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("go is needed for this test");
    go.stdin.take().unwrap().write_all(serde_json::to_string(&templates).unwrap().as_bytes()).unwrap();
    let output = go.wait_with_output().unwrap();
    assert!(output.status.success());
    let expected: Vec<GoResult> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(expected.len(), templates.len());
    let mut differences = Vec::new();
    for (template, go) in templates.iter().zip(&expected) {
        let ours = render(template, &fields());
        if ours.is_ok() != go.ok || (go.ok && ours.as_deref() != Ok(go.out.as_str())) {
            differences.push(format!("{template}\n  go:   {:?} {:?}\n  ours: {ours:?}", go.ok, go.out));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn functions_of_goreleaser() {
    let fields = fields().with([("Tag", "v1.2.3"), ("GitURL", "https://x/y.git")]);
    for (template, expected) in [
        (r#"{{ replace "v1.24" "v" "" }}"#, "1.24"),
        (r#"{{ time "2006-01-02" }}"#, "2026-03-09"),
        (r#"{{ trimsuffix .GitURL ".git" }}"#, "https://x/y"),
        (r#"{{ title "file" }}{{ title .Os }}"#, "FileLinux"),
        (r#"{{ trim " test " }}"#, "test"),
        (r#"{{ abs "file" }} {{ dir "/tmp/a" }} {{ base "/tmp/a" }}"#, "/project/file /tmp a"),
        (r#"{{ join "a" "b" ".." "c" }}"#, "a/c"),
        ("{{ .Tag | incmajor }} {{ .Tag | incminor }} {{ .Version | incpatch }}", "v2.0.0 v1.3.0 1.2.4"),
        (r#"{{ incpatch "v1.2.3-rc.1" }}"#, "v1.2.3"),
        (r#"{{ filter "a\nremove me\nb" ".*remove.*" }}"#, "remove me"),
        (r#"{{ reverseFilter "a\nremove me\nb" ".*remove.*" }}"#, "a\nb"),
        (r#"{{ envOrDefault "BAR" "x" }}{{ envOrDefault "FOO" "x" }}{{ envOrDefault "EMPTY" "x" }}"#, "xbar"),
        (r#"{{ isEnvSet "FOO" }} {{ isEnvSet "EMPTY" }}"#, "true false"),
        (r#"{{ list "many" "" "more" "items" " " | englishJoin }}"#, "many, more, and items"),
        (
            r#"{{ $m := map "a" "1" "b" "2" }}{{ index $m "a" }}{{ indexOrDefault $m "c" "3" }}{{ index $m "z" }}"#,
            "13",
        ),
        (r#"{{ urlPathEscape "foo/bar" }} {{ mdv2escape "a.b" }}"#, "foo%2Fbar a\\.b"),
        (r#"{{ readFile "spaced" }}|{{ readFile "nope" }}|{{ mustReadFile "spaced" }}"#, "text||text"),
        (r#"{{ in (list "a" "b") "b" }} {{ reReplaceAll "(a)(b)" "ab" "$2$1" }}"#, "true ba"),
        (r#"{{ list "a" "b" "aa" | listExclude "^a$" }}"#, "[b aa]"),
        (r#"{{ crc32 "subject" }} {{ md5 "subject" }}"#, "72d7748e 80a751fde577028640c419000e33eba6"),
        (r#"{{ sha3_224 "subject" }}"#, "6ef5918377a5309c4b8b41a4a1d9c680cc3259e7a7619f47ca345714"),
        (r#"{{ blake2s "subject" }}"#, "7cd93f6d174040f3618982922701c54ec5b02dd28902b5160628b1d5516a62c9"),
        (r#"{{ blake3 "subject" }}"#, "25352ae068b54a93ef60942c085da23a321a7f7985193910221cd4fffff5ffb6"),
    ] {
        assert_eq!(render(template, &fields).as_deref(), Ok(expected), "{template}");
    }
    for template in [
        r#"{{ incpatch "x" }}"#,
        r#"{{ mustReadFile "nope" }}"#,
        r#"{{ sha256 "nope" }}"#,
        r#"{{ map "a" }}"#,
    ] {
        assert!(render(template, &fields).is_err(), "{template}");
    }
}

#[test]
fn errors_say_where_and_what_was_meant() {
    let host = FixedHost;
    let templates = Templates::new(&host);
    let error = templates.render("a {{ .Verison }}", &fields()).unwrap_err();
    assert_eq!(error.offset, Some(5));
    assert_eq!(error.message, "map has no entry for key \"Verison\"");
    let missing = error.missing.unwrap();
    assert_eq!((missing.name.as_str(), missing.nearest.as_deref()), ("Verison", Some("Version")));
    let error = templates.render("{{ .Env.FO }}", &fields()).unwrap_err();
    assert_eq!(error.missing.unwrap().nearest.as_deref(), Some("FOO"));
    let error = templates.render("{{ .ArtifactName }}", &fields()).unwrap_err();
    assert!(error.message.contains("one artifact"), "{error}");
    let error = templates.render("x{{ tolowr .Os }}", &fields()).unwrap_err();
    assert_eq!((error.offset, error.message.contains("tolower")), (Some(4), true));
    assert!(Templates::check("{{ if .X }}").is_err());
    assert!(Templates::check("{{ .Anything }}").is_ok());
}

#[test]
fn the_hosts_environment_stands_in() {
    let none = Fields::new();
    assert_eq!(render("{{ .Env.FROM_HOST }}", &none).as_deref(), Ok("host"));
    assert_eq!(render(r#"{{ index .Env "FROM_HOST" }}{{ index .Env "X" }}"#, &none).as_deref(), Ok("host"));
    assert_eq!(
        render("{{ range $k, $v := .Env }}{{ $k }}={{ $v }}{{ end }}", &none).as_deref(),
        Ok("FROM_HOST=host")
    );
    assert_eq!(
        render(r#"{{ envOrDefault "FROM_HOST" "" }}{{ isEnvSet "X" }}"#, &none).as_deref(),
        Ok("hostfalse")
    );
    assert!(render("{{ .Env.X }}", &none).is_err());
    let own = none.with_env([("A".to_owned(), "b".to_owned())]);
    assert!(render("{{ .Env.A }}{{ .Env.FROM_HOST }}", &own).is_err());
}

#[test]
fn booleans() {
    let host = FixedHost;
    let templates = Templates::new(&host);
    for (text, expected) in
        [(" True ", true), ("", false), ("1", false), ("{{ .Yes }}", true), ("{{ .No }}", false)]
    {
        assert_eq!(templates.render_bool(text, &fields()).unwrap(), expected, "{text:?}");
    }
}

#[test]
fn absurd_templates_end() {
    let doubled = format!("{{{{ $x := \"ab\" }}}}{}", "{{ $x = print $x $x }}".repeat(60));
    let deep = "{{ if true }}".repeat(5000);
    let parens = format!("{{{{ {}1 }}}}", "(".repeat(5000));
    for template in [
        doubled.as_str(),
        &deep,
        &parens,
        "{{ range 1000000000 }}{{ end }}",
        "{{ range 1000000000 }}xxxxxxxxxxxxxxxxxxxxxxxx{{ end }}",
        r#"{{ define "a" }}{{ template "a" }}{{ end }}{{ template "a" }}"#,
        r#"{{ $x := printf "%1000000d" 1 }}{{ replace $x " " $x }}"#,
    ] {
        assert!(render(template, &fields()).is_err());
    }
}

#[test]
fn every_field_can_be_set_and_read() {
    for fact in FIELDS {
        let fields = Fields::new().with([(fact.name, "v")]);
        assert_eq!(render(&format!("{{{{ .{} }}}}", fact.name), &fields).as_deref(), Ok("v"));
    }
}

/// Texts made of pieces that templates are made of, so that most get past the lexer.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{{",
        "}}",
        "{{-",
        "-}}",
        " ",
        "if ",
        "else ",
        "end",
        "range ",
        "with ",
        "define ",
        "\"t\"",
        "template ",
        "$x",
        ":=",
        "=",
        ",",
        "|",
        "(",
        ")",
        ".",
        ".Os",
        ".Items",
        ".Now",
        ".Env",
        ".Format ",
        "printf ",
        "\"%5.2[1]*v%q\"",
        "1",
        "-2",
        "1.5",
        "'c'",
        "nil",
        "true",
        "break",
        "continue",
        "print ",
        "slice ",
        "index ",
        "/*",
        "*/",
        "é",
        "\\",
        "`",
        "{{ end }}",
        "{{ range 3 }}",
        "{{ if .Yes }}",
        "{{ . }}",
        "split ",
        "reReplaceAll ",
        "html ",
        "é\u{0}",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|p| p.concat())
}

proptest! {
    #[test]
    fn random_text_never_panics(text in any::<String>()) {
        let _ = render(&text, &fields());
        let _ = render(&format!("{{{{ {text} }}}}"), &fields());
        let _ = split_words(&text);
        let _ = expand_shell(&text, &|_| None);
    }

    #[test]
    fn random_pieces_never_panic(text in pieces()) {
        if let Err(error) = Templates::new(&FixedHost).render(&text, &fields()) {
            prop_assert!(error.offset.is_none_or(|at| text.is_char_boundary(at)));
        }
    }

    #[test]
    fn random_formats_and_layouts_never_panic(format in "[%0-9.*\\[\\]+# a-zA-Z-]{0,24}", n in any::<i64>(), x in any::<f64>()) {
        let fields = fields().with([("F", Value::from(format)), ("N", Value::Int(n)), ("X", Value::Float(x))]);
        for template in ["{{ printf .F .N .X .Os .Items .Now }}", "{{ .Now.Format .F }}", "{{ (.Now.AddDate .N .N .N) }}"] {
            let _ = render(template, &fields);
        }
        let _ = render("{{ filter .Os .F }}{{ reReplaceAll .F .Os .F }}{{ incpatch .F }}{{ title .F }}", &fields);
    }

    #[test]
    fn text_without_actions_is_itself(text in "[^{}]{0,64}") {
        prop_assert_eq!(render(&text, &Fields::new()), Ok(text));
    }
}
