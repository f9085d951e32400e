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
    says("check-invalid", 2, &["[unknown-target]", "`linus`", ".goreleaser.yaml:3:"]),
    says(
        "fail-archive-collision",
        2,
        &["[archive-name-collision]", "fail-archive-collision_linux_arm64_v9.0/fail-archive-collision"],
    ),
    says(
        "fail-archive-collision-ids",
        2,
        &["[archive-name-collision]", "_linux_amd64.tar.gz", ".goreleaser.yaml:7:5"],
    ),
    says(
        "fail-archive-format",
        2,
        &["[config-value]", "`archives[0].formats[0]`", "`rar`", ".goreleaser.yaml:6:15"],
    ),
    says(
        "fail-archive-go386",
        2,
        &["[archive-name-collision]", "linux_386_softfloat", ".goreleaser.yaml:7:5"],
    ),
    says("fail-archive-gz-many", 1, &["_linux_amd64.gz", "`gz` holds exactly one file"]),
    says("fail-archive-meta-name", 1, &["fail-archive-meta-name_", "no files"]),
    says("fail-archive-meta-nothing", 1, &["meta.tar.gz", "no files"]),
    says("fail-archive-mtime", 2, &["`yesterday` is not a time", ".goreleaser.yaml:8:23"]),
    says("fail-before-hook", 1, &["[hook-failed]", "sh -c 'echo err >&2; exit 3'", "exit status 3"]),
    says("fail-before-hook-missing", 5, &["[tool-missing]", "no-such-program --flag"]),
    says("fail-before-hook-paren", 2, &["[hook-split]", "echo (x)", ".goreleaser.yaml:3:11"]),
    says("fail-build-hook", 1, &["[hook-failed]", "`false`", "exit status 1"]),
    says("fail-changelog-lookahead", 2, &["changelog", "(?!"]),
    says("fail-changelog-regexp", 2, &["changelog", "`(`"]),
    says("fail-changelog-sort", 2, &["`changelog.sort` cannot be `up`", ".goreleaser.yaml:5:9"]),
    says("fail-changelog-use", 2, &["`changelog.use` cannot be `svn`", ".goreleaser.yaml:5:8"]),
    says("fail-checksum-algorithm", 2, &["`checksum.algorithm` cannot be `md4`", ".goreleaser.yaml:6:14"]),
    says("fail-checksum-extra-many", 2, &["checksum.extra_files", "`*.md` matches 2 files"]),
    says("fail-compile", 1, &["[build-failed]", "linux/amd64", "main.go:3:15: undefined: undefined"]),
    says("fail-config-flag", 2, &["[config-missing]", "nowhere.yaml"]),
    says("fail-different-binary-count", 2, &["[binary-count-differs]", "archive `default`"]),
    says("fail-dirty", 2, &["[dirty-tree]", "untracked.txt"]),
    says("fail-dist-not-empty", 2, &["[dist-not-empty]", "left-over.txt", "--clean"]),
    says("fail-duplicate-archive-id", 2, &["[duplicate-id]", "`default`", ".goreleaser.yaml:4:5"]),
    says(
        "fail-duplicate-build-id",
        2,
        &["[duplicate-id]", "`fail-duplicate-build-id`", ".goreleaser.yaml:4:5"],
    ),
    says("fail-env-template", 2, &["[template-error]", "NOT_SET_ANYWHERE", ".goreleaser.yaml:2:7"]),
    says("fail-gomod-replace", 2, &["[module-replace]", "gomod.proxy", "go.mod:"]),
    says("fail-invalid-goarm", 2, &["[unknown-target]", "`9`", "goarm", ".goreleaser.yaml:4:13"]),
    says("fail-invalid-goos", 2, &["[unknown-target]", "`linus`", ".goreleaser.yaml:3:12"]),
    says("fail-invalid-target", 2, &["[unknown-target]", "`linux` is not a target", ".goreleaser.yaml:3:15"]),
    says("fail-main-ellipsis-binary", 2, &["./...", "binary", ".goreleaser.yaml:"]),
    says("fail-main-missing", 2, &["[main-missing]", "./cmd/nowhere", ".goreleaser.yaml:3:11"]),
    says("fail-missing-token", 2, &["[publish-unavailable]", "--skip=publish"]),
    says("fail-mod-timestamp", 2, &["`now` is not a time", ".goreleaser.yaml:5:20"]),
    says("fail-no-git", 2, &["[no-git]", "$ROOT"]),
    says("fail-no-main-func", 1, &["linux/amd64", "function main is undeclared"]),
    says("fail-no-tag", 2, &["[no-tag]", "--snapshot"]),
    says("fail-not-semver", 2, &["[tag-not-semver]", "release-one"]),
    says("fail-removed-changelog-skip", 2, &["[removed-key]", "`changelog.skip`", ".goreleaser.yaml:3:3"]),
    says(
        "fail-removed-replacements",
        2,
        &["[removed-key]", "`archives[0].replacements`", ".goreleaser.yaml:3:5"],
    ),
    says("fail-removed-rlcp", 2, &["[removed-key]", "`archives[0].rlcp`", ".goreleaser.yaml:3:5"]),
    says("fail-skip-value", 2, &["[unknown-skip]", "--skip=everything"]),
    says("fail-snapshot-template-empty", 2, &["snapshot.version_template", ".goreleaser.yaml:6:21"]),
    says("fail-source-format", 2, &["`source.format` cannot be `tar.xz`", ".goreleaser.yaml:6:11"]),
    says("fail-tag-not-at-head", 2, &["[tag-not-at-head]", "v1.0.0", "cf8981e"]),
    says("fail-template-env", 2, &["NOT_SET_ANYWHERE", ".goreleaser.yaml:5:15"]),
    says("fail-template-field", 2, &["\"Nope\"", ".goreleaser.yaml:6:20"]),
    says("fail-template-function", 2, &["\"upper\" not defined", ".goreleaser.yaml:6:20"]),
    says("fail-template-join", 2, &["join", ".goreleaser.yaml:6:20"]),
    says("fail-template-syntax", 2, &["unclosed action", ".goreleaser.yaml:6:20"]),
    says("fail-unknown-key", 2, &["[unknown-key]", "`gooss`", "`goos`", ".goreleaser.yaml:4:5"]),
    says("fail-unknown-top-key", 2, &["[unknown-key]", "`archive`", "`archives`", ".goreleaser.yaml:2:1"]),
    says(
        "fail-version-1-unknown",
        2,
        &["`archives[0].replacements`", ".goreleaser.yaml:3:5", ".goreleaser.yaml:1:10"],
    ),
    says("fail-yaml-duplicate-key", 2, &["`dist` is written twice", ".goreleaser.yaml:3:1"]),
    says("fail-yaml-scalar-list", 2, &["`builds[0].goarm` must be a list", ".goreleaser.yaml:4:12"]),
    says("fail-yaml-syntax", 2, &["[config-syntax]", ".goreleaser.yaml:3"]),
    says("fail-yaml-type", 2, &["`builds` must be a list", ".goreleaser.yaml:3:3"]),
    says("upx-missing", 5, &["[tool-missing]", "./no-such-upx"]),
];
