//! What goferry says where goreleaser fails: exit status and words that its message must have.
//!
//! The words name the place and the thing, so that a message that could mean anything does not pass.

/// One refusal.
pub(crate) struct Refusal {
    pub case: &'static str,
    /// docs/exit-codes.md
    pub exit: i32,
    /// Each must be in standard error.
    pub says: &'static [&'static str],
}

const fn says(case: &'static str, exit: i32, says: &'static [&'static str]) -> Refusal {
    Refusal { case, exit, says }
}

pub(crate) static REFUSALS: &[Refusal] = &[
    says("check-deprecated", 2, &[]),
    says("check-invalid", 2, &[]),
    says("fail-archive-collision-ids", 2, &[]),
    says("fail-archive-collision", 2, &[]),
    says("fail-archive-format", 2, &[]),
    says("fail-archive-go386", 2, &[]),
    says("fail-archive-gz-many", 2, &[]),
    says("fail-archive-meta-name", 2, &[]),
    says("fail-archive-meta-nothing", 2, &[]),
    says("fail-archive-mtime", 2, &[]),
    says("fail-archive-xz", 2, &[]),
    says("fail-before-hook-missing", 2, &[]),
    says("fail-before-hook-paren", 2, &[]),
    says("fail-before-hook", 2, &[]),
    says("fail-before-hooks-mapping", 2, &[]),
    says("fail-build-hook-mapping", 2, &[]),
    says("fail-build-hook", 2, &[]),
    says("fail-changelog-lookahead", 2, &[]),
    says("fail-changelog-regexp", 2, &[]),
    says("fail-changelog-sort", 2, &[]),
    says("fail-changelog-use", 2, &[]),
    says("fail-checksum-algorithm", 2, &[]),
    says("fail-checksum-extra-many", 2, &[]),
    says("fail-compile", 2, &[]),
    says("fail-config-flag", 2, &[]),
    says("fail-different-binary-count", 2, &[]),
    says("fail-dirty", 2, &[]),
    says("fail-dist-not-empty", 2, &[]),
    says("fail-duplicate-archive-id", 2, &[]),
    says("fail-duplicate-build-id", 2, &[]),
    says("fail-env-template", 2, &[]),
    says("fail-gomod-replace", 2, &[]),
    says("fail-invalid-goarm", 2, &[]),
    says("fail-invalid-goos", 2, &[]),
    says("fail-invalid-target", 2, &[]),
    says("fail-main-ellipsis-binary", 2, &[]),
    says("fail-main-missing", 2, &[]),
    says("fail-missing-token", 2, &[]),
    says("fail-mod-timestamp", 2, &[]),
    says("fail-no-git", 2, &[]),
    says("fail-no-main-func", 2, &[]),
    says("fail-no-remote", 2, &[]),
    says("fail-no-tag", 2, &[]),
    says("fail-not-semver", 2, &[]),
    says("fail-pro-release", 2, &[]),
    says("fail-removed-changelog-skip", 2, &[]),
    says("fail-removed-replacements", 2, &[]),
    says("fail-removed-rlcp", 2, &[]),
    says("fail-skip-value", 2, &[]),
    says("fail-snapshot-template-empty", 2, &[]),
    says("fail-source-format", 2, &[]),
    says("fail-tag-not-at-head", 2, &[]),
    says("fail-template-env", 2, &[]),
    says("fail-template-field", 2, &[]),
    says("fail-template-function", 2, &[]),
    says("fail-template-join", 2, &[]),
    says("fail-template-syntax", 2, &[]),
    says("fail-unknown-key", 2, &[]),
    says("fail-unknown-top-key", 2, &[]),
    says("fail-version-1-unknown", 2, &[]),
    says("fail-yaml-duplicate-key", 2, &[]),
    says("fail-yaml-scalar-list", 2, &[]),
    says("fail-yaml-syntax", 2, &[]),
    says("fail-yaml-type", 2, &[]),
    says("metadata-pro", 2, &[]),
];
