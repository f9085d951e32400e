//! Owns: the text functions that are more than one call: title case and the escapes.

use std::fmt::Write as _;

/// English title case as Go's `cases.Title`: the first letter of each word upper, the rest lower. Apostrophe, dot and
/// colon inside a word, digits and `_` do not end it.
pub(super) fn title(s: &str) -> String {
    let mut out = String::with_capacity(s.len());
    let (mut inside, mut after_mid) = (false, false);
    for c in s.chars() {
        let mid =
            matches!(c, '\'' | '.' | ':' | '\u{b7}' | '\u{2018}' | '\u{2019}' | '\u{2024}' | '\u{2027}');
        if after_mid && mid {
            inside = false;
        }
        after_mid = mid;
        if c.is_lowercase() || c.is_uppercase() {
            if inside {
                out.extend(c.to_lowercase());
            } else {
                out.extend(c.to_uppercase());
            }
            inside = true;
        } else {
            out.push(c);
            if !mid && c != '_' && !c.is_alphanumeric() {
                inside = false;
            }
        }
    }
    out
}

/// Percent-escapes as Go's `url.PathEscape`.
pub(super) fn path_escape(s: &str) -> String {
    percent(s, b"-_.~$&+=:@", false)
}

/// Percent-escapes as Go's `url.QueryEscape`: a blank becomes `+`.
pub(super) fn query_escape(s: &str) -> String {
    percent(s, b"-_.~", true)
}

fn percent(s: &str, kept: &[u8], plus: bool) -> String {
    let mut out = String::with_capacity(s.len());
    for byte in s.bytes() {
        match byte {
            b' ' if plus => out.push('+'),
            b if b.is_ascii_alphanumeric() || kept.contains(&b) => out.push(b.into()),
            b => {
                let _ = write!(out, "%{b:02X}");
            }
        }
    }
    out
}

/// Go's `template.HTMLEscapeString`.
pub(super) fn html_escape(s: &str) -> String {
    let mut out = String::with_capacity(s.len());
    for c in s.chars() {
        match c {
            '\0' => out.push('\u{FFFD}'),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c => out.push(c),
        }
    }
    out
}

/// Go's `template.JSEscapeString`.
pub(super) fn js_escape(s: &str) -> String {
    let mut out = String::with_capacity(s.len());
    for c in s.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\'' => out.push_str("\\'"),
            '"' => out.push_str("\\\""),
            c if "<>&=".contains(c) || !super::printf::is_print(c) => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// Escapes what Telegram's MarkdownV2 reserves.
pub(super) fn mdv2_escape(s: &str) -> String {
    let mut out = String::with_capacity(s.len());
    for c in s.chars() {
        if "_*[]()~`>#+-=|{}.!".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// `a`, `a and b`, `a, b, and c`; blank items do not count.
pub(super) fn english_join(items: &[&str]) -> String {
    let items: Vec<&str> = items.iter().copied().filter(|i| !i.trim().is_empty()).collect();
    match items.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first, second] => format!("{first} and {second}"),
        [all @ .., last] => format!("{}, and {last}", all.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_words() {
        for (text, titled) in [
            ("linux", "Linux"),
            ("FOO bar-baz", "Foo Bar-Baz"),
            ("don't foo.bar snake_case", "Don't Foo.bar Snake_case"),
            ("1foo a..b", "1Foo A..B"),
        ] {
            assert_eq!(title(text), titled);
        }
    }

    #[test]
    fn escapes() {
        assert_eq!(path_escape("foo/b r?&é"), "foo%2Fb%20r%3F&%C3%A9");
        assert_eq!(query_escape("a b&c/~"), "a+b%26c%2F~");
        assert_eq!(mdv2_escape("v1.2-x"), "v1\\.2\\-x");
        assert_eq!(english_join(&["many", "", "more", "items", " "]), "many, more, and items");
        assert_eq!(english_join(&["two", "items"]), "two and items");
    }
}
