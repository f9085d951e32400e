//! Go's regular expressions (RE2 syntax) compiled by the regex crate.
//!
//! Owns: the few differences that matter to patterns in configurations. Must not: know what they are used for.
//! The differences: Perl classes and `\b` are ASCII in Go, `\Q…\E` quotes, and inside brackets `[`, `&&`, `--`, `~~`
//! are ordinary (<https://github.com/google/re2/wiki/Syntax>, the regex crate's "Syntax").

use regex::Regex;

/// Compiles a pattern as Go's regexp.Compile would.
///
/// # Errors
/// When it is malformed, with the regex crate's words.
pub(crate) fn compile(pattern: &str) -> Result<Regex, regex::Error> {
    Regex::new(&translate(pattern))
}

fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut chars = pattern.chars().peekable();
    // Position within brackets: none outside, else the number of items so far (a leading `]` is a literal).
    let mut class: Option<usize> = None;
    while let Some(c) = chars.next() {
        match (c, class) {
            ('\\', _) => match chars.next() {
                Some('Q') if class.is_none() => quote(&mut chars, &mut out),
                Some(e) => escape(e, class.is_some(), &mut out),
                None => out.push('\\'),
            },
            ('[', None) => {
                class = Some(0);
                out.push('[');
                if chars.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
                continue;
            }
            ('[', Some(_)) if chars.peek() == Some(&':') => {
                out.push('[');
                for c in chars.by_ref() {
                    out.push(c);
                    if c == ']' {
                        break;
                    }
                }
            }
            (']', Some(n)) if n > 0 => {
                class = None;
                out.push(']');
            }
            ('[' | ']' | '&' | '~', Some(_)) => out.extend(['\\', c]),
            (c, _) => out.push(c),
        }
        class = class.map(|n| n + 1);
    }
    out
}

fn quote(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, out: &mut String) {
    let mut literal = String::new();
    for c in chars.by_ref() {
        literal.push(c);
        if literal.ends_with("\\E") {
            literal.truncate(literal.len() - 2);
            break;
        }
    }
    out.push_str(&regex::escape(&literal));
}

fn escape(c: char, in_class: bool, out: &mut String) {
    let set = match c {
        'd' | 'D' => "0-9",
        'w' | 'W' => "0-9A-Za-z_",
        's' | 'S' => "\\t\\n\\x0C\\r ",
        'b' => return out.push_str(if in_class { "\\b" } else { "(?-u:\\b)" }),
        _ => return out.extend(['\\', c]),
    };
    match (c.is_ascii_uppercase(), in_class) {
        (false, true) => out.push_str(set),
        (false, false) => out.extend(["[", set, "]"]),
        (true, _) => out.extend(["[^", set, "]"]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_go_reads_them() {
        for (pattern, text, want) in [
            ("^.*?feat(\\([[:word:]]+\\))??!?:.+$", "feat(api)!: x", true),
            ("^docs:", "docs: x", true),
            ("\\d", "٣", false),
            ("^\\w+$", "größe", false),
            ("\\bfix\\b", "a fix b", true),
            ("\\Qa.b\\E.", "axbc", false),
            ("\\Qa.b\\E.", "a.bc", true),
            ("[[]", "[", true),
            ("[]a]", "]", true),
            ("[^]a]", "]", false),
            ("[a&&b]", "&", true),
            ("[\\w-]+$", "a-b", true),
            ("[^\\W]", "a", true),
            ("(?i)MERGE", "merge", true),
            ("Merge (pull request|branch)", "Merge branch x", true),
        ] {
            assert_eq!(compile(pattern).unwrap().is_match(text), want, "{pattern} on {text}");
        }
        assert!(compile("(").is_err());
        assert!(compile("a\\").is_err());
    }
}
