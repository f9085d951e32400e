//! Owns: the grammar of `text/template`; unknown functions, undefined variables and stray `break` are found here.

use super::ast::{Block, Node, Parsed, Pipe, Term, TermKind};
use super::error::Fault;
use super::functions::{is_function, nearest_function};
use super::lex::{Token, lex};
use super::number::{read_number, unquote};

/// Blocks and parentheses nest at most this deep; Go has a limit of its own only for parentheses.
const DEPTH: usize = 200;

pub(super) fn parse(template: &str) -> Result<Parsed, Fault> {
    let mut parser = Parser {
        tokens: lex(template)?,
        next: 0,
        variables: vec!["$".into()],
        ranges: 0,
        depth: 0,
        parsed: Parsed::default(),
    };
    let (nodes, stop) = parser.nodes()?;
    match stop {
        Stop::Eof => {
            parser.parsed.main = nodes;
            Ok(parser.parsed)
        }
        Stop::End(at) => Err(Fault::at(at, "unexpected {{end}}")),
        Stop::Else(at) => Err(Fault::at(at, "unexpected {{else}}")),
    }
}

enum Stop {
    Eof,
    End(usize),
    Else(usize),
}

struct Parser {
    tokens: Vec<(usize, Token)>,
    next: usize,
    variables: Vec<String>,
    ranges: usize,
    depth: usize,
    parsed: Parsed,
}

impl Parser {
    fn peek(&self) -> &Token {
        &self.tokens[self.next.min(self.tokens.len() - 1)].1
    }

    fn at(&self) -> usize {
        self.tokens[self.next.min(self.tokens.len() - 1)].0
    }

    fn take(&mut self) -> (usize, Token) {
        let token = self.tokens[self.next.min(self.tokens.len() - 1)].clone();
        self.next += 1;
        token
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Token::Space) {
            self.next += 1;
        }
    }

    fn peek_word(&mut self) -> Option<&str> {
        self.skip_space();
        match self.peek() {
            Token::Word(word) => Some(word),
            _ => None,
        }
    }

    fn unexpected<T>(&self, context: &str) -> Result<T, Fault> {
        let what = match self.peek() {
            Token::End => "unexpected EOF".to_owned(),
            token => format!("unexpected {} in {context}", token.shown()),
        };
        Err(Fault::at(self.at(), what))
    }

    fn right_delim(&mut self, context: &str) -> Result<(), Fault> {
        self.skip_space();
        if *self.peek() != Token::RightDelim {
            return self.unexpected(context);
        }
        self.next += 1;
        Ok(())
    }

    fn deeper(&mut self) -> Result<(), Fault> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(Fault::at(self.at(), format!("nested more than {DEPTH} levels deep")));
        }
        Ok(())
    }

    /// Nodes up to `{{end}}`, `{{else}}` or the end of the text.
    fn nodes(&mut self) -> Result<(Vec<Node>, Stop), Fault> {
        self.deeper()?;
        let mut nodes = Vec::new();
        loop {
            let (at, token) = self.take();
            match token {
                Token::Text(text) => nodes.push(Node::Text(text)),
                Token::End => {
                    self.depth -= 1;
                    return Ok((nodes, Stop::Eof));
                }
                _ => {
                    let word = self.peek_word().unwrap_or_default().to_owned();
                    if word == "end" {
                        self.next += 1;
                        self.right_delim("end")?;
                        self.depth -= 1;
                        return Ok((nodes, Stop::End(at)));
                    }
                    if word == "else" {
                        self.next += 1;
                        if !matches!(self.peek_word(), Some("if" | "with")) {
                            self.right_delim("else")?;
                        }
                        self.depth -= 1;
                        return Ok((nodes, Stop::Else(at)));
                    }
                    nodes.extend(self.action(at, &word)?);
                }
            }
        }
    }

    fn action(&mut self, at: usize, word: &str) -> Result<Option<Node>, Fault> {
        let keyword =
            matches!(word, "if" | "with" | "range" | "template" | "block" | "define" | "break" | "continue");
        self.next += usize::from(keyword);
        Ok(Some(match word {
            "if" => Node::If(self.block("if")?),
            "with" => Node::With(self.block("with")?),
            "range" => Node::Range(self.block("range")?),
            "template" => {
                let name = self.template_name("template clause")?;
                self.skip_space();
                let pipe = match self.peek() {
                    Token::RightDelim => None,
                    _ => Some(self.pipeline("template clause", &Token::RightDelim)?),
                };
                if pipe.is_none() {
                    self.next += 1;
                }
                Node::Template { at, name, pipe }
            }
            "block" => {
                let name = self.template_name("block clause")?;
                let pipe = self.pipeline("block clause", &Token::RightDelim)?;
                self.definition(at, &name, "block clause")?;
                Node::Template { at, name, pipe: Some(pipe) }
            }
            "define" if self.depth > 1 => return Err(Fault::at(at, "unexpected {{define}}")),
            "define" => {
                let name = self.template_name("define clause")?;
                self.right_delim("define clause")?;
                self.definition(at, &name, "define clause")?;
                return Ok(None);
            }
            "break" | "continue" => {
                self.skip_space();
                if *self.peek() != Token::RightDelim {
                    return self.unexpected(&format!("{{{{{word}}}}}"));
                }
                self.next += 1;
                if self.ranges == 0 {
                    return Err(Fault::at(at, format!("{{{{{word}}}}} outside {{{{range}}}}")));
                }
                if word == "break" { Node::Break } else { Node::Continue }
            }
            _ => Node::Action(self.pipeline("command", &Token::RightDelim)?),
        }))
    }

    fn template_name(&mut self, context: &str) -> Result<String, Fault> {
        self.skip_space();
        let at = self.at();
        match self.peek().clone() {
            Token::Str(text) => {
                self.next += 1;
                unquote(&text).ok_or_else(|| Fault::at(at, "invalid syntax"))
            }
            _ => self.unexpected(context),
        }
    }

    /// The body of `define` or `block` up to its `{{end}}`; its only variable is `$`, and it is in no range.
    fn definition(&mut self, at: usize, name: &str, context: &str) -> Result<(), Fault> {
        let variables = std::mem::replace(&mut self.variables, vec!["$".into()]);
        let ranges = std::mem::take(&mut self.ranges);
        let (nodes, stop) = self.nodes()?;
        match stop {
            Stop::End(_) => {}
            Stop::Eof => return Err(Fault::at(self.at(), "unexpected EOF")),
            Stop::Else(at) => return Err(Fault::at(at, format!("unexpected {{{{else}}}} in {context}"))),
        }
        self.variables = variables;
        self.ranges = ranges;
        let blank = |nodes: &[Node]| nodes.iter().all(|n| matches!(n, Node::Text(t) if t.trim().is_empty()));
        match self.parsed.defined.get(name) {
            Some(earlier) if !blank(earlier) && !blank(&nodes) => {
                Err(Fault::at(at, format!("template: multiple definition of template {name:?}")))
            }
            Some(earlier) if !blank(earlier) => Ok(()),
            _ => {
                self.parsed.defined.insert(name.to_owned(), nodes);
                Ok(())
            }
        }
    }

    /// What follows `if`, `with` or `range`, up to and with its `{{end}}`.
    fn block(&mut self, context: &'static str) -> Result<Block, Fault> {
        self.deeper()?;
        let scope = self.variables.len();
        let pipe = self.pipeline(context, &Token::RightDelim)?;
        let ranges = usize::from(context == "range");
        self.ranges += ranges;
        let (then, stop) = self.nodes()?;
        self.ranges -= ranges;
        let mut otherwise = Vec::new();
        match stop {
            Stop::End(_) => {}
            Stop::Eof => return Err(Fault::at(self.at(), "unexpected EOF")),
            Stop::Else(at) => otherwise = self.otherwise(at, context)?,
        }
        self.variables.truncate(scope);
        self.depth -= 1;
        Ok(Block { pipe, then, otherwise })
    }

    fn otherwise(&mut self, at: usize, context: &'static str) -> Result<Vec<Node>, Fault> {
        // The token after {{else}} is a word only in {{else if}} and {{else with}}.
        let word = match self.peek() {
            Token::Word(word) if self.tokens[self.next - 1].1 != Token::RightDelim => word.clone(),
            _ => String::new(),
        };
        match (word.as_str(), context) {
            ("if", "if") => {
                self.next += 1;
                Ok(vec![Node::If(self.block("if")?)])
            }
            ("with", "with") => {
                self.next += 1;
                Ok(vec![Node::With(self.block("with")?)])
            }
            ("", _) => match self.nodes()? {
                (nodes, Stop::End(_)) => Ok(nodes),
                (_, Stop::Else(at)) => Err(Fault::at(at, "expected end; found {{else}}")),
                (_, Stop::Eof) => Err(Fault::at(self.at(), "unexpected EOF")),
            },
            (word, _) => Err(Fault::at(
                at,
                format!("unexpected <{word}> in input: {{{{else {word}}}}} in a {context}"),
            )),
        }
    }

    fn pipeline(&mut self, context: &'static str, end: &Token) -> Result<Pipe, Fault> {
        self.skip_space();
        let mut pipe = Pipe { at: self.at(), declared: Vec::new(), assigns: false, commands: Vec::new() };
        self.declarations(&mut pipe, context)?;
        loop {
            self.skip_space();
            if self.peek() == end {
                self.next += 1;
                break;
            }
            match self.peek() {
                Token::Word(_)
                | Token::Field(_)
                | Token::Variable(_)
                | Token::Str(_)
                | Token::Number(_)
                | Token::Dot
                | Token::LeftParen => pipe.commands.push(self.command()?),
                _ => return self.unexpected(context),
            }
        }
        if pipe.commands.is_empty() {
            return Err(Fault::at(pipe.at, format!("missing value for {context}")));
        }
        for (stage, command) in pipe.commands.iter().enumerate().skip(1) {
            if let TermKind::Bool(_)
            | TermKind::Dot
            | TermKind::Nil
            | TermKind::Number(_)
            | TermKind::Str(_) = command[0].kind
            {
                let message = format!("non executable command in pipeline stage {}", stage + 1);
                return Err(Fault::at(command[0].at, message));
            }
        }
        Ok(pipe)
    }

    fn declarations(&mut self, pipe: &mut Pipe, context: &str) -> Result<(), Fault> {
        loop {
            self.skip_space();
            let Token::Variable(name) = self.peek().clone() else { return Ok(()) };
            let before = self.next;
            self.next += 1;
            self.skip_space();
            match self.peek() {
                token @ (Token::Assign | Token::Declare) => {
                    pipe.assigns = *token == Token::Assign;
                    self.next += 1;
                    self.declare(pipe, name);
                    return Ok(());
                }
                Token::Comma => {
                    self.next += 1;
                    self.declare(pipe, name);
                    self.skip_space();
                    if context != "range" || pipe.declared.len() > 1 {
                        return Err(Fault::at(self.at(), format!("too many declarations in {context}")));
                    }
                    if !matches!(self.peek(), Token::Variable(_) | Token::RightDelim | Token::RightParen) {
                        return Err(Fault::at(self.at(), "range can only initialize variables"));
                    }
                }
                _ => {
                    self.next = before;
                    return Ok(());
                }
            }
        }
    }

    fn declare(&mut self, pipe: &mut Pipe, name: String) {
        self.variables.push(name.clone());
        pipe.declared.push(name);
    }

    fn command(&mut self) -> Result<Vec<Term>, Fault> {
        let mut terms = Vec::new();
        let at = self.at();
        loop {
            self.skip_space();
            terms.extend(self.operand()?);
            match self.peek() {
                Token::Space => self.next += 1,
                Token::RightDelim | Token::RightParen => break,
                Token::Pipe => {
                    self.next += 1;
                    break;
                }
                _ => return self.unexpected("operand"),
            }
        }
        if terms.is_empty() { Err(Fault::at(at, "empty command")) } else { Ok(terms) }
    }

    /// A term and the fields chained to it.
    fn operand(&mut self) -> Result<Option<Term>, Fault> {
        let Some(term) = self.term()? else { return Ok(None) };
        let mut chain = Vec::new();
        while let Token::Field(name) = self.peek() {
            chain.push(name.clone());
            self.next += 1;
        }
        if chain.is_empty() {
            return Ok(Some(term));
        }
        let at = term.at;
        let kind = match term.kind {
            TermKind::Field(mut names) => {
                names.extend(chain);
                TermKind::Field(names)
            }
            TermKind::Variable(name, mut names) => {
                names.extend(chain);
                TermKind::Variable(name, names)
            }
            TermKind::Bool(_) | TermKind::Str(_) | TermKind::Number(_) | TermKind::Nil | TermKind::Dot => {
                return Err(Fault::at(at, "unexpected . after term"));
            }
            kind => TermKind::Chain(Box::new(Term { at, kind }), chain),
        };
        Ok(Some(Term { at, kind }))
    }

    fn term(&mut self) -> Result<Option<Term>, Fault> {
        let at = self.at();
        let kind = match self.peek().clone() {
            Token::Word(word) => match word.as_str() {
                "true" => TermKind::Bool(true),
                "false" => TermKind::Bool(false),
                "nil" => TermKind::Nil,
                "if" | "else" | "end" | "range" | "with" | "define" | "block" | "template" | "break"
                | "continue" => {
                    return Ok(None);
                }
                _ if is_function(&word) => TermKind::Function(word),
                _ => {
                    let hint = nearest_function(&word)
                        .map(|n| format!(" (did you mean {n:?}?)"))
                        .unwrap_or_default();
                    return Err(Fault::at(at, format!("function {word:?} not defined{hint}")));
                }
            },
            Token::Dot => TermKind::Dot,
            Token::Field(name) => TermKind::Field(vec![name]),
            Token::Variable(name) if self.variables.contains(&name) => TermKind::Variable(name, Vec::new()),
            Token::Variable(name) => return Err(Fault::at(at, format!("undefined variable {name:?}"))),
            Token::Number(text) => TermKind::Number(read_number(&text).map_err(|m| Fault::at(at, m))?),
            Token::Str(text) => TermKind::Str(unquote(&text).ok_or_else(|| Fault::at(at, "invalid syntax"))?),
            Token::LeftParen => {
                self.next += 1;
                self.deeper()?;
                let pipe = self.pipeline("parenthesized pipeline", &Token::RightParen)?;
                self.depth -= 1;
                return Ok(Some(Term { at, kind: TermKind::Pipe(Box::new(pipe)) }));
            }
            _ => return Ok(None),
        };
        self.next += 1;
        Ok(Some(Term { at, kind }))
    }
}
