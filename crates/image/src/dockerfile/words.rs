//! Words of a line: quotes keep them together and stay in them; expansion takes them away.

/// A flag's name without `--`, and its value.
type Flag = (String, Option<String>);

/// Splits by blanks outside of quotes.
pub(super) fn words(text: &str, escape: char) -> Vec<String> {
    let mut out = vec![];
    let mut word = String::new();
    let mut quote: Option<char> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match quote {
            None if c.is_whitespace() => {
                if !word.is_empty() {
                    out.push(std::mem::take(&mut word));
                }
                continue;
            }
            None if c == '"' || c == '\'' => quote = Some(c),
            Some(q) if c == q => quote = None,
            _ => {}
        }
        word.push(c);
        // In single quotes nothing is escaped.
        if c == escape && quote != Some('\'') {
            word.extend(chars.next());
        }
    }
    if !word.is_empty() {
        out.push(word);
    }
    out
}

/// Flags at the beginning, and what follows them.
pub(super) fn flags(text: &str, escape: char) -> (Vec<Flag>, &str) {
    let mut out = vec![];
    let mut rest = text.trim();
    while let Some(tail) = rest.strip_prefix("--") {
        if tail.is_empty() || tail.starts_with(char::is_whitespace) {
            return (out, tail.trim_start());
        }
        let (word, after) = first(tail, escape);
        rest = after.trim_start();
        out.push(match word.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (word, None),
        });
    }
    (out, rest)
}

/// The first word without its quotes, and what follows it.
fn first(text: &str, escape: char) -> (String, &str) {
    let mut word = String::new();
    let mut quote: Option<char> = None;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match quote {
            None if c.is_whitespace() => return (word, &text[at..]),
            None if c == '"' || c == '\'' => quote = Some(c),
            Some(q) if c == q => quote = None,
            _ if c == escape => word.extend(chars.next().map(|(_, c)| c)),
            _ => word.push(c),
        }
    }
    (word, "")
}

/// `a=b c="d e"`, or `a b c` as one pair, with quotes kept; none for a word without `=` among pairs.
pub(super) fn pairs(text: &str, escape: char) -> Option<Vec<(String, String)>> {
    let words = words(text, escape);
    if !words.first()?.contains('=') {
        let (name, value) = text.trim().split_once(char::is_whitespace)?;
        return Some(vec![(name.to_owned(), value.trim_start().to_owned())]);
    }
    words.iter().map(|w| w.split_once('=').map(|(k, v)| (k.to_owned(), v.to_owned()))).collect()
}
