//! A [`Diagnostic`] is one thing that is wrong with the input or the result: what, where, and what to do.

use crate::{Code, ExitClass};
use serde::{Deserialize, Serialize};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing is wrong.
    Note,
    /// The run goes on.
    Warning,
    /// The run stops, or ends as failed.
    Error,
}

/// A place: a file (or command), and in it a line and a column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// File as the user would write it (relative to the project), or a command line.
    pub source: String,
    /// Line, counted from 1; 0 when only the file is known.
    pub line: u32,
    /// Column in characters, counted from 1; 0 when unknown.
    pub column: u32,
    /// Length in characters of what is meant; 0 when unknown.
    pub length: u32,
    /// The whole line of the source, for drawing it.
    pub excerpt: Option<String>,
    /// What is to be said at this place, may be empty.
    pub text: String,
}

/// What the user can do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hint {
    /// A sentence.
    pub text: String,
    /// A command or configuration line to copy, if there is one.
    pub snippet: Option<String>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// Stable word; has a page under docs/diagnostics.
    pub code: Code,
    /// How bad.
    pub severity: Severity,
    /// What is wrong, one sentence without a full stop.
    pub message: String,
    /// Where.
    pub labels: Vec<Label>,
    /// What to do.
    pub hints: Vec<Hint>,
    /// Further lines, such as a tool's own output.
    pub notes: Vec<String>,
}

impl Label {
    /// A whole file.
    pub fn file(source: impl Into<String>) -> Self {
        Label { source: source.into(), line: 0, column: 0, length: 0, excerpt: None, text: String::new() }
    }

    /// A place in a file.
    pub fn at(source: impl Into<String>, line: u32, column: u32) -> Self {
        Label { line, column, ..Label::file(source) }
    }
}

impl Diagnostic {
    /// An error with its code.
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, message)
    }

    /// A warning with its code.
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, message)
    }

    /// A note with its code.
    pub fn note(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Note, message)
    }

    fn new(code: Code, severity: Severity, message: impl Into<String>) -> Self {
        Diagnostic { code, severity, message: message.into(), labels: vec![], hints: vec![], notes: vec![] }
    }

    /// Adds a place.
    #[must_use]
    pub fn label(mut self, label: Label) -> Self {
        self.labels.push(label);
        self
    }

    /// Adds advice.
    #[must_use]
    pub fn hint(mut self, text: impl Into<String>) -> Self {
        self.hints.push(Hint { text: text.into(), snippet: None });
        self
    }

    /// Adds advice with a command or line to copy.
    #[must_use]
    pub fn hint_with(mut self, text: impl Into<String>, snippet: impl Into<String>) -> Self {
        self.hints.push(Hint { text: text.into(), snippet: Some(snippet.into()) });
        self
    }

    /// Adds a further line.
    #[must_use]
    pub fn with_note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }
}

/// A list of diagnostics that knows whether the run may go on.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Diagnostics {
    /// In the order they were found.
    pub list: Vec<Diagnostic>,
}

impl Diagnostics {
    /// Adds one.
    pub fn push(&mut self, d: Diagnostic) {
        self.list.push(d);
    }

    /// Adds all of another list.
    pub fn append(&mut self, other: Diagnostics) {
        self.list.extend(other.list);
    }

    /// Whether one of them is an error.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|d| d.severity == Severity::Error)
    }

    /// The exit class of the list: that of its first error, or none without errors.
    pub fn exit_class(&self) -> Option<ExitClass> {
        self.list.iter().find(|d| d.severity == Severity::Error).map(|d| d.code.exit_class())
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(d: Diagnostic) -> Self {
        Diagnostics { list: vec![d] }
    }
}

impl From<Box<Diagnostic>> for Diagnostics {
    fn from(d: Box<Diagnostic>) -> Self {
        Diagnostics { list: vec![*d] }
    }
}

/// The candidate nearest to `word`, if it is near enough to have been meant (edit distance at most a third of its length).
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|c| (distance(&word.to_lowercase(), &c.to_lowercase()), c))
        .filter(|(d, c)| *d <= (c.chars().count().max(word.chars().count()) / 3).max(1))
        .min_by_key(|(d, _)| *d)
        .map(|(_, c)| c)
}

/// Optimal string alignment distance: insert, delete, replace, swap neighbours.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let cost = usize::from(a[i - 1] != b[j - 1]);
            let mut d = (rows[i - 1][j] + 1).min(row[j - 1] + 1).min(rows[i - 1][j - 1] + cost);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                d = d.min(rows[i - 2][j - 2] + 1);
            }
            row[j] = d;
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_key() {
        let keys = ["builds", "archives", "checksum", "changelog"];
        assert_eq!(nearest("archive", keys), Some("archives"));
        assert_eq!(nearest("biulds", keys), Some("builds"));
        assert_eq!(nearest("Checksums", keys), Some("checksum"));
        assert_eq!(nearest("frobnicate", keys), None);
    }

    #[test]
    fn the_first_error_decides_the_exit_class() {
        let mut d = Diagnostics::default();
        d.push(Diagnostic::warning(Code::DirtyTree, "w"));
        assert_eq!(d.exit_class(), None);
        d.push(Diagnostic::error(Code::MachineMismatch, "m"));
        assert_eq!(d.exit_class(), Some(ExitClass::WrongArtifact));
    }
}
