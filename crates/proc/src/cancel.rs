//! Ending everything that runs: one switch, and the signals that throw it.
//!
//! Owns: the list of running children, so that no signal is ever sent to a process id after its process was reaped.
//! Must not: exit the program; whoever waits for commands gets `SpawnError::Cancelled` and winds up.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long children may take after SIGTERM before SIGKILL comes.
const GRACE: Duration = Duration::from_secs(2);

/// A switch that ends every command of the hosts that hold it. Once thrown it stays thrown.
#[derive(Debug, Default)]
pub struct Cancel {
    thrown: AtomicBool,
    next: AtomicU64,
    /// Ctrl-C is meant for a child.
    keyboard_yielded: AtomicBool,
    running: Mutex<BTreeMap<u64, Child>>,
}

#[cfg_attr(not(unix), expect(dead_code, reason = "read where there are signals"))]
#[derive(Clone, Copy, Debug)]
struct Child {
    pid: u32,
    /// Whether it leads a process group of its own.
    group: bool,
}

/// How hard to end a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Force {
    Interrupt,
    Term,
    Kill,
}

impl Cancel {
    /// A switch that is not thrown.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Whether it was thrown.
    pub fn is_cancelled(&self) -> bool {
        self.thrown.load(Ordering::SeqCst)
    }

    /// Sends SIGINT to every running command, which may do with it what it likes.
    pub fn interrupt(&self) {
        self.signal_all(Force::Interrupt);
    }

    /// Whether Ctrl-C is left to a child in the caller's process group, such as a debugger, which gets it from the
    /// terminal as well and knows better what it means.
    pub fn yield_keyboard(&self, yes: bool) {
        self.keyboard_yielded.store(yes, Ordering::SeqCst);
    }

    /// Throws the switch: SIGTERM to every running group now, SIGKILL to those still there after two seconds; a second
    /// call kills at once. Returns without waiting; `run` returns `Cancelled` when its command is gone.
    pub fn cancel(self: &Arc<Self>) {
        if self.thrown.swap(true, Ordering::SeqCst) {
            self.signal_all(Force::Kill);
            return;
        }
        self.signal_all(Force::Term);
        let later = Arc::clone(self);
        let started = std::thread::Builder::new().name("cancel".into()).spawn(move || {
            std::thread::sleep(GRACE);
            later.signal_all(Force::Kill);
        });
        if started.is_err() {
            self.signal_all(Force::Kill);
        }
    }

    /// Enters a running child. A child that comes after the switch was thrown is ended at once.
    pub(crate) fn enter(&self, pid: u32, group: bool) -> u64 {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let child = Child { pid, group };
        self.lock().insert(id, child);
        if self.is_cancelled() {
            self.signal(id, Force::Kill);
        }
        id
    }

    /// Strikes a child off, before it is reaped.
    pub(crate) fn leave(&self, id: u64) {
        self.lock().remove(&id);
    }

    /// Signals a child, if it still runs.
    pub(crate) fn signal(&self, id: u64, force: Force) {
        if let Some(child) = self.lock().get(&id) {
            send(*child, force);
        }
    }

    fn signal_all(&self, force: Force) {
        // Under the lock: nobody is reaped meanwhile, so every id still means the process it meant.
        for child in self.lock().values() {
            send(*child, force);
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Child>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(unix)]
fn send(child: Child, force: Force) {
    use nix::sys::signal::{Signal, kill, killpg};
    let signal = match force {
        Force::Interrupt => Signal::SIGINT,
        Force::Term => Signal::SIGTERM,
        Force::Kill => Signal::SIGKILL,
    };
    let Ok(pid) = i32::try_from(child.pid) else { return };
    let pid = nix::unistd::Pid::from_raw(pid);
    // ESRCH only means that it was quicker.
    let _ = if child.group { killpg(pid, signal) } else { kill(pid, signal) };
}

#[cfg(not(unix))]
fn send(_child: Child, _force: Force) {
    // Without signals the host's waiting loop looks at the switch and ends the child itself.
}

/// Makes SIGINT, SIGTERM and SIGHUP throw the switch instead of ending the program; those that the caller ignores
/// (nohup) stay ignored. By handlers and not by a mask, because children would inherit the mask.
///
/// # Errors
/// If the handlers cannot be set or their thread cannot be started.
#[cfg(unix)]
pub fn install_interrupt(cancel: Arc<Cancel>) -> std::io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    install(cancel, &[SIGINT, SIGTERM, SIGHUP])
}

/// The same for every signal that would end a program which does not handle it, for one that must clean up before.
///
/// # Errors
/// As [`install_interrupt`].
#[cfg(unix)]
pub fn install_every_end(cancel: Arc<Cancel>) -> std::io::Result<()> {
    use signal_hook::consts::{SIGABRT, SIGALRM, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
    install(cancel, &[SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGABRT])
}

/// As [`install_interrupt`].
///
/// # Errors
/// Never.
#[cfg(not(unix))]
pub fn install_every_end(_cancel: Arc<Cancel>) -> std::io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn install(cancel: Arc<Cancel>, signals: &[i32]) -> std::io::Result<()> {
    use signal_hook::consts::SIGINT;
    let ignored = ignored_signals();
    let wanted = signals.iter().filter(|s| ignored & (1 << (**s - 1)) == 0);
    let mut signals = signal_hook::iterator::Signals::new(wanted)?;
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        let childs = |signal: i32| signal == SIGINT && cancel.keyboard_yielded.load(Ordering::SeqCst);
        signals.forever().filter(|s| !childs(*s)).for_each(|_| cancel.cancel());
    })?;
    Ok(())
}

/// Windows and others: the console's own handling stays.
///
/// # Errors
/// Never.
#[cfg(not(unix))]
pub fn install_interrupt(_cancel: Arc<Cancel>) -> std::io::Result<()> {
    Ok(())
}

/// The set of ignored signals, bit n-1 for signal n (proc(5), SigIgn); empty where /proc does not tell.
#[cfg(unix)]
fn ignored_signals() -> u64 {
    std::fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|s| {
            let hex = s.lines().find_map(|l| l.strip_prefix("SigIgn:"))?.trim().to_owned();
            u64::from_str_radix(&hex, 16).ok()
        })
        .unwrap_or(0)
}
