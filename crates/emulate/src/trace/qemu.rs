//! What qemu-user's `-d strace` writes, since 7.1 a file for each thread (`-d strace,tid -D name.%d`), before that one
//! for all.
//!
//! A call and its result are written apart, so that in a shared file another thread's words may stand between them: a
//! result alone on its line is then the newest open call's, which may be wrong, and is marked. A forked child goes on
//! in its parent's file, and writes the result 0 of the same call. The number before a call is the process in 7.2 and
//! the thread in 10.0; in a thread's own file both mean the thread.

use super::events::{Call, Event, Outcome, What};
use super::lines::{parts, record};
use super::text::{self, Writer};
use super::{calls, order, strace};
use goferry_target::ArchKind;
use std::collections::HashSet;

/// One file.
#[derive(Clone, Debug)]
pub struct Log {
    /// The thread that it is of; none: all threads write it.
    pub thread: Option<u32>,
    /// What is in it.
    pub text: String,
}

/// Lines that a string with line ends may go over; more are not read as one.
const MOST_LINES: usize = 256;

/// Reads the files of one run, into the order of the calls' beginnings as far as it can be known (see `order`).
pub fn read_qemu(logs: &[Log], arch: ArchKind) -> Vec<Event> {
    let mut files: Vec<(Option<u32>, Vec<Event>)> =
        logs.iter().map(|l| (l.thread, Reader::read(&l.text, l.thread.is_none(), arch))).collect();
    if files.iter().any(|(thread, _)| thread.is_none()) {
        return files.into_iter().flat_map(|(_, events)| events).collect();
    }
    let root = root(&files);
    for (thread, events) in &mut files {
        let own = thread.unwrap_or(root);
        events.iter_mut().filter(|e| e.thread == root || e.thread == 0).for_each(|e| e.thread = own);
    }
    order::merged(files.into_iter().map(|(t, e)| (t.unwrap_or(root), e)).collect(), root)
}

/// The thread that the program began with: nobody's clone returned it.
fn root(files: &[(Option<u32>, Vec<Event>)]) -> u32 {
    let made: HashSet<u32> = files.iter().flat_map(|(_, e)| e).filter_map(order::made_thread).collect();
    let own = |(thread, events): &&(Option<u32>, Vec<Event>)| {
        thread.is_some_and(|t| events.iter().find(|e| e.thread != 0).is_some_and(|e| e.thread == t))
    };
    let names = || files.iter().filter(own).filter_map(|(t, _)| *t);
    let first = names().filter(|t| !made.contains(t)).min().or_else(|| names().min());
    first.or_else(|| files.iter().filter_map(|(t, _)| *t).min()).unwrap_or_default()
}

/// Reads one file.
struct Reader {
    arch: ArchKind,
    events: Vec<Event>,
    /// Calls whose result was not written yet.
    pending: Vec<usize>,
    /// A call whose text ends inside of a string, and the lines that it has.
    open: Option<(usize, usize)>,
    /// A call in whose arguments another process began to write.
    cut: Option<(usize, usize)>,
    /// The last call that made a process, and whether the child's 0 for it is still to come.
    fork: Option<usize>,
    zero_due: bool,
    shared: bool,
}

impl Reader {
    fn read(text: &str, shared: bool, arch: ArchKind) -> Vec<Event> {
        let (events, pending) = (Vec::new(), Vec::new());
        let mut reader =
            Reader { arch, events, pending, open: None, cut: None, fork: None, zero_due: false, shared };
        for line in text.split('\n') {
            for part in parts(line) {
                reader.part(&part);
            }
        }
        reader.events
    }

    fn part(&mut self, part: &str) {
        if let Some((number, rest)) = record(part) {
            if let Some(open) = self.open.take().filter(|(at, _)| !self.events[*at].raw.contains('"')) {
                self.cut = Some(open);
            }
            self.record(number, rest);
        } else if let Some(inner) = part.strip_prefix("--- ").and_then(|p| p.trim_end().strip_suffix(" ---"))
        {
            let thread = self.events.last().map_or(0, |e| e.thread);
            self.events.push(Event { thread, what: strace::signal(inner), raw: part.to_owned() });
        } else if let Some((at, lines)) = self.open {
            self.goes_on(at, lines, part);
        } else if let Some((outcome, note)) = part.starts_with(" =").then(|| text::result(part)).flatten() {
            self.result(outcome, note, part);
        } else if let Some((at, lines)) = self.cut.take().filter(|_| !part.trim().is_empty()) {
            self.goes_on(at, lines, part);
        } else if !part.trim().is_empty() {
            let thread = self.events.last().map_or(0, |e| e.thread);
            self.events.push(Event { thread, what: What::Other, raw: part.to_owned() });
        }
    }

    fn record(&mut self, number: u32, rest: &str) {
        let at = self.events.len();
        let child = self.fork.and_then(|f| self.events[f].call()).and_then(Call::returned);
        if child.is_some_and(|c| c.parse() == Ok(number)) {
            self.zero_due = false;
        }
        let what = match rest.strip_prefix("Unknown syscall ") {
            Some(n) => What::Call(Call {
                name: calls::by_number(n.trim(), self.arch),
                args: Vec::new(),
                outcome: Outcome::Missing,
                note: String::new(),
                paired: false,
            }),
            None => text::call(rest, Writer::Qemu).map_or(What::Other, What::Call),
        };
        self.events.push(Event { thread: number, what, raw: rest.to_owned() });
        if text::name_length(rest).is_some() {
            self.written(at, 1);
        }
    }

    /// Looks at a call that was just written or gone on with.
    fn written(&mut self, at: usize, lines: usize) {
        let raw = &self.events[at].raw;
        let inside = text::name_length(raw).and_then(|n| raw.get(n + 1..)).unwrap_or_default();
        let closed = text::arguments(inside, Writer::Qemu);
        if closed.is_none() && !inside.contains(") = ") {
            self.open = Some((at, lines));
            return;
        }
        self.open = None;
        let rest = closed.and_then(|(_, used)| inside.get(used..)).unwrap_or(" = ");
        if !rest.trim_start().starts_with('=') {
            self.pending.push(at);
        } else if self.events[at].call().is_some_and(|c| c.name == "execve" && c.error().is_none()) {
            self.not_of_execve(at);
        }
        if let Some(call) = self.events[at].call().filter(|c| makes_process(c)) {
            self.zero_due = call.returned().is_some_and(|r| r != "0");
            self.fork = Some(at);
        }
    }

    fn goes_on(&mut self, at: usize, lines: usize, part: &str) {
        let event = &mut self.events[at];
        event.raw.push('\n');
        event.raw.push_str(part);
        if let Some(call) = text::call(&event.raw, Writer::Qemu) {
            event.what = What::Call(call);
        }
        match lines < MOST_LINES {
            true => self.written(at, lines + 1),
            false => self.open = None,
        }
    }

    fn result(&mut self, outcome: Outcome, note: String, part: &str) {
        if self.of_fork(&outcome) {
            return;
        }
        let alone = self.pending.len() == 1 && !self.shared;
        let Some(at) = self.pending.pop() else { return };
        let event = &mut self.events[at];
        event.raw.push_str(part);
        if let What::Call(call) = &mut event.what {
            (call.outcome, call.note, call.paired) = (outcome, note, !alone);
        }
    }

    /// A process that became another program writes no result: what stands there is another open call's.
    fn not_of_execve(&mut self, at: usize) {
        let What::Call(call) = &mut self.events[at].what else { return };
        let outcome = std::mem::replace(&mut call.outcome, Outcome::Missing);
        if self.of_fork(&outcome) {
            return;
        }
        let Some(other) = self.pending.pop() else { return };
        if let What::Call(call) = &mut self.events[other].what {
            (call.outcome, call.paired) = (outcome, true);
        }
    }

    /// Takes a result if it is one of the two that the last fork has: 0 in the child, its number in the parent.
    fn of_fork(&mut self, outcome: &Outcome) -> bool {
        let (Some(at), Outcome::Returned(text)) = (self.fork, outcome) else { return false };
        let number: u32 = text.parse().unwrap_or_default();
        let child = number > 0 && self.is_child(number);
        let What::Call(call) = &mut self.events[at].what else { return false };
        if self.zero_due && text == "0" {
            self.zero_due = false;
            return true;
        }
        if !child || !(call.outcome == Outcome::Missing || call.returned() == Some("0")) {
            return false;
        }
        self.zero_due = call.outcome == Outcome::Missing;
        call.outcome = outcome.clone();
        self.pending.retain(|p| *p != at);
        true
    }

    /// Whether a number can be the last fork's child: nothing else waits for a result, or it has written something.
    fn is_child(&self, number: u32) -> bool {
        number > 0
            && (self.pending.is_empty() || self.events.iter().rev().take(64).any(|e| e.thread == number))
    }
}

fn makes_process(call: &Call) -> bool {
    match call.name.as_str() {
        "fork" | "vfork" => true,
        "clone" | "clone3" => !call.args.iter().any(|a| a.contains("CLONE_THREAD")),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared(text: &str) -> Vec<Event> {
        read_qemu(&[Log { thread: None, text: text.to_owned() }], ArchKind::Arm64)
    }

    fn own(thread: u32, text: &str) -> Log {
        Log { thread: Some(thread), text: text.to_owned() }
    }

    /// Name and outcome of each call.
    fn outcomes(events: &[Event]) -> Vec<(u32, &str, Outcome)> {
        events
            .iter()
            .filter_map(|e| e.call().map(|c| (e.thread, c.name.as_str(), c.outcome.clone())))
            .collect()
    }

    #[test]
    fn words_of_several_threads_on_a_line() {
        let events = shared(
            "7 futex(0x10,FUTEX_WAIT,0,NULL,NULL,0)7 nanosleep(1,2)--- SIGURG {si_signo=SIGURG} ---\n = 0\n7 getpid() = 7\n = 1\n",
        );
        let returned = |s: &str| Outcome::Returned(s.to_owned());
        assert_eq!(
            outcomes(&events),
            [(7, "futex", returned("1")), (7, "nanosleep", returned("0")), (7, "getpid", returned("7"))]
        );
        assert!(events[0].call().unwrap().paired && !events[3].call().unwrap().paired);
        assert!(matches!(&events[2].what, What::Signal { name, .. } if name == "SIGURG"));
    }

    #[test]
    fn strings_with_line_ends() {
        let events = shared(
            "7 openat(AT_FDCWD,\"/a\"b\nc) = 3\",O_RDONLY) = -1 errno=2 (No such file or directory)\n7 close(3) = 0\n",
        );
        let call = events[0].call().unwrap();
        assert_eq!(call.args[1], "\"/a\"b\nc) = 3\"");
        assert_eq!(call.error(), Some("ENOENT"));
        assert_eq!(events.len(), 2);
    }

    #[test]
    fn a_forked_child_in_its_parents_file() {
        // As 7.2 writes it: the child's 0 first, then the parent's result.
        let text = "7 clone(CLONE_VM|CLONE_VFORK,child_stack=0x0) = 0\n9 dup3(7,0,0) = 0\n9 execve(\"/bin/true\",{\"/bin/true\",NULL}) = 9\n = 0\n7 close(4) = 0\n";
        let events = read_qemu(&[own(7, text)], ArchKind::Riscv64);
        let clone = events[0].call().unwrap();
        assert_eq!(clone.name, "clone");
        assert_eq!(events[1].thread, 9);
        let apart =
            "7 clone(CLONE_VM|CLONE_VFORK,child_stack=0x0) = 0\n9 dup3(7,0,0) = 0\n = 9\n7 close(4) = 0\n";
        let events = read_qemu(&[own(7, apart)], ArchKind::Riscv64);
        assert_eq!(events[0].call().unwrap().returned(), Some("9"));
        assert_eq!(events.len(), 3);
    }

    #[test]
    fn threads_of_both_versions() {
        let clone = "7 clone(CLONE_VM|CLONE_THREAD,child_stack=0x1) = 8\n7 close(3) = 0\n";
        for number in [7, 8] {
            let thread = format!("{number} gettid() = 8\n{number} Unknown syscall 258\n");
            let events = read_qemu(&[own(8, &thread), own(7, clone)], ArchKind::Riscv64);
            let threads: Vec<(u32, &str)> =
                events.iter().map(|e| (e.thread, e.call().unwrap().name.as_str())).collect();
            assert!(
                threads.contains(&(8, "gettid")) && threads.contains(&(8, "riscv_hwprobe")),
                "{threads:?}"
            );
            assert_eq!(threads[0], (7, "clone"));
        }
    }
}
