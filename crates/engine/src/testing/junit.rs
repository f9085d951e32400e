//! Results as JUnit XML, a suite for each package and target.
//!
//! Owns: the file's text. Must not: write it. Source: the schema that Jenkins and GitLab read (`testsuites`,
//! `testsuite`, `testcase`, `failure`, `skipped`, `system-out`).

use super::TargetResult;
use super::stream::{PackageResult, Verdict};
use crate::xml::escaped;
use std::fmt::Write;

/// The whole document.
pub fn document(targets: &[TargetResult]) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for t in targets {
        for d in &t.problems {
            let (target, message) = (escaped(&t.target.to_string()), escaped(&d.message));
            // Writing to a string cannot fail.
            let _ = writeln!(
                out,
                "  <testsuite name=\"{target}\" tests=\"1\" errors=\"1\"><testcase classname=\"{target}\" name=\"[target]\"><error message=\"{message}\"/></testcase></testsuite>"
            );
        }
        for p in &t.packages {
            suite(&mut out, &t.target.to_string(), p);
        }
    }
    out.push_str("</testsuites>\n");
    out
}

fn suite(out: &mut String, target: &str, p: &PackageResult) {
    let count = |v: Verdict| p.tests.iter().filter(|t| t.verdict == v).count();
    // A package that fails outside of its tests has a case of its own, or readers would see no failure.
    let own = matches!(p.verdict, Verdict::BuildFailed | Verdict::Failed) && count(Verdict::Failed) == 0;
    let failed = count(Verdict::Failed);
    let (failed, excused) = if p.excused { (0, failed) } else { (failed, 0) };
    let (tests, failures) = (p.tests.len() + usize::from(own), failed + usize::from(own));
    let name = escaped(&format!("{target} {}", p.package));
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\" skipped=\"{}\" time=\"{:.3}\">",
        count(Verdict::Skipped) + excused,
        p.seconds
    );
    let _ = writeln!(
        out,
        "    <properties><property name=\"target\" value=\"{}\"/><property name=\"cached\" value=\"{}\"/></properties>",
        escaped(target),
        p.cached
    );
    let class = escaped(&p.package);
    for t in &p.tests {
        let head = format!(
            "    <testcase classname=\"{class}\" name=\"{}\" time=\"{:.3}\"",
            escaped(&t.name),
            t.seconds
        );
        let _ = match t.verdict {
            Verdict::Ok => writeln!(out, "{head}/>"),
            Verdict::Skipped => {
                writeln!(out, "{head}><skipped message=\"{}\"/></testcase>", escaped(t.output.trim()))
            }
            Verdict::Failed if p.excused => {
                let message = t.limit.as_deref().unwrap_or("in a test within this one");
                writeln!(out, "{head}><skipped message=\"known limit: {}\"/></testcase>", escaped(message))
            }
            Verdict::Failed | Verdict::BuildFailed => {
                let message =
                    t.limit.as_ref().map_or_else(|| "Failed".to_owned(), |l| format!("known limit: {l}"));
                let message = escaped(&message);
                writeln!(
                    out,
                    "{head}><failure message=\"{message}\">{}</failure></testcase>",
                    escaped(&t.output)
                )
            }
        };
    }
    if own {
        let message = if p.verdict == Verdict::BuildFailed { "build failed" } else { "package failed" };
        let _ = writeln!(
            out,
            "    <testcase classname=\"{class}\" name=\"[package]\" time=\"{:.3}\"><failure message=\"{message}\">{}</failure></testcase>",
            p.seconds,
            escaped(&p.output)
        );
    }
    out.push_str("  </testsuite>\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::stream::TestCase;

    #[test]
    fn failures_skips_and_what_is_not_xml() {
        let case = |name: &str, verdict, output: &str| TestCase {
            name: name.to_owned(),
            verdict,
            seconds: 0.25,
            output: output.to_owned(),
            limit: None,
        };
        let p = PackageResult {
            package: "example.com/a".to_owned(),
            verdict: Verdict::Failed,
            cached: false,
            seconds: 1.5,
            tests: vec![
                case("TestOk", Verdict::Ok, ""),
                case("TestBad/\"x\"", Verdict::Failed, "a < b\u{1}\n"),
                case("TestSkip", Verdict::Skipped, "not here\n"),
            ],
            output: String::new(),
            tries: 1,
            broke_off: false,
            excused: false,
        };
        let mut out = String::new();
        suite(&mut out, "linux/arm64", &p);
        assert!(
            out.contains(
                r#"name="linux/arm64 example.com/a" tests="3" failures="1" skipped="1" time="1.500">"#
            ),
            "{out}"
        );
        assert!(out.contains(
            r#"name="TestBad/&quot;x&quot;" time="0.250"><failure message="Failed">a &lt; b�&#10;</failure>"#
        ));
        assert!(out.contains(r#"<skipped message="not here"/>"#), "{out}");
        let mut allowed = PackageResult { excused: true, ..p.clone() };
        allowed.tests[1].limit = Some("some-limit".to_owned());
        let mut out = String::new();
        suite(&mut out, "linux/arm64", &allowed);
        assert!(out.contains(r#"tests="3" failures="0" skipped="2""#) && !out.contains("<failure"), "{out}");
        assert!(out.contains(r#"<skipped message="known limit: some-limit"/>"#), "{out}");
        let broken = PackageResult {
            verdict: Verdict::BuildFailed,
            tests: vec![],
            output: "undefined: y".into(),
            ..p
        };
        let mut out = String::new();
        suite(&mut out, "linux/arm64", &broken);
        assert!(out.contains(r#"tests="1" failures="1""#) && out.contains("undefined: y"), "{out}");
    }
}
