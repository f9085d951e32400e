//! What of an API is no longer as it was: what the compiler says of the code that uses it.
//!
//! Owns: reading the messages of go build and go vet. Source: go/types, internal/types/errors (Go 1.26); cmd/go's "does
//! not contain package".

use serde::Serialize;

/// Something that code uses and that is not there any more, or not like that.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Gone {
    /// Whether it is gone or changed.
    pub kind: GoneKind,
    /// `language.Parse`, `Tag.Foo`, an import path; empty where the message names none.
    pub name: String,
    /// Where it is used: `main.go:12:3`.
    pub used_at: String,
    /// The compiler's words.
    pub message: String,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GoneKind {
    /// It is not there.
    Gone,
    /// It is there, with other parameters or another type.
    Changed,
}

/// Reads what a failed build wrote; each place once.
pub(super) fn read(text: &str) -> Vec<Gone> {
    of_lines(text.lines())
}

/// Reads what `go vet` wrote: what does not compile. Its other findings are about the code and not about what it uses.
pub(super) fn read_vet(text: &str) -> Vec<Gone> {
    of_lines(text.lines().filter_map(|l| l.strip_prefix("vet: ")))
}

fn of_lines<'t>(lines: impl Iterator<Item = &'t str>) -> Vec<Gone> {
    let mut out: Vec<Gone> = vec![];
    for line in lines {
        let Some(gone) = line_of(line.trim()) else { continue };
        if !out.iter().any(|g| g.used_at == gone.used_at && g.message == gone.message) {
            out.push(gone);
        }
    }
    out.sort();
    out
}

fn line_of(line: &str) -> Option<Gone> {
    let (used_at, message) = place(line)?;
    let (kind, name) = meaning(message);
    Some(Gone { kind, name: name.to_owned(), used_at: used_at.to_owned(), message: message.to_owned() })
}

/// `dir/file.go:12:3` and what stands behind it.
fn place(line: &str) -> Option<(&str, &str)> {
    let end = line.find(".go:")? + 4;
    let mut at = end;
    for part in line[end..].split(':') {
        if part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit()) {
            break;
        }
        at += part.len() + 1;
    }
    let message = line.get(at..)?.trim();
    let place = line.get(..at)?.trim_end_matches(':');
    (at > end && !place.contains(char::is_whitespace) && !message.is_empty())
        .then(|| (place.trim_start_matches("./"), message))
}

fn meaning(message: &str) -> (GoneKind, &str) {
    let first = |text: &'_ str| text.split_whitespace().next().map_or(0, str::len);
    if let Some(rest) = message.strip_prefix("undefined: ") {
        return (GoneKind::Gone, &rest[..first(rest)]);
    }
    // x.F undefined (type T has no field or method F)
    if let Some((name, _)) = message.split_once(" undefined (") {
        return (GoneKind::Gone, name);
    }
    if let Some((_, rest)) = message.split_once("does not contain package ") {
        return (GoneKind::Gone, &rest[..first(rest)]);
    }
    for sign in ["no required module provides package ", "cannot find package ", "could not import "] {
        if let Some((_, rest)) = message.split_once(sign) {
            return (GoneKind::Gone, rest[..first(rest)].trim_matches(['"', ';', ':']));
        }
    }
    // not enough arguments in call to x.F, cannot use v (…) as T value in argument to x.F
    for sign in [" in call to ", " argument to "] {
        if let Some((_, rest)) = message.split_once(sign) {
            return (GoneKind::Changed, rest[..first(rest)].trim_end_matches([':', ',']));
        }
    }
    (GoneKind::Changed, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Go 1.26's own messages.
    #[test]
    fn what_compilers_say() {
        for (line, kind, name, at) in [
            (
                "./main.go:12:13: undefined: language.Parse2",
                GoneKind::Gone,
                "language.Parse2",
                "main.go:12:13",
            ),
            (
                "sub/x.go:4:2: t.Gone undefined (type language.Tag has no field or method Gone)",
                GoneKind::Gone,
                "t.Gone",
                "sub/x.go:4:2",
            ),
            (
                "main.go:6:2: module golang.org/x/text@latest found (v0.9.0), but does not contain package golang.org/x/text/old",
                GoneKind::Gone,
                "golang.org/x/text/old",
                "main.go:6:2",
            ),
            (
                "main.go:6:2: no required module provides package example.com/x; to add it:",
                GoneKind::Gone,
                "example.com/x",
                "main.go:6:2",
            ),
            (
                "./main.go:9:20: not enough arguments in call to html.Parse",
                GoneKind::Changed,
                "html.Parse",
                "main.go:9:20",
            ),
            (
                "./main.go:9:20: cannot use 3 (untyped int constant) as string value in argument to language.Parse",
                GoneKind::Changed,
                "language.Parse",
                "main.go:9:20",
            ),
            (
                "./main.go:9:7: assignment mismatch: 1 variable but language.Parse returns 2 values",
                GoneKind::Changed,
                "",
                "main.go:9:7",
            ),
        ] {
            let found = read(line);
            match at {
                "" => assert!(found.is_empty(), "{line}"),
                _ => assert_eq!(
                    found.iter().map(|g| (g.kind, g.name.as_str(), g.used_at.as_str())).collect::<Vec<_>>(),
                    [(kind, name, at)],
                    "{line}"
                ),
            }
        }
        let vet = "# m\nvet: ./x.go:4:3: undefined: lib.Old\n./x.go:5:2: non-constant format string in call to fmt.Errorf\n";
        assert_eq!(read_vet(vet).iter().map(|g| g.name.as_str()).collect::<Vec<_>>(), ["lib.Old"]);
        assert!(
            read("# example.com/x\n\tto add it:\nexit status 1\n.go:\nx.go:\nx.go:1\nx.go:é:1: y").is_empty()
        );
    }
}
