//! goreleaser's globs (`fileglob` 1.4 over `gobwas/glob` 0.2): `*` `?` inside a folder's level, `**` across levels,
//! `[abc]` `[a-z]` `[!…]`, `{a,b}`, `\` before a character that is meant.
//!
//! Owns: the pattern language and the walk. A folder that matches stands for all files below it; hence `*` means the whole
//! project, because `.` matches it. Symbolic links are matches themselves, and are not entered.

use crate::PackageError;
use crate::members::clean;
use std::collections::BTreeSet;
use std::path::Path;

/// A parsed pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Glob {
    nodes: Vec<Node>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Node {
    Char(char),
    /// `?`
    Single,
    /// `*`
    Any,
    /// `**`
    Super,
    Class {
        not: bool,
        set: Set,
    },
    Either(Vec<Vec<Node>>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Set {
    List(Vec<char>),
    Range(char, char),
}

/// Deeper nesting of braces than anybody writes; keeps the parser's recursion small.
const MAX_NESTING: usize = 16;

impl Glob {
    pub(crate) fn parse(pattern: &str) -> Result<Glob, PackageError> {
        let mut parser = Parser { chars: pattern.chars().collect(), at: 0, depth: 0 };
        let nodes = parser.sequence().map_err(|reason| PackageError::Pattern {
            pattern: pattern.to_owned(),
            reason: reason.to_owned(),
        })?;
        Ok(Glob { nodes })
    }

    /// Whether the pattern is more than plain text.
    pub(crate) fn has_matchers(&self) -> bool {
        !self.nodes.iter().all(|n| matches!(n, Node::Char(_)))
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        ends(&self.nodes, &text, &BTreeSet::from([0])).contains(&text.len())
    }

    /// How many `/` a match can have at most; none if there is no limit.
    fn depth_limit(&self) -> Option<usize> {
        depth_limit(&self.nodes)
    }
}

fn depth_limit(nodes: &[Node]) -> Option<usize> {
    let mut depth = 0;
    for node in nodes {
        depth += match node {
            Node::Char('/') => 1,
            Node::Char(_) | Node::Single | Node::Any => 0,
            Node::Super => return None,
            Node::Class { not: false, set: Set::List(list) } if !list.contains(&'/') => 0,
            Node::Class { .. } => 1,
            Node::Either(all) => {
                all.iter().map(|n| depth_limit(n)).collect::<Option<Vec<_>>>()?.into_iter().max()?
            }
        };
    }
    Some(depth)
}

/// Where a match of `nodes` can end when it begins at one of `starts`. Sets of positions keep the time polynomial.
fn ends(nodes: &[Node], text: &[char], starts: &BTreeSet<usize>) -> BTreeSet<usize> {
    let mut at = starts.clone();
    for node in nodes {
        let one = |ok: &dyn Fn(char) -> bool| {
            at.iter().filter(|p| text.get(**p).is_some_and(|c| ok(*c))).map(|p| p + 1).collect()
        };
        at = match node {
            Node::Char(c) => one(&|x| x == *c),
            Node::Single => one(&|x| x != '/'),
            Node::Class { not, set } => one(&|x| {
                *not != match set {
                    Set::List(list) => list.contains(&x),
                    Set::Range(low, high) => (*low..=*high).contains(&x),
                }
            }),
            Node::Super => match at.first() {
                Some(first) => (*first..=text.len()).collect(),
                None => BTreeSet::new(),
            },
            Node::Any => {
                let mut reached = BTreeSet::new();
                for start in &at {
                    let mut p = *start;
                    while reached.insert(p) && text.get(p).is_some_and(|c| *c != '/') {
                        p += 1;
                    }
                }
                reached
            }
            Node::Either(all) => all.iter().flat_map(|n| ends(n, text, &at)).collect(),
        };
        if at.is_empty() {
            break;
        }
    }
    at
}

struct Parser {
    chars: Vec<char>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn next(&mut self) -> Option<char> {
        let c = self.chars.get(self.at).copied();
        self.at += 1;
        c
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    /// Up to the end, or inside braces up to (not including) `,` or `}`.
    fn sequence(&mut self) -> Result<Vec<Node>, &'static str> {
        let mut nodes = Vec::new();
        while let Some(c) = self.peek() {
            if self.depth > 0 && (c == ',' || c == '}') {
                break;
            }
            self.at += 1;
            nodes.push(match c {
                '*' if self.peek() == Some('*') => {
                    self.at += 1;
                    Node::Super
                }
                '*' => Node::Any,
                '?' => Node::Single,
                '[' => self.class()?,
                '{' => self.either()?,
                '\\' => match self.next() {
                    Some(c) => Node::Char(c),
                    None => break,
                },
                c => Node::Char(c),
            });
        }
        Ok(nodes)
    }

    fn either(&mut self) -> Result<Node, &'static str> {
        self.depth += 1;
        if self.depth > MAX_NESTING {
            return Err("braces are nested too deeply");
        }
        let mut all = vec![self.sequence()?];
        loop {
            match self.next() {
                Some(',') => all.push(self.sequence()?),
                Some('}') => break,
                _ => return Err("a `{` is not closed"),
            }
        }
        self.depth -= 1;
        Ok(Node::Either(all))
    }

    fn class(&mut self) -> Result<Node, &'static str> {
        const OPEN: &str = "a `[` is not closed";
        let not = self.peek() == Some('!');
        if not {
            self.at += 1;
        }
        if self.chars.get(self.at + 1) == Some(&'-') {
            let low = self.next().ok_or(OPEN)?;
            self.at += 1;
            let high = self.next().ok_or(OPEN)?;
            return match self.next() {
                Some(']') if low <= high => Ok(Node::Class { not, set: Set::Range(low, high) }),
                Some(']') => Err("a range's end comes before its begin"),
                _ => Err("a range must be alone in its brackets"),
            };
        }
        let mut list = Vec::new();
        loop {
            match self.next().ok_or(OPEN)? {
                ']' if list.is_empty() => return Err("empty brackets"),
                ']' => return Ok(Node::Class { not, set: Set::List(list) }),
                '\\' => list.push(self.next().ok_or(OPEN)?),
                c => list.push(c),
            }
        }
    }
}

/// Files that `pattern` means in `project`, `/` between the parts, in lexical order of the walk.
///
/// # Errors
/// A pattern that does not parse or leaves the project (goreleaser refuses those too); one without wildcards that does not
/// exist; folders that cannot be read.
pub(crate) fn find(project: &Path, pattern: &str) -> Result<Vec<String>, PackageError> {
    let refuse =
        |reason: &str| PackageError::Pattern { pattern: pattern.to_owned(), reason: reason.to_owned() };
    let trimmed = pattern.strip_prefix("./").unwrap_or(pattern);
    let trimmed = trimmed.strip_suffix('/').unwrap_or(trimmed);
    if trimmed.starts_with('/') || trimmed.split('/').any(|part| part == "..") {
        return Err(refuse("it leaves the project's folder"));
    }
    let glob = Glob::parse(trimmed)?;
    let start = static_prefix(trimmed)?;
    if std::fs::symlink_metadata(project.join(trimmed)).is_ok_and(|f| f.is_symlink()) {
        return Ok(vec![trimmed.to_owned()]);
    }
    let path = project.join(&start);
    let facts = match std::fs::metadata(&path) {
        Ok(facts) => facts,
        Err(e)
            if e.kind() == std::io::ErrorKind::NotFound || e.kind() == std::io::ErrorKind::NotADirectory =>
        {
            return if glob.has_matchers() { Ok(Vec::new()) } else { Err(refuse("there is no such file")) };
        }
        Err(e) => return Err(PackageError::io("read", &path)(e)),
    };
    if !facts.is_dir() {
        return Ok(if glob.matches(&start) { vec![start] } else { Vec::new() });
    }
    let mut found = Vec::new();
    let limit = glob.depth_limit();
    walk(project, &start, Some((&glob, limit)), &mut found)?;
    Ok(found)
}

/// The folders before the first part with a wildcard; `.` if there are none.
fn static_prefix(pattern: &str) -> Result<String, PackageError> {
    let mut parts = Vec::new();
    for part in pattern.split('/').filter(|p| !p.is_empty()) {
        // Braces may hold a slash, so a part alone may not parse: it is not static then.
        let Ok(glob) = Glob::parse(part) else { break };
        if glob.has_matchers() {
            break;
        }
        parts.push(
            glob.nodes.iter().map(|n| if let Node::Char(c) = n { *c } else { ' ' }).collect::<String>(),
        );
    }
    Ok(if parts.is_empty() { ".".into() } else { parts.join("/") })
}

/// Without a pattern, everything below `at` that is not a folder.
fn walk(
    project: &Path,
    at: &str,
    glob: Option<(&Glob, Option<usize>)>,
    found: &mut Vec<String>,
) -> Result<(), PackageError> {
    let name = clean(at);
    let glob = glob.filter(|(g, _)| !g.matches(&name));
    // A folder's children have one slash more than itself, those of `.` have none.
    let depth = if name == "." { 0 } else { name.matches('/').count() + 1 };
    if let Some((_, Some(limit))) = glob
        && depth > limit
    {
        return Ok(());
    }
    let folder = project.join(at);
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(PackageError::io("read", &folder))? {
        let entry = entry.map_err(PackageError::io("read", &folder))?;
        let kind = entry.file_type().map_err(PackageError::io("read", &folder))?;
        entries.push((entry.file_name().to_string_lossy().into_owned(), kind.is_dir()));
    }
    entries.sort();
    for (entry, is_dir) in entries {
        let path = if name == "." { entry } else { format!("{name}/{entry}") };
        if is_dir {
            walk(project, &path, glob, found)?;
        } else if glob.is_none_or(|(g, _)| g.matches(&path)) {
            found.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn patterns_mean_what_gobwas_says() {
        for (pattern, yes, no) in [
            ("license*", &["license", "license.md"][..], &["LICENSE", "a/license", "license/x"][..]),
            ("**/*.md", &["a/b.md", "a/b/c.md", "/b.md"], &["b.md"]),
            ("docs/**", &["docs/a", "docs/a/b", "docs/"], &["docs", "xdocs/a"]),
            ("{a,b/*}.txt", &["a.txt", "b/x.txt"], &["b.txt", "c.txt"]),
            ("[a-c]?", &["ax", "cz"], &["d1", "a/", "a"]),
            ("[!abc]x", &["dx"], &["ax"]),
            ("a\\*", &["a*"], &["ab"]),
            ("{,x}y", &["y", "xy"], &["zy"]),
        ] {
            let glob = Glob::parse(pattern).unwrap();
            for text in yes {
                assert!(glob.matches(text), "{pattern} {text}");
            }
            for text in no {
                assert!(!glob.matches(text), "{pattern} {text}");
            }
        }
        for bad in ["[a", "{a", "[]", "[z-a]", "[a-"] {
            assert!(Glob::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn walks_only_as_deep_as_it_must() {
        assert_eq!(Glob::parse("license*").unwrap().depth_limit(), Some(0));
        assert_eq!(Glob::parse("a/{b/c,d}*").unwrap().depth_limit(), Some(2));
        assert_eq!(Glob::parse("a/**").unwrap().depth_limit(), None);
    }

    proptest! {
        #[test]
        fn any_pattern_on_any_text_ends(pattern in "[a-c*?{},!/\\[\\]\\\\-]{0,24}", text in "[a-c/]{0,40}") {
            if let Ok(glob) = Glob::parse(&pattern) {
                let _ = glob.matches(&text);
            }
        }
    }
}
