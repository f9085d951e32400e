//! Semantic versions in two readings: Go's strict one with its `v`, and the lenient one that goreleaser takes tags by.
//!
//! Owns: parsing and precedence (semver.org 2.0.0, golang.org/x/mod/semver). Must not: know git or modules.

use std::cmp::Ordering;

/// A version, parsed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Semver {
    /// Major.
    pub major: u64,
    /// Minor.
    pub minor: u64,
    /// Patch.
    pub patch: u64,
    /// Without its `-`; empty if there is none.
    pub prerelease: String,
    /// Build metadata without its `+`; empty if there is none.
    pub build: String,
}

impl Semver {
    /// `vMAJOR.MINOR.PATCH[-PRE][+BUILD]` as Go's modules want it; short forms are none.
    pub fn parse_go(text: &str) -> Option<Semver> {
        let version = Self::parse_tag(text)?;
        let core = text.strip_prefix('v')?.split(['-', '+']).next()?;
        (core.split('.').count() == 3).then_some(version)
    }

    /// As goreleaser reads a tag (Masterminds/semver NewVersion): `v` and the lesser numbers may be missing.
    pub fn parse_tag(text: &str) -> Option<Semver> {
        let rest = text.strip_prefix('v').unwrap_or(text);
        let (rest, build) = rest.split_once('+').map_or((rest, None), |(r, b)| (r, Some(b)));
        let (core, prerelease) = rest.split_once('-').map_or((rest, None), |(c, p)| (c, Some(p)));
        let mut numbers = [0; 3];
        for (n, part) in core.split('.').enumerate() {
            *numbers.get_mut(n)? = number(part)?;
        }
        let well_formed = |ids: Option<&str>, strict: bool| {
            ids.is_none_or(|ids| ids.split('.').all(|id| is_identifier(id) && !(strict && is_bad_number(id))))
        };
        if !well_formed(prerelease, true) || !well_formed(build, false) {
            return None;
        }
        let [major, minor, patch] = numbers;
        let owned = |s: Option<&str>| s.unwrap_or_default().to_owned();
        Some(Semver { major, minor, patch, prerelease: owned(prerelease), build: owned(build) })
    }

    /// `vMAJOR.MINOR.PATCH[-PRE]`, without build metadata.
    pub fn canonical(&self) -> String {
        let dash = if self.prerelease.is_empty() { "" } else { "-" };
        format!("v{}.{}.{}{dash}{}", self.major, self.minor, self.patch, self.prerelease)
    }

    /// Precedence (semver.org, 11); build metadata does not count.
    pub fn precedence(&self, other: &Semver) -> Ordering {
        let core = |v: &Semver| (v.major, v.minor, v.patch);
        core(self).cmp(&core(other)).then_with(|| compare_prerelease(&self.prerelease, &other.prerelease))
    }
}

fn number(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (plain && (text == "0" || !text.starts_with('0'))).then(|| text.parse().ok())?
}

fn is_identifier(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn is_bad_number(id: &str) -> bool {
    id.len() > 1 && id.starts_with('0') && id.bytes().all(|b| b.is_ascii_digit())
}

fn compare_prerelease(a: &str, b: &str) -> Ordering {
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
            (Some(x), Some(y)) => compare_identifiers(x, y),
        };
        if order.is_ne() {
            return order;
        }
    }
}

fn compare_identifiers(x: &str, y: &str) -> Ordering {
    let numeric = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    match (numeric(x), numeric(y)) {
        // Without leading zeros the longer number is the greater one; no overflow however long it is.
        (true, true) => x.len().cmp(&y.len()).then_with(|| x.cmp(y)),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => x.cmp(y),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_readings() {
        for (text, go, tag) in [
            ("v1.2.3", true, true),
            ("1.2.3", false, true),
            ("v1.2", false, true),
            ("v1", false, true),
            ("v1.2.3-rc.1+meta", true, true),
            ("v1.2.3-01", false, false),
            ("v01.2.3", false, false),
            ("v1.2.3.4", false, false),
            ("v1.2.3-", false, false),
            ("release-1", false, false),
            ("", false, false),
            ("v99999999999999999999.0.0", false, false),
        ] {
            assert_eq!(
                (Semver::parse_go(text).is_some(), Semver::parse_tag(text).is_some()),
                (go, tag),
                "{text}"
            );
        }
    }

    #[test]
    fn precedence_of_the_specification() {
        let order = [
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "1.0.1",
        ];
        let parsed: Vec<_> = order.iter().map(|v| Semver::parse_tag(v).unwrap()).collect();
        for pair in parsed.windows(2) {
            assert_eq!(pair[0].precedence(&pair[1]), Ordering::Less, "{pair:?}");
        }
    }
}
