//! Diagnostics and events: what goferry has to say, as data. Nothing here prints.
//!
//! Owns: [`Diagnostic`] with its stable [`Code`], [`Event`] and the [`Sink`] trait every stage emits into.
//! Must not: print, know a terminal, know a stage.

mod code;
mod diagnostic;
mod event;

pub use code::{Code, ExitClass};
pub use diagnostic::{Diagnostic, Diagnostics, Hint, Label, Severity, nearest};
pub use event::{Collect, Event, Sink, StepState};
