//! `--chmod`: octal numbers, and words as chmod(1) of BSD reads them (BuildKit's `dchapes-mode`, with a umask of 0).
//!
//! Must not: know of which files.

const ALL: u32 = 0o7777;
const EXECUTE: u32 = 0o111;
const OTHERS: u32 = 0o7;
const STICKY: u32 = 0o1000;

/// What a `--chmod` makes of permission bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Chmod {
    /// These bits.
    Exactly(u32),
    /// Changes, one after the other.
    Changes(Vec<Change>),
}

/// One change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// `+`, `-` and `=` with bits; the first are those that `=` clears.
    Bits(u32, char, u32),
    /// `X`: executable for these, or not, if it is a folder or was executable for anybody.
    Executable(char, u32),
    /// `u`, `g` or `o` as it is by now, for these: whose bits they are, in steps to the right.
    Copy(u32, char, u32),
}

impl Chmod {
    /// Reads one; none if it is no mode.
    pub(super) fn parse(text: &str) -> Option<Chmod> {
        if text.starts_with(|c: char| c.is_ascii_digit()) {
            return u32::from_str_radix(text, 8).ok().filter(|m| *m <= ALL).map(Chmod::Exactly);
        }
        let clauses: Option<Vec<Vec<Change>>> = text.split(',').map(clause).collect();
        Some(Chmod::Changes(clauses?.concat()))
    }

    /// The bits that a file or a folder with these bits gets.
    pub(super) fn apply(&self, old: u32, is_folder: bool) -> u32 {
        let changes = match self {
            Chmod::Exactly(bits) => return *bits,
            Chmod::Changes(changes) => changes,
        };
        changes.iter().fold(old, |mode, change| match *change {
            Change::Bits(_, '+', bits) => mode | bits,
            Change::Bits(_, '-', bits) => mode & !bits,
            Change::Bits(who, _, bits) => mode & !who | bits,
            Change::Executable(_, _) if !is_folder && old & EXECUTE == 0 => mode,
            Change::Executable('-', bits) => mode & !bits,
            Change::Executable(_, bits) => mode | bits,
            Change::Copy(who, op, from) => {
                let value = mode >> from & 0o7;
                let bits = (value << 6 | value << 3 | value) & who;
                match op {
                    '+' => mode | bits,
                    '-' => mode & !bits,
                    _ => mode & !(who & 0o777) | bits,
                }
            }
        })
    }
}

/// `ug=rwX-s`: who, and one operation or more.
fn clause(text: &str) -> Option<Vec<Change>> {
    let at = text.find(['+', '-', '='])?;
    let mut who = 0;
    for c in text[..at].chars() {
        who |= match c {
            'u' => 0o4700,
            'g' => 0o2070,
            'o' => OTHERS,
            'a' => ALL,
            _ => return None,
        };
    }
    let mut out = vec![];
    let mut rest = &text[at..];
    while let Some(op) = rest.chars().next() {
        let end = rest[1..].find(['+', '-', '=']).map_or(rest.len(), |n| n + 1);
        operation(who, op, &rest[1..end], &mut out)?;
        rest = &rest[end..];
    }
    Some(out)
}

/// `=rwX`.
fn operation(mut who: u32, op: char, words: &str, out: &mut Vec<Change>) -> Option<()> {
    let (mut bits, mut executable, mut copied) = (0, false, false);
    let whom = |who: u32| if who == 0 { ALL } else { who };
    // Bits beside those of others can be set for whoever is more than these.
    let more = who == 0 || who & !OTHERS != 0;
    for c in words.chars() {
        match c {
            'r' => bits |= 0o444,
            'w' => bits |= 0o222,
            'x' => bits |= EXECUTE,
            'X' => executable = true,
            's' if more => bits |= 0o6000,
            't' if more => {
                who |= STICKY;
                bits |= STICKY;
            }
            's' | 't' => {}
            'u' | 'g' | 'o' => {
                if bits != 0 {
                    out.push(Change::Bits(whom(who), op, bits & whom(who)));
                    bits = 0;
                }
                let from =
                    [('u', 6), ('g', 3), ('o', 0)].iter().find(|(n, _)| *n == c).map_or(0, |(_, s)| *s);
                out.push(Change::Copy(whom(who), op, from));
                copied = true;
            }
            _ => return None,
        }
    }
    if bits != 0 || op == '=' && !copied {
        out.push(Change::Bits(whom(who), op, bits & whom(who)));
    }
    if executable {
        out.push(Change::Executable(op, EXECUTE & whom(who)));
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each line: the text, `f` or `d`, the bits before and after, by BuildKit's own library.
    const KNOWN: &str = include_str!("../../tests/buildkit-modes.txt");

    #[test]
    fn bits_are_those_of_buildkit() {
        for line in KNOWN.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            let [text, kind, old, new] = words[..] else { panic!("{line}") };
            let octal = |s: &str| u32::from_str_radix(s, 8).unwrap();
            let mode = Chmod::parse(text.trim_matches('"')).unwrap_or_else(|| panic!("{line}"));
            assert_eq!(format!("{:04o}", mode.apply(octal(old), kind == "d")), *new, "{line}");
        }
        assert!(KNOWN.lines().count() > 150);
    }

    #[test]
    fn what_is_no_mode() {
        for text in ["", "u", "u=q", "u=rw,", "755x", "8", "77777", "x+r", ",", "+ "] {
            assert_eq!(Chmod::parse(text), None, "{text}");
        }
        assert_eq!(Chmod::parse("0640"), Some(Chmod::Exactly(0o640)));
    }
}
