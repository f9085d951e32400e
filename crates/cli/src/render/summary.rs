//! The table at the end of a release.

use super::table;
use crate::duration::show;
use crate::output::harmless;
use goferry_engine::{Row, Summary};
use std::collections::BTreeMap;

/// Draws the table, a line for each class of waiver, and the last word.
pub(crate) fn draw(summary: &Summary, ok: bool) -> String {
    let one_id = summary.rows.windows(2).all(|w| w[0].id == w[1].id);
    let rows: Vec<Vec<String>> = summary
        .rows
        .iter()
        .map(|r| {
            vec![
                r.target.clone(),
                if one_id { String::new() } else { r.id.clone() },
                r.size.clone(),
                r.linkage.clone(),
                harmless(&r.verified),
                harmless(&r.isolation),
                if r.cached { "cached".to_owned() } else { show(r.millis) },
            ]
        })
        .collect();
    let mut out = String::from("\n");
    out += &table::draw(&["target", "id", "size", "linkage", "verified", "isolation", "time"], &rows);
    for line in oldest(&summary.rows) {
        out += &format!("{line}\n");
    }
    for line in waivers(&summary.waivers) {
        out += &format!("not run: {line}\n");
    }
    for line in scans(&summary.rows) {
        out += &format!("{line}\n");
    }
    let packages = match summary.packages {
        0 => String::new(),
        1 => ", 1 package".to_owned(),
        n => format!(", {n} packages"),
    };
    let binaries = match summary.rows.len() {
        1 => "1 binary".to_owned(),
        n => format!("{n} binaries"),
    };
    let word = if ok { "ready" } else { "incomplete" };
    let dist = summary.dist.trim_end_matches('/');
    out + &format!("{dist}/ {word}: {binaries}{packages} in {}\n", show(summary.millis))
}

/// What the scans found, targets with the same on one line: `vulnerabilities: 2 linked: linux/amd64, linux/arm64`.
fn scans(rows: &[Row]) -> Vec<String> {
    let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for r in rows.iter().filter(|r| !r.scanned.is_empty()) {
        groups.entry(&r.scanned).or_default().push(&r.target);
    }
    let one = groups.len() == 1;
    let line = |(what, targets): (&str, Vec<&str>)| {
        let targets = if one { String::new() } else { format!(": {}", targets.join(", ")) };
        harmless(&format!("vulnerabilities: {what}{targets}"))
    };
    groups.into_iter().map(line).collect()
}

/// One line for each glibc that is needed: `glibc 2.34: Debian 12, Ubuntu 22.04 or later; not Alpine (musl)`.
fn oldest(rows: &[Row]) -> Vec<String> {
    let mut needed: Vec<&(String, Vec<String>)> = rows.iter().filter_map(|r| r.glibc.as_ref()).collect();
    needed.sort();
    needed.dedup();
    let line = |(version, releases): &(String, Vec<String>)| {
        let where_ = match releases.is_empty() {
            true => "no distribution that goferry knows".to_owned(),
            false => format!("{} or later", releases.join(", ")),
        };
        format!("glibc {version}: {where_}; not Alpine (musl)")
    };
    needed.into_iter().map(line).collect()
}

/// Waivers of the same class and reason on one line: `target: class (reason; place)` becomes
/// `class: target, target (reason; place)`.
fn waivers(list: &[String]) -> Vec<String> {
    let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut plain = vec![];
    for w in list {
        match w.split_once(": ") {
            Some((target, rest)) => groups.entry(rest).or_default().push(target),
            None => plain.push(harmless(w)),
        }
    }
    let mut out: Vec<String> = groups
        .into_iter()
        .map(|(rest, targets)| {
            let (class, why) = rest.split_once(' ').unwrap_or((rest, ""));
            harmless(&format!("{class}: {} {why}", targets.join(", ")))
        })
        .collect();
    out.append(&mut plain);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_for_each_glibc() {
        let row = |target: &str, glibc: Option<(&str, &[&str])>| Row {
            target: target.to_owned(),
            id: "tool".to_owned(),
            size: String::new(),
            linkage: String::new(),
            glibc: glibc.map(|(v, r)| (v.to_owned(), r.iter().map(|s| (*s).to_owned()).collect())),
            verified: String::new(),
            isolation: String::new(),
            scanned: String::new(),
            millis: 0,
            cached: false,
        };
        let new = Some(("2.34", &["Debian 12", "RHEL 9"][..]));
        let rows = [row("a", new), row("b", None), row("c", new), row("d", Some(("2.99", &[])))];
        assert_eq!(
            oldest(&rows),
            [
                "glibc 2.34: Debian 12, RHEL 9 or later; not Alpine (musl)",
                "glibc 2.99: no distribution that goferry knows; not Alpine (musl)"
            ]
        );
    }

    #[test]
    fn waivers_of_one_reason_share_a_line() {
        let list = ["darwin/amd64", "darwin/arm64"]
            .map(|t| format!("{t}: no-runner (nothing here runs darwin programs; x)"));
        assert_eq!(
            waivers(&list),
            ["no-runner: darwin/amd64, darwin/arm64 (nothing here runs darwin programs; x)"]
        );
    }
}
