//! What is wrong with a repository, as diagnostics with the command that helps.

use super::{GitFacts, StatusEntry};
use crate::ask::ToolError;
use crate::semver::Semver;
use goferry_report::{Code, Diagnostic, Severity};
use std::path::Path;

/// Facts as far as they could be gathered, and everything that is wrong.
#[derive(Clone, Debug)]
pub struct GitReport {
    /// None if there is no usable repository.
    pub facts: Option<GitFacts>,
    /// In the order a user would mend them.
    pub problems: Vec<Diagnostic>,
}

impl GitReport {
    /// The same for a snapshot: nothing stops it, and without a repository it has goreleaser's stand-in facts.
    #[must_use]
    pub fn for_snapshot(mut self) -> Self {
        // A snapshot is by nature made off the tag, from a dirty tree: no word about it.
        self.problems
            .retain(|p| !matches!(p.code, Code::DirtyTree | Code::TagNotAtHead | Code::ShallowClone));
        for p in &mut self.problems {
            p.severity = p.severity.min(Severity::Warning);
        }
        self.facts.get_or_insert_with(GitFacts::none);
        self
    }
}

/// At most this many files are listed for a dirty tree.
const LISTED: usize = 20;

pub(super) fn git_missing() -> Diagnostic {
    Diagnostic::error(Code::NoGit, "the git command was not found")
        .hint_with("install git", "sudo apt-get install git")
        .hint("a snapshot needs no git: --snapshot")
}

pub(super) fn not_a_repository(dir: &Path) -> GitReport {
    let d = Diagnostic::error(Code::NoGit, format!("{} is not in a git repository", dir.display()))
        .hint_with("make it one", "git init && git add . && git commit -m 'first' && git tag v0.1.0")
        .hint("or release a snapshot: --snapshot");
    GitReport { facts: None, problems: vec![d] }
}

pub(super) fn of_failure(dir: &Path, error: &ToolError) -> Diagnostic {
    let stderr = match error {
        ToolError::Failed { stderr, .. } => stderr.as_str(),
        ToolError::Start { .. } => return git_missing().with_note(error.to_string()),
        ToolError::Unreadable { .. } => "",
    };
    if stderr.contains("dubious ownership") {
        let path = quoted_path(stderr).unwrap_or_else(|| dir.display().to_string());
        return Diagnostic::error(
            Code::GitDubiousOwnership,
            "git refuses this repository because another user owns it",
        )
        .hint_with(
            "tell git that it is safe",
            format!("git config --global --add safe.directory {}", shell(&path)),
        )
        .with_note(stderr.trim());
    }
    Diagnostic::error(Code::NoGit, format!("git does not take {} for a repository", dir.display()))
        .with_note(error.to_string())
}

/// `fatal: detected dubious ownership in repository at '/path'`.
fn quoted_path(stderr: &str) -> Option<String> {
    let (_, rest) = stderr.split_once("repository at '")?;
    let line = rest.lines().next()?;
    Some(line.strip_suffix('\'').unwrap_or(line).to_owned())
}

fn shell(path: &str) -> String {
    let plain = path.bytes().all(|b| b.is_ascii_alphanumeric() || b"/._-+@".contains(&b));
    if plain { path.to_owned() } else { format!("'{}'", path.replace('\'', "'\\''")) }
}

pub(super) fn of_facts(facts: &GitFacts) -> Vec<Diagnostic> {
    let mut out = vec![];
    if facts.shallow {
        out.push(
            Diagnostic::warning(
                Code::ShallowClone,
                "the clone is shallow: tags and the changelog may be missing",
            )
            .hint_with("fetch the rest", "git fetch --unshallow --tags")
            .hint_with("in GitHub Actions give actions/checkout this", "fetch-depth: 0"),
        );
    }
    let dirty: Vec<&StatusEntry> = facts.status.iter().filter(|e| !e.own).collect();
    if !dirty.is_empty() {
        out.push(dirty_tree(&dirty));
    }
    if facts.commit == "none" {
        out.push(
            Diagnostic::error(Code::NoTag, "the repository has no commit yet")
                .hint_with("make the first one", "git add . && git commit && git tag v0.1.0"),
        );
    } else if !facts.has_tag {
        out.push(
            Diagnostic::error(Code::NoTag, "the repository has no tag to release")
                .hint_with("tag this commit", "git tag -a v0.1.0 -m v0.1.0")
                .hint("or release a snapshot: --snapshot"),
        );
    } else {
        tag_problems(facts, &mut out);
    }
    out
}

fn tag_problems(facts: &GitFacts, out: &mut Vec<Diagnostic>) {
    let tag = &facts.tag;
    if !facts.tags_at_head.contains(tag) {
        let message = format!("tag {tag} does not point at the checked out commit {}", facts.short_commit);
        out.push(
            Diagnostic::error(Code::TagNotAtHead, message)
                .hint_with("check out the tag", format!("git checkout {tag}"))
                .hint("or tag this commit, or release a snapshot: --snapshot"),
        );
    }
    if Semver::parse_tag(tag).is_none() {
        out.push(
            Diagnostic::error(Code::TagNotSemver, format!("tag {tag} is not a semantic version"))
                .hint("a tag such as v1.2.3 or v1.2.3-rc.1 is")
                .hint("tags of other things are passed over when git.ignore_tags names them"),
        );
    }
}

fn dirty_tree(entries: &[&StatusEntry]) -> Diagnostic {
    let count = entries.len();
    let s = if count == 1 { "" } else { "s" };
    let mut d =
        Diagnostic::error(Code::DirtyTree, format!("the work tree has {count} uncommitted change{s}"));
    for e in entries.iter().take(LISTED) {
        d = d.with_note(format!("{} {}", e.code, e.path));
    }
    if count > LISTED {
        d = d.with_note(format!("and {} more", count - LISTED));
    }
    d.hint_with("commit or stash them", "git stash --include-untracked")
        .hint("or release a snapshot: --snapshot")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dubious_ownership_gives_the_command() {
        let stderr =
            "fatal: detected dubious ownership in repository at '/src/my repo'\nTo add an exception …\n";
        let error = ToolError::Failed { command: "git status".into(), stderr: stderr.into() };
        let d = of_failure(Path::new("."), &error);
        assert_eq!(d.code, Code::GitDubiousOwnership);
        let want = "git config --global --add safe.directory '/src/my repo'";
        assert_eq!(d.hints[0].snippet.as_deref(), Some(want));
    }
}
