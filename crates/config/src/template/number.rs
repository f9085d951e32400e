//! Owns: Go's literals: numbers, characters and strings with their escapes.

/// A numeric literal, in every kind it fits.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Number {
    pub(super) text: String,
    pub(super) int: Option<i64>,
    float: f64,
}

impl Number {
    /// The value where no type is asked: a float if written like one, else an integer.
    pub(super) fn ideal(&self) -> Result<Value, String> {
        let hex = self.text.trim_start_matches(['+', '-']).to_ascii_lowercase().starts_with("0x");
        let hex_int = hex && !self.text.contains(['p', 'P']);
        if !self.text.starts_with('\'') && !hex_int && self.text.contains(['.', 'e', 'E', 'p', 'P']) {
            return Ok(Value::Float(self.float));
        }
        self.int.map(Value::Int).ok_or_else(|| format!("{} overflows int", self.text))
    }
}

use super::value::Value;

/// Reads a number or character literal as written.
pub(super) fn read_number(text: &str) -> Result<Number, String> {
    let number = |int: Option<i64>, float: f64| Number { text: text.to_owned(), int, float };
    if text.starts_with('\'') {
        let inner = text.get(1..text.len() - 1).unwrap_or_default();
        let (c, rest) =
            unquote_char(inner, '\'').ok_or_else(|| format!("malformed character constant: {text}"))?;
        if !rest.is_empty() {
            return Err(format!("malformed character constant: {text}"));
        }
        return Ok(number(Some(c.into()), f64::from(c)));
    }
    if text.ends_with('i') {
        return Err(format!("complex numbers are not supported: {text}"));
    }
    if let Some(wide) = read_integer(text) {
        if let Ok(int) = i64::try_from(wide) {
            return Ok(number(Some(int), int as f64));
        }
        if u64::try_from(wide).is_ok() && !text.starts_with(['+', '-']) {
            return Ok(number(None, wide as f64));
        }
        return Err(format!("integer overflow: {text:?}"));
    }
    let float = read_float(text).ok_or_else(|| format!("illegal number syntax: {text:?}"))?;
    if !text.contains(['.', 'e', 'E', 'p', 'P']) {
        return Err(format!("integer overflow: {text:?}"));
    }
    let exact = float.fract() == 0.0 && float.abs() < 9.2e18;
    Ok(number(exact.then_some(float as i64), float))
}

/// Go's integer syntax with base prefixes and underscores; `None` if it is not one or passes 128 bits.
fn read_integer(text: &str) -> Option<i128> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let lower = digits.to_ascii_lowercase();
    let (base, body, prefixed) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..], true),
        [b'0', b'b', ..] => (2, &lower[2..], true),
        [b'0', b'o', ..] => (8, &lower[2..], true),
        [b'0', _, ..] => (8, &lower[1..], true),
        _ => (10, lower.as_str(), false),
    };
    let body = plain_digits(body, prefixed)?;
    let value = i128::from_str_radix(&body, base).ok()?;
    Some(if negative { -value } else { value })
}

/// The digits without underscores, each of which must stand between digits (or after the base prefix).
fn plain_digits(body: &str, prefixed: bool) -> Option<String> {
    let trimmed = if prefixed { body.strip_prefix('_').unwrap_or(body) } else { body };
    let fine = !trimmed.starts_with(['_', '+', '-']) && !trimmed.ends_with('_') && !trimmed.contains("__");
    (fine && !trimmed.is_empty()).then(|| trimmed.replace('_', ""))
}

fn read_float(text: &str) -> Option<f64> {
    let lower = text.to_ascii_lowercase();
    let unsigned = lower.trim_start_matches(['+', '-']);
    let Some(hex) = unsigned.strip_prefix("0x") else {
        // Underscores are allowed only with a base prefix in Go's ParseFloat, and a digit must be there at all.
        let valid = !text.contains('_')
            && unsigned.contains(|c: char| c.is_ascii_digit())
            && !unsigned.starts_with('e');
        return valid.then(|| text.parse::<f64>().ok()).flatten().filter(|f| f.is_finite());
    };
    let (mantissa, exponent) = hex.split_once('p')?;
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{part}");
    let mut value = 0.0;
    for c in digits.chars() {
        value = value * 16.0 + f64::from(c.to_digit(16)?);
    }
    let shift = exponent.parse::<i32>().ok()?.checked_sub(i32::try_from(part.len()).ok()?.checked_mul(4)?)?;
    let value = value * f64::from(shift).exp2();
    let signed = if lower.starts_with('-') { -value } else { value };
    (!digits.is_empty() && signed.is_finite()).then_some(signed)
}

/// The text of a string literal as written, with its quotes.
pub(super) fn unquote(text: &str) -> Option<String> {
    let inner = text.get(1..text.len().checked_sub(1)?)?;
    if text.starts_with('`') {
        return Some(inner.replace('\r', ""));
    }
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while !rest.is_empty() {
        let byte_escape = rest.starts_with("\\x")
            || (rest.starts_with('\\') && rest[1..].starts_with(|c: char| c.is_digit(8)));
        let (code, after) = unquote_char(rest, '"')?;
        match u8::try_from(code) {
            Ok(byte) if byte_escape => bytes.push(byte),
            _ => bytes.extend(char::from_u32(code)?.encode_utf8(&mut [0; 4]).bytes()),
        }
        rest = after;
    }
    Some(match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(e) => String::from_utf8_lossy(e.as_bytes()).into_owned(),
    })
}

/// The first character of a literal's inside and what follows it, as Go's `strconv.UnquoteChar`.
fn unquote_char(s: &str, quote: char) -> Option<(u32, &str)> {
    let mut chars = s.chars();
    let first = chars.next()?;
    if first == quote || first == '\n' {
        return None;
    }
    if first != '\\' {
        return Some((first.into(), chars.as_str()));
    }
    let escape = chars.next()?;
    let simple = |code: u8| Some((u32::from(code), chars.as_str()));
    let digits = |text: &'_ str, skip: usize, count: usize, base: u32| -> Option<u32> {
        let digits = text.get(skip..skip + count)?;
        digits.chars().all(|c| c.is_digit(base)).then(|| u32::from_str_radix(digits, base).ok()).flatten()
    };
    match escape {
        'a' => simple(7),
        'b' => simple(8),
        'f' => simple(12),
        'n' => simple(b'\n'),
        'r' => simple(b'\r'),
        't' => simple(b'\t'),
        'v' => simple(11),
        '\\' => simple(b'\\'),
        '\'' | '"' if escape == quote => Some((escape.into(), chars.as_str())),
        'x' => Some((digits(s, 2, 2, 16)?, &s[4..])),
        'u' => Some((digits(s, 2, 4, 16).filter(|c| char::from_u32(*c).is_some())?, &s[6..])),
        'U' => Some((digits(s, 2, 8, 16).filter(|c| char::from_u32(*c).is_some())?, &s[10..])),
        '0'..='7' => Some((digits(s, 1, 3, 8).filter(|c| *c < 256)?, &s[4..])),
        _ => None,
    }
}
