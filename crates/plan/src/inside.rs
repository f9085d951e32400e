//! Whether what a release writes stays in its output folder.
//!
//! Owns: reading names that templates gave. Must not: look at the disk.

use crate::graph::{Stage, Step};
use goferry_report::{Code, Diagnostic};

/// A path without `.`, `..` and double slashes, below `/`.
pub(crate) fn absolute(path: &str) -> String {
    let mut parts: Vec<&str> = vec![];
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// What is wrong with the path of a file relative to dist; none if it is in there.
pub(crate) fn outside(file: &str) -> Option<Diagnostic> {
    let mut depth = 0i32;
    let leaves = file.split('/').any(|part| {
        depth += match part {
            "" | "." => 0,
            ".." => -1,
            _ => 1,
        };
        depth < 0
    });
    (file.starts_with('/') || leaves || depth == 0).then(|| {
        let message = format!("`{file}` would not be written into the output folder");
        Diagnostic::error(Code::ConfigValue, message).hint("a name is relative to dist, and stays below it")
    })
}

/// The same of everything but archives and packages, whose names are judged where they are made, with their places. What is named after
/// one of those is wrong for the same reason.
pub(crate) fn all(steps: &[Step]) -> Vec<Diagnostic> {
    let judged = |s: &&Step| matches!(s.stage, Stage::Archive | Stage::LinuxPackage);
    let said = steps.iter().filter(judged).flat_map(|s| &s.outputs).map(|o| o.path.as_str());
    let said: Vec<&str> = said.filter(|p| outside(p).is_some()).collect();
    let others = steps.iter().filter(|s| !judged(s)).flat_map(|s| &s.outputs).map(|o| o.path.as_str());
    let others = others.filter(|p| !p.is_empty() && !said.iter().any(|s| p.starts_with(s)));
    others.filter_map(outside).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        for (path, clean) in [
            ("./usr//bin/", "/usr/bin"),
            ("usr/../opt", "/opt"),
            ("/../x", "/x"),
            ("", "/"),
            ("/a/./b", "/a/b"),
        ] {
            assert_eq!(absolute(path), clean, "{path}");
        }
        for inside in ["a.deb", "sub/a.deb", "./a", "tool_linux/../a", "..a/b", "a..b"] {
            assert!(outside(inside).is_none(), "{inside}");
        }
        for out in ["/abs/a.deb", "../a", "a/../../b", "../../evil.deb", "", ".", "a/.."] {
            assert!(outside(out).is_some(), "{out}");
        }
    }
}
