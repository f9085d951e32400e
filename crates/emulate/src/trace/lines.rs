//! Lines of an emulator's trace, in which the words of two writers may be mixed.
//!
//! Two processes that write one file (a forked child goes on in its parent's) each write a call in several pieces: the
//! number and the name, each argument, the result. A piece of the other can come between any two.

use super::text::{self, Writer};
use std::borrow::Cow;

/// How many calls are looked for on one line.
const MOST: usize = 64;

/// `24539 futex(…`, `24539 Unknown syscall 258`: the number and the rest.
pub(super) fn record(text: &str) -> Option<(u32, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number = text[..digits].parse().ok()?;
    let rest = text[digits..].strip_prefix(' ')?;
    (text::name_length(rest).is_some() || rest.starts_with("Unknown syscall ")).then_some((number, rest))
}

/// A line's parts, each of one writer, in the order of their beginnings. A part that begins with no number goes on
/// with a call of an earlier line.
pub(super) fn parts(line: &str) -> Vec<Cow<'_, str>> {
    let mut out = Vec::new();
    let mut rest = Cow::Borrowed(line);
    while out.len() < MOST
        && let Some((part, after)) = split(&rest)
    {
        out.push(Cow::Owned(part));
        rest = Cow::Owned(after);
    }
    out.push(rest);
    out
}

/// The first writer's words and what follows them; none if there is one writer only.
fn split(text: &str) -> Option<(String, String)> {
    let (_, body) = record(text)?;
    let begin = text.len() - body.len() + text::name_length(body)? + 1;
    if let Some(at) = inserted(text, begin) {
        let (outer, inner) = text.split_at(at);
        return Some(match closed(inner).map(|end| inner.split_at(end)) {
            // `28529 rt_sigaction(SIGSYS,0x1,28483 read(14,0x2,8)NULL) = 0`
            Some((call, after)) if !after.is_empty() && !after.starts_with(" =") => {
                (format!("{outer}{after}"), call.to_owned())
            }
            // `19213 rt_sigaction(19208 close(14) = 0`
            _ => (outer.to_owned(), inner.to_owned()),
        });
    }
    let end = closed(text)?;
    let after = &text[end..];
    let own = after.trim().is_empty() || after.starts_with(" =");
    (!own).then(|| (text[..end].to_owned(), after.to_owned()))
}

/// Where a call ends that stands at the beginning, without its result.
fn closed(text: &str) -> Option<usize> {
    let (_, body) = record(text)?;
    let begin = text.len() - body.len() + text::name_length(body)? + 1;
    text::arguments(&text[begin..], Writer::Qemu).map(|(_, used)| begin + used)
}

/// Where another call begins in a call's arguments.
fn inserted(text: &str, begin: usize) -> Option<usize> {
    let places = text[begin - 1..].match_indices(['(', ',']).map(|(at, _)| begin + at);
    places.take(MOST).find(|at| record(&text[*at..]).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mixed_words() {
        assert_eq!(
            parts("28529 rt_sigaction(SIGSYS,0x1,28483 read(14,0x2,8)NULL) = 0"),
            ["28529 rt_sigaction(SIGSYS,0x1,NULL) = 0", "28483 read(14,0x2,8)"]
        );
        assert_eq!(
            parts("7 futex(1,2)8 read(3,4)--- SIGURG {} ---"),
            ["7 futex(1,2)", "8 read(3,4)", "--- SIGURG {} ---"]
        );
        assert_eq!(
            parts("19213 rt_sigaction(19208 close(14) = 0"),
            ["19213 rt_sigaction(", "19208 close(14) = 0"]
        );
        assert_eq!(
            parts("19208 read(13,0x46cdbc,4)SIGTERM,0x0046cac8,NULL) = 0"),
            ["19208 read(13,0x46cdbc,4)", "SIGTERM,0x0046cac8,NULL) = 0"]
        );
        for whole in [
            "7 x({tv_sec = 1,tv_nsec = 2}) = 0",
            "",
            " = 0",
            "7 exit_group(3)",
            "7 open(\"/a\"b",
            "7 Unknown syscall 1",
        ] {
            assert_eq!(parts(whole), [whole]);
        }
    }
}
