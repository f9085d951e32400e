//! Diagnostics as SARIF 2.1.0 (OASIS), which code scanning services read.

use goferry_report::{Code, Diagnostic, Diagnostics, Severity};
use serde_json::{Value, json};

/// A log with one run.
pub(crate) fn log(problems: &Diagnostics) -> Value {
    let mut codes: Vec<Code> = vec![];
    for d in &problems.list {
        if !codes.contains(&d.code) {
            codes.push(d.code);
        }
    }
    let rules: Vec<Value> = codes
        .iter()
        .map(|c| json!({ "id": c.as_str(), "shortDescription": { "text": c.summary() } }))
        .collect();
    one_run(&rules, &problems.list.iter().map(result).collect::<Vec<_>>())
}

/// A log with one run of goferry.
pub(super) fn one_run(rules: &[Value], results: &[Value]) -> Value {
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "goferry", "version": crate::resolve::VERSION, "rules": rules } },
            "results": results,
        }],
    })
}

fn result(d: &Diagnostic) -> Value {
    let level = match d.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let mut text = d.message.clone();
    for note in &d.notes {
        text += &format!("\n{note}");
    }
    for hint in &d.hints {
        text += &format!("\n{}", hint.text);
        if let Some(s) = &hint.snippet {
            text += &format!(": {s}");
        }
    }
    let locations: Vec<Value> = d
        .labels
        .iter()
        .map(|l| {
            let mut place = json!({ "artifactLocation": { "uri": l.source } });
            if l.line > 0 {
                place["region"] = json!({ "startLine": l.line, "startColumn": l.column.max(1) });
            }
            json!({ "physicalLocation": place })
        })
        .collect();
    json!({ "ruleId": d.code.as_str(), "level": level, "message": { "text": text }, "locations": locations })
}

#[cfg(test)]
mod tests {
    use super::*;
    use goferry_report::Label;

    #[test]
    fn results_name_their_rule_and_place() {
        let d = Diagnostic::warning(Code::GoEnvFile, "GOFLAGS is set")
            .label(Label::at("env", 3, 1))
            .hint_with("to remove it", "go env -u GOFLAGS");
        let log = log(&d.into());
        let run = &log["runs"][0];
        assert_eq!(run["tool"]["driver"]["rules"][0]["id"], "go-env-file");
        assert_eq!(run["results"][0]["level"], "warning");
        assert_eq!(run["results"][0]["message"]["text"], "GOFLAGS is set\nto remove it: go env -u GOFLAGS");
        let region = &run["results"][0]["locations"][0]["physicalLocation"]["region"];
        assert_eq!((&region["startLine"], &region["startColumn"]), (&json!(3), &json!(1)));
    }
}
