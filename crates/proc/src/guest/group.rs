//! Whether a signal came to this process alone or to its whole process group.
//!
//! Owns: a small process in the caller's group, which is asked. Must not: pass anything on.
//!
//! The kernel does not say whom a sender meant (sigaction(2): the sender and nothing else). A program in the same
//! group has a signal to the group already, and must not get it once more; one that was meant for goferry alone it
//! must get. A second process of the group, to which nobody writes, has the former and not the latter. It has it
//! before this process has: the kernel goes through a group from its newest member on.

use crate::relay::signals;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

/// The first argument of the process that is asked.
pub(super) const ROLE: &str = "__guest-group";

/// How long an answer may take, in milliseconds, before a signal is passed on without it.
const PATIENCE: u16 = 1000;

/// The numbers of the signals since the last question, one a byte, and a zero.
const END: u8 = 0;

/// A process in the caller's group. It ends with this value, or with this process.
pub(crate) struct Group {
    questions: ChildStdin,
    answers: ChildStdout,
}

impl Group {
    /// Starts it. The signals must be blocked here, so that they are from its beginning. None where it cannot be.
    pub(super) fn start(program: &std::path::Path) -> Option<Group> {
        let mut command = Command::new(program);
        command.arg(ROLE).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        // Its end is read from its pipe, and its status wanted by nobody.
        let mut child = command.spawn().ok()?;
        Some(Group { questions: child.stdin.take()?, answers: child.stdout.take()? })
    }

    /// The signals that came to the whole group since the last question; none if it does not answer.
    pub(crate) fn signals(&mut self) -> BTreeSet<i32> {
        let mut out = BTreeSet::new();
        if self.questions.write_all(b"?").is_err() {
            return out;
        }
        let mut byte = [END];
        loop {
            let ready = poll(
                &mut [PollFd::new(self.answers.as_fd(), PollFlags::POLLIN)],
                PollTimeout::from(PATIENCE),
            );
            let came = matches!(ready, Ok(1..)) && matches!(self.answers.read(&mut byte), Ok(1));
            if !came || byte[0] == END {
                return out;
            }
            out.insert(i32::from(byte[0]));
        }
    }
}

/// The process that is asked. Never returns.
pub(super) fn enter() -> ! {
    let everything = SigSet::all().thread_block();
    let source = SignalFd::with_flags(&signals(), SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK);
    if let (Ok(()), Ok(source)) = (everything, source) {
        // None of the program's group may find it by goferry's name.
        let _ = nix::sys::prctl::set_name(c"group");
        answer(&source);
    }
    std::process::exit(0)
}

fn answer(source: &SignalFd) {
    let (mut questions, mut answers) = (std::io::stdin().lock(), std::io::stdout().lock());
    while let Ok(1) = questions.read(&mut [0]) {
        let mut text = vec![];
        while let Ok(Some(info)) = source.read_signal() {
            text.extend(
                u8::try_from(info.ssi_signo).ok().filter(|n| i32::from(*n) != Signal::SIGCHLD as i32),
            );
        }
        text.push(END);
        if answers.write_all(&text).and_then(|()| answers.flush()).is_err() {
            return;
        }
    }
}
