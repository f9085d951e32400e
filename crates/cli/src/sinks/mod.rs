//! Receivers of the one event stream: lines, a live view, JSON. Must not: know stages beyond their names.

mod json;
mod live;
mod plain;

use crate::output::Terminal;
use goferry_report::{Diagnostic, Diagnostics, Event, Sink};
use std::sync::{Arc, Mutex, PoisonError};

/// How a run talks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Manner {
    /// Events as JSON lines.
    pub(crate) json: bool,
    /// Notes too.
    pub(crate) verbose: bool,
}

/// The sink of a run, and what has passed through it. A run that looks at a project twice says everything once.
pub(crate) struct Talker {
    inner: Box<dyn Sink>,
    said: Mutex<(Vec<Diagnostic>, Vec<String>)>,
}

impl Talker {
    /// The sink that fits the terminal and the wish.
    pub(crate) fn new(manner: Manner, terminal: Terminal) -> Arc<Talker> {
        let inner: Box<dyn Sink> = match (manner.json, terminal.live) {
            (true, _) => Box::new(json::Json),
            (false, true) => Box::new(live::Live::new(terminal, manner.verbose)),
            (false, false) => Box::new(plain::Plain::new(terminal, manner.verbose)),
        };
        Arc::new(Talker { inner, said: Mutex::default() })
    }

    /// Says those that were not said during the run.
    pub(crate) fn rest(&self, problems: &Diagnostics) {
        for d in &problems.list {
            self.diagnostic(d.clone());
        }
    }
}

impl Sink for Talker {
    fn event(&self, event: &Event) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Diagnostic { diagnostic } if said.0.contains(diagnostic) => return,
            Event::Diagnostic { diagnostic } => said.0.push(diagnostic.clone()),
            Event::Note { text } if said.1.contains(text) => return,
            Event::Note { text } => said.1.push(text.clone()),
            _ => {}
        }
        drop(said);
        self.inner.event(event);
    }
}

/// Whether a note is worth a line without `--verbose`: which clock is in force, that nothing will be kept, what is
/// fetched, which file of the cache was damaged, what of this machine gets into an image.
fn is_for_everyone(note: &str) -> bool {
    let beginnings = [
        "time is ",
        "no action cache",
        "no build is taken",
        "reproducible",
        "asking ",
        "fetching ",
        "unpacking ",
        "goferry.lock ",
    ];
    beginnings.iter().any(|b| note.starts_with(b))
        || note.contains("--auto-snapshot")
        || note.contains("is not what it was")
        || note.contains(": CA certificates of ")
}

/// The word for a finished step.
fn state_word(state: goferry_report::StepState) -> &'static str {
    use goferry_report::StepState;
    match state {
        StepState::Done => "done",
        StepState::Cached => "cached",
        StepState::Waived => "waived",
        StepState::Failed => "failed",
        StepState::Dropped => "dropped",
    }
}
