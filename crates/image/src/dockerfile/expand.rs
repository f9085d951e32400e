//! Variables and quotes in words, as BuildKit's `frontend/dockerfile/shell` lexer has them.

use std::iter::Peekable;
use std::str::Chars;

/// As deep as modifiers may hold variables with modifiers.
const MAX_DEPTH: usize = 64;

/// What to expand with.
pub struct Lexer<'l> {
    /// The Dockerfile's escape character.
    pub escape: char,
    /// The value of a variable.
    pub get: &'l dyn Fn(&str) -> Option<String>,
    /// Whether quotes and escapes are kept, as in documents.
    pub raw_quotes: bool,
}

/// Expands a word: variables, and quotes taken away.
///
/// # Errors
/// What is wrong: a quote or brace without an end, an unknown modifier, `${x:?why}` without `x`.
pub fn expand(word: &str, lexer: &Lexer<'_>) -> Result<String, String> {
    let mut scan = Scan { chars: word.chars().peekable(), lexer, whole: word, depth: 0 };
    scan.until(None, false)
}

/// As [`expand`], split by blanks outside of quotes, of values too.
pub(super) fn expand_words(text: &str, lexer: &Lexer<'_>) -> Result<Vec<String>, String> {
    let mut out = vec![];
    for word in super::words::words(text, lexer.escape) {
        let quoted = word.contains(['"', '\'']);
        let value = expand(&word, lexer)?;
        match quoted {
            true => out.push(value),
            false => out.extend(value.split_whitespace().map(str::to_owned)),
        }
    }
    Ok(out)
}

struct Scan<'s> {
    chars: Peekable<Chars<'s>>,
    lexer: &'s Lexer<'s>,
    whole: &'s str,
    depth: usize,
}

impl Scan<'_> {
    /// Up to `stop`, which is taken, or to the end. `raw`: escapes are kept, for patterns.
    fn until(&mut self, stop: Option<char>, raw: bool) -> Result<String, String> {
        let mut out = String::new();
        while let Some(c) = self.chars.next() {
            if Some(c) == stop {
                return Ok(out);
            }
            match c {
                '$' => out.push_str(&self.variable()?),
                '\'' if !self.lexer.raw_quotes => self.single(&mut out)?,
                '"' if !self.lexer.raw_quotes => self.double(&mut out)?,
                c if c == self.lexer.escape => self.escaped(raw, &mut out),
                c => out.push(c),
            }
        }
        match stop {
            Some(stop) => Err(format!("`{}` has no `{stop}` where one is due", self.whole)),
            None => Ok(out),
        }
    }

    fn escaped(&mut self, raw: bool, out: &mut String) {
        let Some(next) = self.chars.next() else {
            // At the end it stands for itself only in documents.
            if self.lexer.raw_quotes {
                out.push(self.lexer.escape);
            }
            return;
        };
        let kept = self.lexer.raw_quotes && next != '$' && next != self.lexer.escape;
        if raw || kept {
            out.push(self.lexer.escape);
        }
        out.push(next);
    }

    fn single(&mut self, out: &mut String) -> Result<(), String> {
        for c in self.chars.by_ref() {
            if c == '\'' {
                return Ok(());
            }
            out.push(c);
        }
        Err(format!("`{}` has a single quote without its end", self.whole))
    }

    fn double(&mut self, out: &mut String) -> Result<(), String> {
        while let Some(c) = self.chars.next() {
            match c {
                '"' => return Ok(()),
                '$' => out.push_str(&self.variable()?),
                c if c == self.lexer.escape => match self.chars.peek() {
                    Some(&n) if n == '"' || n == '$' || n == c => {
                        out.push(n);
                        self.chars.next();
                    }
                    _ => out.push(c),
                },
                c => out.push(c),
            }
        }
        Err(format!("`{}` has a double quote without its end", self.whole))
    }

    /// After `$`.
    fn variable(&mut self) -> Result<String, String> {
        if self.chars.peek() != Some(&'{') {
            let name = self.name();
            return Ok(match name.is_empty() {
                true => "$".to_owned(),
                false => (self.lexer.get)(&name).unwrap_or_default(),
            });
        }
        self.chars.next();
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("variables in variables, too many".to_owned());
        }
        let out = self.braced();
        self.depth -= 1;
        out
    }

    /// A name, or one of the shell's special letters.
    fn name(&mut self) -> String {
        let mut out = String::new();
        match self.chars.peek() {
            Some(&c) if c.is_ascii_digit() || matches!(c, '@' | '*' | '#' | '?' | '-' | '!' | '$') => {
                self.chars.next();
                return c.to_string();
            }
            _ => {}
        }
        while let Some(&c) = self.chars.peek().filter(|c| c.is_ascii_alphanumeric() || **c == '_') {
            out.push(c);
            self.chars.next();
        }
        out
    }

    /// After `${`.
    fn braced(&mut self) -> Result<String, String> {
        let name = self.name();
        if name.is_empty() {
            return Err(format!("`{}` has a bad substitution", self.whole));
        }
        let value = (self.lexer.get)(&name);
        let (op, colon) = match self.chars.next() {
            Some('}') => return Ok(value.unwrap_or_default()),
            Some(':') => (self.chars.next(), true),
            other => (other, false),
        };
        match op {
            Some(op @ ('-' | '+' | '?')) => {
                let word = self.until(Some('}'), false)?;
                let set = value.filter(|v| !colon || !v.is_empty());
                match (op, set) {
                    ('-', None) => Ok(word),
                    ('+', Some(_)) => Ok(word),
                    ('+', None) => Ok(String::new()),
                    ('?', None) if word.is_empty() => Err(format!("the variable `{name}` is not set")),
                    ('?', None) => Err(format!("{name}: {word}")),
                    (_, set) => Ok(set.unwrap_or_default()),
                }
            }
            Some(op @ ('#' | '%')) if !colon => {
                let longest = self.chars.next_if_eq(&op).is_some();
                let pattern = glob(&self.until(Some('}'), true)?, self.lexer.escape);
                Ok(trimmed(&value.unwrap_or_default(), &pattern, op, longest))
            }
            Some('/') if !colon => {
                let all = self.chars.next_if_eq(&'/').is_some();
                let pattern = glob(&self.until(Some('/'), true)?, self.lexer.escape);
                let by = self.until(Some('}'), false)?;
                Ok(replaced(&value.unwrap_or_default(), &pattern, &by, all))
            }
            Some(op) => Err(format!("`{}` has the unknown modifier `{op}`", self.whole)),
            None => Err(format!("`{}` has no `}}` where one is due", self.whole)),
        }
    }
}

/// A part of a shell pattern.
enum Part {
    Any,
    One,
    Is(char),
}

fn glob(pattern: &str, escape: char) -> Vec<Part> {
    let mut out = vec![];
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            '*' => Part::Any,
            '?' => Part::One,
            c if c == escape => Part::Is(chars.next().unwrap_or(c)),
            c => Part::Is(c),
        });
    }
    out
}

/// All lengths of beginnings of `text` that the pattern matches, the shortest first.
fn lengths(text: &[char], pattern: &[Part]) -> Vec<usize> {
    let mut reach = vec![false; text.len() + 1];
    reach[0] = true;
    for part in pattern {
        let mut next = vec![false; text.len() + 1];
        for at in 0..=text.len() {
            match part {
                Part::Any => next[at] = reach[at] || (at > 0 && next[at - 1]),
                Part::One => next[at] = at > 0 && reach[at - 1],
                Part::Is(c) => next[at] = at > 0 && reach[at - 1] && text[at - 1] == *c,
            }
        }
        reach = next;
    }
    (0..=text.len()).filter(|at| reach[*at]).collect()
}

fn trimmed(text: &str, pattern: &[Part], op: char, longest: bool) -> String {
    let chars: Vec<char> = text.chars().collect();
    let pick = |mut all: Vec<usize>| if longest { all.pop() } else { all.into_iter().next() };
    if op == '#' {
        let cut = pick(lengths(&chars, pattern)).unwrap_or(0);
        return chars[cut..].iter().collect();
    }
    let fits = |from: &usize| lengths(&chars[*from..], pattern).last() == Some(&(chars.len() - from));
    let mut starts: Vec<usize> = (0..=chars.len()).filter(fits).collect();
    if !longest {
        starts.reverse();
    }
    chars[..starts.first().copied().unwrap_or(chars.len())].iter().collect()
}

fn replaced(text: &str, pattern: &[Part], by: &str, all: bool) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::new();
    let (mut at, mut done) = (0, false);
    while at < chars.len() {
        let length = lengths(&chars[at..], pattern).pop().filter(|l| *l > 0 && (all || !done));
        match length {
            Some(l) => {
                out.push_str(by);
                at += l;
                done = true;
            }
            None => {
                out.push(chars[at]);
                at += 1;
            }
        }
    }
    out
}
