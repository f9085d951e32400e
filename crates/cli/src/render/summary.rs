//! The table at the end of a release.

use super::table;
use crate::duration::show;
use crate::output::harmless;
use goferry_engine::Summary;
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
    for line in waivers(&summary.waivers) {
        out += &format!("not run: {line}\n");
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
    fn waivers_of_one_reason_share_a_line() {
        let list = ["darwin/amd64", "darwin/arm64"]
            .map(|t| format!("{t}: no-runner (nothing here runs darwin programs; x)"));
        assert_eq!(
            waivers(&list),
            ["no-runner: darwin/amd64, darwin/arm64 (nothing here runs darwin programs; x)"]
        );
    }
}
