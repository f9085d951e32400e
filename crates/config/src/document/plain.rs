//! Files of other tools as plain JSON values: without places and without a schema.

use super::{Node, NodeKind, ScalarKind, parse_toml, parse_yaml};
use crate::place::SourceText;
use goferry_report::Diagnostics;
use serde_json::Value;
use std::sync::Arc;

/// Reads a TOML or YAML file that is not goferry's: texts (dates too), numbers and booleans, lists and mappings.
///
/// # Errors
/// Its syntax is wrong, or it is larger than any configuration.
pub fn plain(source: SourceText, toml: bool) -> Result<Value, Diagnostics> {
    let source = Arc::new(source);
    let (root, problems) = if toml { parse_toml(&source) } else { parse_yaml(&source) };
    if problems.has_errors() {
        return Err(problems);
    }
    Ok(root.as_ref().map_or(Value::Null, value))
}

fn value(node: &Node) -> Value {
    match &node.kind {
        NodeKind::Null => Value::Null,
        NodeKind::Scalar(s) => match s.kind {
            ScalarKind::Text => Value::String(s.text.clone()),
            ScalarKind::Bool(b) => Value::Bool(b),
            ScalarKind::Int(n) => Value::Number(n.into()),
            ScalarKind::Float(_) => Value::String(s.text.clone()),
        },
        NodeKind::List(items) => Value::Array(items.iter().map(value).collect()),
        NodeKind::Map(entries) => {
            Value::Object(entries.iter().map(|e| (e.key.clone(), value(&e.value))).collect())
        }
    }
}
