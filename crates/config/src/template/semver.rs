//! Owns: reading a tag as a semantic version and counting it up, as goreleaser (Masterminds/semver 3) does.

use std::fmt;

/// A semantic version; its default is 0.0.0. `v1.2` reads as 1.2.0; leading zeroes of the numbers are accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Semver {
    /// `.Major`.
    pub major: u64,
    /// `.Minor`.
    pub minor: u64,
    /// `.Patch`.
    pub patch: u64,
    /// `.Prerelease`, without the hyphen; empty if none.
    pub prerelease: String,
    /// Build metadata, without the plus; empty if none.
    pub metadata: String,
}

/// A text that is no semantic version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a semantic version: {reason}")]
pub struct SemverError {
    /// The text.
    pub text: String,
    /// Why not.
    pub reason: &'static str,
}

impl Semver {
    /// Reads a tag or version: `v1.2.3-rc.1+x`, the `v` and all but the first number being optional.
    ///
    /// # Errors
    /// Anything else, and prerelease numbers with leading zeroes.
    pub fn parse(text: &str) -> Result<Semver, SemverError> {
        read(text).map_err(|reason| SemverError { text: text.to_owned(), reason })
    }

    /// `.RawVersion`: the three numbers.
    pub fn raw(&self) -> String {
        format!("{}.{}.{}", self.major, self.minor, self.patch)
    }

    pub(super) fn next_major(&self) -> Semver {
        Semver { major: self.major.saturating_add(1), minor: 0, patch: 0, ..Semver::bare(self) }
    }

    pub(super) fn next_minor(&self) -> Semver {
        Semver { minor: self.minor.saturating_add(1), patch: 0, ..Semver::bare(self) }
    }

    /// The next patch; of a prerelease, the release it precedes.
    pub(super) fn next_patch(&self) -> Semver {
        let step = u64::from(self.prerelease.is_empty());
        Semver { patch: self.patch.saturating_add(step), ..Semver::bare(self) }
    }

    fn bare(&self) -> Semver {
        Semver { prerelease: String::new(), metadata: String::new(), ..self.clone() }
    }
}

impl fmt::Display for Semver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)?;
        if !self.prerelease.is_empty() {
            write!(f, "-{}", self.prerelease)?;
        }
        if !self.metadata.is_empty() {
            write!(f, "+{}", self.metadata)?;
        }
        Ok(())
    }
}

fn read(text: &str) -> Result<Semver, &'static str> {
    let rest = text.strip_prefix('v').unwrap_or(text);
    let (rest, metadata) = rest.split_once('+').map_or((rest, None), |(r, m)| (r, Some(m)));
    let (numbers, prerelease) = rest.split_once('-').map_or((rest, None), |(r, p)| (r, Some(p)));
    let mut counted = [0; 3];
    for (i, part) in numbers.split('.').enumerate() {
        if part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit()) {
            return Err("it does not start with one to three numbers");
        }
        let slot = counted.get_mut(i).ok_or("it has more than three numbers")?;
        *slot = part.parse().map_err(|_| "a number is too large")?;
    }
    for identifiers in [prerelease, metadata].into_iter().flatten() {
        if identifiers
            .split('.')
            .any(|i| i.is_empty() || !i.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
        {
            return Err(
                "prerelease or metadata has an empty part or another character than letters, digits and hyphen",
            );
        }
    }
    let leading_zero = |i: &str| i.len() > 1 && i.starts_with('0') && i.bytes().all(|b| b.is_ascii_digit());
    if prerelease.is_some_and(|p| p.split('.').any(leading_zero)) {
        return Err("a number of the prerelease starts with 0");
    }
    let [major, minor, patch] = counted;
    let owned = |part: Option<&str>| part.unwrap_or_default().to_owned();
    Ok(Semver { major, minor, patch, prerelease: owned(prerelease), metadata: owned(metadata) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_tags() {
        for (tag, printed) in [
            ("v1.2.3", "1.2.3"),
            ("1.2", "1.2.0"),
            ("v1", "1.0.0"),
            ("v01.02.03", "1.2.3"),
            ("1.2.3-rc.1+build.5", "1.2.3-rc.1+build.5"),
            ("1.2.3+a-b", "1.2.3+a-b"),
            ("1-x", "1.0.0-x"),
        ] {
            assert_eq!(Semver::parse(tag).unwrap().to_string(), printed, "{tag}");
        }
        for tag in [
            "",
            "v",
            "x1.2.3",
            "1.2.3.4",
            "1..2",
            "1.2.3-",
            "1.2.3-01",
            "1.2.3-a_b",
            "99999999999999999999",
            "vv1",
        ] {
            assert!(Semver::parse(tag).is_err(), "{tag}");
        }
    }
}
