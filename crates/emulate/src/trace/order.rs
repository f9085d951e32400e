//! The order of calls that several threads wrote into files of their own.
//!
//! No line has a time. But an emulated Go program reads the clock by system calls, whose answers are in the trace: they
//! date what stands between them. Beside that there are causes: a thread begins after the call that made it; one that
//! waited on a futex goes on after another woke it; a descriptor is used after it was opened, and given again after it
//! was closed. What is left undecided follows the threads' numbers.

use super::calls;
use super::descriptors::{Descriptors, closed, opened, used};
use super::events::{Call, Event};
use std::collections::{HashMap, HashSet};

/// One thread's events with their times.
struct Lane {
    thread: u32,
    events: std::vec::IntoIter<Dated>,
    head: Option<Dated>,
    now: u64,
    /// Whether the call that makes it was met, or there is none.
    began: bool,
    /// The futex that it waits on.
    asleep: Option<u64>,
    /// What it will do with each descriptor.
    ahead: HashMap<String, Ahead>,
}

/// An event with the readings of the clock around it: it was not before the last one and not after the next one.
struct Dated {
    event: Event,
    after: u64,
    before: Option<u64>,
}

#[derive(Clone, Copy, Default)]
struct Ahead {
    opens: usize,
    closes: usize,
    uses: usize,
}

/// What is known while merging.
struct Merge {
    lanes: Vec<Lane>,
    /// Descriptors that are open now.
    open: Descriptors,
    /// Wakes that came before their waiting.
    wakes: HashMap<u64, u64>,
}

/// Merges the threads' events, each list in its own order.
pub(super) fn merged(threads: Vec<(u32, Vec<Event>)>, root: u32) -> Vec<Event> {
    let made: HashSet<u32> = threads.iter().flat_map(|(_, e)| e).filter_map(made_thread).collect();
    let open = Descriptors::used(threads.iter().flat_map(|(_, e)| e));
    let mut lanes: Vec<Lane> = threads
        .into_iter()
        .map(|(thread, events)| {
            let began = thread == root || !made.contains(&thread);
            let ahead = ahead(&events);
            let mut events = dated(events).into_iter();
            let head = events.next();
            Lane { thread, events, head, now: 0, began, asleep: None, ahead }
        })
        .collect();
    lanes.sort_by_key(|l| (l.thread != root, l.thread));
    let mut merge = Merge { lanes, open, wakes: HashMap::new() };
    let mut out = Vec::new();
    while let Some(event) = merge.next() {
        out.push(event);
    }
    out
}

impl Merge {
    fn next(&mut self) -> Option<Event> {
        let at = self.choose()?;
        let lane = &mut self.lanes[at];
        lane.now = time(lane);
        lane.asleep = None;
        let event = lane.head.take()?.event;
        lane.head = lane.events.next();
        let now = lane.now;
        if let Some(child) = made_thread(&event) {
            for l in self.lanes.iter_mut().filter(|l| l.thread == child && !l.began) {
                (l.began, l.now) = (true, now);
            }
        }
        self.open.pass(&event);
        let ahead = &mut self.lanes[at].ahead;
        if let Some(d) = opened(&event).and_then(|d| ahead.get_mut(d)) {
            d.opens = d.opens.saturating_sub(1);
        }
        if let Some(d) = closed(&event).and_then(|d| ahead.get_mut(d)) {
            d.closes = d.closes.saturating_sub(1);
        }
        for d in used(&event) {
            if let Some(d) = ahead.get_mut(d) {
                d.uses = d.uses.saturating_sub(1);
            }
        }
        match event.call().and_then(futex) {
            Some(Futex::Waited(address)) => self.waits(at, address),
            Some(Futex::Woke(address, count)) => self.wake(address, count, now),
            None => {}
        }
        Some(event)
    }

    fn waits(&mut self, at: usize, address: u64) {
        match self.wakes.get_mut(&address).filter(|n| **n > 0) {
            Some(n) => *n -= 1,
            None => self.lanes[at].asleep = Some(address),
        }
    }

    fn wake(&mut self, address: u64, count: u64, now: u64) {
        let mut left = count;
        while left > 0 {
            let asleep = self.lanes.iter_mut().filter(|l| l.asleep == Some(address)).min_by_key(|l| l.now);
            let Some(lane) = asleep else { break };
            (lane.asleep, lane.now) = (None, lane.now.max(now));
            left -= 1;
        }
        *self.wakes.entry(address).or_default() += left;
    }

    /// The lane whose head comes next.
    fn choose(&self) -> Option<usize> {
        let heads = || self.lanes.iter().enumerate().filter(|(_, l)| l.began && l.head.is_some());
        let first = |lanes: &mut dyn Iterator<Item = (usize, &Lane)>| lanes.map(|(i, l)| (time(l), i)).min();
        let awake = || heads().filter(|(_, l)| l.asleep.is_none());
        let free =
            first(&mut awake().filter(|(i, l)| l.head.as_ref().is_some_and(|h| !self.cannot(*i, &h.event))));
        let late = heads().filter_map(|(i, l)| Some((l.head.as_ref()?.before?, i))).min();
        if let (Some((before, i)), Some((time, _))) = (late, free)
            && before < time
        {
            return Some(i);
        }
        free.or_else(|| first(&mut awake()))
            // Woken by something that the trace does not show.
            .or_else(|| first(&mut heads()))
            .map(|(_, i)| i)
            // Begun by something that the trace does not show.
            .or_else(|| self.lanes.iter().position(|l| l.head.is_some()))
    }

    /// Whether a lane's event cannot have come yet: it is given a descriptor that another has still to close, uses one
    /// that another has still to open, or closes one that another still uses and nobody opens again.
    fn cannot(&self, lane: usize, event: &Event) -> bool {
        let others = |d: &str, of: fn(&Ahead) -> usize| {
            self.lanes.iter().enumerate().any(|(i, l)| i != lane && l.ahead.get(d).is_some_and(|a| of(a) > 0))
        };
        if let Some(d) = opened(event) {
            return self.open.has(d) && others(d, |a| a.closes);
        }
        if let Some(d) = closed(event).filter(|d| self.open.has(d)) {
            let again = self.lanes.iter().any(|l| l.ahead.get(d).is_some_and(|a| a.opens > 0));
            return !again && others(d, |a| a.uses);
        }
        used(event).any(|d| !self.open.has(d) && others(d, |a| a.opens))
    }
}

fn dated(events: Vec<Event>) -> Vec<Dated> {
    let mut out: Vec<Dated> = Vec::with_capacity(events.len());
    let (mut last, mut begin) = (0, 0);
    for event in events {
        let read = clock(&event);
        last = read.unwrap_or(last);
        out.push(Dated { event, after: last, before: None });
        if read.is_some() {
            out[begin..].iter_mut().for_each(|e| e.before = read);
            begin = out.len();
        }
    }
    out
}

fn ahead(events: &[Event]) -> HashMap<String, Ahead> {
    let mut out: HashMap<String, Ahead> = HashMap::new();
    for event in events {
        if let Some(d) = opened(event) {
            out.entry(d.to_owned()).or_default().opens += 1;
        }
        if let Some(d) = closed(event) {
            out.entry(d.to_owned()).or_default().closes += 1;
        }
        for d in used(event) {
            out.entry(d.to_owned()).or_default().uses += 1;
        }
    }
    out
}

/// When a lane's head was, at least.
fn time(lane: &Lane) -> u64 {
    lane.head.as_ref().map_or(0, |h| h.after).max(lane.now)
}

enum Futex {
    Waited(u64),
    Woke(u64, u64),
}

/// A wait that somebody ended, or a wake that somebody got.
fn futex(call: &Call) -> Option<Futex> {
    let returned = call.returned().filter(|_| call.name.starts_with("futex"))?;
    let address = number(call.args.first()?)?;
    // FUTEX_WAIT is 0 and FUTEX_WAKE 1, beside FUTEX_PRIVATE_FLAG 128 (linux/futex.h).
    let operation = call.args.get(1)?;
    let is = |name: &str, value: u64| {
        operation.split('|').any(|w| w == name) || number(operation).is_some_and(|n| n & 0x7f == value)
    };
    if is("FUTEX_WAIT", 0) {
        Some(Futex::Waited(address))
    } else if is("FUTEX_WAKE", 1) {
        Some(Futex::Woke(address, number(returned)?))
    } else {
        None
    }
}

fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

/// The thread or process that a call made.
pub(super) fn made_thread(event: &Event) -> Option<u32> {
    let call = event.call()?;
    let makes = calls::canonical(&call.name).name == "clone";
    call.returned().filter(|_| makes)?.parse().ok().filter(|n| *n > 0)
}

/// What a reading of the monotonic clock said, in nanoseconds.
fn clock(event: &Event) -> Option<u64> {
    let call = event.call().filter(|c| c.name.starts_with("clock_gettime"))?;
    if call.args.first().map(String::as_str) != Some("CLOCK_MONOTONIC") {
        return None;
    }
    let field = |name: &str| -> Option<u64> {
        let (_, rest) = call.note.split_once(name)?;
        let digits = rest.trim_start_matches([' ', '=']);
        digits[..digits.bytes().take_while(u8::is_ascii_digit).count()].parse().ok()
    };
    field("tv_sec")?.checked_mul(1_000_000_000)?.checked_add(field("tv_nsec")?)
}
