//! The two streams: standard output is data, standard error is talk. Nothing else in goferry writes to them.

use goferry_plan::secret::{hide, hide_json};
use std::io::{IsTerminal, Write};

/// What the terminal can take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    /// Standard error is a terminal that can move its cursor, and this is not CI.
    pub(crate) live: bool,
    /// Colours on standard error.
    pub(crate) colours: bool,
    /// Columns.
    pub(crate) width: usize,
    /// Rows.
    pub(crate) height: usize,
}

impl Terminal {
    /// Looks at standard error and the environment.
    pub(crate) fn detect() -> Terminal {
        let set = |name: &str| std::env::var_os(name).is_some_and(|v| !v.is_empty());
        let tty = std::io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|t| t != "dumb");
        let size = terminal_size::terminal_size_of(std::io::stderr());
        let (width, height) = size.map_or((100, 40), |(w, h)| (usize::from(w.0), usize::from(h.0)));
        let ci = std::env::var("CI").is_ok_and(|v| !v.is_empty() && v != "false" && v != "0");
        Terminal {
            live: tty && !ci,
            colours: tty && !set("NO_COLOR"),
            width: width.max(40),
            height: height.max(8),
        }
    }
}

/// Writes data. A reader that went away is not an error: the rest is not wanted.
pub(crate) fn data(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Writes a value as indented JSON, without secrets.
pub(crate) fn json(value: &impl serde::Serialize) {
    let text = serde_json::to_string_pretty(&hidden(value)).unwrap_or_default();
    data(&(text + "\n"));
}

/// Writes a value as one line of JSON, without secrets.
pub(crate) fn json_line(value: &impl serde::Serialize) {
    // One write for each line, so that threads do not mix theirs.
    data(&line_of(value));
}

/// A value as one line of JSON, without secrets.
pub(crate) fn line_of(value: &impl serde::Serialize) -> String {
    hidden(value).to_string() + "\n"
}

fn hidden(value: &impl serde::Serialize) -> serde_json::Value {
    // The values are our own: maps have text keys, so this cannot fail.
    let mut value = serde_json::to_value(value).unwrap_or_default();
    hide_json(&mut value);
    value
}

/// Writes talk, without secrets.
pub(crate) fn talk(text: &str) {
    let text = hide(text);
    let mut out = std::io::stderr().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Foreign text made harmless: no values of secrets, no control characters but tabs (as blanks), so that no file can drive the terminal.
pub(crate) fn harmless(text: &str) -> String {
    let text = hide(text);
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\t' => out.push_str("    "),
            // A colour sequence goes as a whole, for what would be left of it is noise.
            '\x1b' if chars.peek() == Some(&'[') => {
                chars.next();
                while chars.next().is_some_and(|c| !('\x40'..='\x7e').contains(&c)) {}
            }
            c if c.is_control() => {}
            // Overrides of the writing direction can make text look like another.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_cannot_drive_the_terminal() {
        assert_eq!(harmless("\x1b[31mred\x1b[0m\tx\r\x07\u{202e}"), "red    x");
        assert_eq!(harmless("\x1b]0;title\x07"), "]0;title");
        assert_eq!(harmless("\x1b["), "");
    }
}
