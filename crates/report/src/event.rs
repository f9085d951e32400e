//! The one stream that every stage emits into; progress bars, logs, JSON lines and later telemetry are its sinks.

use crate::Diagnostic;
use serde::Serialize;
use std::sync::Mutex;

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepState {
    /// It ran and succeeded.
    Done,
    /// Its result came from the action cache.
    Cached,
    /// It was not done, and the record says why.
    Waived,
    /// It failed.
    Failed,
    /// It never ran because a step before it failed or the run was interrupted.
    Dropped,
}

/// Something that happened. Times are milliseconds.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// A run began.
    RunStarted {
        /// `release`, `build`, …
        command: String,
        /// Project name.
        project: String,
        /// Version in release.
        version: String,
    },
    /// The graph is known.
    PlanReady {
        /// Number of steps.
        steps: usize,
        /// Number of targets.
        targets: usize,
    },
    /// A step began.
    StepStarted {
        /// Step id.
        step: String,
        /// `build`, `verify`, `archive`, …
        stage: &'static str,
        /// Target the step is for, in OCI spelling.
        target: Option<String>,
    },
    /// A step ended.
    StepFinished {
        /// Step id.
        step: String,
        /// `build`, `verify`, `archive`, …
        stage: &'static str,
        /// Target the step is for.
        target: Option<String>,
        /// How.
        state: StepState,
        /// Wall time.
        millis: u64,
        /// A few words for people: size, what ran.
        detail: String,
    },
    /// A line that a command of the user's (hook) wrote.
    Output {
        /// Step id.
        step: String,
        /// The line.
        line: String,
    },
    /// Something is wrong, or worth saying.
    Diagnostic {
        /// What.
        diagnostic: Diagnostic,
    },
    /// A line of talk: which clock, which compiler and why.
    Note {
        /// The line.
        text: String,
    },
    /// A measurement per target: `build_duration_seconds`, `binary_size_bytes`, `dependency_count`.
    Metric {
        /// Name.
        name: &'static str,
        /// Target.
        target: String,
        /// Value in the name's unit.
        value: f64,
    },
    /// The run ended.
    RunFinished {
        /// Whether it succeeded.
        ok: bool,
        /// Wall time.
        millis: u64,
    },
}

/// Receives events, from any thread.
pub trait Sink: Send + Sync {
    /// Takes one event.
    fn event(&self, event: &Event);

    /// Shorthand for a diagnostic.
    fn diagnostic(&self, diagnostic: Diagnostic) {
        self.event(&Event::Diagnostic { diagnostic });
    }

    /// Shorthand for a line of talk.
    fn note(&self, text: String) {
        self.event(&Event::Note { text });
    }
}

/// A sink that keeps everything; for tests and for commands that print at their end.
#[derive(Debug, Default)]
pub struct Collect {
    events: Mutex<Vec<Event>>,
}

impl Collect {
    /// What was received so far.
    pub fn take(&self) -> Vec<Event> {
        std::mem::take(&mut *self.events.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

impl Sink for Collect {
    fn event(&self, event: &Event) {
        self.events.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(event.clone());
    }
}
