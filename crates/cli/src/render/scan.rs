//! Results of scans: a table, JSON, SARIF.

use super::table;
use crate::output::harmless;
use goferry_engine::scanning::{Scanned, Scanner};
use goferry_scan::{DateFrom, Depth, Finding, Level, Report, Vulnerability};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// `findings` of all that was scanned; then the database, and each thing by itself.
pub(crate) fn json(scanner: &Scanner, scanned: &[Scanned]) -> Value {
    let findings: BTreeSet<&Finding> = scanned.iter().flat_map(|s| &s.report.findings).collect();
    let vulnerabilities: BTreeSet<&Vulnerability> =
        scanned.iter().flat_map(|s| &s.report.vulnerabilities).collect();
    let blocking: BTreeSet<&String> = scanned.iter().flat_map(|s| &s.report.blocking).collect();
    let mut database = serde_json::to_value(scanner.about()).unwrap_or_default();
    database["source"] = json!(scanner.named);
    json!({
        "findings": findings,
        "database": database,
        "threshold": scanner.threshold(),
        "blocking": blocking,
        "vulnerabilities": vulnerabilities,
        "scanned": scanned,
    })
}

/// A row for each vulnerability of each thing, nearest first.
pub(crate) fn table(scanner: &Scanner, scanned: &[Scanned]) -> String {
    let about = scanner.about();
    let date = about.date.get(..10).unwrap_or("an unknown day");
    let by = if about.date_from == DateFrom::Files { ", by its files' times" } else { "" };
    let mut out =
        format!("database: {} ({} records of {date}{by})\n", harmless(&scanner.named), about.records);
    for all in alike(scanned) {
        let s = all[0];
        let head: Vec<String> = all.iter().map(|s| named(s)).collect();
        out += &harmless(&format!("\n{}: {}{}", head.join(", "), s.words(), limits(&s.report)));
        out.push('\n');
        let rows = rows(&s.report);
        if !rows.is_empty() {
            out += &table::draw(&["LEVEL", "ID", "MODULE", "VERSION", "FIXED", "WHAT"], &rows);
        }
        for c in s.report.ignored.iter().map(|c| &c.ignore).collect::<BTreeSet<_>>() {
            let until = if c.expires.is_empty() { String::new() } else { format!(" until {}", c.expires) };
            out += &harmless(&format!("accepted{until}: {}: {}", c.id, c.reason));
            out.push('\n');
        }
    }
    out
}

/// Name and target.
fn named(s: &Scanned) -> String {
    if s.target.is_empty() { s.name.clone() } else { format!("{} ({})", s.name, s.target) }
}

/// Those with the same result together, where the first of them stood: a program for several targets.
fn alike(scanned: &[Scanned]) -> Vec<Vec<&Scanned>> {
    let mut out: Vec<Vec<&Scanned>> = vec![];
    for s in scanned {
        match out.iter_mut().find(|all| all[0].report == s.report) {
            Some(all) => all.push(s),
            None => out.push(vec![s]),
        }
    }
    out
}

fn limits(report: &Report) -> String {
    match &report.depth {
        Depth::Functions => String::new(),
        Depth::Packages => "; functions are not known, so imported counts as linked".to_owned(),
        Depth::Modules { why } => format!("; only modules are known ({why}), so present counts as linked"),
    }
}

fn rows(report: &Report) -> Vec<Vec<String>> {
    let mut nearest: BTreeMap<(&str, &str), (Level, Vec<&Finding>)> = BTreeMap::new();
    for f in &report.findings {
        let entry = nearest.entry((&f.id, &f.module)).or_insert((f.level, vec![]));
        entry.0 = entry.0.max(f.level);
        entry.1.push(f);
    }
    let mut rows: Vec<_> = nearest.into_iter().collect();
    rows.sort_by_key(|(key, (level, _))| (std::cmp::Reverse(*level), *key));
    let row = |((id, module), (level, findings)): ((&str, &str), (Level, Vec<&Finding>))| {
        let about = report.vulnerabilities.iter().find(|v| v.id == id && v.module == module);
        let text = |f: fn(&Vulnerability) -> &String| harmless(about.map_or("", |v| f(v)));
        let what = match level {
            Level::Linked => functions(&findings),
            _ => text(|v| &v.summary),
        };
        let unseen = findings.iter().any(|f| !f.unseen.is_empty()) && level != Level::Linked;
        let what = match findings.iter().find(|f| unseen && !f.unseen.is_empty()) {
            Some(f) => harmless(&f.unseen),
            None => what,
        };
        vec![
            if unseen { format!("{level}, counts as linked") } else { level.to_string() },
            harmless(id),
            harmless(module),
            text(|v| &v.version),
            text(|v| &v.fixed),
            what,
        ]
    };
    rows.into_iter().map(row).collect()
}

/// The first functions that are linked: `language.ParseAcceptLanguage and 2 more`.
fn functions(findings: &[&Finding]) -> String {
    let linked: Vec<_> = findings.iter().filter(|f| f.level == Level::Linked).collect();
    let first = linked.first().map_or(String::new(), |f| {
        let package = f.package.rsplit('/').next().unwrap_or(&f.package);
        harmless(&format!("{package}.{}", f.symbol))
    });
    match linked.len() {
        0 | 1 => first,
        n => format!("{first} and {} more", n - 1),
    }
}

/// A SARIF 2.1.0 log: a rule for each vulnerability, a result for each of each thing.
pub(crate) fn sarif(scanned: &[Scanned]) -> Value {
    let mut rules: BTreeMap<&str, &Vulnerability> = BTreeMap::new();
    let mut results = vec![];
    for s in scanned {
        for v in &s.report.vulnerabilities {
            rules.entry(&v.id).or_insert(v);
        }
        let mut ids: BTreeMap<(&str, &str), Vec<&Finding>> = BTreeMap::new();
        for f in &s.report.findings {
            ids.entry((&f.id, &f.module)).or_default().push(f);
        }
        results.extend(ids.into_iter().map(|((id, module), findings)| result(s, id, module, &findings)));
    }
    let rules: Vec<Value> = rules
        .into_iter()
        .map(|(id, v)| {
            json!({
                "id": id,
                "shortDescription": { "text": v.summary },
                "helpUri": v.url,
                "properties": { "tags": v.aliases },
            })
        })
        .collect();
    super::sarif::one_run(&rules, &results)
}

fn result(s: &Scanned, id: &str, module: &str, findings: &[&Finding]) -> Value {
    let level = findings.iter().map(|f| f.level).max().unwrap_or(Level::Present);
    let about = s.report.vulnerabilities.iter().find(|v| v.id == id && v.module == module);
    let version = about.map_or("", |v| v.version.as_str());
    let unseen = findings.iter().find(|f| !f.unseen.is_empty());
    let what = match (level, unseen) {
        (Level::Linked, _) => format!(": {}", functions(findings)),
        (_, Some(f)) => format!(" and counts as linked: {}", f.unseen),
        (_, None) => String::new(),
    };
    let fixed = about.map_or("", |v| v.fixed.as_str());
    let fixed = if fixed.is_empty() { String::new() } else { format!(" Fixed in {fixed}.") };
    let blocks = s.report.blocking.iter().any(|b| b == id);
    let severity = match (blocks, level) {
        (true, _) => "error",
        (false, Level::Present) => "note",
        (false, _) => "warning",
    };
    json!({
        "ruleId": id,
        "level": severity,
        "message": { "text": format!("{module} {version} is {level}{what}.{fixed}") },
        "locations": [{ "physicalLocation": { "artifactLocation": { "uri": s.name } } }],
        "properties": { "level": level, "target": s.target },
    })
}
