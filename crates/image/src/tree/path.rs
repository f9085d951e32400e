//! Paths in an image: cleaned, and followed through links that never lead out of it.

use super::{Kind, Node, Tree};
use crate::ImageError;

/// As many links as Linux follows.
const MAX_LINKS: usize = 40;

/// A path without `/` at either end, `.` and `..`; what would lead above the root stays at the root.
pub fn clean(path: &str) -> String {
    let mut out: Vec<&str> = vec![];
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out.join("/")
}

impl Tree {
    /// Where a path leads, links followed, the last one too. What is not there is taken as it is said.
    ///
    /// # Errors
    /// [`ImageError::Path`] for links in a circle.
    pub fn resolve(&self, path: &str) -> Result<String, ImageError> {
        self.walk(path, true)
    }

    /// As [`Tree::resolve`], but a link at the end is not followed.
    ///
    /// # Errors
    /// [`ImageError::Path`] for links in a circle.
    pub fn resolve_parent(&self, path: &str) -> Result<String, ImageError> {
        self.walk(path, false)
    }

    /// The entry to which a path leads, with its own path.
    pub fn lookup(&self, path: &str) -> Option<(String, &Node)> {
        let path = self.resolve(path).ok()?;
        let node = self.get(&path)?;
        Some((path, node))
    }

    fn walk(&self, path: &str, last: bool) -> Result<String, ImageError> {
        let mut todo: Vec<String> = path.split('/').rev().map(str::to_owned).collect();
        let mut at: Vec<String> = vec![];
        let mut links = 0;
        while let Some(part) = todo.pop() {
            match part.as_str() {
                "" | "." => continue,
                ".." => {
                    at.pop();
                    continue;
                }
                _ => at.push(part),
            }
            let end = todo.iter().all(|p| matches!(p.as_str(), "" | "."));
            let here = at.join("/");
            let Some(Node { kind: Kind::Symlink(text), .. }) = self.get(&here) else { continue };
            if end && !last {
                continue;
            }
            links += 1;
            if links > MAX_LINKS {
                return Err(ImageError::Path { path: path.to_owned(), why: "its links lead in a circle" });
            }
            at.pop();
            if text.starts_with('/') {
                at.clear();
            }
            todo.extend(text.split('/').rev().map(str::to_owned));
        }
        Ok(at.join("/"))
    }
}
