//! A changelog in chglog's form, which `nfpms[].changelog` names: versions with their changes, the newest first.
//!
//! Owns: the keys that packages need of it (goreleaser/chglog 0.7, `changelog.go`). Must not: read files; others of its keys are
//! left alone.

use crate::document::{Node, NodeKind, parse_yaml};
use crate::place::SourceText;
use goferry_report::{Code, Diagnostic, Diagnostics};
use std::sync::Arc;

/// One version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangelogVersion {
    /// `semver`.
    pub version: String,
    /// `date`: Unix seconds.
    pub date: i64,
    /// `packager`: `Name <address>`.
    pub packager: String,
    /// `deb.urgency` and `deb.distributions`, if there is a `deb`.
    pub deb: Option<(String, Vec<String>)>,
    /// `changes[].note`.
    pub notes: Vec<String>,
}

/// Reads a changelog.
///
/// # Errors
/// It is no YAML, no list of versions, or a version lacks its number or has a date that is none; each with its place.
pub fn read_changelog(source: SourceText) -> Result<Vec<ChangelogVersion>, Diagnostics> {
    let (root, mut problems) = parse_yaml(&Arc::new(source));
    let mut out = vec![];
    let Some(root) = root else { return if problems.has_errors() { Err(problems) } else { Ok(out) } };
    match &root.kind {
        NodeKind::List(items) => out.extend(items.iter().map(|item| version(item, &mut problems))),
        NodeKind::Null => {}
        _ => problems.push(wrong(&root, "a changelog must be a list of versions")),
    }
    if problems.has_errors() { Err(problems) } else { Ok(out) }
}

fn wrong(node: &Node, message: &str) -> Diagnostic {
    let mut d = Diagnostic::error(Code::ConfigType, message);
    d.labels.extend(node.place.label(""));
    d.hint(
        "`nfpms[].changelog` is a file as chglog writes it: `- semver: 1.2.3`, `date`, `packager`, `changes`",
    )
}

fn version(item: &Node, problems: &mut Diagnostics) -> ChangelogVersion {
    let text = |node: &Node, key: &str| node.get(key).and_then(Node::scalar).map(|s| s.text.clone());
    let semver = text(item, "semver").unwrap_or_default();
    if semver.is_empty() {
        problems.push(wrong(item, "a version of the changelog has no `semver`"));
    }
    let date = match item.get("date") {
        Some(node) => node.scalar().and_then(|s| unix(&s.text)).unwrap_or_else(|| {
            problems.push(wrong(
                node,
                "`date` of the changelog is no time: write RFC 3339, `2024-01-02T03:04:05Z`",
            ));
            0
        }),
        None => 0,
    };
    let deb = item.get("deb").map(|deb| {
        let list = deb.get("distributions").map(Node::items).unwrap_or_default();
        let words = list.iter().filter_map(Node::scalar).map(|s| s.text.clone());
        (text(deb, "urgency").unwrap_or_default(), words.collect())
    });
    let changes = item.get("changes").map(Node::items).unwrap_or_default();
    ChangelogVersion {
        version: semver,
        date,
        packager: text(item, "packager").unwrap_or_default(),
        deb,
        notes: changes.iter().filter_map(|c| text(c, "note")).collect(),
    }
}

/// Unix seconds of a time or a day.
fn unix(text: &str) -> Option<i64> {
    let text = text.trim();
    let day = || {
        let day: jiff::civil::Date = text.parse().ok()?;
        day.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|z| z.timestamp())
    };
    text.parse::<jiff::Timestamp>().ok().or_else(day).map(jiff::Timestamp::as_second)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<ChangelogVersion>, String> {
        let source = SourceText { name: "changelog.yaml".to_owned(), text: text.to_owned() };
        read_changelog(source).map_err(|d| d.list[0].message.clone())
    }

    #[test]
    fn a_changelog() {
        let text = "---\n- semver: 1.1.0\n  date: 2024-01-02T03:04:05+02:00\n  packager: A <a@example.com>\n  \
            deb:\n    urgency: medium\n    distributions: [stable, testing]\n  changes:\n    - commit: abc\n      note: |-\n        \
            first\n        more\n    - note: second\n- semver: 1.0.0\n  date: 2023-05-06\n  packager: B\n";
        let versions = read(text).unwrap();
        assert_eq!(versions.len(), 2);
        assert_eq!(
            versions[0].deb,
            Some(("medium".to_owned(), vec!["stable".to_owned(), "testing".to_owned()]))
        );
        assert_eq!(
            (versions[0].date, versions[0].notes.clone()),
            (1_704_157_445, vec!["first\nmore".to_owned(), "second".to_owned()])
        );
        assert_eq!(
            (versions[1].version.as_str(), versions[1].date, versions[1].packager.as_str()),
            ("1.0.0", 1_683_331_200, "B")
        );
        assert_eq!(read("").unwrap(), []);
    }

    #[test]
    fn what_is_none() {
        for (text, said) in [
            ("a: 1", "list of versions"),
            ("- date: 2024-01-02", "no `semver`"),
            ("- semver: 1.0.0\n  date: yesterday", "no time"),
            ("- [", ""),
        ] {
            let why = read(text).unwrap_err();
            assert!(why.contains(said), "{text}: {why}");
        }
    }
}
