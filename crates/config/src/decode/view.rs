//! A checked mapping, read key by key. Reading a key that the schema does not have fails in tests.

use crate::document::{Entry, Node, ScalarKind};
use crate::model::{Spanned, Text};
use crate::place::Place;
use crate::schema::{Kind, Old, Shape, Status};

/// A mapping and its schema.
pub(super) struct View<'a> {
    pub(super) node: &'a Node,
    pub(super) shape: &'static Shape,
}

#[cfg(test)]
thread_local! {
    /// Shape and key of everything that was read, for the drift test.
    pub(super) static READ: std::cell::RefCell<std::collections::BTreeSet<(&'static str, String)>> = const { std::cell::RefCell::new(std::collections::BTreeSet::new()) };
}

impl<'a> View<'a> {
    /// The value of a key that the schema honours or at least knows.
    fn get(&self, key: &str) -> Option<&'a Node> {
        debug_assert!(
            self.shape.key(key).is_some_and(
                |k| !matches!(k.status, Status::Removed(_)) && !matches!(k.old, Some(Old::Renamed(_)))
            ),
            "`{key}` is not in the table of {}",
            self.shape.name
        );
        #[cfg(test)]
        READ.with_borrow_mut(|read| read.insert((self.shape.name, key.to_owned())));
        self.node.get(key)
    }

    /// A text; an empty one counts as absent, as everywhere in goreleaser.
    pub(super) fn text(&self, key: &str) -> Option<Text> {
        self.get(key).and_then(as_text).filter(|t| !t.value.is_empty())
    }

    /// A boolean, false when absent.
    pub(super) fn bool(&self, key: &str) -> bool {
        matches!(self.get(key).and_then(Node::scalar).map(|s| s.kind), Some(ScalarKind::Bool(true)))
    }

    /// A whole number.
    pub(super) fn int(&self, key: &str) -> Option<i64> {
        match self.get(key)?.scalar()?.kind {
            ScalarKind::Int(n) => Some(n),
            #[expect(
                clippy::cast_possible_truncation,
                reason = "the check let only small whole numbers through"
            )]
            ScalarKind::Float(f) => Some(f as i64),
            _ => None,
        }
    }

    /// A list of texts; absent and empty are the same.
    pub(super) fn texts(&self, key: &str) -> Vec<Text> {
        self.get(key).map(|n| n.items().iter().filter_map(as_text).collect()).unwrap_or_default()
    }

    /// A list of texts, if one was given that is not empty.
    pub(super) fn some_texts(&self, key: &str) -> Option<Vec<Text>> {
        Some(self.texts(key)).filter(|list| !list.is_empty())
    }

    /// A mapping inside.
    pub(super) fn map(&self, key: &str) -> Option<View<'a>> {
        let node = self.get(key)?;
        inner_shape(self.shape.key(key)?.kind).map(|shape| View { node, shape })
    }

    /// The mappings of a list.
    pub(super) fn maps(&self, key: &str) -> Vec<View<'a>> {
        let shape = self.shape.key(key).and_then(|k| inner_shape(k.kind));
        match (self.get(key), shape) {
            (Some(node), Some(shape)) => node.items().iter().map(|node| View { node, shape }).collect(),
            _ => vec![],
        }
    }

    /// The entries of a mapping with free keys.
    pub(super) fn free(&self, key: &str) -> &'a [Entry] {
        self.get(key).map(Node::entries).unwrap_or_default()
    }

    /// The mappings of a mapping with free keys.
    pub(super) fn free_maps(&self, key: &str) -> Vec<(&'a str, View<'a>)> {
        let Some(shape) = self.shape.key(key).and_then(|k| inner_shape(k.kind)) else { return vec![] };
        self.free(key).iter().map(|e| (e.key.as_str(), View { node: &e.value, shape })).collect()
    }

    /// Where the mapping begins.
    pub(super) fn place(&self) -> Place {
        self.node.place.clone()
    }
}

/// A scalar as a text with its place.
pub(super) fn as_text(node: &Node) -> Option<Text> {
    node.scalar().map(|s| Spanned { value: s.text.clone(), place: node.place.clone() })
}

/// The schema of the mappings that a kind holds.
fn inner_shape(kind: Kind) -> Option<&'static Shape> {
    match kind {
        Kind::Map(shape) | Kind::MapOrText(shape, _) => Some(shape),
        Kind::List(inner) | Kind::OneOrMany(inner) | Kind::MapOf(inner) => inner_shape(*inner),
        _ => None,
    }
}
