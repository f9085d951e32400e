//! From reports of a scan to statements.

use crate::Purl;
use goferry_scan::{Covered, Depth, Finding, Ignore, Level, Report, STDLIB, Vulnerability};
use std::collections::BTreeMap;

/// What is said of one vulnerability of one module of the product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VexStatement {
    /// The vulnerability.
    pub vulnerability: Vulnerability,
    /// The module that has it.
    pub component: Purl,
    /// What holds.
    pub status: Status,
}

/// What holds of a vulnerability.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// The affected code was not linked: no package of it, or none of its functions.
    NotPresent {
        /// Why that is known.
        why: String,
    },
    /// Somebody decided that it does no harm here.
    Accepted {
        /// Their reason.
        reason: String,
        /// Who; may be empty.
        owner: String,
        /// The last day on which this holds; empty: no end.
        expires: String,
    },
    /// Affected code is in it.
    Affected {
        /// What to do about it.
        action: String,
        /// Packages and functions that are there, sorted.
        code: Vec<String>,
    },
    /// It could not be seen whether the affected code is in it.
    UnderInvestigation {
        /// Why not.
        why: String,
    },
}

/// The worst of what the programs of a release have comes first: one that is affected makes the product affected.
fn weight(status: &Status) -> u8 {
    match status {
        Status::NotPresent { .. } => 0,
        Status::Accepted { .. } => 1,
        Status::UnderInvestigation { .. } => 2,
        Status::Affected { .. } => 3,
    }
}

/// The statements of a product that these reports are about, each a program of it. Sorted by id and module; the same
/// reports in another order give the same.
pub fn statements<'r>(reports: impl IntoIterator<Item = &'r Report>) -> Vec<VexStatement> {
    let mut all: BTreeMap<(String, Purl), VexStatement> = BTreeMap::new();
    for report in reports {
        for (vulnerability, status) in of_report(report) {
            let component = component(vulnerability);
            let new = VexStatement { vulnerability: vulnerability.clone(), component, status };
            let key = (new.vulnerability.id.clone(), new.component.clone());
            match all.get_mut(&key) {
                Some(old) => worse(old, new),
                None => {
                    all.insert(key, new);
                }
            }
        }
    }
    all.into_values().collect()
}

fn worse(old: &mut VexStatement, new: VexStatement) {
    match (&mut old.status, &new.status) {
        (Status::Affected { code, .. }, Status::Affected { code: more, .. }) => {
            code.extend(more.iter().cloned());
            code.sort();
            code.dedup();
        }
        (a, b) if weight(a) < weight(b) => *old = new,
        _ => {}
    }
}

/// The module as the SBOM names it.
fn component(v: &Vulnerability) -> Purl {
    match v.module == STDLIB {
        true => Purl::stdlib(v.version.trim_start_matches('v')),
        false => Purl::go_module(&v.module, &v.version),
    }
}

fn of_report(report: &Report) -> impl Iterator<Item = (&Vulnerability, Status)> {
    report.vulnerabilities.iter().filter_map(|v| {
        let own = |f: &&Finding| f.id == v.id && f.module == v.module;
        let open: Vec<&Finding> = report.findings.iter().filter(own).collect();
        let covered: Vec<&Covered> = report.ignored.iter().filter(|c| own(&&c.finding)).collect();
        let all = || open.iter().copied().chain(covered.iter().map(|c| &c.finding));
        let highest = all().map(|f| f.level).max()?;
        // What is not linked needs nobody's decision, if that is known.
        let unseen = highest < Level::Linked && all().any(|f| !f.unseen.is_empty());
        let seen = if unseen { None } else { not_present(highest, &report.depth) };
        let ignored = covered.iter().max_by_key(|c| c.finding.level).map(|c| &c.ignore);
        Some((v, seen.unwrap_or_else(|| decided(v, &open, ignored, &report.depth))))
    })
}

fn not_present(highest: Level, depth: &Depth) -> Option<Status> {
    let why = match (highest, depth) {
        (Level::Present, Depth::Functions | Depth::Packages) => {
            "No package of the module that is affected is linked."
        }
        (Level::Imported, Depth::Functions) => {
            "None of the affected functions is in the program's table of functions, inlined ones included: the linker left them out."
        }
        _ => return None,
    };
    Some(Status::NotPresent { why: why.to_owned() })
}

fn decided(v: &Vulnerability, open: &[&Finding], ignored: Option<&Ignore>, depth: &Depth) -> Status {
    if let (true, Some(i)) = (open.is_empty(), ignored) {
        let reason = match i.reason.is_empty() {
            true => "It is on the project's list of accepted vulnerabilities.".to_owned(),
            false => i.reason.clone(),
        };
        return Status::Accepted { reason, owner: i.owner.clone(), expires: i.expires.clone() };
    }
    let linked: Vec<&&Finding> = open.iter().filter(|f| f.level == Level::Linked).collect();
    if linked.is_empty() {
        let unseen = open.iter().map(|f| &f.unseen).find(|why| !why.is_empty());
        let why = match depth {
            _ if unseen.is_some() => {
                unseen.map(|why| format!("It was not compared: {why}.")).unwrap_or_default()
            }
            Depth::Modules { why } => format!("Only modules could be seen: {why}."),
            _ => "Packages could be seen, but no functions.".to_owned(),
        };
        return Status::UnderInvestigation { why };
    }
    let name = |f: &&&Finding| match f.symbol.is_empty() {
        true => f.package.clone(),
        false => format!("{}.{}", f.package, f.symbol),
    };
    let mut code: Vec<String> = linked.iter().map(name).collect();
    code.sort();
    code.dedup();
    Status::Affected { action: action(v), code }
}

/// OpenVEX wants to know what an affected user should do.
fn action(v: &Vulnerability) -> String {
    let fixed = v.fixed.trim_start_matches('v');
    match (v.fixed.is_empty(), v.module == STDLIB) {
        (true, _) => "No version without it is known; follow the advisory.".to_owned(),
        (false, true) => format!("Use a release that is built by Go {fixed} or later."),
        (false, false) => format!("Use a release that has {} {} or later.", v.module, v.fixed),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use goferry_scan::Threshold;
    use serde_json::json;

    /// A report as scan serialises it.
    pub(in super::super) fn report(
        depth: serde_json::Value,
        findings: &[(&str, &str, &str)],
        ignored: &[(&str, &str)],
    ) -> Report {
        let finding = |(id, level, symbol): &(&str, &str, &str)| {
            let package = if *level == "present" { "" } else { "example.com/a/p" };
            json!({"id": id, "level": level, "module": "example.com/a", "package": package, "symbol": symbol})
        };
        let covered = |(id, expires): &(&str, &str)| {
            let mut f = finding(&(id, "linked", "F"));
            f["ignore"] =
                json!({"id": id, "reason": "Its input is our own.", "owner": "me", "expires": expires});
            f
        };
        let ids = findings.iter().map(|f| f.0).chain(ignored.iter().map(|i| i.0));
        let about = |id: &str| {
            json!({"id": id, "module": "example.com/a", "version": "v1.0.0", "fixed": "v1.0.1",
            "aliases": ["CVE-2026-1"], "summary": "Bad things", "url": "https://pkg.go.dev/vuln/GO-1"})
        };
        let vulnerabilities: Vec<_> = ids.map(about).collect();
        serde_json::from_value(json!({
            "findings": findings.iter().map(finding).collect::<Vec<_>>(),
            "ignored": ignored.iter().map(covered).collect::<Vec<_>>(),
            "expired": [], "blocking": [], "vulnerabilities": vulnerabilities, "depth": depth,
            "threshold": Threshold::Linked, "notes": [],
            "database": goferry_about(),
        }))
        .unwrap()
    }

    fn goferry_about() -> serde_json::Value {
        json!({"digest": "", "date": "", "records": 0, "date_from": "unknown"})
    }

    #[test]
    fn a_statement_says_what_was_seen() {
        let functions = json!({"seen": "functions"});
        let packages = json!({"seen": "packages"});
        let modules = json!({"seen": "modules", "why": "upx"});
        for (depth, level, symbol, want) in [
            (&functions, "present", "", "not present"),
            (&functions, "imported", "", "not present"),
            (&functions, "linked", "F", "affected"),
            (&packages, "present", "", "not present"),
            (&packages, "imported", "", "investigation"),
            (&modules, "present", "", "investigation"),
        ] {
            let report = report(depth.clone(), &[("GO-1", level, symbol)], &[]);
            let all = statements([&report]);
            let word = match &all[0].status {
                Status::NotPresent { .. } => "not present",
                Status::Affected { code, action } => {
                    assert_eq!(code, &["example.com/a/p.F"]);
                    assert_eq!(action, "Use a release that has example.com/a v1.0.1 or later.");
                    "affected"
                }
                Status::UnderInvestigation { .. } => "investigation",
                Status::Accepted { .. } => "accepted",
            };
            assert_eq!(word, want, "{depth} {level}");
            assert_eq!(all[0].component.as_str(), "pkg:golang/example.com/a@v1.0.0");
        }
    }

    #[test]
    fn what_was_not_compared_is_under_investigation() {
        for level in ["present", "imported"] {
            let mut report = report(json!({"seen": "functions"}), &[("GO-1", level, "")], &[]);
            report.findings[0].unseen = "F is in it, in a form that is not compared".to_owned();
            let all = statements([&report]);
            let want = "It was not compared: F is in it, in a form that is not compared.";
            assert_eq!(all[0].status, Status::UnderInvestigation { why: want.to_owned() }, "{level}");
        }
    }

    #[test]
    fn one_program_that_is_affected_makes_the_product_affected() {
        let functions = json!({"seen": "functions"});
        let without = report(functions.clone(), &[("GO-1", "imported", "")], &[]);
        let with = report(functions.clone(), &[("GO-1", "linked", "G")], &[]);
        let accepted = report(functions, &[], &[("GO-1", "2026-12-31")]);
        for order in
            [[&without, &with, &accepted], [&accepted, &with, &without], [&with, &accepted, &without]]
        {
            let all = statements(order);
            assert_eq!(all.len(), 1);
            assert!(
                matches!(&all[0].status, Status::Affected { code, .. } if code == &["example.com/a/p.G"])
            );
        }
        let all = statements([&without, &accepted]);
        assert!(matches!(&all[0].status, Status::Accepted { expires, .. } if expires == "2026-12-31"));
    }
}
