//! `.dockerignore`: what of a folder is no part of the context (moby `patternmatcher`).

use super::pattern::Pattern;
use crate::Tree;
use crate::tree::clean;

/// The patterns of a `.dockerignore`.
#[derive(Clone, Debug, Default)]
pub struct Ignore {
    /// Whether it takes back, and what.
    patterns: Vec<(bool, Pattern)>,
}

impl Ignore {
    /// Reads one; patterns that are malformed are left out.
    pub fn parse(text: &str) -> Ignore {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut patterns = vec![];
        for line in text.lines() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (back, pattern) = match line.strip_prefix('!') {
                Some(p) => (true, p.trim()),
                None => (false, line),
            };
            let pattern = clean(pattern);
            if !pattern.is_empty() {
                patterns.extend(Pattern::new(&pattern, true).map(|p| (back, p)));
            }
        }
        Ignore { patterns }
    }

    /// Of patterns of `--exclude`.
    pub(super) fn of(patterns: &[String]) -> Ignore {
        Ignore::parse(&patterns.join("\n"))
    }

    /// Whether a path is left out: the last pattern counts that fits it or a folder above it.
    pub fn hides(&self, path: &str) -> bool {
        let above = || path.match_indices('/').map(|(at, _)| &path[..at]).chain([path]);
        let mut hidden = false;
        for (back, pattern) in &self.patterns {
            if *back == hidden && above().any(|p| pattern.fits(p)) {
                hidden = !back;
            }
        }
        hidden
    }

    /// Takes what is left out from a tree; folders stay that hold something.
    pub fn apply(&self, tree: &mut Tree) {
        if self.patterns.is_empty() {
            return;
        }
        let hidden: Vec<String> =
            tree.iter().map(|(p, _)| p.to_owned()).filter(|p| !p.is_empty() && self.hides(p)).collect();
        // The deepest first: a folder goes once it is empty.
        for path in hidden.iter().rev() {
            if tree.below(path).next().is_none() {
                tree.remove(path);
            }
        }
    }
}
