//! Versions of modules and of Go, and whether a range of a record holds one.
//!
//! Source: semver 2.0.0 as golang.org/x/mod/semver reads it (`v` required, `v1` and `v1.2` allowed, build metadata without
//! weight, what is no version sorts before all), and the order of events of golang.org/x/vuln/internal/semver.

use crate::osv::{Affected, Event};
use std::cmp::Ordering;

/// A version taken apart.
struct Parsed<'v> {
    numbers: [&'v str; 3],
    prerelease: &'v str,
}

/// Without `v` or `go` before it.
fn bare(version: &str) -> &str {
    let version = version.strip_prefix('v').unwrap_or(version);
    version.strip_prefix("go").unwrap_or(version)
}

fn parse(version: &str) -> Option<Parsed<'_>> {
    let mut rest = bare(version);
    let mut numbers = ["0"; 3];
    let mut short = false;
    for (place, number) in numbers.iter_mut().enumerate() {
        if place > 0 {
            match rest.strip_prefix('.') {
                Some(after) => rest = after,
                // `v1` and `v1.2` end here.
                None if rest.is_empty() => {
                    short = true;
                    break;
                }
                None => return None,
            }
        }
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, after) = rest.split_at(digits);
        if digits.is_empty() || digits.len() > 1 && digits.starts_with('0') {
            return None;
        }
        (*number, rest) = (digits, after);
    }
    if short {
        return Some(Parsed { numbers, prerelease: "" });
    }
    let (before, build) = rest.split_once('+').map_or((rest, None), |(before, build)| (before, Some(build)));
    let prerelease = match before.strip_prefix('-') {
        Some(prerelease) if identifiers(prerelease, true) => prerelease,
        None if before.is_empty() => "",
        _ => return None,
    };
    build.is_none_or(|b| identifiers(b, false)).then_some(Parsed { numbers, prerelease })
}

fn identifiers(text: &str, prerelease: bool) -> bool {
    text.split('.').all(|part| {
        let numeric = part.bytes().all(|b| b.is_ascii_digit());
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !(prerelease && numeric && part.len() > 1 && part.starts_with('0'))
    })
}

/// Whether it is a version, with `v`, `go` or nothing before it.
pub fn is_version(version: &str) -> bool {
    parse(version).is_some()
}

/// The order of two versions, each with `v`, `go` or nothing before it.
pub fn compare(a: &str, b: &str) -> Ordering {
    match (parse(a), parse(b)) {
        (Some(a), Some(b)) => {
            let numbers = a.numbers.iter().zip(b.numbers).map(|(a, b)| number(a, b));
            let order = numbers.fold(Ordering::Equal, Ordering::then);
            order.then_with(|| prereleases(a.prerelease, b.prerelease))
        }
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}

/// Numbers of any length without zeros before them.
fn number(a: &str, b: &str) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

fn prereleases(a: &str, b: &str) -> Ordering {
    match (a.is_empty(), b.is_empty()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(a), Some(b)) => {
                let numeric = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
                match (numeric(a), numeric(b)) {
                    (true, true) => number(a, b),
                    (true, false) => Ordering::Less,
                    (false, true) => Ordering::Greater,
                    (false, false) => a.cmp(b),
                }
            }
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// A Go toolchain's version as the database writes it: `go1.20` is `v1.20.0`, `go1.20rc1` is `v1.20.0-rc.1`, what
/// stands after a space is left out. None for a development version or another's build, as govulncheck has it.
pub fn of_toolchain(go: &str) -> Option<String> {
    let tag = go.split_whitespace().next()?;
    if tag == "go1" {
        return Some("v1.0.0".to_owned());
    }
    let rest = tag.strip_prefix("go").filter(|r| *r != "1.0")?;
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    let (numbers, prerelease) = rest.split_at(end);
    let parts: Vec<&str> = numbers.split('.').collect();
    if !(2..=3).contains(&parts.len()) || parts.iter().any(|p| p.is_empty()) {
        return None;
    }
    let patch = parts.get(2).copied().unwrap_or("0");
    let version = format!("v{}.{}.{patch}", parts[0], parts[1]);
    if prerelease.is_empty() {
        return Some(version);
    }
    let digits = |n: &&str| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit());
    ["beta", "rc", "-pre"].iter().find_map(|kind| {
        let n = prerelease.strip_prefix(kind).filter(digits)?;
        Some(format!("{version}-{}.{n}", kind.trim_start_matches('-')))
    })
}

/// The release that another Go comes from: of `go1.26.8-fips` `v1.26.8`, of `devel go1.25-abc` what was before
/// `v1.25.0`. None if it names no release.
pub fn near_toolchain(go: &str) -> Option<String> {
    let rest = &go[go.find("go1.")? + 2..];
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    let numbers: Vec<&str> = rest[..end].trim_end_matches('.').split('.').collect();
    if !(2..=3).contains(&numbers.len()) || numbers.iter().any(|n| n.is_empty()) {
        return None;
    }
    let development = go.starts_with("devel") || rest[end..].starts_with("-devel");
    let before = if development { "-0" } else { "" };
    Some(format!("v{}.{}.{}{before}", numbers[0], numbers[1], numbers.get(2).unwrap_or(&"0")))
}

/// Whether `version` is affected. An unknown version (empty, `(devel)`) never is; a record without ranges means all.
pub(crate) fn is_affected(affected: &Affected, version: &str) -> bool {
    if version.is_empty() || version == "(devel)" {
        return false;
    }
    if affected.ranges.is_empty() {
        return affected.versions.is_empty()
            || affected.versions.iter().any(|v| compare(v, version) == Ordering::Equal);
    }
    affected.ranges.iter().any(|events| holds(events, version))
}

fn holds(events: &[Event], version: &str) -> bool {
    if events.is_empty() {
        return true;
    }
    let mut sorted: Vec<&Event> = events.iter().collect();
    sorted.sort_by(|a, b| match (a.is_the_start(), b.is_the_start()) {
        (false, false) => compare(a.key(), b.key()),
        (a, b) => b.cmp(&a),
    });
    let mut inside = false;
    for event in sorted {
        if !inside && !event.introduced.is_empty() {
            inside = event.is_the_start() || compare(version, &event.introduced) != Ordering::Less;
        } else if inside && !event.fixed.is_empty() {
            inside = compare(version, &event.fixed) == Ordering::Less;
        } else if inside && !event.last_affected.is_empty() {
            inside = compare(version, &event.last_affected) != Ordering::Greater;
        }
    }
    inside
}

/// The first version after `version` that fixes it and is not affected again, with `v`; none if there is no such one.
pub(crate) fn fix_of<'a>(affected: &[&'a Affected], version: &str) -> Option<String> {
    let ranges = || affected.iter().flat_map(|a| a.ranges.iter());
    let mut fixes: Vec<&'a str> = affected
        .iter()
        .flat_map(|a| a.ranges.iter().flatten())
        .map(|e| e.fixed.as_str())
        .filter(|f| !f.is_empty() && compare(version, f) == Ordering::Less)
        .collect();
    fixes.sort_by(|a, b| compare(a, b));
    let fix = fixes.into_iter().find(|fix| !ranges().any(|events| holds(events, fix)))?;
    Some(if fix.starts_with('v') { fix.to_owned() } else { format!("v{fix}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Introduced, fixed.
    type Pairs = &'static [(&'static str, &'static str)];

    fn range(events: &[(&str, &str)]) -> Vec<Event> {
        let event = |&(introduced, fixed): &(&str, &str)| Event {
            introduced: introduced.to_owned(),
            fixed: fixed.to_owned(),
            last_affected: String::new(),
        };
        events.iter().map(event).collect()
    }

    #[test]
    fn order() {
        let ascending = [
            "",
            "v1.0.0-alpha",
            "1.0.0-alpha.1",
            "v1.0.0-alpha.beta",
            "v1.0.0-rc.2",
            "v1.0.0-rc.11",
            "v1",
            "v1.0.1",
            "go1.2",
            "v1.10.0-0.20200101000000-abcdefabcdef",
            "v1.10.0",
            "v2.0.0+incompatible",
            "v10.0.0",
        ];
        for pair in ascending.windows(2) {
            assert_eq!(compare(pair[0], pair[1]), Ordering::Less, "{pair:?}");
            assert_eq!(compare(pair[1], pair[0]), Ordering::Greater, "{pair:?}");
        }
        for (a, b) in [("go1.19", "v1.19.0"), ("v1.2.3+dirty", "1.2.3"), ("v1.01.0", ""), ("v1.0.0-01", "x")]
        {
            assert_eq!(compare(a, b), Ordering::Equal, "{a} {b}");
        }
    }

    #[test]
    fn toolchains() {
        let table = [
            ("go1.26.8", Some("v1.26.8")),
            ("go1.26 X:nodwarf5", Some("v1.26.0")),
            ("go1.20-pre4", Some("v1.20.0-pre.4")),
            ("go1.21rc2", Some("v1.21.0-rc.2")),
            ("go1", Some("v1.0.0")),
            ("go1.0", None),
            ("devel go1.25-abc", None),
            ("go1.26.8-fips", None),
            ("", None),
        ];
        for (go, expected) in table {
            assert_eq!(of_toolchain(go).as_deref(), expected, "{go}");
        }
    }

    #[test]
    fn toolchains_that_are_no_release() {
        let table = [
            ("go1.26.8-fips", Some("v1.26.8")),
            ("go1.26", Some("v1.26.0")),
            ("devel go1.25-abcdef Mon Jan 1", Some("v1.25.0-0")),
            ("go1.27-devel_abc", Some("v1.27.0-0")),
            ("go1.", None),
            ("unknown", None),
            ("", None),
        ];
        for (go, expected) in table {
            assert_eq!(near_toolchain(go).as_deref(), expected, "{go}");
        }
    }

    #[test]
    fn ranges() {
        let table: &[(Pairs, &str, bool)] = &[
            (&[], "v0.0.0", true),
            (&[("0", "")], "v0.0.0", true),
            (&[("0", ""), ("", "2.0.0")], "v1.0.0", true),
            (&[("0", ""), ("", "2.0.0")], "v2.0.0", false),
            (&[("1.0.0", "")], "v1.0.0", true),
            (&[("1.0.0", ""), ("", "2.0.0"), ("3.0.0", "")], "v3.0.0", true),
            (&[("0", ""), ("", "1.18.6"), ("1.19.0", ""), ("", "1.19.1")], "v1.18.6", false),
            (&[("1.19.0", ""), ("", "1.19.1"), ("0", ""), ("", "1.18.6")], "v1.18.1", true),
            (&[("0", ""), ("1.19.0", ""), ("", "1.19.1")], "v1.18.6", true),
            (&[("0", "")], "(devel)", false),
            (&[("0", "")], "", false),
        ];
        for (events, version, expected) in table {
            let affected = Affected { ranges: vec![range(events)], ..Affected::default() };
            assert_eq!(is_affected(&affected, version), *expected, "{events:?} {version}");
        }
        assert!(is_affected(&Affected::default(), "v1.0.0"), "no range means all");
    }

    #[test]
    fn fixes() {
        let of = |ranges: &[&[(&str, &str)]], version| {
            let ranges = ranges.iter().map(|r| range(r)).collect();
            fix_of(&[&Affected { ranges, ..Affected::default() }], version)
        };
        let again: &[(&str, &str)] = &[("0.1.0", ""), ("", "0.1.9"), ("1.0.0", ""), ("", "2.0.0")];
        assert_eq!(of(&[again], "v1.0.0").as_deref(), Some("v2.0.0"));
        let crossed: &[&[(&str, &str)]] =
            &[&[("1.0.0", ""), ("", "1.5.0"), ("2.0.0", ""), ("", "2.1.0")], &[("1.4.0", ""), ("", "1.6.0")]];
        assert_eq!(of(crossed, "v1.0.0").as_deref(), Some("v1.6.0"));
        assert_eq!(of(&[&[("0", "")]], "v1.0.0"), None);
    }
}
