//! Owns: Go's `fmt` verbs for the values of templates, and how a value prints by itself.

use super::value::Value;
use super::{OUTPUT_LIMIT, go_time};
use std::fmt::Write as _;

/// Width and precision at most; Go refuses larger ones too.
const WIDEST: i64 = 1_000_000;

/// Go's `%v`, `<nil>` for nil.
pub(super) fn plain(value: &Value) -> String {
    verb(value, 'v', &Spec::default())
}

/// Go's `fmt.Sprint`: a blank between operands when neither is a string.
pub(super) fn sprint(args: &[Value]) -> String {
    let mut out = String::new();
    let mut after_text = true;
    for (i, arg) in args.iter().enumerate() {
        let text = matches!(arg, Value::Str(_));
        if i > 0 && !text && !after_text {
            out.push(' ');
        }
        after_text = text;
        out.push_str(&plain(arg));
    }
    out
}

/// Go's `fmt.Sprintln`.
pub(super) fn sprintln(args: &[Value]) -> String {
    let words: Vec<String> = args.iter().map(plain).collect();
    words.join(" ") + "\n"
}

/// Whether Go prints the character as itself in quotes.
pub(super) fn is_print(c: char) -> bool {
    c == ' '
        || !(c.is_control()
            || c.is_whitespace()
            || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e000}'..='\u{f8ff}' | '\u{fff9}'..='\u{fffb}'))
}

#[derive(Clone, Default)]
struct Spec {
    minus: bool,
    plus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

/// Go's `fmt.Sprintf`; mistakes in the format show in the text, as in Go.
pub(super) fn sprintf(format: &str, args: &[Value]) -> Result<String, String> {
    let mut run =
        Format { rest: format, args, next: 0, reordered: false, good_index: true, after_index: false };
    let mut out = String::new();
    while let Some(at) = run.rest.find('%') {
        out.push_str(&run.rest[..at]);
        run.rest = &run.rest[at + 1..];
        run.directive(&mut out);
        if out.len() > OUTPUT_LIMIT {
            return Err("error calling printf: the result is larger than 16 MiB".into());
        }
    }
    out.push_str(run.rest);
    if !run.reordered && run.next < args.len() {
        let extra: Vec<String> = args[run.next..]
            .iter()
            .map(
                |a| if *a == Value::Nil { "<nil>".into() } else { format!("{}={}", a.type_name(), plain(a)) },
            )
            .collect();
        let _ = write!(out, "%!(EXTRA {})", extra.join(", "));
    }
    Ok(out)
}

struct Format<'f> {
    rest: &'f str,
    args: &'f [Value],
    next: usize,
    reordered: bool,
    good_index: bool,
    after_index: bool,
}

impl Format<'_> {
    fn accept(&mut self, c: char) -> bool {
        match self.rest.strip_prefix(c) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn count(&mut self) -> Option<usize> {
        let digits = self.rest.len() - self.rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, rest) = self.rest.split_at(digits);
        if digits == 0 {
            return None;
        }
        self.rest = rest;
        number.parse::<i64>().ok().filter(|n| *n <= WIDEST).and_then(|n| usize::try_from(n).ok())
    }

    /// `[n]` chooses the next argument.
    fn index(&mut self) {
        if !self.rest.starts_with('[') {
            return;
        }
        self.reordered = true;
        let Some(end) = self.rest.find(']') else {
            self.good_index = false;
            self.rest = &self.rest[1..];
            return;
        };
        let number = self.rest[1..end].parse::<usize>().ok().and_then(|n| n.checked_sub(1));
        self.rest = &self.rest[end + 1..];
        match number.filter(|n| *n < self.args.len()) {
            Some(n) => {
                self.next = n;
                self.after_index = true;
            }
            None => self.good_index = false,
        }
    }

    /// The argument of a `*`.
    fn star(&mut self) -> Option<i64> {
        let value = self.args.get(self.next);
        self.next += usize::from(value.is_some());
        self.after_index = false;
        match value {
            Some(Value::Int(i)) if i.abs() <= WIDEST => Some(*i),
            _ => None,
        }
    }

    fn directive(&mut self, out: &mut String) {
        let mut spec = Spec::default();
        (self.good_index, self.after_index) = (true, false);
        loop {
            match self.rest.chars().next() {
                Some('#') => spec.sharp = true,
                Some('0') => spec.zero = true,
                Some('+') => spec.plus = true,
                Some('-') => spec.minus = true,
                Some(' ') => spec.space = true,
                _ => break,
            }
            self.rest = &self.rest[1..];
        }
        self.index();
        if self.accept('*') {
            match self.star() {
                Some(width) => {
                    spec.minus |= width < 0;
                    spec.width = usize::try_from(width.unsigned_abs()).ok();
                }
                None => out.push_str("%!(BADWIDTH)"),
            }
        } else {
            spec.width = self.count();
            if self.after_index && spec.width.is_some() {
                self.good_index = false;
            }
        }
        if self.accept('.') {
            if self.after_index {
                self.good_index = false;
            }
            self.index();
            if self.accept('*') {
                spec.precision = self.star().and_then(|p| usize::try_from(p).ok());
                if spec.precision.is_none() {
                    out.push_str("%!(BADPREC)");
                }
            } else {
                spec.precision = Some(self.count().unwrap_or(0));
            }
        }
        if !self.after_index {
            self.index();
        }
        let Some(verb_char) = self.rest.chars().next() else {
            out.push_str("%!(NOVERB)");
            return;
        };
        self.rest = &self.rest[verb_char.len_utf8()..];
        match (verb_char, self.args.get(self.next)) {
            ('%', _) => out.push('%'),
            _ if !self.good_index => out.push_str(&format!("%!{verb_char}(BADINDEX)")),
            (_, None) => out.push_str(&format!("%!{verb_char}(MISSING)")),
            (_, Some(value)) => {
                self.next += 1;
                out.push_str(&verb(value, verb_char, &spec));
            }
        }
    }
}

/// One value by one verb.
fn verb(value: &Value, verb_char: char, spec: &Spec) -> String {
    match (verb_char, value) {
        ('T', value) => return pad(value.type_name(), spec, false),
        ('v', Value::Nil) => return pad("<nil>", spec, false),
        (_, Value::List(list)) => {
            let items: Vec<String> = list.iter().map(|v| verb(v, verb_char, spec)).collect();
            return format!("[{}]", items.join(" "));
        }
        (_, Value::Map(map)) => {
            let key = |k: &str| verb(&Value::from(k), verb_char, spec);
            let items: Vec<String> =
                map.iter().map(|(k, v)| format!("{}:{}", key(k), verb(v, verb_char, spec))).collect();
            return format!("map[{}]", items.join(" "));
        }
        _ => {}
    }
    let shown = match value {
        Value::Str(text) => text_verb(text, verb_char, spec),
        Value::Time(time) if "vsxXq".contains(verb_char) => {
            text_verb(&go_time::format_time(*time, go_time::PRINTED), verb_char, spec)
        }
        Value::Named(_, word) if "vsxXq".contains(verb_char) => text_verb(word, verb_char, spec),
        Value::Bool(b) if "vt".contains(verb_char) => {
            Some(pad(if *b { "true" } else { "false" }, spec, false))
        }
        Value::Int(i) | Value::Named(i, _) => integer(*i, verb_char, spec),
        Value::Float(f) => float(*f, verb_char, spec),
        _ => None,
    };
    shown.unwrap_or_else(|| match value {
        Value::Nil => format!("%!{verb_char}(<nil>)"),
        value => format!("%!{verb_char}({}={})", value.type_name(), plain(value)),
    })
}

fn text_verb(text: &str, verb_char: char, spec: &Spec) -> Option<String> {
    let cut: String = match spec.precision {
        Some(precision) if !"xX".contains(verb_char) => text.chars().take(precision).collect(),
        _ => text.to_owned(),
    };
    Some(match verb_char {
        'v' if spec.sharp => pad(&quote(&cut, false), spec, false),
        'v' | 's' => pad(&cut, spec, spec.zero),
        'q' if spec.sharp && !cut.contains('`') && cut.chars().all(|c| c == '\t' || !c.is_control()) => {
            pad(&format!("`{cut}`"), spec, spec.zero)
        }
        'q' => pad(&quote(&cut, spec.plus), spec, spec.zero),
        'x' | 'X' => {
            let bytes = text.as_bytes();
            let bytes = &bytes[..spec.precision.unwrap_or(bytes.len()).min(bytes.len())];
            let lead = if spec.sharp { if verb_char == 'x' { "0x" } else { "0X" } } else { "" };
            let mut hex = String::new();
            for (i, byte) in bytes.iter().enumerate() {
                if spec.space && i > 0 {
                    hex.push(' ');
                }
                if spec.sharp && (spec.space || i == 0) {
                    hex.push_str(lead);
                }
                let _ = if verb_char == 'x' { write!(hex, "{byte:02x}") } else { write!(hex, "{byte:02X}") };
            }
            pad(&hex, spec, spec.zero)
        }
        _ => return None,
    })
}

/// Go's `strconv.Quote`, or `QuoteToASCII`.
pub(super) fn quote(text: &str, ascii: bool) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c => quote_char(&mut out, c, ascii),
        }
    }
    out.push('"');
    out
}

fn quote_char(out: &mut String, c: char, ascii: bool) {
    let code = u32::from(c);
    let _ = match c {
        '\u{7}' => write!(out, "\\a"),
        '\u{8}' => write!(out, "\\b"),
        '\u{c}' => write!(out, "\\f"),
        '\n' => write!(out, "\\n"),
        '\r' => write!(out, "\\r"),
        '\t' => write!(out, "\\t"),
        '\u{b}' => write!(out, "\\v"),
        c if is_print(c) && (!ascii || c.is_ascii()) => write!(out, "{c}"),
        _ if code < 0x20 || code == 0x7f => write!(out, "\\x{code:02x}"),
        _ if code < 0x1_0000 => write!(out, "\\u{code:04x}"),
        _ => write!(out, "\\U{code:08x}"),
    };
}

fn integer(i: i64, verb_char: char, spec: &Spec) -> Option<String> {
    let size = i.unsigned_abs();
    let (lead, digits) = match verb_char {
        'v' | 'd' => ("", size.to_string()),
        'b' => (if spec.sharp { "0b" } else { "" }, format!("{size:b}")),
        'o' => (if spec.sharp { "0" } else { "" }, format!("{size:o}")),
        'O' => ("0o", format!("{size:o}")),
        'x' => (if spec.sharp { "0x" } else { "" }, format!("{size:x}")),
        'X' => (if spec.sharp { "0X" } else { "" }, format!("{size:X}")),
        'c' | 'q' => return character(i, verb_char, spec),
        'U' => {
            let code = format!("U+{i:04X}");
            let shown = u32::try_from(i).ok().and_then(char::from_u32).filter(|c| spec.sharp && is_print(*c));
            return Some(pad(&shown.map_or(code.clone(), |c| format!("{code} '{c}'")), spec, false));
        }
        _ => return None,
    };
    let sign = sign(i < 0, spec);
    if spec.precision == Some(0) && i == 0 {
        return Some(pad("", spec, false));
    }
    let mut least = spec.precision.unwrap_or(0);
    if let (true, None, false, Some(width)) = (spec.zero, spec.precision, spec.minus, spec.width) {
        least = width.saturating_sub(sign.len() + if spec.sharp { 0 } else { lead.len() });
    }
    let digits = format!("{}{digits}", "0".repeat(least.saturating_sub(digits.len())));
    let lead = if lead == "0" && digits.starts_with('0') { "" } else { lead };
    Some(pad(&format!("{sign}{lead}{digits}"), spec, false))
}

fn character(i: i64, verb_char: char, spec: &Spec) -> Option<String> {
    let c = u32::try_from(i).ok().and_then(char::from_u32).unwrap_or('\u{FFFD}');
    if verb_char == 'c' {
        return Some(pad(&c.to_string(), spec, false));
    }
    let mut quoted = String::from("'");
    match c {
        '\'' | '\\' => quoted.extend(['\\', c]),
        c => quote_char(&mut quoted, c, spec.plus),
    }
    quoted.push('\'');
    Some(pad(&quoted, spec, false))
}

fn sign(negative: bool, spec: &Spec) -> &'static str {
    match negative {
        true => "-",
        false if spec.plus => "+",
        false if spec.space => " ",
        false => "",
    }
}

fn float(f: f64, verb_char: char, spec: &Spec) -> Option<String> {
    let size = f.abs();
    let digits = match verb_char {
        'v' | 'g' | 'G' => general(size, spec.precision),
        'f' | 'F' => format!("{size:.*}", spec.precision.unwrap_or(6)),
        'e' | 'E' => scientific(size, Some(spec.precision.unwrap_or(6))),
        _ => return None,
    };
    let digits = if verb_char.is_ascii_uppercase() { digits.to_uppercase() } else { digits };
    let sign = sign(f.is_sign_negative(), spec);
    let zeros = match spec.width {
        Some(width) if spec.zero && !spec.minus => width.saturating_sub(sign.len() + digits.len()),
        _ => 0,
    };
    Some(pad(&format!("{sign}{}{digits}", "0".repeat(zeros)), spec, false))
}

/// `%e` with Go's exponent of at least two digits; without a precision the shortest that reads back.
fn scientific(f: f64, precision: Option<usize>) -> String {
    let text = match precision {
        Some(precision) => format!("{f:.precision$e}"),
        None => format!("{f:e}"),
    };
    let Some((mantissa, exponent)) = text.split_once('e') else { return text };
    let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |d| ('-', d));
    format!("{mantissa}e{sign}{digits:0>2}")
}

/// `%g`: scientific from the exponent that equals the precision, or from 6 in the shortest form.
fn general(f: f64, precision: Option<usize>) -> String {
    let significant = precision.map(|p| p.max(1));
    let text = match significant {
        Some(p) => format!("{f:.*e}", p - 1),
        None => format!("{f:e}"),
    };
    let Some((mantissa, exponent)) = text.split_once('e') else { return text };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let limit = significant.map_or(6, |p| i32::try_from(p).unwrap_or(i32::MAX));
    let trimmed = |text: String| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    };
    if exponent < -4 || exponent >= limit {
        let short = trimmed(mantissa.to_owned());
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{short}e{sign}{:02}", exponent.abs());
    }
    match significant {
        Some(p) => {
            let places = usize::try_from(i32::try_from(p).unwrap_or(i32::MAX) - 1 - exponent).unwrap_or(0);
            trimmed(format!("{f:.places$}"))
        }
        None => format!("{f}"),
    }
}

/// Pads to the width in characters, on the left unless `-`.
fn pad(text: &str, spec: &Spec, zeros: bool) -> String {
    let missing = spec.width.unwrap_or(0).saturating_sub(text.chars().count());
    let fill = if zeros && !spec.minus { "0" } else { " " }.repeat(missing);
    if spec.minus { format!("{text}{fill}") } else { format!("{fill}{text}") }
}
