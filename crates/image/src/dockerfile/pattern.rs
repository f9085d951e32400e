//! Patterns of paths: Go's `filepath.Match`, and with `**` as moby's `patternmatcher` has it.

/// A part of a pattern.
#[derive(Clone, Debug)]
enum Part {
    /// `*`: anything without `/`.
    Star,
    /// `**` at the end: anything.
    Deep,
    /// `**/`: nothing, or folders.
    Folders,
    /// `?`.
    One,
    Is(char),
    /// `[a-z]`, `[^a-z]`.
    In(bool, Vec<(char, char)>),
}

/// A pattern, ready to be compared.
#[derive(Clone, Debug)]
pub(super) struct Pattern(Vec<Part>);

impl Pattern {
    /// Reads a pattern; `deep`: `**` goes through folders. None if it is malformed.
    pub(super) fn new(text: &str, deep: bool) -> Option<Pattern> {
        let mut out = vec![];
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            out.push(match c {
                '*' if deep && chars.next_if_eq(&'*').is_some() => match chars.next_if_eq(&'/') {
                    Some(_) => Part::Folders,
                    None => Part::Deep,
                },
                '*' => Part::Star,
                '?' => Part::One,
                '[' => class(&mut chars)?,
                '\\' => Part::Is(chars.next()?),
                c => Part::Is(c),
            });
        }
        Some(Pattern(out))
    }

    /// Whether all of the path matches.
    pub(super) fn fits(&self, path: &str) -> bool {
        let text: Vec<char> = path.chars().collect();
        let mut reach = vec![false; text.len() + 1];
        reach[0] = true;
        for part in &self.0 {
            let mut next = vec![false; text.len() + 1];
            let mut any = false;
            for at in 0..=text.len() {
                any |= reach[at];
                let before = at.checked_sub(1);
                let single = |fits: bool| fits && before.is_some_and(|b| reach[b]);
                next[at] = match part {
                    Part::Star => reach[at] || before.is_some_and(|b| next[b] && text[b] != '/'),
                    Part::Deep => any,
                    Part::Folders => reach[at] || (any && before.is_some_and(|b| text[b] == '/')),
                    Part::One => single(before.is_some_and(|b| text[b] != '/')),
                    Part::Is(c) => single(before.is_some_and(|b| text[b] == *c)),
                    Part::In(not, ranges) => single(before.is_some_and(|b| {
                        let c = text[b];
                        c != '/' && ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *not
                    })),
                };
            }
            reach = next;
        }
        reach.last() == Some(&true)
    }
}

fn class(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<Part> {
    let not = chars.next_if_eq(&'^').is_some();
    let mut ranges = vec![];
    let one = |chars: &mut std::iter::Peekable<std::str::Chars<'_>>| match chars.next()? {
        '\\' => chars.next(),
        c => Some(c),
    };
    while ranges.is_empty() || chars.peek() != Some(&']') {
        let low = one(chars)?;
        let high = match chars.next_if_eq(&'-') {
            Some(_) => one(chars)?,
            None => low,
        };
        ranges.push((low, high));
    }
    chars.next();
    Some(Part::In(not, ranges))
}

/// Whether a path matches a pattern, by Go's `filepath.Match`; never for a malformed one.
pub fn matches(pattern: &str, path: &str) -> bool {
    Pattern::new(pattern, false).is_some_and(|p| p.fits(path))
}

/// Whether a text is a pattern at all.
pub(super) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}
