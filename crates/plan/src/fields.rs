//! The fields that templates see: those of the release, and those of one artifact or build.

use crate::facts::{ProjectFacts, SourceKind};
use goferry_config::template::{Fields, Semver, Value};
use goferry_target::{Arch, GoTarget};
use std::collections::BTreeMap;

fn rfc3339(unix: i64) -> String {
    jiff::Timestamp::from_second(unix).unwrap_or_default().to_string()
}

/// Where goreleaser's default, a release on GitHub, would be; with nothing between the slashes where there is no remote.
fn release_url(remote: &str, tag: &str) -> String {
    if tag.is_empty() {
        return String::new();
    }
    let mut parts = remote.trim_end_matches(".git").rsplit(['/', ':']);
    let name = parts.next().unwrap_or_default();
    let owner = parts.next().unwrap_or_default();
    format!("https://github.com/{owner}/{name}/releases/tag/{tag}")
}

pub(crate) fn env_map(env: &BTreeMap<String, String>) -> Value {
    Value::from(env.clone())
}

/// The fields of the release. `version` is without its `v`; empty texts stand where git was not read yet.
pub(crate) fn release(
    facts: &ProjectFacts,
    name: &str,
    version: &str,
    env: &BTreeMap<String, String>,
    git_read: bool,
) -> Fields {
    let blank = ProjectFacts::blank_vcs();
    let v = if git_read { &facts.vcs } else { &blank };
    let semver = Semver::parse(&v.tag).unwrap_or_default();
    let text = |s: &str| Value::from(s.to_owned());
    let now = facts.clock.unix;
    let mut f = Fields::default();
    for (key, value) in [
        ("ProjectName", name),
        ("Version", version),
        ("Tag", &v.tag),
        ("PreviousTag", &v.previous_tag),
        ("PrefixedTag", &v.tag),
        ("PrefixedPreviousTag", &v.previous_tag),
        ("PrefixedSummary", &v.summary),
        ("Branch", &v.branch),
        ("Commit", &v.commit),
        ("FullCommit", &v.commit),
        ("ShortCommit", &v.short_commit),
        ("GitURL", &v.url),
        ("Summary", &v.summary),
        ("TagSubject", &v.tag_subject),
        ("TagContents", &v.tag_contents),
        ("TagBody", &v.tag_body),
        ("GitTreeState", if v.dirty { "dirty" } else { "clean" }),
        ("Prerelease", &semver.prerelease),
        ("ModulePath", facts.module_path.as_deref().unwrap_or_default()),
        ("ReleaseURL", &release_url(&v.url, &v.tag)),
        ("ReleaseNotes", ""),
    ] {
        f.set(key, text(value));
    }
    let raw = if v.tag.is_empty() { String::new() } else { semver.raw() };
    f.set("RawVersion", Value::from(raw));
    f.set("CommitDate", Value::from(rfc3339(v.commit_unix)));
    f.set("CommitTimestamp", Value::Int(v.commit_unix));
    f.set("Date", Value::from(rfc3339(now)));
    f.set("Timestamp", Value::Int(now));
    f.set("Now", Value::Time(jiff::Timestamp::from_second(now).unwrap_or_default()));
    for (key, value) in [("Major", semver.major), ("Minor", semver.minor), ("Patch", semver.patch)] {
        f.set(key, Value::Int(i64::try_from(value).unwrap_or(i64::MAX)));
    }
    for (key, value) in [
        ("IsGitDirty", v.dirty),
        ("IsGitClean", !v.dirty),
        ("IsSnapshot", facts.snapshot),
        ("IsNightly", false),
        ("IsDraft", false),
        ("IsSingleTarget", false),
        ("IsRelease", !facts.snapshot),
        ("IsMerging", false),
    ] {
        f.set(key, Value::Bool(value));
    }
    f.set("Env", env_map(env));
    f.set("Outputs", Value::from(BTreeMap::<String, Value>::new()));
    f
}

impl ProjectFacts {
    fn blank_vcs() -> crate::facts::Vcs {
        crate::facts::Vcs::default()
    }

    /// Whether the source is a module from the proxy.
    pub fn is_module(&self) -> bool {
        matches!(self.source, SourceKind::Module { .. })
    }
}

/// Adds the fields that describe a target: `.Os`, `.Arch`, `.Arm`, `.Amd64`, … and `.Target`.
pub(crate) fn with_target(base: &Fields, target: Option<&GoTarget>) -> Fields {
    let mut f = base.clone();
    let variant = |want: fn(Arch) -> bool| match target {
        Some(t) if want(t.arch) => t.arch.variant().unwrap_or_default(),
        _ => String::new(),
    };
    let (os, arch, name) = match target {
        Some(t) => (t.os.goos().to_owned(), t.arch.goarch().to_owned(), t.goreleaser_name()),
        None => ("darwin".to_owned(), "all".to_owned(), "darwin_all".to_owned()),
    };
    for (key, value) in [
        ("Os", os),
        ("Arch", arch),
        ("Target", name),
        ("Arm", variant(|a| matches!(a, Arch::Arm(_)))),
        ("Arm64", variant(|a| matches!(a, Arch::Arm64(_)))),
        ("Amd64", variant(|a| matches!(a, Arch::Amd64(_)))),
        ("I386", variant(|a| matches!(a, Arch::I386(_)))),
        (
            "Mips",
            variant(|a| matches!(a, Arch::Mips(_) | Arch::Mipsle(_) | Arch::Mips64(_) | Arch::Mips64le(_))),
        ),
        ("Ppc64", variant(|a| matches!(a, Arch::Ppc64(_) | Arch::Ppc64le(_)))),
        ("Riscv64", variant(|a| matches!(a, Arch::Riscv64(_)))),
        ("Abi", String::new()),
    ] {
        f.set(key, Value::from(value));
    }
    f
}
