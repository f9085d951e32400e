use crate::bed::{Bed, host, program};
use goferry_report::{Code, Severity};
use goferry_toolchain::git::{self, GitFacts, GitQuery, GitReport};

fn report(bed: &Bed, query: GitQuery) -> GitReport {
    git::inspect(&host(), &program("git"), &GitQuery { dir: bed.path(), ..query })
}

fn facts(bed: &Bed, query: GitQuery) -> GitFacts {
    report(bed, query).facts.unwrap()
}

fn codes(report: &GitReport) -> Vec<Code> {
    report.problems.iter().map(|p| p.code).collect()
}

#[test]
fn a_release() {
    let bed = Bed::repository();
    bed.git(&["remote", "add", "origin", "https://me:secret@example.com/a/b.git"]);
    bed.write("a", "1").commit("first").tag("v0.9.0").write("a", "2");
    bed.commit("second");
    bed.git(&["tag", "-a", "v1.0.0", "-m", "Subject it's\n\nBody one.\nBody two."]);
    let report = report(&bed, GitQuery::default());
    assert_eq!(codes(&report), []);
    let f = report.facts.unwrap();
    assert_eq!(f.root, bed.path());
    assert_eq!((f.commit.as_str(), f.short_commit.len()), (bed.git(&["rev-parse", "HEAD"]).as_str(), 7));
    assert_eq!((f.tag.as_str(), f.previous_tag.as_str(), f.version()), ("v1.0.0", "v0.9.0", "1.0.0"));
    assert_eq!((f.commit_date.as_str(), f.commit_timestamp), ("2024-01-02T01:02:05Z", 1_704_157_325));
    assert_eq!((f.branch.as_str(), f.summary.as_str()), ("main", "v1.0.0"));
    assert_eq!(f.url, "https://example.com/a/b.git");
    assert_eq!((f.tag_subject.as_str(), f.tag_body.as_str()), ("Subject its", "Body one.\nBody two."));
    assert_eq!(f.tag_contents, "Subject its\n\nBody one.\nBody two.");
    assert_eq!(
        (f.author.name.as_str(), f.committer.email.as_str()),
        ("Fixture Author", "author@example.com")
    );
    assert!(!f.shallow && !f.is_dirty());
}

#[test]
fn everything_wrong_is_said_at_once() {
    let bed = Bed::repository();
    bed.write("a", "1").commit("first").tag("not-a-version").write("a", "2");
    bed.commit("second");
    bed.write("a", "3").write("new file", "x");
    let report = report(&bed, GitQuery::default());
    assert_eq!(codes(&report), [Code::DirtyTree, Code::TagNotAtHead, Code::TagNotSemver]);
    assert_eq!(report.problems[0].notes, [" M a", "?? new file"]);
    let f = report.facts.as_ref().unwrap();
    assert!(f.summary.starts_with("not-a-version-1-g") && f.summary.ends_with("-dirty"), "{}", f.summary);
    let snapshot = report.for_snapshot();
    let errors: Vec<_> = snapshot.problems.iter().filter(|p| p.severity == Severity::Error).collect();
    assert!(errors.is_empty(), "goreleaser, too, takes what is no version for one: {errors:?}");
}

#[test]
fn our_own_files_are_not_dirt() {
    let bed = Bed::repository();
    bed.write(".gitignore", "*.o\n").write("a", "1").commit("first").tag("v1.0.0");
    bed.write("dist/x", "").write("goferry.toml", "").write(".gitignore", "*.o\ndist/\n");
    std::fs::remove_dir_all(bed.path().join("dist")).unwrap();
    assert_eq!(codes(&report(&bed, GitQuery::default())), []);
    bed.write(".gitignore", "*.o\n").write("dist/x", "");
    assert!(!facts(&bed, GitQuery::default()).is_dirty());
    assert!(facts(&bed, GitQuery { dist: "out".into(), ..GitQuery::default() }).is_dirty());
    bed.write(".gitignore", "*.o\ndist/\nmore\n");
    assert_eq!(codes(&report(&bed, GitQuery::default())), [Code::DirtyTree]);
}

#[test]
fn which_tag() {
    let bed = Bed::repository();
    bed.write("a", "1").commit("first").tag("v0.1.0").tag("nightly").write("a", "2");
    bed.commit("second").tag("v1.9.0").tag("v1.10.0").tag("v1.10.0-rc.1").tag("nightly2");
    let tag = |query| {
        let f = facts(&bed, query);
        (f.tag, f.previous_tag)
    };
    let both = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    let ask = GitQuery::default;
    // Like git tag --sort -version:refname: a suffix sorts after the release unless versionsort.suffix names it.
    assert_eq!(tag(ask()), both("v1.10.0-rc.1", "v0.1.0"));
    assert_eq!(tag(GitQuery { prerelease_suffix: "-".into(), ..ask() }).0, "v1.10.0");
    assert_eq!(tag(GitQuery { tag_sort: "semver".into(), ..ask() }).0, "v1.10.0");
    assert_eq!(
        tag(GitQuery { ignore_tags: vec!["v1.10.0-rc.1".into(), "v1.10.0".into()], ..ask() }).0,
        "v1.9.0"
    );
    assert_eq!(
        tag(GitQuery { current_tag: "v1.9.0".into(), previous_tag: "x".into(), ..ask() }),
        both("v1.9.0", "x")
    );
}

#[test]
fn repositories_without_something() {
    let bed = Bed::empty();
    let outside = report(&bed, GitQuery::default());
    assert_eq!(codes(&outside), [Code::NoGit]);
    let stand_in = outside.for_snapshot();
    assert_eq!(stand_in.problems[0].severity, Severity::Warning);
    let f = stand_in.facts.unwrap();
    assert_eq!(
        (f.tag.as_str(), f.commit.as_str(), f.commit_date.as_str()),
        ("v0.0.0", "none", "0001-01-01T00:00:00Z")
    );

    let bed = Bed::repository();
    assert_eq!(codes(&report(&bed, GitQuery::default())), [Code::NoTag]);
    bed.write("a", "1").commit("first");
    let untagged = report(&bed, GitQuery::default());
    assert_eq!(codes(&untagged), [Code::NoTag]);
    let f = untagged.facts.unwrap();
    assert_eq!((f.tag.as_str(), f.commit.len()), ("v0.0.0", 40));
}

#[test]
fn a_shallow_clone_warns() {
    let bed = Bed::repository();
    bed.write("a", "1").commit("first").write("a", "2");
    bed.commit("second").tag("v1.0.0");
    let url = format!("file://{}", bed.path().display());
    let clone = Bed::empty();
    clone.git(&["clone", "-q", "--depth=1", "-b", "v1.0.0", &url, "c"]);
    let query = GitQuery { dir: clone.path().join("c"), ..GitQuery::default() };
    let report = git::inspect(&host(), &program("git"), &query);
    assert_eq!(codes(&report), [Code::ShallowClone]);
    let f = report.facts.unwrap();
    assert_eq!((f.branch.as_str(), f.tag.as_str(), f.url.as_str()), ("HEAD", "v1.0.0", url.as_str()));
}

/// The tags that goreleaser 2.15.1 chose in the same repositories (tests/goldens/git-*.json).
#[test]
fn tags_as_goreleaser_chooses_them() {
    let golden = |case: &str| {
        let path = format!("{}/../../tests/goldens/{case}.json", env!("CARGO_MANIFEST_DIR"));
        let golden: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let word = |key: &str| golden["metadata"][key].as_str().unwrap().to_owned();
        (word("tag"), word("previous_tag"), word("version"))
    };
    let words = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
    let ask = GitQuery::default;
    type Case = (&'static str, &'static [&'static [&'static str]], GitQuery);
    let cases: [Case; 6] = [
        ("git-two-tags", &[&["v1.9.0", "v1.10.0", "v1.10.0-rc.1"]], ask()),
        (
            "git-prerelease-suffix",
            &[&[], &["v0.9.0-rc.2", "v0.9.0"], &["v1.0.0", "v1.0.0-rc.1"]],
            GitQuery { prerelease_suffix: "-".into(), ..ask() },
        ),
        (
            "git-tag-sort",
            &[&[], &[], &["v1.10.0", "v1.9.0"]],
            GitQuery { tag_sort: "-version:creatordate".into(), ..ask() },
        ),
        (
            "git-ignore-tags",
            &[&[], &["v1.0.0"], &["api/v1.5.0"], &["nightly", "v2.0.0", "v3.0.0-ignored"]],
            GitQuery { ignore_tags: words(&["nightly", "api/*", "v3.0.0-ignored"]), ..ask() },
        ),
        (
            "git-current-tag-env",
            &[&[], &["v0.1.0"], &["v0.2.0"], &["v1.1.0", "v1.2.0"]],
            GitQuery { current_tag: "v1.1.0".into(), previous_tag: "v0.1.0".into(), ..ask() },
        ),
        ("git-no-v", &[&["1.2.3"]], ask()),
    ];
    for (case, commits, query) in cases {
        let bed = Bed::repository();
        for tags in commits {
            bed.commit("message");
            tags.iter().for_each(|t| _ = bed.tag(t));
        }
        let report = report(&bed, query);
        assert_eq!(codes(&report), [], "{case}");
        let f = report.facts.unwrap();
        let version = f.version().to_owned();
        assert_eq!((f.tag, f.previous_tag, version), golden(case), "{case}");
    }
}

#[test]
#[cfg(unix)]
fn dubious_ownership_names_the_command() {
    use std::os::unix::fs::PermissionsExt;
    let bed = Bed::repository();
    bed.write("a", "1").commit("first");
    // git's own switch for testing this; a real second owner would need root.
    let tools = Bed::empty();
    let script = format!(
        "#!/bin/sh\nGIT_TEST_ASSUME_DIFFERENT_OWNER=1 GIT_CONFIG_GLOBAL=/dev/null exec {} \"$@\"\n",
        program("git").display()
    );
    tools.write("git", &script);
    let git = tools.path().join("git");
    std::fs::set_permissions(&git, PermissionsExt::from_mode(0o755)).unwrap();
    let report = git::inspect(&host(), &git, &GitQuery { dir: bed.path(), ..GitQuery::default() });
    assert_eq!(codes(&report), [Code::GitDubiousOwnership]);
    let want = format!("git config --global --add safe.directory {}", bed.path().display());
    assert_eq!(report.problems[0].hints[0].snippet.as_deref(), Some(want.as_str()));
}
