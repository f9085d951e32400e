//! Where something was written.

use serde::Serialize;
use std::sync::Arc;

/// A place in a configuration file; the default value means that nobody wrote it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The file, with its text so that a diagnostic can show the line.
    #[serde(skip)]
    pub source: Option<Arc<SourceText>>,
    /// Line from 1, 0 if nobody wrote it.
    pub line: u32,
    /// Column in characters from 1.
    pub column: u32,
    /// Length in characters, 0 if unknown.
    pub length: u32,
}

/// A configuration file's name and text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceText {
    /// As the user would write it, e.g. `.goreleaser.yaml` or `<stdin>`.
    pub name: String,
    /// The whole text.
    pub text: String,
}

impl Place {
    /// As a diagnostic's label; none for what nobody wrote.
    pub fn label(&self, text: impl Into<String>) -> Option<goferry_report::Label> {
        let source = self.source.as_ref()?;
        Some(goferry_report::Label {
            source: source.name.clone(),
            line: self.line,
            column: self.column,
            length: self.length,
            excerpt: source.text.lines().nth(self.line.saturating_sub(1) as usize).map(str::to_owned),
            text: text.into(),
        })
    }
}
