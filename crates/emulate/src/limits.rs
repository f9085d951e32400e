//! What an emulator is known to do differently from the machine it plays: a table of failed tests and their reasons.
//!
//! Owns: the data file and its matching. Must not: excuse a failure; that is for whoever runs the tests.

use crate::Runner;
use goferry_target::GoTarget;
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// One known limit, seen here with the real emulator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownLimit {
    /// A stable word.
    pub id: String,
    /// Import paths whose tests fail by it; `*` for any.
    pub packages: Vec<String>,
    /// Tests, with their subtests: `TestX`, or `TestX/sub`; `*` for any.
    pub tests: Vec<String>,
    /// Targets: `linux/arm64`, or `linux/*`.
    pub targets: Vec<String>,
    /// Text that the failed test's output must have, if the name alone does not say enough.
    #[serde(default)]
    pub output: Option<String>,
    /// The first version of qemu that does not have it any more, as far as tried: `8.0`; none: still there.
    #[serde(default)]
    pub mended: Option<String>,
    /// What the emulator does, in one sentence.
    pub why: String,
    /// Version of qemu, of Go, and the date when it was seen.
    pub seen: String,
    /// What the reproducer writes, in a part of its last line, where the limit is.
    pub shows: String,
    /// Targets on which the reproducer was tried.
    pub on: Vec<String>,
    /// A program of at most twenty lines that shows it.
    pub reproducer: Vec<String>,
}

static LIMITS: LazyLock<Vec<KnownLimit>> =
    LazyLock::new(|| serde_json::from_str(include_str!("../data/limits.json")).unwrap_or_default());

/// Every known limit.
pub fn known_limits() -> &'static [KnownLimit] {
    &LIMITS
}

/// The known limit that explains a failed test under a runner.
pub fn known_limit(
    target: GoTarget,
    runner: &Runner,
    package: &str,
    test: &str,
    output: &str,
) -> Option<&'static KnownLimit> {
    let Runner::QemuUser { version, .. } = runner else { return None };
    known_limits().iter().find(|l| l.explains(target, version, package, test, output))
}

impl KnownLimit {
    fn explains(&self, target: GoTarget, version: &str, package: &str, test: &str, output: &str) -> bool {
        let target = target.to_string();
        let fits = |wanted: &String| {
            wanted == "*"
                || *wanted == target
                || wanted.strip_suffix('*').is_some_and(|w| target.starts_with(w))
        };
        let below = |wanted: &String| {
            wanted == "*"
                || wanted == test
                || test.strip_prefix(wanted.as_str()).is_some_and(|rest| rest.starts_with('/'))
        };
        self.targets.iter().any(fits)
            && self.packages.iter().any(|p| p == "*" || p == package)
            && self.tests.iter().any(below)
            && self.output.as_ref().is_none_or(|o| output.contains(o.as_str()))
            && self.mended.as_ref().is_none_or(|m| older(version, m))
    }
}

/// Whether a version is older than another, number by number.
fn older(version: &str, than: &str) -> bool {
    let numbers = |v: &str| v.split('.').map(|n| n.parse::<u64>().unwrap_or(0)).collect::<Vec<_>>();
    numbers(version) < numbers(than)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit() -> KnownLimit {
        KnownLimit {
            id: "x".into(),
            packages: vec!["net".into()],
            tests: vec!["TestA".into(), "TestB/c".into()],
            targets: vec!["linux/mips*".into()],
            output: None,
            mended: Some("8.1".into()),
            why: String::new(),
            seen: String::new(),
            shows: String::new(),
            on: vec![],
            reproducer: vec![],
        }
    }

    #[test]
    fn what_is_explained() {
        let explains = |target: &str, version, package, test| {
            limit().explains(target.parse().unwrap(), version, package, test, "")
        };
        assert!(explains("linux/mips64le", "7.2.22", "net", "TestA/sub"));
        assert!(explains("linux/mips", "8.0.5", "net", "TestB/c"));
        assert!(!explains("linux/mips", "8.0.5", "net", "TestB"));
        assert!(!explains("linux/mips", "8.0.5", "net", "TestAB"));
        assert!(!explains("linux/mips", "10.0.0", "net", "TestA"));
        assert!(!explains("linux/arm64", "7.2.22", "net", "TestA"));
        assert!(!explains("linux/mips", "7.2.22", "os", "TestA"));
        let with_output = KnownLimit { output: Some("ENOSYS".into()), ..limit() };
        let target = "linux/mips".parse().unwrap();
        assert!(with_output.explains(target, "7.2.22", "net", "TestA", "got ENOSYS"));
        assert!(!with_output.explains(target, "7.2.22", "net", "TestA", "other"));
    }

    #[test]
    fn the_data_is_whole() {
        let text = include_str!("../data/limits.json");
        let all: Vec<KnownLimit> = serde_json::from_str(text).unwrap();
        assert_eq!(all.len(), known_limits().len());
        let mut ids: Vec<_> = all.iter().map(|l| l.id.as_str()).collect();
        ids.dedup();
        assert_eq!(ids.len(), all.len(), "ids are sorted and unique");
        for l in &all {
            assert!((1..=20).contains(&l.reproducer.len()), "{}: {} lines", l.id, l.reproducer.len());
            assert!(!l.why.is_empty() && !l.seen.is_empty() && !l.tests.is_empty(), "{}", l.id);
        }
    }
}
