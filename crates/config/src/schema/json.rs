//! The table as JSON schema (draft 2020-12), for editors.

use super::{FileKind, Key, Kind, NATIVE, NOT_NATIVE, ROOT, Shape, Status};
use serde_json::{Map, Value, json};

/// The schema of one of the files; removed keys are left out, old ones are marked deprecated.
pub fn json_schema(kind: FileKind) -> Value {
    let (title, keys): (_, Vec<&Key>) = match kind {
        FileKind::Goreleaser => (".goreleaser.yaml, as goferry reads it", ROOT.all().collect()),
        FileKind::Goferry => {
            let shared = ROOT.all().filter(|key| !NOT_NATIVE.contains(&key.name));
            ("goferry.toml", NATIVE.all().chain(shared).collect())
        }
    };
    let mut defs = Map::new();
    let root = object(keys.into_iter(), &mut defs);
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("title".to_owned(), json!(title));
    schema.extend(root);
    schema.insert("$defs".to_owned(), Value::Object(defs));
    Value::Object(schema)
}

fn object<'a>(keys: impl Iterator<Item = &'a Key>, defs: &mut Map<String, Value>) -> Map<String, Value> {
    let mut properties = Map::new();
    for key in keys.filter(|key| !matches!(key.status, Status::Removed(_))) {
        let mut value = of_kind(key.kind, defs);
        if let Value::Object(map) = &mut value {
            if !key.doc.is_empty() {
                map.insert("description".to_owned(), json!(key.doc));
            }
            if key.old.is_some() {
                map.insert("deprecated".to_owned(), json!(true));
            }
        }
        properties.insert(key.name.to_owned(), value);
    }
    let mut map = Map::new();
    map.insert("type".to_owned(), json!("object"));
    map.insert("properties".to_owned(), Value::Object(properties));
    map.insert("additionalProperties".to_owned(), json!(false));
    map
}

/// A reference to a shape, which is defined on first use.
fn reference(shape: &Shape, defs: &mut Map<String, Value>) -> Value {
    if !defs.contains_key(shape.name) {
        defs.insert(shape.name.to_owned(), Value::Null);
        let definition = object(shape.all(), defs);
        defs.insert(shape.name.to_owned(), Value::Object(definition));
    }
    json!({ "$ref": format!("#/$defs/{}", shape.name) })
}

fn of_kind(kind: Kind, defs: &mut Map<String, Value>) -> Value {
    match kind {
        // Every scalar is taken as its text: `386`, `1.20`, `true`.
        Kind::Text | Kind::Template | Kind::EnvItem | Kind::BoolOrTemplate => {
            json!({ "type": ["string", "number", "boolean"] })
        }
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::Int | Kind::Mode => json!({ "type": "integer" }),
        Kind::Enum(words) => {
            let numbers = words.iter().filter_map(|w| w.parse::<u32>().ok()).map(Value::from);
            let allowed: Vec<Value> = words.iter().map(|w| json!(w)).chain(numbers).collect();
            json!({ "anyOf": [{ "enum": allowed }, { "type": "string", "pattern": "\\{\\{" }] })
        }
        Kind::List(item) => json!({ "type": "array", "items": of_kind(*item, defs) }),
        Kind::OneOrMany(item) => {
            let item = of_kind(*item, defs);
            json!({ "anyOf": [item, { "type": "array", "items": item }] })
        }
        Kind::Words => {
            let word = of_kind(Kind::Text, defs);
            json!({ "anyOf": [word, { "type": "array", "items": word }] })
        }
        Kind::Map(shape) => reference(shape, defs),
        Kind::MapOrText(shape, _) => {
            let (map, text) = (reference(shape, defs), of_kind(Kind::Text, defs));
            json!({ "anyOf": [map, text] })
        }
        Kind::MapOf(item) => json!({ "type": "object", "additionalProperties": of_kind(*item, defs) }),
        Kind::Any => json!({}),
    }
}

#[cfg(test)]
#[path = "../../tests/check/mod.rs"]
mod check;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Node, NodeKind, ScalarKind, parse_yaml};
    use crate::{SourceText, load};
    use std::sync::Arc;

    /// As an editor's YAML reader sees it; what is null is as good as absent.
    fn value(node: &Node) -> Value {
        match &node.kind {
            NodeKind::Null => Value::Null,
            NodeKind::List(items) => items.iter().map(value).collect(),
            NodeKind::Map(entries) => {
                let given = entries.iter().filter(|e| !matches!(e.value.kind, NodeKind::Null));
                Value::Object(given.map(|e| (e.key.clone(), value(&e.value))).collect())
            }
            NodeKind::Scalar(scalar) => match scalar.kind {
                ScalarKind::Text => json!(scalar.text),
                ScalarKind::Bool(b) => json!(b),
                ScalarKind::Int(n) => json!(n),
                ScalarKind::Float(f) => json!(f),
            },
        }
    }

    #[test]
    fn fixtures_that_load_fit_the_schema() {
        let schema = json_schema(FileKind::Goreleaser);
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures");
        let mut checked = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let file = entry.unwrap().path().join(".goreleaser.yaml");
            let Ok(text) = std::fs::read_to_string(&file) else { continue };
            let source = SourceText { name: file.display().to_string(), text };
            let (root, _) = parse_yaml(&Arc::new(source.clone()));
            let (config, problems) = load(Some(source), None);
            // Unknown keys are fine with `pro: true`, and only there.
            if problems.has_errors() || config.pro {
                continue;
            }
            let Some(root) = root else { continue };
            assert_eq!(check::valid(&schema, &value(&root), &schema), Ok(()), "{}", file.display());
            checked += 1;
        }
        assert!(checked > 100, "{checked} fixtures");
    }
}
