//! The live view: a line for each target with its state and time, redrawn in place at the bottom of the terminal.
//!
//! Whatever else is said is printed above it. Our own, because it is a hundred lines and a progress crate is not.

use super::plain;
use crate::duration::show;
use crate::output::{Terminal, harmless, talk};
use goferry_report::{Event, Sink, StepState};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

const FRAME: Duration = Duration::from_millis(100);
/// Targets whose name is longer push their state to the right.
const NAME: usize = 22;

pub(super) struct Live {
    view: Arc<Mutex<View>>,
}

struct View {
    terminal: Terminal,
    verbose: bool,
    title: String,
    steps: usize,
    finished: usize,
    begun: Instant,
    rows: Vec<Row>,
    /// Lines that stand on the terminal now.
    drawn: usize,
    over: bool,
}

/// One target, or the steps over all targets.
struct Row {
    name: String,
    running: Vec<(String, &'static str, Instant)>,
    last: String,
    millis: u64,
    failed: bool,
}

impl Live {
    pub(super) fn new(terminal: Terminal, verbose: bool) -> Self {
        let view = Arc::new(Mutex::new(View {
            terminal,
            verbose,
            title: String::new(),
            steps: 0,
            finished: 0,
            begun: Instant::now(),
            rows: vec![],
            drawn: 0,
            over: false,
        }));
        let weak = Arc::downgrade(&view);
        // Without the thread the view is still drawn at each event.
        let _ = std::thread::Builder::new().name("live".into()).spawn(move || {
            while let Some(view) = weak.upgrade() {
                let mut view = lock(&view);
                if view.over {
                    return;
                }
                view.redraw("");
                drop(view);
                std::thread::sleep(FRAME);
            }
        });
        Live { view }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        lock(&self.view).end();
    }
}

impl Sink for Live {
    fn event(&self, event: &Event) {
        let mut view = lock(&self.view);
        match event {
            Event::RunStarted { project, version, .. } => {
                view.title = harmless(&format!("{project} {version}"))
            }
            Event::PlanReady { steps, .. } => view.steps = *steps,
            Event::StepStarted { step, stage, target } => {
                let row = view.row(target.as_deref());
                row.running.push((step.clone(), stage, Instant::now()));
            }
            Event::StepFinished { step, stage, target, state, millis, detail } => {
                if *stage != "hook" {
                    view.finished += 1;
                }
                view.row(target.as_deref()).finish(step, stage, *state, *millis, detail);
            }
            Event::RunFinished { .. } => view.end(),
            Event::Output { .. } | Event::Diagnostic { .. } | Event::Note { .. } => {
                if let Some(text) = plain::line(event, &view.terminal, view.verbose) {
                    view.redraw(&text);
                }
            }
            Event::Metric { .. } => {}
        }
    }
}

impl Row {
    fn finish(&mut self, step: &str, stage: &str, state: StepState, millis: u64, detail: &str) {
        self.running.retain(|(s, ..)| s != step);
        self.millis += millis;
        if state == StepState::Failed {
            self.failed = true;
            self.last = format!("{stage} failed");
        } else if !self.failed {
            let cached = if state == StepState::Cached { "cached " } else { "" };
            let detail = if detail.is_empty() { String::new() } else { format!(": {detail}") };
            self.last = harmless(&format!("{cached}{stage}{detail}"));
        }
    }

    fn line(&self, terminal: &Terminal) -> String {
        let (text, millis, colour) = match self.running.first() {
            Some((_, stage, since)) => {
                (doing(stage), u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX), "36")
            }
            None if self.failed => (self.last.as_str(), self.millis, "31"),
            None => (self.last.as_str(), self.millis, "32"),
        };
        // The time stands at the right so that it does not jump.
        let room = terminal.width.saturating_sub(NAME + 14).max(8);
        let text: String = text.chars().take(room).collect();
        let name = format!("{:<NAME$}", self.name);
        let time = format!("{:>9}", show(millis));
        match terminal.colours {
            true => format!("  \x1b[{colour}m{name}\x1b[0m {text:<room$} {time}"),
            false => format!("  {name} {text:<room$} {time}"),
        }
    }
}

fn doing(stage: &str) -> &str {
    match stage {
        "build" => "building",
        "verify" => "verifying",
        "archive" => "packing",
        "changelog" => "writing the changelog",
        "checksum" => "hashing",
        "metadata" => "writing the records",
        "hook" => "running a hook",
        other => other,
    }
}

impl View {
    fn row(&mut self, target: Option<&str>) -> &mut Row {
        let name = target.unwrap_or("release");
        let at = self.rows.iter().position(|r| r.name == name).unwrap_or_else(|| {
            self.rows.push(Row {
                name: name.to_owned(),
                running: vec![],
                last: String::new(),
                millis: 0,
                failed: false,
            });
            self.rows.len() - 1
        });
        &mut self.rows[at]
    }

    /// Replaces what is drawn, with `above` printed over it for good.
    fn redraw(&mut self, above: &str) {
        if self.over {
            talk(above);
            return;
        }
        let mut out = self.wiped();
        out += above;
        if !self.title.is_empty() {
            let lines = self.lines();
            self.drawn = lines.len();
            for l in lines {
                let _ = writeln!(out, "{l}");
            }
        }
        if !out.is_empty() {
            talk(&out);
        }
    }

    /// What removes the drawn lines.
    fn wiped(&mut self) -> String {
        match std::mem::take(&mut self.drawn) {
            0 => String::new(),
            n => format!("\x1b[{n}A\r\x1b[J"),
        }
    }

    /// The head line and as many targets as fit: those at work first.
    fn lines(&self) -> Vec<String> {
        let elapsed = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let head = format!("{}  {}/{} steps  {}", self.title, self.finished, self.steps, show(elapsed));
        let mut lines = vec![head.chars().take(self.terminal.width.saturating_sub(1)).collect()];
        let room = self.terminal.height.saturating_sub(3);
        let hidden = self.rows.len().saturating_sub(room);
        // What is finished makes place first.
        let mut to_hide = hidden;
        for r in &self.rows {
            if to_hide > 0 && r.running.is_empty() && !r.failed {
                to_hide -= 1;
                continue;
            }
            lines.push(r.line(&self.terminal));
        }
        lines.truncate(room + 1);
        lines
    }

    fn end(&mut self) {
        if !self.over {
            let text = self.wiped();
            self.over = true;
            if !text.is_empty() {
                talk(&text);
            }
        }
    }
}

fn lock(view: &Mutex<View>) -> MutexGuard<'_, View> {
    view.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(height: usize) -> View {
        View {
            terminal: Terminal { live: true, colours: false, width: 80, height },
            verbose: false,
            title: "age 1.2.1".to_owned(),
            steps: 8,
            finished: 0,
            begun: Instant::now(),
            rows: vec![],
            drawn: 0,
            over: false,
        }
    }

    #[test]
    fn the_view_never_outgrows_the_terminal() {
        let mut v = view(8);
        for i in 0..40 {
            let name = format!("linux/t{i}");
            v.row(Some(&name)).finish(
                "s",
                "build",
                StepState::Done,
                10,
                "a detail that is far too long ".repeat(9).as_str(),
            );
            if i % 3 == 0 {
                v.row(Some(&name)).running.push(("s".to_owned(), "verify", Instant::now()));
            }
        }
        let lines = v.lines();
        assert!(lines.len() < 8, "{lines:?}");
        assert!(lines.iter().all(|l| l.chars().count() < 80), "{lines:?}");
        assert!(lines[1].contains("verifying"), "{lines:?}");
    }

    #[test]
    fn a_failure_stays_visible() {
        let mut v = view(24);
        let row = v.row(Some("linux/arm64"));
        row.finish("b", "build", StepState::Failed, 10, "");
        row.finish("c", "verify", StepState::Done, 10, "");
        assert!(v.lines()[1].contains("build failed"));
    }
}
