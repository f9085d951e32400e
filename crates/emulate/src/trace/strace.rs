//! What `strace -f -o FILE` writes: `PID name(…) = …`, with calls that other threads interrupt in two parts.

use super::events::{Call, Event, Outcome, What};
use super::text::{self, Writer};
use std::collections::HashMap;

const UNFINISHED: &str = "<unfinished ...>";

/// Reads a trace. Calls stand where they begin.
pub fn read_strace(trace: &str) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    // Where the first part of a thread's call is.
    let mut open: HashMap<u32, usize> = HashMap::new();
    for line in trace.lines().filter(|l| !l.trim().is_empty()) {
        let (thread, rest) = numbered(line);
        if let Some(rest) = rest.strip_prefix("<... ") {
            // `<... futex resumed>) = 0`; of a call that began before the trace there is no first part.
            let tail = rest.split_once(" resumed>").map_or(rest, |(_, tail)| tail);
            if let Some(at) = open.remove(&thread) {
                let whole = events[at].raw.clone() + tail;
                events[at].what = what(&whole);
                events[at].raw = whole;
            }
            continue;
        }
        let event = match rest.trim_end().strip_suffix(UNFINISHED) {
            Some(first) if text::name_length(first).is_some() => {
                open.insert(thread, events.len());
                let n = text::name_length(first).unwrap_or_default();
                let args =
                    text::arguments(&format!("{})", first.get(n + 1..).unwrap_or_default()), Writer::Strace);
                let call = Call {
                    name: first[..n].to_owned(),
                    args: args.map(|(a, _)| a).unwrap_or_default(),
                    outcome: Outcome::Missing,
                    note: String::new(),
                    paired: false,
                };
                // The blank before the mark is strace's, not the call's.
                Event {
                    thread,
                    what: What::Call(call),
                    raw: first.strip_suffix(' ').unwrap_or(first).to_owned(),
                }
            }
            _ => Event { thread, what: what(rest), raw: rest.to_owned() },
        };
        events.push(event);
    }
    events
}

/// `24579 rest`, `[pid 24579] rest`; 0 where no thread is named, as with a single one.
fn numbered(line: &str) -> (u32, &str) {
    let (inner, closed) = match line.strip_prefix("[pid") {
        Some(rest) => (rest.trim_start(), true),
        None => (line, false),
    };
    let digits = inner.bytes().take_while(u8::is_ascii_digit).count();
    let Ok(number) = inner[..digits].parse() else { return (0, line) };
    let rest = &inner[digits..];
    match if closed { rest.strip_prefix(']') } else { Some(rest) } {
        Some(rest) if rest.starts_with(' ') => (number, rest.trim_start()),
        _ => (0, line),
    }
}

fn what(text: &str) -> What {
    if let Some(inner) = text.strip_prefix("--- ").and_then(|t| t.trim_end().strip_suffix(" ---")) {
        return signal(inner);
    }
    if let Some(inner) = text.strip_prefix("+++ ").and_then(|t| t.trim_end().strip_suffix(" +++")) {
        return What::Ended(inner.to_owned());
    }
    text::call(text, Writer::Strace).map_or(What::Other, What::Call)
}

/// `SIGURG {si_signo=SIGURG, …}`, the same in both formats.
pub(super) fn signal(inner: &str) -> What {
    let (name, detail) = inner.split_once(' ').unwrap_or((inner, ""));
    What::Signal { name: name.to_owned(), detail: detail.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interrupted_calls_are_one() {
        let events = read_strace(
            "24580 rseq(0x7ff0e769ffe0, 0x20, 0, 0x53053053 <unfinished ...>\n\
             24579 rt_sigprocmask(SIG_SETMASK, ~[KILL STOP RTMIN RT_1],  <unfinished ...>\n\
             24580 <... rseq resumed>)               = 0\n\
             24579 <... rt_sigprocmask resumed>NULL, 8) = 0\n\
             24580 <... futex resumed>)              = 0\n\
             24579 --- SIGURG {si_signo=SIGURG, si_code=SI_USER, si_pid=24579, si_uid=0} ---\n\
             24580 futex(0x1, FUTEX_WAIT_PRIVATE, 0, NULL <unfinished ...>\n\
             24580 +++ exited with 3 +++\n",
        );
        let calls: Vec<&Call> = events.iter().filter_map(Event::call).collect();
        assert_eq!(
            calls.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(),
            ["rseq", "rt_sigprocmask", "futex"]
        );
        assert_eq!(calls[0].args, ["0x7ff0e769ffe0", "0x20", "0", "0x53053053"]);
        assert_eq!(calls[1].args, ["SIG_SETMASK", "~[KILL STOP RTMIN RT_1]", "NULL", "8"]);
        assert_eq!(calls[1].returned(), Some("0"));
        assert_eq!((&calls[2].outcome, calls[2].args.len()), (&Outcome::Missing, 4));
        assert!(matches!(&events[2].what, What::Signal { name, .. } if name == "SIGURG"));
        assert_eq!(events[4].what, What::Ended("exited with 3".to_owned()));
        assert_eq!(events[4].thread, 24580);
    }

    #[test]
    fn numbers_before_lines() {
        assert_eq!(numbered("[pid  12] close(3) = 0"), (12, "close(3) = 0"));
        assert_eq!(numbered("12  close(3) = 0"), (12, "close(3) = 0"));
        assert_eq!(numbered("close(3) = 0"), (0, "close(3) = 0"));
        assert_eq!(numbered("12close(3) = 0"), (0, "12close(3) = 0"));
    }
}
