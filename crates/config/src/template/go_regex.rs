//! Owns: reading Go's regular expressions (RE2) with the regex crate, whose syntax differs in a few places.

use regex::Regex;

/// A Go regular expression. Go's `\d`, `\s`, `\w` and `\b` know ASCII only, and a bare `{` or a `[`, `&&`, `--`, `~~`
/// inside a class is literal; here they are rewritten accordingly.
///
/// # Errors
/// The parser's reason.
pub fn go_regex(pattern: &str) -> Result<Regex, String> {
    Regex::new(&rewrite(pattern)).map_err(|e| format!("error parsing regexp: {e}"))
}

fn rewrite(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut rest = pattern;
    let mut class = false;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        rest = after;
        match c {
            '\\' if after.starts_with('Q') && !class => {
                let (literal, tail) = after[1..].split_once("\\E").unwrap_or((&after[1..], ""));
                out.push_str(&regex::escape(literal));
                rest = tail;
            }
            '\\' => {
                let Some(escaped) = after.chars().next() else {
                    out.push('\\');
                    break;
                };
                rest = &after[escaped.len_utf8()..];
                out.push_str(&escape(escaped, class));
                // The name or code in `\p{…}` and `\x{…}`.
                if let Some(end) = rest.find('}').filter(|_| "pPx".contains(escaped) && rest.starts_with('{'))
                {
                    out.push_str(&rest[..=end]);
                    rest = &rest[end + 1..];
                }
            }
            '[' if !class => {
                class = true;
                out.push('[');
                if let Some(tail) = rest.strip_prefix('^') {
                    out.push('^');
                    rest = tail;
                }
                // A first `]` is literal.
                if let Some(tail) = rest.strip_prefix(']') {
                    out.push_str("\\]");
                    rest = tail;
                }
            }
            '[' => match after.find(":]").filter(|_| after.starts_with(':')) {
                Some(end) => {
                    out.push('[');
                    out.push_str(&after[..end + 2]);
                    rest = &after[end + 2..];
                }
                None => out.push_str("\\["),
            },
            ']' => {
                out.push_str(if class { "]" } else { "\\]" });
                class = false;
            }
            '&' | '~' if class => {
                out.push('\\');
                out.push(c);
            }
            '-' if class && after.starts_with('-') => out.push_str("\\-"),
            '{' if !class && !repeats(after) => out.push_str("\\{"),
            '}' if !class && !closes(&out) => out.push_str("\\}"),
            c => out.push(c),
        }
    }
    out
}

/// Whether what follows a `{` makes it a count.
fn repeats(after: &str) -> bool {
    let Some((count, _)) = after.split_once('}') else { return false };
    let (low, high) = count.split_once(',').unwrap_or((count, ""));
    !low.is_empty() && low.len() <= 4 && [low, high].iter().all(|n| n.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether a `}` after `out` ends a count or a `\p{…}`.
fn closes(out: &str) -> bool {
    out.rfind('{').is_some_and(|at| !out[at..].contains('}') && !out[..at].ends_with('\\'))
}

fn escape(c: char, class: bool) -> String {
    let ascii = match c {
        'd' => "0-9",
        's' => "\\t\\n\\f\\r ",
        'w' => "0-9A-Za-z_",
        'D' => return "[^0-9]".into(),
        'S' => return "[^\\t\\n\\f\\r ]".into(),
        'W' => return "[^0-9A-Za-z_]".into(),
        'b' if !class => return "(?-u:\\b)".into(),
        'B' if !class => return "(?-u:\\B)".into(),
        other => return format!("\\{other}"),
    };
    if class { ascii.into() } else { format!("[{ascii}]") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_go_syntax() {
        for (pattern, text, matches) in [
            (r"^\d+$", "12", true),
            (r"^\d+$", "١٢", false),
            (r"^[\w.-]+$", "a_b.c-d", true),
            (r"[[]x", "[x", true),
            (r"[[:alpha:]]{2}", "1ab", true),
            (r"a{x}", "a{x}", true),
            (r"^a{2,}$", "aaa", true),
            (r"^\p{L}+$", "é", true),
            (r"\Qa.b\E", "axb", false),
            (r"\bfoo\b", "a foo b", true),
            (r"[a&&b]", "&", true),
            (r"^(?i)docs", "Docs:", true),
            (r"[]a]", "]", true),
        ] {
            assert_eq!(go_regex(pattern).unwrap().is_match(text), matches, "{pattern} {text}");
        }
        assert!(go_regex("(").is_err());
    }
}
