//! Owns: splitting a hook's command line into words as goreleaser's splitter (go-shellwords 1.0.13) does.
//! Must not: run a shell, expand variables.

/// The words of a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitWords {
    /// Program and arguments; empty for a blank line.
    pub words: Vec<String>,
    /// What stands from the first unquoted `;`, `&`, `|`, `<` or `>` on, which is not executed: the caller warns.
    pub dropped: Option<String>,
}

/// A command line that cannot be split.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    /// An unquoted `(` that is not part of `$(`.
    #[error("a parenthesis outside quotes: commands are not run by a shell")]
    Parenthesis {
        /// Byte offset of the parenthesis.
        offset: usize,
    },
    /// A quote, a backslash or `$(` without its end.
    #[error("{what} is not closed")]
    Unclosed {
        /// What is open.
        what: &'static str,
    },
}

/// Quoting state; several can be open at once, as in the original.
#[derive(Default)]
struct Open {
    escaped: bool,
    double: bool,
    single: bool,
    back: bool,
    dollar: bool,
}

impl Open {
    fn quoted(&self) -> bool {
        self.single || self.double || self.back || self.dollar
    }

    fn unclosed(&self) -> Option<&'static str> {
        [
            (self.single, "a single quote"),
            (self.double, "a double quote"),
            (self.back, "a backquote"),
            (self.dollar, "$( or )"),
            (self.escaped, "a backslash"),
        ]
        .into_iter()
        .find_map(|(open, what)| open.then_some(what))
    }
}

/// Splits a command into words. Backslash escapes outside single quotes (`\t` and `\n` are tab and newline), quotes
/// group and vanish, backquotes and `$(…)` group and stay.
///
/// # Errors
/// An unquoted `(`, or a quote, backslash or `$(` left open.
pub fn split_words(s: &str) -> Result<SplitWords, SplitError> {
    let mut open = Open::default();
    let (mut words, mut word, mut got) = (Vec::new(), String::new(), false);
    let mut dropped = None;
    for (at, c) in s.char_indices() {
        if open.escaped {
            word.push(match c {
                't' => '\t',
                'n' => '\n',
                other => other,
            });
            open.escaped = false;
            got = true;
            continue;
        }
        match c {
            '\\' if open.single => word.push(c),
            '\\' => open.escaped = true,
            ' ' | '\t' | '\r' | '\n' if open.quoted() => word.push(c),
            ' ' | '\t' | '\r' | '\n' => {
                if std::mem::take(&mut got) {
                    words.push(std::mem::take(&mut word));
                }
            }
            '"' if !open.single && !open.dollar => {
                got |= open.double;
                open.double = !open.double;
            }
            '\'' if !open.double && !open.dollar => {
                got |= open.single;
                open.single = !open.single;
            }
            '(' if !open.single && !open.double && !open.back => {
                if open.dollar || !word.ends_with('$') {
                    return Err(SplitError::Parenthesis { offset: at });
                }
                open.dollar = true;
                word.push('(');
            }
            ';' | '&' | '|' | '<' | '>' if !open.quoted() => {
                // `2>file`: a word that starts with a digit is the redirection's, not an argument.
                if c == '>' && word.starts_with(|d: char| d.is_ascii_digit()) {
                    got = false;
                    dropped = Some(format!("{word}{}", &s[at..]));
                } else {
                    dropped = Some(s[at..].to_owned());
                }
                break;
            }
            _ => {
                if c == '`' && !open.single && !open.double && !open.dollar {
                    open.back = !open.back;
                }
                if c == ')' && !open.single && !open.double && !open.back {
                    open.dollar = !open.dollar;
                }
                got = true;
                word.push(c);
            }
        }
    }
    if let Some(what) = open.unclosed() {
        return Err(SplitError::Unclosed { what });
    }
    if got {
        words.push(word);
    }
    Ok(SplitWords { words, dropped })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_as_goreleaser_does() {
        for (line, words, dropped) in [
            ("", &[][..], None),
            ("  go  mod tidy\n", &["go", "mod", "tidy"], None),
            (r#"sh -c "echo 'a b' && x""#, &["sh", "-c", "echo 'a b' && x"], None),
            (r"a\ b 'c\d' \n", &["a b", r"c\d", "\n"], None),
            ("a ''", &["a", ""], None),
            ("make x && make y", &["make", "x"], Some("&& make y")),
            ("bash <(curl x)", &["bash"], Some("<(curl x)")),
            ("cmd 2>err", &["cmd"], Some("2>err")),
            ("cmd a>err", &["cmd", "a"], Some(">err")),
            ("echo $(date +%s; x)y", &["echo", "$(date +%s; x)y"], None),
            ("echo `a b`", &["echo", "`a b`"], None),
            ("; x", &[], Some("; x")),
        ] {
            let split = split_words(line).unwrap();
            assert_eq!(split.words, words, "{line:?}");
            assert_eq!(split.dropped.as_deref(), dropped, "{line:?}");
        }
    }

    #[test]
    fn refuses_what_goreleaser_refuses() {
        assert_eq!(split_words("a (b)"), Err(SplitError::Parenthesis { offset: 2 }));
        for line in ["a 'b", "a \"b", "a `b", "a $(b", "a)", "a\\"] {
            assert!(matches!(split_words(line), Err(SplitError::Unclosed { .. })), "{line:?}");
        }
    }
}
