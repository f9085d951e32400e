//! Owns: the shape of a parsed template. Offsets are bytes into the template's text.

use super::number::Number;
use std::collections::BTreeMap;

/// A parsed template and what it defines.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub(super) main: Vec<Node>,
    pub(super) defined: BTreeMap<String, Vec<Node>>,
}

#[derive(Debug)]
pub(super) enum Node {
    Text(String),
    Action(Pipe),
    If(Block),
    With(Block),
    Range(Block),
    Template { at: usize, name: String, pipe: Option<Pipe> },
    Break,
    Continue,
}

#[derive(Debug)]
pub(super) struct Block {
    pub(super) pipe: Pipe,
    pub(super) then: Vec<Node>,
    pub(super) otherwise: Vec<Node>,
}

#[derive(Debug)]
pub(super) struct Pipe {
    pub(super) at: usize,
    /// Variables with their `$`: at most two.
    pub(super) declared: Vec<String>,
    /// `=` rather than `:=`.
    pub(super) assigns: bool,
    pub(super) commands: Vec<Vec<Term>>,
}

#[derive(Debug)]
pub(super) struct Term {
    pub(super) at: usize,
    pub(super) kind: TermKind,
}

#[derive(Debug)]
pub(super) enum TermKind {
    Bool(bool),
    Nil,
    Dot,
    Number(Number),
    Str(String),
    /// `.A.B`
    Field(Vec<String>),
    /// `$x.A.B`; the name with its `$`.
    Variable(String, Vec<String>),
    /// `(pipe).A.B` or `function.A.B`
    Chain(Box<Term>, Vec<String>),
    Function(String),
    Pipe(Box<Pipe>),
}
