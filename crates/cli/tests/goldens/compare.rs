//! Two sets of facts, as a list of fields that are not the same.
//!
//! A field is a path such as `archives/x.tar.gz/members/LICENSE/mode`. Must not: judge.

use crate::facts::word;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A field that is not the same in both.
#[derive(Debug)]
pub(crate) struct Difference {
    pub field: String,
    pub golden: Option<Value>,
    pub ours: Option<Value>,
}

/// Every field in which the facts differ.
pub(crate) fn differences(golden: &Map<String, Value>, ours: &Map<String, Value>) -> Vec<Difference> {
    let mut out = vec![];
    descend("", Some(&keyed(golden)), Some(&keyed(ours)), &mut out);
    out
}

/// Lists whose order means nothing become objects; members keep theirs as a list of names.
fn keyed(facts: &Map<String, Value>) -> Value {
    let mut out = Map::new();
    for (key, value) in facts {
        let value = match (key.as_str(), value) {
            ("dist", Value::Array(list)) => by(list, |f| word(f, "path").to_owned()),
            ("artifacts", Value::Array(list)) => {
                by(list, |a| format!("{} {} ({})", word(a, "type"), word(a, "path"), word(a, "name")))
            }
            ("archives", Value::Object(archives)) => {
                archives.iter().map(|(k, v)| (k.clone(), with_order(v))).collect()
            }
            _ => value.clone(),
        };
        out.insert(key.clone(), value);
    }
    Value::Object(out)
}

fn with_order(archive: &Value) -> Value {
    let mut out = archive.clone();
    let members = archive["members"].as_array().cloned().unwrap_or_default();
    out["order"] = members.iter().map(|m| m["name"].clone()).collect();
    out["members"] = by(&members, |m| word(m, "name").to_owned());
    out
}

/// Several of one name are told apart by a number.
fn by(list: &[Value], name: impl Fn(&Value) -> String) -> Value {
    let mut seen = BTreeMap::new();
    let mut out = Map::new();
    for item in list {
        let name = name(item);
        let n = seen.entry(name.clone()).and_modify(|n| *n += 1).or_insert(1);
        out.insert(if *n == 1 { name } else { format!("{name}#{n}") }, item.clone());
    }
    Value::Object(out)
}

fn descend(field: &str, golden: Option<&Value>, ours: Option<&Value>, out: &mut Vec<Difference>) {
    if let (Some(Value::Object(g)), Some(Value::Object(o))) = (golden, ours) {
        let keys: std::collections::BTreeSet<&String> = g.keys().chain(o.keys()).collect();
        for key in keys {
            let below = if field.is_empty() { key.clone() } else { format!("{field}/{key}") };
            descend(&below, g.get(key), o.get(key), out);
        }
    } else if golden != ours {
        out.push(Difference { field: field.to_owned(), golden: golden.cloned(), ours: ours.cloned() });
    }
}
