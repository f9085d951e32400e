//! A configuration file as a tree of nodes that know where they were written; the same tree for YAML and TOML.
//!
//! Owns: syntax, aliases, merge keys, limits against hostile files. Must not: know what any key means.

mod plain;
mod scalar;
mod toml;
mod yaml;

pub use plain::plain;
pub(crate) use scalar::{Scalar, ScalarKind};
pub(crate) use toml::parse_toml;
pub(crate) use yaml::parse_yaml;

use crate::place::Place;

/// Most nodes a file may expand to; the largest real configurations have about 2 000.
pub(crate) const MAX_NODES: usize = 100_000;
/// Deepest nesting; real configurations reach 8.
pub(crate) const MAX_DEPTH: usize = 64;
/// Longest file in bytes; real configurations stay below 60 000.
pub(crate) const MAX_BYTES: usize = 4 << 20;

/// Most problems told of one file; a hostile one could have a hundred thousand, each with its line.
pub(crate) const MAX_PROBLEMS: usize = 100;

/// One value of the file.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// What it is.
    pub(crate) kind: NodeKind,
    /// Where it begins.
    pub(crate) place: Place,
}

/// The shapes a value can have.
#[derive(Clone, Debug)]
pub(crate) enum NodeKind {
    /// Nothing was written, or `null`.
    Null,
    /// One word, number or text.
    Scalar(Scalar),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in the order of the file.
    Map(Vec<Entry>),
}

/// One key of a mapping.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// The key.
    pub(crate) key: String,
    /// Where the key stands.
    pub(crate) key_place: Place,
    /// Its value.
    pub(crate) value: Node,
}

impl Node {
    /// The value of a key of a mapping.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|e| &e.value)
    }

    /// A key of a mapping with its value.
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.kind {
            NodeKind::Map(entries) => entries.iter().find(|e| e.key == key),
            _ => None,
        }
    }

    /// The scalar, if it is one.
    pub(crate) fn scalar(&self) -> Option<&Scalar> {
        match &self.kind {
            NodeKind::Scalar(s) => Some(s),
            _ => None,
        }
    }

    /// The items of a list; none for anything else.
    pub(crate) fn items(&self) -> &[Node] {
        match &self.kind {
            NodeKind::List(items) => items,
            _ => &[],
        }
    }

    /// The entries of a mapping; none for anything else.
    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.kind {
            NodeKind::Map(entries) => entries,
            _ => &[],
        }
    }

    /// Null, or a list or mapping without content: configures nothing.
    pub(crate) fn is_empty(&self) -> bool {
        match &self.kind {
            NodeKind::Null => true,
            NodeKind::Scalar(_) => false,
            NodeKind::List(items) => items.is_empty(),
            NodeKind::Map(entries) => entries.is_empty(),
        }
    }

    /// What it is, in the words of a message.
    pub(crate) fn describe(&self) -> &'static str {
        match &self.kind {
            NodeKind::Null => "nothing",
            NodeKind::List(_) => "a list",
            NodeKind::Map(_) => "a mapping",
            NodeKind::Scalar(s) => match s.kind {
                ScalarKind::Text => "a text",
                ScalarKind::Bool(_) => "a boolean",
                ScalarKind::Int(_) => "a number",
                ScalarKind::Float(_) => "a decimal number",
            },
        }
    }
}
