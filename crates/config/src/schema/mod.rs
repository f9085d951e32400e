//! The one table of every key of both files: name, type, what goferry does with it, and a line of documentation.
//!
//! Owns: facts about keys. The decoder, the JSON schema, the reference page and `--skip` are all made from it.
//! Must not: look at a file. Key names and types are goreleaser's (`pkg/config`, its published JSON schemas, Pro included).

mod changelog;
mod core;
mod image;
mod json;
mod markdown;
mod native;
mod others;
mod skip;

pub(crate) use core::ROOT;
pub use json::json_schema;
pub use markdown::reference_markdown;
pub(crate) use native::{NATIVE, NOT_NATIVE};
pub use skip::{Section, sections, skip_covers, skip_values};

/// One of the two files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// goferry.toml.
    Goferry,
    /// .goreleaser.yaml.
    Goreleaser,
}

/// What may stand at a key.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// Any scalar, taken as its text.
    Text,
    /// A text that is rendered as a template.
    Template,
    /// `KEY=value`, the value a template.
    EnvItem,
    /// A boolean.
    Bool,
    /// A boolean, or a template that gives one.
    BoolOrTemplate,
    /// A whole number.
    Int,
    /// Permission bits: a number, octal when it begins with 0.
    Mode,
    /// One of these words; a value with `{{` is left to the template.
    Enum(&'static [&'static str]),
    /// A list.
    List(&'static Kind),
    /// A list, or one item alone.
    OneOrMany(&'static Kind),
    /// A list of words, or a text that is split on blanks.
    Words,
    /// A mapping with known keys.
    Map(&'static Shape),
    /// A mapping with known keys, or a text that stands for this one key of it.
    MapOrText(&'static Shape, &'static str),
    /// A mapping with free keys.
    MapOf(&'static Kind),
    /// Anything.
    Any,
}

/// What goferry does with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It means what it means in goreleaser.
    Honoured,
    /// It matters only when something is published; a snapshot or `--skip=publish` goes on without it.
    Publishing,
    /// It belongs to a mode or a service of goreleaser that a goferry release never enters (nightlies, split builds).
    Idle,
    /// goferry cannot do it yet: a release stops unless the section is skipped.
    Later,
    /// goreleaser removed it; the text says what to write now.
    Removed(&'static str),
}

/// An old spelling that still works.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Old {
    /// The same value under a new name.
    Renamed(&'static str),
    /// Something else does its work now.
    Superseded(&'static str),
}

/// One key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) status: Status,
    pub(crate) pro: bool,
    pub(crate) old: Option<Old>,
    pub(crate) doc: &'static str,
}

/// A mapping with known keys.
#[derive(Debug)]
pub(crate) struct Shape {
    /// Name of the shape in the JSON schema.
    pub(crate) name: &'static str,
    /// Its keys.
    pub(crate) keys: &'static [Key],
    /// Further keys, shared with another shape.
    pub(crate) more: &'static [Key],
}

/// A key that is honoured.
const fn key(name: &'static str, kind: Kind, doc: &'static str) -> Key {
    Key { name, kind, status: Status::Honoured, pro: false, old: None, doc }
}

impl Key {
    const fn later(self) -> Key {
        Key { status: Status::Later, ..self }
    }

    const fn publishing(self) -> Key {
        Key { status: Status::Publishing, ..self }
    }

    const fn idle(self) -> Key {
        Key { status: Status::Idle, ..self }
    }

    const fn pro(self) -> Key {
        Key { pro: true, ..self }
    }

    const fn renamed(self, new: &'static str) -> Key {
        Key { old: Some(Old::Renamed(new)), ..self }
    }

    const fn superseded(self, by: &'static str) -> Key {
        Key { old: Some(Old::Superseded(by)), ..self }
    }

    const fn removed(self, now: &'static str) -> Key {
        Key { status: Status::Removed(now), ..self }
    }
}

/// A mapping with keys of its own only.
const fn shape(name: &'static str, keys: &'static [Key]) -> Shape {
    Shape { name, keys, more: &[] }
}

impl Shape {
    /// Every key, in the table's order.
    pub(crate) fn all(&self) -> impl Iterator<Item = &'static Key> + use<> {
        self.keys.iter().chain(self.more)
    }

    /// The key of this name.
    pub(crate) fn key(&self, name: &str) -> Option<&'static Key> {
        self.all().find(|k| k.name == name)
    }
}
