//! Lines for logs: one for each finished step, in the order in which they finish.

use super::{is_for_everyone, state_word};
use crate::duration::show;
use crate::output::{Terminal, harmless, talk};
use crate::render::diagnostics;
use goferry_report::{Event, Sink};

pub(super) struct Plain {
    terminal: Terminal,
    verbose: bool,
}

impl Plain {
    pub(super) fn new(terminal: Terminal, verbose: bool) -> Self {
        Plain { terminal, verbose }
    }
}

impl Sink for Plain {
    fn event(&self, event: &Event) {
        if let Some(text) = line(event, &self.terminal, self.verbose) {
            talk(&text);
        }
    }
}

/// The text for an event, if it is worth one.
pub(super) fn line(event: &Event, terminal: &Terminal, verbose: bool) -> Option<String> {
    Some(match event {
        Event::RunStarted { command, project, version } => {
            format!("{command} {} {}\n", harmless(project), harmless(version))
        }
        Event::PlanReady { steps, targets } => {
            let s = |n: usize| if n == 1 { "" } else { "s" };
            format!("{steps} step{} for {targets} target{}\n", s(*steps), s(*targets))
        }
        Event::StepFinished { step, stage, target, state, millis, detail } => {
            let what = target.as_deref().unwrap_or(if *stage == "hook" { step } else { "" });
            let line = format!(
                "{:<22} {stage:<9} {:<7} {:>8}  {}",
                harmless(what),
                state_word(*state),
                show(*millis),
                harmless(detail)
            );
            line.trim_end().to_owned() + "\n"
        }
        Event::Output { step, line } => format!("{} | {}\n", harmless(step), harmless(line)),
        Event::Diagnostic { diagnostic } => diagnostics::draw(diagnostic, terminal),
        Event::Note { text } if verbose || is_for_everyone(text) => format!("note: {}\n", harmless(text)),
        Event::StepStarted { .. } | Event::Note { .. } | Event::Metric { .. } | Event::RunFinished { .. } => {
            return None;
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use goferry_report::StepState;

    #[test]
    fn one_line_for_a_finished_step() {
        let terminal = Terminal { live: false, colours: false, width: 80, height: 24 };
        let event = Event::StepFinished {
            step: "verify/x/linux_arm64_v8.0".to_owned(),
            stage: "verify",
            target: Some("linux/arm64".to_owned()),
            state: StepState::Done,
            millis: 120,
            detail: "ran by qemu 7.2.22".to_owned(),
        };
        assert_eq!(
            line(&event, &terminal, false).unwrap(),
            "linux/arm64            verify    done       0.1 s  ran by qemu 7.2.22\n"
        );
        let note = Event::Note { text: "linux/arm64: C compiler gcc".to_owned() };
        assert_eq!(line(&note, &terminal, false), None);
        assert_eq!(line(&note, &terminal, true).unwrap(), "note: linux/arm64: C compiler gcc\n");
    }
}
