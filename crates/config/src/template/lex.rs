//! Owns: cutting a template into text and tokens, trim markers and comments included, as Go's lexer does.

use super::error::Fault;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Text(String),
    LeftDelim,
    RightDelim,
    Space,
    Word(String),
    Field(String),
    /// With its `$`.
    Variable(String),
    /// Quoted or raw, as written.
    Str(String),
    Number(String),
    Dot,
    Pipe,
    Declare,
    Assign,
    LeftParen,
    RightParen,
    Comma,
    OtherChar(char),
    End,
}

impl Token {
    /// How messages name the token.
    pub(super) fn shown(&self) -> String {
        match self {
            Token::Text(t) => format!("{t:?}"),
            Token::LeftDelim => "\"{{\"".into(),
            Token::RightDelim => "\"}}\"".into(),
            Token::Space => "\" \"".into(),
            Token::Word(w) => format!("<{w}>"),
            Token::Field(f) => format!("<.{f}>"),
            Token::Variable(s) | Token::Number(s) => format!("{s:?}"),
            Token::Str(s) => s.clone(),
            Token::Dot => "<.>".into(),
            Token::Pipe => "\"|\"".into(),
            Token::Declare => "\":=\"".into(),
            Token::Assign => "\"=\"".into(),
            Token::LeftParen => "\"(\"".into(),
            Token::RightParen => "\")\"".into(),
            Token::Comma => "\",\"".into(),
            Token::OtherChar(c) => format!("\"{c}\""),
            Token::End => "EOF".into(),
        }
    }
}

const SPACES: [char; 4] = [' ', '\t', '\r', '\n'];

pub(super) fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// All tokens with their byte offsets; the last is [`Token::End`].
pub(super) fn lex(input: &str) -> Result<Vec<(usize, Token)>, Fault> {
    let mut lexer = Lexer { input, at: 0, tokens: Vec::new(), depth: 0 };
    let mut trim = false;
    loop {
        match lexer.text(trim)? {
            false => break,
            true => trim = lexer.action()?,
        }
    }
    lexer.tokens.push((input.len(), Token::End));
    Ok(lexer.tokens)
}

struct Lexer<'t> {
    input: &'t str,
    at: usize,
    tokens: Vec<(usize, Token)>,
    depth: usize,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.input[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn push(&mut self, start: usize, token: Token) {
        self.tokens.push((start, token));
    }

    /// Text up to the next action, which starts here if the answer is true. `trim` drops leading space.
    fn text(&mut self, trim: bool) -> Result<bool, Fault> {
        if trim {
            self.at = self.input.len() - self.rest().trim_start_matches(SPACES).len();
        }
        let start = self.at;
        let (text, found) = match self.rest().find("{{") {
            Some(length) => (self.input[start..start + length].to_owned(), true),
            None => (self.rest().to_owned(), false),
        };
        self.at += text.len();
        let trims = found && left_trim(&self.input[self.at + 2..]);
        let text = if trims { text.trim_end_matches(SPACES) } else { text.as_str() };
        if !text.is_empty() {
            self.push(start, Token::Text(text.to_owned()));
        }
        Ok(found)
    }

    /// One action or comment; answers whether it trims what follows.
    fn action(&mut self) -> Result<bool, Fault> {
        let start = self.at;
        self.at += 2;
        if left_trim(self.rest()) {
            self.at += 2;
        }
        if self.rest().starts_with("/*") {
            return self.comment();
        }
        self.push(start, Token::LeftDelim);
        self.depth = 0;
        loop {
            if let Some((width, trims)) = self.right_delim() {
                if self.depth > 0 {
                    return Err(Fault::at(self.at, "unclosed left paren"));
                }
                let at = self.at;
                self.at += width;
                self.push(at, Token::RightDelim);
                return Ok(trims);
            }
            self.token()?;
        }
    }

    /// Width of a right delimiter that starts here, its trim marker included, and whether it has one.
    fn right_delim(&self) -> Option<(usize, bool)> {
        let rest = self.rest().as_bytes();
        match rest {
            [b'}', b'}', ..] => Some((2, false)),
            [space, b'-', b'}', b'}', ..] if b" \t\r\n".contains(space) => Some((4, true)),
            _ => None,
        }
    }

    fn comment(&mut self) -> Result<bool, Fault> {
        let start = self.at;
        let length = self.rest().find("*/").ok_or_else(|| Fault::at(start, "unclosed comment"))?;
        self.at += length + 2;
        let (width, trims) =
            self.right_delim().ok_or_else(|| Fault::at(self.at, "comment ends before closing delimiter"))?;
        self.at += width;
        Ok(trims)
    }

    fn token(&mut self) -> Result<(), Fault> {
        let start = self.at;
        let Some(c) = self.peek() else { return Err(Fault::at(start, "unclosed action")) };
        self.at += c.len_utf8();
        let token = match c {
            c if SPACES.contains(&c) => {
                while self.right_delim().is_none() && self.peek().is_some_and(|c| SPACES.contains(&c)) {
                    self.at += 1;
                }
                Token::Space
            }
            '=' => Token::Assign,
            ':' if self.rest().starts_with('=') => {
                self.at += 1;
                Token::Declare
            }
            ':' => return Err(Fault::at(start, "expected :=")),
            '|' => Token::Pipe,
            '"' | '`' | '\'' => self.quoted(start, c)?,
            '$' => Token::Variable(format!("${}", self.name()?)),
            '.' if !self.rest().starts_with(|d: char| d.is_ascii_digit()) => match self.name()? {
                name if name.is_empty() => Token::Dot,
                name => Token::Field(name),
            },
            '.' | '+' | '-' | '0'..='9' => self.number(start)?,
            c if is_word(c) => {
                self.at = start;
                Token::Word(self.name()?)
            }
            '(' => {
                self.depth += 1;
                Token::LeftParen
            }
            ')' => {
                let depth = self.depth.checked_sub(1);
                self.depth = depth.ok_or_else(|| Fault::at(start, "unexpected right paren"))?;
                Token::RightParen
            }
            ',' => Token::Comma,
            c if c.is_ascii_graphic() => Token::OtherChar(c),
            c => return Err(Fault::at(start, format!("unrecognized character in action: {c:?}"))),
        };
        self.push(start, token);
        Ok(())
    }

    /// A run of letters, digits and `_`, which may be empty, and which something fitting must follow.
    fn name(&mut self) -> Result<String, Fault> {
        let start = self.at;
        let length = self.rest().find(|c| !is_word(c)).unwrap_or(self.rest().len());
        self.at += length;
        let ends = match self.peek() {
            None => true,
            Some(c) => SPACES.contains(&c) || ".,|:)(".contains(c) || self.rest().starts_with("}}"),
        };
        if !ends {
            let bad = self.peek().unwrap_or_default();
            return Err(Fault::at(self.at, format!("bad character {bad:?}")));
        }
        Ok(self.input[start..self.at].to_owned())
    }

    fn quoted(&mut self, start: usize, quote: char) -> Result<Token, Fault> {
        let what = match quote {
            '"' => "unterminated quoted string",
            '`' => "unterminated raw quoted string",
            _ => "unterminated character constant",
        };
        loop {
            let c = self.peek().ok_or_else(|| Fault::at(start, what))?;
            self.at += c.len_utf8();
            if c == quote {
                break;
            }
            if quote != '`' && (c == '\n' || (c == '\\' && self.peek().is_none_or(|n| n == '\n'))) {
                return Err(Fault::at(start, what));
            }
            if quote != '`' && c == '\\' {
                self.at += self.peek().map_or(0, char::len_utf8);
            }
        }
        let text = self.input[start..self.at].to_owned();
        Ok(if quote == '\'' { Token::Number(text) } else { Token::Str(text) })
    }

    fn accept(&mut self, set: &str) -> bool {
        let accepted = self.peek().is_some_and(|c| set.contains(c));
        self.at += usize::from(accepted);
        accepted
    }

    fn number(&mut self, start: usize) -> Result<Token, Fault> {
        self.at = start;
        self.accept("+-");
        let mut digits = "0123456789_";
        if self.accept("0") {
            if self.accept("xX") {
                digits = "0123456789abcdefABCDEF_";
            } else if self.accept("oO") {
                digits = "01234567_";
            } else if self.accept("bB") {
                digits = "01_";
            }
        }
        while self.accept(digits) {}
        if self.accept(".") {
            while self.accept(digits) {}
        }
        let exponent = match digits.len() {
            11 => self.accept("eE"),
            23 => self.accept("pP"),
            _ => false,
        };
        if exponent {
            self.accept("+-");
            while self.accept("0123456789_") {}
        }
        self.accept("i");
        if self.peek().is_some_and(is_word) {
            return Err(Fault::at(start, format!("bad number syntax: {:?}", &self.input[start..self.at])));
        }
        Ok(Token::Number(self.input[start..self.at].to_owned()))
    }
}

/// Whether what follows `{{` is a trim marker: a minus and a space.
fn left_trim(s: &str) -> bool {
    matches!(s.as_bytes(), [b'-', b' ' | b'\t' | b'\r' | b'\n', ..])
}
