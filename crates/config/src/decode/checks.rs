//! One walk over the tree along the schema: unknown, wrong, old, removed and unsupported things become diagnostics, and
//! every accepted short form becomes the long one, so that reading afterwards has one shape to expect.

use super::empty_map;
use crate::document::{Entry, MAX_PROBLEMS, Node, NodeKind, Scalar, ScalarKind};
use crate::model::{Config, Unsupported};
use crate::place::Place;
use crate::schema::{Key, Kind, Old, Shape, Status};
use goferry_report::{Code, Diagnostic, Diagnostics, Severity, nearest};
use std::collections::HashMap;

/// State of the walk.
pub(super) struct Checker {
    diagnostics: Diagnostics,
    unsupported: Vec<Unsupported>,
    publishing: Vec<Unsupported>,
    /// Unknown keys are warnings.
    pro: bool,
    /// The top-level key whose value is walked.
    section: &'static str,
    /// Inside something that goferry does not act on: its values are not judged, and nothing in it is reported again.
    passive: bool,
}

/// Whose keys are walked, and how to name what is inside.
struct Scope<'a> {
    keys: &'a [&'static Key],
    path: &'a str,
    place: &'a Place,
}

impl Checker {
    pub(super) fn new(pro: bool) -> Self {
        Checker {
            diagnostics: Diagnostics::default(),
            unsupported: vec![],
            publishing: vec![],
            pro,
            section: "",
            passive: false,
        }
    }

    /// Hands over what was found.
    pub(super) fn finish(self, config: &mut Config, diagnostics: &mut Diagnostics) {
        config.unsupported.extend(self.unsupported);
        config.publishing.extend(self.publishing);
        diagnostics.append(self.diagnostics);
    }

    /// Checks a whole file against its top-level keys.
    pub(super) fn root(&mut self, node: Node, keys: Vec<&'static Key>) -> Node {
        let node = empty_map(node);
        let place = node.place.clone();
        let NodeKind::Map(entries) = node.kind else {
            self.wrong_type(&node, "a mapping of sections", "");
            return Node { kind: NodeKind::Map(vec![]), place };
        };
        let entries = self.entries(entries, &Scope { keys: &keys, path: "", place: &place });
        Node { kind: NodeKind::Map(entries), place }
    }

    fn entries(&mut self, entries: Vec<Entry>, scope: &Scope<'_>) -> Vec<Entry> {
        let mut kept: Vec<Entry> = Vec::with_capacity(entries.len());
        for entry in entries {
            let Some(key) = scope.keys.iter().find(|k| k.name == entry.key) else {
                self.unknown_key(&entry, scope);
                continue;
            };
            if scope.path.is_empty() {
                self.section = key.name;
            }
            let Some(entry) = self.entry(entry, key, scope) else { continue };
            match kept.iter().find(|k| k.key == entry.key) {
                Some(first) => self.said_twice(&entry, &first.key_place.clone()),
                None => kept.push(entry),
            }
        }
        kept
    }

    /// One key with its value, under the key's present name.
    fn entry(&mut self, mut entry: Entry, mut key: &'static Key, scope: &Scope<'_>) -> Option<Entry> {
        let path = join(scope.path, key.name);
        if let Status::Removed(now) = key.status {
            self.removed(&entry, &path, now);
            return None;
        }
        if matches!(entry.value.kind, NodeKind::Null) {
            return None;
        }
        match key.old {
            Some(Old::Renamed(new)) => {
                self.deprecated(&entry, &path, &format!("`{new}`"));
                let current = scope.keys.iter().find(|k| k.name == new)?;
                key = current;
                entry.key = new.to_owned();
            }
            Some(Old::Superseded(by)) => {
                let by = if by.contains(' ') { by.to_owned() } else { format!("`{by}`") };
                self.deprecated(&entry, &path, &by);
            }
            None => {}
        }
        let inside = self.passive;
        if !self.passive && key.status != Status::Honoured {
            self.note_unsupported(&entry, key, &path);
            self.passive = true;
        }
        let value = self.value(entry.value, key.kind, &path);
        self.passive = inside;
        if scope.path.is_empty()
            && let (Kind::List(Kind::Map(shape)), Some(value)) = (key.kind, &value)
            && shape.key("id").is_some()
        {
            self.duplicate_ids(value, key.name);
        }
        Some(Entry { value: value?, ..entry })
    }

    /// A value of this kind in its long form; none when it is something else.
    fn value(&mut self, node: Node, kind: Kind, path: &str) -> Option<Node> {
        let place = node.place.clone();
        match kind {
            Kind::Any => Some(node),
            Kind::Text | Kind::Template | Kind::BoolOrTemplate => self.text(node, path),
            Kind::EnvItem => {
                let node = self.text(node, path)?;
                self.env_item(&node, path);
                Some(node)
            }
            Kind::Enum(allowed) => {
                let node = self.text(node, path)?;
                self.allowed(&node, allowed, path);
                Some(node)
            }
            Kind::Bool => self.boolean(node, path),
            Kind::Int | Kind::Mode => self.integer(node, kind, path),
            Kind::List(item) => match node.kind {
                NodeKind::List(items) => Some(self.list(items, *item, path, place)),
                _ => self.wrong_type(&node, "a list", path),
            },
            Kind::OneOrMany(item) => match node.kind {
                NodeKind::List(items) => Some(self.list(items, *item, path, place)),
                _ => Some(self.list(vec![node], *item, path, place)),
            },
            Kind::Words => match node.kind {
                NodeKind::List(items) => Some(self.list(items, Kind::Template, path, place)),
                _ => self.text(node, path).map(split_words),
            },
            Kind::Map(shape) => self.map(node, shape, path),
            Kind::MapOrText(shape, key) => match node.kind {
                NodeKind::Scalar(_) => {
                    let entry = Entry { key: key.to_owned(), key_place: place.clone(), value: node };
                    Some(Node { kind: NodeKind::Map(vec![entry]), place })
                }
                _ => self.map(node, shape, path),
            },
            Kind::MapOf(item) => {
                let NodeKind::Map(entries) = node.kind else {
                    return self.wrong_type(&node, "a mapping", path);
                };
                let entries = entries
                    .into_iter()
                    .filter_map(|e| {
                        Some(Entry { value: self.value(e.value, *item, &join(path, &e.key))?, ..e })
                    })
                    .collect();
                Some(Node { kind: NodeKind::Map(entries), place })
            }
        }
    }

    fn map(&mut self, node: Node, shape: &'static Shape, path: &str) -> Option<Node> {
        let node = empty_map(node);
        let place = node.place.clone();
        let NodeKind::Map(entries) = node.kind else { return self.wrong_type(&node, "a mapping", path) };
        let keys: Vec<_> = shape.all().collect();
        let entries = self.entries(entries, &Scope { keys: &keys, path, place: &place });
        Some(Node { kind: NodeKind::Map(entries), place })
    }

    fn list(&mut self, items: Vec<Node>, item: Kind, path: &str, place: Place) -> Node {
        let items = items
            .into_iter()
            .enumerate()
            .filter_map(|(i, node)| self.value(node, item, &format!("{path}[{i}]")))
            .collect();
        Node { kind: NodeKind::List(items), place }
    }

    fn text(&mut self, node: Node, path: &str) -> Option<Node> {
        match node.kind {
            NodeKind::Scalar(_) => Some(node),
            NodeKind::Null => Some(Node {
                kind: NodeKind::Scalar(Scalar { text: String::new(), kind: ScalarKind::Text }),
                ..node
            }),
            _ => self.wrong_type(&node, "a text", path),
        }
    }

    /// A boolean, with the words of YAML 1.1 that yaml.v3 still takes where a boolean is asked for.
    fn boolean(&mut self, node: Node, path: &str) -> Option<Node> {
        let value = match node.scalar().map(|s| (s.kind, s.text.as_str())) {
            Some((ScalarKind::Bool(value), _)) => Some(value),
            Some((_, "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON")) => Some(true),
            Some((_, "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF")) => Some(false),
            _ => None,
        };
        match value {
            Some(value) => {
                let scalar = Scalar { text: value.to_string(), kind: ScalarKind::Bool(value) };
                Some(Node { kind: NodeKind::Scalar(scalar), ..node })
            }
            None => self.wrong_type(&node, "true or false", path),
        }
    }

    fn integer(&mut self, node: Node, kind: Kind, path: &str) -> Option<Node> {
        let expected =
            if matches!(kind, Kind::Mode) { "permission bits such as 0644" } else { "a whole number" };
        let range = if matches!(kind, Kind::Mode) { 0..=0o7777 } else { i64::MIN..=i64::MAX };
        match node.scalar().map(|s| s.kind) {
            Some(ScalarKind::Int(n)) if range.contains(&n) || self.passive => Some(node),
            // yaml.v3 takes a decimal number without a fraction for a whole one.
            Some(ScalarKind::Float(f)) if f.fract() == 0.0 && f.abs() < 1e9 && matches!(kind, Kind::Int) => {
                Some(node)
            }
            _ => self.wrong_type(&node, expected, path),
        }
    }

    fn env_item(&mut self, node: &Node, path: &str) {
        let Some(text) = node.scalar().map(|s| s.text.as_str()) else { return };
        // A template or a $VARIABLE may bring the equals sign.
        if self.passive || text.is_empty() || text.contains(['=', '$']) || text.contains("{{") {
            return;
        }
        let message = format!("`{path}` is `{text}`, which is not of the form KEY=value");
        let hint =
            format!("write `{text}=value`; a variable of the caller's environment is always passed on");
        self.say(Diagnostic::error(Code::ConfigValue, message).hint(hint), &node.place);
    }

    fn allowed(&mut self, node: &Node, allowed: &[&'static str], path: &str) {
        let Some(text) = node.scalar().map(|s| s.text.as_str()) else { return };
        if self.passive || text.is_empty() || text.contains("{{") || allowed.contains(&text) {
            return;
        }
        let mut d = Diagnostic::error(Code::ConfigValue, format!("`{path}` cannot be `{text}`"));
        if let Some(near) = nearest(text, allowed.iter().copied()) {
            d = d.hint_with(format!("did you mean `{near}`?"), near);
        }
        let words: Vec<_> = allowed.iter().filter(|w| !w.is_empty()).copied().collect();
        self.say(d.hint(format!("allowed: {}", words.join(", "))), &node.place);
    }

    fn unknown_key(&mut self, entry: &Entry, scope: &Scope<'_>) {
        let where_ = if scope.path.is_empty() { String::new() } else { format!(" in `{}`", scope.path) };
        let message = format!("unknown key `{}`{where_}", entry.key);
        let mut d = Diagnostic::error(Code::UnknownKey, message);
        if self.pro {
            d.severity = Severity::Warning;
        }
        if let Some(near) = nearest(&entry.key, scope.keys.iter().map(|k| k.name)) {
            d = d.hint_with(format!("did you mean `{near}`?"), format!("{near}:"));
        }
        let place = if entry.key_place.line > 0 { &entry.key_place } else { scope.place };
        self.say(d, place);
    }

    fn removed(&mut self, entry: &Entry, path: &str, now: &str) {
        let d = Diagnostic::error(Code::RemovedKey, format!("goreleaser removed `{path}`")).hint(now);
        self.say(d, &entry.key_place);
    }

    fn deprecated(&mut self, entry: &Entry, path: &str, by: &str) {
        let d = Diagnostic::warning(Code::DeprecatedKey, format!("`{path}` is deprecated"))
            .hint(format!("use {by}"));
        self.say(d, &entry.key_place);
    }

    fn said_twice(&mut self, entry: &Entry, first: &Place) {
        if self.full() {
            return;
        }
        let mut d = Diagnostic::error(
            Code::ConfigValue,
            format!("`{}` is given under its old and its new name", entry.key),
        );
        d.labels.extend(entry.key_place.label("again here"));
        d.labels.extend(first.label("first here"));
        self.diagnostics.push(d);
    }

    fn note_unsupported(&mut self, entry: &Entry, key: &Key, path: &str) {
        if entry.value.is_empty() || inert(self.section, &entry.value) {
            return;
        }
        let item = Unsupported {
            section: self.section.to_owned(),
            path: path.to_owned(),
            place: entry.key_place.clone(),
            pro: key.pro,
        };
        match key.status {
            Status::Later => self.unsupported.push(item),
            Status::Publishing => self.publishing.push(item),
            Status::Honoured | Status::Idle | Status::Removed(_) => {}
        }
    }

    fn duplicate_ids(&mut self, list: &Node, section: &str) {
        let mut seen: HashMap<String, Place> = HashMap::new();
        for item in list.items() {
            let Some(id) = item.get("id") else { continue };
            let Some(text) = id.scalar().map(|s| s.text.clone()) else { continue };
            if text.is_empty() {
                continue;
            }
            match seen.get(&text) {
                None => {
                    seen.insert(text, id.place.clone());
                }
                Some(_) if self.full() => return,
                Some(first) => {
                    let mut d = Diagnostic::error(
                        Code::DuplicateId,
                        format!("two items of `{section}` have the id `{text}`"),
                    );
                    d.labels.extend(id.place.label("again here"));
                    d.labels.extend(first.label("first here"));
                    self.diagnostics.push(d);
                }
            }
        }
    }

    fn wrong_type(&mut self, node: &Node, expected: &str, path: &str) -> Option<Node> {
        let what = if path.is_empty() { "the file".to_owned() } else { format!("`{path}`") };
        let mut d = Diagnostic::error(
            Code::ConfigType,
            format!("{what} must be {expected}, not {}", node.describe()),
        );
        if let (Some(scalar), "a list") = (node.scalar(), expected) {
            d = d.hint_with("write a list with one item", format!("- {}", scalar.text));
        }
        if expected == "true or false" && node.scalar().is_some_and(|s| s.text.contains("{{")) {
            d = d.hint("goreleaser takes no template here");
        }
        self.say(d, &node.place);
        None
    }

    fn say(&mut self, mut d: Diagnostic, place: &Place) {
        if self.full() {
            return;
        }
        d.labels.extend(place.label(""));
        self.diagnostics.push(d);
    }

    /// Whether enough has been said; a label copies its line, so that more would cost the square of the file.
    fn full(&self) -> bool {
        self.diagnostics.list.len() >= MAX_PROBLEMS
    }
}

/// Whether what is configured asks for nothing: all items disabled in so many words, or signing nothing.
fn inert(section: &str, value: &Node) -> bool {
    let is = |node: &Node, key: &str, word: &str| {
        node.get(key).and_then(Node::scalar).is_some_and(|s| s.text.trim().eq_ignore_ascii_case(word))
    };
    let idle = |item: &Node| {
        let signs_nothing = section == "signs" && item.get("artifacts").is_none_or(|a| a.is_empty());
        is(item, "disable", "true")
            || is(item, "skip", "true")
            || is(item, "artifacts", "none")
            || signs_nothing
    };
    match &value.kind {
        NodeKind::List(items) => items.iter().all(idle),
        NodeKind::Map(_) => {
            is(value, "disable", "true") || (section == "srpm" && !is(value, "enabled", "true"))
        }
        _ => false,
    }
}

/// The flags of a text, split as Go's `strings.Fields` does.
fn split_words(node: Node) -> Node {
    let words = node.scalar().map(|s| s.text.clone()).unwrap_or_default();
    let items = words.split_whitespace().map(|word| Node {
        kind: NodeKind::Scalar(Scalar { text: word.to_owned(), kind: ScalarKind::Text }),
        place: node.place.clone(),
    });
    Node { kind: NodeKind::List(items.collect()), place: node.place.clone() }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// goreleaser expects `version: 2` and only warns about anything else.
pub(super) fn check_version(root: &Node, diagnostics: &mut Diagnostics) {
    let version = root.get("version");
    if version.and_then(Node::scalar).is_some_and(|s| s.kind == ScalarKind::Int(2)) {
        return;
    }
    let d = Diagnostic::warning(
        Code::ConfigValue,
        "the file does not say `version: 2`, the only version that exists",
    );
    let mut d = d.hint_with("say so at the top of the file", "version: 2");
    d.labels.extend(version.unwrap_or(root).place.label(""));
    diagnostics.push(d);
}
