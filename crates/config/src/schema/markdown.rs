//! The table as reference page.

use super::native::OWN;
use super::{Key, Kind, NOT_NATIVE, Old, ROOT, Shape, Status, sections};
use std::fmt::Write as _;

const HEAD: &str = "\
<!-- Made from the schema table of crates/config (`GOFERRY_BLESS=1 cargo test -p goferry-config`); do not edit. -->

# Configuration

Without any file a Go module releases with defaults. Otherwise goferry reads `goferry.toml`, or the first of
`.config/goreleaser.yml`, `.config/goreleaser.yaml`, `.goreleaser.yml`, `.goreleaser.yaml`, `goreleaser.yml` and
`goreleaser.yaml`, where every key means what it means in goreleaser. With both, `goferry.toml` may only hold what
goreleaser has no word for; the same thing said in both is an error that names both places.

Both files use the same names and shapes: `builds:` with a list is `[[builds]]`, `checksum:` is `[checksum]`.
Every problem of a file is reported at once, each with its place. `goferry check` prints them; `goferry jsonschema`
prints the schema for editors.

Types:

| type | means |
|---|---|
| text | any scalar, taken as it is written: `386`, `1.20`, `true` |
| template | a text in which `{{ … }}` is rendered by Go's text/template |
| KEY=template | an environment variable |
| bool | `true`, `false`; also yes, no, on, off, y, n |
| bool or template | a boolean, or a template that gives `true` |
| mode | permission bits; a leading 0 means octal: `0644` |
| list or one | a list, or its only item without the list |
| words | a list, or one text that is split on blanks |
| hook | a command line, or a mapping with `cmd`, `dir`, `env`, `output` |

In YAML, anchors, aliases and `<<` are understood; a key that is written twice is an error; of several documents the
first is read. A key marked *Pro* is goreleaser Pro's. With `pro: true` unknown keys are warnings.
";

/// The text of docs/configuration.md.
pub fn reference_markdown() -> String {
    let mut out = HEAD.to_owned();
    out.push_str("\n## Words of goferry.toml\n\n");
    table(&mut out, OWN.iter().filter(|key| key.status == Status::Honoured));
    out.push_str("\n## Sections of both files\n\n");
    let honoured = || ROOT.all().filter(|key| key.status == Status::Honoured);
    let only_yaml: Vec<_> =
        NOT_NATIVE.iter().filter(|n| honoured().any(|k| k.name == **n)).map(|n| format!("`{n}`")).collect();
    let _ = writeln!(out, "Except {}, which only the YAML file has.\n", only_yaml.join(" and "));
    table(&mut out, honoured());
    out.push_str("\n## Sections that goferry cannot do yet\n\n");
    out.push_str(
        "A release stops before anything is built, with the place of each, unless `--skip` names it.\n\n",
    );
    section_table(&mut out, Status::Later);
    out.push_str("\n## Sections that only matter when something is published\n\n");
    out.push_str("A snapshot, or `--skip=publish`, goes on without them.\n\n");
    section_table(&mut out, Status::Publishing);
    out.push_str("\n## Sections without effect here\n\n");
    out.push_str("They belong to modes or services of goreleaser that a goferry release never enters.\n\n");
    section_table(&mut out, Status::Idle);
    out.push_str("\n## Removed keys\n\n| key | write instead |\n|---|---|\n");
    removed(&mut out, "", ROOT.all());
    out
}

/// One row for each key and everything inside it.
fn table<'a>(out: &mut String, keys: impl Iterator<Item = &'a Key>) {
    out.push_str("| key | type | meaning |\n|---|---|---|\n");
    for key in keys {
        rows(out, "", key);
    }
}

fn rows(out: &mut String, prefix: &str, key: &Key) {
    if matches!(key.status, Status::Removed(_)) {
        return;
    }
    let path = format!("{prefix}{}{}", key.name, suffix(key.kind));
    let mut notes = String::new();
    if key.pro {
        notes.push_str(" *Pro.*");
    }
    match (key.status, key.old) {
        (_, Some(Old::Renamed(new) | Old::Superseded(new))) => {
            let _ = write!(notes, " *Deprecated: {}.*", quoted(new));
        }
        (Status::Later, None) => notes.push_str(" *Not yet: stops a release.*"),
        (Status::Publishing, None) => notes.push_str(" *Only when publishing.*"),
        _ => {}
    }
    let _ = writeln!(out, "| `{path}` | {} | {}{notes} |", type_name(key.kind), key.doc.replace('|', "\\|"));
    if key.status == Status::Honoured
        && let Some(shape) = inside(key.kind)
    {
        shape.all().for_each(|inner| rows(out, &format!("{path}."), inner));
    }
}

/// The mapping inside a kind; a hook's is explained once, at the top.
fn inside(kind: Kind) -> Option<&'static Shape> {
    match kind {
        Kind::Map(shape) | Kind::MapOrText(shape, _) => Some(shape).filter(|s| s.name != "hook"),
        Kind::List(inner) | Kind::OneOrMany(inner) | Kind::MapOf(inner) => inside(*inner),
        _ => None,
    }
}

fn suffix(kind: Kind) -> &'static str {
    match kind {
        Kind::List(Kind::Map(_) | Kind::MapOrText(..)) => "[]",
        Kind::MapOf(_) => ".*",
        _ => "",
    }
}

/// A key in backticks; a phrase that has its own stays as it is.
fn quoted(new: &str) -> String {
    if new.contains('`') { new.to_owned() } else { format!("`{new}`") }
}

fn type_name(kind: Kind) -> String {
    match kind {
        Kind::Text => "text".to_owned(),
        Kind::Template => "template".to_owned(),
        Kind::EnvItem => "KEY=template".to_owned(),
        Kind::Bool => "bool".to_owned(),
        Kind::BoolOrTemplate => "bool or template".to_owned(),
        Kind::Int => "number".to_owned(),
        Kind::Mode => "mode".to_owned(),
        Kind::Enum(words) => {
            // In a table's cell a bar is one only behind a backslash, in backticks too.
            let word = |w: &&str| format!("`{}`", w.replace('|', "\\|"));
            words.iter().filter(|w| !w.is_empty()).map(word).collect::<Vec<_>>().join(", ")
        }
        Kind::List(item) => format!("list of {}", type_name(*item)),
        Kind::OneOrMany(item) => format!("list or one: {}", type_name(*item)),
        Kind::Words => "words".to_owned(),
        Kind::Map(_) => "mapping".to_owned(),
        Kind::MapOrText(shape, _) if shape.name == "hook" => "hook".to_owned(),
        Kind::MapOrText(_, key) => format!("text (`{key}`) or mapping"),
        Kind::MapOf(item) => format!("mapping of {}", type_name(*item)),
        Kind::Any => "anything".to_owned(),
    }
}

fn section_table(out: &mut String, status: Status) {
    out.push_str("| section | what it is |\n|---|---|\n");
    for section in sections().iter().filter(|s| s.status == status) {
        let pro = if section.pro { " *Pro.*" } else { "" };
        let old =
            section.deprecated.map(|new| format!(" *Deprecated: {}.*", quoted(new))).unwrap_or_default();
        let _ = writeln!(out, "| `{}` | {}{pro}{old} |", section.name, section.doc);
    }
}

fn removed(out: &mut String, prefix: &str, keys: impl Iterator<Item = &'static Key>) {
    for key in keys {
        let path = format!("{prefix}{}{}", key.name, suffix(key.kind));
        if let Status::Removed(now) = key.status {
            let _ = writeln!(out, "| `{path}` | {} |", now.replace('|', "\\|"));
        } else if let Some(shape) = inside(key.kind) {
            removed(out, &format!("{path}."), shape.all());
        }
    }
}
