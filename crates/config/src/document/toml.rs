//! TOML text to the same tree as YAML's, with all its syntax errors at once.
//!
//! Parser: toml's own span-carrying value (`DeTable`), without serde.

use super::scalar::{Scalar, ScalarKind};
use super::{Entry, MAX_BYTES, MAX_PROBLEMS, Node, NodeKind};
use crate::place::{Place, SourceText};
use goferry_report::{Code, Diagnostic, Diagnostics};
use std::ops::Range;
use std::sync::Arc;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The tree of a TOML file; `None` when it is broken (then the diagnostics say where).
pub(crate) fn parse_toml(source: &Arc<SourceText>) -> (Option<Node>, Diagnostics) {
    let mut diagnostics = Diagnostics::default();
    if source.text.len() > MAX_BYTES {
        diagnostics.push(Diagnostic::error(
            Code::ConfigSyntax,
            format!("{}: the file is larger than {MAX_BYTES} bytes", source.name),
        ));
        return (None, diagnostics);
    }
    let reader = Reader { source, lines: line_starts(&source.text) };
    let (table, errors) = DeTable::parse_recoverable(&source.text);
    for error in errors.iter().take(MAX_PROBLEMS) {
        let place = reader.place(&error.span().unwrap_or(0..0));
        let mut d = Diagnostic::error(Code::ConfigSyntax, error.message().to_owned());
        d.labels.extend(place.label(""));
        diagnostics.push(d);
    }
    let root = if errors.is_empty() { Some(reader.table(table.span(), table.get_ref())) } else { None };
    (root, diagnostics)
}

/// Byte offsets at which lines begin.
fn line_starts(text: &str) -> Vec<usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(i, _)| i + 1)).collect()
}

struct Reader<'a> {
    source: &'a Arc<SourceText>,
    lines: Vec<usize>,
}

impl Reader<'_> {
    fn place(&self, span: &Range<usize>) -> Place {
        let text = &self.source.text;
        let begin = span.start.min(text.len());
        let line = self.lines.partition_point(|s| *s <= begin).max(1);
        let line_start = self.lines[line - 1];
        let characters = |range: Range<usize>| text.get(range).map_or(0, |t| t.chars().count());
        let inside = text.get(span.clone()).unwrap_or_default();
        let length = if inside.contains('\n') { 0 } else { inside.chars().count() };
        Place {
            source: Some(self.source.clone()),
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(characters(line_start..begin) + 1).unwrap_or(u32::MAX),
            length: u32::try_from(length).unwrap_or(0),
        }
    }

    fn table(&self, span: Range<usize>, table: &DeTable<'_>) -> Node {
        let mut keys: Vec<_> = table.iter().collect();
        // The parser sorts by name; the user's order is the order of the diagnostics.
        keys.sort_by_key(|(key, _)| key.span().start);
        let entries = keys
            .into_iter()
            .map(|(key, value)| Entry {
                key: key.get_ref().clone().into_owned(),
                key_place: self.place(&key.span()),
                value: self.value(value),
            })
            .collect();
        Node { kind: NodeKind::Map(entries), place: self.place(&span) }
    }

    fn value(&self, value: &Spanned<DeValue<'_>>) -> Node {
        let place = self.place(&value.span());
        let scalar = |text: String, kind| NodeKind::Scalar(Scalar { text, kind });
        let kind = match value.get_ref() {
            DeValue::Table(table) => return self.table(value.span(), table),
            DeValue::Array(items) => NodeKind::List(items.iter().map(|item| self.value(item)).collect()),
            DeValue::String(text) => scalar(text.clone().into_owned(), ScalarKind::Text),
            DeValue::Boolean(b) => scalar(b.to_string(), ScalarKind::Bool(*b)),
            DeValue::Integer(number) => {
                let n = i64::from_str_radix(number.as_str(), number.radix()).unwrap_or(i64::MAX);
                scalar(number.to_string(), ScalarKind::Int(n))
            }
            DeValue::Float(number) => scalar(
                number.as_str().to_owned(),
                ScalarKind::Float(number.as_str().parse().unwrap_or(f64::NAN)),
            ),
            DeValue::Datetime(time) => scalar(time.to_string(), ScalarKind::Text),
        };
        Node { kind, place }
    }
}
