//! `goferry symbols`: functions of a Go program, and what another one has instead.

use super::toolchain::session;
use crate::args::SymbolsArgs;
use crate::output::{self, data, harmless};
use crate::render::table;
use goferry_engine::symbols::{Difference, Kind, Lone, Program, Reason, Sources, compare, read};
use goferry_proc::Cancel;
use goferry_report::Diagnostics;
use std::collections::BTreeMap;
use std::process::ExitCode;

pub(super) fn run(args: &SymbolsArgs) -> Result<ExitCode, Diagnostics> {
    let first = read(&args.file)?;
    let Some(other) = &args.other else {
        if args.json {
            output::json(&first);
        } else {
            data(&(about(&[&first]) + "\n" + &list(&first)));
        }
        return Ok(ExitCode::SUCCESS);
    };
    let second = read(other)?;
    let sources = Sources::of(&session(&Cancel::new())?);
    let difference = compare(&first, &second, &sources);
    if args.json {
        output::json(&serde_json::json!({
            "programs": [head(&first), head(&second)],
            "difference": difference,
        }));
    } else {
        data(&(about(&[&first, &second]) + "\n" + &draw(&difference, args.std)));
    }
    Ok(ExitCode::SUCCESS)
}

/// A program without the list of its functions.
fn head(p: &Program) -> serde_json::Value {
    serde_json::json!({
        "file": p.file,
        "target": p.target,
        "go": p.go,
        "fingerprint": p.fingerprint,
        "inlined_known": p.inlined_known,
        "functions": p.functions.len(),
    })
}

fn about(programs: &[&Program]) -> String {
    let mut out = String::new();
    for p in programs {
        let inlined = p.functions.iter().filter(|f| f.only_inlined).count();
        let inlined = if p.inlined_known {
            format!("{inlined} of them only inlined")
        } else {
            "inlined ones are not known".to_owned()
        };
        let lines = [
            (String::new(), harmless(&p.file)),
            ("target".to_owned(), p.target.map(|t| t.to_string()).unwrap_or_default()),
            ("go".to_owned(), p.go.as_deref().map(harmless).unwrap_or_default()),
            ("functions".to_owned(), format!("{}, {inlined}", p.functions.len())),
            ("fingerprint".to_owned(), p.fingerprint.all.clone()),
            ("without std".to_owned(), p.fingerprint.own.clone()),
        ];
        for (name, value) in lines.iter().filter(|l| !l.1.is_empty()) {
            out += &if name.is_empty() { format!("{value}\n") } else { format!("  {name:<12} {value}\n") };
        }
    }
    out
}

fn list(p: &Program) -> String {
    let row = |f: &goferry_engine::symbols::Function| {
        let size = if f.only_inlined { "inlined".to_owned() } else { f.size.to_string() };
        let kind = match f.kind {
            Kind::Go => "",
            Kind::Assembly => "assembly",
            Kind::Compiler => "compiler",
        };
        vec![size, kind.to_owned(), harmless(&f.package), harmless(&f.name)]
    };
    let rows: Vec<_> = p.functions.iter().map(row).collect();
    table::draw(&["SIZE", "BY", "PACKAGE", "FUNCTION"], &rows)
}

fn draw(difference: &Difference, std: bool) -> String {
    let mut packages: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    for l in &difference.lone {
        let counts = packages.entry(&l.function.package).or_default();
        counts[l.side] += 1;
        counts[2] += usize::from(l.reason == Reason::Unexplained);
    }
    let row = |(name, [first, second, unexplained]): (&&str, &[usize; 3])| {
        let name = if name.is_empty() { "(compiler)" } else { name };
        let numbers = [first, second, unexplained].map(|n| n.to_string());
        [vec![harmless(name)], numbers.to_vec()].concat()
    };
    let rows: Vec<_> = packages.iter().map(row).collect();
    let mut out = format!("{} functions are in both.\n", difference.shared);
    if rows.is_empty() {
        return out;
    }
    out += &format!("\n{}", table::draw(&["PACKAGE", "ONLY 1", "ONLY 2", "UNEXPLAINED"], &rows));
    let shown: Vec<&Lone> = difference.lone.iter().filter(|l| std || !l.function.std).collect();
    if !shown.is_empty() {
        let row =
            |l: &&Lone| vec![(l.side + 1).to_string(), harmless(&l.function.name), harmless(&why(&l.reason))];
        let rows: Vec<_> = shown.iter().map(row).collect();
        out += &format!("\n{}", table::draw(&["ONLY", "FUNCTION", "WHY"], &rows));
    }
    let hidden = difference.lone.len() - shown.len();
    if hidden > 0 {
        out += &format!("\n{hidden} more of the standard library: --std shows them.\n");
    }
    out
}

fn why(reason: &Reason) -> String {
    match reason {
        Reason::FileName(name) => format!("by the file's name, {name}"),
        Reason::Constraint(text) => format!("//go:build {text}"),
        Reason::Compiler => "made by the compiler".to_owned(),
        Reason::Enclosing(name) => format!("as {name}"),
        Reason::Unexplained => "changed, not reached or inlined away".to_owned(),
    }
}
