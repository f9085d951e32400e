//! Ctrl-C and the limit of time: both throw the one switch that ends every command.

use goferry_proc::Cancel;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often the clock is looked at.
const TICK: Duration = Duration::from_millis(50);

/// Watches over a run.
pub(crate) struct Watch {
    timed_out: Arc<AtomicBool>,
}

impl Watch {
    /// Makes signals and, if there is one, the limit throw `cancel`; after that a second Ctrl-C ends goferry at once.
    pub(crate) fn start(cancel: &Arc<Cancel>, limit: Option<Duration>) -> Watch {
        // Without handlers a signal still ends goferry, only less neatly.
        let _ = goferry_proc::install_interrupt(Arc::clone(cancel));
        let timed_out = Arc::new(AtomicBool::new(false));
        let (cancel, flag) = (Arc::clone(cancel), Arc::clone(&timed_out));
        let end = limit.and_then(|l| Instant::now().checked_add(l));
        let _ = std::thread::Builder::new().name("watch".into()).spawn(move || {
            while !cancel.is_cancelled() {
                if end.is_some_and(|e| Instant::now() >= e) {
                    flag.store(true, Ordering::SeqCst);
                    cancel.cancel();
                    break;
                }
                std::thread::sleep(TICK);
            }
            second_interrupt();
        });
        Watch { timed_out }
    }

    /// Whether the limit of time ended the run.
    pub(crate) fn timed_out(&self) -> bool {
        self.timed_out.load(Ordering::SeqCst)
    }
}

/// Waits for another signal and leaves. The engine's own handler kills the children first.
#[cfg(unix)]
fn second_interrupt() {
    use signal_hook::consts::{SIGINT, SIGTERM};
    if let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGINT, SIGTERM])
        && signals.forever().next().is_some()
    {
        std::thread::sleep(TICK);
        std::process::exit(130);
    }
}

#[cfg(not(unix))]
fn second_interrupt() {}
