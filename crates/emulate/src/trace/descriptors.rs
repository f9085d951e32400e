//! Which descriptors of a process are open, as far as its calls say.

use super::calls::{self, Kind};
use super::events::{Call, Event};
use std::collections::BTreeSet;

/// The open descriptors of a process.
#[derive(Clone, Debug, Default)]
pub(super) struct Descriptors {
    open: BTreeSet<u32>,
    /// All that calls of the trace name. What else is open (an emulator's own files) is unknown.
    named: BTreeSet<u32>,
}

impl Descriptors {
    /// None open but the standard ones; `events` name those that there will be.
    pub(super) fn used<'a>(events: impl Iterator<Item = &'a Event>) -> Self {
        let mut named = BTreeSet::new();
        for event in events {
            named.extend(used(event).chain(opened(event)).filter_map(|d| d.parse::<u32>().ok()));
        }
        Descriptors { open: BTreeSet::from([0, 1, 2]), named }
    }

    /// Whether one is open.
    pub(super) fn has(&self, descriptor: &str) -> bool {
        descriptor.parse().is_ok_and(|d| self.open.contains(&d))
    }

    /// Takes an event. Gives both ends of the pipe that it made.
    pub(super) fn pass(&mut self, event: &Event) -> Option<[String; 2]> {
        if let Some(d) = opened(event).and_then(|d| d.parse().ok()) {
            self.open.insert(d);
        }
        if let Some(d) = closed(event).and_then(|d| d.parse().ok()) {
            self.open.remove(&d);
        }
        let call = event.call().filter(|c| makes_pipe(c))?;
        let ends = ends(call).or_else(|| self.lowest())?;
        self.open.extend(ends);
        Some(ends.map(|d| d.to_string()))
    }

    /// The two that the kernel gives next: always the lowest that are free.
    fn lowest(&self) -> Option<[u32; 2]> {
        let mut free = self.named.difference(&self.open);
        Some([*free.next()?, *free.next()?])
    }
}

fn makes_pipe(call: &Call) -> bool {
    calls::canonical(&call.name).name == "pipe2" && call.returned().is_some()
}

/// `[7, 8]`: strace shows them.
fn ends(call: &Call) -> Option<[u32; 2]> {
    let list = call.args.first()?.strip_prefix('[')?.strip_suffix(']')?;
    let (read, write) = list.split_once(',')?;
    Some([read.trim().parse().ok()?, write.trim().parse().ok()?])
}

/// The descriptor that a call gave.
pub(super) fn opened(event: &Event) -> Option<&str> {
    let call = event.call()?;
    let gives = calls::canonical(&call.name).returns == Kind::Descriptor;
    call.returned().filter(|_| gives)
}

/// The descriptors that a call acts upon, if they can have been open.
pub(super) fn used(event: &Event) -> impl Iterator<Item = &str> {
    let call = event.call().filter(|c| c.error() != Some("EBADF"));
    call.into_iter()
        .flat_map(|c| calls::canonical(&c.name).kinds(&c.args))
        .filter(|(k, _)| matches!(k, Kind::Descriptor | Kind::Poller))
        .map(|(_, d)| d)
}

/// The descriptor that a call closed.
pub(super) fn closed(event: &Event) -> Option<&str> {
    let call = event.call().filter(|c| c.name == "close" && c.error().is_none())?;
    call.args.first().map(String::as_str)
}
