//! `goferry check`: is the configuration valid, what of it can goferry not do yet, and has every target its packages
//! where vendor/ or GOPROXY=off leave no other way to get them.

use crate::args::CheckArgs;
use crate::output::{self, Terminal, data, talk};
use crate::render::diagnostics;
use crate::{exit, resolve};
use goferry_config::model::Unsupported;
use goferry_config::template::Templates;
use goferry_config::{Config, GOFERRY_FILE, SEARCH_ORDER};
use goferry_engine::{ConfigFile, ModuleCheck, check_module, check_needs, check_targets, load_config};
use goferry_proc::{Cancel, Host};
use goferry_report::{Code, Diagnostic, Diagnostics, Label};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

/// What was found in one file, or in those that a release would read.
struct Checked {
    config: Config,
    problems: Diagnostics,
    module: ModuleCheck,
}

pub(super) fn run(args: &CheckArgs) -> Result<ExitCode, Diagnostics> {
    let root = resolve::working_directory()?;
    let mut all = vec![];
    for file in args.files.iter().chain(&args.config) {
        all.push(check(&root, &resolve::config(Some(file))?));
    }
    if all.is_empty() {
        all.push(check(&root, &ConfigFile::Search));
    }
    let mut problems = Diagnostics::default();
    for c in &all {
        problems.append(c.problems.clone());
        for d in &c.module.problems.list {
            if !problems.list.contains(d) {
                problems.push(d.clone());
            }
        }
    }
    if args.json {
        let list = |of: fn(&Config) -> &Vec<Unsupported>| -> Vec<Value> {
            all.iter().flat_map(|c| of(&c.config)).map(unsupported_json).collect()
        };
        output::json(&serde_json::json!({
            "files": all.iter().flat_map(|c| &c.config.sources).collect::<Vec<_>>(),
            "diagnostics": problems,
            "unsupported": list(|c| &c.unsupported),
            "publishing": list(|c| &c.publishing),
            "packages": all.iter().map(|c| serde_json::json!({
                "from": c.module.from,
                "targets": c.module.targets.iter().map(ToString::to_string).collect::<Vec<_>>(),
            })).collect::<Vec<_>>(),
        }));
        return Ok(exit::of(&problems));
    }
    let terminal = Terminal::detect();
    for c in &all {
        for d in c.problems.list.iter().chain(&c.module.problems.list) {
            talk(&diagnostics::draw(d, &terminal));
        }
        data(&verdict(c));
        data(&packages(&c.module));
    }
    Ok(exit::of(&problems))
}

fn check(root: &Path, file: &ConfigFile) -> Checked {
    let (config, mut problems) = load_config(root, root, file);
    templates(root, file, &config, &mut problems);
    let env = resolve::environment();
    problems.append(check_targets(&config, &env));
    for d in check_needs(&config, root, &env, &BTreeSet::new()).list {
        // A template that does not parse was said already.
        if !problems.list.contains(&d) {
            problems.push(d);
        }
    }
    let module = match problems.has_errors() {
        true => ModuleCheck::default(),
        false => check_module(root, &config, &env, &Host::new(Cancel::new())),
    };
    Checked { config, problems, module }
}

/// A line on where packages come from, if somebody restricted that.
fn packages(module: &ModuleCheck) -> String {
    if module.targets.is_empty() {
        return String::new();
    }
    let targets = match module.targets.len() {
        1 => module.targets[0].to_string(),
        n => format!("{n} targets"),
    };
    let from = module.from.join(" and ");
    match (module.problems.has_errors(), module.problems.list.is_empty()) {
        (true, _) => format!("packages: {from} lacks something of {targets}\n"),
        (false, false) => format!("packages: looked for in {from} for {targets}, with warnings\n"),
        (false, true) => format!("packages: {from} has what is needed for {targets}\n"),
    }
}

fn verdict(c: &Checked) -> String {
    let name = match c.config.sources.is_empty() {
        true => format!("no {GOFERRY_FILE} and no {}", SEARCH_ORDER[3]),
        false => c.config.sources.join(" and "),
    };
    if c.problems.has_errors() {
        return format!("{name}: invalid\n");
    }
    let mut out = match (c.config.sources.is_empty(), c.problems.list.len()) {
        (true, _) => format!("{name}: the defaults are in force\n"),
        (false, 0) => format!("{name}: valid\n"),
        (false, 1) => format!("{name}: valid, 1 warning\n"),
        (false, n) => format!("{name}: valid, {n} warnings\n"),
    };
    if !c.config.unsupported.is_empty() {
        out += "\ngoferry cannot do these yet; a release stops before it builds unless they are skipped:\n";
        for u in &c.config.unsupported {
            out += &format!("  {}\n", unsupported_line(u));
        }
        let mut sections: Vec<&str> = vec![];
        for u in &c.config.unsupported {
            if !sections.contains(&u.section.as_str()) {
                sections.push(&u.section);
            }
        }
        out += &format!("to go on without, knowingly: --skip={}\n", sections.join(","));
    }
    if !c.config.publishing.is_empty() {
        out += "\nthese matter only when something is published, which goferry cannot do yet:\n";
        for u in &c.config.publishing {
            out += &format!("  {}\n", unsupported_line(u));
        }
    }
    out
}

fn unsupported_line(u: &Unsupported) -> String {
    let place = u.place.label("").map(|l| format!("{}:{}", l.source, l.line)).unwrap_or_default();
    let pro = if u.pro { "  (goreleaser Pro)" } else { "" };
    output::harmless(format!("{:<32} {place}{pro}", u.path).trim_end())
}

fn unsupported_json(u: &Unsupported) -> Value {
    serde_json::json!({
        "section": u.section,
        "path": u.path,
        "pro": u.pro,
        "file": u.place.source.as_ref().map(|s| &s.name),
        "line": u.place.line,
        "column": u.place.column,
    })
}

/// Parses every text that holds a template. The model keeps places beside texts, not in its serialised form, so the
/// place is looked up in the files: it is given only where the text occurs once.
fn templates(root: &Path, file: &ConfigFile, config: &Config, problems: &mut Diagnostics) {
    let Ok(mut value) = serde_json::to_value(config) else { return };
    if let Some(map) = value.as_object_mut() {
        for own in ["unsupported", "publishing", "sources"] {
            map.remove(own);
        }
    }
    let mut texts = vec![];
    collect(&value, &mut texts);
    texts.dedup();
    for text in texts {
        let Err(e) = Templates::check(text) else { continue };
        let mut d = Diagnostic::error(
            Code::TemplateError,
            format!("the template `{}` fails: {}", text.trim(), e.message),
        );
        if let Some(label) = find(root, file, config, text) {
            d = d.label(label);
        }
        if !problems.list.contains(&d) {
            problems.push(d);
        }
    }
}

fn collect<'a>(value: &'a Value, into: &mut Vec<&'a str>) {
    match value {
        Value::String(s) if s.contains("{{") => into.push(s),
        Value::Array(list) => list.iter().for_each(|v| collect(v, into)),
        Value::Object(map) => map.values().for_each(|v| collect(v, into)),
        _ => {}
    }
}

fn find(root: &Path, file: &ConfigFile, config: &Config, text: &str) -> Option<Label> {
    let wanted = text.lines().find(|l| l.contains("{{"))?.trim();
    let mut found = vec![];
    for name in &config.sources {
        let content = match file {
            ConfigFile::Stdin(t) if name == "<stdin>" => t.clone(),
            _ => std::fs::read_to_string(root.join(name)).ok()?,
        };
        for (n, line) in content.lines().enumerate() {
            if let Some(byte) = line.find(wanted) {
                let column = line[..byte].chars().count() + 1;
                let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
                let mut label = Label::at(name, number(n + 1), number(column));
                label.length = number(wanted.chars().count());
                label.excerpt = Some(line.to_owned());
                found.push(label);
            }
        }
    }
    (found.len() == 1).then(|| found.remove(0))
}
