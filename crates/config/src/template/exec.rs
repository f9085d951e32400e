//! Owns: walking a parsed template. Work, output and depth are limited here; every fault gets its place here.

use super::ast::{Block, Node, Parsed, Pipe, Term, TermKind};
use super::error::{Fault, MissingField};
use super::fields::{FIELDS, FieldScope};
use super::functions::{Call, call};
use super::value::{Fields, Value};
use super::{OUTPUT_LIMIT, TemplateHost, go_time, printf};
use std::sync::Arc;

/// Nodes and terms one rendering may evaluate.
const STEPS: usize = 5_000_000;
/// Bytes that the arguments and results of one rendering's function calls may sum up to.
const WORK: usize = 256 << 20;
/// `{{template}}` may call itself this deep.
const CALL_DEPTH: usize = 100;

pub(super) fn execute(parsed: &Parsed, host: &dyn TemplateHost, fields: &Fields) -> Result<String, Fault> {
    let root = fields.root();
    let variables = vec![("$".to_owned(), root.clone())];
    let env = fields.get("Env").cloned().unwrap_or(Value::Environ);
    let mut run = Run {
        parsed,
        host,
        root: root.clone(),
        env,
        variables,
        out: String::new(),
        steps: 0,
        work: 0,
        depth: 0,
    };
    run.walk(&root, &parsed.main)?;
    Ok(run.out)
}

enum Flow {
    Next,
    Break,
    Continue,
}

struct Run<'a> {
    parsed: &'a Parsed,
    host: &'a dyn TemplateHost,
    root: Value,
    env: Value,
    variables: Vec<(String, Value)>,
    out: String,
    steps: usize,
    work: usize,
    depth: usize,
}

impl<'a> Run<'a> {
    fn step(&mut self, at: usize) -> Result<(), Fault> {
        self.steps += 1;
        if self.steps > STEPS { Err(Fault::at(at, "the template does too much work")) } else { Ok(()) }
    }

    fn charge(&mut self, bytes: usize, at: usize) -> Result<(), Fault> {
        self.work = self.work.saturating_add(bytes);
        if self.work > WORK { Err(Fault::at(at, "the template does too much work")) } else { Ok(()) }
    }

    fn write(&mut self, text: &str, at: Option<usize>) -> Result<(), Fault> {
        if self.out.len() + text.len() > OUTPUT_LIMIT {
            let mut fault = Fault::new("the output is larger than 16 MiB");
            fault.offset = at;
            return Err(fault);
        }
        self.out.push_str(text);
        Ok(())
    }

    fn walk(&mut self, dot: &Value, nodes: &'a [Node]) -> Result<Flow, Fault> {
        for node in nodes {
            match node {
                Node::Text(text) => self.write(text, None)?,
                Node::Action(pipe) => {
                    let value = self.pipeline(dot, pipe)?;
                    if pipe.declared.is_empty() {
                        self.print(&value, pipe.at)?;
                    }
                }
                Node::If(block) | Node::With(block) => {
                    let scope = self.variables.len();
                    let value = self.pipeline(dot, &block.pipe)?;
                    let inner = if matches!(node, Node::With(_)) { &value } else { dot };
                    let flow = match value.truth() {
                        true => self.walk(inner, &block.then)?,
                        false => self.walk(dot, &block.otherwise)?,
                    };
                    self.variables.truncate(scope);
                    if !matches!(flow, Flow::Next) {
                        return Ok(flow);
                    }
                }
                Node::Range(block) => {
                    let scope = self.variables.len();
                    let flow = self.range(dot, block)?;
                    self.variables.truncate(scope);
                    if !matches!(flow, Flow::Next) {
                        return Ok(flow);
                    }
                }
                Node::Template { at, name, pipe } => self.template(dot, *at, name, pipe.as_ref())?,
                Node::Break => return Ok(Flow::Break),
                Node::Continue => return Ok(Flow::Continue),
            }
        }
        Ok(Flow::Next)
    }

    fn print(&mut self, value: &Value, at: usize) -> Result<(), Fault> {
        match value {
            Value::Nil => self.write("<no value>", Some(at)),
            Value::Str(text) => self.write(&text.clone(), Some(at)),
            Value::Environ => {
                let all = self.environment();
                self.write(&printf::plain(&all), Some(at))
            }
            other => self.write(&printf::plain(other), Some(at)),
        }
    }

    /// The whole environment as a map, for what does not ask by name.
    fn environment(&self) -> Value {
        let all = self.host.env_all().into_iter().map(|(k, v)| (k, Value::from(v)));
        Value::Map(Arc::new(all.collect()))
    }

    fn template(&mut self, dot: &Value, at: usize, name: &str, pipe: Option<&'a Pipe>) -> Result<(), Fault> {
        let parsed = self.parsed;
        let nodes = parsed
            .defined
            .get(name)
            .ok_or_else(|| Fault::at(at, format!("template {name:?} not defined")))?;
        if self.depth == CALL_DEPTH {
            return Err(Fault::at(at, format!("exceeded maximum template depth ({CALL_DEPTH})")));
        }
        self.step(at)?;
        let inner = match pipe {
            Some(pipe) => self.pipeline(dot, pipe)?,
            None => Value::Nil,
        };
        let outer = std::mem::replace(&mut self.variables, vec![("$".to_owned(), inner.clone())]);
        self.depth += 1;
        self.walk(&inner, nodes)?;
        self.depth -= 1;
        self.variables = outer;
        Ok(())
    }

    fn range(&mut self, dot: &Value, block: &'a Block) -> Result<Flow, Fault> {
        let at = block.pipe.at;
        let mut over = self.pipeline(dot, &block.pipe)?;
        if matches!(over, Value::Environ) {
            over = self.environment();
        }
        let mut ran = false;
        let mut each = |run: &mut Self, index: Value, element: Value| -> Result<bool, Fault> {
            ran = true;
            run.iterate(block, index, element)
        };
        match &over {
            Value::List(list) => {
                for (i, element) in list.iter().enumerate() {
                    if !each(self, Value::Int(i64::try_from(i).unwrap_or(i64::MAX)), element.clone())? {
                        break;
                    }
                }
            }
            Value::Map(map) => {
                for (key, element) in map.iter() {
                    if !each(self, Value::from(key), element.clone())? {
                        break;
                    }
                }
            }
            Value::Int(count) | Value::Named(count, _) => {
                if block.pipe.declared.len() > 1 {
                    let message = format!("can't use {count} to iterate over more than one variable");
                    return Err(Fault::at(at, message));
                }
                for i in 0..*count {
                    if !each(self, Value::Nil, Value::Int(i))? {
                        break;
                    }
                }
            }
            Value::Nil => {}
            other => {
                let message = format!("range can't iterate over {}", printf::plain(other));
                return Err(Fault::at(at, message));
            }
        }
        if ran { Ok(Flow::Next) } else { self.walk(dot, &block.otherwise) }
    }

    /// One round of a range; false after `break`.
    fn iterate(&mut self, block: &'a Block, index: Value, element: Value) -> Result<bool, Fault> {
        self.step(block.pipe.at)?;
        let names = &block.pipe.declared;
        let scope = self.variables.len();
        let given = match names.len() {
            0 => vec![],
            1 => vec![element.clone()],
            _ => vec![index, element.clone()],
        };
        for (i, value) in given.into_iter().enumerate() {
            if block.pipe.assigns {
                self.assign(&names[i], value, block.pipe.at)?;
            } else {
                // The pipeline pushed its variables last: the loop overwrites them in place.
                self.variables[scope - names.len() + i].1 = value;
            }
        }
        let flow = self.walk(&element, &block.then)?;
        self.variables.truncate(scope);
        Ok(!matches!(flow, Flow::Break))
    }

    fn assign(&mut self, name: &str, value: Value, at: usize) -> Result<(), Fault> {
        match self.variables.iter_mut().rev().find(|(n, _)| n == name) {
            Some(slot) => {
                slot.1 = value;
                Ok(())
            }
            None => Err(Fault::at(at, format!("undefined variable: {name}"))),
        }
    }

    fn pipeline(&mut self, dot: &Value, pipe: &'a Pipe) -> Result<Value, Fault> {
        let mut value = None;
        for command in &pipe.commands {
            value = Some(self.command(dot, command, value)?);
        }
        let value = value.unwrap_or(Value::Nil);
        for name in &pipe.declared {
            if pipe.assigns {
                self.assign(name, value.clone(), pipe.at)?;
            } else {
                self.variables.push((name.clone(), value.clone()));
            }
        }
        Ok(value)
    }

    fn command(&mut self, dot: &Value, terms: &'a [Term], last: Option<Value>) -> Result<Value, Fault> {
        let (first, args) = (&terms[0], &terms[1..]);
        self.step(first.at)?;
        match &first.kind {
            TermKind::Field(names) => self.chain(dot, first, dot.clone(), names, args, last),
            TermKind::Chain(inner, names) => {
                let value = self.term(dot, inner)?;
                self.chain(dot, first, value, names, args, last)
            }
            TermKind::Variable(name, names) if !names.is_empty() => {
                let value = self.variable(name, first.at)?;
                self.chain(dot, first, value, names, args, last)
            }
            TermKind::Function(name) => self.function(dot, name, first.at, args, last),
            _ if !args.is_empty() || last.is_some() => {
                Err(Fault::at(first.at, "can't give argument to non-function"))
            }
            TermKind::Nil => Err(Fault::at(first.at, "nil is not a command")),
            _ => self.term(dot, first),
        }
    }

    fn variable(&self, name: &str, at: usize) -> Result<Value, Fault> {
        let found = self.variables.iter().rev().find(|(n, _)| n == name);
        found.map(|(_, v)| v.clone()).ok_or_else(|| Fault::at(at, format!("undefined variable: {name}")))
    }

    /// A term's value as an argument.
    fn term(&mut self, dot: &Value, term: &'a Term) -> Result<Value, Fault> {
        self.step(term.at)?;
        match &term.kind {
            TermKind::Bool(b) => Ok(Value::Bool(*b)),
            TermKind::Nil => Ok(Value::Nil),
            TermKind::Dot => Ok(dot.clone()),
            TermKind::Number(number) => number.ideal().map_err(|m| Fault::at(term.at, m)),
            TermKind::Str(text) => Ok(Value::from(text)),
            TermKind::Field(names) => self.chain(dot, term, dot.clone(), names, &[], None),
            TermKind::Variable(name, names) => {
                let value = self.variable(name, term.at)?;
                self.chain(dot, term, value, names, &[], None)
            }
            TermKind::Chain(inner, names) => {
                let value = self.term(dot, inner)?;
                self.chain(dot, term, value, names, &[], None)
            }
            TermKind::Function(name) => self.function(dot, name, term.at, &[], None),
            TermKind::Pipe(pipe) => self.pipeline(dot, pipe),
        }
    }

    /// `value.A.B`; only the last name gets the arguments.
    fn chain(
        &mut self,
        dot: &Value,
        term: &'a Term,
        mut value: Value,
        names: &'a [String],
        args: &'a [Term],
        last: Option<Value>,
    ) -> Result<Value, Fault> {
        for (i, name) in names.iter().enumerate() {
            let given = if i + 1 == names.len() { (args, last.as_ref()) } else { (&[][..], None) };
            value = self.field(dot, term.at, &value, name, given)?;
        }
        Ok(value)
    }

    fn field(
        &mut self,
        dot: &Value,
        at: usize,
        value: &Value,
        name: &str,
        (args, last): (&'a [Term], Option<&Value>),
    ) -> Result<Value, Fault> {
        match value {
            Value::Time(time) => {
                let mut given = Vec::new();
                for arg in args {
                    given.push(self.term(dot, arg)?);
                }
                given.extend(last.cloned());
                let result = go_time::method(*time, name, &given).map_err(|m| Fault::at(at, m))?;
                self.charge(result.weight(), at)?;
                Ok(result)
            }
            Value::Named(_, word) if name == "String" && args.is_empty() && last.is_none() => {
                Ok(Value::from(*word))
            }
            Value::Map(_) | Value::Environ if !args.is_empty() || last.is_some() => {
                Err(Fault::at(at, format!("{name} is not a method but has arguments")))
            }
            Value::Map(map) => match map.get(name) {
                Some(found) => Ok(found.clone()),
                None if name == "Env" && self.is_root(value) => Ok(Value::Environ),
                None => Err(self.missing(at, name, value)),
            },
            Value::Environ => match self.host.env(name) {
                Some(found) => Ok(Value::from(found)),
                None => Err(self.missing(at, name, &self.environment())),
            },
            Value::Nil => Err(Fault::at(at, format!("nil data; no entry for key {name:?}"))),
            other => Err(Fault::at(at, format!("can't evaluate field {name} in type {}", other.type_name()))),
        }
    }

    fn is_root(&self, value: &Value) -> bool {
        matches!((value, &self.root), (Value::Map(a), Value::Map(b)) if Arc::ptr_eq(a, b))
    }

    fn missing(&self, at: usize, name: &str, within: &Value) -> Fault {
        let mut message = format!("map has no entry for key {name:?}");
        let root = self.is_root(within);
        let known = FIELDS.iter().find(|f| root && f.name == name).map(|f| f.scope);
        match known {
            Some(FieldScope::Artifact) => {
                message.push_str(" (the field exists only where one artifact is at hand)")
            }
            Some(FieldScope::Build) => message.push_str(" (the field exists only in builds and their hooks)"),
            Some(FieldScope::Pro) => message.push_str(" (a field of goreleaser Pro)"),
            Some(_) => message.push_str(" (the field does not exist at this place)"),
            None => {}
        }
        let keys: Vec<&str> = match within {
            Value::Map(map) => map.keys().map(String::as_str).collect(),
            _ => Vec::new(),
        };
        let facts = FIELDS.iter().map(|f| f.name).filter(|_| root);
        let nearest = match known {
            Some(_) => None,
            None => goferry_report::nearest(name, keys.into_iter().chain(facts)).map(str::to_owned),
        };
        Fault { message, offset: Some(at), missing: Some(MissingField { name: name.to_owned(), nearest }) }
    }

    fn function(
        &mut self,
        dot: &Value,
        name: &str,
        at: usize,
        args: &'a [Term],
        last: Option<Value>,
    ) -> Result<Value, Fault> {
        if name == "and" || name == "or" {
            return self.short_circuit(dot, name, at, args, last);
        }
        let mut given = Vec::with_capacity(args.len() + 1);
        for arg in args {
            given.push(self.term(dot, arg)?);
        }
        given.extend(last);
        for value in &mut given {
            // `index .Env "X"` and the like read by name; everything else wants the map itself.
            if matches!(value, Value::Environ) && !matches!(name, "index" | "indexOrDefault") {
                *value = self.environment();
            }
        }
        let weight: usize = given.iter().map(Value::weight).sum();
        self.charge(weight, at)?;
        let context = Call { host: self.host, env: &self.env };
        let result = call(name, &context, &given).map_err(|m| Fault::at(at, m))?;
        self.charge(result.weight(), at)?;
        Ok(result)
    }

    fn short_circuit(
        &mut self,
        dot: &Value,
        name: &str,
        at: usize,
        args: &'a [Term],
        last: Option<Value>,
    ) -> Result<Value, Fault> {
        if args.is_empty() && last.is_none() {
            return Err(Fault::at(at, format!("wrong number of args for {name}: want at least 1 got 0")));
        }
        let mut value = Value::Nil;
        for arg in args {
            value = self.term(dot, arg)?;
            if value.truth() == (name == "or") {
                return Ok(value);
            }
        }
        Ok(last.unwrap_or(value))
    }
}
