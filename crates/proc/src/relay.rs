//! Waiting for a child, passing signals on to it, reaping what is orphaned.

use crate::Status;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use std::collections::BTreeSet;
use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// How often a limit is looked at.
const TICK: Duration = Duration::from_millis(100);

/// `si_code` of a signal that the kernel made, such as that of a terminal's keys: every process of the foreground
/// group has it already (sigaction(2)).
const SI_KERNEL: i32 = 0x80;

/// What is passed on. Those that stop (SIGTSTP and its kin) stop this process like the program, or the shell would
/// not notice.
const PASSED: [Signal; 10] = [
    Signal::SIGTERM,
    Signal::SIGINT,
    Signal::SIGHUP,
    Signal::SIGQUIT,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGALRM,
    Signal::SIGWINCH,
    Signal::SIGABRT,
    Signal::SIGURG,
];

/// The status of a child that was waited for already.
const LOST: i32 = 125;

/// The blocked signals and where they are read.
pub(crate) struct Relay {
    set: SigSet,
    source: SignalFd,
    passes: Passes,
}

/// Which signals are passed on.
pub(crate) enum Passes {
    /// All that come.
    All,
    /// Those of the process that passes them on to this one: what comes to the whole group is not this one's business.
    From(u32),
    /// Those that came to this process alone: the program is in its group.
    NotTheGroups(crate::guest::Group),
}

/// What to do about a program that still runs.
pub(crate) enum Verdict {
    GoOn,
    /// It was killed; its end is near.
    Killed,
}

impl Relay {
    /// Blocks the signals from now on.
    pub(crate) fn new() -> io::Result<Relay> {
        let set = signals();
        set.thread_block()?;
        let source = SignalFd::with_flags(&set, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
        Ok(Relay { source, set, passes: Passes::All })
    }

    /// Passes on only these from now on.
    pub(crate) fn passing(self, passes: Passes) -> Relay {
        Relay { passes, ..self }
    }

    /// Processes of this relay's own among this process's children.
    pub(crate) fn companions(&self) -> u64 {
        u64::from(matches!(self.passes, Passes::NotTheGroups(_)))
    }

    /// Forgets what came to the group until now: the program was not there, and is to get what this process got.
    pub(crate) fn program_starts(&mut self) {
        if let Passes::NotTheGroups(group) = &mut self.passes {
            group.signals();
        }
    }

    /// Passes on what has come.
    fn pass_on(&mut self, child: Pid) {
        let (mut came, mut groups) = (vec![], BTreeSet::new());
        loop {
            let before = came.len();
            while let Ok(Some(info)) = self.source.read_signal() {
                let signal = i32::try_from(info.ssi_signo).ok().and_then(|n| Signal::try_from(n).ok());
                came.extend(signal.filter(|s| *s != Signal::SIGCHLD).map(|s| (s, info)));
            }
            if came.len() == before {
                break;
            }
            // What came to the group between the look above and this answer is in the answer too, and then comes here: so
            // it is looked again, until nothing new came.
            if let Passes::NotTheGroups(group) = &mut self.passes {
                groups.extend(group.signals());
            }
        }
        for (signal, info) in came {
            let from_other = matches!(self.passes, Passes::From(pid) if pid != info.ssi_pid);
            if info.ssi_code != SI_KERNEL && !from_other && !groups.contains(&(signal as i32)) {
                // It may have ended meanwhile.
                let _ = kill(child, signal);
            }
        }
    }

    /// Lifts what was blocked before this program was executed.
    pub(crate) fn unblock() -> io::Result<()> {
        Ok(signals().thread_unblock()?)
    }

    /// Starts a helper, which has signals blocked until it has a relay of its own: none is lost.
    pub(crate) fn spawn_helper(&self, command: &mut std::process::Command) -> io::Result<Pid> {
        pid_of(command.spawn()?.id())
    }

    /// Starts the program itself, which must have nothing blocked, so the mask is lifted for that moment: a signal then is
    /// lost to pid 1 and can end others. A child that ends at once is found before the first wait.
    pub(crate) fn spawn_program(&self, command: &mut std::process::Command) -> io::Result<Pid> {
        self.set.thread_unblock()?;
        let spawned = crate::host::spawn_retrying(command);
        self.set.thread_block()?;
        pid_of(spawned?.id())
    }

    /// Waits for the child's end. `look` is asked at every tick, if there is one.
    pub(crate) fn follow(
        &mut self,
        child: Pid,
        look: Option<&mut dyn FnMut() -> Verdict>,
    ) -> io::Result<Status> {
        let mut look = look;
        loop {
            if let Some(status) = reap(child) {
                return Ok(status);
            }
            let timeout = if look.is_some() {
                PollTimeout::try_from(TICK).unwrap_or(PollTimeout::NONE)
            } else {
                PollTimeout::NONE
            };
            match poll(&mut [PollFd::new(self.source.as_fd(), PollFlags::POLLIN)], timeout) {
                Ok(_) | Err(nix::errno::Errno::EINTR) => {}
                Err(e) => return Err(e.into()),
            }
            self.pass_on(child);
            if let Some(f) = look.as_mut()
                && matches!(f(), Verdict::Killed)
            {
                look = None;
            }
        }
    }
}

/// What is blocked: what is passed on, and the ends of children.
pub(crate) fn signals() -> SigSet {
    PASSED.into_iter().chain([Signal::SIGCHLD]).collect()
}

fn pid_of(id: u32) -> io::Result<Pid> {
    i32::try_from(id).map(Pid::from_raw).map_err(io::Error::other)
}

/// Reaps everything that has ended; the child's status if it is among them.
fn reap(child: Pid) -> Option<Status> {
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(pid, code)) if pid == child => return Some(Status::Exited(code)),
            Ok(WaitStatus::Signaled(pid, signal, _)) if pid == child => {
                return Some(Status::Signaled(signal as i32));
            }
            Ok(WaitStatus::StillAlive) => return None,
            // Nobody is left, so it was reaped already: it cannot be waited for.
            Err(nix::errno::Errno::ECHILD) => return Some(Status::Exited(LOST)),
            Err(_) => return None,
            Ok(_) => {}
        }
    }
}

/// When a limit of time is reached.
pub(crate) fn deadline(wall: Option<Duration>) -> Option<Instant> {
    wall.and_then(|w| Instant::now().checked_add(w))
}
