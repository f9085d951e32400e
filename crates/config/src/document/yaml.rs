//! YAML text to a tree: aliases expanded, `<<` merged, duplicate keys refused, size bounded.
//!
//! Parser: saphyr-parser's events (no unsafe, one small dependency); the DOM crates lose places, tags or the raw text of scalars.

use super::scalar::{Scalar, ScalarKind, resolve_plain};
use super::{Entry, MAX_BYTES, MAX_DEPTH, MAX_NODES, MAX_PROBLEMS, Node, NodeKind};
use crate::place::{Place, SourceText};
use goferry_report::{Code, Diagnostic, Diagnostics};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span};
use std::collections::HashMap;
use std::sync::Arc;

/// The first document of a YAML file; `None` when it is empty or broken (then the diagnostics say where).
pub(crate) fn parse_yaml(source: &Arc<SourceText>) -> (Option<Node>, Diagnostics) {
    let mut builder = Builder::new(source);
    if source.text.len() > MAX_BYTES {
        builder.fail(Place::default(), format!("the file is larger than {MAX_BYTES} bytes"));
        return (None, builder.diagnostics);
    }
    let text = source.text.strip_prefix('\u{feff}').unwrap_or(&source.text);
    let mut documents = 0;
    for step in Parser::new_from_str(text) {
        let (event, span) = match step {
            Ok(pair) => pair,
            Err(error) => {
                let place = builder.point(*error.marker(), 1);
                builder.fail(place, error.info().to_owned());
                break;
            }
        };
        if matches!(event, Event::DocumentStart(_)) {
            documents += 1;
            if documents > 1 {
                builder.second_document(span);
                break;
            }
        }
        builder.event(event, span);
        if builder.broken {
            break;
        }
    }
    let root = if builder.broken { None } else { builder.root.take() };
    (root, builder.diagnostics)
}

/// A collection whose end has not been seen.
struct Open {
    items: Collection,
    anchor: usize,
    place: Place,
}

enum Collection {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, merges: Vec<Node>, key: Option<Key> },
}

/// A key that waits for its value.
struct Key {
    text: String,
    place: Place,
    is_merge: bool,
}

struct Builder<'a> {
    source: &'a Arc<SourceText>,
    stack: Vec<Open>,
    anchors: HashMap<usize, Node>,
    root: Option<Node>,
    nodes: usize,
    broken: bool,
    diagnostics: Diagnostics,
}

impl<'a> Builder<'a> {
    fn new(source: &'a Arc<SourceText>) -> Self {
        Builder {
            source,
            stack: vec![],
            anchors: HashMap::new(),
            root: None,
            nodes: 0,
            broken: false,
            diagnostics: Diagnostics::default(),
        }
    }

    fn point(&self, mark: Marker, length: usize) -> Place {
        Place {
            source: Some(self.source.clone()),
            line: u32::try_from(mark.line()).unwrap_or(u32::MAX),
            column: u32::try_from(mark.col() + 1).unwrap_or(u32::MAX),
            length: u32::try_from(length).unwrap_or(0),
        }
    }

    fn place(&self, span: Span) -> Place {
        let one_line = span.start.line() == span.end.line();
        self.point(span.start, if one_line { span.end.index().saturating_sub(span.start.index()) } else { 0 })
    }

    /// Records a syntax error, after which nothing more is read.
    fn fail(&mut self, place: Place, message: String) {
        self.broken = true;
        self.say(place, message);
    }

    fn say(&mut self, place: Place, message: String) {
        let mut d = Diagnostic::error(Code::ConfigSyntax, message);
        d.labels.extend(place.label(""));
        self.diagnostics.push(d);
    }

    fn second_document(&mut self, span: Span) {
        let mut d = Diagnostic::warning(
            Code::ConfigSyntax,
            "the file holds several YAML documents; only the first is read, as goreleaser does",
        );
        d.labels.extend(self.place(span).label("the second begins here"));
        self.diagnostics.push(d);
    }

    fn event(&mut self, event: Event<'_>, span: Span) {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let place = self.place(span);
                let suffix = tag.as_deref().filter(|t| t.is_yaml_core_schema()).map(|t| t.suffix.as_str());
                let kind = match (style, suffix) {
                    (_, Some("str")) => Some(ScalarKind::Text),
                    (ScalarStyle::Plain, _) | (_, Some("int" | "bool" | "float" | "null")) => {
                        resolve_plain(&text)
                    }
                    _ => Some(ScalarKind::Text),
                };
                let is_merge = style == ScalarStyle::Plain && text == "<<";
                let kind = kind.map_or(NodeKind::Null, |kind| {
                    NodeKind::Scalar(Scalar { text: text.clone().into_owned(), kind })
                });
                self.value(Node { kind, place }, anchor, Some((text.into_owned(), is_merge)));
            }
            Event::Alias(id) => match self.anchors.get(&id).cloned() {
                Some(node) => {
                    let key = node.scalar().map(|s| (s.text.clone(), false));
                    self.value(node, 0, key);
                }
                None => {
                    self.fail(self.place(span), "an alias that refers to itself or to nothing".to_owned())
                }
            },
            Event::SequenceStart(anchor, _) => self.open(Collection::List(vec![]), anchor, span),
            Event::MappingStart(anchor, _) => {
                self.open(Collection::Map { entries: vec![], merges: vec![], key: None }, anchor, span);
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            _ => {}
        }
    }

    fn open(&mut self, items: Collection, anchor: usize, span: Span) {
        let mut place = self.place(span);
        place.length = place.length.max(1);
        if self.stack.len() >= MAX_DEPTH {
            return self.fail(place, format!("nested more than {MAX_DEPTH} levels deep"));
        }
        self.stack.push(Open { items, anchor, place });
    }

    fn close(&mut self) {
        let Some(open) = self.stack.pop() else { return };
        let kind = match open.items {
            Collection::List(items) => NodeKind::List(items),
            Collection::Map { entries, merges, .. } => NodeKind::Map(self.merged(entries, merges)),
        };
        self.value(Node { kind, place: open.place }, open.anchor, None);
    }

    /// Puts a finished value where it belongs: a key, a key's value, a list's item or the root.
    fn value(&mut self, node: Node, anchor: usize, key_text: Option<(String, bool)>) {
        if !self.charge(&node) || (anchor > 0 && !self.charge(&node)) {
            let place = node.place;
            return self.fail(place, format!("aliases expand the file to more than {MAX_NODES} values"));
        }
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let mut problem = None;
        match self.stack.last_mut().map(|open| &mut open.items) {
            None => self.root = Some(node),
            Some(Collection::List(items)) => items.push(node),
            Some(Collection::Map { entries, merges, key }) => match key.take() {
                Some(Key { is_merge: true, .. }) => merges.push(node),
                Some(k) => entries.push(Entry { key: k.text, key_place: k.place, value: node }),
                None => match key_text {
                    Some((text, is_merge)) => *key = Some(Key { text, place: node.place, is_merge }),
                    None => problem = Some(node.place),
                },
            },
        }
        if let Some(place) = problem {
            self.fail(place, "a list or mapping cannot be a key".to_owned());
        }
    }

    /// Counts a scalar, or a whole subtree when an alias repeats it; false when the budget is spent.
    fn charge(&mut self, node: &Node) -> bool {
        if self.nodes > MAX_NODES {
            return false;
        }
        match &node.kind {
            NodeKind::Null => self.nodes += 1,
            // A long text repeated by aliases costs memory like many short ones.
            NodeKind::Scalar(s) => self.nodes += 1 + s.text.len() / 256,
            NodeKind::List(items) => {
                self.nodes += 1;
                return items.iter().all(|n| self.charge(n));
            }
            NodeKind::Map(entries) => {
                self.nodes += 1;
                return entries.iter().all(|e| self.charge(&e.value));
            }
        }
        self.nodes <= MAX_NODES
    }

    /// A mapping with its `<<` values: what is written in the mapping wins, then earlier merged mappings.
    fn merged(&mut self, entries: Vec<Entry>, merges: Vec<Node>) -> Vec<Entry> {
        let mut seen: HashMap<String, Place> = HashMap::new();
        let mut kept = Vec::with_capacity(entries.len());
        for entry in entries {
            match seen.get(&entry.key) {
                Some(first) => self.duplicate(&entry, &first.clone()),
                None => {
                    seen.insert(entry.key.clone(), entry.key_place.clone());
                    kept.push(entry);
                }
            }
        }
        for merge in merges {
            let maps = match merge.kind {
                NodeKind::List(items) => items,
                _ => vec![merge],
            };
            for map in maps {
                let NodeKind::Map(inner) = map.kind else {
                    self.say(map.place, "`<<` takes a mapping or a list of mappings".to_owned());
                    continue;
                };
                for entry in inner {
                    if !seen.contains_key(&entry.key) {
                        seen.insert(entry.key.clone(), entry.key_place.clone());
                        kept.push(entry);
                    }
                }
            }
        }
        kept
    }

    fn duplicate(&mut self, entry: &Entry, first: &Place) {
        if self.diagnostics.list.len() >= MAX_PROBLEMS {
            return;
        }
        let mut d =
            Diagnostic::error(Code::ConfigSyntax, format!("the key `{}` is written twice", entry.key));
        d.labels.extend(entry.key_place.label("again here"));
        d.labels.extend(first.label("first here"));
        self.diagnostics.push(d);
    }
}
