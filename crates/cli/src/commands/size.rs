//! `goferry size`: where a program's bytes are.

use crate::args::SizeArgs;
use crate::output::{self, data, harmless};
use crate::render::table;
use goferry_engine::size;
use goferry_engine::sizes::{Change, Sizes, changes, read};
use goferry_report::Diagnostics;
use std::process::ExitCode;

pub(super) fn run(args: &SizeArgs) -> Result<ExitCode, Diagnostics> {
    let first = read(&args.file)?;
    let Some(other) = &args.other else {
        if args.json {
            output::json(&first);
        } else {
            data(&draw(&first));
        }
        return Ok(ExitCode::SUCCESS);
    };
    let second = read(other)?;
    let changes = changes(&first, &second);
    if args.json {
        output::json(&serde_json::json!({ "programs": [first, second], "changes": changes }));
    } else {
        data(&draw_changes(&first, &second, &changes));
    }
    Ok(ExitCode::SUCCESS)
}

fn head(s: &Sizes) -> String {
    let target = s.target.map(|t| format!(", {t}")).unwrap_or_default();
    format!("{}: {} ({} bytes){target}\n", harmless(&s.file), size(s.total), s.total)
}

/// Bytes in the file of all that has any, blank otherwise.
fn bytes(n: u64) -> String {
    if n == 0 { String::new() } else { n.to_string() }
}

fn draw(s: &Sizes) -> String {
    let mut out = head(s);
    let rows: Vec<_> = s.sections.iter().map(|p| vec![p.size.to_string(), harmless(&p.name)]).collect();
    if !rows.is_empty() {
        out += &format!("\n{}", table::draw(&["BYTES", "SECTION"], &rows));
    }
    let row = |p: &goferry_engine::sizes::Package| {
        let share = p.size() as f64 * 100.0 / s.total.max(1) as f64;
        let numbers = [p.code, p.data, p.zero, p.functions].map(bytes);
        [vec![format!("{share:.1} %")], numbers.to_vec(), vec![harmless(&p.name)]].concat()
    };
    let rows: Vec<_> = s.packages.iter().map(row).collect();
    out += &format!("\n{}", table::draw(&["OF FILE", "CODE", "DATA", "ZERO", "FUNCTIONS", "PACKAGE"], &rows));
    if !s.symbols {
        out += "\nThere is no symbol table: data is not counted by package.\n";
    }
    out
}

fn draw_changes(first: &Sizes, second: &Sizes, changes: &[Change]) -> String {
    let mut out = head(first) + &head(second);
    let delta = second.total.cast_signed().saturating_sub(first.total.cast_signed());
    out += &format!("{delta:+} bytes\n");
    for (kind, heading) in [("section", "SECTION"), ("package", "PACKAGE")] {
        let row = |c: &Change| {
            vec![format!("{:+}", c.delta()), c.before.to_string(), c.after.to_string(), harmless(&c.name)]
        };
        let rows: Vec<_> = changes.iter().filter(|c| c.kind == kind).map(row).collect();
        if !rows.is_empty() {
            out += &format!("\n{}", table::draw(&["CHANGE", "FIRST", "SECOND", heading], &rows));
        }
    }
    out
}
