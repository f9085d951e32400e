//! The report of `goferry deps` for people.

use super::table;
use crate::output::harmless;
use goferry_engine::deps::{Analysis, DepsReport, GoneKind, Outcome, Proof, Reachable, SeenIn, Tested};
use goferry_engine::size;
use std::fmt::Write;

/// Functions that are named of each vulnerability.
const SYMBOLS: usize = 3;

/// Vulnerabilities that are named beside an upgrade.
const IDS: usize = 3;

/// Dependencies that are named.
const HEAVIEST: usize = 15;

pub(crate) fn draw(r: &DepsReport) -> String {
    let mut out = head(r);
    if r.reachable.is_empty() {
        out += "nothing that is known to be vulnerable can be reached\n";
    } else {
        out += &reachable(&r.reachable);
        out += &upgrades(r);
        out += &proof(&r.proof);
    }
    out += &others(r);
    out += &replaces(r);
    out += &r.analysis.as_ref().map(analysis).unwrap_or_default();
    for note in &r.notes {
        line(&mut out, &format!("note: {note}"));
    }
    if r.applied {
        out += "\ngo.mod and go.sum are written\n";
    }
    out
}

/// A line of foreign words.
fn line(out: &mut String, text: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{}", harmless(text));
}

fn head(r: &DepsReport) -> String {
    let targets: Vec<String> = r.targets.iter().map(ToString::to_string).collect();
    let seen = match r.seen_in {
        SeenIn::Programs => "",
        SeenIn::Tests => ", in the programs of its tests",
    };
    let date = if r.database.date.is_empty() { "no date" } else { &r.database.date };
    let text = format!(
        "{}: {}{seen}; database of {date}, {} records",
        r.module,
        targets.join(", "),
        r.database.records
    );
    harmless(&text) + "\n\n"
}

fn reachable(list: &[Reachable]) -> String {
    let row = |r: &Reachable| {
        let outcome = match r.outcome {
            Outcome::Cleared => "cleared",
            Outcome::Left => "still there",
            Outcome::Unproven => "cleared, see below",
            Outcome::Toolchain => "in Go itself",
            Outcome::NoFix => "no fix is known",
        };
        let name = r.aliases.iter().find(|a| a.starts_with("CVE-")).cloned().unwrap_or_default();
        let mut symbols: Vec<&str> = r.symbols.iter().take(SYMBOLS).map(String::as_str).collect();
        let more = format!("and {} more", r.symbols.len().saturating_sub(SYMBOLS));
        symbols.extend((r.symbols.len() > SYMBOLS).then_some(more.as_str()));
        let words = [&r.id, &name, outcome, &r.module, &r.version, &symbols.join(", ")];
        words.iter().map(|w| harmless(w)).collect::<Vec<String>>()
    };
    let rows: Vec<_> = list.iter().map(row).collect();
    table::draw(&["CAN BE REACHED", "", "OUTCOME", "MODULE", "VERSION", "FUNCTIONS"], &rows)
}

fn upgrades(r: &DepsReport) -> String {
    let mut out = String::new();
    if r.upgrades.is_empty() {
        return out;
    }
    let commands = r.commands();
    out.push('\n');
    commands.iter().for_each(|c| line(&mut out, &format!("  {c}")));
    out.push('\n');
    let arrow = |from: &str, to: &str| format!("{from} → {to}");
    let mut rows: Vec<Vec<String>> = r
        .upgrades
        .iter()
        .map(|u| {
            let mut ids: Vec<&str> = u.ids.iter().map(String::as_str).collect();
            let many = format!("{} of these", ids.len());
            if ids.len() > IDS {
                ids = vec![&many];
            }
            let changelog = u.changelog.clone().unwrap_or_default();
            [u.module.clone(), arrow(&u.from, &u.to), ids.join(" "), changelog].map(|w| harmless(&w)).to_vec()
        })
        .collect();
    for m in r.moves.iter().filter(|m| m.built) {
        let (from, to) = (m.from.as_deref().unwrap_or("new"), m.to.as_deref().unwrap_or("gone"));
        rows.push([m.what.clone(), arrow(from, to), "moves along".to_owned()].map(|w| harmless(&w)).to_vec());
    }
    out += &table::draw(&["MODULE", "VERSION", "FOR", "CHANGES"], &rows);
    let rest = r.moves.iter().filter(|m| !m.built).count();
    if rest > 0 {
        line(&mut out, &format!("and {rest} more that nothing is built from"));
    }
    out
}

fn proof(list: &[Proof]) -> String {
    if list.is_empty() {
        return String::new();
    }
    let yes = |b: bool| if b { "ok" } else { "FAIL" }.to_owned();
    let row = |p: &Proof| {
        let tests = match &p.tested {
            Tested::Passed => "ok".to_owned(),
            Tested::Failed { .. } => "FAIL".to_owned(),
            Tested::FailedBefore { packages } => format!("{} failed before too", packages.join(", ")),
            Tested::NotRun { why } => format!("not run: {why}"),
        };
        let vet = if p.built { yes(p.vetted) } else { "-".to_owned() };
        let left: Vec<&str> = p.left.iter().map(String::as_str).collect();
        [p.target.to_string(), yes(p.built), vet, left.join(" "), tests].map(|w| harmless(&w)).to_vec()
    };
    let rows: Vec<_> = list.iter().map(row).collect();
    let mut out =
        format!("\n{}", table::draw(&["PROVEN FOR", "BUILD", "VET", "STILL REACHABLE", "TESTS"], &rows));
    for p in list.iter().filter(|p| !p.said.is_empty()) {
        line(&mut out, &format!("\n{}:", p.target));
        for g in &p.gone {
            let what = if g.kind == GoneKind::Gone { "is gone" } else { "has changed" };
            let name = if g.name.is_empty() { "something" } else { &g.name };
            line(&mut out, &format!("  {name} {what}, used at {}: {}", g.used_at, g.message));
        }
        if p.gone.is_empty() {
            p.said.iter().for_each(|l| line(&mut out, &format!("  {l}")));
        }
    }
    out
}

/// What no version of a module clears.
fn others(r: &DepsReport) -> String {
    let mut out = String::new();
    if let Some(go) = &r.toolchain {
        let (from, to) = (go.from.trim_start_matches('v'), go.to.trim_start_matches('v'));
        let ids: Vec<&str> = go.ids.iter().map(String::as_str).collect();
        line(&mut out, &format!("\nGo {to} in the place of {from} clears {}:", ids.join(" ")));
        line(&mut out, &format!("  go get toolchain@go{to}"));
    }
    for u in &r.unfixed {
        let ids: Vec<&str> = u.ids.iter().map(String::as_str).collect();
        line(
            &mut out,
            &format!("\nno version of {} without {} is known; it has {}", u.module, ids.join(" "), u.version),
        );
        let newest =
            u.newest.as_ref().map(|v| format!("its newest is {v}, which the database calls affected too"));
        let next = u.next_major.as_ref().map(|m| format!("another module, which it does not name: {m}"));
        let deprecated = u.deprecated.as_ref().map(|d| format!("its author says: {d}"));
        let by = u.brought_by.as_ref().map(|m| format!("it is brought by {m}"));
        let used =
            (!u.imported_by.is_empty()).then(|| format!("it is imported by {}", u.imported_by.join(", ")));
        for text in [newest, next, deprecated, by, used].into_iter().flatten() {
            line(&mut out, &format!("  {text}"));
        }
    }
    out
}

fn replaces(r: &DepsReport) -> String {
    let mut out = String::new();
    for l in &r.replaces {
        match &l.needed {
            None => {
                line(
                    &mut out,
                    &format!("\ngo.mod:{}: replace {} could go; it builds and vets without:", l.line, l.text),
                );
                line(&mut out, &format!("  {}", l.command));
            }
            Some(why) => {
                line(&mut out, &format!("\ngo.mod:{}: replace {} has to stay: {why}", l.line, l.text))
            }
        }
    }
    out
}

fn analysis(a: &Analysis) -> String {
    let share = |n: u64, of: u64| format!("{:.1} %", n as f64 * 100.0 / of.max(1) as f64);
    let row = |h: &goferry_engine::deps::Heavy| {
        let by = h.brought_by.as_ref().map(|b| format!("by {b}")).unwrap_or_default();
        let seconds = format!("{:.1} s", h.compile_millis as f64 / 1000.0);
        let numbers = [size(h.bytes), share(h.bytes, a.program_bytes), seconds, h.packages.to_string()];
        [numbers.to_vec(), [h.module.clone(), h.version.clone(), by].map(|w| harmless(&w)).to_vec()].concat()
    };
    let rows: Vec<_> = a.modules.iter().take(HEAVIEST).map(row).collect();
    let drawn =
        table::draw(&["IN PROGRAMS", "OF THEM", "TO COMPILE", "PACKAGES", "DEPENDENCY", "", ""], &rows);
    let seconds = a.compile_millis as f64 / 1000.0;
    format!(
        "\n{drawn}\n{} modules for {}; programs {}, {seconds:.1} s of processor time for everything\n",
        a.modules.len(),
        a.target,
        size(a.program_bytes)
    )
}
