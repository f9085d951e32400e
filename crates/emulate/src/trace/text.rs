//! The grammar that both formats share: `name(argument, …) = result note`.
//!
//! Owns: where a call's text ends, its arguments, its result. Must not: know lines or threads.

use super::events::{Call, Outcome};
use super::{calls, errno};

/// Who wrote it: they quote differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writer {
    /// Strings are written raw, so that a quote inside of one looks like its end.
    Qemu,
    /// Strings are escaped as in C.
    Strace,
}

/// The most that is looked at of one call.
const MOST: usize = 1 << 20;

/// A name as system calls have it, at the beginning of `text`, followed by `(`: its length.
pub(super) fn name_length(text: &str) -> Option<usize> {
    let n = text.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
    let starts = text.as_bytes().first().is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_');
    (starts && n <= 64 && text.as_bytes().get(n) == Some(&b'(')).then_some(n)
}

/// The arguments in `text`, which begins after `(`, and how many bytes they take with the `)`. None: it is not closed.
pub(super) fn arguments(text: &str, writer: Writer) -> Option<(Vec<String>, usize)> {
    let bytes = text.as_bytes();
    let (mut args, mut begin, mut depth, mut at) = (Vec::new(), 0, 0_usize, 0);
    while at < bytes.len().min(MOST) {
        match bytes[at] {
            b'"' => {
                at = string_end(bytes, at + 1, writer)?;
                continue;
            }
            b'/' if bytes[at..].starts_with(b"/*") => {
                at += text[at..].find("*/").map_or(2, |n| n + 2);
                continue;
            }
            b'(' | b'{' | b'[' => depth += 1,
            b')' if depth == 0 => {
                push(&mut args, &text[begin..at]);
                return Some((args, at + 1));
            }
            b')' | b'}' | b']' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                push(&mut args, &text[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// Empty ones are none: qemu closes some lists with a comma.
fn push(args: &mut Vec<String>, text: &str) {
    let text = text.trim();
    if !text.is_empty() {
        args.push(text.to_owned());
    }
}

/// The index after a string's closing quote.
fn string_end(bytes: &[u8], mut at: usize, writer: Writer) -> Option<usize> {
    while at < bytes.len().min(MOST) {
        match (bytes[at], writer) {
            (b'\\', Writer::Strace) => at += 1,
            (b'"', Writer::Strace) => return Some(at + 1),
            // The quote that ends a raw string is the one that something of a list follows.
            (b'"', Writer::Qemu) if bytes.get(at + 1).is_none_or(|b| b",)}].".contains(b)) => {
                return Some(at + 1);
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// The outcome and the note in what follows the `)`: ` = -1 errno=2 (No such file or directory)`.
pub(super) fn result(text: &str) -> Option<(Outcome, String)> {
    let rest = text.trim_start().strip_prefix('=')?.trim();
    let (word, note) = rest.split_once(' ').unwrap_or((rest, ""));
    let note = note.trim();
    let error = note.split_whitespace().next().unwrap_or_default();
    let outcome = match word {
        "" => Outcome::Missing,
        "?" if error.starts_with("ERESTART") => Outcome::Restarted,
        "?" => Outcome::Missing,
        "-1" if error.starts_with("errno=") => return Some((emulated_error(error, note), String::new())),
        "-1" if error.starts_with('E') => return Some((Outcome::Failed(error.to_owned()), String::new())),
        _ => Outcome::Returned(word.to_owned()),
    };
    Some((outcome, note.to_owned()))
}

/// `errno=2 (No such file or directory)`. Those from 512 to 516 are the kernel's and the emulator's own.
fn emulated_error(word: &str, note: &str) -> Outcome {
    let number = word.trim_start_matches("errno=");
    let text = note.split_once('(').and_then(|(_, t)| t.strip_suffix(')')).unwrap_or_default();
    match (number, errno::name_of(text)) {
        ("513", _) => Outcome::Missing,
        ("512" | "514" | "516", _) => Outcome::Restarted,
        (_, Some(name)) => Outcome::Failed(name.to_owned()),
        (n, None) => Outcome::Failed(format!("errno {n}")),
    }
}

/// A call as far as it is written; none if `text` is no call. The outcome is missing where the text ends before it.
pub(super) fn call(text: &str, writer: Writer) -> Option<Call> {
    let n = name_length(text)?;
    let name = text[..n].to_ascii_lowercase();
    let inside = &text[n + 1..];
    let (args, after) = match arguments(inside, writer) {
        Some((args, used)) => (args, inside.get(used..).unwrap_or_default()),
        // A string with anything in it: the last place where a result can begin.
        None => match inside.rfind(") = ") {
            Some(end) => (vec![inside[..end].to_owned()], &inside[end + 1..]),
            None => (vec![inside.trim_end_matches(')').to_owned()], ""),
        },
    };
    let (outcome, note) = result(after).unwrap_or((Outcome::Missing, String::new()));
    if name == "socketcall"
        && let Some(inner) = args.first().and_then(|a| calls::socket_call(a))
    {
        // Its arguments are behind an address.
        return Some(Call { name: inner.to_owned(), args: Vec::new(), outcome, note, paired: false });
    }
    Some(Call { name, args, outcome, note, paired: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str, writer: Writer) -> (String, Vec<String>, Outcome, String) {
        let c = call(text, writer).unwrap();
        (c.name, c.args, c.outcome, c.note)
    }

    fn words(w: &[&str]) -> Vec<String> {
        w.iter().map(|w| (*w).to_owned()).collect()
    }

    #[test]
    fn emulated_calls() {
        let q = |t| parsed(t, Writer::Qemu);
        let returned = |v: &str| Outcome::Returned(v.to_owned());
        let failed = |v: &str| Outcome::Failed(v.to_owned());
        assert_eq!(
            q(
                "futex(0x000000000024fe60,FUTEX_PRIVATE_FLAG|FUTEX_WAIT,0,{tv_sec = 0,tv_nsec = 10044425},NULL,0) = -1 errno=110 (Connection timed out)"
            ),
            (
                "futex".to_owned(),
                words(&[
                    "0x000000000024fe60",
                    "FUTEX_PRIVATE_FLAG|FUTEX_WAIT",
                    "0",
                    "{tv_sec = 0,tv_nsec = 10044425}",
                    "NULL",
                    "0"
                ]),
                failed("ETIMEDOUT"),
                String::new()
            )
        );
        // mips64le has another number for the same.
        assert_eq!(q("epoll_pwait(8,1,128,0) = -1 errno=145 (Connection timed out)").2, failed("ETIMEDOUT"));
        assert_eq!(q("x() = -1 errno=1234 (Unknown error 1234)").2, failed("errno 1234"));
        assert_eq!(
            q("rt_sigreturn(0,-1) = -1 errno=513 (Successful exit from sigreturn)").2,
            Outcome::Missing
        );
        assert_eq!(q("futex(0x1,FUTEX_WAIT) = -1 errno=512 (To be restarted)").2, Outcome::Restarted);
        // A raw string with a quote and a line end.
        let c = q(
            "openat(AT_FDCWD,\"/no/such\"file\n\",O_RDONLY|O_CLOEXEC) = -1 errno=2 (No such file or directory)",
        );
        assert_eq!(c.1, words(&["AT_FDCWD", "\"/no/such\"file\n\"", "O_RDONLY|O_CLOEXEC"]));
        assert_eq!(c.2, failed("ENOENT"));
        // What 7.2 writes for s390x's socketcall.
        let c =
            q("BIND(7,{sin_family=AF_INET,sin_port=htons(0),sin_addr=inet_addr(\"127.0.0.1\")}, 16,) = 0");
        assert_eq!((c.0.as_str(), c.1.len(), c.1[2].as_str()), ("bind", 3, "16"));
        assert_eq!(
            (
                q("socketcall(18,24806078139224,0,0,0,0,) = 12").0.as_str(),
                q("socketcall(99,1) = 0").0.as_str()
            ),
            ("accept4", "socketcall")
        );
        let c = q("clock_gettime(CLOCK_MONOTONIC,0x1) = 0 ({tv_sec = 1750,tv_nsec = 294004225})");
        assert_eq!((c.2, c.3.as_str()), (returned("0"), "({tv_sec = 1750,tv_nsec = 294004225})"));
        assert_eq!(q("exit_group(3)").2, Outcome::Missing);
        assert_eq!(q("wait4(29764,0x5e1679a0ac84,0,0x5e16799be000) = ").2, Outcome::Missing);
    }

    #[test]
    fn traced_calls() {
        let s = |t| parsed(t, Writer::Strace);
        let c = s("read(3, \"\\177ELF\\2\\1\\\")\\0\"..., 832) = 832");
        assert_eq!((c.1.len(), c.2), (3, Outcome::Returned("832".to_owned())));
        let c = s("execve(\"./p\", [\"./p\"], 0x7ffce1def408 /* 35 vars, all */) = 0");
        assert_eq!(c.1[2], "0x7ffce1def408 /* 35 vars, all */");
        let c = s("access(\"/etc/ld.so.preload\", R_OK) = -1 ENOENT (No such file or directory)");
        assert_eq!(c.2, Outcome::Failed("ENOENT".to_owned()));
        assert_eq!(s("pause() = ? ERESTARTNOHAND (To be restarted if no handler)").2, Outcome::Restarted);
        assert_eq!(s("exit_group(0)                          = ?").2, Outcome::Missing);
        let c = s("fcntl(0, F_GETFL)                 = 0x8000 (flags O_RDONLY|O_LARGEFILE)");
        assert_eq!(c.3, "(flags O_RDONLY|O_LARGEFILE)");
    }
}
