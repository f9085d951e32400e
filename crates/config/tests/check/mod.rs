//! A small validator for the JSON schemas that goferry makes.

use serde_json::Value;

/// The keywords that our schemas use, checked strictly: any other keyword fails.
pub(crate) fn valid(schema: &Value, value: &Value, root: &Value) -> Result<(), String> {
    for (keyword, rule) in schema.as_object().ok_or("a schema is a mapping")? {
        match keyword.as_str() {
            "$schema" | "title" | "$defs" | "description" | "deprecated" | "properties" => {}
            "$ref" => {
                let path = rule.as_str().and_then(|r| r.strip_prefix('#')).ok_or("local references only")?;
                valid(root.pointer(path).ok_or_else(|| format!("{rule} does not exist"))?, value, root)?;
            }
            "type" => {
                let types: Vec<_> = rule.as_array().map_or_else(|| vec![rule], |list| list.iter().collect());
                let is = |t: &str| match value {
                    Value::Null => t == "null",
                    Value::Bool(_) => t == "boolean",
                    Value::Number(n) => t == "number" || (t == "integer" && !n.is_f64()),
                    Value::String(_) => t == "string",
                    Value::Array(_) => t == "array",
                    Value::Object(_) => t == "object",
                };
                if !types.iter().any(|t| t.as_str().is_some_and(is)) {
                    return Err(format!("{value} is not {rule}"));
                }
            }
            "enum" if !rule.as_array().is_some_and(|list| list.contains(value)) => {
                return Err(format!("{value} is not one of {rule}"));
            }
            "enum" => {}
            "pattern" => {
                assert_eq!(rule, "\\{\\{");
                if !value.as_str().is_some_and(|s| s.contains("{{")) {
                    return Err(format!("{value} is no template"));
                }
            }
            "anyOf" => {
                let results: Vec<_> =
                    rule.as_array().into_iter().flatten().map(|s| valid(s, value, root)).collect();
                if results.iter().all(Result::is_err) {
                    return Err(format!("{results:?}"));
                }
            }
            "items" => value.as_array().into_iter().flatten().try_for_each(|item| valid(rule, item, root))?,
            "additionalProperties" => {
                for (key, inner) in value.as_object().into_iter().flatten() {
                    match (&schema["properties"][key], rule) {
                        (Value::Null, Value::Bool(false)) => return Err(format!("unknown key {key}")),
                        (Value::Null, rule) => valid(rule, inner, root)?,
                        (known, _) => valid(known, inner, root).map_err(|e| format!("{key}: {e}"))?,
                    }
                }
            }
            other => panic!("the check does not know {other}"),
        }
    }
    Ok(())
}
