//! Which tag is released, which one came before, what its message says.
//!
//! All of it follows from the commit, the tags and where history is cut, so it can be remembered by these: finding the
//! tag before walks through history.

use super::output::{self, TagRef};
use super::{Asked, GitFacts, Repo, ToolError, join};
use crate::semver::Semver;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::cell::Cell;

/// What was found out about tags in earlier runs.
pub trait TagMemory: Sync {
    /// What was kept under a key.
    fn recall(&self, key: &str) -> Option<String>;
    /// Keeps a text.
    fn keep(&self, key: &str, text: &str);
}

/// The tags as git listed them, with the objects that they are.
pub(super) struct Listed {
    pub(super) raw: Vec<u8>,
    pub(super) tags: Vec<TagRef>,
}

/// What is remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Found {
    tag: Option<String>,
    merged: Vec<String>,
    contents: [String; 3],
    previous: String,
}

impl Repo<'_> {
    pub(super) fn find_tags(&self, facts: &mut GitFacts, listed: &Listed, cut: &[u8]) -> Asked<()> {
        facts.tags_at_head = names_at(&listed.tags, &facts.commit);
        let key = self.key(&facts.commit, listed, cut);
        let known = self.memory.and_then(|m| m.recall(&key)).and_then(|t| serde_json::from_str(&t).ok());
        let found = match known {
            Some(found) => found,
            None => {
                // A git that failed for another reason than that there is no tag may find one the next time.
                let sure = Cell::new(true);
                let found = self.look_for_tags(&facts.tags_at_head, &listed.tags, &sure)?;
                if let (Some(memory), true, Ok(text)) =
                    (self.memory, sure.get(), serde_json::to_string(&found))
                {
                    memory.keep(&key, &text);
                }
                found
            }
        };
        facts.tags_merged = found.merged;
        if let Some(tag) = found.tag {
            [facts.tag_subject, facts.tag_contents, facts.tag_body] = found.contents;
            (facts.tag, facts.previous_tag, facts.has_tag) = (tag, found.previous, true);
        }
        Ok(())
    }

    fn key(&self, commit: &str, listed: &Listed, cut: &[u8]) -> String {
        let q = self.query;
        let words = [&q.current_tag, &q.previous_tag, &q.tag_sort, &q.prerelease_suffix];
        let mut hasher = Sha256::new();
        let parts = words.into_iter().chain(&q.ignore_tags).map(String::as_bytes);
        for part in parts.chain([commit.as_bytes(), &listed.raw, cut]) {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        hasher.finalize().iter().map(|b| format!("{b:02x}")).collect()
    }

    fn look_for_tags(&self, at_head: &[String], tags: &[TagRef], sure: &Cell<bool>) -> Asked<Found> {
        let tag = if self.query.current_tag.is_empty() {
            match self.not_ignored(at_head) {
                Some(tag) => Some(tag),
                None => self.describe("HEAD", sure).filter(|t| !self.query.ignore_tags.contains(t)),
            }
        } else {
            Some(self.query.current_tag.clone())
        };
        let mut found = Found { tag, ..Found::default() };
        if !at_head.iter().any(|t| Semver::parse_go(t).is_some_and(|v| v.build.is_empty())) {
            let merged = self.ask_words(
                "list the tags before HEAD",
                &["for-each-ref", "--merged=HEAD", "--format=%(refname:strip=2)", "refs/tags"],
            )?;
            found.merged = String::from_utf8_lossy(&merged).lines().map(str::to_owned).collect();
        }
        let Some(tag) = &found.tag else { return Ok(found) };
        let (contents, previous) = std::thread::scope(|s| {
            let args = ["tag", "-l", output::CONTENTS_FORMAT, tag];
            let contents = s.spawn(move || self.ask_words("read the tag", &args));
            let previous = self.previous(tag, tags, sure);
            (join(contents), previous)
        });
        found.contents = output::parse_contents(&contents?);
        found.previous = previous.unwrap_or_default();
        Ok(found)
    }

    /// The first of the tags at the commit that git describes the tag's parent with.
    fn previous(&self, current: &str, tags: &[TagRef], sure: &Cell<bool>) -> Option<String> {
        if !self.query.previous_tag.is_empty() {
            return Some(self.query.previous_tag.clone());
        }
        let described = self.describe(&format!("tags/{current}^"), sure)?;
        let commit = &tags.iter().find(|t| t.name == described)?.commit;
        self.not_ignored(&names_at(tags, commit))
    }

    fn describe(&self, what: &str, sure: &Cell<bool>) -> Option<String> {
        let mut args: Vec<String> = ["describe", "--tags", "--abbrev=0", what].map(str::to_owned).into();
        args.extend(self.query.ignore_tags.iter().map(|t| format!("--exclude={t}")));
        match self.ask("find the tag before", args) {
            Ok(out) => Some(output::first_line(&out)).filter(|t| !t.is_empty()),
            Err(e) => {
                sure.set(sure.get() && says_there_is_none(&e));
                None
            }
        }
    }

    fn not_ignored(&self, tags: &[String]) -> Option<String> {
        tags.iter().find(|t| !self.query.ignore_tags.contains(t)).cloned()
    }
}

/// No tag at or before the commit, or (of a first commit) no parent.
fn says_there_is_none(e: &ToolError) -> bool {
    let said = ["fatal: No names found", "fatal: No tags can describe", "fatal: Not a valid object name"];
    matches!(e, ToolError::Failed { stderr, .. } if said.iter().any(|s| stderr.starts_with(s)))
}

fn names_at(tags: &[TagRef], commit: &str) -> Vec<String> {
    tags.iter().filter(|t| t.commit == commit).map(|t| t.name.clone()).collect()
}
