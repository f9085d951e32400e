//! Diagnostics as rustc draws them: YAML, TOML, templates and binaries all look the same.

use crate::output::{Terminal, harmless};
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use goferry_report::{Diagnostic, Label, Severity};

/// A tool's output may be long; its end says what went wrong.
const MAX_NOTE_LINES: usize = 60;

/// Draws one diagnostic, with an empty line after it.
pub(crate) fn draw(d: &Diagnostic, terminal: &Terminal) -> String {
    let renderer = if terminal.colours { Renderer::styled() } else { Renderer::plain() };
    let level = match d.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = level.primary_title(lines(&d.message)).id(d.code.as_str());
    let mut group = Group::with_title(title);
    for label in &d.labels {
        group = place(group, label);
    }
    for note in d.notes.iter().filter(|n| !n.trim().is_empty()) {
        group = group.element(Level::NOTE.message(lines(note)));
    }
    for hint in &d.hints {
        let text = match &hint.snippet {
            Some(s) if s.contains('\n') => format!("{}\n{}", lines(&hint.text), lines(s)),
            Some(s) => {
                let text = lines(&hint.text);
                let colon = if text.ends_with([':', '?', ',']) { "" } else { ":" };
                format!("{text}{colon} {}", harmless(s))
            }
            None => lines(&hint.text),
        };
        group = group.element(Level::HELP.message(text));
    }
    renderer.term_width(terminal.width).render(&[group]) + "\n\n"
}

fn place<'a>(group: Group<'a>, label: &'a Label) -> Group<'a> {
    let path = harmless(&label.source);
    let Some(excerpt) = label.excerpt.as_deref().filter(|e| !e.trim().is_empty() && label.line > 0) else {
        let mut origin = Origin::path(if label.text.is_empty() {
            path
        } else {
            format!("{path}: {}", harmless(&label.text))
        });
        if label.line > 0 {
            origin = origin.line(label.line as usize);
            if label.column > 0 {
                origin = origin.char_column(label.column as usize);
            }
        }
        return group.element(origin);
    };
    // Tabs and control characters are one column each in a label, so they become one blank each.
    let clean: String = excerpt.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let start = byte_of(&clean, label.column.saturating_sub(1) as usize);
    let length = label.length.max(1) as usize;
    let end = byte_of(&clean, label.column.saturating_sub(1) as usize + length).max(start);
    let mut annotation = AnnotationKind::Primary.span(start..end);
    if !label.text.is_empty() {
        annotation = annotation.label(harmless(&label.text));
    }
    group.element(Snippet::source(clean).line_start(label.line as usize).path(path).annotation(annotation))
}

/// Byte offset of the n-th character, the end if there are fewer.
fn byte_of(text: &str, n: usize) -> usize {
    text.char_indices().nth(n).map_or(text.len(), |(i, _)| i)
}

/// Foreign text of several lines.
fn lines(text: &str) -> String {
    let all: Vec<String> = text.trim_end().lines().map(harmless).collect();
    match all.len().checked_sub(MAX_NOTE_LINES) {
        Some(over) if over > 0 => format!("… {over} lines before\n{}", all[over..].join("\n")),
        _ => all.join("\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use goferry_report::Code;

    const PLAIN: Terminal = Terminal { live: false, colours: false, width: 100, height: 40 };

    #[test]
    fn a_place_with_its_line() {
        let mut label = Label::at(".goreleaser.yaml", 3, 5);
        label.length = 4;
        label.excerpt = Some("  - goös: [linux]".to_owned());
        let d = Diagnostic::error(Code::UnknownKey, "`goös` is no key of builds")
            .label(label)
            .hint("did you mean `goos`?");
        let text = draw(&d, &PLAIN);
        assert!(text.starts_with("error[unknown-key]: `goös` is no key of builds\n"), "{text}");
        assert!(text.contains("--> .goreleaser.yaml:3:5"), "{text}");
        assert!(text.contains("3 |   - goös: [linux]"), "{text}");
        assert!(text.contains("^^^^"), "{text}");
        assert!(text.contains("help: did you mean `goos`?"), "{text}");
    }

    #[test]
    fn any_place_can_be_drawn() {
        for (line, column, length) in
            [(0, 0, 0), (1, 0, 0), (1, 99, 99), (7, 3, 0), (u32::MAX, u32::MAX, u32::MAX)]
        {
            for excerpt in [None, Some(""), Some("\ta\u{7f}é")] {
                let label = Label {
                    source: "x\x1b[31m".to_owned(),
                    line,
                    column,
                    length,
                    excerpt: excerpt.map(str::to_owned),
                    text: "t".to_owned(),
                };
                let text = draw(&Diagnostic::warning(Code::ConfigValue, "m").label(label), &PLAIN);
                assert!(text.contains("warning[config-value]: m"), "{text}");
                assert!(!text.contains('\x1b'), "{text}");
            }
        }
    }

    #[test]
    fn colours_only_where_wanted() {
        let d = Diagnostic::error(Code::Io, "m").with_note("one\ntwo");
        assert!(draw(&d, &Terminal { colours: true, ..PLAIN }).contains('\x1b'));
        assert!(!draw(&d, &PLAIN).contains('\x1b'));
    }
}
