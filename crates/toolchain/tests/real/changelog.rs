//! The changelog of real repositories against the bodies that goreleaser 2.15.1 wrote (tests/goldens).

use crate::bed::{Bed, host, program};
use goferry_toolchain::changelog::{ChangelogRules, Entry, Group, Sort, render};
use goferry_toolchain::git;

/// The fixtures' commits after v1.0.0 (tests/fixtures/changelog-*/case.toml).
const MESSAGES: [&str; 7] = [
    "feat(api): add an endpoint\n\nBody that is not shown.\n\nCo-authored-by: Second Hand <second@example.com>",
    "fix: a bug & <angle> \"quotes\"",
    "docs: explain 'it'",
    "Merge pull request #7 from somewhere",
    "fix!: breaking repair",
    "chore: tidy up",
    "Release: done {{ .Tag }}",
];

fn entries() -> Vec<Entry> {
    let bed = Bed::repository();
    bed.write("a", "1").commit("feat: zebra stripes").tag("v1.0.0");
    for m in MESSAGES {
        bed.commit(m);
    }
    bed.tag("v1.2.3");
    git::log(&host(), &program("git"), &bed.path(), "v1.0.0", "v1.2.3").unwrap()
}

/// The golden's body with each hash as `#` and its length.
fn golden(case: &str) -> String {
    let path = format!("{}/../../tests/goldens/{case}.json", env!("CARGO_MANIFEST_DIR"));
    let golden: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    masked(golden["changelog"].as_str().unwrap())
}

fn masked(body: &str) -> String {
    let line = |l: &str| match l.strip_prefix("* ").and_then(|l| l.split_once(' ')) {
        Some((sha, rest)) if !sha.is_empty() => format!("* #{} {rest}\n", sha.len()),
        _ => format!("{l}\n"),
    };
    body.lines().map(line).collect()
}

fn body(rules: &ChangelogRules) -> String {
    masked(&render(&entries(), rules, |e, sha| Ok::<_, ()>(format!("{sha} {}", e.message))).unwrap())
}

fn group(title: &str, regexp: &str, order: i64) -> Group {
    Group { title: title.into(), regexp: regexp.into(), order }
}

#[test]
fn equal_to_goreleasers() {
    let rules = ChangelogRules::default;
    let words = |patterns: &[&str]| patterns.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>();
    for (case, rules) in [
        ("changelog-default", rules()),
        ("changelog-abbrev-none", ChangelogRules { abbrev: -1, ..rules() }),
        ("changelog-asc", ChangelogRules { sort: Sort::Ascending, ..rules() }),
        ("changelog-desc", ChangelogRules { sort: Sort::Descending, abbrev: 7, ..rules() }),
        (
            "changelog-groups",
            ChangelogRules {
                sort: Sort::Ascending,
                abbrev: 8,
                exclude: words(&["^Merge"]),
                groups: vec![group("Others", "", 999), group("never reached", "^docs", 5)],
                ..rules()
            },
        ),
        (
            "changelog-groups-order",
            ChangelogRules {
                abbrev: -1,
                groups: vec![
                    group("Fixes", r"^fix(\([a-z]+\))??!?:.+$", 1),
                    group("Features", r"^.*?feat(\([[:word:]]+\))??!?:.+$", 0),
                    group("Empty", "^nothing", 2),
                    group("Same order", "^docs", 0),
                ],
                ..rules()
            },
        ),
        (
            "changelog-include",
            ChangelogRules {
                include: words(&["^fix", "^feat", "bug"]),
                exclude: words(&["^feat"]),
                ..rules()
            },
        ),
        (
            "changelog-exclude",
            ChangelogRules {
                sort: Sort::Ascending,
                exclude: words(&["^docs:", "^chore", "Merge pull request", "(?i)^release"]),
                ..rules()
            },
        ),
    ] {
        assert_eq!(body(&rules), golden(case), "{case}");
    }
}

#[test]
fn entries_know_their_authors() {
    let entries = entries();
    assert_eq!(entries.len(), MESSAGES.len());
    let first = entries.last().unwrap();
    assert_eq!(first.message, "feat(api): add an endpoint");
    let names: Vec<_> = first.distinct_authors().into_iter().map(|a| a.name).collect();
    assert_eq!(names, ["Fixture Author", "Second Hand"]);
    assert_eq!(first.sha.len(), 40);
}
