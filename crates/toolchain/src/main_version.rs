//! The version that Go itself stamps into the main module of a checkout, computed without running go.
//!
//! Owns: cmd/go's rule since Go 1.24 (load.setBuildInfo, modfetch's codeRepo.convert on a local repository). Must not:
//! run git or go; the facts come in [`MainVersionFacts`].

use crate::semver::Semver;
use std::cmp::Ordering;

/// What the rule looks at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MainVersionFacts {
    /// Minor version of the Go toolchain: 26 for go1.26.8.
    pub go_minor: u32,
    /// Whether VCS stamping is on (`-buildvcs` is not false), git is there and directory, package and module are in
    /// one repository.
    pub vcs: bool,
    /// Module path of the main module.
    pub module: String,
    /// Module path in the go.mod at the repository's root; empty if there is none.
    pub root_module: String,
    /// Whether the commit at HEAD holds a go.mod at the repository's root.
    pub root_gomod_committed: bool,
    /// Whether the commit at HEAD holds the main module's own go.mod.
    pub gomod_committed: bool,
    /// Full hash of HEAD; empty before the first commit.
    pub head: String,
    /// Committer date of HEAD, seconds since 1970.
    pub commit_time: i64,
    /// Tags that point at HEAD.
    pub tags_at_head: Vec<String>,
    /// Tags on HEAD or one of its ancestors.
    pub tags_merged: Vec<String>,
    /// Whether `git status --porcelain` says anything, untracked files included.
    pub dirty: bool,
}

/// The placeholder for no version.
pub const DEVEL: &str = "(devel)";

/// What `go build` stamps as the main module's version.
pub fn main_version(facts: &MainVersionFacts) -> String {
    derive(facts).unwrap_or_else(|| DEVEL.to_owned())
}

fn derive(facts: &MainVersionFacts) -> Option<String> {
    if facts.go_minor < 24 || !facts.vcs || facts.root_module.is_empty() || facts.head.is_empty() {
        return None;
    }
    let repo = Repo::new(facts)?;
    let version = repo.version()?;
    Some(match (facts.dirty, version.ends_with("+incompatible")) {
        (true, true) => format!("{version}.dirty"),
        (true, false) => format!("{version}+dirty"),
        (false, _) => version,
    })
}

struct Repo<'a> {
    facts: &'a MainVersionFacts,
    /// Directory of the module in the repository, with a slash at its end unless empty.
    tag_prefix: String,
    /// `v2` of `/v2` and `.v2`; empty for v0 and v1.
    major: String,
}

impl<'a> Repo<'a> {
    fn new(facts: &'a MainVersionFacts) -> Option<Self> {
        let (root, _) = split_major(&facts.root_module)?;
        let (prefix, path_major) = split_major(&facts.module)?;
        let dir = if root == facts.module { "" } else { under(prefix, root)? };
        let tag_prefix = if dir.is_empty() { String::new() } else { format!("{dir}/") };
        let major = path_major.trim_start_matches(['/', '.']).trim_end_matches("-unstable").to_owned();
        // A module below the root, or of v2 and later, exists for Go only with its go.mod in the commit.
        let implicit_ok = dir.is_empty() && (path_major.is_empty() || path_major.starts_with('.'));
        (facts.gomod_committed || implicit_ok).then_some(Repo { facts, tag_prefix, major })
    }

    fn version(&self) -> Option<String> {
        let at_head = self.facts.tags_at_head.iter().filter_map(|t| self.tag_version(t));
        let best = at_head.filter(|v| v.build.is_empty() && self.allows(v)).reduce(higher);
        if let Some(tag) = best {
            return Some(self.finish(tag.canonical(), tag.major));
        }
        let merged = self.facts.tags_merged.iter().filter_map(|t| self.tag_version(t));
        let base = merged.filter(|v| self.allows(v)).reduce(higher);
        let short = self.facts.head.get(..12)?;
        let time = jiff::Timestamp::from_second(self.facts.commit_time).ok()?.strftime("%Y%m%d%H%M%S");
        let segment = format!("{time}-{short}");
        Some(match base {
            None => format!("{}.0.0-{segment}", if self.major.is_empty() { "v0" } else { &self.major }),
            Some(b) if b.prerelease.is_empty() => self
                .finish(format!("v{}.{}.{}-0.{segment}", b.major, b.minor, b.patch.checked_add(1)?), b.major),
            Some(b) => self.finish(format!("{}.0.{segment}", b.canonical()), b.major),
        })
    }

    /// The version that a tag means for this module, build metadata kept to know that it is not canonical.
    fn tag_version(&self, tag: &str) -> Option<Semver> {
        if is_pseudo(tag) {
            return None;
        }
        Semver::parse_go(tag.strip_prefix(&self.tag_prefix)?)
    }

    fn matches_major(&self, major: u64) -> bool {
        if self.major.is_empty() { major <= 1 } else { self.major == format!("v{major}") }
    }

    fn allows(&self, v: &Semver) -> bool {
        self.matches_major(v.major) || self.incompatible_ok()
    }

    fn incompatible_ok(&self) -> bool {
        self.tag_prefix.is_empty() && self.major.is_empty() && !self.facts.root_gomod_committed
    }

    fn finish(&self, version: String, major: u64) -> String {
        if self.matches_major(major) { version } else { format!("{version}+incompatible") }
    }
}

fn higher(a: Semver, b: Semver) -> Semver {
    if b.precedence(&a) == Ordering::Greater { b } else { a }
}

fn under<'a>(path: &'a str, root: &str) -> Option<&'a str> {
    match path.strip_prefix(root)? {
        "" => Some(""),
        rest => rest.strip_prefix('/'),
    }
}

/// Splits `/v2` (or gopkg.in's `.v2`) off a module path; none if the suffix is not allowed (`/v1`, `/v02`).
fn split_major(path: &str) -> Option<(&str, &str)> {
    let gopkg = path.starts_with("gopkg.in/");
    let stem = if gopkg { path.strip_suffix("-unstable").unwrap_or(path) } else { path };
    let digits = stem.len() - stem.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let number = &stem[stem.len() - digits..];
    let Some(before) = stem[..stem.len() - digits].strip_suffix('v').filter(|_| digits > 0) else {
        return (!gopkg).then_some((path, ""));
    };
    let cut = if gopkg {
        before.strip_suffix('.')?
    } else {
        match before.strip_suffix('/') {
            Some(cut) => cut,
            None => return Some((path, "")),
        }
    };
    let bad = number.len() > 1 && number.starts_with('0') || !gopkg && matches!(number, "0" | "1");
    (!bad).then(|| path.split_at(cut.len()))
}

/// `vX.Y.Z-[pre.]0.yyyymmddhhmmss-abcdefabcdef`, or with X.0.0 without the `0.` (module.IsPseudoVersion).
pub(crate) fn is_pseudo(version: &str) -> bool {
    let Some(v) = Semver::parse_go(version) else { return false };
    let Some((rest, revision)) = v.prerelease.rsplit_once('-') else { return false };
    let (zero, time) = match rest.rsplit_once('.') {
        Some((pre, time)) => (pre == "0" || pre.ends_with(".0"), time),
        None => ((v.minor, v.patch) == (0, 0), rest),
    };
    zero && revision.len() == 12
        && revision.bytes().all(|b| b.is_ascii_alphanumeric())
        && time.len() == 14
        && time.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn module_paths() {
        for (path, want) in [
            ("example.com/m", Some(("example.com/m", ""))),
            ("example.com/m/v2", Some(("example.com/m", "/v2"))),
            ("example.com/m/v1", None),
            ("example.com/m/v02", None),
            ("example.com/mv2", Some(("example.com/mv2", ""))),
            ("gopkg.in/yaml.v3", Some(("gopkg.in/yaml", ".v3"))),
            ("gopkg.in/yaml", None),
            ("v2", Some(("v2", ""))),
        ] {
            assert_eq!(split_major(path), want, "{path}");
        }
    }

    #[test]
    fn pseudo_versions() {
        assert!(is_pseudo("v0.0.0-20240102030405-abcdefabcdef"));
        assert!(is_pseudo("v1.2.4-0.20240102030405-abcdefabcdef"));
        assert!(is_pseudo("v1.2.3-rc.1.0.20240102030405-abcdefabcdef"));
        assert!(!is_pseudo("v1.2.3-20240102030405-abcdefabcdef"));
        assert!(!is_pseudo("v1.2.3"));
    }
}
